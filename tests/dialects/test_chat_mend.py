"""Tool calls of vendors that count otherwise, numbered as OpenAI's clients need them."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_chat_tap import read_whole
from headgate.provider.framing import SSE

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def piece(index: int | None, id_: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    function = {"arguments": arguments} | ({} if name is None else {"name": name})
    call: dict[str, Any] = {"function": function}
    if index is not None:
        call["index"] = index
    if id_ is not None:
        call["id"] = id_
    return call


def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c", "choices": [choice]}) + b"\n\n"


def relayed(*deltas: dict[str, Any]) -> tuple[bytes, bytes]:
    """What a vendor streams, and what the client gets."""
    sent = b"".join(map(chunk, deltas)) + chunk({}, "tool_calls") + b"data: [DONE]\n\n"
    lane = RelayLane(OpenAIChat().parse("req_1", BODY, {}), OpenAIChat(), SSE())
    got = lane.feed(sent) + lane.end()
    assert lane.failure is None
    return sent, got


def calls(stream: bytes) -> list[tuple[str, str, str]]:
    """The calls of a stream, put together by index alone, as the SDKs do it."""
    found: dict[int, list[str]] = {}
    for line in stream.decode().splitlines():
        if not line.startswith("data: {"):
            continue
        for one in json.loads(line[6:])["choices"][0]["delta"].get("tool_calls") or ():
            call = found.setdefault(one["index"], ["", "", ""])
            call[0] += one.get("id") or ""
            call[1] += one["function"].get("name") or ""
            call[2] += one["function"].get("arguments") or ""
    assert list(found) == list(range(len(found)))
    return [(id_, name, arguments) for id_, name, arguments in found.values()]


ODD = {
    "no index": [
        piece(None, "a", "f", '{"x":'),
        piece(None, None, None, "1}"),
        piece(None, "b", "g", "{}"),
    ],
    "always zero": [
        piece(0, "a", "f", '{"x":'),
        piece(0, None, None, "1}"),
        piece(0, "b", "g", "{}"),
    ],
    "from one": [piece(1, "a", "f", '{"x":1}'), piece(2, "b", "g", "{}")],
    "with gaps": [piece(0, "a", "f", '{"x":1}'), piece(5, "b", "g", "{}")],
    "an object": [piece(0, "a", "f", {"x": 1}), piece(1, "b", "g", {})],
}


@pytest.mark.parametrize("pieces", ODD.values(), ids=ODD)
@pytest.mark.parametrize("together", [True, False], ids=["one chunk", "many"])
def test_calls_are_numbered_and_arguments_are_text(
    pieces: list[dict[str, Any]], together: bool
) -> None:
    deltas = [{"tool_calls": pieces}] if together else [{"tool_calls": [one]} for one in pieces]
    _, got = relayed(*deltas)
    assert calls(got) == [("a", "f", '{"x":1}'), ("b", "g", "{}")]


def test_calls_beside_text_are_numbered_too() -> None:
    _, got = relayed({"content": "Look", "tool_calls": [piece(None, "a", "f", "{}")]})
    assert calls(got) == [("a", "f", "{}")]


def test_calls_without_names_or_ids_are_one() -> None:
    _, got = relayed(
        {"tool_calls": [piece(None, None, "f", "{")]},
        {"tool_calls": [piece(None, None, None, "}")]},
    )
    assert calls(got) == [("", "f", "{}")]


@pytest.mark.parametrize(
    "pieces",
    [
        [piece(0, "a", "f", ""), piece(0, None, None, "{}"), piece(1, "b", "g", "{}")],
        # The id with every piece.
        [piece(0, "a", "f", "{"), piece(0, "a", None, "}")],
        # Two calls that grow in turns.
        [
            piece(0, "a", "f", "{"),
            piece(1, "b", "g", "{"),
            piece(0, None, None, "}"),
            piece(1, None, None, "}"),
        ],
    ],
)
def test_what_is_right_passes_byte_for_byte(pieces: list[dict[str, Any]]) -> None:
    sent, got = relayed(*({"tool_calls": [one]} for one in pieces))
    assert got == sent


def test_arguments_of_a_whole_answer_are_text() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": {"x": 1}}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    answer = {"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": USAGE}
    read = json.loads(read_whole(orjson.dumps(answer)).body)
    assert read["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == '{"x":1}'
    call["function"] = {"name": "f", "arguments": '{"x": 1}'}
    raw = orjson.dumps(answer)
    assert read_whole(raw).body is raw


def test_a_call_without_arguments_has_empty_ones() -> None:
    call = {"id": "a", "type": "function", "function": {"name": "f"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    answer = {"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": USAGE}
    read = json.loads(read_whole(orjson.dumps(answer)).body)
    assert read["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] == "{}"
