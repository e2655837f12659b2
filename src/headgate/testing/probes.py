"""Calls that a provider is asked to say, one feature at a time, in its clients' words."""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

MODEL = "probe-model"
#: What the client calls the model; nothing of it is the vendor's business.
ALIAS = "what-the-client-calls-it"
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
    "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_PDF = "data:application/pdf;base64,JVBERi0xLjQKJSVFT0YK"
_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather in a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
_SCHEMA = {
    "type": "json_schema",
    "json_schema": {
        "name": "answer",
        "strict": True,
        "schema": {
            "type": "object",
            "properties": {"x": {"type": "integer"}},
            "required": ["x"],
            "additionalProperties": False,
        },
    },
}
_ASKED = {"role": "user", "content": "What is the weather in Oslo and in Rome?"}


def _called(*cities: str) -> list[dict[str, Any]]:
    calls = [
        {
            "id": f"call_{index}",
            "type": "function",
            "function": {"name": "get_weather", "arguments": f'{{"city": "{city}"}}'},
        }
        for index, city in enumerate(cities)
    ]
    results = [
        {"role": "tool", "tool_call_id": f"call_{index}", "content": f"{city}: 7 degrees"}
        for index, city in enumerate(cities)
    ]
    return [_ASKED, {"role": "assistant", "content": None, "tool_calls": calls}, *results]


def _said(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": [{"type": "text", "text": "Look."}, *parts]}]}


#: name -> what is added to a plain call.
CHATS: dict[str, dict[str, Any]] = {
    "plain": {},
    "stream": {"stream": True},
    "system": {"messages": [{"role": "system", "content": "Be brief."}, _ASKED]},
    "developer": {"messages": [{"role": "developer", "content": "Be brief."}, _ASKED]},
    "system in between": {
        "messages": [_ASKED, {"role": "system", "content": "Be brief."}, _ASKED],
    },
    "two users in a row": {"messages": [_ASKED, _ASKED]},
    "many turns": {
        "messages": [_ASKED, {"role": "assistant", "content": "Cold."}, _ASKED],
    },
    "assistant last": {"messages": [_ASKED, {"role": "assistant", "content": "It is"}]},
    "max_tokens": {"max_tokens": 50},
    "max_completion_tokens": {"max_completion_tokens": 50},
    "temperature": {"temperature": 0.5},
    "top_p": {"top_p": 0.5},
    "top_k": {"top_k": 5},
    "stop": {"stop": "END"},
    "stops": {"stop": ["END", "STOP"]},
    "seed": {"seed": 7},
    "two choices": {"n": 2},
    "penalties": {"presence_penalty": 0.5, "frequency_penalty": 0.5},
    "logit_bias": {"logit_bias": {"50256": -100}},
    "logprobs": {"logprobs": True, "top_logprobs": 2},
    "user": {"user": "someone", "metadata": {"a": "b"}, "safety_identifier": "x"},
    "tools": {"tools": [_WEATHER]},
    "tool required": {"tools": [_WEATHER], "tool_choice": "required"},
    "tool forbidden": {"tools": [_WEATHER], "tool_choice": "none"},
    "tool named": {
        "tools": [_WEATHER],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
    },
    "one tool at a time": {"tools": [_WEATHER], "parallel_tool_calls": False},
    "tool without parameters": {"tools": [{"type": "function", "function": {"name": "now"}}]},
    "tool result": {"messages": _called("Oslo"), "tools": [_WEATHER]},
    "tool results": {"messages": _called("Oslo", "Rome"), "tools": [_WEATHER]},
    "tool results without tools": {"messages": _called("Oslo")},
    "json object": {"response_format": {"type": "json_object"}},
    "json schema": {"response_format": _SCHEMA},
    "look": _said(),
    "image": _said({"type": "image_url", "image_url": {"url": PIXEL}}),
    "image by address": _said(
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    ),
    "document": _said({"type": "file", "file": {"file_data": _PDF, "filename": "a.pdf"}}),
    "audio": _said({"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}),
    "cache mark": _said(
        {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}},
    ),
    "reasoning": {"reasoning_effort": "low"},
    "no reasoning": {"reasoning_effort": "none"},
    "reasoning replayed": {
        "messages": [
            _ASKED,
            {
                "role": "assistant",
                "content": "Cold.",
                "reasoning_content": "Norway.",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "Norway.", "signature": "c2ln"}
                ],
            },
            _ASKED,
        ],
    },
    "unknown parameter": {"no_such_parameter": 1},
}


#: name -> what is added to a plain request for vectors, or for a ranking.
EMBEDDINGS: dict[str, dict[str, Any]] = {
    "vector": {},
    "vectors": {"input": ["Oslo", "Rome"]},
    "vectors as base64": {"encoding_format": "base64"},
    "dimensions": {"dimensions": 256},
}
RANKINGS: dict[str, dict[str, Any]] = {
    "ranking": {},
    "best ranked": {"top_n": 1},
}


class Probe(NamedTuple):
    """A client's request: its dialect, and the body it sends."""

    name: str
    dialect: str
    said: dict[str, Any]

    def body(self) -> dict[str, Any]:
        """A fresh copy of the body."""
        return copy.deepcopy(self.said)


PROBES: dict[str, Probe] = {
    **{
        name: Probe(name, "openai_chat", {"model": ALIAS, "messages": [_ASKED], **added})
        for name, added in CHATS.items()
    },
    **{
        name: Probe(name, "openai_embeddings", {"model": ALIAS, "input": "Oslo", **added})
        for name, added in EMBEDDINGS.items()
    },
    **{
        name: Probe(
            name,
            "rerank",
            {"model": ALIAS, "query": "Cold?", "documents": ["Oslo", "Rome"], **added},
        )
        for name, added in RANKINGS.items()
    },
}
#: feature -> the probe that uses it, and the probe that is the same call without it. `top_n` is not
#: among them: a provider may cut the ranking itself.
MEANINGS: dict[str, tuple[str, str]] = {
    **{
        name: (name, "plain")
        for name in ("temperature", "top_p", "top_k", "stop", "seed", "logit_bias", "logprobs")
    },
    "n": ("two choices", "plain"),
    "presence_penalty": ("penalties", "plain"),
    "reasoning_effort": ("reasoning", "plain"),
    "tools": ("tools", "plain"),
    "tool_choice": ("tool required", "tools"),
    "parallel_tool_calls": ("one tool at a time", "tools"),
    "json_object": ("json object", "plain"),
    "json_schema": ("json schema", "plain"),
    "images": ("image", "look"),
    "image_urls": ("image by address", "look"),
    "audio": ("audio", "look"),
    "documents": ("document", "look"),
    "dimensions": ("dimensions", "vector"),
}
