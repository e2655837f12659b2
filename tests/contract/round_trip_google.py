"""Google's `generateContent`, as it calls two tools and is told the results.

The first of several calls carries the signature of the thinking before them; models before the
third generation sign nothing and know their calls by name.
"""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from .round_trip_story import (
    ANSWER,
    CALLS,
    RESULTS,
    SIGNATURE,
    THOUGHT,
    Answer,
    Json,
    Told,
    Wire,
    by_path,
    halves,
    sse,
    whole,
)

_IDS = ("fc-7f3a", "fc-81bc")
_ANSWERED = ({"result": RESULTS[0]}, json.loads(RESULTS[1]))
_COUNTED = {"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}


def _calls(signs: bool) -> list[Json]:
    found: list[dict[str, Any]] = []
    for id_, (name, said) in zip(_IDS, CALLS, strict=True):
        call = {"name": name, "args": said} | ({"id": id_} if signs else {})
        found.append({"functionCall": call})
    if signs:
        found[0]["thoughtSignature"] = SIGNATURE
    return list(found)


def _answer(signs: bool, turn: int, stream: bool) -> Answer:
    parts: list[Json] = [{"text": piece} for piece in halves(ANSWER)]
    if turn == 1:
        parts = [{"text": piece, "thought": True} for piece in halves(THOUGHT)]
        parts += _calls(signs)
    if not stream:
        return whole(_piece(parts, "STOP"))
    return sse([*(_piece([part]) for part in parts), _piece([{"text": ""}], "STOP")])


def _piece(parts: list[Json], reason: str | None = None) -> Json:
    ended = {"finishReason": reason} if reason else {}
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}, **ended}
    return {"candidates": [candidate], "usageMetadata": _COUNTED, "responseId": "r-1"}


def _told(body: Json) -> list[Told]:
    return [
        (content["role"], *_part(part))
        for content in body["contents"][1:]
        for part in content["parts"]
    ]


def _part(part: Json) -> Told:
    signature = part.get("thoughtSignature")
    match part:
        case {"functionCall": call}:
            return ("call", call.get("id"), call["name"], call["args"], signature)
        case {"functionResponse": result}:
            return ("result", result.get("id"), result["name"], result["response"])
        case {"thought": True, "text": text}:
            return ("thought", text, signature)
        case other:
            return ("?", other)


def _wire(signs: bool) -> Wire:
    ids, signature = (_IDS, SIGNATURE) if signs else ((None, None), None)
    expected: list[Told] = [("model", "thought", THOUGHT, None)]
    for at, (name, said) in enumerate(CALLS):
        expected.append(("model", "call", ids[at], name, said, None if at else signature))
    for at, (name, _) in enumerate(CALLS):
        expected.append(("user", "result", ids[at], name, _ANSWERED[at]))
    return Wire(partial(_answer, signs), _told, expected, by_path)


GENERATE, GENERATE_OLD = _wire(True), _wire(False)
