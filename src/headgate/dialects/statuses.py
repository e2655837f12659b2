"""The HTTP status a failure has for the client, the same in every dialect."""

from __future__ import annotations

from collections.abc import Mapping

from headgate.provider.failure import Failure, Kind

#: Complete over `Kind`; a test sees to it.
STATUSES: Mapping[Kind, int] = {
    Kind.INVALID_REQUEST: 400,
    Kind.TOO_LARGE: 413,
    Kind.UNSUPPORTED_MEDIA: 415,
    Kind.CONTEXT_LENGTH: 400,
    Kind.CONTENT_FILTER: 400,
    Kind.MODEL_NOT_FOUND: 404,
    Kind.UNSUPPORTED: 400,
    Kind.RATE_LIMITED: 429,
    Kind.QUOTA_EXHAUSTED: 502,
    Kind.CREDENTIALS: 502,
    Kind.OVERLOADED: 503,
    Kind.SERVER_ERROR: 502,
    Kind.CONNECTION: 502,
    Kind.TIMEOUT: 504,
    Kind.GARBLED: 502,
    Kind.CUT: 502,
    Kind.PLUGIN: 500,
    Kind.UNAUTHENTICATED: 401,
    Kind.FORBIDDEN: 403,
    Kind.NOT_FOUND: 404,
    Kind.METHOD_NOT_ALLOWED: 405,
    Kind.SLOW_CLIENT: 408,
    Kind.CONFLICT: 409,
    Kind.SHED: 503,
    Kind.OVER_LIMIT: 429,
    Kind.OVER_BUDGET: 429,
    Kind.CANCELLED: 499,
}


def status_of(failure: Failure) -> int:
    """The HTTP status the client gets."""
    status = STATUSES[failure.kind]
    vendors = failure.status
    if failure.kind is Kind.INVALID_REQUEST and vendors is not None and 400 <= vendors < 500:
        # 404, 409 and 429 make SDKs act on their own; a refused parameter is a 400 or a 422.
        return vendors if vendors in (400, 422) else 400
    return status
