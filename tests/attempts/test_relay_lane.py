"""A relayed stream: its bytes go on untouched, and nothing a vendor sends can break the lane."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider import framing
from headgate.provider.events import Usage
from headgate.provider.failure import Kind
from headgate.provider.framing import SSE

DIALECT = OpenAIChat()
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def lane(usage: bool = False, n: int = 1) -> RelayLane:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": usage},
        "n": n,
    }
    return RelayLane(DIALECT.parse("req_1", body, {}), DIALECT, SSE())


def data(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def chunk(content: str | None = None, finish: str | None = None) -> bytes:
    delta = {} if content is None else {"content": content}
    return data({"id": "c-1", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]})


EXTRA = data({"id": "c-1", "object": "chat.completion.chunk", "choices": [], "usage": USAGE})
DONE = b"data: [DONE]\n\n"
WHOLE = chunk("Hel") + chunk("lo") + chunk(finish="stop")


def test_a_stream_passes_byte_for_byte() -> None:
    relay = lane(usage=True)
    stream = b": ping\n\n" + WHOLE + EXTRA + DONE
    assert relay.feed(stream) + relay.end() == stream
    assert relay.failure is None
    assert (relay.whole, relay.ended, relay.settled) == (True, True, True)
    assert (relay.usage, relay.characters) == (Usage(input=5, output=2), 5)
    assert (relay.finish, relay.upstream_id) == ("stop", "c-1")


def test_usage_that_the_client_did_not_ask_for_is_read_and_withheld() -> None:
    relay = lane()
    assert relay.feed(WHOLE + EXTRA + DONE) + relay.end() == WHOLE + DONE
    assert relay.usage == Usage(input=5, output=2)


def test_a_vendor_that_forgets_the_end_marker_is_helped() -> None:
    relay = lane()
    assert relay.feed(WHOLE) == WHOLE
    assert relay.end() == DONE
    assert relay.failure is None


def test_a_stream_that_ends_before_its_answer_is_cut() -> None:
    relay = lane()
    relay.feed(chunk("Hel"))
    assert relay.end() == b""
    assert relay.failure is not None
    assert relay.failure.kind is Kind.CUT


def test_half_an_event_at_the_end_is_not_passed_on() -> None:
    relay = lane()
    assert relay.feed(chunk("Hel") + b'data: {"id"') == chunk("Hel")
    assert relay.end() == b""
    assert relay.failure is not None
    assert relay.failure.kind is Kind.CUT


def test_an_error_event_is_passed_on_and_marked_as_told() -> None:
    relay = lane()
    error = data({"error": {"message": "no", "code": 503}})
    assert relay.feed(chunk("Hel") + error + chunk("lo")) == chunk("Hel") + error
    assert relay.failure is not None
    assert (relay.failure.kind, relay.told, relay.settled) == (Kind.OVERLOADED, True, True)


@pytest.mark.parametrize("bad", [b"data: {\n\n", b"data: [1]\n\n", b'data: {"choices":[5]}\n\n'])
def test_what_came_before_a_malformed_event_still_goes_out(bad: bytes) -> None:
    relay = lane()
    assert relay.feed(chunk("Hel") + bad + chunk("lo")) == chunk("Hel")
    assert relay.failure is not None
    assert (relay.failure.kind, relay.told) == (Kind.GARBLED, False)


def test_an_endless_event_is_garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    relay = lane()
    assert relay.feed(b"data: " + b"x" * 2000) == b""
    assert relay.failure is not None
    assert (relay.failure.kind, relay.settled) == (Kind.GARBLED, True)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "choices",
                    "delta",
                    "content",
                    "tool_calls",
                    "function",
                    "arguments",
                    "finish_reason",
                    "index",
                    "usage",
                    "prompt_tokens",
                    "cost",
                    "error",
                    "code",
                    "message",
                    "object",
                    "id",
                    "reasoning",
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
odd_choices = st.fixed_dictionaries(
    {"choices": st.lists(st.fixed_dictionaries({"delta": json_values}), max_size=2)},
    optional={"usage": json_values, "error": json_values, "id": json_values},
)
events = st.one_of(
    (json_values | odd_choices).map(data),
    st.sampled_from((WHOLE, EXTRA, DONE, b": ping\n\n", b"event: error\n", b"\n", b"data: {\n\n")),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(events, max_size=6), st.integers(0, 400), st.booleans())
def test_whatever_a_vendor_sends_the_lane_neither_raises_nor_makes_up_bytes(
    made: list[bytes], cut: int, usage: bool
) -> None:
    stream = b"".join(made)
    relay = lane(usage)
    out = relay.feed(stream[:cut])
    if relay.failure is None:
        out += relay.feed(stream[cut:])
    if relay.failure is None:
        out += relay.end()
    kept = [one + b"\n\n" for one in out.split(b"\n\n")[:-1]]
    end = kept.pop() if kept and kept[-1] == DONE and DONE not in stream else b""
    assert end in (b"", DONE)
    if relay.told and kept:
        # The vendor's own error, put where clients look for it.
        assert json.loads(kept.pop().partition(b"data: ")[2])["error"]
    # What is left are pieces of the input, in its order.
    place = 0
    for piece in kept:
        place = stream.find(piece, place)
        assert place >= 0, piece
        place += len(piece)
    assert relay.failure is not None or relay.whole
