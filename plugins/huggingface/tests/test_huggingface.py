"""What is sent to Hugging Face's servers, and what is read out of their answers."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate.provider.fit import fitted
from headgate_huggingface import HuggingFace, TextEmbeddings, providers

MODEL = "BAAI/bge-m3"
TARGET = hg.Target("hf", MODEL)


def call(dialect: str, operation: hg.Operation, value: Any = None, **body: Any) -> hg.Call:
    reader = None if value is None else lambda _: value
    return hg.Call("r", operation, dialect, "hf/x", {"model": "hf/x", **body}, reader=reader)


def embedding(*inputs: Any, **fields: Any) -> hg.Call:
    embed = hg.Embed(inputs, **fields)
    return call("openai_embeddings", hg.Operation.EMBEDDINGS, embed)


def answered(made: hg.Provider, asked: hg.Call, body: object, **headers: str) -> list[hg.Event]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(made.reply(asked, TARGET, hg.Response(200, headers, raw)))


def fit(made: hg.Provider, asked: hg.Call, target: hg.Target = TARGET) -> hg.Request:
    """The request, after the gateway's own check of what can be said."""
    fitting, _ = fitted(asked, made.offers, made.vocabulary(target), drop=False)
    request = made.request(fitting, target)
    assert isinstance(request, hg.Request)
    return request


@pytest.mark.parametrize(
    ("dialect", "path"),
    [("openai_chat", "/chat/completions"), ("openai_responses", "/responses")],
)
@pytest.mark.parametrize("bill_to", [None, "acme"])
def test_chats_and_responses_are_relayed(dialect: str, path: str, bill_to: str | None) -> None:
    made = HuggingFace(bill_to=bill_to)
    asked = call(dialect, hg.Operation.CHAT, anything=[1])
    assert made.relays(asked, TARGET)
    request = made.request(asked, TARGET)
    assert request.url == "https://router.huggingface.co/v1" + path
    assert request.body == {"model": MODEL, "anything": [1]}
    assert request.headers == ({"X-HF-Bill-To": "acme"} if bill_to else {})


@pytest.mark.parametrize(
    ("model", "base_url", "url"),
    [
        (
            MODEL,
            "https://router.huggingface.co/v1",
            "https://router.huggingface.co/hf-inference/models/BAAI/bge-m3/pipeline",
        ),
        (
            f"{MODEL}:cheapest",
            "http://h:1/v1/",
            "http://h:1/hf-inference/models/BAAI/bge-m3/pipeline",
        ),
        ("a b/ü", "http://h:1", "http://h:1/hf-inference/models/a%20b/%C3%BC/pipeline"),
    ],
    ids=["default", "policy", "quoted"],
)
def test_embeddings_are_features(model: str, base_url: str, url: str) -> None:
    made = HuggingFace(base_url=base_url, bill_to="acme")
    asked = embedding("a", "b", extras={"normalize": True})
    assert not made.relays(asked, TARGET)
    request = made.request(asked, hg.Target("hf", model))
    assert request.url == url + "/feature-extraction"
    assert request.body == {"inputs": ["a", "b"], "normalize": True}
    assert request.headers == {"X-HF-Bill-To": "acme"}


@pytest.mark.parametrize(
    ("asked", "model", "param"),
    [
        (embedding((1, 2)), MODEL, "input"),
        (embedding("a"), f"{MODEL}:groq", "model"),
        (embedding("a", dimensions=64), MODEL, "dimensions"),
        (embedding("a", extras={"mood": 1}), MODEL, "mood"),
    ],
    ids=["token-ids", "another-vendor", "dimensions", "unheard-of"],
)
def test_what_features_cannot_be(asked: hg.Call, model: str, param: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        fit(HuggingFace(), asked, hg.Target("hf", model))
    assert refused.value.param == param


def test_features_are_read() -> None:
    events = answered(HuggingFace(), embedding("a", "b"), [[0.5, 1], [-1e-3, 0]])
    assert events == [hg.Vector(0, (0.5, 1)), hg.Vector(1, (-0.001, 0))]


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[" * 100_000,
        {},
        [],
        [[1]],
        [1, 2],
        [["a"], [1]],
        [[True], [1]],
        b"[[1e999],[1]]",
    ],
    ids=lambda body: str(body)[:12],
)
def test_features_that_make_no_sense(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        answered(HuggingFace(), embedding("a", "b"), body)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ([[[0.5], [1]], [[0.5], [1]]], hg.Kind.UNSUPPORTED),
        ({"error": "out of memory"}, hg.Kind.SERVER_ERROR),
        ({"error": ["a", "b"], "error_type": "overloaded"}, hg.Kind.OVERLOADED),
    ],
    ids=["token-vectors", "error", "overloaded"],
)
def test_features_that_are_none(body: object, kind: hg.Kind) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        answered(HuggingFace(), embedding("a", "b"), body)
    assert failed.value.failure.kind is kind


UNPAID = "You have exceeded your monthly included credits"
FAULTS: list[tuple[int, Any, hg.Kind, str, float | None]] = [
    (401, {"error": "Invalid username or password."}, hg.Kind.CREDENTIALS, "Invalid user", None),
    (402, {"error": UNPAID}, hg.Kind.QUOTA_EXHAUSTED, UNPAID, None),
    (
        400,
        {"error": {"message": "no", "code": "model_not_supported", "param": "model"}},
        hg.Kind.MODEL_NOT_FOUND,
        "no",
        None,
    ),
    (
        400,
        {"error": "Model x is not supported by any provider you have enabled"},
        hg.Kind.MODEL_NOT_FOUND,
        "Model x",
        None,
    ),
    (404, "Not Found", hg.Kind.MODEL_NOT_FOUND, "Not Found", None),
    (
        503,
        {"error": "Model x is currently loading", "estimated_time": 20.5},
        hg.Kind.OVERLOADED,
        "Model x is",
        20.5,
    ),
    (503, {"error": "Loading", "estimated_time": -1}, hg.Kind.OVERLOADED, "Loading", None),
    (
        429,
        {"error": "Model is overloaded", "error_type": "overloaded"},
        hg.Kind.OVERLOADED,
        "Model is",
        None,
    ),
    (
        429,
        {"message": "Model is overloaded", "code": 429, "type": "overloaded"},
        hg.Kind.OVERLOADED,
        "Model is",
        None,
    ),
    (429, {"error": "Too many requests"}, hg.Kind.RATE_LIMITED, "Too many", None),
    (
        413,
        {"error": "batch size 64 > maximum allowed batch size 32", "error_type": "validation"},
        hg.Kind.TOO_LARGE,
        "batch",
        None,
    ),
    (
        422,
        {"error": "batch size 64 > maximum allowed batch size 32", "error_type": "Validation"},
        hg.Kind.TOO_LARGE,
        "batch",
        None,
    ),
    (
        422,
        {
            "error": "`inputs` must have less than 512 tokens. Given: 600",
            "error_type": "validation",
        },
        hg.Kind.CONTEXT_LENGTH,
        "`inputs`",
        None,
    ),
    (
        422,
        {"message": "`inputs` must have less than 512 tokens", "code": 422, "type": "validation"},
        hg.Kind.CONTEXT_LENGTH,
        "`inputs`",
        None,
    ),
    (422, {"error": "bad", "error_type": "tokenizer"}, hg.Kind.INVALID_REQUEST, "bad", None),
    (
        400,
        {"error": "`inputs` is empty", "error_type": "empty"},
        hg.Kind.INVALID_REQUEST,
        "`",
        None,
    ),
    (424, {"error": "kernel", "error_type": "backend"}, hg.Kind.SERVER_ERROR, "kernel", None),
    (503, {"error": "sick", "error_type": "unhealthy"}, hg.Kind.OVERLOADED, "sick", None),
    (400, {"error": ["one", "two", 3]}, hg.Kind.INVALID_REQUEST, "one; two", None),
    (502, b"<html>", hg.Kind.SERVER_ERROR, "the provider answered 502", None),
]


@pytest.mark.parametrize("made", [HuggingFace(), TextEmbeddings()], ids=["router", "tei"])
@pytest.mark.parametrize(
    ("status", "body", "kind", "message", "wait"),
    FAULTS,
    ids=[f"{number}-{fault[0]}" for number, fault in enumerate(FAULTS)],
)
def test_errors(
    made: hg.Provider, status: int, body: Any, kind: hg.Kind, message: str, wait: float | None
) -> None:
    text = isinstance(body, str)
    raw = body.encode() if isinstance(body, str) else body
    raw = raw if isinstance(raw, bytes) else json.dumps(raw).encode()
    headers = {"content-type": "text/plain; charset=utf-8" if text else "application/json"}
    failure = made.failure(embedding("a"), hg.Response(status, headers, raw))
    assert failure.kind is kind
    assert failure.message.startswith(message)
    assert (failure.status, failure.retry_after) == (status, wait)


def test_a_wait_in_the_headers_counts_more_than_a_guess() -> None:
    body = b'{"error": "loading", "estimated_time": 20}'
    failure = HuggingFace().failure(embedding("a"), hg.Response(503, {"retry-after": "0"}, body))
    assert failure.retry_after == 0


@pytest.mark.parametrize(
    ("limits", "wait"),
    [('"api";r=0;t=55', 55), ('"api"; r=0; t=7', 7), ('"api";r=0', None), ("", None)],
    ids=["tight", "loose", "no-window", "none"],
)
def test_the_window_of_a_rate_limit_is_a_wait(limits: str, wait: float | None) -> None:
    response = hg.Response(429, {"ratelimit": limits}, b'{"error": "Too many requests"}')
    failure = HuggingFace().failure(embedding("a"), response)
    assert (failure.kind, failure.retry_after) == (hg.Kind.RATE_LIMITED, wait)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "error_type", "index", "score", "code"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(values, st.sampled_from([400, 404, 422, 429, 500, 503]))
def test_whatever_comes_back_is_an_answer_a_failure_or_nonsense(value: Any, status: int) -> None:
    made, asked, raw = HuggingFace(), embedding("a", "b"), json.dumps(value).encode()
    assert made.failure(asked, hg.Response(status, {}, raw)).message
    with contextlib.suppress(ValueError, hg.CallFailed):
        assert len(answered(made, asked, raw)) == 2


def test_the_plugin_is_two_kinds() -> None:
    assert [cls.kind for cls in providers()] == ["huggingface", "tei"]
    assert (HuggingFace.env_key, HuggingFace.keyless) == ("HF_TOKEN", False)
    assert (TextEmbeddings.env_url, TextEmbeddings.keyless) == ("TEI_BASE_URL", True)
    listing = HuggingFace().listing()
    assert listing is not None
    assert listing.url == "https://router.huggingface.co/v1/models"
