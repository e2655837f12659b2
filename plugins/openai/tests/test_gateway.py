"""Through a real gateway: clients of three dialects, and a vendor with OpenAI's."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from openai import OpenAI

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import event, head, raw, sized, stream, whole
from headgate.testing.upstream_script import Close

TOOL: Any = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
ASK: Any = [{"role": "user", "content": "Hi"}]
CALLED = {"type": "function_call", "call_id": "a", "name": "f", "arguments": '{"x":1}'}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "zzz"}
ANSWER = {
    "object": "response",
    "status": "completed",
    "output": [THOUGHT, CALLED],
    "usage": {"input_tokens": 7, "output_tokens": 3, "total_tokens": 10},
}
STREAM = b"".join(
    event(one)
    for one in (
        {"type": "response.created", "response": {"status": "in_progress"}},
        {"type": "response.output_item.done", "output_index": 0, "item": THOUGHT},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {**CALLED, "arguments": ""},
        },
        {
            "type": "response.function_call_arguments.delta",
            "output_index": 1,
            "delta": '{"x":1}',
        },
        {"type": "response.completed", "response": ANSWER},
    )
)
SSE_HEAD = head(200, {"Content-Type": "text/event-stream", "Connection": "close"})


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeUpstream, str]]:
    scripts = {
        "gpt-4o": [whole("Hello"), stream()],
        "gpt-6-astra": [
            raw(sized(200, json.dumps(ANSWER).encode())),
            raw(SSE_HEAD + STREAM, Close()),
            raw(SSE_HEAD + STREAM[:-300], Close()),
        ],
    }
    with FakeUpstream(scripts) as vendor:
        provider = {"kind": "openai", "base_url": vendor.url, "keys": ["vendor-key"]}
        custom = {
            "kind": "custom",
            "base_url": vendor.url,
            "keys": ["k"],
            "auth_name": "api-key",
            "auth_prefix": "",
            "headers": {"x-team": "us"},
        }
        config = f"providers: {json.dumps({'openai': provider, 'own': custom})}"
        with Gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            yield vendor, gateway.url


def post(url: str, body: dict[str, Any]) -> bytes:
    request = urllib.request.Request(
        url,
        json.dumps(body).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        data = answer.read()
        assert isinstance(data, bytes)
        return data


def test_a_messages_client_is_answered_by_chat_completions(
    doors: tuple[FakeUpstream, str],
) -> None:
    vendor, url = doors
    body = {
        "model": "openai/gpt-4o",
        "max_tokens": 50,
        "system": "Be brief.",
        "messages": ASK,
        "tools": [{"name": "f", "input_schema": {"type": "object"}}],
    }
    answer = json.loads(post(f"{url}/v1/messages", body))
    assert answer["content"] == [{"type": "text", "text": "Hello"}]
    assert answer["stop_reason"] == "end_turn"
    assert (answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]) == (5, 2)
    visit = vendor.of("gpt-4o")[-1]
    assert visit.path == "/v1/chat/completions"
    assert visit.headers["authorization"] == "Bearer vendor-key"
    assert visit.body == {
        "model": "gpt-4o",
        "messages": [{"role": "system", "content": "Be brief."}, *ASK],
        "tools": [TOOL],
        "max_completion_tokens": 50,
    }
    said = post(f"{url}/v1/messages", {**body, "stream": True}).decode()
    texts = [json.loads(line[6:]) for line in said.splitlines() if line.startswith("data: ")]
    deltas = [one["delta"].get("text", "") for one in texts if one["type"] == "content_block_delta"]
    assert "".join(deltas) == "Hello world"
    assert texts[-1]["type"] == "message_stop"


def test_tools_reach_a_model_that_takes_them_through_responses_alone(
    doors: tuple[FakeUpstream, str],
) -> None:
    vendor, url = doors
    client = OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0)
    answer = client.chat.completions.create(
        model="openai/gpt-6-astra", messages=ASK, tools=[TOOL]
    ).choices[0]
    assert answer.finish_reason == "tool_calls"
    assert answer.message.tool_calls
    call: Any = answer.message.tool_calls[0]
    assert (call.id, call.function.name, call.function.arguments) == ("a", "f", '{"x":1}')
    visit = vendor.of("gpt-6-astra")[-1]
    assert visit.path == "/v1/responses"
    assert visit.body["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    ]
    # What the client sends back as it got it holds the thinking that belongs to the call.
    replayed: Any = [
        *ASK,
        answer.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": "a", "content": "1"},
    ]
    with client.chat.completions.stream(
        model="openai/gpt-6-astra", messages=replayed, tools=[TOOL]
    ) as pieces:
        final = pieces.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    said = vendor.of("gpt-6-astra")[-1].body["input"]
    assert [item["type"] for item in said[1:]] == [
        "reasoning",
        "function_call",
        "function_call_output",
    ]
    assert said[1] == THOUGHT
    with pytest.raises(Exception, match="ended before"):
        list(
            client.chat.completions.create(
                model="openai/gpt-6-astra", messages=ASK, tools=[TOOL], stream=True
            )
        )


def test_a_custom_servers_key_goes_where_it_is_told(doors: tuple[FakeUpstream, str]) -> None:
    vendor, url = doors
    post(f"{url}/v1/chat/completions", {"model": "own/gpt-4o", "messages": ASK, "stream": True})
    visit = vendor.of("gpt-4o")[-1]
    assert visit.headers["api-key"] == "k"
    assert visit.headers["x-team"] == "us"
    assert "authorization" not in visit.headers
