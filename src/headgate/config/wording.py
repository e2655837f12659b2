"""A validator's complaint in words that help whoever wrote the file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from headgate.config.problem import nearest

#: error type -> what was expected
_EXPECTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "list_type": "a list",
    "set_type": "a list",
    "frozen_set_type": "a list",
    "dict_type": "keys with values",
    "mapping_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "dataclass_type": "keys with values",
}

_LIMITS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than_equal": lambda ctx: f"must be at least {ctx['ge']:g}",
    "greater_than": lambda ctx: f"must be more than {ctx['gt']:g}",
    "less_than_equal": lambda ctx: f"must be at most {ctx['le']:g}",
    "less_than": lambda ctx: f"must be less than {ctx['lt']:g}",
    "finite_number": lambda ctx: "must be a finite number",
    "string_too_short": lambda ctx: "must not be empty",
    "too_short": lambda ctx: f"needs at least {ctx['min_length']} item",
}


def causes(invalid: ValidationError) -> list[ErrorDetails]:
    """The validator's errors, without those that only follow from others: a list of which no item
    is valid is not too short besides.
    """
    errors = invalid.errors()
    places = [error["loc"] for error in errors]

    def follows(error: ErrorDetails) -> bool:
        where = error["loc"]
        return error["type"] == "too_short" and any(
            len(place) > len(where) and place[: len(where)] == where for place in places
        )

    return [error for error in errors if not follows(error)]


def complaint(error: ErrorDetails) -> str:
    """What is wrong with one value. Never shows the value of a free text: it may be a secret."""
    kind, given = error["type"], error["input"]
    context = error.get("ctx") or {}
    if kind in ("enum", "literal_error"):
        expected = str(context.get("expected", "")).replace("'", "")
        valid = [word.strip() for word in expected.replace(" or ", ", ").split(",")]
        if isinstance(given, str):
            return f"unknown word '{given}'{nearest(given, valid)}"
        return f"expected one of {', '.join(valid)}; got {_sort_of(given)}"
    if kind in _EXPECTED:
        quotes = "; put it in quotes" if kind == "string_type" and _unquoted(given) else ""
        return f"expected {_EXPECTED[kind]}, got {_sort_of(given)}{quotes}"
    if kind in _LIMITS:
        return _LIMITS[kind](context)
    message = error["msg"].removeprefix("Value error, ")
    return f"{message[:1].lower()}{message[1:]}"


def _unquoted(value: Any) -> bool:
    """Whether YAML has made something else of what was probably meant as a word."""
    return isinstance(value, bool | int | float | dt.date)


def _sort_of(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            # YAML 1.1 takes yes, no, on and off for these, too.
            return f"the truth value {str(value).lower()}"
        case Enum() | str():
            return "text" if value else "empty text"
        case float() if not value.is_integer():
            return "a fraction"
        case int() | float():
            return "a number"
        case dt.date():
            return "a date"
        case dict():
            return "keys with values"
        case list() | tuple():
            return "a list"
        case _:
            return type(value).__name__
