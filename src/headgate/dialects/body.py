"""From the bytes of a request to a JSON object, strictly; every refusal is the client's 400."""

from __future__ import annotations

import json
from typing import Any

import orjson

from headgate.provider.failure import CallFailed, Failure, Kind

MAX_DEPTH = 128
#: More values than this in one body is an attack or a mistake, whatever the size limit says.
MAX_VALUES = 1_000_000

# Nineteen digits may be an integer that does not fit 64 bits, which the fast parser would turn into
# a float without a word. Most bodies have none; the rest are looked at slowly.
_LONG_NUMBER = b"0" * 19
_DIGITS = bytes(ord("0") if chr(byte).isdigit() and byte < 128 else 32 for byte in range(256))


def decode(raw: bytes) -> dict[str, Any]:
    """The object in `raw`. Raises `CallFailed` (invalid_request, too_large)."""
    if not raw:
        raise _refused("The request body is empty; send a JSON object.")
    if len(raw) > MAX_VALUES and _separators(raw) > MAX_VALUES:
        raise CallFailed(
            Failure(Kind.TOO_LARGE, f"The request body holds more than {MAX_VALUES} JSON values.")
        )
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _refused(
            f"The request body is not valid JSON: {_reason(error)} at byte {error.pos}."
        ) from None
    if not isinstance(body, dict):
        raise _refused("The request body must be a JSON object.")
    # Only a body with enough brackets can be nested that deep: the walk is skipped otherwise.
    if (
        len(raw) > MAX_DEPTH
        and raw.count(b"{") + raw.count(b"[") > MAX_DEPTH
        and _depth(body) > MAX_DEPTH
    ):
        raise _refused(f"The request body is nested deeper than {MAX_DEPTH} levels.")
    if _LONG_NUMBER in raw.translate(_DIGITS):
        _refuse_huge_integers(raw)
    return body


def _separators(raw: bytes) -> int:
    """Commas and colons outside of texts."""
    count = raw.count(b",") + raw.count(b":")
    if count > MAX_VALUES:
        # A long text may be full of them. Without escaped quotes, every other piece between
        # quotes is a text.
        plain = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
        bare = b"".join(plain.split(b'"')[::2])
        count = bare.count(b",") + bare.count(b":")
    return count


def _reason(error: orjson.JSONDecodeError) -> str:
    # The parser's message may quote the input; only its own words go out.
    return str(error.msg).split(":", 1)[0].split(" at ", 1)[0]


def _depth(body: dict[str, Any]) -> int:
    depth, level = 0, [body]
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            children = value.values() if isinstance(value, dict) else value
            below.extend(child for child in children if isinstance(child, dict | list))
        level = below
        if depth > MAX_DEPTH:
            break
    return depth


def _refuse_huge_integers(raw: bytes) -> None:
    def check(digits: str) -> int:
        if len(digits) > 20 or not -(2**63) <= int(digits) < 2**64:
            raise _refused("The request body holds an integer that does not fit 64 bits.")
        return 0

    json.loads(raw, parse_int=check)


def _refused(message: str) -> CallFailed:
    return CallFailed(Failure(Kind.INVALID_REQUEST, message))
