"""Claude behind a real gateway, called with both vendors' SDKs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized, streamed
from headgate.testing.upstream_script import Scenario

CONFIG = """
providers:
  anthropic: {{base_url: "{url}", keys: [sk-ant-test-key], discover: false}}
  lenient: {{kind: anthropic, base_url: "{url}", keys: [sk-ant-test-key], drop_unsupported: true}}
"""
USAGE = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 4,
    "cache_read_input_tokens": 6,
    "output_tokens": 50,
    "output_tokens_details": {"thinking_tokens": 20},
}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
CALLED = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "sky"}}
TOOLS: Any = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}]
HELLO: Any = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]


def answer(*content: dict[str, Any], reason: str = "end_turn", status: int = 200) -> Scenario:
    body = {"type": "message", "content": content, "stop_reason": reason, "usage": USAGE}
    return raw(sized(status, json.dumps(body).encode()))


def error(status: int, type_: str, message: str) -> Scenario:
    body = {"type": "error", "error": {"type": type_, "message": message}}
    return raw(sized(status, json.dumps(body).encode()))


def event(type_: str, **fields: Any) -> bytes:
    return f"event: {type_}\ndata: {json.dumps({'type': type_, **fields})}\n\n".encode()


def parts(*, end: bool = True) -> list[bytes]:
    """A stream that thinks, speaks and calls a tool."""
    first = {"type": "message", "content": [], "usage": {**USAGE, "output_tokens": 1}}
    deltas: list[list[dict[str, Any]]] = [
        [
            {"type": "thinking_delta", "thinking": "Hm."},
            {"type": "signature_delta", "signature": "c2ln"},
        ],
        [{"type": "text_delta", "text": "Let me "}, {"type": "text_delta", "text": "look."}],
        [
            {"type": "input_json_delta", "partial_json": '{"at": '},
            {"type": "input_json_delta", "partial_json": '"sky"}'},
        ],
    ]
    starts: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "", "signature": ""},
        {"type": "text", "text": ""},
        {**CALLED, "input": {}},
    ]
    out = [event("message_start", message=first), event("ping")]
    for index, start in enumerate(starts):
        out.append(event("content_block_start", index=index, content_block=start))
        out += [event("content_block_delta", index=index, delta=one) for one in deltas[index]]
        out.append(event("content_block_stop", index=index))
    if end:
        out.append(event("message_delta", delta={"stop_reason": "tool_use"}, usage=USAGE))
        out.append(event("message_stop"))
    return out


@dataclass(frozen=True)
class House:
    gateway: Gateway
    vendor: FakeUpstream
    client: openai.OpenAI

    def sent(self, model: str) -> Any:
        """The last body that the vendor got for a model."""
        return self.vendor.of(model)[-1].body


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with FakeUpstream() as vendor:
        config = CONFIG.format(url=vendor.url)
        with Gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            client = openai.OpenAI(
                base_url=gateway.url + "/v1", api_key=KEY, max_retries=0, timeout=20
            )
            with client:
                yield House(gateway, vendor, client)


def test_a_tool_is_called_and_its_result_goes_back_with_the_thoughts(house: House) -> None:
    model = "claude-opus-5-loop"
    house.vendor.script(
        model,
        answer(THOUGHT, CALLED, reason="tool_use"),
        answer({"type": "text", "text": "It is blue."}),
    )
    asked = house.client.chat.completions.create(
        model=f"anthropic/{model}", messages=HELLO, tools=TOOLS, reasoning_effort="low"
    )
    choice = asked.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.tool_calls is not None
    made = choice.message.tool_calls[0]
    assert made.type == "function"
    assert (made.id, made.function.name) == ("toolu_1", "look")
    assert json.loads(made.function.arguments) == {"at": "sky"}
    assert asked.usage is not None
    assert (asked.usage.prompt_tokens, asked.usage.completion_tokens) == (20, 50)
    assert asked.usage.prompt_tokens_details is not None
    assert asked.usage.prompt_tokens_details.cached_tokens == 6
    assert asked.usage.completion_tokens_details is not None
    assert asked.usage.completion_tokens_details.reasoning_tokens == 20

    history: Any = [
        *HELLO,
        choice.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": made.id, "content": "blue"},
    ]
    told = house.client.chat.completions.create(
        model=f"anthropic/{model}", messages=history, tools=TOOLS, reasoning_effort="low"
    )
    assert told.choices[0].message.content == "It is blue."
    assert house.sent(model) == {
        "model": model,
        "max_tokens": 8192,
        "system": [{"type": "text", "text": "Be brief."}],
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
            {"role": "assistant", "content": [THOUGHT, CALLED]},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "content": [{"type": "text", "text": "blue"}],
                    }
                ],
            },
        ],
        "tools": [{"name": "look", "input_schema": {"type": "object"}}],
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "low"},
    }
    visit = house.vendor.of(model)[-1]
    assert visit.path == "/v1/messages"
    assert visit.headers["x-api-key"] == "sk-ant-test-key"
    assert visit.headers["anthropic-version"] == "2023-06-01"
    assert "authorization" not in visit.headers


def test_a_stream_is_an_openai_stream(house: House) -> None:
    model = "claude-opus-5-stream"
    house.vendor.script(model, streamed("messages", parts(), gap=0.01))
    chunks = list(
        house.client.chat.completions.create(
            model=f"anthropic/{model}",
            messages=HELLO,
            tools=TOOLS,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert house.sent(model)["stream"] is True
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == "Let me look."
    pieces = [piece for delta in deltas for piece in delta.tool_calls or ()]
    assert [piece.index for piece in pieces] == [0] * len(pieces)
    said = [piece.function.arguments or "" for piece in pieces if piece.function]
    assert json.loads("".join(said)) == {"at": "sky"}
    thoughts = [(delta.model_extra or {}).get("reasoning_content") for delta in deltas]
    assert [text for text in thoughts if text] == ["Hm."]
    finishes = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices]
    assert [reason for reason in finishes if reason] == ["tool_calls"]
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens, usage.total_tokens) == (20, 50, 70)


def test_a_stream_that_breaks_off_is_not_whole(house: House) -> None:
    house.vendor.script("claude-cut", streamed("cut", parts(end=False), gap=0.01))
    stream = house.client.chat.completions.create(
        model="anthropic/claude-cut", messages=HELLO, stream=True
    )
    with pytest.raises(openai.APIError):
        list(stream)


def test_an_error_in_a_stream_is_made_good_before_anything_was_said(house: House) -> None:
    said = {"type": "overloaded_error", "message": "Overloaded"}
    broken = streamed("error", [*parts()[:2], event("error", error=said)])
    house.vendor.script("claude-busy", broken, streamed("messages", parts()))
    stream = house.client.chat.completions.create(
        model="anthropic/claude-busy", messages=HELLO, stream=True
    )
    texts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    assert "".join(texts) == "Let me look."
    assert len(house.vendor.of("claude-busy")) == 2


@pytest.mark.parametrize(
    ("status", "type_", "message", "expected", "code"),
    [
        (400, "invalid_request_error", "messages: no", 400, None),
        (400, "invalid_request_error", "prompt is too long", 400, "context_length_exceeded"),
        (404, "not_found_error", "model: x", 404, "model_not_found"),
    ],
)
def test_errors_arrive_as_openais(
    house: House, status: int, type_: str, message: str, expected: int, code: str | None
) -> None:
    house.vendor.script("claude-wrong", error(status, type_, message))
    with pytest.raises(openai.APIStatusError) as raised:
        house.client.chat.completions.create(model="anthropic/claude-wrong", messages=HELLO)
    assert raised.value.status_code == expected
    assert message in raised.value.message
    if code is not None:
        assert raised.value.code == code


def test_what_cannot_be_said_is_refused_or_left_out_as_configured(house: House) -> None:
    house.vendor.script("claude-opus-5-seed", answer({"type": "text", "text": "Hi"}))
    with pytest.raises(openai.BadRequestError) as raised:
        house.client.chat.completions.create(
            model="anthropic/claude-opus-5-seed", messages=HELLO, seed=1
        )
    assert raised.value.param == "seed"
    told = house.client.chat.completions.create(
        model="lenient/claude-opus-5-seed", messages=HELLO, seed=1, temperature=0.5
    )
    assert told.choices[0].message.content == "Hi"
    assert not {"seed", "temperature"} & set(house.sent("claude-opus-5-seed"))


@pytest.fixture
def claude(house: House) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(
        base_url=house.gateway.url, api_key=KEY, max_retries=0, timeout=20
    ) as client:
        yield client


def test_its_own_dialect_is_relayed(house: House, claude: anthropic.Anthropic) -> None:
    house.vendor.script("claude-relayed", answer(THOUGHT, CALLED, reason="tool_use"))
    asked: dict[str, Any] = {"max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
    told = claude.messages.create(
        model="anthropic/claude-relayed",
        **asked,
        extra_body={"x_new": [1]},
        extra_headers={"anthropic-beta": "b-1"},
    )
    assert [block.to_dict() for block in told.content] == [THOUGHT, CALLED]
    assert told.usage.cache_read_input_tokens == 6
    visit = house.vendor.of("claude-relayed")[-1]
    assert visit.path == "/v1/messages"
    assert visit.body == {"model": "claude-relayed", **asked, "x_new": [1]}
    assert visit.headers["anthropic-beta"] == "b-1"
    assert visit.headers["x-api-key"] == "sk-ant-test-key"


def test_its_own_stream_is_relayed(house: House, claude: anthropic.Anthropic) -> None:
    house.vendor.script("claude-relayed-stream", streamed("messages", parts(), gap=0.01))
    with claude.messages.stream(
        model="anthropic/claude-relayed-stream",
        max_tokens=5,
        messages=[{"role": "user", "content": "Hello"}],
    ) as stream:
        told = stream.get_final_message()
    assert told.stop_reason == "tool_use"
    assert [block.type for block in told.content] == ["thinking", "text", "tool_use"]


def test_tokens_are_counted(house: House, claude: anthropic.Anthropic) -> None:
    house.vendor.script("claude-count", raw(sized(200, b'{"input_tokens":641}')))
    counted = claude.messages.count_tokens(
        model="anthropic/claude-count", messages=[{"role": "user", "content": "Hello"}]
    )
    assert counted.input_tokens == 641
    assert house.vendor.of("claude-count")[-1].path == "/v1/messages/count_tokens"
