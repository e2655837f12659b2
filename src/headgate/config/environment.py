"""A configuration from nothing but environment variables, and reading `.env`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from headgate.config.load import Loaded, Source
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


def environment(folder: Path, process: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The process's variables, and those of `.env` in `folder` that it does not set itself."""
    path = folder / ".env"
    values = dotenv_values(path) if path.is_file() else {}
    return {**{name: value for name, value in values.items() if value is not None}, **process}


def from_environment(switches: Iterable[Switch], variables: Mapping[str, str]) -> Loaded:
    """Every provider whose variables are set, under its kind's name."""
    providers: dict[str, Provider] = {}
    for switch in switches:
        keys = tuple(_keys(switch.key, variables)) if switch.key else ()
        url = variables.get(switch.url, "") if switch.url else ""
        if keys or url or switch.always_on:
            options = {"base_url": url} if url else {}
            providers[switch.kind] = Provider.model_validate({"keys": keys, **options})
    return Loaded(Config(providers=providers), Source("the environment"))


def _keys(name: str, variables: Mapping[str, str]) -> Iterable[str]:
    for number in range(1, _MOST_KEYS + 1):
        if value := variables.get(name if number == 1 else f"{name}_{number}"):
            yield value
