"""Translated answers are what OpenAI's SDK expects, and a stream says what a whole answer says."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.call import Call
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.framing import SSE

DIALECT = OpenAIChat()
USAGE = Usage(input=3, cached_input=2, output=4, reasoning=1)


def call(**fields: Any) -> Call:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], **fields}
    return DIALECT.parse("req_1", body, {})


def whole(events: list[Event]) -> ChatCompletion:
    return ChatCompletion.model_validate(
        orjson.loads(DIALECT.whole(call(n=3), events, 1_700_000_000)), strict=True
    )


def stream(events: list[Event], usage: bool = True) -> list[ChatCompletionChunk]:
    renderer = DIALECT.renderer(
        call(stream=True, n=3, stream_options={"include_usage": usage}), 1_700_000_000
    )
    total = Usage()
    raw = b""
    for event in events:
        raw += renderer.render(event)
        total = total.updated(event) if isinstance(event, Usage) else total
    raw += renderer.close(total)
    frames = SSE().feed(raw)
    assert b"".join(frame.raw for frame in frames) == raw
    *chunks, done = (frame.data for frame in frames)
    assert done == b"[DONE]"
    return [ChatCompletionChunk.model_validate(orjson.loads(c or b""), strict=True) for c in chunks]


def gathered(chunks: list[ChatCompletionChunk]) -> dict[int, dict[str, Any]]:
    """What a client that follows the stream ends up with."""
    found: dict[int, dict[str, Any]] = {}
    for chunk in chunks:
        for one in chunk.choices:
            choice = found.setdefault(
                one.index,
                {"content": "", "thinking": "", "tools": {}, "finish": "stop", "roles": 0},
            )
            delta = one.delta
            choice["roles"] += delta.role == "assistant"
            choice["content"] += delta.content or ""
            choice["thinking"] += getattr(delta, "reasoning_content", None) or ""
            choice["finish"] = one.finish_reason or choice["finish"]
            for tool in delta.tool_calls or ():
                kept = choice["tools"].setdefault(tool.index, ["", "", ""])
                kept[0] += tool.id or ""
                kept[1] += (tool.function and tool.function.name) or ""
                kept[2] += (tool.function and tool.function.arguments) or ""
    return found


def laid_out(answer: ChatCompletion) -> dict[int, dict[str, Any]]:
    return {
        one.index: {
            "content": one.message.content or "",
            "thinking": getattr(one.message, "reasoning_content", None) or "",
            "tools": {
                at: [tool.id, tool.function.name, tool.function.arguments]
                for at, tool in enumerate(one.message.tool_calls or ())
                if tool.type == "function"
            },
            "finish": one.finish_reason,
            "roles": 1,
        }
        for one in answer.choices
    }


def test_a_text_answer() -> None:
    answer = whole([Text("Hel"), Text("lo"), Finish("stop"), USAGE])
    assert answer.choices[0].message.content == "Hello"
    assert answer.model == "m"
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (5, 5)
    assert answer.usage.total_tokens == 10
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == 2
    assert answer.usage.completion_tokens_details is not None
    assert answer.usage.completion_tokens_details.reasoning_tokens == 1


def test_a_tool_call_without_text_has_no_content() -> None:
    events: list[Event] = [ToolCall(0, "c1", "f", '{"a"'), ToolCall(0, None, None, ":1}")]
    answer = whole([*events, Finish("tool_calls")])
    assert answer.choices[0].message.content is None
    assert laid_out(answer)[0]["tools"] == {0: ["c1", "f", '{"a":1}']}
    assert answer.choices[0].finish_reason == "tool_calls"


def test_the_usage_of_a_stream_comes_in_an_extra_chunk_if_it_was_asked_for() -> None:
    events: list[Event] = [Text("a"), Finish("stop"), USAGE]
    last = stream(events)[-1]
    assert last.choices == []
    assert last.usage is not None
    assert last.usage.total_tokens == 10
    assert all(chunk.usage is None for chunk in stream(events, usage=False))


def test_all_chunks_of_a_stream_share_one_id() -> None:
    chunks = stream([Text("a"), Text("b"), Finish("stop"), USAGE])
    assert {(c.id, c.model, c.created) for c in chunks} == {("chatcmpl-req_1", "m", 1_700_000_000)}


@pytest.mark.parametrize("text", ["\n\ndata: [DONE]\n\n", "\r", "\u2028", "\x00", "é😀", '"\\'])
def test_no_text_breaks_out_of_its_frame(text: str) -> None:
    assert gathered(stream([Text(text), Finish("stop")]))[0]["content"] == text


texts = st.text(max_size=5)
choices = st.integers(0, 2)


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Events as a provider may give them: tool calls begin with their id and name."""
    begun: set[tuple[int, int]] = set()
    events: list[Event] = []
    for _ in range(draw(st.integers(1, 10))):
        choice = draw(choices)
        match draw(st.integers(0, 3)):
            case 0:
                events.append(Text(draw(texts), choice))
            case 1:
                events.append(Reasoning(draw(texts), choice))
            case 2:
                used = sum(one[0] == choice for one in begun)
                index = draw(st.integers(0, used))
                first = (choice, index) not in begun
                begun.add((choice, index))
                name = (f"c{index}", "f") if first else (None, None)
                events.append(ToolCall(index, *name, draw(texts), choice))
            case _:
                events.append(draw(st.builds(lambda n: Usage(input=n), st.integers(0, 9))))
    seen = {event.choice for event in events if not isinstance(event, Usage)}
    reasons = st.sampled_from(("stop", "length", "tool_calls", "content_filter"))
    return [*events, *(Finish(draw(reasons), choice) for choice in sorted(seen))]


@settings(max_examples=200, deadline=None)
@given(answers())
def test_a_stream_says_the_same_as_the_whole_answer(events: list[Event]) -> None:
    answer, chunks = whole(events), stream(events)
    assert gathered(chunks) == laid_out(answer)
    assert answer.usage is not None
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == answer.usage.total_tokens
