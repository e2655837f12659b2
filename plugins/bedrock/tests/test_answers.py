"""Answers, whole and streamed, and everything that can go wrong with them."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_bedrock import Bedrock
from headgate_bedrock.answer import ConverseFeed
from headgate_bedrock.eventstream import EventStream

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import chat, decoded, event, exception, gathered, message, target

BEDROCK, TO = Bedrock(), target("us.anthropic.claude-sonnet-4-5-20250929-v1:0")
COUNTS = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 8}


def whole(content: list[Any], stop: str = "end_turn", **more: Any) -> list[hg.Event]:
    answer = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": COUNTS,
        **more,
    }
    response = hg.Response(200, {}, json.dumps(answer).encode())
    return list(BEDROCK.reply(chat(), TO, response))


def streamed(content: list[Any], stop: str = "end_turn", **more: Any) -> bytes:
    """The same answer as a stream, every text in two pieces."""
    out = event("messageStart", role="assistant")
    for at, block in enumerate(content):
        deltas: list[dict[str, Any]] = []
        if "toolUse" in block:
            use = dict(block["toolUse"])
            said = json.dumps(use.pop("input")) if use.get("input") else ""
            use.pop("input", None)
            out += event("contentBlockStart", contentBlockIndex=at, start={"toolUse": use})
            deltas = [{"toolUse": {"input": piece}} for piece in (said[:3], said[3:]) if said]
        elif "reasoningContent" in block:
            thought = block["reasoningContent"]
            deltas = [{"reasoningContent": thought}]
            if inner := thought.get("reasoningText"):
                deltas = [{"reasoningContent": {"text": inner["text"]}}]
                for piece in (inner["signature"][:2], inner["signature"][2:]):
                    deltas.append({"reasoningContent": {"signature": piece}})
        elif "toolResult" in block:
            start = {"toolResult": {"toolUseId": "x"}}
            out += event("contentBlockStart", contentBlockIndex=at, start=start)
            deltas = [{"toolResult": [{"text": "secret"}]}]
        else:
            deltas = [{"text": block["text"][:2]}, {"text": block["text"][2:]}]
        for delta in deltas:
            out += event("contentBlockDelta", contentBlockIndex=at, delta=delta)
        out += event("contentBlockStop", contentBlockIndex=at)
    out += event("messageStop", stopReason=stop, **more)
    return out + event("metadata", usage=COUNTS, metrics={"latencyMs": 1})


def events(data: bytes) -> list[hg.Event]:
    return decoded(EventStream(), ConverseFeed(), [data])


def use(name: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": f"id_{name}", "name": name, "input": arguments, **more}}


ANSWERS: dict[str, tuple[list[Any], dict[str, Any]]] = {
    "a text": ([{"text": "Hello"}], {"text": "Hello"}),
    "nothing": ([], {"text": ""}),
    "two calls": (
        [{"text": "Look"}, use("a", {"x": 1.0}), use("b", {})],
        {"calls": [("id_a", "a", {"x": 1.0}), ("id_b", "b", {})], "finish": ["tool_calls"]},
    ),
    "a tool of Bedrock's own": (
        [
            use("run", {"code": "1"}, type="server_tool_use"),
            {"toolResult": {"toolUseId": "x", "content": []}},
            {"text": "One"},
        ],
        {"text": "One", "calls": [], "finish": ["stop"]},
    ),
    "thinking": (
        [
            {"reasoningContent": {"reasoningText": {"text": "Hm", "signature": "c2ln"}}},
            {"reasoningContent": {"redactedContent": "YWJj"}},
            {"text": "Yes"},
        ],
        {"thoughts": [("Hm", "c2ln"), ("redacted", "YWJj")], "text": "Yes"},
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_stream_says_what_a_whole_answer_says(name: str) -> None:
    content, expected = ANSWERS[name]
    once = gathered(whole(content))
    assert once == gathered(events(streamed(content)))
    assert {key: once[key] for key in expected} == expected
    assert once["usage"] == hg.Usage(input=3, output=5)


@pytest.mark.parametrize(
    ("stop", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("a_new_one", "stop"),
    ],
)
def test_why_a_model_stops(stop: str, finish: str) -> None:
    assert hg.Finish(finish) in whole([{"text": "Hello"}], stop)
    assert hg.Finish(finish) in events(streamed([{"text": "Hello"}], stop))


@pytest.mark.parametrize("stop", ["malformed_model_output", "malformed_tool_use"])
def test_an_answer_that_went_wrong_is_none(stop: str) -> None:
    for read in (lambda: whole([], stop), lambda: events(streamed([], stop))):
        with pytest.raises(hg.CallFailed) as failed:
            read()
        assert failed.value.failure.kind is hg.Kind.GARBLED


def test_which_text_stopped_it() -> None:
    more = {"additionalModelResponseFields": {"stop_sequence": "|"}}
    expected = hg.Finish("stop", stop_sequence="|")
    assert expected in whole([{"text": "Hello"}], "stop_sequence", **more)
    assert expected in events(streamed([{"text": "Hello"}], "stop_sequence", **more))


def test_text_with_citations_is_text() -> None:
    cited = {"citationsContent": {"content": [{"text": "so it is"}], "citations": []}}
    assert whole([cited])[0] == hg.Text("so it is")
    bare = {"citationsContent": {"citations": []}}
    assert whole([bare, cited, bare])[0] == hg.Text("so it is")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"inputTokens": 1, "outputTokens": 2}, hg.Usage(input=1, output=2)),
        (
            {"inputTokens": 1, "cacheReadInputTokens": 4, "cacheWriteInputTokens": 0},
            hg.Usage(input=1, cached_input=4, cache_write=0),
        ),
        (
            {
                "inputTokens": 1,
                "cacheWriteInputTokens": 30,
                "cacheDetails": [
                    {"ttl": "5m", "inputTokens": 10},
                    {"ttl": "1h", "inputTokens": 20},
                ],
            },
            hg.Usage(input=1, cache_write=10, cache_write_long=20),
        ),
        ({"inputTokens": "1", "outputTokens": -1}, hg.Usage()),
        (None, hg.Usage()),
    ],
)
def test_usage_in_classes_that_do_not_overlap(said: Any, expected: hg.Usage) -> None:
    assert expected in whole([], usage=said)
    assert expected in events(event("metadata", usage=said))


def test_a_stream_is_done_with_its_usage_and_not_before() -> None:
    feed, framer = ConverseFeed(), EventStream()
    frames = framer.feed(streamed([{"text": "Hello"}]))
    for frame in frames[:-1]:
        list(feed.frame(frame))
        assert not feed.done
    list(feed.frame(frames[-1]))
    assert feed.done


def test_a_stream_that_counts_before_it_stops_is_done_when_it_has_stopped() -> None:
    feed, framer = ConverseFeed(), EventStream()
    counted, stopped = event("metadata", usage=COUNTS), event("messageStop", stopReason="end_turn")
    for frame in framer.feed(counted):
        list(feed.frame(frame))
    assert not feed.done
    assert [one for frame in framer.feed(stopped) for one in feed.frame(frame)] == [
        hg.Finish("stop")
    ]
    assert feed.done


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("throttlingException", hg.Kind.RATE_LIMITED),
        ("modelStreamErrorException", hg.Kind.SERVER_ERROR),
        ("validationException", hg.Kind.INVALID_REQUEST),
        ("serviceUnavailableException", hg.Kind.OVERLOADED),
        ("internalServerException", hg.Kind.SERVER_ERROR),
        ("modelTimeoutException", hg.Kind.TIMEOUT),
        ("somethingNewException", hg.Kind.SERVER_ERROR),
    ],
)
def test_an_exception_ends_a_stream(name: str, kind: hg.Kind) -> None:
    start = event("messageStart", role="assistant")
    with pytest.raises(hg.CallFailed) as failed:
        events(start + exception(name, message="Oh no"))
    failure = failed.value.failure
    assert (failure.kind, failure.message, failure.code) == (kind, "Oh no", name)


def test_an_exception_may_say_more_exactly_what_it_is() -> None:
    with pytest.raises(hg.CallFailed) as failed:
        events(exception("validationException", message="Input is too long for requested model."))
    assert failed.value.failure.kind is hg.Kind.CONTEXT_LENGTH


ODD = [
    event("contentBlockDelta", delta={"text": "x"}),
    event("contentBlockDelta", contentBlockIndex=0, delta=[]),
    event("contentBlockDelta", contentBlockIndex=0, delta={"toolUse": {"input": "x"}}),
    event("contentBlockStart", contentBlockIndex=0, start=1),
    event("contentBlockStart", contentBlockIndex=0, start={"toolUse": {"toolUseId": 1}}),
    event("messageStop", stopReason=1),
    message(b"[]", b"\x0b:event-type\x07\x00\x0bmessageStop"),
    message(b"{", b"\x0b:event-type\x07\x00\x08metadata"),
]


@pytest.mark.parametrize("data", ODD, ids=range(len(ODD)))
def test_a_message_that_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        events(data)


def test_messages_nobody_here_has_heard_of_are_stepped_over() -> None:
    assert events(event("heartbeat", x=1) + event("frame", x=1)) == []


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b'{"output":{"message":{"content":[1]}}}', b'{"output":{"message":{}}}'],
)
def test_an_answer_that_makes_no_sense_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        list(BEDROCK.reply(chat(), TO, hg.Response(200, {}, body)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "output",
                    "message",
                    "content",
                    "toolUse",
                    "reasoningContent",
                    "start",
                    "delta",
                    "contentBlockIndex",
                    "usage",
                    "cacheDetails",
                    "citationsContent",
                    "text",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(
    json_values,
    st.sampled_from(
        ["contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]
    ),
)
def test_foreign_json_never_raises_anything_but_what_is_agreed(value: Any, name: str) -> None:
    data = json.dumps(value).encode()
    for read in (
        lambda: list(ConverseFeed().frame(hg.Frame(data, name))),
        lambda: list(BEDROCK.reply(chat(), TO, hg.Response(200, {}, data))),
    ):
        with contextlib.suppress(ValueError, hg.CallFailed):
            read()


def test_models_are_listed() -> None:
    body = b'{"modelSummaries":[{"modelId":"a.b"},{"modelId":"c.d"}]}'
    assert [one.id for one in BEDROCK.listed(hg.Response(200, {}, body))] == ["a.b", "c.d"]
    assert BEDROCK.listing().url == "https://bedrock.us-east-1.amazonaws.com/foundation-models"
    mine = Bedrock(base_url="http://127.0.0.1:1/").listing()
    assert (mine.method, mine.url) == ("GET", "http://127.0.0.1:1/foundation-models")


def test_tokens_that_were_counted() -> None:
    call = chat()._replace(operation=hg.Operation.COUNT_TOKENS)
    answer = BEDROCK.reply(call, TO, hg.Response(200, {}, b'{"inputTokens":12}'))
    assert list(answer) == [hg.Usage(input=12)]
    with pytest.raises(ValueError, match=r"."):
        list(BEDROCK.reply(call, TO, hg.Response(200, {}, b"{}")))
