"""Answers, whole and streamed: small transcripts of our own, torn and bent in every way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_anthropic import Anthropic, MessagesFeed, read_message, read_usage

TARGET = hg.Target("anthropic", "claude-opus-5")
CALL = hg.Call("r", hg.Operation.CHAT, "openai_chat", "ours", {})
COUNT = CALL._replace(operation=hg.Operation.COUNT_TOKENS)

CACHE = {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 30}
PROMPT = {
    "input_tokens": 10,
    "cache_creation_input_tokens": 34,
    "cache_read_input_tokens": 200,
    "cache_creation": CACHE,
}
TOTAL = {**PROMPT, "output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}}
ALL = hg.Usage(
    input=10, cached_input=200, cache_write=4, cache_write_long=30, output=30, reasoning=20
)
CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "Hm. Ha.", "signature": "c2ln"},
    {"type": "redacted_thinking", "data": "cmVk"},
    {"type": "text", "text": "Grüße, 😀"},
    {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"q": "x"}},
    {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []},
    {"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1, "b": "é"}},
    {"type": "tool_use", "id": "toolu_2", "name": "now", "input": {}},
]
#: The pieces in which the blocks of CONTENT are streamed.
GROWTH: list[list[dict[str, Any]]] = [
    [
        {"type": "thinking_delta", "thinking": "Hm. "},
        {"type": "thinking_delta", "thinking": "Ha."},
        {"type": "signature_delta", "signature": "c2ln"},
    ],
    [],
    [{"type": "text_delta", "text": "Grüße, "}, {"type": "text_delta", "text": "😀"}],
    [{"type": "input_json_delta", "partial_json": '{"q":"x"}'}],
    [],
    [
        {"type": "input_json_delta", "partial_json": ""},
        {"type": "input_json_delta", "partial_json": '{"a":1,'},
        {"type": "input_json_delta", "partial_json": '"b":"é"}'},
    ],
    [{"type": "input_json_delta", "partial_json": ""}],
]
EMPTY: dict[str, dict[str, Any]] = {
    "thinking": {"thinking": "", "signature": ""},
    "text": {"text": ""},
    "tool_use": {"input": {}},
    "server_tool_use": {"input": {}},
}


def event(type_: str, **fields: Any) -> bytes:
    data = json.dumps({"type": type_, **fields}, ensure_ascii=False)
    return f"event: {type_}\ndata: {data}\n\n".encode()


def stream(
    reason: str | None = "tool_use", *, stop: bool = True, usage: dict[str, Any] | None = None
) -> bytes:
    """CONTENT as a stream."""
    message = {"id": "msg_1", "content": [], "usage": {**PROMPT, "output_tokens": 1}}
    out = event("message_start", message=message) + event("ping")
    for index, block in enumerate(CONTENT):
        started = {**block, **EMPTY.get(str(block["type"]), {})}
        out += event("content_block_start", index=index, content_block=started)
        for delta in GROWTH[index]:
            out += event("content_block_delta", index=index, delta=delta)
        out += event("content_block_stop", index=index)
    usage = usage or {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}}
    out += event("message_delta", delta={"stop_reason": reason}, usage=usage)
    return out + (event("message_stop") if stop else b"")


def heard(*pieces: bytes) -> tuple[list[hg.Event], bool]:
    framer, feed = hg.SSE(), MessagesFeed()
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    return [made for frame in frames for made in feed.frame(frame)], feed.done


def said(events: list[hg.Event]) -> dict[str, Any]:
    """What a list of events comes to, however it was cut."""
    usage, finish, text, blocks = hg.Usage(), [], "", [""]
    tools: dict[int, list[str]] = {}
    for one in events:
        match one:
            case hg.Text(piece):
                text += piece
            case hg.Reasoning(piece, signature=signature, redacted=redacted):
                blocks[-1] += piece
                if signature or redacted:
                    blocks[-1] += f"|{signature}|{redacted}"
                    blocks.append("")
            case hg.ToolCall(index, id_, name, arguments):
                if index not in tools:
                    assert (index, bool(id_), bool(name)) == (len(tools), True, True)
                    tools[index] = [str(id_), str(name), ""]
                tools[index][2] += arguments
            case hg.Usage():
                usage = usage.updated(one)
            case hg.Finish():
                finish.append(one)
    return {"text": text, "blocks": blocks, "tools": tools, "usage": usage, "finish": finish}


def whole(**fields: Any) -> bytes:
    answer = {
        "id": "msg_1",
        "type": "message",
        "content": CONTENT,
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": TOTAL,
        **fields,
    }
    return json.dumps(answer).encode()


EXPECTED = {
    "text": "Grüße, 😀",
    "blocks": ["Hm. Ha.|c2ln|None", "|None|cmVk", ""],
    "tools": {0: ["toolu_1", "add", '{"a":1,"b":"é"}'], 1: ["toolu_2", "now", "{}"]},
    "usage": ALL,
    "finish": [hg.Finish("tool_calls")],
}


def test_a_whole_answer_says_everything() -> None:
    assert said(list(Anthropic().reply(CALL, TARGET, hg.Response(200, {}, whole())))) == EXPECTED


def test_a_stream_says_the_same() -> None:
    events, done = heard(stream())
    assert done
    assert said(events) == EXPECTED


def test_a_streams_prompt_is_known_from_its_beginning() -> None:
    first = next(one for one in heard(stream())[0] if isinstance(one, hg.Usage))
    assert first == hg.Usage(input=10, cached_input=200, cache_write=4, cache_write_long=30)


def test_a_stream_reads_the_same_however_it_is_split() -> None:
    data, expected = stream(), heard(stream())
    for at in range(len(data)):
        assert heard(data[:at], data[at:]) == expected
    assert heard(*(data[at : at + 1] for at in range(len(data)))) == expected


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, len(stream())), max_size=8), st.sampled_from([b"\n", b"\r\n"]))
def test_a_stream_reads_the_same_with_any_line_ends(cuts: list[int], end: bytes) -> None:
    data, edges = stream().replace(b"\n", end), [0, *sorted(cuts)]
    pieces = [data[a:b] for a, b in zip(edges, [*edges[1:], len(data)], strict=True)]
    assert heard(*pieces) == heard(stream())


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "length"),
        ("compaction", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("a_new_one", "stop"),
    ],
)
def test_reasons_are_the_same_whole_and_streamed(reason: str, expected: str) -> None:
    assert said(heard(stream(reason))[0])["finish"] == [hg.Finish(expected)]
    assert said(list(read_message(whole(stop_reason=reason))))["finish"] == [hg.Finish(expected)]


def test_the_text_that_ended_an_answer_is_known() -> None:
    answer = whole(stop_reason="stop_sequence", stop_sequence="}")
    assert list(read_message(answer))[-1] == hg.Finish("stop", stop_sequence="}")


def test_a_stream_is_not_over_before_it_says_so() -> None:
    assert heard(stream(stop=False))[1] is False


@pytest.mark.parametrize(
    ("bad", "mistake"),
    [
        (b"data: no JSON\n\n", "Expecting value"),
        (b"data: [1]\n\n", "not an object"),
        (b"data: \xff\n\n", "decode"),
        (event("message_stop"), "without a reason"),
        (event("message_start"), "not an object"),
        (event("content_block_start", index=0), "not an object"),
        (event("content_block_start", index="0", content_block={}), "without an index"),
        (
            event("content_block_start", index=0, content_block={"type": "tool_use", "id": 1}),
            "'id' is not a string",
        ),
        (event("content_block_delta", index=9, delta={}), "block 9 has not started"),
        (event("content_block_stop", index=[]), "without an index"),
        (event("message_delta", delta={"stop_reason": 7}), "'stop_reason' is not a string"),
    ],
)
def test_frames_without_sense_are_the_vendors_mistake(bad: bytes, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        heard(bad)


@pytest.mark.parametrize(
    "odd",
    [
        b"event: ping\n\n",
        b": comment\n\n",
        event("ping"),
        event("something_new", index=[]),
        event("content_block_start", index=90, content_block={"type": "something_new"}),
        event("message_delta", delta={"container": {}}, usage={"output_tokens": None}),
    ],
)
def test_events_of_the_future_are_passed_over(odd: bytes) -> None:
    data = stream()
    at = data.index(b"event: content_block_start")
    assert said(heard(data[:at], odd, data[at:])[0]) == EXPECTED


def test_deltas_of_the_future_are_passed_over() -> None:
    data, odd = stream(), event("content_block_delta", index=0, delta={"type": "new", "text": 1})
    at = data.index(b"event: content_block_delta")
    assert said(heard(data[:at], odd, data[at:])[0]) == EXPECTED


def test_servers_that_send_a_block_at_once_are_understood() -> None:
    data = event("message_start", message={"usage": PROMPT})
    for index, block in enumerate(CONTENT):
        data += event("content_block_start", index=index, content_block=block)
        data += event("content_block_stop", index=index)
    data += event("message_delta", delta={"stop_reason": "tool_use"}, usage=TOTAL)
    assert said(heard(data + event("message_stop"))[0]) == EXPECTED


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({}, hg.Usage()),
        ({"input_tokens": 1, "output_tokens": 2}, hg.Usage(input=1, output=2)),
        ({"cache_creation_input_tokens": 5}, hg.Usage(cache_write=5)),
        ({"cache_creation": CACHE}, hg.Usage(cache_write=4, cache_write_long=30)),
        (
            {"output_tokens": 5, "output_tokens_details": {"thinking_tokens": 5}},
            hg.Usage(output=0, reasoning=5),
        ),
        ({"input_tokens": "many", "output_tokens": True, "cache_creation": 3}, hg.Usage()),
    ],
)
def test_usage_is_put_into_classes_that_do_not_overlap(
    usage: dict[str, Any], expected: hg.Usage
) -> None:
    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        (b"", "Expecting value"),
        (b"<html>", "Expecting value"),
        (b"[]", "not an object"),
        (b'"x"', "not an object"),
        (whole(content=None), "no content"),
        (whole(content=["x"]), "not an object"),
        (whole(content=[{"type": "text", "text": 1}]), "'text' is not a string"),
        (whole(stop_reason=[]), "'stop_reason' is not a string"),
    ],
)
def test_answers_without_sense_are_the_vendors_mistake(body: bytes, mistake: str) -> None:
    with pytest.raises(ValueError, match=mistake):
        list(Anthropic().reply(CALL, TARGET, hg.Response(200, {}, body)))


def test_an_error_dressed_as_an_answer_is_an_error() -> None:
    body = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}'
    with pytest.raises(hg.CallFailed) as raised:
        list(Anthropic().reply(CALL, TARGET, hg.Response(200, {}, body)))
    assert raised.value.failure.kind is hg.Kind.OVERLOADED


def test_a_count_is_an_input() -> None:
    response = hg.Response(200, {}, b'{"input_tokens":641}')
    assert list(Anthropic().reply(COUNT, TARGET, response)) == [hg.Usage(input=641)]
    with pytest.raises(ValueError, match="counts no tokens"):
        list(Anthropic().reply(COUNT, TARGET, hg.Response(200, {}, b"{}")))


def test_summing_up_is_billed_beside_the_answer() -> None:
    usage = {
        "input_tokens": 612,
        "output_tokens": 2819,
        "cache_read_input_tokens": 5,
        "iterations": [
            {"type": "compaction", "input_tokens": 60385, "output_tokens": 522},
            {"type": "message", "input_tokens": 612, "output_tokens": 2819},
        ],
    }
    counted = read_usage(usage)
    assert (counted.input, counted.output, counted.cached_input) == (60997, 3341, 5)


def test_a_turn_that_is_whole_at_its_start_is_read() -> None:
    tool = {"type": "tool_use", "id": "t", "name": "now", "input": {"x": 1}}
    message = {
        "id": "msg_1",
        "type": "message",
        "content": [tool],
        "stop_reason": "tool_use",
        "usage": {"input_tokens": 3, "output_tokens": 4},
    }
    feed = MessagesFeed()
    events = [
        event
        for said in ({"type": "message_start", "message": message}, {"type": "message_stop"})
        for event in feed.frame(hg.Frame(json.dumps(said).encode()))
    ]
    assert events == [
        hg.ToolCall(0, "t", "now", '{"x":1}'),
        hg.Usage(input=3, output=4),
        hg.Finish("tool_calls"),
    ]
    assert feed.done


def test_two_answers_in_one_stream_are_none() -> None:
    feed = MessagesFeed()

    def start(id_: str) -> hg.Frame:
        message = {"id": id_, "content": [], "usage": {}}
        return hg.Frame(json.dumps({"type": "message_start", "message": message}).encode())

    list(feed.frame(start("msg_1")))
    assert list(feed.frame(start("msg_1"))) == []
    with pytest.raises(ValueError, match="within another"):
        list(feed.frame(start("msg_2")))
