"""Recorded traffic of Cohere, read by the plugin and, for comparison, by the plainest of means."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

import headgate as hg
from headgate_cohere import Cohere

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[4] / "shared" / "recordings"
)
FILES = {path.stem: path for path in sorted(FOLDER.glob("cohere__*.json"))}
TARGET = hg.Target("cohere", "m")
FINISHES = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


def exchanges(api: str, *, stream: bool = False, failed: bool = False) -> list[Any]:
    """Parameters: the recordings of one sort; a single empty one where there is none."""
    found = []
    for name, path in FILES.items():
        exchange = json.loads(path.read_text("utf-8"))
        sort = (
            exchange["api"].startswith(api),
            exchange["streaming"] and exchange["response"]["status"] < 400,
            exchange["response"]["status"] >= 400,
        )
        if sort == (True, stream, failed):
            found.append(pytest.param(exchange, id=name))
    return found or [pytest.param(None, id="no-recording")]


def response(exchange: Any) -> hg.Response:
    if exchange is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there are no recordings, and CI must run every test")
        pytest.skip(f"no such recording in {FOLDER.name}")
    said = exchange["response"]
    return hg.Response(said["status"], said["headers"], said["body"].encode())


def chat_call() -> hg.Call:
    return hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", {})


def summed(events: list[hg.Event]) -> dict[str, Any]:
    """What a client has in the end."""
    text = "".join(one.text for one in events if isinstance(one, hg.Text))
    reasoning = "".join(one.text for one in events if isinstance(one, hg.Reasoning))
    calls: dict[int, list[str]] = {}
    for one in events:
        if isinstance(one, hg.ToolCall):
            call = calls.setdefault(one.index, ["", "", ""])
            call[0] += one.id or ""
            call[1] += one.name or ""
            call[2] += one.arguments
    assert list(calls) == list(range(len(calls)))
    finishes = [one.reason for one in events if isinstance(one, hg.Finish)]
    usages = [one for one in events if isinstance(one, hg.Usage)]
    return {
        "text": text,
        "reasoning": reasoning,
        "calls": list(calls.values()),
        "finishes": finishes,
        "usages": [(one.prompt, one.completion) for one in usages],
        "cached": [one.cached_input for one in usages],
        "thought": [one.reasoning or 0 for one in usages],
        "billed": [(one.billed_input, one.billed_output) for one in usages],
    }


def plainly(message: dict[str, Any], finish: str, usage: dict[str, Any]) -> dict[str, Any]:
    blocks = message.get("content") or []
    billed, processed = usage["billed_units"], usage["tokens"]
    return {
        "text": "".join(block.get("text", "") for block in blocks),
        "reasoning": "".join(block.get("thinking", "") for block in blocks)
        + (message.get("tool_plan") or ""),
        "calls": [
            [call["id"], call["function"]["name"], call["function"]["arguments"] or "{}"]
            for call in message.get("tool_calls") or []
        ],
        "finishes": [FINISHES[finish]],
        "usages": [(processed["input_tokens"], processed["output_tokens"])],
        "cached": [usage.get("cached_tokens")],
        "thought": [processed.get("reasoning_tokens", 0)],
        "billed": [(billed["input_tokens"], billed["output_tokens"])],
    }


def plainly_streamed(body: str) -> dict[str, Any]:
    """The whole answer that a stream adds up to."""
    blocks: dict[int, dict[str, str]] = {}
    calls: dict[int, dict[str, Any]] = {}
    plan, end = "", {}
    for line in body.splitlines():
        if not line.startswith("data: {"):
            continue
        event = json.loads(line.removeprefix("data: "))
        said = (event.get("delta") or {}).get("message") or {}
        match event["type"]:
            case "content-start" | "content-delta":
                block = blocks.setdefault(event["index"], {})
                for name in ("text", "thinking"):
                    block[name] = block.get(name, "") + (said["content"].get(name) or "")
            case "tool-plan-delta":
                plan += said["tool_plan"]
            case "tool-call-start":
                calls[event["index"]] = said["tool_calls"]
            case "tool-call-delta":
                piece = said["tool_calls"]["function"]["arguments"]
                calls[event["index"]]["function"]["arguments"] += piece
            case "message-end":
                end = event["delta"]
    message = {
        "content": [blocks[at] for at in sorted(blocks)],
        "tool_plan": plan,
        "tool_calls": [calls[at] for at in sorted(calls)],
    }
    return plainly(message, end["finish_reason"], end["usage"])


def heard(pieces: list[bytes]) -> tuple[list[hg.Event], bool]:
    framer, feed = Cohere().framer(chat_call(), TARGET), Cohere().feed(chat_call(), TARGET)
    events: list[hg.Event] = []
    for piece in pieces:
        for frame in framer.feed(piece):
            events += feed.frame(frame)
    for frame in framer.close():
        events += feed.frame(frame)
    return events, feed.done


@pytest.mark.parametrize("exchange", exchanges("chat"))
def test_a_whole_answer_says_what_it_says(exchange: Any) -> None:
    answer = response(exchange)
    events = list(Cohere().reply(chat_call(), TARGET, answer))
    body = json.loads(answer.body)
    assert summed(events) == plainly(body["message"], body["finish_reason"], body["usage"])


@pytest.mark.parametrize("exchange", exchanges("chat", stream=True))
def test_a_stream_says_what_it_says(exchange: Any) -> None:
    answer = response(exchange)
    events, done = heard([answer.body])
    assert done
    assert summed(events) == plainly_streamed(answer.body.decode())


@pytest.mark.parametrize("exchange", exchanges("chat", stream=True))
def test_a_stream_says_the_same_wherever_it_is_torn(exchange: Any) -> None:
    body = response(exchange).body
    expected = heard([body])
    assert heard([body[at : at + 1] for at in range(len(body))]) == expected
    chance = random.Random(5)
    for _ in range(100):
        at = chance.randrange(len(body))
        assert heard([body[:at], body[at:]]) == expected


@pytest.mark.parametrize("exchange", exchanges("chat", stream=True))
def test_a_stream_that_breaks_off_is_never_done(exchange: Any) -> None:
    body = response(exchange).body
    last = body.index(b"event: message-end")
    for at in range(0, last, 97):
        events, done = heard([body[:at]])
        assert not done
        assert not any(isinstance(one, hg.Finish) for one in events)


@pytest.mark.parametrize("exchange", exchanges("chat", failed=True))
def test_an_error_is_what_its_status_says(exchange: Any) -> None:
    answer = response(exchange)
    failure = Cohere().failure(chat_call(), answer)
    kinds = {
        400: {hg.Kind.INVALID_REQUEST, hg.Kind.CONTEXT_LENGTH},
        401: {hg.Kind.CREDENTIALS},
        404: {hg.Kind.MODEL_NOT_FOUND},
    }
    assert failure.kind in kinds[answer.status]
    assert failure.message == json.loads(answer.body)["message"]


@pytest.mark.parametrize("exchange", exchanges("embeddings"))
def test_vectors_come_bit_for_bit(exchange: Any) -> None:
    answer = response(exchange)
    texts = tuple(exchange["request"]["body"]["texts"])
    call = chat_call()._replace(operation=hg.Operation.EMBEDDINGS, reader=lambda _: hg.Embed(texts))
    *vectors, usage = Cohere().reply(call, TARGET, answer)
    body = json.loads(answer.body)
    assert [list(one.values) for one in vectors if isinstance(one, hg.Vector)] == (
        body["embeddings"]["float"]
    )
    assert usage == hg.Usage(input=body["meta"]["billed_units"]["input_tokens"], output=0)


@pytest.mark.parametrize("exchange", [*exchanges("embeddings-v2")])
def test_a_recorded_request_for_vectors_is_what_is_sent(exchange: Any) -> None:
    response(exchange)
    body = exchange["request"]["body"]
    embed = hg.Embed(tuple(body["texts"]), body.get("output_dimension"))
    call = chat_call()._replace(operation=hg.Operation.EMBEDDINGS, reader=lambda _: embed)
    request = Cohere().request(call, hg.Target("cohere", body["model"]))
    assert (request.url, request.body) == (exchange["request"]["url"], body)
