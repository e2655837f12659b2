"""A configuration from nothing but environment variables, and reading `.env`."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from headgate.config.load import Loaded, Source
from headgate.config.problem import ConfigError, Problem
from headgate.config.schema import Config, Provider

#: OPENAI_API_KEY, OPENAI_API_KEY_2, ... up to this many.
_MOST_KEYS = 20


@dataclass(frozen=True, slots=True)
class Switch:
    """The variables that switch one provider kind on."""

    kind: str
    key: str | None
    url: str | None
    always_on: bool
    #: Whether a key alone is not enough: the address differs from customer to customer.
    needs_url: bool = False


def environment(folder: Path, process: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The process's variables, and those of `.env` in `folder` that it does not set itself.

    Raises `ConfigError`.
    """
    path = folder / ".env"
    values = _dotenv(path) if path.is_file() else {}
    return {**{name: value for name, value in values.items() if value is not None}, **process}


def _dotenv(path: Path) -> Mapping[str, str | None]:
    # Most gateways have no such file, and need not wait for its parser.
    from dotenv import dotenv_values  # noqa: PLC0415
    from dotenv.parser import parse_stream  # noqa: PLC0415

    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError([Problem(str(path), None, "not UTF-8")]) from None
    except OSError as error:
        raise ConfigError([Problem(str(path), None, f"cannot be read: {error.strerror}")]) from None
    wrong = [binding.original.line for binding in parse_stream(io.StringIO(text)) if binding.error]
    if wrong:
        raise ConfigError(
            Problem(str(path), line, "expected NAME=value (is a quote left open?)")
            for line in wrong
        )
    return dotenv_values(stream=io.StringIO(text))


def from_environment(switches: Iterable[Switch], variables: Mapping[str, str]) -> Loaded:
    """Every provider whose variables are set, under its kind's name."""
    providers: dict[str, Provider] = {}
    for switch in switches:
        keys = tuple(_keys(switch.key, variables)) if switch.key else ()
        url = variables.get(switch.url, "") if switch.url else ""
        if switch.needs_url and not url:
            continue
        if keys or url or switch.always_on:
            options = {"base_url": url} if url else {}
            providers[switch.kind] = Provider.model_validate({"keys": keys, **options})
    return Loaded(Config(providers=providers), Source("the environment"))


def _keys(name: str, variables: Mapping[str, str]) -> Iterable[str]:
    for number in range(1, _MOST_KEYS + 1):
        if value := variables.get(name if number == 1 else f"{name}_{number}"):
            yield value
