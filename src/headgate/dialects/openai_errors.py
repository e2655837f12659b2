"""Failures in OpenAI's words: the error object, its type and code, and the HTTP status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from headgate.provider.failure import Failure, Kind

#: kind -> (HTTP status, error type, default code). Complete over `Kind`; a test sees to it.
WORDS: Mapping[Kind, tuple[int, str, str | None]] = {
    Kind.INVALID_REQUEST: (400, "invalid_request_error", None),
    Kind.TOO_LARGE: (413, "invalid_request_error", "request_too_large"),
    Kind.UNSUPPORTED_MEDIA: (415, "invalid_request_error", "unsupported_media_type"),
    Kind.CONTEXT_LENGTH: (400, "invalid_request_error", "context_length_exceeded"),
    Kind.CONTENT_FILTER: (400, "invalid_request_error", "content_policy_violation"),
    Kind.MODEL_NOT_FOUND: (404, "invalid_request_error", "model_not_found"),
    Kind.UNSUPPORTED: (400, "invalid_request_error", "unsupported_parameter"),
    Kind.RATE_LIMITED: (429, "rate_limit_error", "rate_limit_exceeded"),
    Kind.QUOTA_EXHAUSTED: (502, "upstream_error", "upstream_credentials_exhausted"),
    Kind.CREDENTIALS: (502, "upstream_error", "upstream_credentials_exhausted"),
    Kind.OVERLOADED: (503, "service_unavailable_error", "server_is_overloaded"),
    Kind.SERVER_ERROR: (502, "upstream_error", "upstream_server_error"),
    Kind.CONNECTION: (502, "upstream_error", "upstream_connection_failed"),
    Kind.TIMEOUT: (504, "upstream_error", "upstream_timeout"),
    Kind.GARBLED: (502, "upstream_error", "bad_upstream_response"),
    Kind.CUT: (502, "upstream_error", "upstream_stream_cut"),
    Kind.PLUGIN: (500, "server_error", "plugin_error"),
    Kind.UNAUTHENTICATED: (401, "invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: (403, "invalid_request_error", "permission_denied"),
    Kind.NOT_FOUND: (404, "invalid_request_error", "not_found"),
    Kind.METHOD_NOT_ALLOWED: (405, "invalid_request_error", "method_not_allowed"),
    Kind.SLOW_CLIENT: (408, "invalid_request_error", "request_timeout"),
    Kind.CONFLICT: (409, "invalid_request_error", "conflict"),
    Kind.SHED: (503, "service_unavailable_error", "gateway_overloaded"),
    Kind.OVER_LIMIT: (429, "rate_limit_error", "rate_limit_exceeded"),
    Kind.OVER_BUDGET: (429, "insufficient_quota", "budget_exceeded"),
    Kind.CANCELLED: (499, "invalid_request_error", "client_cancelled"),
}

#: Kinds for which the vendor's own type and code are the best words for the client.
_VENDOR_WORDS = frozenset(
    {Kind.INVALID_REQUEST, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA, Kind.UNSUPPORTED}
)


def status_of(failure: Failure) -> int:
    """The HTTP status the client gets."""
    status = WORDS[failure.kind][0]
    vendors = failure.status
    if failure.kind is Kind.INVALID_REQUEST and vendors is not None and 400 <= vendors < 500:
        # 404, 409 and 429 make SDKs act on their own; a refused parameter is a 400 or a 422.
        return vendors if vendors in (400, 422) else 400
    return status


def error_object(failure: Failure, request_id: str | None = None) -> dict[str, Any]:
    """`{message, type, param, code}` as the SDKs read it."""
    _, type_, code = WORDS[failure.kind]
    if failure.kind in _VENDOR_WORDS:
        type_, code = failure.type or type_, failure.code or code
    elif failure.code and failure.kind in (Kind.UNAUTHENTICATED, Kind.MODEL_NOT_FOUND):
        code = failure.code
    error: dict[str, Any] = {
        "message": failure.message,
        "type": type_,
        "param": failure.param,
        "code": code,
    }
    if request_id:
        error["request_id"] = request_id
    return error


def error_body(failure: Failure, request_id: str) -> bytes:
    """The whole error body."""
    return orjson.dumps({"error": error_object(failure, request_id)})


def error_frame(failure: Failure, request_id: str) -> bytes:
    """The in-band error event; no `[DONE]` follows, so that nobody takes the answer for whole."""
    return b"data: " + error_body(failure, request_id) + b"\n\n"
