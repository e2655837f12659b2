"""Values of an answer as they should be; whoever sent it, it is foreign JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_object(value: Any) -> Mapping[str, Any]:
    """What has to be an object. Raises `ValueError`."""
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def mapping(value: Any) -> Mapping[str, Any]:
    """An object, or an empty one in the place of anything else."""
    return value if isinstance(value, dict) else {}


def string(holder: Mapping[str, Any], name: str) -> str:
    """A text; empty where there is none. Raises `ValueError` for anything else."""
    value = holder.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"'{name}' is not a string")
    return value


def count(holder: Mapping[str, Any], name: str) -> int | None:
    """A whole number, or None."""
    value = holder.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
