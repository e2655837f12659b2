"""Reading a JSON object that somebody else wrote."""

from __future__ import annotations

import json
from typing import Any


def json_object(data: bytes | str) -> dict[str, Any]:
    """The object in `data`. Raises `ValueError` for anything else."""
    try:
        value = json.loads(data)
    except RecursionError as error:
        raise ValueError("the JSON is nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("no JSON object")
    return value
