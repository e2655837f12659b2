"""Recorded Messages traffic: requests are taken as they were sent, answers read to the token."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from headgate.dialects.anthropic_count_tokens import AnthropicCountTokens
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.anthropic_tap import MessageTap, read_whole
from headgate.provider.chat import Chat
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Unsupported
from headgate.provider.framing import SSE

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
)


def recorded(pattern: str) -> list[Any]:
    found = [pytest.param(path, id=path.stem) for path in sorted(FOLDER.glob(pattern))]
    return found or [pytest.param(None, id="no-recording")]


def exchange(path: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The request's body and the answer."""
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("there are no recordings, and CI must run every test")
        pytest.skip("there are no recordings")
    held = json.loads(path.read_text("utf-8"))
    return held["request"]["body"], held["response"]


def sums(*said: dict[str, Any]) -> dict[str, int]:
    """Anthropic's own counts, the later ones in place of the earlier."""
    last: dict[str, Any] = {}
    for usage in said:
        last.update({name: count for name, count in usage.items() if count is not None})
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return {name: last.get(name) or 0 for name in (*names, "output_tokens")} | {
        "long": (last.get("cache_creation") or {}).get("ephemeral_1h_input_tokens", 0),
        "thinking": (last.get("output_tokens_details") or {}).get("thinking_tokens", 0),
    }


def agrees(usage: Usage | None, said: dict[str, int]) -> None:
    assert usage is not None
    assert usage.input == said["input_tokens"]
    assert (usage.cached_input or 0) == said["cache_read_input_tokens"]
    written = (usage.cache_write or 0) + (usage.cache_write_long or 0)
    assert written == said["cache_creation_input_tokens"]
    assert (usage.cache_write_long or 0) == said["long"]
    assert usage.completion == said["output_tokens"]
    assert (usage.reasoning or 0) == said["thinking"]


@pytest.mark.parametrize("path", recorded("anthropic__messages__sync__*.json"))
def test_whole_answers(path: Path | None) -> None:
    _, response = exchange(path)
    body = response["body"].encode()
    answer = json.loads(body)
    if response["status"] != 200:
        with pytest.raises(CallFailed):
            read_whole(body)
        return
    reading = read_whole(body)
    assert reading.body == body
    assert (reading.finish, reading.upstream_id) == (answer["stop_reason"], answer["id"])
    agrees(reading.usage, sums(answer["usage"]))


def state(tap: MessageTap) -> tuple[Any, ...]:
    return (
        tap.usage,
        tap.finish,
        tap.upstream_id,
        tap.characters,
        tap.visible,
        tap.whole,
        tap.ended,
        tap.failure,
    )


def watched(*pieces: bytes) -> tuple[MessageTap, bytes]:
    """A tap after these pieces, the way a relayed stream passes it."""
    tap, framer, out = MessageTap(), SSE(), b""
    for piece in pieces:
        if not framer.rest and tap.like_the_last(piece):
            out += piece
        else:
            out += b"".join(tap.see(frame) for frame in framer.feed(piece))
    return tap, out


@pytest.mark.parametrize("path", recorded("anthropic__messages__stream__*.json"))
def test_streams_torn_anywhere(path: Path | None) -> None:
    _, response = exchange(path)
    body = response["body"].encode()
    said = [json.loads(line[5:]) for line in body.decode().splitlines() if line[:5] == "data:"]
    tap, out = watched(body)
    assert out == body
    (start,) = (one["message"] for one in said if one["type"] == "message_start")
    ends = [one for one in said if one["type"] == "message_delta"]
    agrees(tap.usage, sums(start["usage"], *(one["usage"] for one in ends)))
    assert (tap.upstream_id, tap.finish) == (start["id"], ends[-1]["delta"]["stop_reason"])
    deltas = [one["delta"] for one in said if one["type"] == "content_block_delta"]
    names = ("text", "thinking", "partial_json")
    assert tap.characters == sum(len(delta.get(name, "")) for delta in deltas for name in names)
    assert (tap.visible, tap.whole, tap.ended, tap.failure) == (True, True, True, None)

    expected = state(tap)
    events = [event + b"\n\n" for event in body.split(b"\n\n") if event.strip()]
    for pieces in (events, [body[at : at + 1] for at in range(len(body))]):
        tap, out = watched(*pieces)
        assert (state(tap), out) == (expected, b"".join(pieces))
    for at in range(0, len(body), 7):
        tap, out = watched(body[:at], body[at:])
        assert (state(tap), out) == (expected, body)


@pytest.mark.parametrize("path", recorded("anthropic__messages__*.json"))
def test_requests_are_taken_as_they_were_sent(path: Path | None) -> None:
    body, _ = exchange(path)
    call = AnthropicMessages().parse("req_1", body, {})
    assert call.body is body
    assert call.stream is bool(body.get("stream"))
    try:
        chat = call.chat
    except Unsupported as refused:
        assert refused.param is not None  # noqa: PT017 - some requests have a chat
    else:
        assert isinstance(chat, Chat)
        assert chat.max_tokens == body["max_tokens"]
        assert len(chat.tools) == len(body.get("tools") or ())


@pytest.mark.parametrize("path", recorded("anthropic__count_tokens__*.json"))
def test_counts(path: Path | None) -> None:
    body, response = exchange(path)
    dialect = AnthropicCountTokens()
    reading = dialect.read(dialect.parse("req_1", body, {}), response["body"].encode())
    assert (reading.body.decode(), reading.usage) == (response["body"], Usage(input=0, output=0))
