"""What Gemini is asked, checked against the types of Google's own SDK."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate_google import Gemini, Vertex

HELLO = [{"role": "user", "content": "Hello"}]
SCHEMA = {"type": "object", "properties": {"x": {"type": "integer"}}, "required": ["x"]}
TOOL = {
    "type": "function",
    "function": {"name": "look", "description": "Looks", "parameters": SCHEMA},
}
OTHER = {"type": "function", "function": {"name": "other"}}
VERTEX = Vertex(project="p")


Sent = Callable[..., Any]
Ask = Callable[..., hg.Request]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"top_p": 0.5}, {"topP": 0.5}),
        ({"top_k": 7}, {"topK": 7}),
        ({"max_tokens": 5}, {"maxOutputTokens": 5}),
        ({"max_completion_tokens": 6, "max_tokens": 5}, {"maxOutputTokens": 6}),
        ({"stop": "END"}, {"stopSequences": ["END"]}),
        ({"stop": ["a", "b"]}, {"stopSequences": ["a", "b"]}),
        ({"seed": 3}, {"seed": 3}),
        ({"seed": 0}, {"seed": 0}),
        ({"n": 1}, {}),
        ({"n": 3}, {"candidateCount": 3}),
        ({"presence_penalty": 0.5}, {"presencePenalty": 0.5}),
        ({"frequency_penalty": -1}, {"frequencyPenalty": -1}),
        ({"logprobs": True}, {"responseLogprobs": True}),
        ({"logprobs": True, "top_logprobs": 4}, {"responseLogprobs": True, "logprobs": 4}),
        ({"logprobs": False}, {}),
        ({"response_format": {"type": "text"}}, {}),
        (
            {"response_format": {"type": "json_object"}},
            {"responseMimeType": "application/json"},
        ),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "x", "schema": SCHEMA, "strict": True},
                }
            },
            {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA},
        ),
        ({"user": "ann", "store": False, "metadata": {"a": "b"}}, {}),
    ],
)
def test_settings_have_googles_names(
    sent: Sent, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    body = sent({"messages": HELLO, **fields})
    assert body.get("generationConfig", {}) == expected


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        ("gemini-2.5-flash", "none", {"thinkingBudget": 0}),
        ("gemini-2.5-flash", "low", {"thinkingBudget": 1024, "includeThoughts": True}),
        ("gemini-2.5-flash", "medium", {"thinkingBudget": 8192, "includeThoughts": True}),
        ("gemini-2.5-flash", "max", {"thinkingBudget": 24576, "includeThoughts": True}),
        ("gemini-2.5-flash-lite", "minimal", {"thinkingBudget": 512, "includeThoughts": True}),
        ("gemini-2.5-pro", "none", {"thinkingBudget": 128}),
        ("gemini-2.5-pro", "max", {"thinkingBudget": 32768, "includeThoughts": True}),
        ("gemini-3-flash-preview", "none", {"thinkingLevel": "minimal"}),
        ("gemini-3.5-flash", "minimal", {"thinkingLevel": "minimal", "includeThoughts": True}),
        ("gemini-3.5-flash", "high", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.5-flash", "xhigh", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.8-flash", "minimal", {"thinkingLevel": "low", "includeThoughts": True}),
        ("gemini-3.7-flash", "none", {"thinkingLevel": "low"}),
        ("gemini-3-pro-preview", "medium", {"thinkingLevel": "high", "includeThoughts": True}),
        ("gemini-3.1-pro-preview", "medium", {"thinkingLevel": "medium", "includeThoughts": True}),
        ("gemini-flash-latest", "low", {"thinkingLevel": "low", "includeThoughts": True}),
    ],
)
def test_each_generation_is_told_how_much_to_think_in_its_own_way(
    sent: Sent, model: str, effort: str, expected: dict[str, Any]
) -> None:
    body = sent({"messages": HELLO, "reasoning_effort": effort}, model)
    assert body["generationConfig"] == {"thinkingConfig": expected}


@pytest.mark.parametrize(
    ("model", "budget", "expected"),
    [
        ("gemini-2.5-flash", 5000, {"thinkingBudget": 5000, "includeThoughts": True}),
        ("gemini-2.5-pro", 5, {"thinkingBudget": 128, "includeThoughts": True}),
        ("gemini-3.5-flash", 5000, {"thinkingLevel": "medium", "includeThoughts": True}),
    ],
)
def test_a_budget_becomes_a_level_where_there_are_no_budgets(
    model: str, budget: int, expected: dict[str, Any]
) -> None:
    chat = hg.Chat((hg.Message("user", (hg.TextPart("Hi"),)),), reasoning_budget=budget)
    call = hg.Call("r", hg.Operation.CHAT, "x", "m", {}, reader=lambda body: chat)
    made = Gemini().request(call, hg.Target("g", model))
    assert isinstance(made, hg.Request)
    assert isinstance(made.body, dict)
    assert made.body["generationConfig"] == {"thinkingConfig": expected}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (None, None),
        ("auto", {"mode": "AUTO"}),
        ("none", {"mode": "NONE"}),
        ("required", {"mode": "ANY"}),
        (
            {"type": "function", "function": {"name": "look"}},
            {"mode": "ANY", "allowedFunctionNames": ["look"]},
        ),
    ],
)
def test_tools_and_their_choice(sent: Sent, choice: Any, expected: dict[str, Any] | None) -> None:
    body = sent({"messages": HELLO, "tools": [TOOL, OTHER], "tool_choice": choice})
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {"name": "look", "description": "Looks", "parametersJsonSchema": SCHEMA},
                {"name": "other"},
            ]
        }
    ]
    assert body.get("toolConfig") == (expected and {"functionCallingConfig": expected})


def called(arguments: str) -> dict[str, Any]:
    return {"id": "a", "type": "function", "function": {"name": "look", "arguments": arguments}}


SAFETY = [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}]


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"safety_settings": SAFETY}, {"safetySettings": SAFETY}),
        ({"safetySettings": SAFETY}, {"safetySettings": SAFETY}),
        ({"cached_content": "cachedContents/a"}, {"cachedContent": "cachedContents/a"}),
        ({"service_tier": "flex"}, {"serviceTier": "flex"}),
        ({"service_tier": "auto"}, {}),
        ({"google_search": {}}, {"tools": [{"googleSearch": {}}]}),
        ({"google_search": True}, {"tools": [{"googleSearch": {}}]}),
        ({"url_context": {}}, {"tools": [{"urlContext": {}}]}),
    ],
)
def test_googles_own_parameters(
    sent: Sent, extra: dict[str, Any], expected: dict[str, Any]
) -> None:
    plain = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
    assert sent({"messages": HELLO, **extra}) == {**plain, **expected}


@pytest.mark.parametrize(
    ("fields", "model", "param"),
    [
        ({"logit_bias": {"1": 5}}, "gemini-3.5-flash", "logit_bias"),
        (
            {"tools": [TOOL], "parallel_tool_calls": False},
            "gemini-3.5-flash",
            "parallel_tool_calls",
        ),
        ({"reasoning_effort": "low"}, "gemini-2.0-flash", "reasoning_effort"),
        ({"reasoning_effort": "huge"}, "gemini-3.5-flash", "reasoning_effort"),
        ({"seed": 2**40}, "gemini-3.5-flash", "seed"),
        ({"service_tier": "scale"}, "gemini-3.5-flash", "service_tier"),
        ({"labels": {"a": "b"}}, "gemini-3.5-flash", "labels"),
        ({"title": "x"}, "gemini-3.5-flash", "title"),
        ({"whatever": 1}, "gemini-3.5-flash", "whatever"),
        ({"google_search": "yes"}, "gemini-3.5-flash", "google_search"),
        ({"messages": [{"role": "user", "content": ""}]}, "gemini-3.5-flash", "messages"),
        (
            {"messages": [{"role": "tool", "tool_call_id": "?", "content": "x"}]},
            "gemini-3.5-flash",
            "messages[0].tool_call_id",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [called("[1]")]}]},
            "gemini-3.5-flash",
            "messages[0].tool_calls",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [called("[" * 100_000)]}]},
            "gemini-3.5-flash",
            "messages[0].tool_calls",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}]},
            "gemini-3.5-flash",
            "messages",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(
    ask: Ask, fields: dict[str, Any], model: str, param: str
) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        ask({"messages": HELLO, **fields}, model)
    assert refused.value.param == param


def test_what_a_model_can_be_told_depends_on_the_catalogue_and_on_its_generation() -> None:
    traits = hg.Traits(words=frozenset({"no_sampling", "no_forced_tool"}))
    told = Gemini().vocabulary(hg.Target("g", "gemini-3.8-flash").knowing(traits))
    assert {"temperature", "top_p", "top_k", "tool_choice"}.isdisjoint(told)
    assert "tool_result_media" in told
    assert "tool_result_media" not in Gemini().vocabulary(hg.Target("g", "gemini-2.5-pro"))


GEMINI = "https://generativelanguage.googleapis.com/v1beta"


@pytest.mark.parametrize(
    ("model", "stream", "url"),
    [
        ("gemini-2.5-pro", False, f"{GEMINI}/models/gemini-2.5-pro:generateContent"),
        (
            "models/gemini-2.5-pro",
            True,
            f"{GEMINI}/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
        ),
        ("tunedModels/mine", False, f"{GEMINI}/tunedModels/mine:generateContent"),
        ("a?b#c", False, f"{GEMINI}/models/a%3Fb%23c:generateContent"),
    ],
)
def test_addresses(ask: Ask, model: str, stream: bool, url: str) -> None:
    made = ask({"messages": HELLO, "stream": stream}, model)
    assert (made.method, made.url) == ("POST", url)


def test_a_model_cannot_lead_out_of_its_folder(ask: Ask) -> None:
    with pytest.raises(hg.Unsupported):
        ask({"messages": HELLO}, "../files/x")


def embedding(embed: hg.Embed) -> hg.Request:
    call = hg.Call("r", hg.Operation.EMBEDDINGS, "x", "m", {}, reader=lambda body: embed)
    made = Gemini().request(call, hg.Target("g", "gemini-embedding-2"))
    assert isinstance(made, hg.Request)
    return made


def test_embeddings_are_asked_in_one_batch() -> None:
    made = embedding(hg.Embed(("a", "b"), 5, {"task_type": "CLUSTERING", "title": "t"}))
    settings = {
        "model": "models/gemini-embedding-2",
        "outputDimensionality": 5,
        "taskType": "CLUSTERING",
        "title": "t",
    }
    assert made.url == f"{GEMINI}/models/gemini-embedding-2:batchEmbedContents"
    assert made.body == {
        "requests": [{**settings, "content": {"parts": [{"text": text}]}} for text in "ab"]
    }


@pytest.mark.parametrize(
    "embed", [hg.Embed(((1, 2),)), hg.Embed(("a",), extras={"safety_settings": []})]
)
def test_what_embeddings_cannot_be_told(embed: hg.Embed) -> None:
    with pytest.raises(hg.Unsupported):
        embedding(embed)


def counting(fields: dict[str, Any], provider: hg.Provider) -> hg.Request:
    call = OpenAIChat().parse("r", {"model": "m", "messages": HELLO, **fields}, {})
    call = call._replace(operation=hg.Operation.COUNT_TOKENS)
    made = provider.request(call, hg.Target("g", "gemini-2.5-pro"))
    assert isinstance(made, hg.Request)
    return made


def test_counting_takes_the_whole_request_where_there_is_more_than_contents() -> None:
    contents = [{"role": "user", "parts": [{"text": "Hello"}]}]
    plain = counting({}, Gemini())
    assert plain.url == f"{GEMINI}/models/gemini-2.5-pro:countTokens"
    assert plain.body == {"contents": contents}
    assert counting({"tools": [OTHER]}, Gemini()).body == {
        "generateContentRequest": {
            "model": "models/gemini-2.5-pro",
            "contents": contents,
            "tools": [{"functionDeclarations": [{"name": "other"}]}],
        }
    }
    assert counting({"tools": [OTHER], "safety_settings": SAFETY}, VERTEX).body == {
        "contents": contents,
        "tools": [{"functionDeclarations": [{"name": "other"}]}],
    }


def test_models_are_listed_if_they_answer_or_embed() -> None:
    listing = Gemini(base_url="http://127.0.0.1:1/v1beta/").listing()
    assert listing == hg.Request("http://127.0.0.1:1/v1beta/models?pageSize=1000", method="GET")
    models = [
        {
            "name": "models/gemini-2.5-pro",
            "inputTokenLimit": 1048576,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        },
        {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]},
        {"name": "models/veo", "supportedGenerationMethods": ["predictLongRunning"]},
        {"nameless": 1},
    ]
    body = json.dumps({"models": models}).encode()
    assert list(Gemini().listed(hg.Response(200, {}, body))) == [
        hg.Listed("gemini-2.5-pro", 0, 1048576),
        hg.Listed("embed"),
    ]
