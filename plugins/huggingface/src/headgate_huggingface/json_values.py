"""Reading JSON that somebody else wrote."""

from __future__ import annotations

import json
import math
from typing import Any, TypeGuard


def json_value(data: bytes) -> Any:
    """The value in `data`. Raises `ValueError` for what is no JSON."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error


def is_number(value: object) -> TypeGuard[int | float]:
    """Whether it is a finite number, and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def vector(value: object) -> tuple[float, ...]:
    """The numbers of an embedding. Raises `ValueError` for anything else."""
    if not isinstance(value, list) or not all(map(is_number, value)):
        raise ValueError("an embedding is no list of numbers")
    return tuple(value)
