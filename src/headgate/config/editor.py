"""The JSON Schema of gateway.yaml, for editors that complete and check while one writes."""

from __future__ import annotations

from typing import Any

from headgate.config.schema import Config

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Any value may be left to the environment.
_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}
_PARSED = ("integer", "number", "boolean")


def json_schema() -> dict[str, Any]:
    """The schema. What a provider's kind adds is allowed, but not described."""
    schema = Config.model_json_schema()
    provider = schema["properties"]["providers"]["additionalProperties"]
    # `echo:` alone is a provider without options; a section may be left empty.
    schema["properties"]["providers"]["additionalProperties"] = _or(provider, {"type": "null"})
    for name, section in schema["properties"].items():
        schema["properties"][name] = _or(section, {"type": "null"})
    for model in schema["$defs"].values():
        for name, value in model.get("properties", {}).items():
            model["properties"][name] = _with_variable(value)
    return {"$schema": _DIALECT, **schema, "title": "gateway.yaml"}


def _with_variable(value: dict[str, Any]) -> dict[str, Any]:
    if value.get("type") in _PARSED or "enum" in value:
        return _or(value, _VARIABLE)
    if "anyOf" in value and any(one.get("type") in _PARSED for one in value["anyOf"]):
        return {**value, "anyOf": [*value["anyOf"], _VARIABLE]}
    return value


def _or(value: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Either of two, with the first one's description where editors look for it."""
    outside: dict[str, Any] = {
        key: value[key] for key in ("title", "description", "default") if key in value
    }
    return {**outside, "anyOf": [value, other]}
