"""Reading JSON that somebody else wrote: what is not there, or is of another type, is nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

#: A count above this is a mistake, not a bill.
_SANE = 10**9


def parsed(data: bytes) -> Mapping[str, Any]:
    """The JSON object in `data`. Raises `ValueError` where there is none."""
    value = json.loads(data)
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    return value


def inside(holder: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The object that the path `names` leads to; empty where it leads nowhere."""
    for name in names:
        value = holder.get(name)
        holder = value if isinstance(value, dict) else {}
    return holder


def items(holder: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    """The objects in a list, or the one object that stands in its place."""
    value = holder.get(name)
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def text(holder: Mapping[str, Any], name: str) -> str:
    """A text; empty where there is none."""
    value = holder.get(name)
    return value if isinstance(value, str) else ""


def number(holder: Mapping[str, Any], name: str) -> int | None:
    """A count. Cohere's schema makes all of them floats, its answers mostly do not."""
    value = holder.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value <= _SANE else None
