"""Recorded answers of the vendors, read into events and compared with a second reading."""

from __future__ import annotations

import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import headgate as hg
from headgate_openai import Custom, providers

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
KINDS = {cls.kind: cls for cls in providers() if cls is not Custom}
VENDORS = {*KINDS, "azure", "crusoe", "zai", "huggingface", "ollama", "gemini", "bedrock"}
PATHS = {"chat": "/chat/completions", "responses": "/responses", "embeddings": "/embeddings"}
FINISHES = {"length", "tool_calls", "content_filter"}


def recorded() -> Iterable[Any]:
    found = []
    for path in sorted(FOLDER.glob("*.json")):
        vendor, api = path.stem.split("__")[:2]
        if vendor not in VENDORS or api not in PATHS:
            continue
        exchange = json.loads(path.read_text("utf-8"))
        if PATHS[api] in exchange["request"]["url"] and "body" in exchange["response"]:
            found.append(pytest.param(vendor, api, exchange, id=path.stem))
    return found or [pytest.param("", "", None, id="no-recording")]


def provider(vendor: str) -> hg.Provider:
    return KINDS[vendor]() if vendor in KINDS else Custom(base_url="http://127.0.0.1:1")


def asked(api: str, exchange: dict[str, Any]) -> tuple[hg.Call, hg.Target]:
    body = exchange["request"]["body"]
    # A model that takes its chats through the Responses API, where that was recorded.
    traits = hg.Traits(words=frozenset({"responses_only"} if api == "responses" else ()))
    call = hg.Call(
        "req_1",
        hg.Operation.EMBEDDINGS if api == "embeddings" else hg.Operation.CHAT,
        "another",
        "m",
        body,
        stream=body.get("stream") is True,
        choices=body.get("n") or 1,
    )
    return call, hg.Target("p", body.get("model", "m")).knowing(traits)


def reading(vendor: str, api: str, exchange: dict[str, Any], sizes: Iterable[int]) -> list[Any]:
    """The events of an answer whose bytes come in pieces of these sizes; a failure is the last."""
    made = KINDS["openai"]() if api == "responses" else provider(vendor)
    call, target = asked(api, exchange)
    response = exchange["response"]
    body, headers = response["body"].encode(), response["headers"]
    if response["status"] >= 400:
        return [made.failure(call, hg.Response(response["status"], headers, body))]
    found: list[Any] = []
    try:
        if not call.stream:
            found.extend(made.reply(call, target, hg.Response(200, headers, body)))
            return found
        feed, framer, at = made.feed(call, target), made.framer(call, target), 0
        for size in (*sizes, len(body)):
            for frame in framer.feed(body[at : at + size]):
                found.extend(feed.frame(frame))
            at += size
        found.append(feed.done)
    except hg.CallFailed as failed:
        found.append(failed.failure)
    return found


def summed(events: Iterable[Any]) -> dict[str, Any]:
    """What the events say altogether."""
    text: dict[int, str] = defaultdict(str)
    thought: dict[int, str] = defaultdict(str)
    calls: dict[tuple[int, int], list[Any]] = {}
    finish: dict[int, str] = {}
    usage = None
    for event in events:
        match event:
            case hg.Text():
                text[event.choice] += event.text
            case hg.Reasoning():
                thought[event.choice] += event.text
            case hg.ToolCall():
                place = (event.choice, event.index)
                if place not in calls:
                    assert event.id
                    assert event.name
                    assert event.index == sum(choice == event.choice for choice, _ in calls)
                    calls[place] = [event.id, event.name, ""]
                else:
                    assert (event.id, event.name) == (None, None)
                calls[place][2] += event.arguments
            case hg.Usage():
                usage = event if usage is None else usage.updated(event)
            case hg.Finish():
                assert event.choice not in finish
                finish[event.choice] = event.reason
    counted = None
    if usage is not None:
        counted = (usage.prompt, usage.cached_input or 0, usage.completion, usage.reasoning or 0)
    return {
        "text": {k: v for k, v in text.items() if v},
        "thought": {k: v for k, v in thought.items() if v},
        "calls": list(calls.values()),
        "finish": finish,
        "usage": counted,
    }


def plainly(api: str, exchange: dict[str, Any]) -> dict[str, Any]:
    """The same, read without any of the plugin's code."""
    body = exchange["response"]["body"]
    if not exchange["request"]["body"].get("stream"):
        answer = json.loads(body)
        return whole_response(answer) if api == "responses" else chat([answer])
    lines = [line.strip() for line in body.splitlines()]
    data = [line[5:].strip() for line in lines if line.startswith("data:")]
    chunks = [json.loads(text) for text in data if text != "[DONE]"]
    return whole_response(chunks[-1]["response"]) if api == "responses" else chat(chunks)


def chat(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    text: dict[int, str] = defaultdict(str)
    thought: dict[int, str] = defaultdict(str)
    calls: list[Any] = []
    finish: dict[int, str] = {}
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or usage or chunk.get("x_groq", {}).get("usage")
        for choice in chunk.get("choices", ()):
            index = choice.get("index", 0)
            said = choice.get("message") or choice.get("delta") or {}
            content = said.get("content") or ""
            if isinstance(content, list):
                thought[index] += "".join(
                    t["text"] for part in content for t in part.get("thinking", ())
                )
                content = "".join(part.get("text", "") for part in content)
            text[index] += content + (said.get("refusal") or "")
            thought[index] += said.get("reasoning_content") or said.get("reasoning") or ""
            for call in said.get("tool_calls") or ():
                function = call["function"]
                if call.get("id") or function.get("name"):
                    made_up = f"call_req_1_{index}_{len(calls)}"
                    calls.append([call.get("id") or made_up, function["name"], ""])
                calls[-1][2] += function.get("arguments") or ""
            if reason := choice.get("finish_reason"):
                ends = reason if reason in FINISHES else "stop"
                finish.setdefault(index, "tool_calls" if calls and ends == "stop" else ends)
    counted = None
    if usage:
        details = usage.get("completion_tokens_details") or {}
        cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens")
        cached = cached or usage.get("cached_tokens") or usage.get("num_cached_tokens") or 0
        made, thinking = usage["completion_tokens"], details.get("reasoning_tokens") or 0
        more = usage["total_tokens"] - usage["prompt_tokens"] - made
        if more > 0 and thinking in (0, more):
            # Thinking that is counted beside the answer, under a name of its own or under none.
            made, thinking = made + more, more
        thinking = min(thinking, made)
        # One vendor counts more cached tokens than the prompt has.
        cached = min(cached, usage["prompt_tokens"])
        counted = (usage["prompt_tokens"], cached, made, thinking)
    return {
        "text": {k: v for k, v in text.items() if v},
        "thought": {k: v for k, v in thought.items() if v},
        "calls": calls,
        "finish": finish,
        "usage": counted,
    }


def whole_response(answer: dict[str, Any]) -> dict[str, Any]:
    parts = [p for item in answer["output"] for p in item.get("content") or ()]
    thought = "".join(p["text"] for item in answer["output"] for p in item.get("summary") or ())
    calls = [
        [item["call_id"], item["name"], item["arguments"]]
        for item in answer["output"]
        if item["type"] == "function_call"
    ]
    text = "".join(part["text"] for part in parts if part["type"] == "output_text")
    usage = answer["usage"]
    return {
        "text": {0: text} if text else {},
        "thought": {0: thought} if thought else {},
        "calls": calls,
        "finish": {0: "tool_calls" if calls else "stop"},
        "usage": (
            usage["input_tokens"],
            usage["input_tokens_details"]["cached_tokens"],
            usage["output_tokens"],
            usage["output_tokens_details"]["reasoning_tokens"],
        ),
    }


def call_streams(exchange: dict[str, Any]) -> bool:
    return exchange["request"]["body"].get("stream") is True


def present(exchange: dict[str, Any] | None) -> dict[str, Any]:
    if exchange is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings, and CI must run every test")
        pytest.skip("no recordings here")
    return exchange


@pytest.mark.parametrize(("vendor", "api", "exchange"), recorded())
def test_a_recorded_answer_says_what_it_says(vendor: str, api: str, exchange: Any) -> None:
    exchange = present(exchange)
    events = reading(vendor, api, exchange, ())
    response = exchange["response"]
    if response["status"] >= 400:
        assert isinstance(events[0], hg.Failure)
        assert events[0].status == response["status"]
        assert events[0].message
        assert events[0].kind not in (hg.Kind.SERVER_ERROR, hg.Kind.GARBLED)
    elif api == "embeddings":
        vectors = [event for event in events if isinstance(event, hg.Vector)]
        assert [v.index for v in vectors] == list(range(len(json.loads(response["body"])["data"])))
        assert len({len(vector.values) for vector in vectors}) == 1
        assert len(vectors[0].values) > 100
        assert isinstance(events[-1], hg.Usage)
        assert events[-1].prompt == json.loads(response["body"])["usage"]["prompt_tokens"]
    elif isinstance(events[-1], hg.Failure):
        assert '"error"' in response["body"]
    else:
        assert summed(events) == plainly(api, exchange)
        if call_streams(exchange):
            # Not every vendor says [DONE].
            assert events[-1] is ("[DONE]" in response["body"] or api == "responses")


@pytest.mark.parametrize(("vendor", "api", "exchange"), recorded())
def test_a_recorded_stream_may_be_torn_anywhere(vendor: str, api: str, exchange: Any) -> None:
    exchange = present(exchange)
    if not exchange["request"]["body"].get("stream") or exchange["response"]["status"] >= 400:
        return
    as_one = reading(vendor, api, exchange, ())
    length = len(exchange["response"]["body"].encode())
    chance = random.Random(length)
    cuts = range(1, length) if length < 700 else [chance.randrange(1, length) for _ in range(40)]
    for cut in cuts:
        assert reading(vendor, api, exchange, (cut,)) == as_one
    for most in (1, 7, 400):
        sizes = [chance.randint(1, most) for _ in range(length // most)]
        assert reading(vendor, api, exchange, sizes) == as_one
