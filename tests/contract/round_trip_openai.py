"""OpenAI's two APIs, as their vendors call two tools and are told the results.

Vendors of chat completions differ in where thinking stands; the Responses API hands it out sealed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Literal

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
    called,
    halves,
    resulted,
    sse,
    whole,
)

Thinking = Literal["reasoning", "reasoning_content", "details", "parts"] | None

_IDS = ("call_Ab1Cd2Ef3", "call_Gh4Ij5Kl6")
_SHORT_IDS = ("aB3dE5fG7", "hI9jK1lM2")
_COUNTED = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
#: Thinking as OpenRouter hands it out: signed, and sealed.
_DETAILS: list[Json] = [
    {
        "type": "reasoning.text",
        "text": THOUGHT,
        "signature": SIGNATURE,
        "format": "anthropic-claude-v1",
        "index": 0,
    },
    {"type": "reasoning.encrypted", "data": SEALED, "id": "tool_0", "index": 1},
]
_SIGNED = {"google": {"thought_signature": SIGNATURE}}


def _calls(ids: tuple[str, ...], signed: bool) -> list[dict[str, Any]]:
    found = [
        {
            "id": id_,
            "type": "function",
            "function": {"name": name, "arguments": json.dumps(said, ensure_ascii=False)},
        }
        for id_, (name, said) in zip(ids, CALLS, strict=True)
    ]
    if signed:
        found[0]["extra_content"] = _SIGNED
    return found


def _thoughts(thinking: Thinking, pieces: Iterable[str]) -> Iterator[dict[str, Any]]:
    """The thinking as deltas."""
    for piece in pieces:
        match thinking:
            case "reasoning" | "reasoning_content":
                yield {thinking: piece}
            case "parts":
                text = [{"type": "text", "text": piece}]
                yield {"content": [{"type": "thinking", "thinking": text}]}
            case "details":
                signed, _ = _DETAILS
                detail = {k: v for k, v in signed.items() if k not in ("signature", "format")}
                yield {"reasoning": piece, "reasoning_details": [{**detail, "text": piece}]}
            case None:
                return


def _chat_answer(
    thinking: Thinking, ids: tuple[str, ...], signed: bool, turn: int, stream: bool
) -> Answer:
    calls, reason = _calls(ids, signed), "tool_calls" if turn == 1 else "stop"
    if stream:
        return sse(_chunks(thinking, calls, turn, reason), done=True)
    message: dict[str, Any] = {"role": "assistant", "content": ANSWER}
    if turn == 1:
        message = {"role": "assistant", "content": None, "tool_calls": calls}
        for thought in _thoughts(thinking, [THOUGHT]):
            message |= thought
        if thinking == "details":
            message["reasoning_details"] = _DETAILS
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return whole({**_FRAME, "object": "chat.completion", "choices": [choice], "usage": _COUNTED})


_FRAME = {"id": "chatcmpl-1", "created": 1, "model": "m"}


def _chunks(
    thinking: Thinking, calls: list[dict[str, Any]], turn: int, reason: str
) -> Iterator[Json]:
    yield _chunk({"role": "assistant", "content": ""})
    if turn == 1:
        for delta in _thoughts(thinking, halves(THOUGHT)):
            yield _chunk(delta)
        if thinking == "details":
            signed = {k: v for k, v in _DETAILS[0].items() if k != "text"}
            yield _chunk({"reasoning_details": [signed]})
            yield _chunk({"reasoning_details": [_DETAILS[1]]})
        for at, call in enumerate(calls):
            first, second = halves(call["function"]["arguments"])
            if thinking == "parts":
                # Mistral's calls arrive whole.
                first, second = first + second, ""
            begun = {**call["function"], "arguments": first}
            yield _chunk({"tool_calls": [{**call, "index": at, "function": begun}]})
            if second:
                more = {"index": at, "function": {"arguments": second}}
                yield _chunk({"tool_calls": [more]})
    else:
        for piece in halves(ANSWER):
            yield _chunk({"content": piece})
    yield _chunk({}, reason)
    yield {**_FRAME, "object": "chat.completion.chunk", "choices": [], "usage": _COUNTED}


def _chunk(delta: Json, reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    return {**_FRAME, "object": "chat.completion.chunk", "choices": [choice]}


def _chat_told(thinking: Thinking, body: Json) -> list[Told]:
    found: list[Told] = []
    for message in body["messages"][1:]:
        found += _thoughts_told(thinking, message)
        for call in message.get("tool_calls") or ():
            function = call["function"]
            said = json.loads(function["arguments"])
            found.append(("call", call["id"], function["name"], said))
            if extra := call.get("extra_content"):
                found.append(("signed", call["id"], extra))
        if message["role"] == "tool":
            found.append(("result", message["tool_call_id"], message["content"]))
    return found


def _thoughts_told(thinking: Thinking, message: Json) -> Iterator[Told]:
    match thinking:
        case "reasoning" | "reasoning_content":
            if thinking in message:
                yield ("thought", message[thinking])
        case "parts":
            content = message.get("content")
            parts = content if isinstance(content, list) else []
            texts = [one["text"] for part in parts for one in part.get("thinking", ())]
            if texts:
                # However a client puts the pieces together, it is one thought.
                yield ("thought", "".join(texts))
        case "details":
            yield from (("detail", one) for one in message.get("reasoning_details") or ())
        case None:
            if (strange := {"reasoning", "reasoning_content"} & message.keys()) != set():
                yield ("?", strange)


def chat(thinking: Thinking = None, *, short_ids: bool = False, signed: bool = False) -> Wire:
    """Chat completions of a vendor that hands out its thinking as `thinking`."""
    ids = _SHORT_IDS if short_ids else _IDS
    expected: list[Told] = [("detail", one) for one in _DETAILS] if thinking == "details" else []
    if thinking not in (None, "details"):
        expected = [("thought", THOUGHT)]
    calls = called(*ids)
    if signed:
        calls.insert(1, ("signed", ids[0], _SIGNED))
    expected += [*calls, *resulted(*ids)]
    answer = partial(_chat_answer, thinking, ids, signed)
    return Wire(answer, partial(_chat_told, thinking), expected, by_field)


# The Responses API.

_REASONING: Json = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": THOUGHT}],
    "encrypted_content": SEALED,
}
_FUNCTION_CALLS: list[Json] = [
    {
        "type": "function_call",
        "id": f"fc_{at}",
        "call_id": id_,
        "name": name,
        "arguments": json.dumps(said, ensure_ascii=False),
        "status": "completed",
    }
    for at, (id_, (name, said)) in enumerate(zip(_IDS, CALLS, strict=True))
]
_SAID: Json = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": ANSWER, "annotations": []}],
}
_TOKENS = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 15,
}


def _response(output: list[Json], status: str = "completed") -> Json:
    counted = {"usage": _TOKENS} if status == "completed" else {}
    made = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "error": None}
    return {**made, "status": status, "output": output, **counted}


def _responses_answer(turn: int, stream: bool) -> Answer:
    output = [_REASONING, *_FUNCTION_CALLS] if turn == 1 else [_SAID]
    if not stream:
        return whole(_response(output))
    numbered = (
        {**event, "sequence_number": at} for at, event in enumerate(_response_events(output))
    )
    return sse(numbered, named=True)


def _response_events(output: list[Json]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.created", "response": _response([], "in_progress")}
    for at, item in enumerate(output):
        place = {"output_index": at, "item_id": item["id"]}
        begun = {**item, **{k: _EMPTY[k] for k in item.keys() & _EMPTY.keys()}}
        yield {"type": "response.output_item.added", "output_index": at, "item": begun}
        for name, delta in _deltas(item):
            yield {"type": f"response.{name}.delta", **place, **delta}
        yield {"type": "response.output_item.done", "output_index": at, "item": item}
    yield {"type": "response.completed", "response": _response(output)}


_EMPTY: Mapping[str, Any] = {
    "summary": [],
    "content": [],
    "arguments": "",
    "encrypted_content": "",
    "status": "in_progress",
}


def _deltas(item: Json) -> Iterator[tuple[str, Json]]:
    match item["type"]:
        case "reasoning":
            for piece in halves(THOUGHT):
                yield "reasoning_summary_text", {"summary_index": 0, "delta": piece}
        case "function_call":
            for piece in halves(item["arguments"]):
                yield "function_call_arguments", {"delta": piece}
        case "message":
            for piece in halves(ANSWER):
                yield "output_text", {"content_index": 0, "delta": piece}


def _responses_told(body: Json) -> list[Told]:
    found: list[Told] = []
    for item in body["input"][1:]:
        match item["type"]:
            case "reasoning":
                found.append(("reasoning", item))
            case "function_call":
                said = json.loads(item["arguments"])
                found.append(("call", item["call_id"], item["name"], said))
            case "function_call_output":
                found.append(("result", item["call_id"], item["output"]))
            case _:
                found.append(("?", item))
    return found


RESPONSES = Wire(
    _responses_answer,
    _responses_told,
    [("reasoning", _REASONING), *called(*_IDS), *resulted(*_IDS)],
    by_field,
)
