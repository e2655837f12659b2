"""Google's errors, in small transcripts of our own."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate_google import Gemini

CALL = hg.Call("r1", hg.Operation.CHAT, "openai_chat", "m", {})


def info(reason: str) -> list[dict[str, Any]]:
    return [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]


RETRY = [
    {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": []},
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37.5s"},
]


@pytest.mark.parametrize(
    ("status", "word", "message", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "bad", [], hg.Kind.INVALID_REQUEST),
        (400, "INVALID_ARGUMENT", "API key", info("API_KEY_INVALID"), hg.Kind.CREDENTIALS),
        (400, "INVALID_ARGUMENT", "API key not valid. Pass", [], hg.Kind.CREDENTIALS),
        (
            400,
            "INVALID_ARGUMENT",
            "The input token count (9) exceeds the maximum number of tokens allowed (8).",
            [],
            hg.Kind.CONTEXT_LENGTH,
        ),
        (400, "INVALID_ARGUMENT", "Unsupported MIME type: a/b", [], hg.Kind.UNSUPPORTED_MEDIA),
        (400, "INVALID_ARGUMENT", "Request payload size exceeds", [], hg.Kind.TOO_LARGE),
        (400, "FAILED_PRECONDITION", "file is not ACTIVE", [], hg.Kind.INVALID_REQUEST),
        (
            400,
            "FAILED_PRECONDITION",
            "User location is not supported for the API use.",
            [],
            hg.Kind.CREDENTIALS,
        ),
        (401, "UNAUTHENTICATED", "no", [], hg.Kind.CREDENTIALS),
        (403, "PERMISSION_DENIED", "no", [], hg.Kind.CREDENTIALS),
        (403, "PERMISSION_DENIED", "no", info("BILLING_DISABLED"), hg.Kind.QUOTA_EXHAUSTED),
        (
            403,
            "PERMISSION_DENIED",
            "You do not have permission to access the File x or it may not exist.",
            [],
            hg.Kind.INVALID_REQUEST,
        ),
        (404, "NOT_FOUND", "models/x is not found", [], hg.Kind.MODEL_NOT_FOUND),
        (429, "RESOURCE_EXHAUSTED", "quota", RETRY, hg.Kind.RATE_LIMITED),
        (
            429,
            "RESOURCE_EXHAUSTED",
            "Your prepayment credits are depleted.",
            [],
            hg.Kind.QUOTA_EXHAUSTED,
        ),
        (499, "CANCELLED", "gone", [], hg.Kind.OVERLOADED),
        (500, "INTERNAL", "oops", [], hg.Kind.SERVER_ERROR),
        (503, "UNAVAILABLE", "The model is overloaded.", [], hg.Kind.OVERLOADED),
        (504, "DEADLINE_EXCEEDED", "late", [], hg.Kind.SERVER_ERROR),
        (409, "A_NEW_WORD", "x", [], hg.Kind.OVERLOADED),
    ],
)
def test_errors_have_kinds(
    status: int, word: str, message: str, details: list[dict[str, Any]], kind: hg.Kind
) -> None:
    error = {"code": status, "message": message, "status": word, "details": details}
    for body in ({"error": error}, [{"error": error}]):
        response = hg.Response(status, {}, json.dumps(body).encode())
        assert Gemini().failure(CALL, response) == hg.Failure(
            kind,
            message,
            status=status,
            retry_after=37.5 if details is RETRY else None,
            code=word,
        )


@pytest.mark.parametrize(
    ("delay", "expected"),
    [("34.4s", 34.4), ("0s", 0.0), ("soon", None), ("-1s", None), ("infs", None), (5, None)],
)
def test_how_long_to_wait(delay: Any, expected: float | None) -> None:
    error = {"status": "RESOURCE_EXHAUSTED", "details": [{"retryDelay": delay}]}
    body = json.dumps({"error": error}).encode()
    assert Gemini().failure(CALL, hg.Response(429, {}, body)).retry_after == expected
    headers = {"retry-after": "7"}
    assert Gemini().failure(CALL, hg.Response(429, headers, body)).retry_after == 7.0


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", hg.Kind.SERVER_ERROR),
        (429, b"", hg.Kind.RATE_LIMITED),
        (404, b'{"error": 5}', hg.Kind.MODEL_NOT_FOUND),
        (413, b"[]", hg.Kind.TOO_LARGE),
    ],
)
def test_errors_in_other_shapes(status: int, body: bytes, kind: hg.Kind) -> None:
    assert Gemini().failure(CALL, hg.Response(status, {}, body)).kind is kind
