"""What a vendor's refusal means: whose fault it is, and what the client is told."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.provider.classify import STATUSES, by_status, error_object, from_error
from headgate.provider.failure import Kind
from headgate.provider.wire import Response


def refusal(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status, headers or {}, raw)


def openai(message: str, **fields: object) -> dict[str, object]:
    return {"error": {"message": message, "type": None, "param": None, "code": None, **fields}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.INVALID_REQUEST),
        (401, Kind.CREDENTIALS),
        (402, Kind.QUOTA_EXHAUSTED),
        (403, Kind.CREDENTIALS),
        (404, Kind.MODEL_NOT_FOUND),
        (405, Kind.INVALID_REQUEST),
        (408, Kind.OVERLOADED),
        (409, Kind.OVERLOADED),
        (413, Kind.TOO_LARGE),
        (415, Kind.UNSUPPORTED_MEDIA),
        (418, Kind.INVALID_REQUEST),
        (422, Kind.INVALID_REQUEST),
        (424, Kind.SERVER_ERROR),
        (429, Kind.RATE_LIMITED),
        (498, Kind.OVERLOADED),
        (500, Kind.SERVER_ERROR),
        (502, Kind.SERVER_ERROR),
        (503, Kind.OVERLOADED),
        (504, Kind.SERVER_ERROR),
        (520, Kind.SERVER_ERROR),
        (524, Kind.SERVER_ERROR),
        (529, Kind.OVERLOADED),
        (599, Kind.SERVER_ERROR),
        (301, Kind.GARBLED),
        (307, Kind.GARBLED),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b"{}", b"\xff", b"null"])
def test_a_status_alone_says_whose_fault_it_is(status: int, kind: Kind, body: bytes) -> None:
    failure = by_status(refusal(status, body))
    assert failure.kind is kind
    assert failure.status == status
    assert failure.message == f"the provider answered {status}"


def test_a_vendor_may_mean_something_else_by_a_status() -> None:
    overrides = {418: Kind.OVERLOADED, 404: Kind.SERVER_ERROR}
    assert by_status(refusal(418, b""), overrides).kind is Kind.OVERLOADED
    assert by_status(refusal(404, b""), overrides).kind is Kind.SERVER_ERROR
    assert by_status(refusal(429, b""), overrides).kind is Kind.RATE_LIMITED


VENDORS = [
    pytest.param(
        429,
        openai("You exceeded your current quota", code="insufficient_quota"),
        (Kind.QUOTA_EXHAUSTED, "You exceeded your current quota"),
        id="openai: no money left",
    ),
    pytest.param(
        429,
        openai("Rate limit reached", type="tokens", code="rate_limit_exceeded"),
        (Kind.RATE_LIMITED, "Rate limit reached"),
        id="openai: rate limit",
    ),
    pytest.param(
        400,
        openai("too long", type="invalid_request_error", code="context_length_exceeded"),
        (Kind.CONTEXT_LENGTH, "too long"),
        id="openai: context length",
    ),
    pytest.param(
        400,
        openai("no", code="content_policy_violation"),
        (Kind.CONTENT_FILTER, "no"),
        id="openai: content policy",
    ),
    pytest.param(
        400,
        {
            "error": {
                "code": "content_filter",
                "message": "filtered",
                "status": 400,
                "innererror": {"code": "ResponsibleAIPolicyViolation"},
            }
        },
        (Kind.CONTENT_FILTER, "filtered"),
        id="azure: prompt blocked",
    ),
    pytest.param(
        401,
        {"error": {"code": "401", "message": "Access denied"}},
        (Kind.CREDENTIALS, "Access denied"),
        id="azure: key",
    ),
    pytest.param(
        401,
        {"statusCode": 401, "message": "Access denied"},
        (Kind.CREDENTIALS, "Access denied"),
        id="azure: the front door's flat body",
    ),
    pytest.param(
        429,
        {"error": {"code": "RateLimitReached", "message": "slow"}},
        (Kind.RATE_LIMITED, "slow"),
        id="azure: rate limit",
    ),
    pytest.param(
        529,
        {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
        (Kind.OVERLOADED, "Overloaded"),
        id="anthropic: overloaded",
    ),
    pytest.param(
        429,
        [{"error": {"code": 429, "message": "Quota", "status": "RESOURCE_EXHAUSTED"}}],
        (Kind.RATE_LIMITED, "Quota"),
        id="gemini: a list around the error",
    ),
    pytest.param(
        413,
        openai("Request too large for TPM", type="tokens", code="rate_limit_exceeded"),
        (Kind.RATE_LIMITED, "Request too large for TPM"),
        id="groq: too large for the minute",
    ),
    pytest.param(
        498,
        openai("capacity", code="capacity_exceeded"),
        (Kind.OVERLOADED, "capacity"),
        id="groq: flex capacity",
    ),
    pytest.param(
        404,
        {"code": "Some requested entity was not found", "error": "The model x does not exist"},
        (Kind.MODEL_NOT_FOUND, "The model x does not exist"),
        id="xai: the error is a string",
    ),
    pytest.param(
        400,
        {"object": "error", "message": "bad", "type": "invalid_request_error", "code": 3051},
        (Kind.INVALID_REQUEST, "bad"),
        id="mistral: flat",
    ),
    pytest.param(
        422,
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "user"], "msg": "Extra inputs"}]},
        (Kind.INVALID_REQUEST, "body.user: Extra inputs"),
        id="mistral: FastAPI detail",
    ),
    pytest.param(
        422,
        {
            "object": "error",
            "message": {"detail": [{"loc": ["body", "messages", 0], "msg": "Field required"}]},
        },
        (Kind.INVALID_REQUEST, "body.messages.0: Field required"),
        id="mistral: detail inside message",
    ),
    pytest.param(
        401, {"detail": "Unauthorized"}, (Kind.CREDENTIALS, "Unauthorized"), id="mistral: key"
    ),
    pytest.param(
        402,
        openai("Insufficient Balance"),
        (Kind.QUOTA_EXHAUSTED, "Insufficient Balance"),
        id="deepseek: balance",
    ),
    pytest.param(
        408,
        {"error": {"code": 408, "message": "timed out", "metadata": {"provider_name": "x"}}},
        (Kind.OVERLOADED, "timed out"),
        id="openrouter: int code",
    ),
    pytest.param(
        400,
        {
            "object": "error",
            "message": "This model's maximum context length is 4096 tokens",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        (Kind.CONTEXT_LENGTH, "This model's maximum context length is 4096 tokens"),
        id="vllm: context length in words only",
    ),
    pytest.param(
        400,
        {
            "error": {
                "code": 400,
                "message": "the request exceeds the available context size",
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 9000,
                "n_ctx": 4096,
            }
        },
        (Kind.CONTEXT_LENGTH, "the request exceeds the available context size"),
        id="llama.cpp: context size",
    ),
    pytest.param(
        503,
        {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
        (Kind.OVERLOADED, "Loading model"),
        id="llama.cpp: loading",
    ),
    pytest.param(
        404,
        {"error": "model 'x' not found, try pulling it first"},
        (Kind.MODEL_NOT_FOUND, "model 'x' not found, try pulling it first"),
        id="ollama: the error is a string",
    ),
    pytest.param(
        413,
        {"error": "batch size 64 > maximum allowed batch size 32", "error_type": "Validation"},
        (Kind.TOO_LARGE, "batch size 64 > maximum allowed batch size 32"),
        id="text-embeddings-inference",
    ),
    pytest.param(
        500, {"message": "internal", "id": "1"}, (Kind.SERVER_ERROR, "internal"), id="cohere: flat"
    ),
]


@pytest.mark.parametrize(("status", "body", "expected"), VENDORS)
def test_the_error_bodies_of_vendors_are_understood(
    status: int, body: Any, expected: tuple[Kind, str]
) -> None:
    failure = by_status(refusal(status, body))
    assert (failure.kind, failure.message) == expected
    assert failure.status == status


@pytest.mark.parametrize("padding", [b"  ", b"\n\n", b"\r\n"])
def test_blank_lines_around_an_error_do_not_matter(padding: bytes) -> None:
    body = padding + orjson.dumps(openai("no money", code="insufficient_quota")) + padding
    assert by_status(refusal(429, body)).kind is Kind.QUOTA_EXHAUSTED


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.CONTEXT_LENGTH),
        (413, Kind.CONTEXT_LENGTH),
        (422, Kind.CONTEXT_LENGTH),
        (500, Kind.SERVER_ERROR),
        (429, Kind.RATE_LIMITED),
    ],
)
def test_words_about_the_context_count_only_where_the_request_is_at_fault(
    status: int, kind: Kind
) -> None:
    body = openai("Please reduce: the Context Window of 8192 tokens is exceeded")
    assert by_status(refusal(status, body)).kind is kind


def test_a_vendors_own_words_are_kept_for_the_client() -> None:
    body = openai("bad n", type="invalid_request_error", param="n", code="integer_below_min_value")
    failure = by_status(refusal(400, body))
    assert (failure.type, failure.param, failure.code) == (
        "invalid_request_error",
        "n",
        "integer_below_min_value",
    )


@pytest.mark.parametrize(
    ("code", "expected"), [(400, "400"), ("x", "x"), (None, None), (True, None), ([1], None)]
)
def test_a_code_is_a_word_or_nothing(code: object, expected: str | None) -> None:
    assert from_error({"message": "x", "code": code}, Kind.SERVER_ERROR).code == expected


def test_a_huge_error_is_cut() -> None:
    body = openai("x" * 100_000, code="c" * 100_000, type="t" * 100_000, param="p" * 100_000)
    failure = by_status(refusal(400, body))
    assert len(failure.message) <= 2000
    assert all(len(word or "") <= 200 for word in (failure.code, failure.type, failure.param))


@pytest.mark.parametrize(
    "detail",
    [
        pytest.param([{"loc": None, "msg": "Field required"}], id="loc is null"),
        pytest.param([{"loc": 3, "msg": "Field required"}], id="loc is a number"),
        pytest.param([{"msg": "Field required"}], id="no loc"),
        pytest.param(["Field required"], id="a list of texts"),
    ],
)
def test_an_odd_detail_is_still_the_clients_fault(detail: object) -> None:
    assert by_status(refusal(422, {"detail": detail})).kind is Kind.INVALID_REQUEST


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ("error", "message", "detail", "code", "type", "param", "loc", "msg", "object")
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted({*STATUSES, 500, 302, 418})), json_values)
def test_no_json_body_is_too_odd_to_be_classified(status: int, body: object) -> None:
    failure = by_status(refusal(status, orjson.dumps(body)))
    assert isinstance(failure.kind, Kind)
    assert failure.message


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60))
def test_no_bytes_are_too_odd_to_be_looked_at(body: bytes) -> None:
    assert isinstance(error_object(body), dict)


@pytest.mark.parametrize(
    "error",
    [
        {"message": "the request exceeds the available context size, try increasing it"},
        {
            "message": "The total length of all messages is too long.",
            "type": "too_many_prompt_tokens",
        },
    ],
)
def test_a_prompt_that_is_too_long_is_known_by_many_words(error: dict[str, str]) -> None:
    assert by_status(refusal(400, {"error": error})).kind is Kind.CONTEXT_LENGTH
