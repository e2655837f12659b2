"""What Google answers, in small transcripts of our own."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate_google import Gemini
from headgate_google.answers import Stream

TARGET = hg.Target("g", "gemini-3.5-flash")
USAGE = {"promptTokenCount": 3, "candidatesTokenCount": 2, "totalTokenCount": 5}
COUNTED = hg.Usage(input=3, output=2)


def call(**fields: Any) -> hg.Call:
    return hg.Call("r1", hg.Operation.CHAT, "openai_chat", "m", {}, **fields)


def whole(answer: Any, **fields: Any) -> list[hg.Event]:
    body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    return list(Gemini().reply(call(**fields), TARGET, hg.Response(200, {}, body)))


def streamed(body: bytes, **fields: Any) -> list[hg.Event]:
    framer, feed = Stream(), Gemini().feed(call(**fields), TARGET)
    frames = [*framer.feed(body), *framer.close()]
    events = [event for frame in frames for event in feed.frame(frame)]
    assert not feed.done
    return events


def sse(*pieces: Any, end: bytes = b"\r\n\r\n") -> bytes:
    return b"".join(b"data: " + json.dumps(piece).encode() + end for piece in pieces)


def candidate(*parts: dict[str, Any], finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, **more}
    return {**made, "finishReason": finish} if finish else made


def answer(*parts: dict[str, Any], finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    return {"candidates": [candidate(*parts, finish=finish, **more)], "responseId": "id1"}


LOOK = {"functionCall": {"name": "look", "args": {"q": "é", "n": 1.5}}}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"text": "Hi"}], [hg.Text("Hi")]),
        ([{"text": "Hm", "thought": True}, {"text": "Hi"}], [hg.Reasoning("Hm"), hg.Text("Hi")]),
        (
            [{"text": "Hi", "thoughtSignature": "c2ln"}],
            [hg.Text("Hi"), hg.Reasoning(signature="c2ln")],
        ),
        ([{"text": "", "thoughtSignature": "c2ln"}], [hg.Reasoning(signature="c2ln")]),
        (
            [{"text": "Hm", "thought": True, "thoughtSignature": "c2ln"}],
            [hg.Reasoning("Hm", signature="c2ln")],
        ),
        (
            [{"text": ""}, {"inlineData": {"mimeType": "image/png", "data": ""}}, {"text": "x"}],
            [hg.Text("x")],
        ),
        ([{"executableCode": {"code": "1"}}, {"text": "x"}], [hg.Text("x")]),
    ],
)
def test_parts_are_events(parts: list[dict[str, Any]], expected: list[hg.Event]) -> None:
    assert whole(answer(*parts)) == [*expected, hg.Finish("stop")]
    assert streamed(sse(answer(*parts))) == [*expected, hg.Finish("stop")]


def test_tool_calls_are_whole_and_have_ids_of_their_own() -> None:
    named = {"functionCall": {"id": "x9", "name": "other"}}
    expected = [
        hg.ToolCall(0, "call_0_0_id1", "look", '{"q":"é","n":1.5}', signature="c2ln"),
        hg.ToolCall(1, "x9", "other", "{}"),
        hg.Finish("tool_calls"),
    ]
    signed = {**LOOK, "thoughtSignature": "c2ln"}
    assert whole(answer(signed, named)) == expected
    assert streamed(sse(answer(signed, finish=None), answer(named))) == expected
    assert whole({"candidates": [candidate(LOOK)]})[0] == hg.ToolCall(
        0, "call_0_0_r1", "look", '{"q":"é","n":1.5}'
    )


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("STOP", "stop"),
        (1, "stop"),
        ("MAX_TOKENS", "length"),
        (2, "length"),
        ("CONTINUATION", "length"),
        *((word, "content_filter") for word in (
            "SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII",
            "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_OTHER", "IMAGE_RECITATION",
            "NO_IMAGE", "MODEL_ARMOR", "ESCALATION",
        )),
        ("MALFORMED_RESPONSE", "stop"),
        ("A_WORD_OF_TOMORROW", "stop"),
    ],
)  # fmt: skip
def test_finish_reasons(reason: Any, expected: str) -> None:
    assert whole(answer({"text": "x"}, finish=reason))[-1] == hg.Finish(expected)


@pytest.mark.parametrize(
    "reason",
    [
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    ],
)
def test_an_accident_with_nothing_to_show_is_a_failure(reason: str) -> None:
    broken = {"candidates": [{"finishReason": reason, "finishMessage": "Broken: look("}]}
    for read in (whole, lambda made: streamed(sse(made))):
        with pytest.raises(hg.CallFailed) as failed:
            read(broken)
        assert failed.value.failure.kind is hg.Kind.SERVER_ERROR
        assert failed.value.failure.message == "Broken: look("


def test_a_blocked_prompt_ends_every_choice() -> None:
    blocked = {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": USAGE}
    expected = [COUNTED, hg.Finish("content_filter", 0), hg.Finish("content_filter", 1)]
    assert whole(blocked, choices=2) == expected
    assert streamed(sse(blocked), choices=2) == expected


def test_a_stream_finishes_each_choice_once() -> None:
    pieces = [
        {"candidates": [candidate({"text": "a"}), candidate({"text": "b"}, index=1, finish=None)]},
        {"candidates": [candidate({"text": "c"}, index=1, finish="MAX_TOKENS"), candidate()]},
    ]
    assert streamed(sse(*pieces), choices=2) == [
        hg.Text("a"),
        hg.Finish("stop"),
        hg.Text("b", 1),
        hg.Text("c", 1),
        hg.Finish("length", 1),
    ]


def test_an_answer_that_says_nothing_of_its_end_is_over_if_it_is_whole() -> None:
    assert whole(answer({"text": "x"}, finish=None)) == [hg.Text("x"), hg.Finish("stop")]
    assert streamed(sse(answer({"text": "x"}, finish=None))) == [hg.Text("x")]


AUDIO = {"modality": "AUDIO", "tokenCount": 4}
TEXT = {"modality": "TEXT", "tokenCount": 6}


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (USAGE, COUNTED),
        ({"promptTokenCount": 3}, hg.Usage(input=3, output=0)),
        (
            {**USAGE, "thoughtsTokenCount": 7, "cachedContentTokenCount": 1},
            hg.Usage(input=2, cached_input=1, output=2, reasoning=7),
        ),
        ({**USAGE, "toolUsePromptTokenCount": 10}, hg.Usage(input=13, output=2)),
        (
            {"promptTokenCount": 10, "promptTokensDetails": [TEXT, AUDIO]},
            hg.Usage(input=6, output=0, audio_input=4),
        ),
        (
            {
                "promptTokenCount": 10,
                "cachedContentTokenCount": 5,
                "promptTokensDetails": [TEXT, AUDIO],
                "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 3}],
            },
            hg.Usage(input=4, cached_input=5, output=0, audio_input=1),
        ),
        (
            {"promptTokenCount": 1, "candidatesTokenCount": 9, "candidatesTokensDetails": [AUDIO]},
            hg.Usage(input=1, output=5, audio_output=4),
        ),
        ({"promptTokenCount": "12", "candidatesTokenCount": None}, hg.Usage(input=12, output=0)),
    ],
)
def test_usage_is_in_classes_that_do_not_overlap(said: dict[str, Any], expected: hg.Usage) -> None:
    made = {**answer({"text": "x"}), "usageMetadata": said}
    assert [e for e in whole(made) if isinstance(e, hg.Usage)] == [expected]
    grown = {**answer({"text": "x"}, finish=None), "usageMetadata": {"promptTokenCount": 1}}
    total = hg.Usage()
    for event in streamed(sse(grown, made)):
        if isinstance(event, hg.Usage):
            total = total.updated(event)
    assert total == expected


def test_logprobs() -> None:
    chosen = [{"token": "H", "logProbability": -0.5}, {"token": "i"}]
    top = [{"candidates": [{"token": "H", "logProbability": -0.5}, {"token": "J"}]}]
    result = {"chosenCandidates": chosen, "topCandidates": top}
    made = answer({"text": "Hm", "thought": True}, {"text": "Hi"}, logprobsResult=result)
    assert whole(made)[1] == hg.Text(
        "Hi",
        logprobs=(
            hg.TokenLogprob("H", -0.5, (("H", -0.5), ("J", 0.0))),
            hg.TokenLogprob("i", 0.0),
        ),
    )


ERROR = {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}


@pytest.mark.parametrize(
    "tail",
    [
        sse({"error": ERROR}),
        sse([{"error": ERROR}]),
        json.dumps({"error": ERROR}, indent=2).encode(),
        json.dumps({"error": ERROR}, indent=2).encode() + b"\n\n",
        json.dumps([{"error": ERROR}], indent=2).encode() + b"\n",
    ],
)
def test_an_error_in_a_stream_is_a_failure(tail: bytes) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        streamed(sse(answer({"text": "x"}, finish=None)) + tail)
    assert failed.value.failure.kind is hg.Kind.OVERLOADED


def test_an_error_dressed_as_a_success_is_a_failure() -> None:
    with pytest.raises(hg.CallFailed):
        whole([{"error": ERROR}])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"[1]",
        b'"x"',
        b"<html>",
        b"\xff",
        b"[" * 100_000,
        b'{"candidates": 5}',
        b'{"candidates": [{"content": {"parts": [{"functionCall": {"args": {}}}]}}]}',
    ],
)
def test_nonsense_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        whole(body)


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": [{"content": None, "finishReason": "STOP", "index": "x"}]},
        {"candidates": [{"content": {"parts": None}, "finishReason": "STOP"}]},
        {"candidates": [{"content": {"parts": [3, {"text": 5}]}, "finishReason": "STOP"}]},
        {**answer(), "usageMetadata": 5, "promptFeedback": [], "responseId": 5, "error": None},
    ],
)
def test_odd_shapes_do_no_harm(body: dict[str, Any]) -> None:
    assert whole(body) == [hg.Finish("stop")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {"embeddings": [{"values": [1, 2]}, {"values": [0.5]}]},
            [hg.Vector(0, (1.0, 2.0)), hg.Vector(1, (0.5,))],
        ),
        (
            {"embeddings": [{"values": [1]}], "usageMetadata": {"promptTokenCount": 4}},
            [hg.Vector(0, (1.0,)), hg.Usage(input=4)],
        ),
        (
            {"embedding": {"values": [1]}, "usageMetadata": {"promptTokenCount": 4}},
            [hg.Vector(0, (1.0,)), hg.Usage(input=4)],
        ),
        (
            {
                "predictions": [
                    {"embeddings": {"values": [1], "statistics": {"token_count": 3.0}}},
                    {"embeddings": {"values": [2], "statistics": {"token_count": 2}}},
                ]
            },
            [hg.Vector(0, (1.0,)), hg.Vector(1, (2.0,)), hg.Usage(input=5)],
        ),
    ],
)
def test_embeddings_in_every_shape(body: dict[str, Any], expected: list[hg.Event]) -> None:
    made = call()._replace(operation=hg.Operation.EMBEDDINGS)
    response = hg.Response(200, {}, json.dumps(body).encode())
    assert list(Gemini().reply(made, TARGET, response)) == expected


@pytest.mark.parametrize("body", [b"{}", b'{"embeddings": [{"values": ["x"]}]}', b"[]"])
def test_embeddings_without_numbers_are_nonsense(body: bytes) -> None:
    made = call()._replace(operation=hg.Operation.EMBEDDINGS)
    with pytest.raises(ValueError, match=r"."):
        list(Gemini().reply(made, TARGET, hg.Response(200, {}, body)))


def test_counted_tokens() -> None:
    made = call()._replace(operation=hg.Operation.COUNT_TOKENS)
    response = hg.Response(200, {}, b'{"totalTokens": 31, "cachedContentTokenCount": 3}')
    assert list(Gemini().reply(made, TARGET, response)) == [hg.Usage(input=31)]
    with pytest.raises(ValueError, match=r"."):
        list(Gemini().reply(made, TARGET, hg.Response(200, {}, b"{}")))
