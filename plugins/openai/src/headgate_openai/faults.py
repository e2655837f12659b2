"""Errors in OpenAI's shape and its dialects: inside a 200, or with a status of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import headgate as hg


class Clue(NamedTuple):
    """What a status means here if the vendor's message, code or type holds `words` (lower case).

    `status` None stands for any.
    """

    status: int | None
    words: str
    kind: hg.Kind


#: Types and codes of errors inside a 200, which have no status to tell whose fault it was.
_IN_BAND: Mapping[str, hg.Kind] = {
    "invalid_request_error": hg.Kind.INVALID_REQUEST,
    "invalid_prompt": hg.Kind.CONTENT_FILTER,
    "invalid_image": hg.Kind.INVALID_REQUEST,
    "authentication_error": hg.Kind.CREDENTIALS,
    "permission_error": hg.Kind.CREDENTIALS,
    "not_found_error": hg.Kind.MODEL_NOT_FOUND,
}
_DURATION = re.compile(
    r"(?:(?P<h>\d+(?:\.\d+)?)h)?(?:(?P<m>\d+(?:\.\d+)?)m(?!s))?"
    r"(?:(?P<s>\d+(?:\.\d+)?)s)?(?:(?P<ms>\d+(?:\.\d+)?)ms)?"
)
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_TRY_AGAIN = re.compile(r"try again in ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)", re.IGNORECASE)
_MAX_MESSAGE = 2000


def in_band(error: Any) -> hg.CallFailed:
    """The failure that an error inside a 200 stands for: an object, or just a text.

    For some vendors its code is an HTTP status, others say the status beside it.
    """
    if not isinstance(error, dict):
        return hg.CallFailed(hg.Failure(hg.Kind.SERVER_ERROR, str(error)[:_MAX_MESSAGE]))
    names = ("code", "status_code", "status", "raw_status_code")
    said = (hg.failed_status(error.get(name)) for name in names)
    status = next((code for code in said if code is not None), None)
    if status is not None:
        kind = hg.by_status(hg.Response(status, {}, b"")).kind
    else:
        words = (error.get("code"), error.get("type"))
        known = (_IN_BAND.get(word) for word in words if isinstance(word, str))
        kind = next((kind for kind in known if kind), hg.Kind.SERVER_ERROR)
    return hg.CallFailed(hg.from_error(error, kind, status=status))


def read(
    response: hg.Response, statuses: Mapping[int, hg.Kind], clues: Iterable[Clue]
) -> hg.Failure:
    """The failure that an answer which is not 2xx stands for."""
    failure = hg.by_status(response, statuses)
    error = hg.error_object(response.body)
    text = _told(error)
    if text and failure.message != text:
        failure = replace(failure, message=text[:_MAX_MESSAGE])
    spoken = " ".join(filter(None, (failure.message, failure.code, failure.type))).lower()
    for clue in clues:
        if clue.status in (None, response.status) and clue.words in spoken:
            failure = replace(failure, kind=clue.kind)
            break
    if failure.kind is hg.Kind.RATE_LIMITED and failure.retry_after is None:
        return replace(failure, retry_after=_reset(response.headers, failure.message))
    return failure


def _told(error: Mapping[str, Any]) -> str | None:
    """What the vendor behind the vendor said, where the error only says that it did."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    message = error.get("message")
    if isinstance(raw, str) and raw and message == "Provider returned error":
        return f"{message}: {raw}"
    return None


def _reset(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds until a limit that is used up begins anew, or those that the message asks for."""
    waits = [
        wait
        for name, value in headers.items()
        if name.startswith("x-ratelimit-remaining-")
        and value.strip() == "0"
        and (wait := seconds(headers.get(name.replace("remaining", "reset"), ""))) is not None
    ]
    if waits:
        return max(waits)
    asked = _TRY_AGAIN.search(message)
    return seconds(asked[1]) if asked else None


def seconds(text: str) -> float | None:
    """The length of `2m59.56s`, `120ms` or `1h0m5s` in seconds; None for anything else."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found or not found[0]:
        return None
    return sum(float(value) * _SECONDS[unit] for unit, value in found.groupdict().items() if value)
