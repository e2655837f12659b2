"""From YAML text to plain values, with a line for every path and `${ENV}` filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from headgate.config.problem import PathInFile, Problem

_VARIABLE = re.compile(r"\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(:-([^}]*))?\}|\$\{")
#: More nodes than this is an alias bomb, not a configuration; so is deeper nesting.
_MAX_NODES, _MAX_DEPTH = 100_000, 50
_MERGE = "tag:yaml.org,2002:merge"


class Reader:
    """Builds plain values from YAML nodes, keeping the line of every path."""

    def __init__(self, file: str, environment: Mapping[str, str]) -> None:
        self._file = file
        self._environment = environment
        self._nodes = 0
        self.lines: dict[PathInFile, int] = {(): 1}
        self.problems: list[Problem] = []

    def read(self, text: str) -> dict[str, Any] | None:
        """The values, or None where nothing can be made of the text."""
        try:
            loader = yaml.CSafeLoader(text)
            try:
                node = loader.get_single_node()
                value = {} if node is None else self._build(loader, node, ())
            finally:
                loader.dispose()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else None
            self._report(line, (), f"not valid YAML: {_said(error)}{_hint(error, text)}")
            return None
        except yaml.YAMLError as error:
            self._report(None, (), f"not valid YAML: {' '.join(str(error).split())}")
            return None
        except RecursionError:
            self._report(None, (), "not valid YAML: nested too deeply")
            return None
        if value is None:
            return {}
        if not isinstance(value, dict):
            self._report(1, (), "expected keys such as 'providers:' and 'routes:' at the top")
            return None
        return value

    def _build(self, loader: yaml.CSafeLoader, node: yaml.Node, path: PathInFile) -> Any:
        self._nodes += 1
        if self._nodes > _MAX_NODES:
            raise yaml.YAMLError("the aliases in this file expand without end")
        line = node.start_mark.line + 1
        if len(path) > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem="nested too deeply, or an alias that contains itself",
                problem_mark=node.start_mark,
            )
        self.lines.setdefault(path, line)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(loader, node, path)
        if isinstance(node, yaml.SequenceNode):
            return [
                self._build(loader, item, (*path, index)) for index, item in enumerate(node.value)
            ]
        try:
            value = loader.construct_object(node)
        except ValueError:
            # A date with a 13th month, `!!int abc`, a number of thousands of digits.
            self._report(line, path, "not a valid date or number; put it in quotes if it is text")
            return None
        return self._expand(value, line, path) if isinstance(value, str) else value

    def _mapping(
        self, loader: yaml.CSafeLoader, node: yaml.MappingNode, path: PathInFile
    ) -> dict[str, Any]:
        built: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, yaml.ScalarNode):
                self._report(line, (), "a key must be a word, not a list or a mapping")
                continue
            # The text as written: YAML 1.1 would read `on:` as a boolean.
            key, here = key_node.value, (*path, key_node.value)
            if key_node.tag == _MERGE:
                self._report(line, path, "merging with '<<' is not supported; write the keys out")
                continue
            before = built.get(key)
            if key in built:
                first = self.lines[here]
                self._report(line, (), f"'{key}' is written twice; the first is on line {first}")
            self.lines[here] = line
            value = self._build(loader, value_node, here)
            if isinstance(before, dict) and isinstance(value, dict):
                # So that the checks that follow miss neither half.
                value = {**before, **value}
            built[key] = value
        return built

    def _expand(self, text: str, line: int, path: PathInFile) -> str:
        def value(match: re.Match[str]) -> str:
            name, has_default, default = match[1], match[2], match[3]
            if match[0] == "$${":
                return "${"
            if name is None:
                self._report(
                    line,
                    path,
                    "'${' must be followed by a variable's name and '}', as in ${NAME} or "
                    "${NAME:-default}; write '$${' to mean the characters themselves",
                )
                return ""
            found = self._environment.get(name, "")
            if found or has_default:
                return found or default or ""
            self._report(
                line,
                path,
                f"the environment variable {name} is "
                f"{'empty' if name in self._environment else 'not set'}; "
                f"set it, or write ${{{name}:-}} to do without",
            )
            return ""

        return _VARIABLE.sub(value, text)

    def _report(self, line: int | None, path: PathInFile, message: str) -> None:
        """With a path, what validation says about that place is taken for a consequence."""
        self.problems.append(Problem(self._file, line, message, path=path))


def _said(error: yaml.MarkedYAMLError) -> str:
    if error.problem == "but found another document":
        return "a second document begins here; keep everything in one"
    return str(error.problem)


def _hint(error: yaml.MarkedYAMLError, text: str) -> str:
    """What the usual mistake is where YAML's own words do not say it."""
    context, problem = error.context or "", error.problem or ""
    start = error.context_mark or error.problem_mark
    line = error.problem_mark.line if error.problem_mark else 0
    lines = text.splitlines()
    shown = lines[line] if line < len(lines) else ""
    if "block scalar" in context:
        return "; a value that begins with '>' or '|' needs quotes"
    if "cannot start any token" in problem and "\t" in shown:
        return "; indent with spaces, not with tabs"
    if "flow" in context and "${" in shown:
        return '; inside [ ] and { } write "${NAME}" in quotes'
    if ("flow sequence" in context or "flow mapping" in context) and start is not None:
        sign = "]" if "sequence" in context else "}"
        return f"; the bracket opened on line {start.line + 1} has no '{sign}'"
    if "mapping values" in problem:
        return "; begin a new line after the first ':', or put the value in quotes"
    if "undefined alias" in problem:
        return "; a value that begins with '*' needs quotes"
    return ""
