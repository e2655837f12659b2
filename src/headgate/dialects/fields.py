"""Checks of single request fields: a table of names to checks, walked once over a body.

Only fields we know are checked, and only for what no vendor would accept; everything else is
relayed as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headgate.provider.failure import CallFailed, Failure, Kind

Check = Callable[[str, Any], None]

MAX_MODEL_NAME = 256


def check_fields(body: Mapping[str, Any], checks: Mapping[str, Check]) -> None:
    """Applies every check whose field is present and not null. Raises `CallFailed`."""
    for name, value in body.items():
        if value is not None and (check := checks.get(name)) is not None:
            check(name, value)


def invalid(param: str, message: str, code: str | None = None) -> CallFailed:
    """The refusal of one parameter, in the words OpenAI uses."""
    return CallFailed(Failure(Kind.INVALID_REQUEST, message, param=param, code=code))


def model_name(body: Mapping[str, Any]) -> str:
    """The `model` of a body, fit to be looked up. Raises `CallFailed`."""
    model = body.get("model")
    if model is None:
        raise invalid("model", "You must provide a model parameter.", "missing_required_parameter")
    if not isinstance(model, str):
        raise invalid("model", f"'model' must be a string, not {_json_type(model)}.")
    if not model or len(model) > MAX_MODEL_NAME or not model.isprintable() or ".." in model:
        shown = model[:64] if model.isprintable() else ascii(model[:64])
        raise CallFailed(
            Failure(
                Kind.MODEL_NOT_FOUND,
                f"The model {shown!r} does not exist.",
                code="model_not_found",
                param="model",
            )
        )
    return model


def streaming(body: Mapping[str, Any]) -> tuple[bool, bool]:
    """Whether a stream is asked for, and whether usage is to be shown in it (always, in a whole
    answer). Raises `CallFailed` for options of a stream that is none.
    """
    options = body.get("stream_options")
    if body.get("stream") is True:
        return True, bool(options and options.get("include_usage") is True)
    if options is not None:
        raise invalid("stream_options", "'stream_options' is only allowed when 'stream' is true.")
    return False, True


def boolean(name: str, value: Any) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise _wrong_type(name, "a boolean", value)


def string(name: str, value: Any) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise _wrong_type(name, "a string", value)


def mapping(name: str, value: Any) -> None:
    """A JSON object."""
    if not isinstance(value, dict):
        raise _wrong_type(name, "an object", value)


def integer(low: int, high: int = 2**53) -> Check:
    """A whole number from `low` to `high`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int):
            raise _wrong_type(name, "an integer", value)
        if not low <= value <= high:
            raise _out_of_range(name, value, low, high)

    return check


def limit(high: int) -> Check:
    """A whole number from 1 to `high`, or -1, which says "as many as fit" to some servers."""
    within = integer(1, high)

    def check(name: str, value: Any) -> None:
        if type(value) is not int or value != -1:
            within(name, value)

    return check


def number(low: float, high: float) -> Check:
    """Any number from `low` to `high`."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(name, "a number", value)
        if not low <= value <= high:
            raise _out_of_range(name, value, low, high)

    return check


def array(at_most: int, of: type | None = None) -> Check:
    """A list of at most so many items."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise _wrong_type(name, "an array", value)
        if len(value) > at_most:
            raise invalid(
                name,
                f"Invalid '{name}': expected at most {at_most} items, got {len(value)}.",
                "array_above_max_length",
            )
        if of is not None:
            for index, item in enumerate(value):
                if not isinstance(item, of):
                    raise _wrong_type(f"{name}[{index}]", _TYPES[of], item)

    return check


def one_of(*words: str) -> Check:
    """One of a closed set of words."""

    def check(name: str, value: Any) -> None:
        if value not in words:
            listed = ", ".join(f"'{word}'" for word in words)
            raise invalid(
                name, f"Invalid value for '{name}': expected one of {listed}.", "invalid_value"
            )

    return check


_TYPES: Mapping[type, str] = {dict: "an object", str: "a string", list: "an array"}


def _wrong_type(name: str, expected: str, value: Any) -> CallFailed:
    return invalid(
        name,
        f"Invalid type for '{name}': expected {expected}, got {_json_type(value)}.",
        "invalid_type",
    )


def _out_of_range(name: str, value: float, low: float, high: float) -> CallFailed:
    return invalid(
        name,
        f"Invalid '{name}': expected a value from {low} to {high}, got {value}.",
        "integer_above_max_value" if value > high else "integer_below_min_value",
    )


def _json_type(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
