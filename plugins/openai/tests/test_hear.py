"""Answers in OpenAI's shape, and the ways vendors depart from it, read into events."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate_openai import Custom
from headgate_openai.details import spoken

MADE = Custom(base_url="http://127.0.0.1:1")
TARGET = hg.Target("p", "theirs")
#: What is wrong is said in words of ours, or in the JSON decoder's.
SENSELESS = r"^(an? |the |arguments of |Expect)"
CALL = hg.Call("r1", hg.Operation.CHAT, "another", "ours", {}, stream=True)


def sse(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def piece(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "choices": [choice]}


def heard(stream: bytes, call: hg.Call = CALL) -> tuple[list[hg.Event], bool]:
    feed, framer = MADE.feed(call, TARGET), hg.SSE()
    frames = framer.feed(stream)
    return [event for frame in frames for event in feed.frame(frame)], feed.done


def read(**answer: Any) -> list[hg.Event]:
    response = hg.Response(200, {}, b"\n\n" + json.dumps(answer).encode())
    return list(MADE.reply(CALL._replace(stream=False), TARGET, response))


def called(*pieces: dict[str, Any], finish: str | None = "tool_calls") -> list[hg.Event]:
    chunks = [piece(tool_calls=[one]) for one in pieces]
    return heard(sse(*chunks, piece(finish)))[0]


def function(name: str | None = None, arguments: Any = None, **rest: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **rest}


A, B = hg.ToolCall(0, "a", "f", ""), hg.ToolCall(1, "b", "g", "")
END = hg.Finish("tool_calls")


def test_a_stream_and_a_whole_answer_say_the_same() -> None:
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}
    said = [hg.Text("Hello"), hg.Finish("stop"), hg.Usage(input=5, output=2)]
    stream = sse(piece(role="assistant", content=""), piece(content="Hello"), piece("stop"))
    stream += sse({"object": "chat.completion.chunk", "choices": [], "usage": usage})
    assert heard(stream) == (said, False)
    assert heard(stream + b": ping\n\ndata: [DONE]\n\n") == (said, True)
    message = {"role": "assistant", "content": "Hello"}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    assert read(choices=choices, usage=usage) == said


@pytest.mark.parametrize(
    ("pieces", "events"),
    [
        pytest.param(
            [function("f", "", index=0, id="a"), function(None, "{}", index=0)],
            [A, hg.ToolCall(0, arguments="{}")],
            id="as OpenAI does",
        ),
        pytest.param(
            [function("f", "", index=0, id="a"), function("", "{}", index=0, id="")],
            [A, hg.ToolCall(0, arguments="{}")],
            id="empty names again",
        ),
        pytest.param(
            [function("f", "", index=0, id="a"), function("f", "{}", index=0, id="a")],
            [A, hg.ToolCall(0, arguments="{}")],
            id="id and name again",
        ),
        pytest.param(
            [function("f", "", id="a"), function(None, "{}"), function("g", "", id="b")],
            [A, hg.ToolCall(0, arguments="{}"), B],
            id="no index",
        ),
        pytest.param(
            [function("f", "", index=0, id="a"), function("g", "", index=0, id="b")],
            [A, B],
            id="always index 0",
        ),
        pytest.param(
            [function("f", "", index=1, id="a"), function("g", "", index=5, id="b")],
            [A, B],
            id="sparse indexes",
        ),
        pytest.param(
            [
                function("f", "", index=0, id="a"),
                function("g", "", index=1, id="b"),
                function(None, "1", index=0),
                function(None, "2", index=1),
            ],
            [A, B, hg.ToolCall(0, arguments="1"), hg.ToolCall(1, arguments="2")],
            id="interleaved",
        ),
        pytest.param(
            [function("f", "{}", index=0), function("g", "{}", index=1)],
            [hg.ToolCall(0, "call_r1_0_0", "f", "{}"), hg.ToolCall(1, "call_r1_0_1", "g", "{}")],
            id="no ids",
        ),
        pytest.param(
            [function(None, '{"a"', index=0, id="a"), function("f", ":1}", index=0)],
            [hg.ToolCall(0, "a", "f", '{"a":1}')],
            id="a late name",
        ),
        pytest.param(
            [function("f", {"a": 1}, index=0, id="a")],
            [hg.ToolCall(0, "a", "f", '{"a": 1}')],
            id="arguments as an object",
        ),
        pytest.param(
            [function("f", "", id="a", extra_content={"google": {"thought_signature": "sig"}})],
            [hg.ToolCall(0, "a", "f", "", signature="sig")],
            id="signed",
        ),
    ],
)
def test_tool_calls_are_numbered_densely_and_named_once(
    pieces: list[dict[str, Any]], events: list[hg.Event]
) -> None:
    assert called(*pieces) == [*events, END]


@pytest.mark.parametrize("reason", ["stop", "", "function_call", "tool_calls", "eos"])
def test_an_answer_that_calls_tools_ends_with_them(reason: str) -> None:
    assert called(function("f", "", index=0, id="a"), finish=reason) == [A, END]


@pytest.mark.parametrize(
    ("reason", "ends"),
    [
        ("stop", "stop"),
        ("eos", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "content_filter"),
        ("something new", "stop"),
    ],
)
def test_finish_reasons_are_a_closed_set_and_come_once(reason: str, ends: str) -> None:
    events, _ = heard(sse(piece(content="x"), piece(reason), piece(reason)))
    assert events == [hg.Text("x"), hg.Finish(ends)]


@pytest.mark.parametrize(
    ("delta", "events"),
    [
        ({"reasoning_content": "Hm."}, [hg.Reasoning("Hm.")]),
        ({"reasoning": "Hm."}, [hg.Reasoning("Hm.")]),
        ({"refusal": "No."}, [hg.Text("No.")]),
        ({"content": [{"type": "text", "text": "a"}, "b"]}, [hg.Text("a"), hg.Text("b")]),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]},
            [hg.Reasoning("Hm.")],
        ),
        (
            {"content": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}]},
            [hg.Reasoning("Hm.", signature="s")],
        ),
        ({"function_call": {"name": "f", "arguments": ""}}, [hg.ToolCall(0, "call_r1_0_0", "f")]),
        ({"audio": {"id": "x"}, "annotations": []}, []),
    ],
)
def test_a_delta_in_a_vendors_words(delta: dict[str, Any], events: list[hg.Event]) -> None:
    assert heard(sse(piece(**delta)))[0] == events


def test_blocks_of_thinking_come_back_as_they_were() -> None:
    details = [
        {"type": "reasoning.text", "text": "a", "index": 0, "format": "x-v1"},
        {"type": "reasoning.text", "text": "b", "index": 0, "signature": "seal"},
        {"type": "reasoning.encrypted", "data": "zzz", "index": 1, "id": "rs_1"},
    ]
    stream = sse(*(piece(reasoning_details=[one], reasoning=one.get("text")) for one in details))
    events, _ = heard(stream + sse(piece(content="Hi"), piece("stop")))
    parts = [event for event in events if isinstance(event, hg.Reasoning)]
    assert [part.text for part in parts] == ["a", "b", "", ""]
    replayed = (
        hg.ReasoningPart("ab", parts[2].signature),
        hg.ReasoningPart("", redacted=parts[3].redacted),
    )
    assert spoken(replayed) == [
        {**details[0], "text": "ab", "signature": "seal"},
        details[2],
    ]


def test_logprobs_are_kept() -> None:
    likely = {"token": "Hi", "logprob": -0.5, "bytes": [72], "top_logprobs": []}
    chunk = piece(content="Hi")
    chunk["choices"][0]["logprobs"] = {"content": [likely, {"token": None}]}
    assert heard(sse(chunk))[0] == [hg.Text("Hi", logprobs=(hg.TokenLogprob("Hi", -0.5),))]


def failing(stream: bytes) -> hg.Failure:
    with pytest.raises(hg.CallFailed) as failed:
        heard(stream)
    return failed.value.failure


@pytest.mark.parametrize(
    ("stream", "kind"),
    [
        (sse({"error": {"message": "x", "code": 429}}), hg.Kind.RATE_LIMITED),
        (sse({"error": {"message": "x", "status_code": 503}}), hg.Kind.OVERLOADED),
        (sse({"error": {"message": "x", "code": "server_error"}}), hg.Kind.SERVER_ERROR),
        (sse({"error": {"message": "x", "type": "insufficient_quota"}}), hg.Kind.QUOTA_EXHAUSTED),
        (
            sse({"error": {"message": "x", "type": "invalid_request_error"}}),
            hg.Kind.INVALID_REQUEST,
        ),
        (sse({"error": "overloaded"}), hg.Kind.SERVER_ERROR),
        (sse({"object": "error", "message": "x", "code": 400}), hg.Kind.INVALID_REQUEST),
        (b"event: error\n" + sse({"message": "x"}), hg.Kind.SERVER_ERROR),
        (sse({"choices": [], "x_groq": {"error": "broken"}}), hg.Kind.SERVER_ERROR),
        (sse(piece("error")), hg.Kind.SERVER_ERROR),
        (sse({**piece("error"), "error": {"message": "x", "code": 502}}), hg.Kind.SERVER_ERROR),
        (sse(piece("insufficient_system_resource")), hg.Kind.OVERLOADED),
        (sse(piece("abort")), hg.Kind.SERVER_ERROR),
    ],
)
def test_an_error_inside_a_stream_is_the_vendors_failure(stream: bytes, kind: hg.Kind) -> None:
    assert failing(sse(piece(content="Hel")) + stream).kind is kind


def test_an_error_after_the_end_changes_nothing() -> None:
    stream = sse(piece(content="x"), piece("length"), {"error": {"message": "late", "code": 400}})
    assert heard(stream)[0] == [hg.Text("x"), hg.Finish("length")]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"[]",
        b'"text"',
        b"{}",
        b'{"choices": [3]}',
        b'{"choices": [{"delta": {"tool_calls": [3]}}]}',
        b'{"choices": [{"delta": {"tool_calls": [{"function": 3}]}}]}',
        b'{"choices": [{"delta": {"content": [3]}}]}',
    ],
)
def test_a_chunk_that_makes_no_sense_is_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError, match=SENSELESS):
        heard(b"data: " + data + b"\n\n")


@pytest.mark.parametrize(
    "delta", [3, None, {"tool_calls": 3}, {"content": 3}, {"reasoning_details": 3}, {"refusal": 3}]
)
def test_odd_values_do_no_harm(delta: Any) -> None:
    assert heard(sse({"choices": [{"delta": delta, "logprobs": 3}], "usage": 3}))[0] == []


@pytest.mark.parametrize("body", [b"[]", b"{}", b"", b'{"choices": 3}', b'{"choices": [{}]}'])
def test_a_whole_answer_that_makes_no_sense_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=SENSELESS):
        list(MADE.reply(CALL, TARGET, hg.Response(200, {}, body)))


@pytest.mark.parametrize(
    "answer", [{"error": {"code": 402}}, {"choices": [], "error": {"code": 402}}]
)
def test_a_whole_answer_may_be_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        read(**answer)
    assert failed.value.failure.kind is hg.Kind.QUOTA_EXHAUSTED


@pytest.mark.parametrize(
    ("usage", "counted"),
    [
        (
            {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
            hg.Usage(input=9, output=5),
        ),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {
                    "cached_tokens": 40,
                    "cache_write_tokens": 30,
                    "cache_write_tokens_details": {"ttl_12h_tokens": 10},
                    "audio_tokens": 5,
                },
                "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 6},
            },
            hg.Usage(25, 40, 20, 10, 24, 20, None, 5, 6),
        ),
        (
            {
                "prompt_tokens": 10,
                "completion_tokens": 3,
                "total_tokens": 20,
                "completion_tokens_details": {"reasoning_tokens": 7},
                "cost_in_usd_ticks": 12345,
            },
            hg.Usage(input=10, output=3, reasoning=7, cost_nano_usd=1234),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
            hg.Usage(input=1, cached_input=4, output=2),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 9, "cost": 0.001},
            hg.Usage(input=0, cached_input=5, output=2, cost_nano_usd=1_000_000),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 2, "cost": {"total_cost": 0.00503}},
            hg.Usage(input=5, output=2, cost_nano_usd=5_030_000),
        ),
    ],
)
def test_usage_is_counted_in_classes_that_do_not_overlap(
    usage: dict[str, Any], counted: hg.Usage
) -> None:
    stream = sse(piece(content="x"), piece("stop"), {"choices": [], "usage": usage})
    assert heard(stream)[0][-1] == counted
    choice = {"index": 0, "message": {"content": "x"}, "finish_reason": "stop"}
    assert read(choices=[choice], usage=usage)[-1] == counted


def test_a_stream_that_ends_without_a_reason_has_finished() -> None:
    said = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":""}]}\n\n'
    events, done = heard(said + b"data: [DONE]\n\n")
    assert done
    assert events == [hg.Text("Hi"), hg.Finish("stop")]


def test_an_empty_call_of_the_old_kind_is_none() -> None:
    message = {"content": "Hi", "function_call": {"name": "", "arguments": ""}}
    events = read(choices=[{"index": 0, "message": message, "finish_reason": "stop"}])
    assert events == [hg.Text("Hi"), hg.Finish("stop")]
