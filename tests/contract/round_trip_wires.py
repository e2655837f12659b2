"""The vendors' own APIs, as they call two tools and are told the results."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from .round_trip_story import (
    ANSWER,
    CALLS,
    SEALED,
    SIGNATURE,
    THOUGHT,
    Answer,
    Json,
    Told,
    Wire,
    by_field,
    by_path,
    called,
    halves,
    numbered,
    resulted,
    sse,
    whole,
)

_IDS = ("toolu_01Aa", "toolu_01Bb")
_USE_IDS = ("tooluse_a-Z0", "tooluse_b_Z1")
_COHERE_IDS = ("get_weather_q1w2e3", "get_time_q1w2e3")
_OLLAMA_IDS = ("call_ab12", "call_cd34")


# Anthropic's Messages.

_CONTENT: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": THOUGHT, "signature": SIGNATURE},
    {"type": "redacted_thinking", "data": SEALED},
    *(
        {"type": "tool_use", "id": id_, "name": name, "input": said}
        for id_, (name, said) in zip(_IDS, CALLS, strict=True)
    ),
]


def _message(turn: int) -> dict[str, Any]:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude",
        "content": _CONTENT if turn == 1 else [{"type": "text", "text": ANSWER}],
        "stop_reason": "tool_use" if turn == 1 else "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
    }


def _message_events(turn: int) -> Iterator[dict[str, Any]]:
    message = _message(turn)
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    for index, block in enumerate(message["content"]):
        start, deltas = _opened(block)
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "ping"}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    delta = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_delta", "delta": delta, "usage": message["usage"]}
    yield {"type": "message_stop"}


def _opened(block: Json) -> tuple[Json, list[Json]]:
    match block["type"]:
        case "thinking":
            said = [{"type": "thinking_delta", "thinking": piece} for piece in halves(THOUGHT)]
            signed = {"type": "signature_delta", "signature": SIGNATURE}
            return {**block, "thinking": "", "signature": ""}, [*said, signed]
        case "tool_use":
            pieces = halves(block["input"])
            return {**block, "input": {}}, [
                {"type": "input_json_delta", "partial_json": piece} for piece in pieces
            ]
        case "text":
            said = [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
            return {**block, "text": ""}, said
        case _:
            return block, []


def _messages_answer(turn: int, stream: bool) -> Answer:
    return sse(_message_events(turn), named=True) if stream else whole(_message(turn))


def _messages_told(body: Json) -> list[Told]:
    return [one for turn in body["messages"][1:] for one in map(_block_told, turn["content"])]


def _block_told(block: Json) -> Told:
    match block["type"]:
        case "thinking":
            return ("thought", block["thinking"], block["signature"])
        case "redacted_thinking":
            return ("sealed", block["data"])
        case "tool_use":
            return ("call", block["id"], block["name"], block["input"])
        case "tool_result":
            content = block["content"]
            text = content if isinstance(content, str) else "".join(b["text"] for b in content)
            return ("result", block["tool_use_id"], text)
        case other:
            return (other, block)


_EXPECTED = [
    ("thought", THOUGHT, SIGNATURE),
    ("sealed", SEALED),
    *called(*_IDS),
    *resulted(*_IDS),
]
MESSAGES = Wire(_messages_answer, _messages_told, _EXPECTED, by_field)
RAW_PREDICT = Wire(_messages_answer, _messages_told, _EXPECTED, by_path)


# Bedrock: frames with checksums, around Converse's events and around Anthropic's.


def frame(name: str, payload: Json) -> bytes:
    """One event of an event stream, checksums included."""
    headers = b"".join(
        bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for key, value in (
            (":event-type", name),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    )
    data = json.dumps(payload).encode()
    prelude = struct.pack(">II", 16 + len(headers) + len(data), len(headers))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + data
    return start + struct.pack(">I", zlib.crc32(start))


def _frames(events: Iterable[tuple[str, Json]]) -> Answer:
    body = b"".join(frame(name, payload) for name, payload in events)
    return Answer("application/vnd.amazon.eventstream", body)


def _invoke_answer(turn: int, stream: bool) -> Answer:
    if not stream:
        return whole(_message(turn))
    pieces = (json.dumps(event).encode() for event in _message_events(turn))
    return _frames(("chunk", {"bytes": base64.b64encode(one).decode()}) for one in pieces)


INVOKE = Wire(_invoke_answer, _messages_told, _EXPECTED, by_path)

_REASONED: tuple[Json, ...] = (
    {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}},
    {"reasoningContent": {"redactedContent": SEALED}},
)
_USES: tuple[Json, ...] = tuple(
    {"toolUse": {"toolUseId": id_, "name": name, "input": said}}
    for id_, (name, said) in zip(_USE_IDS, CALLS, strict=True)
)
_COUNTED = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}


def _converse_answer(thinks: bool, turn: int, stream: bool) -> Answer:
    blocks: tuple[Json, ...] = ({"text": ANSWER},)
    if turn == 1:
        blocks = (*_REASONED, *_USES) if thinks else _USES
    reason = "tool_use" if turn == 1 else "end_turn"
    if stream:
        return _frames(_converse_events(blocks, reason))
    output = {"message": {"role": "assistant", "content": blocks}}
    return whole({"output": output, "stopReason": reason, "usage": _COUNTED, "metrics": {}})


def _converse_events(blocks: Iterable[Json], reason: str) -> Iterator[tuple[str, Json]]:
    yield "messageStart", {"role": "assistant", "p": "abc"}
    for at, block in enumerate(blocks):
        place = {"contentBlockIndex": at}
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield "contentBlockStart", {**place, "start": start}
        for delta in _converse_deltas(block):
            yield "contentBlockDelta", {**place, "delta": delta, "p": "abcdef"}
        yield "contentBlockStop", place
    yield "messageStop", {"stopReason": reason}
    yield "metadata", {"usage": _COUNTED, "metrics": {"latencyMs": 1}}


def _converse_deltas(block: Json) -> list[Json]:
    if "toolUse" in block:
        return [{"toolUse": {"input": piece}} for piece in halves(block["toolUse"]["input"])]
    if "text" in block:
        return [{"text": piece} for piece in halves(block["text"])]
    thought = block["reasoningContent"]
    if "redactedContent" in thought:
        return [block]
    said = [{"reasoningContent": {"text": piece}} for piece in halves(THOUGHT)]
    return [*said, {"reasoningContent": {"signature": SIGNATURE}}]


def _converse_told(body: Json) -> list[Told]:
    return [one for turn in body["messages"][1:] for one in map(_converse_block, turn["content"])]


def _converse_block(block: Json) -> Told:
    match block:
        case {"reasoningContent": {"reasoningText": said}}:
            return ("thought", said["text"], said["signature"])
        case {"reasoningContent": {"redactedContent": data}}:
            return ("sealed", data)
        case {"toolUse": use}:
            return ("call", use["toolUseId"], use["name"], use["input"])
        case {"toolResult": result}:
            return ("result", result["toolUseId"], "".join(b["text"] for b in result["content"]))
        case other:
            return ("?", other)


_USED = [*called(*_USE_IDS), *resulted(*_USE_IDS)]
CONVERSE = Wire(partial(_converse_answer, True), _converse_told, [*_EXPECTED[:2], *_USED], by_path)
CONVERSE_PLAIN = Wire(partial(_converse_answer, False), _converse_told, _USED, by_path)


# Cohere: what it thinks before it calls a tool is a plan.

_COHERE_CALLS = [
    {"id": id_, "type": "function", "function": {"name": name, "arguments": json.dumps(said)}}
    for id_, (name, said) in zip(_COHERE_IDS, CALLS, strict=True)
]
_BILLED = {
    "billed_units": {"input_tokens": 10, "output_tokens": 5},
    "tokens": {"input_tokens": 10, "output_tokens": 5},
}


def _cohere_answer(turn: int, stream: bool) -> Answer:
    reason = "TOOL_CALL" if turn == 1 else "COMPLETE"
    if stream:
        return sse(_cohere_events(turn, reason), named=True)
    message: dict[str, Any] = {"role": "assistant", "content": [{"type": "text", "text": ANSWER}]}
    if turn == 1:
        message = {"role": "assistant", "tool_plan": THOUGHT, "tool_calls": _COHERE_CALLS}
    return whole({"id": "c1", "finish_reason": reason, "message": message, "usage": _BILLED})


def _cohere_events(turn: int, reason: str) -> Iterator[Json]:
    yield {"type": "message-start", "id": "c1", "delta": {"message": {"role": "assistant"}}}
    if turn == 1:
        for piece in halves(THOUGHT):
            yield {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": piece}}}
    else:
        content = {"type": "text", "text": ""}
        yield {"type": "content-start", "index": 0, "delta": {"message": {"content": content}}}
        for piece in halves(ANSWER):
            said = {"message": {"content": {"text": piece}}}
            yield {"type": "content-delta", "index": 0, "delta": said}
        yield {"type": "content-end", "index": 0}
    for at, call in enumerate(_COHERE_CALLS if turn == 1 else ()):
        function: Any = call["function"]
        begun = {**call, "function": {**function, "arguments": ""}}
        yield {"type": "tool-call-start", "index": at, "delta": {"message": {"tool_calls": begun}}}
        for piece in halves(function["arguments"]):
            more = {"message": {"tool_calls": {"function": {"arguments": piece}}}}
            yield {"type": "tool-call-delta", "index": at, "delta": more}
        yield {"type": "tool-call-end", "index": at}
    yield {"type": "message-end", "delta": {"finish_reason": reason, "usage": _BILLED}}


def _cohere_told(body: Json) -> list[Told]:
    found: list[Told] = []
    for message in body["messages"][1:]:
        if plan := message.get("tool_plan"):
            found.append(("thought", plan))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            said = json.loads(function["arguments"])
            found.append(("call", call["id"], function["name"], said))
        if message["role"] == "tool":
            found.append(("result", message["tool_call_id"], message["content"]))
    return found


COHERE = Wire(
    _cohere_answer,
    _cohere_told,
    [("thought", THOUGHT), *called(*_COHERE_IDS), *resulted(*_COHERE_IDS)],
    by_field,
)


# Ollama: whole calls, one a line; older servers give them no ids.


def _ollama_answer(ids: tuple[str | None, ...], turn: int, stream: bool) -> Answer:
    calls = [
        {**({"id": id_} if id_ else {}), "function": {"name": name, "arguments": said}}
        for id_, (name, said) in zip(ids, CALLS, strict=True)
    ]
    end = {"done": True, "done_reason": "stop", "prompt_eval_count": 10, "eval_count": 5}
    if not stream:
        message = {"content": "", "thinking": THOUGHT, "tool_calls": calls}
        if turn == 2:
            message = {"content": ANSWER}
        return whole({"model": "m", "message": {"role": "assistant", **message}, **end})
    said: list[Json] = [{"content": piece} for piece in halves(ANSWER)]
    if turn == 1:
        said = [{"content": "", "thinking": piece} for piece in halves(THOUGHT)]
        said += [{"content": "", "tool_calls": [call]} for call in calls]
    lines = [{"message": {"role": "assistant", **one}, "done": False} for one in said]
    lines.append({"message": {"role": "assistant", "content": ""}, **end})
    body = "".join(json.dumps({"model": "m", **line}) + "\n" for line in lines)
    return Answer("application/x-ndjson", body.encode())


def _ollama_told(body: Json) -> list[Told]:
    found: list[Told] = []
    names: dict[str, str] = {}
    for message in body["messages"][1:]:
        if thinking := message.get("thinking"):
            found.append(("thought", thinking))
        for call in message.get("tool_calls", ()):
            function = call["function"]
            names[call["id"]] = function["name"]
            found.append(("call", call["id"], function["name"], function["arguments"]))
        if message["role"] == "tool":
            assert message["tool_name"] == names[message["tool_call_id"]]
            found.append(("result", message["tool_call_id"], message["content"]))
    return found


def _ollama(ids: tuple[str | None, ...]) -> Wire:
    known = ids if all(ids) else ("#0", "#1")
    told = _ollama_told if all(ids) else lambda body: numbered(_ollama_told(body))
    expected = [("thought", THOUGHT), *called(*known), *resulted(*known)]
    return Wire(partial(_ollama_answer, ids), told, expected, by_field)


OLLAMA, OLLAMA_OLD = _ollama(_OLLAMA_IDS), _ollama((None, None))
