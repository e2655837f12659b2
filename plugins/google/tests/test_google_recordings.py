"""Recorded answers of Google, read by the plugin and, independently, here."""

from __future__ import annotations

import itertools
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_google import Gemini, Vertex
from headgate_google.answers import Stream

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
MODEL = re.compile(r"/models/([^:?]+):(\w+)")
REASONS = {
    "STOP": "stop",
    1: "stop",
    "MAX_TOKENS": "length",
    2: "length",
    "SAFETY": "content_filter",
}
KINDS = {400: "invalid_request", 401: "credentials", 403: "credentials", 404: "model_not_found"}


def found(wanted: str) -> list[Any]:
    paths = [*FOLDER.glob("gemini__*.json"), *FOLDER.glob("vertexai__*.json")]
    chosen = [
        pytest.param(path, id=path.stem)
        for path in sorted(paths)
        if wanted == kind_of(json.loads(path.read_text("utf-8")))
    ]
    return chosen or [pytest.param(None, id="no-recording")]


def kind_of(exchange: dict[str, Any]) -> str:
    url, status = exchange["request"]["url"], exchange["response"]["status"]
    verb = named[2] if (named := MODEL.search(url)) else ""
    if verb and status >= 400:
        return "failed"
    return verb


def load(path: Path | None) -> dict[str, Any]:
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no such recording, and CI must run every test")
        pytest.skip("no such recording here")
    exchange: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return exchange


def read(
    exchange: dict[str, Any], body: bytes, pieces: list[bytes] | None = None
) -> list[hg.Event]:
    provider: hg.Provider = (
        Vertex(project="p") if "aiplatform" in exchange["request"]["url"] else Gemini()
    )
    named = MODEL.search(exchange["request"]["url"])
    assert named is not None
    operation = hg.Operation.EMBEDDINGS if "mbed" in named[2] else hg.Operation.CHAT
    call = hg.Call("r", operation, "openai_chat", "m", {}, stream=pieces is not None)
    target = hg.Target("g", named[1])
    if pieces is None:
        return list(provider.reply(call, target, hg.Response(200, {}, body)))
    framer, feed = provider.framer(call, target), provider.feed(call, target)
    frames = [frame for piece in pieces for frame in framer.feed(piece)] + framer.close()
    return [event for frame in frames for event in feed.frame(frame)]


def gathered(events: list[hg.Event]) -> dict[str, Any]:
    made: dict[str, Any] = {"text": "", "thoughts": "", "tools": [], "signatures": [], "finish": []}
    usage = hg.Usage()
    for event in events:
        match event:
            case hg.Text(text):
                made["text"] += text
            case hg.Reasoning(text, _, signature):
                made["thoughts"] += text
                made["signatures"] += [signature] if signature else []
            case hg.ToolCall(index, id_, name, arguments, _, signature):
                assert index == len(made["tools"])
                assert id_
                made["tools"].append((name, json.loads(arguments)))
                made["signatures"] += [signature] if signature else []
            case hg.Finish(reason):
                made["finish"].append(reason)
            case hg.Usage():
                usage = usage.updated(event)
    return {**made, "usage": (usage.prompt, usage.completion, usage.cached_input, usage.reasoning)}


def expected(chunks: list[dict[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {"text": "", "thoughts": "", "tools": [], "signatures": [], "finish": []}
    for chunk in chunks:
        for candidate in chunk.get("candidates", []):
            for part in candidate.get("content", {}).get("parts", []):
                if "functionCall" in part:
                    call = part["functionCall"]
                    made["tools"].append((call["name"], call.get("args", {})))
                elif "text" in part:
                    made["thoughts" if part.get("thought") else "text"] += part["text"]
                if part.get("thoughtSignature"):
                    made["signatures"].append(part["thoughtSignature"])
            if reason := candidate.get("finishReason"):
                made["finish"] = [REASONS[reason]]
        if "promptFeedback" in chunk and "blockReason" in chunk["promptFeedback"]:
            made["finish"] = ["content_filter"]
    if made["tools"] and made["finish"] == ["stop"]:
        made["finish"] = ["tool_calls"]
    said = chunks[-1]["usageMetadata"]
    prompt = said["promptTokenCount"] + said.get("toolUsePromptTokenCount", 0)
    completion = said.get("candidatesTokenCount", 0) + said.get("thoughtsTokenCount", 0)
    made["usage"] = (
        prompt,
        completion,
        said.get("cachedContentTokenCount"),
        said.get("thoughtsTokenCount"),
    )
    assert prompt + completion == said["totalTokenCount"]
    return made


@pytest.mark.parametrize("path", found("generateContent"))
def test_whole_answers(path: Path | None) -> None:
    exchange = load(path)
    body = exchange["response"]["body"]
    assert gathered(read(exchange, body.encode())) == expected([json.loads(body)])


@pytest.mark.parametrize("path", found("streamGenerateContent"))
def test_streams(path: Path | None) -> None:
    exchange = load(path)
    body = exchange["response"]["body"]
    lines = [line for line in body.splitlines() if line.startswith("data:")]
    chunks = [json.loads(line.removeprefix("data:")) for line in lines]
    data = body.encode()
    events = read(exchange, data, [data])
    assert gathered(events) == expected(chunks)
    assert read(exchange, data, [data[at : at + 1] for at in range(len(data))]) == events

    @settings(max_examples=60, deadline=None, derandomize=True)
    @given(st.lists(st.integers(0, len(data)), max_size=12).map(sorted))
    def torn(cuts: list[int]) -> None:
        edges = [0, *cuts, len(data)]
        pieces = [data[a:b] for a, b in itertools.pairwise(edges)]
        assert read(exchange, data, pieces) == events

    torn()


@pytest.mark.parametrize("path", found("batchEmbedContents"))
def test_embeddings(path: Path | None) -> None:
    exchange = load(path)
    answer = json.loads(exchange["response"]["body"])
    events = read(exchange, exchange["response"]["body"].encode())
    vectors = [event for event in events if isinstance(event, hg.Vector)]
    assert [list(one.values) for one in vectors] == [e["values"] for e in answer["embeddings"]]
    usage = [event for event in events if isinstance(event, hg.Usage)]
    if "usageMetadata" in answer:
        assert usage == [hg.Usage(input=answer["usageMetadata"]["promptTokenCount"])]


@pytest.mark.parametrize("path", found("failed"))
def test_errors(path: Path | None) -> None:
    exchange = load(path)
    status, body = exchange["response"]["status"], exchange["response"]["body"]
    call = hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", {})
    failure = Gemini().failure(call, hg.Response(status, {}, body.encode()))
    error = json.loads(body)
    error = (error[0] if isinstance(error, list) else error)["error"]
    assert (failure.status, failure.message) == (status, error["message"])
    kind = "credentials" if "API_KEY_INVALID" in body else KINDS[status]
    assert failure.kind == kind


def test_a_rate_limit_says_how_long_to_wait() -> None:
    path = FOLDER / "response_only" / "gemini__google-429-retry-info.json"
    exchange = load(path if path.exists() else None)
    call = hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", {})
    body = exchange["response"]["body"].encode()
    failure = Gemini().failure(call, hg.Response(429, {}, body))
    assert (failure.kind, failure.retry_after) == (hg.Kind.RATE_LIMITED, 34.4)


def test_streams_are_cut_by_googles_own_framer() -> None:
    assert Gemini.framing is Stream
    assert Vertex.framing is Stream
