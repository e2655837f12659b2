"""What can go wrong with a call: one closed set of kinds.

Whose fault it is comes first. Every foreign exception and every vendor error body is mapped to a
`Kind` at one border; everything after that border matches on kinds exhaustively.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The closed set of failure kinds. The values are metric labels and YAML words."""

    # the caller's fault
    INVALID_REQUEST = "invalid_request"
    TOO_LARGE = "too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"
    CONTEXT_LENGTH = "context_length"
    CONTENT_FILTER = "content_filter"
    MODEL_NOT_FOUND = "model_not_found"
    UNSUPPORTED = "unsupported"
    # the operator's fault, seen through the vendor
    RATE_LIMITED = "rate_limited"
    QUOTA_EXHAUSTED = "quota_exhausted"
    CREDENTIALS = "credentials"
    # the vendor's fault
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    CONNECTION = "connection"
    TIMEOUT = "timeout"
    GARBLED = "garbled"
    CUT = "cut"
    # ours
    PLUGIN = "plugin"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    SLOW_CLIENT = "slow_client"
    CONFLICT = "conflict"
    SHED = "shed"
    OVER_LIMIT = "over_limit"
    OVER_BUDGET = "over_budget"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failure, as a value.

    `message` is for the caller and never holds a secret. `status` is the vendor's HTTP status
    where there was one. `retry_after` is in seconds. `code`, `type` and `param` are the vendor's
    own words (OpenAI's error shape), kept so that a client sees what it would have seen directly.
    """

    kind: Kind
    message: str
    status: int | None = None
    retry_after: float | None = None
    code: str | None = None
    type: str | None = None
    param: str | None = None


class CallFailed(Exception):
    """Carries a `Failure` up to the one place that answers the client."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Unsupported(Exception):
    """Raised by a provider: this call cannot be said to this vendor.

    Not a vendor failure: the next target is tried and nothing cools down.
    `param` names the request field that has no equivalent.
    """

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param
