"""Whole and streamed answers, and the errors that look like them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_cohere import Cohere

TARGET = hg.Target("cohere", "command-a-03-2025")
CHAT = hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", {})
BILLED = {
    "billed_units": {"input_tokens": 26.0, "output_tokens": 147},
    "tokens": {"input_tokens": 1431, "output_tokens": 152, "reasoning_tokens": 145},
    "cached_tokens": 1392,
}
SPENT = hg.Usage(
    input=39, cached_input=1392, output=7, reasoning=145, billed_input=26, billed_output=147
)


def whole(**fields: Any) -> list[hg.Event]:
    answer = {"id": "1", "finish_reason": "COMPLETE", "message": {"role": "assistant"}, **fields}
    return list(Cohere().reply(CHAT, TARGET, hg.Response(200, {}, orjson.dumps(answer))))


def event(kind: str, **fields: Any) -> bytes:
    body = orjson.dumps({"type": kind, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + body + b"\n\n"


def message(**fields: Any) -> dict[str, Any]:
    return {"message": fields}


def tool(index: int, **fields: Any) -> bytes:
    kind = "tool-call-start" if "id" in fields else "tool-call-delta"
    return event(kind, index=index, delta=message(tool_calls=fields))


def end(reason: str | None = "COMPLETE", **fields: Any) -> bytes:
    return event("message-end", delta={"finish_reason": reason, **fields})


def heard(pieces: Iterable[bytes]) -> tuple[list[hg.Event], bool]:
    framer, feed = Cohere().framer(CHAT, TARGET), Cohere().feed(CHAT, TARGET)
    events: list[hg.Event] = []
    for piece in pieces:
        for frame in framer.feed(piece):
            events += feed.frame(frame)
    return events, feed.done


STREAM = b"".join(
    [
        event("message-start", id="1", delta=message(role="assistant", content=[], tool_plan="")),
        event("content-start", index=0, delta=message(content={"type": "thinking"})),
        event("content-delta", index=0, delta=message(content={"thinking": "Hm, é"})),
        event("content-end", index=0),
        event("tool-plan-delta", delta=message(tool_plan="I will ")),
        b": ping\n\n",
        event("tool-plan-delta", delta=message(tool_plan="look.")),
        event("content-start", index=1, delta=message(content={"type": "text", "text": "W"})),
        event(
            "content-delta",
            index=1,
            delta=message(content={"text": "ait"}),
            logprobs={"text": "ait", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]},
        ),
        event("citation-start", index=0, delta=message(citations={"text": "ait"})),
        event("debug", prompt="..."),
        tool(3, id="a", type="function", function={"name": "weather", "arguments": ""}),
        tool(3, function={"arguments": '{"city":'}),
        tool(3, function={"arguments": '"Oslo"}'}),
        event("tool-call-end", index=3),
        tool(5, id="b", type="function", function={"name": "now", "arguments": None}),
        event("tool-call-end", index=5),
        end("TOOL_CALL", usage=BILLED),
        b"data: [DONE]\n\n",
    ]
)
HEARD = [
    hg.Reasoning("Hm, é"),
    hg.Reasoning("I will "),
    hg.Reasoning("look."),
    hg.Text("W"),
    hg.Text("ait", logprobs=(hg.TokenLogprob("ait", -0.75),)),
    hg.ToolCall(0, "a", "weather", ""),
    hg.ToolCall(0, arguments='{"city":'),
    hg.ToolCall(0, arguments='"Oslo"}'),
    hg.ToolCall(1, "b", "now", ""),
    hg.ToolCall(1, arguments="{}"),
    SPENT,
    hg.Finish("tool_calls"),
]


def test_a_stream_is_read_event_by_event() -> None:
    assert heard([STREAM]) == (HEARD, True)


def test_a_stream_reads_the_same_wherever_it_is_torn() -> None:
    for at in range(1, len(STREAM)):
        assert heard([STREAM[:at], STREAM[at:]]) == (HEARD, True)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_a_stream_reads_the_same_in_any_pieces(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[a:b] for a, b in itertools.pairwise(edges)]
    assert heard(pieces) == (HEARD, True)


def test_the_same_answer_as_a_whole_says_the_same() -> None:
    events = whole(
        finish_reason="TOOL_CALL",
        usage=BILLED,
        logprobs=[{"text": "Wait", "token_ids": [1], "logprobs": [-0.75]}],
        message={
            "role": "assistant",
            "tool_plan": "I will look.",
            "content": [
                {"type": "thinking", "thinking": "Hm, é"},
                {"type": "text", "text": "Wait"},
            ],
            "citations": [{"text": "Wait"}],
            "tool_calls": [
                {"id": "a", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
                {"id": "b", "function": {"name": "now"}},
            ],
        },
    )
    assert events == [
        hg.Reasoning("Hm, é"),
        hg.Reasoning("I will look."),
        hg.Text("Wait", logprobs=(hg.TokenLogprob("Wait", -0.75),)),
        hg.ToolCall(0, "a", "weather", '{"city":"Oslo"}'),
        hg.ToolCall(1, "b", "now", "{}"),
        SPENT,
        hg.Finish("tool_calls"),
    ]


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("COMPLETE", "stop"),
        ("STOP_SEQUENCE", "stop"),
        ("MAX_TOKENS", "length"),
        ("TOOL_CALL", "tool_calls"),
        ("SOMETHING_NEW", "stop"),
    ],
)
def test_every_finish_reason_has_a_word_of_ours(theirs: str, ours: str) -> None:
    assert whole(finish_reason=theirs) == [hg.Finish(ours)]
    assert heard([end(theirs)]) == ([hg.Finish(ours)], True)


@pytest.mark.parametrize(
    ("reason", "error", "kind"),
    [
        ("ERROR", None, hg.Kind.SERVER_ERROR),
        ("ERROR", "out of memory", hg.Kind.SERVER_ERROR),
        ("TIMEOUT", None, hg.Kind.TIMEOUT),
        ("COMPLETE", "half of it is lost", hg.Kind.SERVER_ERROR),
        (None, "no reason", hg.Kind.SERVER_ERROR),
        ("ERROR", "too many tokens: size limit exceeded by 5 tokens", hg.Kind.CONTEXT_LENGTH),
    ],
)
def test_an_answer_that_ends_in_an_error_has_failed(
    reason: str | None, error: str | None, kind: hg.Kind
) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        heard([end(reason, error=error)])
    assert failed.value.failure.kind is kind
    with pytest.raises(hg.CallFailed) as failed_whole:
        whole(finish_reason=reason, error=error)
    assert failed_whole.value.failure == failed.value.failure
    assert (error or reason or "") in failed.value.failure.message


def test_a_call_that_failed_was_billed_all_the_same() -> None:
    frames = hg.SSE().feed(end("ERROR", usage=BILLED))
    events = iter(Cohere().feed(CHAT, TARGET).frame(frames[0]))
    assert next(events) == SPENT
    with pytest.raises(hg.CallFailed):
        next(events)


def test_a_stream_without_its_last_message_is_not_done() -> None:
    cut = STREAM[: STREAM.index(b"event: message-end")] + b"data: [DONE]\n\n"
    events, done = heard([cut])
    assert not done
    assert events == HEARD[:-2]


@pytest.mark.parametrize(
    "said", [b'data: {"message": "overloaded"}\n\n', b'event: error\ndata: {"message": "x"}\n\n']
)
def test_an_error_body_inside_a_stream_is_an_error(said: bytes) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        heard([said])
    assert failed.value.failure.kind is hg.Kind.SERVER_ERROR


def test_an_error_body_with_status_200_is_an_error() -> None:
    with pytest.raises(hg.CallFailed) as failed:
        whole(message="internal server error")
    assert failed.value.failure.message == "internal server error"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"5", b"<html>", b"{}", b'{"message": null}', b'{"message": []}', b"\xff"),
        b'{"message": {"content": []}}',
    ],
)
def test_what_makes_no_sense_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        list(Cohere().reply(CHAT, TARGET, hg.Response(200, {}, body)))


@pytest.mark.parametrize(
    "data", [b"[1]", b"{", b'{"type":"message-end"}', b'{"type":"tool-call-end","index":1}']
)
def test_a_frame_that_makes_no_sense_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        list(Cohere().feed(CHAT, TARGET).frame(hg.Frame(data)))


NAMES = (
    *("type", "delta", "message", "content", "text", "thinking", "tool_plan", "tool_calls", "id"),
    *("function", "arguments", "index", "usage", "billed_units", "tokens", "input_tokens"),
    *("finish_reason", "logprobs"),
)
TYPES = (
    *("content-start", "content-delta", "tool-plan-delta", "tool-call-start", "tool-call-delta"),
    *("tool-call-end", "message-end", "message-start", "unheard-of"),
)
foreign = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(TYPES), foreign, foreign, foreign)
def test_json_of_any_shape_is_an_event_or_a_vendors_mistake(
    kind: str, delta: Any, index: Any, extra: Any
) -> None:
    feed = Cohere().feed(CHAT, TARGET)
    body = {"type": kind, "delta": delta, "index": index, "logprobs": extra}
    answer = {"message": delta, "finish_reason": "COMPLETE", "usage": extra, "logprobs": index}
    for read, value in (
        (lambda data: feed.frame(hg.Frame(data)), body),
        (lambda data: Cohere().reply(CHAT, TARGET, hg.Response(200, {}, data)), answer),
    ):
        try:
            list(read(json.dumps(value).encode()))
        except (ValueError, hg.CallFailed):
            continue


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, None),
        (None, None),
        ({"tokens": {"input_tokens": "5"}}, None),
        ({"billed_units": {"input_tokens": 5}}, hg.Usage(input=5, billed_input=5)),
        (
            {"billed_units": {"input_tokens": 5, "output_tokens": 2, "search_units": 1}},
            hg.Usage(input=5, output=2, searches=1, billed_input=5, billed_output=2),
        ),
        (BILLED, SPENT),
        (
            {
                "tokens": {"input_tokens": 100, "output_tokens": 9, "reasoning_tokens": 4},
                "cached_tokens": 64,
            },
            hg.Usage(input=36, cached_input=64, output=5, reasoning=4),
        ),
        (
            {"tokens": {"input_tokens": 10, "output_tokens": 3}, "cached_tokens": 64},
            hg.Usage(input=0, cached_input=10, output=3),
        ),
        (
            {"billed_units": {"input_tokens": 5}, "tokens": {"output_tokens": 3}},
            hg.Usage(output=3, billed_input=5),
        ),
        (
            {"billed_units": {"output_tokens": 3}, "tokens": {"reasoning_tokens": 8}},
            hg.Usage(output=0, reasoning=3, billed_output=3),
        ),
        ({"billed_units": {"input_tokens": -1, "output_tokens": True}}, None),
    ],
)
def test_usage_is_what_was_processed_beside_what_was_billed(
    usage: Any, expected: hg.Usage | None
) -> None:
    events = whole(usage=usage)
    assert events[:-1] == ([] if expected is None else [expected])


@pytest.mark.parametrize("arguments", ["null", "", None])
def test_a_tool_without_parameters_is_called_with_an_empty_object(arguments: str | None) -> None:
    call = {"id": "a", "function": {"name": "now", "arguments": arguments}}
    events = whole(message={"tool_calls": [call]}, finish_reason="TOOL_CALL")
    assert hg.ToolCall(0, "a", "now", "{}") in events
