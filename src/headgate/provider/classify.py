"""Reading a vendor's error: status, OpenAI-shaped body, and how long it asks us to wait."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from headgate.provider.failure import Failure, Kind
from headgate.provider.wire import Response

#: What a status means where no vendor says otherwise.
STATUSES: Mapping[int, Kind] = {
    400: Kind.INVALID_REQUEST,
    401: Kind.CREDENTIALS,
    402: Kind.QUOTA_EXHAUSTED,
    403: Kind.CREDENTIALS,
    404: Kind.MODEL_NOT_FOUND,
    405: Kind.INVALID_REQUEST,
    408: Kind.OVERLOADED,
    409: Kind.OVERLOADED,
    413: Kind.TOO_LARGE,
    415: Kind.UNSUPPORTED_MEDIA,
    422: Kind.INVALID_REQUEST,
    424: Kind.SERVER_ERROR,
    425: Kind.OVERLOADED,
    429: Kind.RATE_LIMITED,
    498: Kind.OVERLOADED,
    503: Kind.OVERLOADED,
    529: Kind.OVERLOADED,
}

#: Error codes and types that say more than the status, in the words several vendors share.
CODES: Mapping[str, Kind] = {
    "context_length_exceeded": Kind.CONTEXT_LENGTH,
    "exceed_context_size_error": Kind.CONTEXT_LENGTH,
    "too_many_prompt_tokens": Kind.CONTEXT_LENGTH,
    "string_above_max_length": Kind.TOO_LARGE,
    "content_policy_violation": Kind.CONTENT_FILTER,
    "content_filter": Kind.CONTENT_FILTER,
    "moderation_blocked": Kind.CONTENT_FILTER,
    "model_not_found": Kind.MODEL_NOT_FOUND,
    "invalid_api_key": Kind.CREDENTIALS,
    "insufficient_quota": Kind.QUOTA_EXHAUSTED,
    "billing_hard_limit_reached": Kind.QUOTA_EXHAUSTED,
    "credit_balance_exhausted": Kind.QUOTA_EXHAUSTED,
    "organization_spend_limit_exceeded": Kind.QUOTA_EXHAUSTED,
    "project_spend_limit_exceeded": Kind.QUOTA_EXHAUSTED,
    "organization_usage_limit_exceeded": Kind.QUOTA_EXHAUSTED,
    "rate_limit_exceeded": Kind.RATE_LIMITED,
    "slow_down": Kind.RATE_LIMITED,
    "server_is_overloaded": Kind.OVERLOADED,
    "overloaded_error": Kind.OVERLOADED,
    "server_error": Kind.SERVER_ERROR,
    "rate_limit_error": Kind.RATE_LIMITED,
}

_CONTEXT_WORDS = (
    *("maximum context length", "context window", "context length", "context size"),
    "n_ctx",
)
_MAX_MESSAGE = 2000
#: A wait longer than this (seconds) is a mistake.
_LONGEST_WAIT = 10**7
#: A plain number this large is a moment in Unix time, not a wait.
_MOMENT = 10**8
_DURATION = re.compile(
    r"(?:([\d.]+)d)?(?:([\d.]+)h)?(?:([\d.]+)m(?!s))?(?:([\d.]+)s)?(?:([\d.]+)ms)?"
)


def by_status(response: Response, overrides: Mapping[int, Kind] = {}) -> Failure:
    """The failure an unsuccessful answer stands for."""
    error = error_object(response.body)
    kind = overrides.get(response.status) or STATUSES.get(response.status)
    if kind is None:
        kind = Kind.SERVER_ERROR if response.status >= 500 else Kind.INVALID_REQUEST
        if response.status < 400:
            kind = Kind.GARBLED
    return from_error(
        error,
        kind,
        status=response.status,
        retry_after=_asked_to_wait(response),
    )


def _asked_to_wait(response: Response) -> float | None:
    wait = retry_after(response.headers)
    if wait is None and response.status == 429:
        return reset_after(response.headers)
    return wait


def from_error(
    error: Mapping[str, Any],
    kind: Kind,
    *,
    status: int | None = None,
    retry_after: float | None = None,
) -> Failure:
    """A failure from an error object `{message, type, code, param}`; `kind` is the default."""
    code, type_ = _word(error.get("code")), _word(error.get("type"))
    message = error.get("message")
    text = message if isinstance(message, str) and message else f"the provider answered {status}"
    kind = CODES.get(code or "") or CODES.get(type_ or "") or kind
    if kind in (Kind.INVALID_REQUEST, Kind.TOO_LARGE) and _says_context(text):
        kind = Kind.CONTEXT_LENGTH
    return Failure(
        kind,
        text[:_MAX_MESSAGE],
        status=status,
        retry_after=retry_after,
        code=code,
        type=type_,
        param=_word(error.get("param")),
    )


def error_object(body: bytes) -> Mapping[str, Any]:
    """The error in a body: `{"error": {...}}`, `{"error": "text"}`, a flat object, or nothing."""
    try:
        value: Any = orjson.loads(body.strip() or b"{}")
    except orjson.JSONDecodeError:
        return {}
    if isinstance(value, list) and value:
        value = value[0]
    if not isinstance(value, dict):
        return {}
    error = value.get("error", value)
    if isinstance(error, str):
        return {"message": error, "code": value.get("code")}
    if not isinstance(error, dict):
        return {}
    if "message" not in error and "detail" in error:
        detail = error["detail"]
        return {**error, "message": detail if isinstance(detail, str) else _details(detail)}
    if isinstance(error.get("message"), dict):
        inner = error["message"].get("detail", error["message"])
        return {**error, "message": _details(inner)}
    return error


def failed_status(code: object) -> int | None:
    """The HTTP status that an error object says, as a number or in digits; None where it is none
    of a failure.
    """
    if isinstance(code, str) and code.isascii() and code.isdecimal():
        code = int(code[:9])
    return code if type(code) is int and 400 <= code <= 599 else None


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds the vendor asks us to wait; None where it says nothing usable.

    `now` (Unix seconds) is needed only for the HTTP-date form; without it the `date` header of
    the same answer serves, so that the vendor's clock is compared with itself.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if (seconds := _number(value)) is not None:
        return seconds
    if value is None:
        return None
    try:
        until = parsedate_to_datetime(value).timestamp()
        start = now if now is not None else parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    wait = until - start
    return max(0.0, wait) if wait <= _LONGEST_WAIT else None


def reset_after(headers: Mapping[str, str]) -> float | None:
    """Seconds until every used-up limit is fresh again, from headers such as
    `x-ratelimit-remaining-tokens: 0` and `x-ratelimit-reset-tokens: 1m12s`, or with the two words
    the other way round (`...-tokens-remaining`); None where none is used up.

    A reset is a duration (`6m0s`, `120ms`, `2m59.56s`, `30`) or a moment (RFC 3339, Unix seconds or
    milliseconds), which is compared with the `date` of the same answer.
    """
    waits = [
        wait
        for name, value in headers.items()
        if "ratelimit" in name
        and "remaining" in name
        and _number(value) == 0
        and (wait := _until(headers.get(name.replace("remaining", "reset")), headers)) is not None
    ]
    return max(waits, default=None)


def _until(reset: str | None, headers: Mapping[str, str]) -> float | None:
    if reset is None:
        return None
    if (seconds := _plain(reset)) is not None and seconds < _MOMENT:
        return seconds
    pieces = _DURATION.fullmatch(reset.strip())
    if pieces is not None and any(pieces.groups()):
        days, hours, minutes, whole, thousandths = (float(one or 0) for one in pieces.groups())
        return days * 86400 + hours * 3600 + minutes * 60 + whole + thousandths / 1000
    try:
        if seconds is not None:
            until = seconds if seconds < _MOMENT * 1000 else seconds / 1000
        else:
            until = datetime.fromisoformat(reset).timestamp()
        start = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError):
        return None
    return max(0.0, until - start) if until - start <= _LONGEST_WAIT else None


def _number(text: str | None) -> float | None:
    number = None if text is None else _plain(text)
    return number if number is not None and number <= _LONGEST_WAIT else None


def _plain(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _word(value: object) -> str | None:
    if isinstance(value, str):
        return value[:200]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def _details(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(
            f"{_place(item.get('loc'))}: {item.get('msg', '')}"
            if isinstance(item, dict)
            else str(item)
            for item in value
        )
    return orjson.dumps(value, default=str).decode()


def _place(loc: object) -> str:
    return ".".join(map(str, loc)) if isinstance(loc, list) else str(loc or "")


def _says_context(text: str) -> bool:
    lowered = text.lower()
    return any(words in lowered for words in _CONTEXT_WORDS)
