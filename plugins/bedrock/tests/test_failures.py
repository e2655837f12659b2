"""Errors, as answers and as messages of a stream, and Claude's own events."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

import headgate as hg
from headgate_bedrock import Bedrock
from headgate_bedrock.claude import ClaudeEvents

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import chat, chunk, event, exception, message

BEDROCK = Bedrock()
NAME = "x-amzn-errortype"
FAILURES: list[tuple[int, str, str, hg.Kind]] = [
    (429, "ThrottlingException:http://x/", "Too many requests", hg.Kind.RATE_LIMITED),
    (429, "ModelNotReadyException", "warming up", hg.Kind.OVERLOADED),
    (403, "AccessDeniedException", "not authorized", hg.Kind.CREDENTIALS),
    (
        403,
        "AccessDeniedException",
        "You don't have access to the model with the specified model ID.",
        hg.Kind.MODEL_NOT_FOUND,
    ),
    (403, "ExpiredTokenException", "expired", hg.Kind.CREDENTIALS),
    (403, "UnrecognizedClientException", "invalid token", hg.Kind.CREDENTIALS),
    (403, "InvalidSignatureException", "mismatch", hg.Kind.CREDENTIALS),
    (400, "ValidationException", "stop is wrong", hg.Kind.INVALID_REQUEST),
    (400, "ValidationException", "Input is too long for requested model.", hg.Kind.CONTEXT_LENGTH),
    (
        400,
        "ValidationException",
        "prompt is too long: 200001 tokens > 200000 maximum",
        hg.Kind.CONTEXT_LENGTH,
    ),
    (
        400,
        "ValidationException",
        "This model's maximum context length is 8192 tokens.",
        hg.Kind.CONTEXT_LENGTH,
    ),
    (
        400,
        "ValidationException",
        "The provided model identifier is invalid.",
        hg.Kind.MODEL_NOT_FOUND,
    ),
    (
        400,
        "ValidationException",
        "Invocation of model ID x with on-demand throughput isn\u2019t supported.",
        hg.Kind.MODEL_NOT_FOUND,
    ),
    (
        400,
        "ValidationException",
        "This model doesn't support tool use in streaming mode.",
        hg.Kind.UNSUPPORTED,
    ),
    (
        400,
        "ValidationException",
        "Output blocked by content filtering policy",
        hg.Kind.CONTENT_FILTER,
    ),
    (400, "ServiceQuotaExceededException", "quota", hg.Kind.QUOTA_EXHAUSTED),
    (404, "ResourceNotFoundException", "end of life", hg.Kind.MODEL_NOT_FOUND),
    (408, "ModelTimeoutException", "slow", hg.Kind.TIMEOUT),
    (424, "ModelErrorException", "broken", hg.Kind.SERVER_ERROR),
    (500, "InternalServerException", "oops", hg.Kind.SERVER_ERROR),
    (503, "ServiceUnavailableException", "busy", hg.Kind.OVERLOADED),
    (500, "com.amazon#InternalFailure", "oops", hg.Kind.SERVER_ERROR),
    (502, "", "bad gateway", hg.Kind.SERVER_ERROR),
]


@pytest.mark.parametrize(("status", "name", "said", "kind"), FAILURES)
@pytest.mark.parametrize("key", ["message", "Message"])
def test_what_an_error_means(status: int, name: str, said: str, kind: hg.Kind, key: str) -> None:
    headers = {NAME: name} if name else {}
    response = hg.Response(status, headers, json.dumps({key: said}).encode())
    failure = BEDROCK.failure(chat(), response)
    assert (failure.kind, failure.message, failure.status) == (kind, said, status)


@pytest.mark.parametrize(
    ("body", "headers", "kind", "told"),
    [
        (b"<html>", {}, hg.Kind.OVERLOADED, "the provider answered 503"),
        (b'{"__type":"ns#ThrottlingException"}', {}, hg.Kind.RATE_LIMITED, None),
        (
            b'{"error":{"message":"no","code":"context_length_exceeded"}}',
            {},
            hg.Kind.CONTEXT_LENGTH,
            "no",
        ),
    ],
)
def test_errors_that_look_otherwise(
    body: bytes, headers: dict[str, str], kind: hg.Kind, told: str | None
) -> None:
    failure = BEDROCK.failure(chat(), hg.Response(503, headers, body))
    assert failure.kind is kind
    assert told is None or failure.message == told


def test_a_wait_is_passed_on() -> None:
    headers = {NAME: "ThrottlingException", "retry-after": "7"}
    assert BEDROCK.failure(chat(), hg.Response(429, headers, b"{}")).retry_after == 7


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("throttlingException", "rate_limit_error"),
        ("serviceUnavailableException", "overloaded_error"),
        ("validationException", "invalid_request_error"),
        ("modelTimeoutException", "timeout_error"),
        ("internalServerException", "api_error"),
        ("modelStreamErrorException", "api_error"),
    ],
)
def test_an_exception_among_claudes_events_is_anthropics_error(name: str, type_: str) -> None:
    (frame,) = ClaudeEvents().feed(exception(name, message="Oh no"))
    error = {"type": "error", "error": {"type": type_, "message": "Oh no"}}
    assert json.loads(frame.data or b"") == error
    assert frame.raw == b"event: error\ndata: " + (frame.data or b"") + b"\n\n"


def test_bedrocks_metrics_are_left_out_and_nothing_else_is_touched() -> None:
    start = {"type": "message_start", "message": {"id": "é", "n": 1.0}}
    stop = {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 1}}
    first, last = ClaudeEvents().feed(chunk(**start) + chunk(**stop))
    assert first.data == json.dumps(start, separators=(",", ":")).encode()
    assert last.raw == b'event: message_stop\ndata: {"type":"message_stop"}\n\n'


@pytest.mark.parametrize(
    "data",
    [
        event("chunk"),
        event("chunk", bytes=1),
        event("chunk", bytes="%"),
        event("chunk", bytes="W10="),
        event("chunk", bytes="e30="),
        event("chunk", bytes="eyJ0eXBlIjoxfQ=="),
        event("chunk", bytes="eyJ0eXBlIjoiYVxuYiJ9"),
        message(b"[]", b"\x0b:event-type\x07\x00\x05chunk"),
    ],
    ids=range(8),
)
def test_a_chunk_without_an_event_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        ClaudeEvents().feed(data)
