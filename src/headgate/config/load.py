"""From the text of gateway.yaml to a `Config`, every mistake with its line.

YAML -> plain values with a line for each path -> `${ENV}` -> strict validation.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from headgate.config.problem import ConfigError, Problem, nearest
from headgate.config.schema import Config

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}")
#: More nodes than this is an alias bomb, not a configuration.
_MAX_NODES = 100_000

PathInFile = tuple[str | int, ...]


@dataclass(frozen=True)
class Source:
    """Where a configuration came from, to say where a mistake is."""

    file: str
    lines: Mapping[PathInFile, int] = field(default_factory=dict)

    def problem(self, path: PathInFile, message: str) -> Problem:
        """A problem at `path`, or at its nearest parent that has a line."""
        for end in range(len(path), -1, -1):
            if (line := self.lines.get(path[:end])) is not None:
                return Problem(self.file, line, message)
        return Problem(self.file, None, message)


@dataclass(frozen=True)
class Loaded:
    """A valid configuration and its source."""

    config: Config
    source: Source


def load_file(path: Path, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Reads a file. Raises `ConfigError`."""
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError([Problem(str(path), None, f"cannot be read: {reason}")]) from None
    return load_text(text, str(path), environment)


def load_text(text: str, file: str, environment: Mapping[str, str] = os.environ) -> Loaded:
    """Reads a configuration from text; `file` names it in messages. Raises `ConfigError`."""
    reader = _Reader(file, environment)
    data = reader.read(text)
    source = Source(file, reader.lines)
    if reader.problems:
        raise ConfigError(reader.problems)
    try:
        return Loaded(Config.model_validate(data), source)
    except ValidationError as invalid:
        problems = [_problem(source, error) for error in invalid.errors()]
        raise ConfigError(sorted(problems, key=lambda problem: problem.line or 0)) from None


class _Reader:
    """Builds plain values from YAML nodes, keeping the line of every path."""

    def __init__(self, file: str, environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = environment
        self._nodes = 0
        self.lines: dict[PathInFile, int] = {(): 1}
        self.problems: list[Problem] = []

    def read(self, text: str) -> Any:
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
            value = {} if node is None else self._build(loader, node, ())
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self._report(mark.line + 1 if mark else None, f"not valid YAML: {error.problem}")
            return {}
        except yaml.YAMLError as error:
            self._report(None, f"not valid YAML: {error}")
            return {}
        finally:
            loader.dispose()
        if not isinstance(value, dict):
            self._report(1, "expected keys such as 'providers:' and 'routes:' at the top")
            return {}
        return value

    def _build(self, loader: yaml.CSafeLoader, node: yaml.Node, path: PathInFile) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise yaml.YAMLError("the aliases in this file expand without end")
        self.lines.setdefault(path, node.start_mark.line + 1)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, path)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._build(loader, item, (*path, index)) for index, item in enumerate(node.value)
            ]
        value = loader.construct_object(node)
        return self._expand(value, node) if isinstance(value, str) else value

    def _mapping(
        self, loader: yaml.CSafeLoader, node: yaml.MappingNode, path: PathInFile
    ) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            # The text as written: YAML 1.1 would read `on:` as a boolean.
            key = key_node.value if isinstance(key_node, yaml.ScalarNode) else ""
            line = key_node.start_mark.line + 1
            if key in built:
                self._report(line, f"'{key}' is written twice in the same place")
            self.lines[(*path, key)] = line
            built[key] = self._build(loader, value_node, (*path, key))
        return built

    def _expand(self, text: str, node: yaml.Node) -> str:
        def value(match: re.Match[str]) -> str:
            name, has_default, default = match[1], match[2], match[3]
            found = self._environment.get(name, "")
            if found or has_default:
                return found or default or ""
            self._report(
                node.start_mark.line + 1,
                f"the environment variable {name} is not set; "
                f"set it, or write ${{{name}:-}} to do without",
            )
            return ""

        return _VARIABLE.sub(value, text)

    def _report(self, line: int | None, message: str) -> None:
        self.problems.append(Problem(self._file, line, message))


def _problem(source: Source, error: ErrorDetails) -> Problem:
    path = tuple(part for part in error["loc"])
    name = ".".join(map(str, path))
    if error["type"] == "extra_forbidden":
        valid = _fields_at(path[:-1])
        return source.problem(path, f"unknown key '{path[-1]}'{nearest(str(path[-1]), valid)}")
    if error["type"] == "missing":
        return source.problem(path, f"'{name}' is missing")
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] in ("enum", "literal_error"):
        given = str(error["input"])
        expected = str((error.get("ctx") or {}).get("expected", "")).replace("'", "")
        valid = [word.strip() for word in expected.replace(" or ", ", ").split(",")]
        return source.problem(path, f"'{name}': unknown word '{given}'{nearest(given, valid)}")
    return source.problem(path, f"'{name}': {message[:1].lower()}{message[1:]}")


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
