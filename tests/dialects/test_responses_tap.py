"""What is read from relayed responses, and the ids that are rewritten on the way."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.openai_responses_stored import StoredResponses
from headgate.dialects.response_ids import opened, sealed
from headgate.provider.call import Call, Pin
from headgate.provider.events import Usage
from headgate.provider.failure import Kind
from headgate.provider.framing import SSE

DIALECT = OpenAIResponses()
HERE = Pin("openai", "k3f9")
OURS = sealed("resp_1", HERE)
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {
        "cached_tokens": 30,
        "cache_write_tokens": 20,
        "cache_write_tokens_details": {"ttl_30m_tokens": 15, "ttl_12h_tokens": 5},
    },
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 40},
    "total_tokens": 150,
}
READ = Usage(input=50, cached_input=30, cache_write=15, cache_write_long=5, output=10, reasoning=40)
SAYS = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
ASKS = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def asked(pin: Pin | None = HERE) -> Call:
    return DIALECT.parse("req_1", {"model": "m", "input": "a", "stream": True}, {})._replace(
        pin=pin
    )


def stored(query: str = "stream=true") -> Call:
    return StoredResponses().call("req_1", "GET", OURS, query, {})


def answer(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "output": [SAYS],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "previous_response_id": None,
        "usage": USAGE,
        **fields,
    }


def event(kind: str, **fields: Any) -> bytes:
    said = orjson.dumps({"type": kind, "sequence_number": 1, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + said + b"\n\n"


def state(kind: str, status: str, **fields: Any) -> bytes:
    return event(f"response.{kind}", response=answer(status, **fields))


CREATED = state("created", "in_progress", output=[], usage=None)
STARTED = state("in_progress", "in_progress", output=[], usage=None)
ADDED = event("response.output_item.added", output_index=0, item={"type": "message"})
DELTA = event("response.output_text.delta", item_id="msg_1", delta="Hello", logprobs=[])
COMPLETED = state("completed", "completed")
DONE = b"data: [DONE]\n\n"
STREAM = CREATED + STARTED + b": ping\n\n" + ADDED + DELTA + COMPLETED


def lane(call: Call | None = None) -> RelayLane:
    return RelayLane(call or asked(), DIALECT, SSE())


def events(stream: bytes) -> list[dict[str, Any]]:
    lines = [line for line in stream.splitlines() if line.startswith(b"data: ")]
    return [orjson.loads(line[6:]) for line in lines]


@pytest.mark.parametrize(
    ("piece", "visible", "characters"),
    [
        pytest.param(CREATED, False, 0, id="created"),
        pytest.param(STARTED, False, 0, id="in progress"),
        pytest.param(state("queued", "queued", output=[]), False, 0, id="queued"),
        pytest.param(ADDED, False, 0, id="a message begins"),
        pytest.param(event("response.content_part.added", part={}), False, 0, id="a part begins"),
        pytest.param(event("response.output_text.delta", delta=""), False, 0, id="an empty delta"),
        pytest.param(DELTA, True, 5, id="text"),
        pytest.param(event("response.refusal.delta", delta="No"), True, 2, id="refusal"),
        pytest.param(event("response.reasoning_text.delta", delta="Hm"), True, 2, id="reasoning"),
        pytest.param(
            event("response.reasoning_summary_text.delta", delta="Hm"), True, 2, id="summary"
        ),
        pytest.param(
            event("response.function_call_arguments.delta", delta="{}"), True, 2, id="arguments"
        ),
        pytest.param(
            event("response.output_item.added", item={"type": "function_call"}), True, 0, id="call"
        ),
        pytest.param(
            event("response.output_item.added", item={"type": "web_search_call"}),
            True,
            0,
            id="the vendor's own tool",
        ),
        pytest.param(
            event("response.output_item.added", item={"type": "reasoning"}), False, 0, id="thinks"
        ),
        pytest.param(event("response.audio.delta", delta="AAAA"), True, 0, id="audio"),
        pytest.param(
            event("response.image_generation_call.partial_image", partial_image_b64="AAAA"),
            True,
            0,
            id="an image",
        ),
        pytest.param(event("response.x", a=1), False, 0, id="unknown"),
        pytest.param(b": ping\n\n", False, 0, id="comment"),
    ],
)
def test_a_stream_is_visible_from_its_first_word(
    piece: bytes, visible: bool, characters: int
) -> None:
    relay = lane(asked(None))
    assert relay.feed(piece) == piece
    assert (relay.visible, relay.characters) == (visible, characters)
    assert (relay.whole, relay.failure) == (False, None)


def test_a_whole_stream_is_read_to_its_end() -> None:
    relay = lane(asked(None))
    assert relay.feed(STREAM) + relay.end() == STREAM
    assert (relay.whole, relay.ended, relay.settled, relay.failure) == (True, True, True, None)
    assert (relay.usage, relay.finish, relay.upstream_id) == (READ, "stop", "resp_1")


@pytest.mark.parametrize(
    ("last", "finish"),
    [
        pytest.param(COMPLETED, "stop", id="completed"),
        pytest.param(state("completed", "completed", output=[SAYS, ASKS]), "tool_calls", id="call"),
        pytest.param(
            state("completed", "completed", output=[{"type": "web_search_call"}, SAYS]),
            "stop",
            id="the vendor's own tool",
        ),
        pytest.param(
            state("completed", "completed", output=[{"type": "custom_tool_call"}]),
            "tool_calls",
            id="custom tool",
        ),
        pytest.param(
            state("incomplete", "incomplete", incomplete_details={"reason": "max_output_tokens"}),
            "length",
            id="length",
        ),
        pytest.param(
            state("incomplete", "incomplete", incomplete_details={"reason": "content_filter"}),
            "content_filter",
            id="filter",
        ),
        pytest.param(state("incomplete", "incomplete"), "length", id="no reason"),
        pytest.param(state("completed", "completed", output=None), "stop", id="no output"),
    ],
)
def test_an_answer_ends_with_its_terminal_event(last: bytes, finish: str) -> None:
    relay = lane(asked(None))
    # Not a word was seen, and yet it is an answer.
    assert relay.feed(CREATED + last) == CREATED + last
    assert (relay.visible, relay.whole, relay.ended) == (True, True, True)
    assert (relay.finish, relay.usage, relay.failure) == (finish, READ, None)


@pytest.mark.parametrize("extra", [DONE, DELTA, b"data: junk\n\n", COMPLETED])
def test_nothing_passes_after_the_end(extra: bytes) -> None:
    relay = lane(asked(None))
    assert relay.feed(STREAM + extra) + relay.end() == STREAM
    assert relay.failure is None
    assert relay.characters == 5


def test_done_alone_does_not_end_an_answer() -> None:
    relay = lane(asked(None))
    # An SDK would stop reading there and miss the error that follows.
    assert relay.feed(DELTA + DONE) + relay.end() == DELTA
    assert relay.failure is not None
    assert relay.failure.kind is Kind.CUT


def test_a_stream_that_stops_early_is_cut() -> None:
    relay = lane(asked(None))
    assert relay.feed(CREATED + DELTA) + relay.end() == CREATED + DELTA
    assert relay.failure is not None
    assert (relay.failure.kind, relay.told) == (Kind.CUT, False)


QUOTA = {"code": "insufficient_quota", "message": "no"}


@pytest.mark.parametrize(
    ("piece", "kind"),
    [
        pytest.param(state("failed", "failed", error=QUOTA), Kind.QUOTA_EXHAUSTED, id="failed"),
        pytest.param(
            state("failed", "failed", error={"code": "rate_limit_exceeded", "message": "no"}),
            Kind.RATE_LIMITED,
            id="failed: rate limit",
        ),
        pytest.param(
            state("failed", "failed", error={"code": "invalid_image_url", "message": "no"}),
            Kind.INVALID_REQUEST,
            id="failed: the caller's fault",
        ),
        pytest.param(
            state("failed", "failed", error={"code": "bio_policy", "message": "no"}),
            Kind.CONTENT_FILTER,
            id="failed: policy",
        ),
        pytest.param(
            event("error", error={"type": "insufficient_quota", **QUOTA}),
            Kind.QUOTA_EXHAUSTED,
            id="error",
        ),
        pytest.param(
            event("error", code="rate_limit_exceeded", message="no", param=None),
            Kind.RATE_LIMITED,
            id="flat error",
        ),
        pytest.param(event("error", code=None, message="no"), Kind.SERVER_ERROR, id="no code"),
        pytest.param(
            b'event: error\ndata: {"message":"no","code":503}\n\n', Kind.OVERLOADED, id="no type"
        ),
        pytest.param(b'data: {"error":{"message":"no"}}\n\n', Kind.SERVER_ERROR, id="bare"),
        pytest.param(b'data: {"error":"no"}\n\n', Kind.SERVER_ERROR, id="a text"),
    ],
)
def test_an_error_inside_a_stream_is_told_to_the_client(piece: bytes, kind: Kind) -> None:
    relay = lane(asked(None))
    assert relay.feed(CREATED + DELTA + piece + DELTA) == CREATED + DELTA + piece
    assert relay.failure is not None
    assert (relay.failure.kind, relay.failure.message) == (kind, "no")
    assert (relay.told, relay.whole, relay.settled) == (True, False, True)


def test_a_failed_answer_without_a_reason_failed_all_the_same() -> None:
    relay = lane()
    relay.feed(state("failed", "failed", error=None))
    assert relay.failure is not None
    assert relay.failure.kind is Kind.SERVER_ERROR
    assert relay.usage == READ


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"junk",
        b"[1]",
        b'{"a":1}',
        b'{"id":"c","choices":[]}',
        b'{"type":"response.completed"}',
        b'{"type":"response.completed","response":[]}',
    ],
)
def test_what_is_no_event_is_garbled(data: bytes) -> None:
    relay = lane()
    assert relay.feed(DELTA + b"data: " + data + b"\n\n" + DELTA) == DELTA
    assert relay.failure is not None
    assert relay.failure.kind is Kind.GARBLED


def test_ids_in_a_stream_lead_back_to_where_it_was_made() -> None:
    made = CREATED + DELTA + state("completed", "completed", previous_response_id="resp_0")
    relay = lane()
    out = relay.feed(made)
    for theirs, ours in zip(events(made), events(out), strict=True):
        if "response" not in theirs:
            assert ours == theirs
            continue
        assert opened(ours["response"]["id"]) == ("resp_1", HERE)
        previous = ours["response"]["previous_response_id"]
        assert previous is None or opened(previous) == ("resp_0", HERE)
        restored = {"id": "resp_1", "previous_response_id": "resp_0" if previous else None}
        assert {**ours["response"], **restored} == theirs["response"]
    assert out.startswith(b"event: response.created\ndata: {")
    assert DELTA in out
    assert relay.upstream_id == "resp_1"


@pytest.mark.parametrize("status", ["queued", "in_progress", "failed", "incomplete"])
def test_every_state_of_an_answer_has_our_id(status: str) -> None:
    out = lane().feed(state(status, status))
    assert events(out)[0]["response"]["id"] == OURS


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_a_stream_without_event_lines_stays_without_them(end: bytes) -> None:
    stream = b"data: " + orjson.dumps({"type": "response.completed", "response": answer()}) + end
    out = lane().feed(stream + b": x" + end)
    assert out.startswith(b"data: {")
    assert events(out)[0]["response"]["id"] == OURS


def results(relay: RelayLane, out: bytes) -> tuple[Any, ...]:
    return (
        *(out, relay.failure, relay.told, relay.visible, relay.whole, relay.ended),
        *(relay.usage, relay.characters, relay.finish, relay.upstream_id),
    )


def torn(stream: bytes, pieces: list[bytes], call: Call | None = None) -> tuple[Any, ...]:
    relay, out = lane(call), b""
    for piece in pieces:
        out += relay.feed(piece)
        if relay.failure is not None:
            return results(relay, out)
    return results(relay, out + relay.end())


@pytest.mark.parametrize(
    "end", [STREAM + DONE, CREATED + DELTA, STREAM[:-1], DELTA + b"data: [\n\n"]
)
def test_a_stream_is_the_same_however_it_is_torn(end: bytes) -> None:
    expected = torn(end, [end])
    for at in range(1, len(end), 3):
        assert torn(end, [end[:at], end[at:]]) == expected
    assert torn(end, [end[at : at + 1] for at in range(len(end))]) == expected


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("id", "type", "status", "output", "usage", "input_tokens", "output_tokens"),
                    *("error", "code", "message", "delta", "item", "response", "object"),
                    *("incomplete_details", "reason", "previous_response_id"),
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
KINDS = ("response.created", "response.completed", "response.failed", "response.x", "error")
odd_events = st.fixed_dictionaries(
    {"type": st.sampled_from(KINDS)}, optional={"response": values, "error": values, "item": values}
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        (odd_events | values).map(lambda said: b"data: " + orjson.dumps(said) + b"\n\n")
        | st.sampled_from((DELTA, DONE, b": ping\n\n", b"event: error\n", b"\n", b"data: {\n\n"))
        | st.binary(max_size=20),
        max_size=6,
    ),
    st.integers(0, 400),
    st.booleans(),
)
def test_whatever_a_vendor_sends_the_lane_does_not_raise(
    made: list[bytes], cut: int, replayed: bool
) -> None:
    stream = b"".join(made)
    call = stored() if replayed else None
    found = torn(stream, [stream[:cut], stream[cut:]], call)
    assert found == torn(stream, [stream], call)


@pytest.mark.parametrize("last", [COMPLETED, state("failed", "failed", error=QUOTA)])
def test_a_stored_answer_is_replayed_for_nothing(last: bytes) -> None:
    relay = lane(stored())
    out = relay.feed(DELTA + last)
    assert (relay.whole, relay.ended, relay.failure) == (True, True, None)
    assert relay.usage == Usage(input=0, output=0)
    assert events(out)[-1]["response"]["id"] == OURS
