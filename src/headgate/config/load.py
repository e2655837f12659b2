"""From the text of gateway.yaml to a `Config`, every mistake with its line.

YAML -> plain values with a line for each path -> `${ENV}` -> strict validation -> what must hold
between several values.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from headgate.config.between import between
from headgate.config.problem import (
    ConfigError,
    PathInFile,
    Problem,
    in_order,
    nearest,
    place,
)
from headgate.config.reader import Reader
from headgate.config.salvage import salvage
from headgate.config.schema import Config
from headgate.config.wording import causes, complaint


@dataclass(frozen=True)
class Source:
    """Where a configuration came from, to say where a mistake is."""

    file: str
    lines: Mapping[PathInFile, int] = field(default_factory=dict)

    def problem(self, path: PathInFile, message: str, *, warning: bool = False) -> Problem:
        """A problem at `path`, or at its nearest parent that has a line."""
        return Problem(self.file, self._line(path), message, warning, path)

    def _line(self, path: PathInFile) -> int | None:
        for end in range(len(path), -1, -1):
            if (line := self.lines.get(path[:end])) is not None:
                return line
        return None


@dataclass(frozen=True)
class Loaded:
    """A valid configuration and its source."""

    config: Config
    source: Source


def load_file(path: Path, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Reads a file. Raises `ConfigError`."""
    return _sound(*read_file(path, environment))


def load_text(text: str, file: str, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Reads a configuration from text; `file` names it in messages. Raises `ConfigError`."""
    return _sound(*read_text(text, file, environment))


def read_file(path: Path, environment: Mapping[str, str]) -> tuple[Loaded | None, list[Problem]]:
    """As `read_text`, for a file."""
    try:
        text = path.read_text("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        return None, [Problem(str(path), line, "not UTF-8; save the file in that encoding")]
    except OSError as error:
        return None, [Problem(str(path), None, f"cannot be read: {error.strerror}")]
    return read_text(text, str(path), environment)


def read_text(
    text: str, file: str, environment: Mapping[str, str]
) -> tuple[Loaded | None, list[Problem]]:
    """Every problem, and what can be made of the rest: with it the checks that need plugins can
    still find theirs. Never to be served from while there are problems.
    """
    reader = Reader(file, environment)
    data = reader.read(text)
    source = Source(file, reader.lines)
    if data is None:
        return None, reader.problems
    _fill_empty(data)
    problems = list(reader.problems)
    config: Config | None
    try:
        config = Config.model_validate(data)
    except ValidationError as invalid:
        found = [_problem(source, error) for error in causes(invalid)]
        # What a missing variable leaves behind is not a second mistake.
        problems += [one for one in found if not any(map(one.beside, reader.problems))]
        config = salvage(data)
    if config is None:
        return None, in_order(problems)
    found = [source.problem(path, message) for path, message in between(config)]
    problems += [one for one in found if not any(map(one.beside, problems))]
    return Loaded(config, source), in_order(problems)


def _sound(loaded: Loaded | None, problems: list[Problem]) -> Loaded:
    if problems or loaded is None:
        raise ConfigError(problems)
    return loaded


def _fill_empty(data: dict[str, Any]) -> None:
    """`routes:` with every line below commented out, and `echo:` without options, are no mistakes.

    Elsewhere an empty value is one: an empty `team:` must not match every team.
    """
    for section in [name for name, value in data.items() if value is None]:
        if section in Config.model_fields:
            del data[section]
    providers = data.get("providers")
    if isinstance(providers, dict):
        data["providers"] = {name: {} if it is None else it for name, it in providers.items()}


def _problem(source: Source, error: ErrorDetails) -> Problem:
    path = tuple(part for part in error["loc"])
    if error["type"] == "extra_forbidden":
        valid = _fields_at(path[:-1])
        return source.problem(path, f"unknown key '{path[-1]}'{nearest(str(path[-1]), valid)}")
    if error["type"] == "missing":
        return source.problem(path, f"{place(path[:-1])} has no '{path[-1]}'")
    return source.problem(path, f"{place(path)}: {complaint(error)}")


def _fields_at(path: PathInFile) -> list[str]:
    """The keys that are valid at `path`, found by walking the schema."""
    here: Any = Config
    for part in path:
        if isinstance(here, type) and issubclass(here, BaseModel):
            if str(part) not in here.model_fields:
                return []
            here = here.model_fields[str(part)].annotation
        else:
            # tuple[X, ...] or dict[str, X]: the element's type is the last model in it.
            here = next(
                (_model_in(arg) for arg in reversed(get_args(here)) if _model_in(arg)), None
            )
        here = _model_in(here) or here
    if isinstance(here, type) and issubclass(here, BaseModel):
        return list(here.model_fields)
    return []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `X`, `Annotated[X, ...]` or `X | None`; None for containers."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if getattr(annotation, "__metadata__", None):
        return _model_in(get_args(annotation)[0])
    return None
