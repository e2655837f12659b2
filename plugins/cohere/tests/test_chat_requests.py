"""Chats in Cohere's words: compared with what Cohere's own SDK sends for the same wish."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from typing import Any

import cohere
import httpx
import orjson
import pytest

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.fit import fitted
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized
from headgate_cohere import Cohere

TARGET = hg.Target("cohere", "command-a-03-2025")
HELLO = [{"role": "user", "content": "Hello"}]
PIXEL = "data:image/png;base64,iVBORw0KGgo="
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": "Now", "parameters": PARAMETERS}
WEATHER = {"type": "function", "function": FUNCTION}
STRICT = {"type": "function", "function": {**FUNCTION, "strict": True}}
BARE = {"type": "function", "function": {"name": "now"}}
SAID_BARE = {
    "type": "function",
    "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
}
CALL = {
    "id": "weather_1",
    "type": "function",
    "function": {"name": "weather", "arguments": '{"city":"Oslo"}'},
}
SCHEMA = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
NAMED = {"type": "function", "function": {"name": "weather"}}
NOTES = "data:text/plain;base64," + base64.b64encode("Grüße".encode()).decode()
ANSWER = orjson.dumps(
    {
        "id": "1",
        "finish_reason": "COMPLETE",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Hi"}]},
    }
)


def call(**fields: Any) -> hg.Call:
    body = {"model": "m", "messages": HELLO, **fields}
    before = copy.deepcopy(body)
    made = OpenAIChat().parse("r", body, {})
    provider = Cohere()
    made, dropped = fitted(made, provider.offers, provider.vocabulary(TARGET), drop=False)
    assert not dropped
    assert body == before
    return made


def sent(**fields: Any) -> dict[str, Any]:
    request = Cohere().request(call(**fields), TARGET)
    assert request.url == "https://api.cohere.com/v2/chat"
    assert request.method == "POST"
    return dict(orjson.loads(orjson.dumps(request.body)))


@pytest.fixture(scope="module")
def vendor() -> Iterator[FakeUpstream]:
    with FakeUpstream({TARGET.model: raw(sized(200, ANSWER))}) as running:
        yield running


def said_by_sdk(vendor: FakeUpstream, **arguments: Any) -> Any:
    with httpx.Client() as http:
        client = cohere.ClientV2("k", base_url=f"http://127.0.0.1:{vendor.port}", httpx_client=http)
        client.chat(model=TARGET.model, **{"messages": HELLO, **arguments})
    visit = vendor.visits[-1]
    assert visit.path == "/v2/chat"
    assert visit.headers["authorization"] == "Bearer k"
    return visit.body


def user(*content: Any) -> list[Any]:
    return [{"role": "user", "content": list(content)}]


#: What an OpenAI client says, and the arguments that say the same to Cohere's SDK.
SAME: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "hello": ({}, {}),
    "temperature": ({"temperature": 0.2}, {"temperature": 0.2}),
    "temperature 0": ({"temperature": 0}, {"temperature": 0}),
    "top_p": ({"top_p": 0.9}, {"p": 0.9}),
    "top_k": ({"top_k": 40}, {"k": 40}),
    "one stop": ({"stop": "END"}, {"stop_sequences": ["END"]}),
    "five stops": ({"stop": list("abcde")}, {"stop_sequences": list("abcde")}),
    "seed": ({"seed": 7}, {"seed": 7}),
    "penalties": (
        {"presence_penalty": 0.5, "frequency_penalty": 1},
        {"presence_penalty": 0.5, "frequency_penalty": 1},
    ),
    "max_tokens": ({"max_tokens": 9}, {"max_tokens": 9}),
    "max_completion_tokens": ({"max_completion_tokens": 9}, {"max_tokens": 9}),
    "logprobs": ({"logprobs": True}, {"logprobs": True}),
    "usual values": ({"n": 1, "user": "ann", "store": False, "metadata": {"a": "b"}}, {}),
    "json object": (
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_object"}},
    ),
    "json schema": (
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "p", "schema": SCHEMA, "strict": True},
            }
        },
        {"response_format": {"type": "json_object", "json_schema": SCHEMA}},
    ),
    "text format": ({"response_format": {"type": "text"}}, {}),
    "tools": ({"tools": [WEATHER]}, {"tools": [WEATHER]}),
    "a tool that takes nothing": ({"tools": [BARE]}, {"tools": [SAID_BARE]}),
    "a strict tool": ({"tools": [STRICT]}, {"tools": [WEATHER], "strict_tools": True}),
    "parallel calls": ({"tools": [WEATHER], "parallel_tool_calls": True}, {"tools": [WEATHER]}),
    "tool choice auto": ({"tools": [WEATHER], "tool_choice": "auto"}, {"tools": [WEATHER]}),
    "tool choice none": (
        {"tools": [WEATHER], "tool_choice": "none"},
        {"tools": [WEATHER], "tool_choice": "NONE"},
    ),
    "tool choice required": (
        {"tools": [WEATHER, BARE], "tool_choice": "required"},
        {"tools": [WEATHER, SAID_BARE], "tool_choice": "REQUIRED"},
    ),
    "the only tool by name": (
        {"tools": [WEATHER], "tool_choice": NAMED},
        {"tools": [WEATHER], "tool_choice": "REQUIRED"},
    ),
    "effort none": ({"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
    "effort low": (
        {"reasoning_effort": "low"},
        {"thinking": {"type": "enabled", "token_budget": 1024}},
    ),
    "effort high": (
        {"reasoning_effort": "high"},
        {"thinking": {"type": "enabled", "token_budget": 24576}},
    ),
    "effort max": ({"reasoning_effort": "max"}, {"thinking": {"type": "enabled"}}),
    "thinking as Cohere says it": (
        {"thinking": {"type": "enabled", "token_budget": 5}},
        {"thinking": {"type": "enabled", "token_budget": 5}},
    ),
    "Cohere's own parameters": (
        {
            "safety_mode": "STRICT",
            "citation_options": {"mode": "FAST"},
            "priority": 3,
            "documents": ["a", {"id": "b", "data": {"text": "c"}}],
        },
        {
            "safety_mode": "STRICT",
            "citation_options": {"mode": "FAST"},
            "priority": 3,
            "documents": ["a", {"id": "b", "data": {"text": "c"}}],
        },
    ),
    "system and developer": (
        {"messages": [{"role": "developer", "content": "Be brief."}, *HELLO]},
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO]},
    ),
    "several texts": (
        {"messages": user({"type": "text", "text": "a"}, {"type": "text", "text": "b"})},
        {"messages": user({"type": "text", "text": "a"}, {"type": "text", "text": "b"})},
    ),
    "an image as data": (
        {"messages": user({"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}})},
        {"messages": user({"type": "image_url", "image_url": {"url": PIXEL, "detail": "high"}})},
    ),
    "an image by address": (
        {
            "messages": user(
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
            )
        },
        {
            "messages": user(
                {"type": "text", "text": "What?"},
                {"type": "image_url", "image_url": {"url": "https://x.test/a.png"}},
            )
        },
    ),
    "a text file": (
        {
            "messages": user(
                {"type": "text", "text": "Sum up."},
                {"type": "file", "file": {"file_data": NOTES, "filename": "notes.txt"}},
            )
        },
        {
            "messages": [{"role": "user", "content": "Sum up."}],
            "documents": [{"data": {"title": "notes.txt", "text": "Grüße"}}],
        },
    ),
    "a text file beside documents": (
        {
            "documents": ["first"],
            "messages": user({"type": "file", "file": {"file_data": NOTES}}),
        },
        {
            "messages": [{"role": "user", "content": ""}],
            "documents": ["first", {"data": {"text": "Grüße"}}],
        },
    ),
    "a round of tools": (
        {
            "tools": [WEATHER],
            "messages": [
                *HELLO,
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "I will look.",
                    "tool_calls": [CALL],
                },
                {"role": "tool", "tool_call_id": "weather_1", "content": "Rain"},
            ],
        },
        {
            "tools": [WEATHER],
            "messages": [
                *HELLO,
                {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [CALL]},
                {"role": "tool", "tool_call_id": "weather_1", "content": "Rain"},
            ],
        },
    ),
    "words beside a tool call": (
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "content": "Wait.", "tool_calls": [CALL]},
                {
                    "role": "tool",
                    "tool_call_id": "weather_1",
                    "content": [{"type": "text", "text": "Ra"}, {"type": "text", "text": "in"}],
                },
            ]
        },
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "tool_calls": [CALL], "content": "Wait."},
                {
                    "role": "tool",
                    "tool_call_id": "weather_1",
                    "content": [{"type": "text", "text": "Ra"}, {"type": "text", "text": "in"}],
                },
            ]
        },
    ),
    "thinking of an earlier turn": (
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "content": "8", "reasoning_content": "5 + 3"},
                *HELLO,
            ]
        },
        {
            "messages": [
                *HELLO,
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "5 + 3"},
                        {"type": "text", "text": "8"},
                    ],
                },
                *HELLO,
            ]
        },
    ),
}


@pytest.mark.parametrize("name", SAME)
def test_it_is_what_coheres_own_sdk_sends(vendor: FakeUpstream, name: str) -> None:
    fields, arguments = SAME[name]
    assert sent(**fields) == said_by_sdk(vendor, **arguments)


def test_a_stream_is_asked_for() -> None:
    assert sent(stream=True)["stream"] is True
    assert sent()["stream"] is False


def test_a_budget_is_said_as_it_is() -> None:
    def body(**fields: Any) -> Any:
        chat = hg.Chat((hg.Message("user", (hg.TextPart("Hi"),)),), **fields)
        made = hg.Call("r", hg.Operation.CHAT, "x", "m", {}, reader=lambda _: chat)
        request = Cohere().request(made, TARGET)
        assert isinstance(request.body, dict)
        return request.body.get("thinking")

    assert body() is None
    assert body(reasoning_budget=777) == {"type": "enabled", "token_budget": 777}
    assert body(reasoning_budget=100_000) == {"type": "enabled", "token_budget": 100_000}
    assert body(reasoning_budget=0) == {"type": "disabled"}


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"n": 2}, "n"),
        ({"logit_bias": {"5": 1}}, "logit_bias"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"tools": [WEATHER], "parallel_tool_calls": False}, "parallel_tool_calls"),
        ({"unheard_of": 1}, "unheard_of"),
        ({"temperature": 1.1}, "temperature"),
        ({"presence_penalty": -0.5}, "presence_penalty"),
        ({"frequency_penalty": 1.5}, "frequency_penalty"),
        ({"top_k": 501}, "top_k"),
        ({"top_k": "many"}, "top_k"),
        ({"stop": list("abcdef")}, "stop"),
        ({"reasoning_effort": "boundless"}, "reasoning_effort"),
        ({"tools": [WEATHER, BARE], "tool_choice": NAMED}, "tool_choice"),
        ({"tools": [BARE], "tool_choice": NAMED}, "tool_choice"),
        ({"tools": [WEATHER], "response_format": {"type": "json_object"}}, "response_format"),
        ({"documents": ["a"], "response_format": {"type": "json_object"}}, "response_format"),
        ({"input_type": "search_query"}, "input_type"),
        ({"truncate": "END"}, "truncate"),
        (
            {"documents": 5, "messages": user({"type": "file", "file": {"file_data": NOTES}})},
            "documents",
        ),
        (
            {"messages": user({"type": "file", "file": {"file_data": "JVBERi0="}})},
            "messages[0].content[0]",
        ),
        (
            {
                "messages": user(
                    {"type": "file", "file": {"file_data": "data:text/plain;base64,/w=="}}
                )
            },
            "messages[0].content[0]",
        ),
        (
            {"messages": user({"type": "file", "file": {"file_id": "f1"}})},
            "messages[0].content[0]",
        ),
        (
            {"messages": user({"type": "input_audio", "input_audio": {"data": "", "format": "a"}})},
            "messages[0].content[0]",
        ),
        (
            {
                "messages": [
                    {"role": "system", "content": [{"type": "image_url", "image_url": PIXEL}]},
                ]
            },
            "messages[0].content[0]",
        ),
    ],
)
def test_what_cohere_has_no_words_for_is_refused_by_its_name(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        sent(**fields)
    assert refused.value.param == param


def test_an_unknown_detail_is_a_hint_that_may_be_ignored() -> None:
    image = {"type": "image_url", "image_url": {"url": PIXEL, "detail": "original"}}
    said = sent(messages=user(image))["messages"][0]["content"]
    assert said == [{"type": "image_url", "image_url": {"url": PIXEL}}]


def test_thinking_that_only_another_vendor_can_read_is_not_replayed() -> None:
    redacted = {"type": "reasoning.encrypted", "data": "opaque"}
    turn = {"role": "assistant", "content": "8", "reasoning_details": [redacted]}
    said = sent(messages=[*HELLO, turn, *HELLO])["messages"][1]
    assert said == {"role": "assistant", "content": "8"}
