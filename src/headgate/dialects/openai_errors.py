"""Failures in OpenAI's words: the error object, its type and code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from headgate.provider.failure import Failure, Kind

#: kind -> (error type, default code). Complete over `Kind`; a test sees to it.
WORDS: Mapping[Kind, tuple[str, str | None]] = {
    Kind.INVALID_REQUEST: ("invalid_request_error", None),
    Kind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    Kind.UNSUPPORTED_MEDIA: ("invalid_request_error", "unsupported_media_type"),
    Kind.CONTEXT_LENGTH: ("invalid_request_error", "context_length_exceeded"),
    Kind.CONTENT_FILTER: ("invalid_request_error", "content_policy_violation"),
    Kind.MODEL_NOT_FOUND: ("invalid_request_error", "model_not_found"),
    Kind.UNSUPPORTED: ("invalid_request_error", "unsupported_parameter"),
    Kind.RATE_LIMITED: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.QUOTA_EXHAUSTED: ("upstream_error", "upstream_credentials_exhausted"),
    Kind.CREDENTIALS: ("upstream_error", "upstream_credentials_exhausted"),
    Kind.OVERLOADED: ("service_unavailable_error", "server_is_overloaded"),
    Kind.SERVER_ERROR: ("upstream_error", "upstream_server_error"),
    Kind.CONNECTION: ("upstream_error", "upstream_connection_failed"),
    Kind.TIMEOUT: ("upstream_error", "upstream_timeout"),
    Kind.GARBLED: ("upstream_error", "bad_upstream_response"),
    Kind.CUT: ("upstream_error", "upstream_stream_cut"),
    Kind.PLUGIN: ("server_error", "plugin_error"),
    Kind.UNAUTHENTICATED: ("invalid_request_error", "invalid_api_key"),
    Kind.FORBIDDEN: ("invalid_request_error", "permission_denied"),
    Kind.NOT_FOUND: ("invalid_request_error", "not_found"),
    Kind.METHOD_NOT_ALLOWED: ("invalid_request_error", "method_not_allowed"),
    Kind.SLOW_CLIENT: ("invalid_request_error", "request_timeout"),
    Kind.CONFLICT: ("invalid_request_error", "conflict"),
    Kind.SHED: ("service_unavailable_error", "gateway_overloaded"),
    Kind.OVER_LIMIT: ("rate_limit_error", "rate_limit_exceeded"),
    Kind.OVER_BUDGET: ("insufficient_quota", "budget_exceeded"),
    Kind.CANCELLED: ("invalid_request_error", "client_cancelled"),
}

#: Kinds for which the vendor's own type and code are the best words for the client.
_VENDOR_WORDS = frozenset(
    {Kind.INVALID_REQUEST, Kind.TOO_LARGE, Kind.UNSUPPORTED_MEDIA, Kind.UNSUPPORTED}
)


def error_object(failure: Failure, request_id: str | None = None) -> dict[str, Any]:
    """`{message, type, param, code}` as the SDKs read it."""
    type_, code = WORDS[failure.kind]
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
