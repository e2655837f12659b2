"""Reading JSON that somebody else wrote, without trusting its shape."""

from __future__ import annotations

import json
from typing import Any


def parsed(text: str | bytes) -> Any:
    """The JSON value in `text`. Raises `ValueError` for anything else, nesting without end and
    numbers that JSON does not have included.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def mapping(value: object) -> dict[str, Any]:
    """`value` if it is an object, an empty one otherwise."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """The objects in `value` if it is an array, none otherwise."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def count(value: object) -> int:
    """`value` if it is a number of something, 0 otherwise. Google writes 64-bit ones as text."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def string(value: object) -> str | None:
    """`value` if it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")
