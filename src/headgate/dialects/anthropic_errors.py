"""Failures in Anthropic's words, and Anthropic's errors as failures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from headgate.dialects.statuses import status_of
from headgate.provider.classify import from_error
from headgate.provider.failure import CallFailed, Failure, Kind

#: HTTP status -> error type. Any other status is an invalid request below 500, an API error above.
_TYPES: Mapping[int, str] = {
    401: "authentication_error",
    402: "permission_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}

#: What a vendor's error type says of whose fault it was.
_KINDS: Mapping[str, Kind] = {
    "invalid_request_error": Kind.INVALID_REQUEST,
    "authentication_error": Kind.CREDENTIALS,
    "billing_error": Kind.QUOTA_EXHAUSTED,
    "permission_error": Kind.CREDENTIALS,
    "not_found_error": Kind.MODEL_NOT_FOUND,
    "conflict_error": Kind.OVERLOADED,
    "request_too_large": Kind.TOO_LARGE,
    "rate_limit_error": Kind.RATE_LIMITED,
    "timeout_error": Kind.TIMEOUT,
    "overloaded_error": Kind.OVERLOADED,
}

_INDEX = re.compile(r"\[(\d+)\]")


def error_type(failure: Failure) -> str:
    """The word for the failure, which goes with its HTTP status."""
    status = status_of(failure)
    return _TYPES.get(status) or ("invalid_request_error" if status < 500 else "api_error")


def error_body(failure: Failure, request_id: str) -> bytes:
    """The whole error body."""
    error = {"type": error_type(failure), "message": failure.message}
    return orjson.dumps({"type": "error", "error": error, "request_id": request_id})


def error_frame(failure: Failure, request_id: str) -> bytes:
    """The in-band error event; no `message_stop` follows, so that nobody takes it for whole."""
    return b"event: error\ndata: " + error_body(failure, request_id) + b"\n\n"


def in_band_failure(event: Any) -> Failure:
    """What `{"type": "error", "error": {...}}` inside a 200 means."""
    error = event.get("error") if isinstance(event, dict) else None
    if not isinstance(error, dict):
        return Failure(Kind.SERVER_ERROR, str(error or "the provider reported an error")[:500])
    said = error.get("type")
    kind = _KINDS.get(said, Kind.SERVER_ERROR) if isinstance(said, str) else Kind.SERVER_ERROR
    failure = from_error(error, kind)
    if failure.kind is Kind.INVALID_REQUEST and "prompt is too long" in failure.message.lower():
        return replace(failure, kind=Kind.CONTEXT_LENGTH)
    return failure


def invalid(param: str, message: str) -> CallFailed:
    """The refusal of one parameter: its path with dots, then what is wrong."""
    return CallFailed(Failure(Kind.INVALID_REQUEST, f"{param}: {message}", param=param))


def renamed(failure: Failure) -> Failure:
    """A refusal in the shared words, said the way Anthropic does: `stop_sequences.0: ...`."""
    if failure.kind is not Kind.INVALID_REQUEST or failure.param is None:
        return failure
    param = _INDEX.sub(r".\1", failure.param)
    message = failure.message.replace(f" for '{failure.param}'", "")
    message = message.replace(f" '{failure.param}'", "")
    return replace(failure, message=f"{param}: {message}", param=param)
