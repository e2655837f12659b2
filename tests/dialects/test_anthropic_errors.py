"""Failures in the words of Anthropic's SDKs, and usage both ways."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.dialects.anthropic_errors import (
    error_body,
    error_frame,
    error_type,
    in_band_failure,
    renamed,
)
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.anthropic_usage import write_usage
from headgate.provider.events import Usage
from headgate.provider.failure import Failure, Kind
from headgate.provider.framing import SSE
from headgate.provider.usage import messages_usage as read_usage

TYPES = {
    Kind.INVALID_REQUEST: "invalid_request_error",
    Kind.TOO_LARGE: "request_too_large",
    Kind.UNSUPPORTED_MEDIA: "invalid_request_error",
    Kind.CONTEXT_LENGTH: "invalid_request_error",
    Kind.CONTENT_FILTER: "invalid_request_error",
    Kind.MODEL_NOT_FOUND: "not_found_error",
    Kind.UNSUPPORTED: "invalid_request_error",
    Kind.RATE_LIMITED: "rate_limit_error",
    Kind.QUOTA_EXHAUSTED: "api_error",
    Kind.CREDENTIALS: "api_error",
    Kind.OVERLOADED: "overloaded_error",
    Kind.SERVER_ERROR: "api_error",
    Kind.CONNECTION: "api_error",
    Kind.TIMEOUT: "timeout_error",
    Kind.GARBLED: "api_error",
    Kind.CUT: "api_error",
    Kind.PLUGIN: "api_error",
    Kind.UNAUTHENTICATED: "authentication_error",
    Kind.FORBIDDEN: "permission_error",
    Kind.NOT_FOUND: "not_found_error",
    Kind.METHOD_NOT_ALLOWED: "invalid_request_error",
    Kind.SLOW_CLIENT: "invalid_request_error",
    Kind.CONFLICT: "conflict_error",
    Kind.SHED: "overloaded_error",
    Kind.OVER_LIMIT: "rate_limit_error",
    Kind.OVER_BUDGET: "rate_limit_error",
    Kind.CANCELLED: "invalid_request_error",
}


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_type(kind: Kind) -> None:
    assert error_type(Failure(kind, "x")) == TYPES[kind]


def test_an_error_has_the_fields_that_the_sdks_read() -> None:
    failure = Failure(Kind.OVERLOADED, "busy", status=529, code="c", type="vendor_word")
    expected = {
        "type": "error",
        "error": {"type": "overloaded_error", "message": "busy"},
        "request_id": "req_1",
    }
    assert orjson.loads(error_body(failure, "req_1")) == expected
    assert orjson.loads(AnthropicMessages().error(failure, "req_1")) == expected
    (frame,) = SSE().feed(AnthropicMessages().cut(failure, "req_1"))
    assert frame.event == "error"
    assert orjson.loads(frame.data or b"") == expected
    assert error_frame(failure, "req_1") == frame.raw


def error(type_: Any, message: Any = "why") -> dict[str, Any]:
    return {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_2"}


@pytest.mark.parametrize(
    ("event", "kind", "message"),
    [
        pytest.param(error("invalid_request_error"), Kind.INVALID_REQUEST, "why", id="invalid"),
        pytest.param(
            error("invalid_request_error", "prompt is too long: 9 tokens > 8 maximum"),
            Kind.CONTEXT_LENGTH,
            "prompt is too long: 9 tokens > 8 maximum",
            id="too long",
        ),
        pytest.param(error("authentication_error"), Kind.CREDENTIALS, "why", id="authentication"),
        pytest.param(error("permission_error"), Kind.CREDENTIALS, "why", id="permission"),
        pytest.param(error("billing_error"), Kind.QUOTA_EXHAUSTED, "why", id="billing"),
        pytest.param(error("not_found_error"), Kind.MODEL_NOT_FOUND, "why", id="not found"),
        pytest.param(error("request_too_large"), Kind.TOO_LARGE, "why", id="too large"),
        pytest.param(error("rate_limit_error"), Kind.RATE_LIMITED, "why", id="rate limit"),
        pytest.param(error("timeout_error"), Kind.TIMEOUT, "why", id="timeout"),
        pytest.param(error("overloaded_error"), Kind.OVERLOADED, "why", id="overloaded"),
        pytest.param(error("api_error"), Kind.SERVER_ERROR, "why", id="api"),
        pytest.param(error("word_of_tomorrow"), Kind.SERVER_ERROR, "why", id="unknown"),
        pytest.param(error(5), Kind.SERVER_ERROR, "why", id="type a number"),
        pytest.param({"error": "busy"}, Kind.SERVER_ERROR, "busy", id="a text"),
        pytest.param(
            {"type": "error"}, Kind.SERVER_ERROR, "the provider reported an error", id="nothing"
        ),
    ],
)
def test_an_error_inside_an_answer(event: dict[str, Any], kind: Kind, message: str) -> None:
    failure = in_band_failure(event)
    assert (failure.kind, failure.message) == (kind, message)


def test_only_refusals_of_a_parameter_are_said_anew() -> None:
    unnamed = Failure(Kind.INVALID_REQUEST, "Bad.")
    foreign = Failure(Kind.MODEL_NOT_FOUND, "The model 'x' does not exist.", param="model")
    assert (renamed(unnamed), renamed(foreign)) == (unnamed, foreign)


USAGES: list[tuple[dict[str, Any], Usage]] = [
    ({"input_tokens": 3, "output_tokens": 4}, Usage(input=3, output=4)),
    ({"output_tokens": 4}, Usage(output=4)),
    (
        {
            "input_tokens": 3,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 20,
            "cache_creation": {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 9,
            "output_tokens_details": {"thinking_tokens": 7},
        },
        Usage(input=3, cached_input=20, cache_write=4, cache_write_long=6, output=2, reasoning=7),
    ),
    (
        {
            "input_tokens": 3,
            "output_tokens": 1,
            "cache_creation_input_tokens": 4,
            "cache_creation": {"ephemeral_1h_input_tokens": 6},
        },
        Usage(input=3, cache_write=0, cache_write_long=4, output=1),
    ),
    (
        {"input_tokens": 3, "output_tokens": 1, "cache_creation_input_tokens": 10},
        Usage(input=3, cache_write=10, output=1),
    ),
    (
        {"input_tokens": 3, "output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 6}},
        Usage(input=3, cache_write=0, cache_write_long=6, output=1),
    ),
    (
        {"input_tokens": 1, "output_tokens": 5, "output_tokens_details": {"thinking_tokens": 9}},
        Usage(input=1, output=0, reasoning=5),
    ),
    (
        {"input_tokens": 1, "output_tokens": 5, "cache_creation": None, "server_tool_use": None},
        Usage(input=1, output=5),
    ),
    ({"input_tokens": 1, "output_tokens": True}, Usage(input=1)),
]


@pytest.mark.parametrize(("said", "usage"), USAGES, ids=range(len(USAGES)))
def test_usage_is_read_in_classes(said: dict[str, Any], usage: Usage) -> None:
    assert read_usage(said) == usage


@pytest.mark.parametrize("said", [None, 5, {}, {"input_tokens": "3"}, {"output_tokens": -1}])
def test_what_is_no_usage(said: Any) -> None:
    assert read_usage(said) is None


counts = st.integers(0, 10**6)


# Only these classes: a bare class would have its other fields filled as well.
@given(
    st.builds(lambda *said: Usage(*said), *[counts] * 6)  # noqa: PLW0108
)
def test_usage_comes_back_as_it_was_written(usage: Usage) -> None:
    assert read_usage(write_usage(usage)) == usage


def test_audio_has_no_class_of_its_own() -> None:
    written = write_usage(Usage(input=1, audio_input=2, output=3, audio_output=4))
    assert (written["input_tokens"], written["output_tokens"]) == (3, 7)
