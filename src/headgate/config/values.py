"""Small values of the file: durations, sizes, comparisons."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB)")
_BYTES = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\d+)([kKmM]?)\s*")
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def seconds(value: Any) -> float:
    """Seconds from `250ms`, `5s`, `2m`, `1h` or a plain number of seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        return float(match[1]) * _SECONDS[match[2]]
    raise ValueError("expected a duration such as 250ms, 5s, 2m or 1h")


def size(value: Any) -> int:
    """Bytes from `512KiB`, `32MiB` or a plain number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        return int(float(match[1]) * _BYTES[match[2]])
    raise ValueError("expected a size such as 512KiB or 32MiB")


def comparison(value: Any) -> tuple[str, int]:
    """`("<", 50000)` from `<50000` or `<50k`."""
    if isinstance(value, str) and (match := _COMPARISON.fullmatch(value)):
        return match[1], int(match[2]) * _TIMES[match[3].lower()]
    raise ValueError('expected a comparison such as "<50000", ">=8k"')


def words(value: Any) -> Any:
    """A single word where a list of words is meant."""
    return [value] if isinstance(value, str) else value


Seconds = Annotated[
    float,
    BeforeValidator(seconds),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "number"], "examples": ["5s", "250ms", "2m"]}),
]
Bytes = Annotated[
    int,
    BeforeValidator(size),
    Field(gt=0),
    WithJsonSchema({"type": ["string", "integer"], "examples": ["32MiB"]}),
]
Comparison = Annotated[
    tuple[str, int],
    BeforeValidator(comparison),
    WithJsonSchema({"type": "string", "examples": ["<50000", ">=8k"]}),
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(words),
    WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
