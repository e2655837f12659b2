"""Who speaks what, where calls go, and what the vendors' errors mean."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate_openai import Custom, OpenAI, providers

KINDS = {cls.kind: cls for cls in providers() if cls is not Custom}
TARGET = hg.Target("p", "theirs")
OPERATIONS = {
    "openai_chat": hg.Operation.CHAT,
    "openai_embeddings": hg.Operation.EMBEDDINGS,
    "openai_completions": hg.Operation.COMPLETIONS,
    "openai_responses": hg.Operation.RESPONSES,
    "anthropic_messages": hg.Operation.CHAT,
    "anthropic_count_tokens": hg.Operation.COUNT_TOKENS,
    "rerank": hg.Operation.RERANK,
}
LETTERS = dict(zip("cetrmnk", OPERATIONS, strict=True))
#: c chat, e embeddings, t text completions, r responses, m messages, n counted tokens, k rerank
SPEAKS = {
    "openai": "cetr",
    "groq": "c",
    "xai": "cr",
    "mistral": "ce",
    "deepseek": "cr",
    "together": "cetk",
    "openrouter": "cetr",
    "perplexity": "c",
    "fireworks": "cet",
    "cerebras": "ct",
    "lmstudio": "cetr",
    "vllm": "cetrk",
    "llamacpp": "cetrk",
}


def call(dialect: str, **fields: Any) -> hg.Call:
    body = fields.pop("body", {"model": "ours", "x": 1})
    return hg.Call("r", OPERATIONS[dialect], dialect, "ours", body, **fields)


def sent(made: hg.Provider, one: hg.Call, target: hg.Target = TARGET) -> hg.Request:
    request = made.request(one, target)
    assert isinstance(request, hg.Request)
    return request


def test_every_kind_is_in_the_table() -> None:
    assert SPEAKS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", SPEAKS)
def test_a_call_is_relayed_where_its_dialect_is_spoken(kind: str) -> None:
    made = KINDS[kind]()
    assert made.speaks == {LETTERS[letter] for letter in SPEAKS[kind]}
    for dialect in made.speaks:
        assert made.relays(call(dialect), TARGET)
        request = sent(made, call(dialect))
        assert request.body == {"model": "theirs", "x": 1}
        assert request.url.startswith(made.base_url)
    for dialect in OPERATIONS.keys() - made.speaks:
        assert not made.relays(call(dialect), TARGET)


@pytest.mark.parametrize(
    ("kind", "dialect", "url"),
    [
        ("openai", "openai_completions", "https://api.openai.com/v1/completions"),
        ("xai", "openai_responses", "https://api.x.ai/v1/responses"),
        ("vllm", "rerank", "http://127.0.0.1:8000/v1/rerank"),
    ],
)
def test_a_dialect_has_its_path(kind: str, dialect: str, url: str) -> None:
    assert sent(KINDS[kind](), call(dialect)).url == url


@pytest.mark.parametrize(
    ("resource", "method", "url", "body"),
    [
        (hg.Resource("GET", "/r1"), "GET", "/responses/r1", None),
        (hg.Resource("GET", "/r1", "stream=true"), "GET", "/responses/r1?stream=true", None),
        (hg.Resource("DELETE", "/r1"), "DELETE", "/responses/r1", None),
        (hg.Resource("POST", "/r1/cancel"), "POST", "/responses/r1/cancel", {}),
    ],
)
def test_a_stored_answer_is_asked_for_by_its_path(
    resource: hg.Resource, method: str, url: str, body: Any
) -> None:
    made = OpenAI(base_url="http://127.0.0.1:1/v1", defaults={"store": True})
    request = sent(made, call("openai_responses", resource=resource, body={}))
    assert (request.method, request.url) == (method, "http://127.0.0.1:1/v1" + url)
    assert request.body == body
    absent = made.failure(call("openai_responses", resource=resource), hg.Response(404, {}, b""))
    assert absent.kind is hg.Kind.NOT_FOUND


@pytest.mark.parametrize(("dialect", "asked"), [("c", True), ("t", True), ("r", False)])
def test_usage_is_asked_for_where_it_has_to_be(dialect: str, asked: bool) -> None:
    body = sent(OpenAI(), call(LETTERS[dialect], stream=True)).body
    assert isinstance(body, dict)
    assert ("stream_options" in body) is asked


def test_messages_go_out_with_the_clients_version() -> None:
    made = Custom(
        base_url="http://h/v1", dialects=("anthropic_messages",), headers={"X-Title": "us"}
    )
    theirs = {"anthropic-version": "2026-10-21", "anthropic-beta": "b"}
    assert sent(made, call("anthropic_messages")).headers == {
        "anthropic-version": "2023-06-01",
        "X-Title": "us",
    }
    assert sent(made, call("anthropic_messages", headers=theirs)).headers == {
        **theirs,
        "X-Title": "us",
    }
    listing = made.listing()
    assert listing is not None
    assert listing.headers == {"X-Title": "us"}


def test_a_custom_server_says_what_it_speaks_and_where_its_key_goes() -> None:
    plain = Custom(base_url="http://127.0.0.1:1")
    assert plain.speaks == {"openai_chat", "openai_embeddings", "openai_completions"}
    assert plain.auth_header == ("Authorization", "Bearer ")
    made = Custom(
        base_url="http://127.0.0.1:1", dialects=("rerank",), auth_name="api-key", auth_prefix=""
    )
    assert made.speaks == {"rerank"}
    assert made.auth_header == ("api-key", "")
    assert hash(made) == hash(made)
    assert made != plain
    with pytest.raises(ValueError, match="openai_chatt"):
        Custom(base_url="http://127.0.0.1:1", dialects=("openai_chatt",))


# Chats that go through the Responses API.

TOOLS = [{"type": "function", "function": {"name": "f"}}]
NEED, NONE, ONLY = (
    hg.Traits(words=frozenset({word}))
    for word in ("chat_tools_need_responses", "chat_tools_need_effort_none", "responses_only")
)


@pytest.mark.parametrize(
    ("model", "traits", "body", "relayed"),
    [
        ("gpt-4o", hg.Traits(), {"tools": TOOLS}, True),
        ("m", NEED, {}, True),
        ("m", NEED, {"tools": TOOLS}, False),
        ("m", NEED, {"tools": []}, True),
        ("gpt-6-astra-2026", hg.Traits(), {"tools": TOOLS}, False),
        ("gpt-6.1-sol", hg.Traits(), {"functions": TOOLS}, False),
        ("gpt-6.1-sol", hg.Traits(), {}, True),
        ("m", NONE, {}, True),
        ("m", NONE, {"tools": TOOLS}, False),
        ("m", NONE, {"tools": TOOLS, "reasoning_effort": "none"}, True),
        ("m", NONE, {"tools": TOOLS, "reasoning_effort": "low"}, False),
        ("m", ONLY, {}, False),
    ],
)
def test_a_chat_goes_through_responses_where_it_has_to(
    model: str, traits: hg.Traits, body: dict[str, Any], relayed: bool
) -> None:
    target = hg.Target("p", model).knowing(traits)
    chat = hg.Chat((hg.Message("user", (hg.TextPart("Hi"),)),))
    one = call("openai_chat", body=body, reader=lambda _: chat)
    made = OpenAI()
    assert made.relays(one, target) is relayed
    path = "/chat/completions" if relayed else "/responses"
    assert sent(made, one, target).url == made.base_url + path


def test_a_translated_chat_goes_through_responses_with_and_without_tools() -> None:
    chat = hg.Chat((hg.Message("user", (hg.TextPart("Hi"),)),))
    one = call("anthropic_messages", reader=lambda _: chat)
    made = OpenAI(reasoning_summary="auto")
    for traits in (NEED, NONE, ONLY):
        target = TARGET.knowing(traits)
        request = sent(made, one, target)
        assert request.url.endswith("/responses")
        assert isinstance(request.body, dict)
        assert request.body["reasoning"] == {"summary": "auto"}
        assert "stop" not in made.vocabulary(target)
        assert "document_urls" in made.vocabulary(target)
    assert sent(made, one).url.endswith("/chat/completions")
    assert "stop" in made.vocabulary(TARGET)


@pytest.mark.parametrize(
    ("word", "missing"),
    [
        ("no_sampling", {"temperature", "top_p", "top_k"}),
        ("no_sampling_when_reasoning", {"temperature", "top_p", "logprobs", "top_logprobs"}),
        ("no_forced_tool", {"tool_choice"}),
        ("vision", set()),
    ],
)
def test_a_model_is_told_only_what_it_takes(word: str, missing: set[str]) -> None:
    for made in (OpenAI(), KINDS["openrouter"]()):
        described = TARGET.knowing(hg.Traits(words=frozenset({word})))
        assert made.vocabulary(described) == made.vocabulary(TARGET) - missing


# Failures.


def openai_error(**fields: Any) -> str:
    return json.dumps({"error": {"message": "x", **fields}})


K = hg.Kind


@pytest.mark.parametrize(
    ("kind", "status", "body", "meaning"),
    [
        ("openai", 401, openai_error(code="invalid_api_key"), K.CREDENTIALS),
        ("openai", 429, openai_error(code="insufficient_quota"), K.QUOTA_EXHAUSTED),
        ("openai", 429, openai_error(code="rate_limit_exceeded"), K.RATE_LIMITED),
        ("openai", 503, openai_error(code="server_is_overloaded"), K.OVERLOADED),
        ("openai", 400, openai_error(code="context_length_exceeded"), K.CONTEXT_LENGTH),
        ("openai", 400, openai_error(code="invalid_prompt"), K.CONTENT_FILTER),
        ("openai", 400, openai_error(code="unsupported_parameter"), K.INVALID_REQUEST),
        ("openai", 502, "<html>Bad Gateway</html>", K.SERVER_ERROR),
        ("xai", 400, '{"code":"x","error":"Incorrect API key provided."}', K.CREDENTIALS),
        ("xai", 400, '{"code":"x","error":"temperature is wrong"}', K.INVALID_REQUEST),
        ("xai", 403, '{"code":"x","error":"used all available credits"}', K.QUOTA_EXHAUSTED),
        ("xai", 403, '{"code":"x","error":"Content violates usage guidelines."}', K.CONTENT_FILTER),
        ("xai", 403, '{"code":"x","error":"not allowed"}', K.CREDENTIALS),
        ("mistral", 401, '{"detail":"Unauthorized"}', K.CREDENTIALS),
        (
            "mistral",
            400,
            '{"object":"error","message":"Invalid model: x","type":"invalid_model","code":"1500"}',
            K.MODEL_NOT_FOUND,
        ),
        (
            "mistral",
            422,
            '{"object":"error","message":{"detail":[{"loc":["body","x"],"msg":"extra"}]}}',
            K.INVALID_REQUEST,
        ),
        ("mistral", 422, '{"detail":[{"loc":["body"],"msg":"extra"}]}', K.INVALID_REQUEST),
        ("groq", 413, openai_error(type="tokens", code="rate_limit_exceeded"), K.RATE_LIMITED),
        ("groq", 498, openai_error(code="capacity_exceeded"), K.OVERLOADED),
        ("groq", 400, openai_error(code="model_decommissioned"), K.MODEL_NOT_FOUND),
        ("openrouter", 402, openai_error(code=402), K.QUOTA_EXHAUSTED),
        ("openrouter", 408, openai_error(code=408), K.OVERLOADED),
        ("openrouter", 403, openai_error(code=403, message="moderation: x"), K.CONTENT_FILTER),
        ("openrouter", 400, openai_error(message="y is not a valid model ID"), K.MODEL_NOT_FOUND),
        ("together", 403, openai_error(message="max_tokens over context"), K.CONTEXT_LENGTH),
        ("together", 529, openai_error(), K.OVERLOADED),
        ("together", 524, "", K.SERVER_ERROR),
        ("deepseek", 402, openai_error(message="Insufficient Balance"), K.QUOTA_EXHAUSTED),
        ("deepseek", 400, openai_error(message="Model Not Exist"), K.MODEL_NOT_FOUND),
        ("perplexity", 401, openai_error(type="insufficient_quota"), K.QUOTA_EXHAUSTED),
        ("llamacpp", 503, openai_error(type="unavailable_error", code=503), K.OVERLOADED),
        ("llamacpp", 400, openai_error(type="exceed_context_size_error"), K.CONTEXT_LENGTH),
        ("llamacpp", 501, openai_error(type="not_supported_error"), K.INVALID_REQUEST),
        ("vllm", 404, openai_error(type="NotFoundError", code=404), K.MODEL_NOT_FOUND),
        (
            "vllm",
            400,
            openai_error(message="maximum context length is 10 tokens", type="BadRequestError"),
            K.CONTEXT_LENGTH,
        ),
        ("vllm", 400, '{"object":"error","message":"no","code":400}', K.INVALID_REQUEST),
    ],
)
def test_an_error_means_one_of_a_closed_set(
    kind: str, status: int, body: str, meaning: hg.Kind
) -> None:
    response = hg.Response(status, {}, body.encode())
    failure = KINDS[kind]().failure(call("openai_chat"), response)
    assert (failure.kind, failure.status) == (meaning, status)
    assert failure.message


def test_what_the_vendor_behind_openrouter_said_is_passed_on() -> None:
    error = {"message": "Provider returned error", "code": 429, "metadata": {"raw": "slow down"}}
    body = json.dumps({"error": error}).encode()
    failure = KINDS["openrouter"]().failure(call("openai_chat"), hg.Response(429, {}, body))
    assert failure.message == "Provider returned error: slow down"


@pytest.mark.parametrize(
    ("headers", "message", "wait"),
    [
        ({"retry-after": "7"}, "try again in 3s", 7.0),
        ({"retry-after-ms": "1500"}, "", 1.5),
        ({}, "Please try again in 20ms.", 0.02),
        ({}, "Please try again in 7m12s. Visit", 432.0),
        ({}, "Please try again in 1h0m5.5s", 3605.5),
        ({}, "Please try again in a while", None),
        (
            {
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "2m59.56s",
                "x-ratelimit-remaining-requests": "5",
                "x-ratelimit-reset-requests": "24h",
            },
            "",
            179.56,
        ),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"}, "", None),
    ],
)
def test_how_long_to_wait_is_read_in_every_form(
    headers: dict[str, str], message: str, wait: float | None
) -> None:
    body = openai_error(message=message or "x", code="rate_limit_exceeded").encode()
    failure = OpenAI().failure(call("openai_chat"), hg.Response(429, headers, body))
    assert failure.retry_after == pytest.approx(wait)


@pytest.mark.parametrize(
    ("body", "listed"),
    [
        ({"data": [{"id": "a", "created": 5}]}, [hg.Listed("a", 5)]),
        ([{"id": "a", "context_length": 9}], [hg.Listed("a", 0, 9)]),
        ({"data": [{"id": "a", "max_context_length": 9}]}, [hg.Listed("a", 0, 9)]),
        ({"data": [{"id": "a", "created": None, "max_model_len": 9}]}, [hg.Listed("a", 0, 9)]),
        ({"data": [{"id": "a", "context_window": 9}]}, [hg.Listed("a", 0, 9)]),
    ],
)
def test_models_are_listed_in_every_form(body: Any, listed: list[hg.Listed]) -> None:
    response = hg.Response(200, {}, json.dumps(body).encode())
    assert list(OpenAI().listed(response)) == listed


@pytest.mark.parametrize("body", [b"{}", b"[3]", b'{"data": 3}', b'{"data": [{}]}'])
def test_a_list_that_is_none_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="model"):
        list(OpenAI().listed(hg.Response(200, {}, body)))
