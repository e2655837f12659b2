"""Exchanges that nobody recorded, for what the recordings do not show."""

from __future__ import annotations

import json
from typing import Any

from .recordings import Recording

MESSAGES = [{"role": "user", "content": "Hello"}]
#: What a vendor says that gives up in the middle of an answer.
GAVE_UP = "The model gave up."


def _chunk(delta: dict[str, Any]) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "plain"}
    return f"data: {json.dumps({**body, 'choices': [choice]})}\n\n"


def _broken(name: str, words: str, last: str) -> Recording:
    return Recording(
        name,
        "custom",
        "chat",
        {"model": "plain", "messages": MESSAGES, "stream": True},
        200,
        {"content-type": "text/event-stream"},
        (words + last).encode(),
        len(words),
    )


PLAIN = Recording(
    "plain",
    "custom",
    "chat",
    {"model": "plain", "messages": MESSAGES},
    200,
    {"content-type": "application/json"},
    json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": "plain",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "content": "Hi"},
                    "finish_reason": "stop",
                }
            ],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        }
    ).encode(),
)

_ROLE = _chunk({"role": "assistant", "content": ""})
_WORDS = _ROLE + _chunk({"content": "Well"})
_ERROR = {"message": GAVE_UP, "type": "x", "code": 500}

#: Errors in a stream that has begun and not finished, as vendors write them.
BROKEN = (
    _broken("broken-data", _WORDS, f"data: {json.dumps({'error': _ERROR})}\n\ndata: [DONE]\n\n"),
    _broken("broken-event", _WORDS, f"event: error\ndata: {json.dumps({'error': _ERROR})}\n\n"),
    _broken(
        "broken-chunk",
        _WORDS,
        _chunk({"content": ""}).replace('"choices"', f'"error": {json.dumps(_ERROR)}, "choices"'),
    ),
)
#: The same before a word was said.
STILLBORN = _broken("stillborn", "", f"{_ROLE}data: {json.dumps({'error': _ERROR})}\n\n")
MADE_UP = (PLAIN, *BROKEN, STILLBORN)
