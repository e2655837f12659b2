"""Failures in the words of OpenAI's SDKs."""

from __future__ import annotations

import orjson
import pytest

from headgate.dialects.openai_errors import WORDS, error_body, error_frame
from headgate.dialects.statuses import STATUSES, status_of
from headgate.provider.failure import Failure, Kind
from headgate.provider.framing import SSE

ANSWERS = {
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


def test_every_kind_has_words() -> None:
    assert set(WORDS) == set(STATUSES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_status(kind: Kind) -> None:
    assert status_of(Failure(kind, "x")) == ANSWERS[kind]


@pytest.mark.parametrize("kind", Kind)
def test_an_error_has_the_fields_that_the_sdks_read(kind: Kind) -> None:
    error = orjson.loads(error_body(Failure(kind, "why", param="n"), "req_1"))["error"]
    assert error["message"] == "why"
    assert isinstance(error["type"], str)
    assert error["param"] == "n"
    assert "code" in error
    assert error["request_id"] == "req_1"


@pytest.mark.parametrize("kind", [Kind.CREDENTIALS, Kind.QUOTA_EXHAUSTED])
@pytest.mark.parametrize("vendors", [401, 402, 403])
def test_the_operators_key_is_never_the_clients_401(kind: Kind, vendors: int) -> None:
    failure = Failure(kind, "no", status=vendors, code="invalid_api_key")
    assert status_of(failure) == 502
    error = orjson.loads(error_body(failure, "r"))["error"]
    assert error["code"] == "upstream_credentials_exhausted"


@pytest.mark.parametrize(
    ("vendors", "clients"), [(400, 400), (422, 422), (405, 400), (418, 400), (None, 400)]
)
def test_a_vendors_refusal_of_a_parameter_never_makes_an_sdk_act(
    vendors: int | None, clients: int
) -> None:
    assert status_of(Failure(Kind.INVALID_REQUEST, "x", status=vendors)) == clients


def test_a_refused_parameter_keeps_the_vendors_words() -> None:
    failure = Failure(Kind.INVALID_REQUEST, "x", 400, None, "integer_below_min_value", "t", "n")
    error = orjson.loads(error_body(failure, "r"))["error"]
    assert (error["type"], error["code"], error["param"]) == ("t", "integer_below_min_value", "n")


def test_an_error_in_a_stream_is_one_frame_without_an_end_marker() -> None:
    raw = error_frame(Failure(Kind.CUT, "line\nbreak"), "r")
    frames = SSE().feed(raw)
    assert len(frames) == 1
    assert frames[0].data is not None
    assert orjson.loads(frames[0].data)["error"]["code"] == "upstream_stream_cut"
    assert b"[DONE]" not in raw
