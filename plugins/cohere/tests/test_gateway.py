"""Cohere behind a real gateway: the OpenAI SDK in front, a vendor on a socket behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import orjson
import pytest

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import head, raw, sized
from headgate.testing.upstream_script import Close, Send

README = Path(__file__).resolve().parents[1] / "README.md"
MODEL = "command-a-03-2025"
TOOL: Any = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}
USAGE = {
    "billed_units": {"input_tokens": 12, "output_tokens": 5},
    "tokens": {"input_tokens": 900, "output_tokens": 9},
    "cached_tokens": 800,
}
CALL = {"id": "w1", "type": "function", "function": {"name": "weather", "arguments": '{"a":1}'}}


def event(kind: str, **fields: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps({"type": kind, **fields}))


def streamed(*events: bytes) -> bytes:
    return head(200, {"Content-Type": "text/event-stream", "Connection": "close"}) + b"".join(
        events
    )


PLANNED = orjson.dumps(
    {
        "id": "1",
        "finish_reason": "TOOL_CALL",
        "message": {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [CALL]},
        "usage": USAGE,
    }
)
RAIN = [
    event("message-start", id="2", delta={"message": {"role": "assistant"}}),
    event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}),
    event("content-delta", index=0, delta={"message": {"content": {"text": "Ra"}}}),
    event("content-delta", index=0, delta={"message": {"content": {"text": "in."}}}),
    event("message-end", delta={"finish_reason": "COMPLETE", "usage": USAGE}),
]


@pytest.fixture
def vendor() -> Iterator[FakeUpstream]:
    with FakeUpstream() as running:
        yield running


@pytest.fixture
def client(vendor: FakeUpstream, tmp_path: Path) -> Iterator[openai.OpenAI]:
    config = f"""
providers:
  cohere: {{keys: [co-key-0000], base_url: "http://127.0.0.1:{vendor.port}"}}
"""
    with (
        Gateway(config, tmp_path) as gateway,
        openai.OpenAI(api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0) as sdk,
    ):
        yield sdk


def test_a_tool_is_called_and_its_result_told(vendor: FakeUpstream, client: openai.OpenAI) -> None:
    vendor.script(MODEL, raw(sized(200, PLANNED)), raw(streamed(*RAIN), Close()))
    messages: list[Any] = [{"role": "user", "content": "Weather?"}]
    model = f"cohere/{MODEL}"
    first = client.chat.completions.create(model=model, messages=messages, tools=[TOOL])
    choice = first.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls
    assert choice.message.to_dict()["reasoning_content"] == "I will look."
    assert first.usage
    assert (first.usage.prompt_tokens, first.usage.completion_tokens) == (900, 9)
    assert first.usage.prompt_tokens_details
    assert first.usage.prompt_tokens_details.cached_tokens == 800

    messages += [
        choice.message.to_dict(),
        {"role": "tool", "tool_call_id": choice.message.tool_calls[0].id, "content": "Rain"},
    ]
    stream = client.chat.completions.create(
        model=model,
        messages=messages,
        tools=[TOOL],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "Rain."
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert chunks[-1].usage
    assert chunks[-1].usage.total_tokens == 909

    said = vendor.visits[1]
    assert (said.path, said.headers["authorization"]) == ("/v2/chat", "Bearer co-key-0000")
    assert said.body["messages"] == [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool_plan": "I will look.", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "w1", "content": "Rain"},
    ]


def test_vectors_come_as_the_sdk_wants_them(vendor: FakeUpstream, client: openai.OpenAI) -> None:
    answer = {"embeddings": {"float": [[0.5, -2]]}, "meta": {"billed_units": {"input_tokens": 3}}}
    vendor.script("embed-v4.0", raw(sized(200, orjson.dumps(answer))))
    made = client.embeddings.create(model="cohere/embed-v4.0", input="Hello", dimensions=2)
    assert made.data[0].embedding == [0.5, -2.0]
    assert made.usage.prompt_tokens == 3
    assert vendor.visits[0].path == "/v2/embed"


def test_documents_come_back_in_order(vendor: FakeUpstream, client: openai.OpenAI) -> None:
    results = [{"index": at, "relevance_score": score} for at, score in ((1, 0.9), (0, 0.25))]
    answer = {"results": results, "meta": {"billed_units": {"search_units": 1}}}
    vendor.script("rerank-v3.5", raw(sized(200, orjson.dumps(answer))))
    body = {"model": "cohere/rerank-v3.5", "query": "Which?", "documents": ["a", {"text": "b"}]}
    options: Any = {"body": {**body, "top_n": 1, "return_documents": True}, "cast_to": object}
    ranked: Any = client.post("/rerank", **options)
    assert ranked["results"] == [
        {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}},
    ]
    assert ranked["meta"] == answer["meta"]
    assert vendor.visits[0].path == "/v2/rerank"
    assert vendor.visits[0].body == {
        "model": "rerank-v3.5",
        "query": "Which?",
        "documents": ["a", "b"],
        "top_n": 1,
    }


def test_a_stream_that_ends_in_an_error_never_looks_whole(
    vendor: FakeUpstream, client: openai.OpenAI
) -> None:
    broken = event("message-end", delta={"finish_reason": "ERROR", "error": "lost"})
    vendor.script(MODEL, raw(streamed(*RAIN[:-1]), Send(broken, after=0.2), Close()))
    stream = client.chat.completions.create(
        model=f"cohere/{MODEL}", messages=[{"role": "user", "content": "?"}], stream=True
    )
    with pytest.raises(openai.APIError, match="lost"):
        list(stream)


@pytest.mark.parametrize(
    ("fields", "param"),
    [({"n": 2}, "n"), ({"temperature": 1.5}, "temperature"), ({"stop": list("abcdef")}, "stop")],
)
def test_what_cannot_be_said_is_a_400_with_its_name(
    vendor: FakeUpstream, client: openai.OpenAI, fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        client.chat.completions.create(
            model=f"cohere/{MODEL}", messages=[{"role": "user", "content": "?"}], **fields
        )
    assert refused.value.param == param
    assert not vendor.visits


def test_the_readmes_configuration_starts(tmp_path: Path) -> None:
    snippet = re.search(r"```yaml\n(.*?)```", README.read_text("utf-8"), re.DOTALL)
    assert snippet
    environment = {"COHERE_API_KEY": "co-key-0000"}
    with Gateway(snippet[1], tmp_path, environment) as gateway:
        models = httpx.get(f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
        assert "assistant" in [one["id"] for one in models.json()["data"]]
