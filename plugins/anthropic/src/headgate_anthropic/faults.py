"""Anthropic's errors, by HTTP status or in the middle of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import headgate as hg

#: `error.details.error_code`, where there is one, says most.
_CODES: Mapping[str, hg.Kind] = {"enforced_spend_limit_reached": hg.Kind.QUOTA_EXHAUSTED}
#: Some things are invalid requests by type, and something else by their message.
_PHRASES: Mapping[str, hg.Kind] = {
    "prompt is too long": hg.Kind.CONTEXT_LENGTH,
    "exceed context limit": hg.Kind.CONTEXT_LENGTH,
    "credit balance is too low": hg.Kind.QUOTA_EXHAUSTED,
    "api usage limits": hg.Kind.QUOTA_EXHAUSTED,
    "organization has been disabled": hg.Kind.CREDENTIALS,
    "blocked by content filtering": hg.Kind.CONTENT_FILTER,
}
_TYPES: Mapping[str, hg.Kind] = {
    "invalid_request_error": hg.Kind.INVALID_REQUEST,
    "authentication_error": hg.Kind.CREDENTIALS,
    "billing_error": hg.Kind.QUOTA_EXHAUSTED,
    "permission_error": hg.Kind.CREDENTIALS,
    "not_found_error": hg.Kind.MODEL_NOT_FOUND,
    "conflict_error": hg.Kind.OVERLOADED,
    "request_too_large": hg.Kind.TOO_LARGE,
    "rate_limit_error": hg.Kind.RATE_LIMITED,
    "api_error": hg.Kind.SERVER_ERROR,
    "timeout_error": hg.Kind.SERVER_ERROR,
    "overloaded_error": hg.Kind.OVERLOADED,
}
#: Kinds whose message is worth a second look.
_VAGUE = frozenset({hg.Kind.INVALID_REQUEST, hg.Kind.TOO_LARGE})


def failure_of(response: hg.Response) -> hg.Failure:
    """What an answer that is not 2xx means."""
    return _precise(hg.by_status(response), hg.error_object(response.body))


def failure_in_stream(message: Mapping[str, Any]) -> hg.Failure:
    """What an `error` message inside a 200 means."""
    said = message.get("error")
    error = said if isinstance(said, dict) else {}
    failure = hg.from_error(error, hg.Kind.SERVER_ERROR)
    if not error.get("message"):
        failure = replace(failure, message="the provider broke the answer off with an error")
    return _precise(failure, error)


def _precise(failure: hg.Failure, error: Mapping[str, Any]) -> hg.Failure:
    details = error.get("details")
    code = details.get("error_code") if isinstance(details, dict) else None
    if isinstance(code, str):
        failure = replace(failure, code=code)
    return replace(failure, kind=_kind(failure))


def _kind(failure: hg.Failure) -> hg.Kind:
    if (coded := _CODES.get(failure.code or "")) is not None:
        return coded
    if failure.kind is hg.Kind.CONTEXT_LENGTH:
        return failure.kind
    kind = _TYPES.get(failure.type or "", failure.kind)
    if kind not in _VAGUE:
        return kind
    message = failure.message.lower()
    return next((meant for phrase, meant in _PHRASES.items() if phrase in message), kind)
