"""Recorded traffic of Bedrock, read by the plugin and by the tests themselves."""

from __future__ import annotations

import base64
import json
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

import headgate as hg
from headgate_bedrock import Bedrock
from headgate_bedrock.claude import ClaudeEvents

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import chat, decoded, gathered, messages, target

ROOT = Path(__file__).resolve().parents[3]
FOLDER = Path(os.environ.get("HEADGATE_RECORDINGS") or ROOT.parent / "shared" / "recordings")
FINISHES = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
KINDS = {
    "ExpiredTokenException": hg.Kind.CREDENTIALS,
    "UnrecognizedClientException": hg.Kind.CREDENTIALS,
    "AccessDeniedException": hg.Kind.CREDENTIALS,
    "ResourceNotFoundException": hg.Kind.MODEL_NOT_FOUND,
    "ThrottlingException": hg.Kind.RATE_LIMITED,
}
BEDROCK = Bedrock()

Recorded = dict[str, Any]


def recorded(wanted: Callable[[Recorded], bool]) -> list[Any]:
    found = []
    for path in sorted(FOLDER.glob("bedrock__*.json")):
        exchange = json.loads(path.read_text("utf-8"))
        if wanted(exchange):
            found.append(pytest.param(exchange, id=path.stem))
    return found or [pytest.param(None, id="no-recording")]


@pytest.fixture
def one(request: pytest.FixtureRequest) -> Recorded:
    if request.param is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there are no recordings, and CI must run every test")
        pytest.skip("there are no recordings")
    found: Recorded = request.param
    return found


def of(api: str, *, stream: bool | None = None, failed: bool = False) -> Any:
    def wanted(exchange: Recorded) -> bool:
        return (
            (not api or exchange["api"] == api)
            and (exchange["response"]["status"] >= 400) is failed
            and (stream is None or ("body_base64" in exchange["response"]) is stream)
        )

    return pytest.mark.parametrize("one", recorded(wanted), indirect=True)


def body(exchange: Recorded) -> bytes:
    response = exchange["response"]
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    return response["body"].encode()


def response(exchange: Recorded) -> hg.Response:
    return hg.Response(
        exchange["response"]["status"], exchange["response"]["headers"], body(exchange)
    )


def model(exchange: Recorded) -> str:
    return unquote(exchange["request"]["url"].split("/model/")[1].split("/")[0])


def usage(said: dict[str, Any]) -> hg.Usage:
    written = said.get("cacheWriteInputTokens")
    long = sum(d["inputTokens"] for d in said.get("cacheDetails", ()) if d["ttl"] == "1h")
    return hg.Usage(
        input=said["inputTokens"],
        cached_input=said.get("cacheReadInputTokens"),
        cache_write=None if written is None else written - long,
        cache_write_long=long or None,
        output=said["outputTokens"],
    )


def blocks_read(blocks: list[dict[str, Any]]) -> dict[str, Any]:
    """Whole content blocks, read as simply as can be."""
    said: dict[str, Any] = {"text": "", "calls": [], "thoughts": []}
    for block in blocks:
        said["text"] += block.get("text", "")
        use = block.get("toolUse")
        if use and use.get("type") != "server_tool_use":
            said["calls"].append((use["toolUseId"], use["name"], use["input"]))
        thought = block.get("reasoningContent", {})
        if "reasoningText" in thought:
            inner = thought["reasoningText"]
            said["thoughts"].append((inner["text"], inner.get("signature")))
        if "redactedContent" in thought:
            said["thoughts"].append(("redacted", thought["redactedContent"]))
    return said


def stream_read(data: bytes) -> dict[str, Any]:
    """A stream put together into whole blocks, and those read."""
    blocks: dict[int, dict[str, Any]] = {}
    said: dict[str, Any] = {}
    for headers, payload in messages(data):
        at = payload.get("contentBlockIndex", 0)
        match headers[":event-type"]:
            case "contentBlockStart" if "toolUse" in payload["start"]:
                blocks[at] = {"toolUse": {**payload["start"]["toolUse"], "input": ""}}
            case "contentBlockDelta":
                delta, block = payload["delta"], blocks.setdefault(at, {})
                if "text" in delta:
                    block["text"] = block.get("text", "") + delta["text"]
                if "toolUse" in delta:
                    block["toolUse"]["input"] += delta["toolUse"]["input"]
                thought = delta.get("reasoningContent", {})
                if "redactedContent" in thought:
                    block["reasoningContent"] = thought
                elif thought:
                    inner = block.setdefault("reasoningContent", {"reasoningText": {"text": ""}})
                    inner["reasoningText"]["text"] += thought.get("text", "")
                    if "signature" in thought:
                        inner["reasoningText"]["signature"] = thought["signature"]
            case "messageStop":
                said["finish"] = [FINISHES[payload["stopReason"]]]
            case "metadata":
                said["usage"] = usage(payload["usage"])
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return blocks_read([blocks[at] for at in sorted(blocks)]) | said


@of("converse", stream=False)
def test_a_whole_answer(one: Recorded) -> None:
    answer = json.loads(body(one))
    events = list(BEDROCK.reply(chat(), target(model(one)), response(one)))
    expected = blocks_read(answer["output"]["message"]["content"])
    expected["usage"] = usage(answer["usage"])
    expected["finish"] = [FINISHES[answer["stopReason"]]]
    assert gathered(events) == expected
    total = gathered(events)["usage"]
    assert total.prompt + total.completion == answer["usage"]["totalTokens"]


@of("converse", stream=True)
def test_a_stream(one: Recorded) -> None:
    data, to = body(one), target(model(one))
    feed = BEDROCK.feed(chat(), to)
    events = decoded(BEDROCK.framer(chat(), to), feed, [data])
    assert gathered(events) == stream_read(data)
    assert feed.done


def torn(data: bytes) -> list[list[bytes]]:
    """Every way of splitting a short stream in two, some ways for a long one."""
    chance = random.Random(len(data))
    places = range(len(data)) if len(data) < 4000 else chance.sample(range(len(data)), 300)
    return [[data[:at], data[at:]] for at in places]


@of("converse", stream=True)
def test_a_torn_stream_says_the_same(one: Recorded) -> None:
    data, to = body(one), target(model(one))
    whole = decoded(BEDROCK.framer(chat(), to), BEDROCK.feed(chat(), to), [data])
    for pieces in torn(data):
        assert decoded(BEDROCK.framer(chat(), to), BEDROCK.feed(chat(), to), pieces) == whole


@of("converse", stream=True)
def test_a_stream_that_is_cut_anywhere_is_not_done(one: Recorded) -> None:
    data, to = body(one), target(model(one))
    for pieces in torn(data)[::7]:
        feed = BEDROCK.feed(chat(), to)
        decoded(BEDROCK.framer(chat(), to), feed, pieces[:1])
        assert not feed.done


@of("invoke", stream=True)
def test_claudes_events_are_passed_on_as_anthropic_would_send_them(one: Recorded) -> None:
    data = body(one)
    frames = ClaudeEvents().feed(data)
    inner = [json.loads(base64.b64decode(payload["bytes"])) for _, payload in messages(data)]
    if "type" not in inner[0]:
        pytest.skip("a model with events of its own")
    for event in inner:
        event.pop("amazon-bedrock-invocationMetrics", None)
    assert [json.loads(frame.data or b"") for frame in frames] == inner
    assert [frame.event for frame in frames] == [event["type"] for event in inner]
    again = hg.SSE().feed(b"".join(frame.raw for frame in frames))
    assert [(f.event, f.data) for f in again] == [(f.event, f.data) for f in frames]
    assert b"invocationMetrics" not in b"".join(frame.raw for frame in frames)
    for pieces in torn(data):
        framer = ClaudeEvents()
        assert [frame for piece in pieces for frame in framer.feed(piece)] == frames


@of("embeddings")
def test_vectors(one: Recorded) -> None:
    answer, asked = json.loads(body(one)), one["request"]["body"]
    texts = asked.get("texts") or [asked.get("inputText", "")]
    call = hg.Call(
        "r",
        hg.Operation.EMBEDDINGS,
        "openai_embeddings",
        "m",
        {},
        reader=lambda _: hg.Embed(tuple(texts)),
    )
    *found, tokens = BEDROCK.reply(call, target(model(one)), response(one))
    expected = answer.get("embeddings") or [answer["embedding"]]
    expected = expected["float"] if isinstance(expected, dict) else expected
    assert found == [hg.Vector(at, tuple(values)) for at, values in enumerate(expected)]
    said = response(one).headers.get("x-amzn-bedrock-input-token-count")
    assert tokens == hg.Usage(input=int(said) if said else answer.get("inputTextTokenCount"))


@of("", failed=True)
def test_an_error(one: Recorded) -> None:
    answer = response(one)
    failure = BEDROCK.failure(chat(), answer)
    said = json.loads(answer.body)
    name = (answer.headers.get("x-amzn-errortype") or "").split(":")[0]
    assert failure.message == said.get("message", said.get("Message"))
    assert failure.status == answer.status
    assert failure.code == (name or None)
    if name in KINDS:
        assert failure.kind is KINDS[name]
    else:
        assert answer.status == 400
        expected = {
            "The provided model identifier is invalid.": hg.Kind.MODEL_NOT_FOUND,
            "The provided model doesn't support counting tokens.": hg.Kind.UNSUPPORTED,
        }
        assert failure.kind is expected.get(failure.message, hg.Kind.INVALID_REQUEST)


@of("chat")
def test_openais_words_are_relayed(one: Recorded) -> None:
    asked = one["request"]["body"]
    to, call = target(asked["model"]), chat(**asked)
    assert BEDROCK.relays(call, to)
    assert isinstance(BEDROCK.framer(call, to), hg.SSE)
    sent = BEDROCK.request(call, to)
    options = {"stream_options": {"include_usage": True}} if asked.get("stream") else {}
    assert sent.body == asked | options
    assert sent.url.endswith("/openai/v1/chat/completions")
