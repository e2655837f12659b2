"""What is read from a relayed Messages stream while it goes by."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.anthropic_tap import MESSAGE_STOP, MessageTap, read_whole
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Kind
from headgate.provider.framing import SSE
from headgate.provider.wire import Frame

KINDS = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "message_delta",
    "message_stop",
    "error",
)
NAMES = ("type", "message", "usage", "id", "delta", "content_block", "text", "stop_reason", "error")


def frame(event: dict[str, Any], name: str | None = "", pad: str = "") -> Frame:
    data = orjson.dumps(event)[:-1] + pad.encode() + b"}"
    name = event.get("type") if name == "" else name
    head = f"event: {name}\n".encode() if name else b""
    return Frame(data, name, head + b"data: " + data + b"\n\n")


def delta(kind: str, **fields: Any) -> Frame:
    event = {"type": "content_block_delta", "index": 0, "delta": {"type": kind, **fields}}
    return frame(event)


def text(words: str, pad: str = "") -> Frame:
    said = {"type": "text_delta", "text": words}
    return frame({"type": "content_block_delta", "index": 0, "delta": said}, pad=pad)


def opened(kind: str, **fields: Any) -> Frame:
    block = {"type": kind, **fields}
    return frame({"type": "content_block_start", "index": 0, "content_block": block})


def ending(reason: str | None, **usage: Any) -> Frame:
    return frame({"type": "message_delta", "delta": {"stop_reason": reason}, "usage": usage})


START = frame(
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "content": [],
            "usage": {
                "input_tokens": 3,
                "cache_creation_input_tokens": 5,
                "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 4},
                "output_tokens": 1,
            },
        },
    }
)
PING = frame({"type": "ping"})
STOP = frame({"type": "message_stop"})
ERROR = frame({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})


def seen(*frames: Frame) -> tuple[MessageTap, bytes]:
    tap = MessageTap()
    return tap, b"".join(tap.see(one) for one in frames)


SIGHTS: list[tuple[str, Frame, bool, int]] = [
    ("start", START, False, 0),
    ("ping", PING, False, 0),
    ("comment", Frame(None, None, b": hello\n\n"), False, 0),
    ("name without data", Frame(None, "ping", b"event: ping\n\n"), False, 0),
    ("empty data", Frame(b"", "ping", b"event: ping\ndata: \n\n"), False, 0),
    ("an event of tomorrow", frame({"type": "tomorrow"}), False, 0),
    ("empty text block", opened("text", text=""), False, 0),
    ("text block with text", opened("text", text="Hi"), True, 0),
    ("empty thinking block", opened("thinking", thinking="", signature=""), False, 0),
    ("tool", opened("tool_use", id="t", name="f", input={}), True, 0),
    ("redacted", opened("redacted_thinking", data="r"), True, 0),
    ("text", text("Hello"), True, 5),
    ("empty text", text(""), False, 0),
    ("thinking", delta("thinking_delta", thinking="Hmm"), True, 3),
    ("arguments", delta("input_json_delta", partial_json='{"a'), True, 3),
    ("signature", delta("signature_delta", signature="s"), False, 0),
    ("citation", delta("citations_delta", citation={}), True, 0),
    ("a delta of tomorrow", delta("tomorrow"), False, 0),
    ("block ends", frame({"type": "content_block_stop", "index": 0}), False, 0),
    ("no reason yet", ending(None, output_tokens=2), False, 0),
    ("an end without a word", ending("end_turn", output_tokens=2), True, 0),
]


@pytest.mark.parametrize(
    ("one", "visible", "characters"), [pytest.param(*case[1:], id=case[0]) for case in SIGHTS]
)
def test_what_is_visible(one: Frame, visible: bool, characters: int) -> None:
    tap, out = seen(one)
    assert (tap.visible, tap.characters) == (visible, characters)
    assert out == one.raw


def test_a_whole_stream() -> None:
    frames = (START, PING, opened("text", text=""), text("Hi"), ending("end_turn", output_tokens=7))
    tap, _ = seen(*frames)
    assert (tap.whole, tap.ended, tap.finish) == (True, False, "end_turn")
    tap, out = seen(*frames, STOP)
    assert (tap.whole, tap.ended, tap.upstream_id) == (True, True, "msg_1")
    assert tap.usage == Usage(input=3, cache_write=1, cache_write_long=4, output=7)
    assert out == b"".join(one.raw for one in (*frames, STOP))
    assert tap.see(text("more")) == b""
    assert (tap.characters, tap.failure) == (2, None)


def test_later_counts_replace_earlier_ones() -> None:
    tap, _ = seen(
        START,
        ending(
            "tool_use",
            input_tokens=10,
            output_tokens=9,
            cache_read_input_tokens=None,
            output_tokens_details={"thinking_tokens": 4},
        ),
    )
    assert tap.usage == Usage(input=10, cache_write=1, cache_write_long=4, output=5, reasoning=4)


def test_a_count_that_is_null_says_nothing() -> None:
    tap, _ = seen(START, ending("end_turn", input_tokens=None, output_tokens=9))
    assert tap.usage == Usage(input=3, cache_write=1, cache_write_long=4, output=9)


def test_an_error_ends_the_stream_and_is_told() -> None:
    tap, out = seen(START, text("Hi"), ERROR)
    assert tap.failure is not None
    assert (tap.failure.kind, tap.failure.message) == (Kind.OVERLOADED, "busy")
    assert out.endswith(ERROR.raw)
    assert not tap.whole


def test_an_error_after_the_answer_is_not_part_of_it() -> None:
    tap, out = seen(START, ending("end_turn", output_tokens=1), ERROR)
    assert (tap.failure, tap.whole) == (None, True)
    assert ERROR.raw not in out


def test_a_frame_without_a_name_gets_one() -> None:
    event = {"type": "content_block_stop", "index": 0}
    tap, out = seen(frame(event, name=None))
    assert out == frame(event).raw
    tap, out = seen(Frame(b'{"error":{"type":"api_error"}}', None, b'data: {"error":{}}\n\n'))
    assert out == b'event: error\ndata: {"error":{}}\n\n'
    assert tap.failure is not None


@pytest.mark.parametrize(
    "data",
    [
        b"[]",
        b"[DONE]",
        b"{",
        b"{}",
        b'{"type":"content_block_delta"}',
        b'{"type":"content_block_start"}',
        b'{"type":"message_start"}',
        b'{"type":"message_delta"}',
        b'{"type":"x\\nevent: y"}',
    ],
)
def test_what_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError, TypeError)):
        MessageTap().see(Frame(data, None, b"data: " + data + b"\n\n"))


def test_what_ends_a_stream() -> None:
    assert AnthropicMessages().end() == MESSAGE_STOP
    (one,) = SSE().feed(MESSAGE_STOP)
    tap, _ = seen(one)
    assert tap.ended


ALIKE = [
    ("the same", text("World"), True),
    ("a blank", text(" "), True),
    ("padded", text("World", pad="     "), True),
    ("a quote", text('a "b"'), False),
    ("a line", text("a\nb"), False),
    ("an umlaut", text("ä"), False),
    ("another delta", delta("thinking_delta", thinking="World"), False),
    ("a ping", PING, False),
    ("two", Frame(b"", None, text("a").raw + text("b").raw), False),
    ("half", Frame(b"", None, text("World").raw[:-1]), False),
    ("broken", Frame(b"", None, text("a").raw.replace(b'"}}', b'"]}')), False),
    ("more fields", delta("text_delta", text="World", more=1), False),
]


@pytest.mark.parametrize(("one", "alike"), [pytest.param(*c[1:], id=c[0]) for c in ALIKE])
def test_frames_that_differ_only_in_their_text_are_not_parsed(one: Frame, alike: bool) -> None:
    tap, _ = seen(START)
    assert not tap.like_the_last(text("Hello").raw)
    tap.see(text("Hello"))
    assert tap.like_the_last(one.raw) is alike
    assert tap.characters == 5 + (
        len(orjson.loads(one.data or b"")["delta"]["text"]) if alike else 0
    )


def test_another_block_is_learnt_anew() -> None:
    tap, _ = seen(START, text("Hello"))
    second = frame(
        {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "a"}}
    )
    assert not tap.like_the_last(second.raw)
    tap.see(second)
    assert tap.like_the_last(second.raw)


def test_a_whole_answer() -> None:
    body = orjson.dumps(
        {
            "id": "msg_1",
            "type": "message",
            "content": [],
            "stop_reason": "max_tokens",
            "usage": {"input_tokens": 1, "output_tokens": 2},
        }
    )
    reading = read_whole(body)
    assert (reading.finish, reading.upstream_id) == ("max_tokens", "msg_1")
    assert (reading.body, reading.usage) == (body, Usage(input=1, output=2))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"content":"Hi"}'])
def test_what_is_no_answer_is_garbled(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_whole(body)


def test_an_error_dressed_as_an_answer_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        read_whole(ERROR.data or b"")
    assert failed.value.failure.kind is Kind.OVERLOADED


foreign = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(KINDS), st.dictionaries(st.sampled_from(NAMES), foreign, max_size=4))
def test_a_tap_trips_only_as_it_may(kind: str, some: dict[str, Any]) -> None:
    tap = MessageTap()
    try:
        out = tap.see(frame({**some, "type": kind}))
    except (ValueError, TypeError, AttributeError, KeyError):
        return
    assert out == frame({**some, "type": kind}).raw
