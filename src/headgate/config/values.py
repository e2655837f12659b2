"""Small values of the file: durations, sizes, comparisons."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|)")
#: No clock needs more; it also keeps infinity out of timers.
_LONGEST = 366 * 24 * 3600.0
_SECONDS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(B|KiB|MiB|GiB|)")
_BYTES = {"": 1, "B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}
_COMPARISON = re.compile(r"\s*(<=|>=|<|>)\s*(\d{1,12})([kKmM]?)\s*")
_ROUTE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def seconds(value: Any) -> float:
    """Seconds from `250ms`, `5s`, `2m`, `1h` or a plain number of seconds."""
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = value
    elif isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        found = float(match[1]) * _SECONDS[match[2]]
    if found is None:
        raise ValueError("expected one duration such as 250ms, 5s, 2m or 1h")
    if not 0 < found <= _LONGEST:
        raise ValueError("a duration must be more than 0 and at most a year")
    return float(found)


def size(value: Any) -> int:
    """Bytes from `512KiB`, `32MiB` or a plain number of bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        return int(float(match[1]) * _BYTES[match[2]])
    raise ValueError("expected a size such as 512KiB, 32MiB or 1GiB (not KB, MB or GB)")


def comparison(value: Any) -> tuple[str, int]:
    """`("<", 50000)` from `<50000` or `<50k`."""
    if isinstance(value, str) and (match := _COMPARISON.fullmatch(value)):
        return match[1], int(match[2]) * _TIMES[match[3].lower()]
    raise ValueError('expected a comparison in quotes, such as "<50000" or ">=8k"')


def route_name(value: str) -> str:
    """A word that is fit for a metric label and a response header."""
    if _ROUTE_NAME.fullmatch(value) is None:
        raise ValueError("1 to 64 letters, digits, '_', '.' and '-' are allowed, nothing else")
    return value


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
Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]
RouteName = Annotated[
    str,
    AfterValidator(route_name),
    Field(json_schema_extra={"pattern": f"^{_ROUTE_NAME.pattern}$"}),
]
Words = Annotated[
    tuple[str, ...],
    BeforeValidator(words),
    WithJsonSchema({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
