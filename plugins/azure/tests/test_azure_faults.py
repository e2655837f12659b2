"""What Azure's refusals mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate_azure import Azure

AZURE = Azure("https://r.openai.azure.com")
CALL = hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", {})
VERDICT = {"violence": {"filtered": True, "severity": "medium"}}
INNER = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": VERDICT}


def error(**fields: Any) -> dict[str, Any]:
    return {"error": fields}


def failed(status: int, body: Any, **headers: str) -> hg.Failure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return AZURE.failure(CALL, hg.Response(status, named, json.dumps(body).encode()))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (
            400,
            error(code="content_filter", message="x", status=400, type=None, innererror=INNER),
            hg.Kind.CONTENT_FILTER,
        ),
        (400, error(code=None, message="x", innererror=INNER), hg.Kind.CONTENT_FILTER),
        (400, error(code="BadRequest", message="x", inner_error=INNER), hg.Kind.CONTENT_FILTER),
        (400, error(code="x", message="x", innererror={"code": "y"}), hg.Kind.INVALID_REQUEST),
        (400, error(code="x", message="x", innererror="y"), hg.Kind.INVALID_REQUEST),
        (400, error(code="context_length_exceeded", message="x"), hg.Kind.CONTEXT_LENGTH),
        (413, error(code="tokens_limit_reached", message="Too large"), hg.Kind.CONTEXT_LENGTH),
        (400, error(code="unknown_model", message="Unknown model: x"), hg.Kind.MODEL_NOT_FOUND),
        (400, error(code="OperationNotSupported", message="x"), hg.Kind.MODEL_NOT_FOUND),
        (
            400,
            error(code="BadRequest", message="API version not supported"),
            hg.Kind.MODEL_NOT_FOUND,
        ),
        (
            400,
            error(code="BadRequest", message="o3 is enabled only for api versions x and later"),
            hg.Kind.MODEL_NOT_FOUND,
        ),
        (404, error(code="DeploymentNotFound", message="x"), hg.Kind.MODEL_NOT_FOUND),
        (404, error(code="404", message="Resource not found"), hg.Kind.MODEL_NOT_FOUND),
        (401, error(code="401", message="Access denied"), hg.Kind.CREDENTIALS),
        (401, {"statusCode": 401, "message": "Unauthorized"}, hg.Kind.CREDENTIALS),
        (401, error(code="PermissionDenied", message="x"), hg.Kind.CREDENTIALS),
        (403, error(code="AccessDenied", message="Firewall rules"), hg.Kind.CREDENTIALS),
        (
            403,
            {"statusCode": 403, "message": "Out of call volume quota. Replenished in 01:02:03."},
            hg.Kind.QUOTA_EXHAUSTED,
        ),
        (429, error(code="429", message="Exceeded token rate limit"), hg.Kind.RATE_LIMITED),
        (429, error(code="RateLimitReached", message="x"), hg.Kind.RATE_LIMITED),
        (429, error(code="too_many_requests", message="x"), hg.Kind.RATE_LIMITED),
        (429, error(code="insufficient_quota", message="x"), hg.Kind.QUOTA_EXHAUSTED),
        (
            429,
            error(code="too_many_requests", message="The system is experiencing high demand"),
            hg.Kind.OVERLOADED,
        ),
        (429, error(code="NoCapacity", message="x"), hg.Kind.OVERLOADED),
        (408, error(code="Timeout", message="The operation was timeout."), hg.Kind.OVERLOADED),
        (500, error(code="InternalServerError", message="x"), hg.Kind.SERVER_ERROR),
        (503, error(code="ServiceUnavailable", message="x"), hg.Kind.OVERLOADED),
    ],
)
def test_a_refusal_is_understood(status: int, body: Any, kind: hg.Kind) -> None:
    failure = failed(status, body)
    assert failure.kind is kind
    assert failure.status == status
    assert failure.message == (body.get("error") or body)["message"]


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({}, "Slow down", None),
        ({"retry_after": "34"}, "x", 34.0),
        ({"retry_after": "1", "retry_after_ms": "532"}, "x", 0.532),
        ({"retry_after": "1", "retry_after_ms": "0"}, "x", 1.0),
        ({"retry_after_ms": "0"}, "x", 0.0),
        ({}, "Please retry after 26 seconds.", 26.0),
        ({}, "Please try again in 1 second.", 1.0),
        ({"retry_after": "3"}, "Please retry after 26 seconds.", 3.0),
    ],
)
def test_it_waits_as_long_as_it_is_told(
    headers: dict[str, str], message: str, wait: float | None
) -> None:
    assert failed(429, error(code="429", message=message), **headers).retry_after == wait


def test_a_refusal_that_is_not_about_waiting_does_not_wait() -> None:
    assert failed(400, error(message="Please retry after 26 seconds.")).retry_after is None
