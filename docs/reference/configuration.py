"""gateway.yaml: every key from the schema, and the schema as JSON for editors."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterable
from enum import EnumType
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from headgate.config.editor import json_schema
from headgate.config.schema import Config
from headgate.config.values import Bytes, Comparison, Seconds, Words
from reference.markdown import code, table, words

_NAMED = ((Seconds, "duration"), (Bytes, "size"), (Comparison, "comparison"), (Words, "words"))
_PLAIN = {bool: "`true` or `false`", int: "whole number", float: "number", str: "text"}
_SIZES = ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


def keys() -> str:
    """Every key of gateway.yaml: a table for every group of keys."""
    return "\n".join(_section(path, model) for path, model in groups(Config, ""))


def groups(model: type[BaseModel], path: str) -> Iterable[tuple[str, type[BaseModel]]]:
    """Every group of keys with its path, such as `routes[].match`."""
    yield path, model
    for name, hint in _hints(model).items():
        if found := _model_in(hint):
            inner, suffix = found
            yield from groups(inner, f"{path}.{name}{suffix}".lstrip("."))


def schema() -> str:
    """The JSON Schema of gateway.yaml."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _section(path: str, model: type[BaseModel]) -> str:
    title = code(path) if path else "The top of the file"
    rows = [
        (code(name), _type(hint, f"{path}.{name}".lstrip(".")), _default(field, hint), _says(field))
        for (name, hint), field in zip(
            _hints(model).items(), model.model_fields.values(), strict=True
        )
    ]
    about = " ".join((model.__doc__ or "").split())
    return f"### {title}\n\n{about}\n\n" + table(("key", "type", "default", "what it means"), rows)


def _hints(model: type[BaseModel]) -> dict[str, Any]:
    hints = typing.get_type_hints(model, include_extras=True)
    return {name: hints[name] for name in model.model_fields}


def _says(field: FieldInfo) -> str:
    limits = []
    for limit in field.metadata:
        for word, sign in (("ge", "at least"), ("gt", "more than"), ("le", "at most")):
            if (value := getattr(limit, word, None)) is not None and value != 0:
                limits.append(f"{sign} {value}")
        if pattern := getattr(limit, "pattern", None):
            limits.append(f"must match {code(pattern)}")
        if getattr(limit, "min_length", None):
            limits.append("not empty")
    said = field.description or ""
    return f"{said} ({', '.join(limits)})" if limits else said


def _type(hint: Any, path: str) -> str:
    for named, word in _NAMED:
        if hint == named:
            return f"[{word}](#values)"
    if found := _model_in(hint):
        suffix = found[1]
        shape = {"": "keys", "[]": "list", ".NAME": "map"}[suffix]
        return f"{shape}: [{code(path + suffix)}](#{anchor(path + suffix)})"
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _type(inner[0], path)
    if origin is typing.Literal:
        return words(map(str, inner))
    if origin in (types.UnionType, typing.Union):
        return _type(next(arg for arg in inner if arg is not type(None)), path)
    if origin is tuple:
        return f"list of {_type(inner[0], path)}"
    if origin is dict:
        return f"map of text to {_type(inner[1], path)}"
    if isinstance(hint, EnumType):
        return "[failure kind](errors.md)"
    return _PLAIN[hint]


def anchor(path: str) -> str:
    """The anchor of a heading: dots and brackets fall away."""
    return "".join(sign for sign in path.lower() if sign.isalnum() or sign in "-_")


def _model_in(hint: Any) -> tuple[type[BaseModel], str] | None:
    """The group of keys that a field holds, and how its path goes on."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint, ""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _model_in(inner[0])
    if origin is tuple and (found := _model_in(inner[0])):
        return found[0], "[]"
    if origin is dict and (found := _model_in(inner[1])):
        return found[0], ".NAME"
    return None


def _default(field: FieldInfo, hint: Any) -> str:
    value = field.default
    if field.is_required():
        return "**required**"
    if value is None or isinstance(value, BaseModel) or value in ((), {}):
        return ""
    if hint == Seconds:
        return code(f"{value:g}s")
    if hint == Bytes:
        return code(next(f"{value // unit}{word}" for unit, word in _SIZES if value >= unit))
    if isinstance(value, bool):
        return code(str(value).lower())
    return words(map(str, value)) if isinstance(value, tuple) else code(str(value))
