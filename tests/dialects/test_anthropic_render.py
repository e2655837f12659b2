"""Translated answers are what Anthropic's SDK expects, and a stream says what a whole one says."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import orjson
import pytest
from anthropic.lib.streaming._messages import accumulate_event
from anthropic.types import Message, RawMessageStreamEvent
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.anthropic_tap import MessageTap
from headgate.provider.call import Call
from headgate.provider.chat import CallPart, ReasoningPart, TextPart
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Kind
from headgate.provider.framing import SSE

DIALECT = AnthropicMessages()
USAGE = Usage(input=3, cached_input=2, cache_write=5, cache_write_long=6, output=4, reasoning=1)
EVENTS: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def call(**fields: Any) -> Call:
    messages = [{"role": "user", "content": "Hello"}]
    return DIALECT.parse(
        "req_1", {"model": "m", "max_tokens": 9, "messages": messages, **fields}, {}
    )


def whole(events: Iterable[Event]) -> dict[str, Any]:
    raw = DIALECT.whole(call(), events, 0)
    Message.model_validate_json(raw, strict=True)
    answer: dict[str, Any] = orjson.loads(raw)
    return answer


def raw_stream(events: Iterable[Event]) -> bytes:
    renderer, total, raw = DIALECT.renderer(call(stream=True), 0), Usage(), b""
    for event in events:
        raw += renderer.render(event)
        total = total.updated(event) if isinstance(event, Usage) else total
    return raw + renderer.close(total)


def stream(events: Iterable[Event]) -> list[dict[str, Any]]:
    raw = raw_stream(events)
    frames = SSE().feed(raw)
    assert b"".join(frame.raw for frame in frames) == raw
    said = [orjson.loads(frame.data or b"") for frame in frames]
    assert [frame.event for frame in frames] == [one["type"] for one in said]
    return said


def gathered(said: list[dict[str, Any]]) -> dict[str, Any]:
    """What the SDK's own accumulation makes of a stream."""
    message: Any = None
    buffers: dict[int, bytes] = {}
    for one in said:
        event = EVENTS.validate_python(one)
        message = accumulate_event(event=event, current_snapshot=message, json_bufs=buffers)
    found: dict[str, Any] = message.to_dict(mode="json")
    return found


def well_formed(said: list[dict[str, Any]]) -> None:
    """One start, blocks one after the other with dense numbers, one end."""
    assert said[0]["type"] == "message_start"
    assert [one["type"] for one in said[-2:]] == ["message_delta", "message_stop"]
    block, is_open = -1, False
    for one in said[1:-2]:
        if one["type"] == "content_block_start":
            assert not is_open
            block, is_open = block + 1, True
        assert is_open
        assert one["index"] == block
        is_open = one["type"] != "content_block_stop"
    assert not is_open


def same(events: list[Event]) -> dict[str, Any]:
    """The message both ways, which must not differ."""
    said = stream(events)
    well_formed(said)
    once, bit_by_bit = whole(events), gathered(said)
    # The SDK takes the split of cache writes from the start alone.
    for message in (once, bit_by_bit):
        message["usage"].pop("cache_creation")
    keys = ("id", "role", "model", "content", "stop_reason", "stop_sequence", "usage")
    assert {key: bit_by_bit[key] for key in keys} == {key: once[key] for key in keys}
    return once


TEXT = {"type": "text", "text": "Hello"}
CASES: list[tuple[str, list[Event], list[dict[str, Any]], str]] = [
    ("text", [Text("Hel"), Text("lo"), Finish("stop")], [TEXT], "end_turn"),
    ("nothing", [Finish("stop")], [], "end_turn"),
    ("no words", [Text(""), Finish("content_filter")], [], "refusal"),
    ("too long", [Text("Hello"), Finish("length")], [TEXT], "max_tokens"),
    ("no finish", [Text("Hello")], [TEXT], "end_turn"),
    (
        "thinking",
        [Reasoning("H"), Reasoning("m"), Reasoning(signature="s"), Text("Hello"), Finish("stop")],
        [{"type": "thinking", "thinking": "Hm", "signature": "s"}, TEXT],
        "end_turn",
    ),
    (
        "thinking that nobody signed",
        [Reasoning("Hm"), Text("Hello"), Finish("stop")],
        [{"type": "thinking", "thinking": "Hm", "signature": ""}, TEXT],
        "end_turn",
    ),
    (
        "two thoughts",
        [Reasoning("a", signature="1"), Reasoning("b", signature="2"), Finish("stop")],
        [
            {"type": "thinking", "thinking": "a", "signature": "1"},
            {"type": "thinking", "thinking": "b", "signature": "2"},
        ],
        "end_turn",
    ),
    (
        "a hidden thought",
        [Reasoning(signature="s"), Reasoning(redacted="r"), Text("Hello"), Finish("stop")],
        [
            {"type": "thinking", "thinking": "", "signature": "s"},
            {"type": "redacted_thinking", "data": "r"},
            TEXT,
        ],
        "end_turn",
    ),
    (
        "a call",
        [
            Text("Hello"),
            ToolCall(0, "t", "f"),
            ToolCall(0, arguments='{"a"'),
            ToolCall(0, arguments=":1}"),
            Finish("tool_calls"),
        ],
        [TEXT, {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}],
        "tool_use",
    ),
    (
        "a forced call",
        [ToolCall(0, "t", "f", "{}"), Finish("stop")],
        [{"type": "tool_use", "id": "t", "name": "f", "input": {}}],
        "tool_use",
    ),
    (
        "a call without arguments or id",
        [ToolCall(0, None, "f"), ToolCall(0, arguments=" "), Finish("tool_calls")],
        [{"type": "tool_use", "id": "toolu_req_1_0", "name": "f", "input": {}}],
        "tool_use",
    ),
    (
        "calls at the same time",
        [
            ToolCall(0, "t", "f"),
            ToolCall(1, "u", "g"),
            ToolCall(0, arguments='{"a":{}'),
            ToolCall(1, arguments='{"b"'),
            Text("Hello"),
            ToolCall(0, arguments="}"),
            ToolCall(1, arguments=":2}"),
            Finish("tool_calls"),
        ],
        [
            {"type": "tool_use", "id": "t", "name": "f", "input": {"a": {}}},
            {"type": "tool_use", "id": "u", "name": "g", "input": {"b": 2}},
            TEXT,
        ],
        "tool_use",
    ),
    (
        "a signed call",
        [ToolCall(0, "t", "f", "{}", signature="sig"), Finish("tool_calls")],
        [
            {"type": "redacted_thinking", "data": "tool_signature:sig"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
        ],
        "tool_use",
    ),
    ("another choice", [Text("Hello"), Text("Bye", 1), Finish("stop")], [TEXT], "end_turn"),
]


@pytest.mark.parametrize(
    ("events", "content", "reason"), [pytest.param(*case[1:], id=case[0]) for case in CASES]
)
def test_an_answer(events: list[Event], content: list[dict[str, Any]], reason: str) -> None:
    message = same(events)
    assert message["content"] == content
    assert (message["stop_reason"], message["stop_sequence"]) == (reason, None)


def test_an_answer_says_who_gave_it_and_what_it_took() -> None:
    message = whole([USAGE, Text("Hello"), Finish("stop", stop_sequence="\n")])
    assert message == {
        "id": "msg_req_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [TEXT],
        "stop_reason": "stop_sequence",
        "stop_sequence": "\n",
        "stop_details": None,
        "usage": {
            "input_tokens": 3,
            "cache_creation_input_tokens": 11,
            "cache_read_input_tokens": 2,
            "cache_creation": {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 6},
            "output_tokens": 5,
            "output_tokens_details": {"thinking_tokens": 1},
        },
    }


@pytest.mark.parametrize(
    "events", [[USAGE, Text("Hello"), Finish("stop")], [Text("Hello"), Finish("stop"), USAGE]]
)
def test_usage_is_whole_at_the_end(events: list[Event]) -> None:
    said = stream(events)
    known = USAGE if isinstance(events[0], Usage) else Usage()
    assert said[0]["message"]["usage"]["input_tokens"] == (known.input or 0)
    tap = MessageTap()
    for frame in SSE().feed(raw_stream(events)):
        assert tap.see(frame) == frame.raw
    assert (tap.usage, tap.whole, tap.ended, tap.finish) == (USAGE, True, True, "end_turn")


def kinds(raw: bytes) -> list[str | None]:
    return [frame.event for frame in SSE().feed(raw)]


def test_pieces_go_out_as_they_come() -> None:
    renderer = DIALECT.renderer(call(stream=True), 0)
    assert renderer.render(USAGE) == b""
    start, delta, stop = "content_block_start", "content_block_delta", "content_block_stop"
    steps: list[tuple[Event, list[str]]] = [
        (Text("a"), ["message_start", start, delta]),
        (Text("b"), [delta]),
        (ToolCall(0, "t", "f"), [stop, start]),
        (ToolCall(0, arguments='{"a":'), [delta]),
        # The first call has no end yet: what comes between has to wait.
        (ToolCall(1, "u", "g", "{}"), []),
        (ToolCall(0, arguments="1}"), [delta, stop, start, delta]),
        (ToolCall(2, "v", "h"), [stop, start]),
        (Finish("tool_calls"), [stop]),
    ]
    for event, expected in steps:
        assert kinds(renderer.render(event)) == expected, event
    assert kinds(renderer.close(USAGE)) == ["message_delta", "message_stop"]


@pytest.mark.parametrize("arguments", ["{", "nonsense", "[1]", '{"a":1}}', "null"])
def test_arguments_that_are_no_object_are_the_vendors_mistake(arguments: str) -> None:
    events: list[Event] = [ToolCall(0, "t", "f", arguments), Finish("tool_calls")]
    for answer in (whole, stream):
        with pytest.raises(CallFailed) as failed:
            answer(events)
        assert failed.value.failure.kind is Kind.GARBLED


def test_more_arguments_after_the_last_are_the_vendors_mistake() -> None:
    renderer = DIALECT.renderer(call(stream=True), 0)
    renderer.render(ToolCall(0, "t", "f", "{}"))
    renderer.render(Text("Hello"))
    assert renderer.render(ToolCall(0, arguments="\n")) == b""
    with pytest.raises(CallFailed):
        renderer.render(ToolCall(0, arguments="{}"))


def test_an_answer_that_was_too_long_may_end_in_a_call() -> None:
    events: list[Event] = [ToolCall(0, "t", "f", '{"a": 1, "b'), Finish("length")]
    assert whole(events)["content"][0]["input"] == {}
    message = gathered(stream(events))
    assert (message["stop_reason"], message["content"][0]["input"]) == ("max_tokens", {"a": 1})


words = st.text(max_size=5)
marks = st.text(alphabet="abc=", min_size=1, max_size=4)
objects = st.dictionaries(words, st.one_of(st.integers(-9, 9), words, st.none()), max_size=2)


@st.composite
def conversations(draw: st.DrawFn) -> list[Event]:
    """Texts, thoughts and the pieces of calls in any order that a vendor could send."""
    pieces: list[list[Event]] = [
        [Text(text) for text in draw(st.lists(words, max_size=3))],
        [
            Reasoning(text, signature=mark, redacted=hidden)
            for text, mark, hidden in draw(
                st.lists(st.tuples(words, st.none() | marks, st.none() | marks), max_size=3)
            )
        ],
        draw(st.lists(st.just(USAGE), max_size=1)),
    ]
    signed = st.none() | marks
    for index in range(draw(st.integers(0, 3))):
        said = orjson.dumps(draw(objects)).decode()
        cuts = sorted(draw(st.lists(st.integers(0, len(said)), max_size=3)))
        parts = [said[a:b] for a, b in zip([0, *cuts], [*cuts, len(said)], strict=True)]
        first = ToolCall(index, f"t{index}", "f", parts[0], signature=draw(signed))
        pieces.append([first, *(ToolCall(index, arguments=part) for part in parts[1:])])
    order = draw(st.permutations([at for at, some in enumerate(pieces) for _ in some]))
    rest = [iter(some) for some in pieces]
    reason = draw(st.sampled_from(["stop", "length", "tool_calls", "content_filter"]))
    # Calls begin in the order of their numbers.
    return [*_in_order([next(rest[at]) for at in order]), Finish(reason)]


def _in_order(events: list[Event]) -> list[Event]:
    numbers: dict[int, int] = {}
    found: list[Event] = []
    for event in events:
        if isinstance(event, ToolCall):
            found.append(replace(event, index=numbers.setdefault(event.index, len(numbers))))
        else:
            found.append(event)
    return found


@settings(max_examples=150, deadline=None)
@given(conversations())
def test_a_stream_is_the_whole_answer_in_pieces(events: list[Event]) -> None:
    message = same(events)
    text = "".join(block["text"] for block in message["content"] if block["type"] == "text")
    assert text == "".join(event.text for event in events if isinstance(event, Text))
    calls = {event.index for event in events if isinstance(event, ToolCall)}
    assert sum(block["type"] == "tool_use" for block in message["content"]) == len(calls)


@settings(max_examples=100, deadline=None)
@given(conversations())
def test_what_was_answered_comes_back_as_it_was(events: list[Event]) -> None:
    content = whole(events)["content"]
    parts = call(messages=[{"role": "assistant", "content": content}]).chat.messages[0].parts
    calls = [part for part in parts if isinstance(part, CallPart)]
    first = [event for event in events if isinstance(event, ToolCall) and event.id]
    assert [(p.id, p.name, p.signature) for p in calls] == [
        (e.id, e.name, e.signature) for e in first
    ]
    for part, event in zip(calls, first, strict=True):
        pieces = [e.arguments for e in events if isinstance(e, ToolCall) and e.index == event.index]
        assert orjson.loads(part.arguments) == orjson.loads("".join(pieces))
    thoughts = [part for part in parts if isinstance(part, ReasoningPart)]
    said = [event for event in events if isinstance(event, Reasoning)]
    assert "".join(t.text for t in thoughts) == "".join(e.text for e in said)
    for field in ("signature", "redacted"):
        kept = [getattr(t, field) for t in thoughts if getattr(t, field) is not None]
        assert kept == [getattr(e, field) for e in said if getattr(e, field) is not None]
    text = "".join(part.text for part in parts if isinstance(part, TextPart))
    assert text == "".join(event.text for event in events if isinstance(event, Text))
