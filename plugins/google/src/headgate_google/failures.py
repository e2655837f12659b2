"""Google's errors: a status word, a reason, a quota, and how long to wait."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import headgate as hg
from headgate_google.reading import mapping, mappings, string

_WORDS: Mapping[str, hg.Kind] = {
    "INVALID_ARGUMENT": hg.Kind.INVALID_REQUEST,
    "FAILED_PRECONDITION": hg.Kind.INVALID_REQUEST,
    "OUT_OF_RANGE": hg.Kind.INVALID_REQUEST,
    "UNAUTHENTICATED": hg.Kind.CREDENTIALS,
    "PERMISSION_DENIED": hg.Kind.CREDENTIALS,
    "NOT_FOUND": hg.Kind.MODEL_NOT_FOUND,
    "RESOURCE_EXHAUSTED": hg.Kind.RATE_LIMITED,
    "ABORTED": hg.Kind.OVERLOADED,
    "CANCELLED": hg.Kind.OVERLOADED,
    "UNAVAILABLE": hg.Kind.OVERLOADED,
    "DEADLINE_EXCEEDED": hg.Kind.SERVER_ERROR,
    "INTERNAL": hg.Kind.SERVER_ERROR,
    "UNKNOWN": hg.Kind.SERVER_ERROR,
    "DATA_LOSS": hg.Kind.SERVER_ERROR,
}
_REASONS: Mapping[str, hg.Kind] = {
    "API_KEY_INVALID": hg.Kind.CREDENTIALS,
    "API_KEY_EXPIRED": hg.Kind.CREDENTIALS,
    "ACCESS_TOKEN_EXPIRED": hg.Kind.CREDENTIALS,
    "CONSUMER_SUSPENDED": hg.Kind.CREDENTIALS,
    "BILLING_DISABLED": hg.Kind.QUOTA_EXHAUSTED,
}
#: What Google says only in prose, by what it is about; the first that fits counts.
_PROSE: tuple[tuple[frozenset[hg.Kind], str, hg.Kind], ...] = tuple(
    (frozenset(before), words, kind)
    for before, words, kind in (
        ({hg.Kind.INVALID_REQUEST}, "input token count", hg.Kind.CONTEXT_LENGTH),
        ({hg.Kind.INVALID_REQUEST}, "payload size exceeds", hg.Kind.TOO_LARGE),
        ({hg.Kind.INVALID_REQUEST}, "unsupported mime type", hg.Kind.UNSUPPORTED_MEDIA),
        ({hg.Kind.INVALID_REQUEST}, "api key not valid", hg.Kind.CREDENTIALS),
        ({hg.Kind.INVALID_REQUEST}, "api key expired", hg.Kind.CREDENTIALS),
        ({hg.Kind.INVALID_REQUEST}, "location is not supported", hg.Kind.CREDENTIALS),
        ({hg.Kind.INVALID_REQUEST}, "enable billing", hg.Kind.QUOTA_EXHAUSTED),
        ({hg.Kind.RATE_LIMITED}, "credits are depleted", hg.Kind.QUOTA_EXHAUSTED),
        ({hg.Kind.RATE_LIMITED}, "spending cap", hg.Kind.QUOTA_EXHAUSTED),
        # A client named a file or a cache that is not there: no reason to give up the key.
        ({hg.Kind.CREDENTIALS}, "to access the file", hg.Kind.INVALID_REQUEST),
        ({hg.Kind.CREDENTIALS}, "cachedcontent not found", hg.Kind.INVALID_REQUEST),
        ({hg.Kind.MODEL_NOT_FOUND}, "cached content", hg.Kind.INVALID_REQUEST),
        ({hg.Kind.MODEL_NOT_FOUND}, "cachedcontent", hg.Kind.INVALID_REQUEST),
    )
)


def failed(response: hg.Response) -> hg.Failure:
    """What an answer that is not 2xx means; errors may be wrapped in an array."""
    error = hg.error_object(response.body)
    plain = hg.by_status(response)
    if string(error.get("status")) is None:
        return plain
    return replace(
        error_failure(error, response.status, plain.kind),
        retry_after=plain.retry_after if plain.retry_after is not None else _delay(error),
    )


def error_failure(
    error: Mapping[str, Any], status: int | None, kind: hg.Kind = hg.Kind.SERVER_ERROR
) -> hg.Failure:
    """What an error object means. `kind` is for those whose status word says nothing."""
    word = string(error.get("status")) or ""
    kind = _WORDS.get(word, kind)
    for detail in mappings(error.get("details")):
        kind = _REASONS.get(string(detail.get("reason")) or "", kind)
    message = (string(error.get("message")) or "").lower()
    kind = next((to for of, words, to in _PROSE if kind in of and words in message), kind)
    said = {"message": error.get("message"), "code": word or error.get("code")}
    return replace(hg.from_error(said, kind, status=status), retry_after=_delay(error))


def _delay(error: Mapping[str, Any]) -> float | None:
    """The seconds in `{"@type": ".../google.rpc.RetryInfo", "retryDelay": "34.4s"}`."""
    for detail in mappings(mapping(error).get("details")):
        if (text := string(detail.get("retryDelay"))) is None:
            continue
        try:
            seconds = float(text.removesuffix("s"))
        except ValueError:
            continue
        if math.isfinite(seconds) and seconds >= 0:
            return seconds
    return None
