"""Recorded traffic of api.anthropic.com, read by the plugin and, independently, here."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import headgate as hg
from headgate_anthropic import Anthropic, MessagesFeed

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
TARGET = hg.Target("anthropic", "claude")
CALL = hg.Call("r", hg.Operation.CHAT, "openai_chat", "ours", {})
REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
    "pause_turn": "length",
    "model_context_window_exceeded": "length",
}
STATUSES = {
    400: hg.Kind.INVALID_REQUEST,
    401: hg.Kind.CREDENTIALS,
    403: hg.Kind.CREDENTIALS,
    404: hg.Kind.MODEL_NOT_FOUND,
    413: hg.Kind.TOO_LARGE,
    429: hg.Kind.RATE_LIMITED,
    529: hg.Kind.OVERLOADED,
}


def load() -> dict[str, dict[str, Any]]:
    paths = [*FOLDER.glob("anthropic__*.json"), *FOLDER.glob("response_only/anthropic__*.json")]
    paths += FOLDER.glob("vertexai__anthropic-rawPredict__*.json")
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(paths)}


FOUND = load()


def cases(*, status: bool, kind: str, streamed: bool = False) -> list[Any]:
    """The recordings that succeeded or failed, of one api (`messages`, `models`, ...)."""

    def wanted(name: str, one: dict[str, Any]) -> bool:
        said = "text/event-stream" in one["response"]["headers"].get("content-type", "")
        api = name.split("__")[1]
        api = api if api in ("models", "count_tokens") else "messages"
        return (one["response"].get("status", 200) < 400, api, said) == (status, kind, streamed)

    names = [name for name, one in FOUND.items() if wanted(name, one)]
    return [pytest.param(FOUND[name], id=name) for name in names] or [
        pytest.param(None, id="no-recording")
    ]


def present(recording: dict[str, Any] | None) -> tuple[dict[str, Any], bytes]:
    if recording is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings, and CI must run every test")
        pytest.skip("no recordings")
    response = recording["response"]
    return response, response["body"].encode()


def expected(answer: dict[str, Any]) -> dict[str, Any]:
    """What a whole answer says, read from its JSON alone."""
    content, usage = answer["content"], answer["usage"]
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens")
    long = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens")
    return {
        "text": "".join(block["text"] for block in content if block["type"] == "text"),
        "thinking": "".join(b["thinking"] for b in content if b["type"] == "thinking"),
        "signatures": [
            block.get("signature") or block["data"]
            for block in content
            if block["type"] in ("thinking", "redacted_thinking")
        ],
        "tools": [
            (block["id"], block["name"], block["input"])
            for block in content
            if block["type"] == "tool_use"
        ],
        "finish": (REASONS[answer["stop_reason"]], answer.get("stop_sequence")),
        "prompt": usage["input_tokens"]
        + (usage.get("cache_creation_input_tokens") or 0)
        + (usage.get("cache_read_input_tokens") or 0),
        "cached": usage.get("cache_read_input_tokens"),
        "long": long,
        "completion": usage["output_tokens"],
        "reasoning": thought,
    }


def assembled(body: bytes) -> dict[str, Any]:
    """A stream's events put together into the whole answer that they describe."""
    answer: dict[str, Any] = {}
    for line in body.decode().splitlines():
        if not line.startswith("data:"):
            continue
        data = json.loads(line[5:])
        match data["type"]:
            case "message_start":
                answer = data["message"]
            case "content_block_start":
                answer["content"].append({**data["content_block"], "json": ""})
            case "content_block_delta":
                block, delta = answer["content"][data["index"]], data["delta"]
                for name, there in (
                    ("text", "text"),
                    ("thinking", "thinking"),
                    ("signature", "signature"),
                    ("partial_json", "json"),
                ):
                    if name in delta:
                        block[there] = block.get(there, "") + delta[name]
            case "content_block_stop":
                block = answer["content"][data["index"]]
                if block["type"] == "tool_use":
                    block["input"] = json.loads(block["json"] or "{}")
            case "message_delta":
                answer |= data["delta"]
                answer["usage"] |= data["usage"]
    return answer


def told(events: Iterable[hg.Event]) -> dict[str, Any]:
    """The same, from the plugin's events."""
    events = list(events)
    usage = hg.Usage()
    tools: dict[int, list[str]] = {}
    for event in events:
        if isinstance(event, hg.Usage):
            usage = usage.updated(event)
        elif isinstance(event, hg.ToolCall):
            made = tools.setdefault(event.index, [event.id or "", event.name or "", ""])
            made[2] += event.arguments
    (finish,) = (event for event in events if isinstance(event, hg.Finish))
    thoughts = [event for event in events if isinstance(event, hg.Reasoning)]
    return {
        "text": "".join(event.text for event in events if isinstance(event, hg.Text)),
        "thinking": "".join(event.text for event in thoughts),
        "signatures": [said for t in thoughts if (said := t.signature or t.redacted)],
        "tools": [(id_, name, json.loads(said)) for id_, name, said in tools.values()],
        "finish": (finish.reason, finish.stop_sequence),
        "prompt": usage.prompt,
        "cached": usage.cached_input,
        "long": usage.cache_write_long,
        "completion": usage.completion,
        "reasoning": usage.reasoning,
    }


def heard(*pieces: bytes) -> list[hg.Event]:
    framer, feed = hg.SSE(), MessagesFeed()
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    events = [event for frame in frames for event in feed.frame(frame)]
    assert feed.done
    return events


@pytest.mark.parametrize("recording", cases(status=True, kind="messages"))
def test_a_recorded_answer_says_what_it_said(recording: dict[str, Any] | None) -> None:
    _, body = present(recording)
    events = Anthropic().reply(CALL, TARGET, hg.Response(200, {}, body))
    assert told(events) == expected(json.loads(body))


@pytest.mark.parametrize("recording", cases(status=True, kind="messages", streamed=True))
def test_a_recorded_stream_says_what_it_said(recording: dict[str, Any] | None) -> None:
    _, body = present(recording)
    assert told(heard(body)) == expected(assembled(body))


@pytest.mark.parametrize("recording", cases(status=True, kind="messages", streamed=True))
def test_a_recorded_stream_reads_the_same_however_it_is_torn(
    recording: dict[str, Any] | None,
) -> None:
    _, body = present(recording)
    whole = heard(body)
    chance = random.Random(len(body))  # the same tears every time
    for at in chance.sample(range(len(body)), min(200, len(body))):
        assert heard(body[:at], body[at:]) == whole
    assert heard(*(body[at : at + 7] for at in range(0, len(body), 7))) == whole


@pytest.mark.parametrize("recording", cases(status=False, kind="messages"))
def test_a_recorded_error_is_understood(recording: dict[str, Any] | None) -> None:
    response, body = present(recording)
    failure = Anthropic().failure(CALL, hg.Response(response["status"], response["headers"], body))
    error = json.loads(body)["error"]
    assert failure.message == error["message"]
    assert failure.type == error["type"]
    assert failure.status == response["status"]
    assert failure.kind in (STATUSES[response["status"]], hg.Kind.CONTEXT_LENGTH)
    too_long = "too long" in error["message"]
    assert (failure.kind is hg.Kind.CONTEXT_LENGTH) == too_long


@pytest.mark.parametrize("recording", cases(status=True, kind="models"))
def test_a_recorded_listing_is_read(recording: dict[str, Any] | None) -> None:
    response, body = present(recording)
    listed = list(Anthropic().listed(hg.Response(200, response["headers"], body)))
    entries = json.loads(body)["data"]
    assert [one.id for one in listed] == [entry["id"] for entry in entries]
    days = [datetime.fromtimestamp(one.created, UTC).date().isoformat() for one in listed]
    assert days == [entry["created_at"][:10] for entry in entries]


@pytest.mark.parametrize("recording", cases(status=True, kind="count_tokens"))
def test_a_recorded_count_is_read(recording: dict[str, Any] | None) -> None:
    _, body = present(recording)
    call = CALL._replace(operation=hg.Operation.COUNT_TOKENS)
    events = list(Anthropic().reply(call, TARGET, hg.Response(200, {}, body)))
    assert events == [hg.Usage(input=json.loads(body)["input_tokens"])]
