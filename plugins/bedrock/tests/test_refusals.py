"""What cannot be said to a model is refused by name, never left out or bent."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import headgate as hg

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_calls import (
    FORMAT,
    LLAMA,
    NEWEST,
    NOVA,
    OPUS,
    PNG,
    SONNET,
    TOOL,
    asked,
    file,
    user,
)
from bedrock_wire import HELLO

REFUSED: dict[str, tuple[str, dict[str, Any], str | None]] = {
    "an image by address": (
        SONNET,
        {"messages": user({"type": "image_url", "image_url": {"url": "https://x/y.png"}})},
        "messages[0].content[0]",
    ),
    "an image of another type": (
        SONNET,
        {
            "messages": user(
                {"type": "image_url", "image_url": {"url": "data:image/tiff;base64,YQ=="}}
            )
        },
        "messages",
    ),
    "a document of another type": (
        SONNET,
        {"messages": user(file("data:application/zip;base64,YQ==", "a.zip"))},
        "messages",
    ),
    "a file's id": (
        SONNET,
        {"messages": user({"type": "file", "file": {"file_id": "f"}})},
        "messages[0].content[0]",
    ),
    "audio": (
        SONNET,
        {
            "messages": user(
                {"type": "input_audio", "input_audio": {"data": "YQ==", "format": "wav"}}
            )
        },
        "messages[0].content[0]",
    ),
    "arguments that are no object": (
        SONNET,
        {
            "messages": [
                *HELLO,
                {
                    "role": "assistant",
                    "tool_calls": [
                        {"id": "1", "type": "function", "function": {"name": "a", "arguments": "["}}
                    ],
                },
                *HELLO,
            ],
            "tools": [TOOL],
        },
        "messages",
    ),
    "a hot temperature": (SONNET, {"temperature": 1.5}, "temperature"),
    "temperature and top_p": (SONNET, {"temperature": 0.5, "top_p": 0.5}, "top_p"),
    "sampling of Claude 4.8": (OPUS, {"temperature": 0.5}, "temperature"),
    "json without a schema": (
        SONNET,
        {"response_format": {"type": "json_object"}},
        "response_format",
    ),
    "a schema of Nova": (NOVA, {"response_format": FORMAT}, "response_format"),
    "several choices": (SONNET, {"n": 2}, "n"),
    "a seed": (SONNET, {"seed": 1}, "seed"),
    "logprobs": (SONNET, {"logprobs": True}, "logprobs"),
    "a penalty": (SONNET, {"presence_penalty": 1}, "presence_penalty"),
    "one call at a time": (
        NOVA,
        {"tools": [TOOL], "parallel_tool_calls": False},
        "parallel_tool_calls",
    ),
    "a forced tool": (NEWEST, {"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
    "a forced tool while thinking": (
        SONNET,
        {"tools": [TOOL], "tool_choice": "required", "reasoning_effort": "low"},
        "tool_choice",
    ),
    "a temperature while thinking": (
        SONNET,
        {"temperature": 0.5, "reasoning_effort": "low"},
        "temperature",
    ),
    "top_k while thinking": (SONNET, {"top_k": 5, "reasoning_effort": "low"}, "top_k"),
    "thinking without room": (
        SONNET,
        {"max_tokens": 500, "reasoning_effort": "low"},
        "reasoning_effort",
    ),
    "no thinking": (NEWEST, {"reasoning_effort": "none"}, "reasoning_effort"),
    "much thinking of Nova with a limit": (
        NOVA,
        {"reasoning_effort": "high", "max_tokens": 100},
        "max_tokens",
    ),
    "thinking of Llama": (LLAMA, {"reasoning_effort": "low"}, "reasoning_effort"),
    "top_k of Llama": (LLAMA, {"top_k": 5}, "top_k"),
    "Claude's words for Llama": (LLAMA, {"thinking": {"type": "adaptive"}}, "thinking"),
    "another tier": (SONNET, {"service_tier": "scale"}, "service_tier"),
    "fields that are none": (
        SONNET,
        {"additionalModelRequestFields": [1]},
        "additionalModelRequestFields",
    ),
    "a word nobody knows": (SONNET, {"web_search_options": {}}, "web_search_options"),
    "an image for the system": (
        SONNET,
        {
            "messages": [
                {
                    "role": "system",
                    "content": [{"type": "image_url", "image_url": {"url": PNG}}],
                },
                *HELLO,
            ]
        },
        "messages",
    ),
    "a chat with an embedding model": (
        "amazon.titan-embed-text-v2:0",
        {"temperature": 0.5},
        "temperature",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_said_is_refused(name: str) -> None:
    model, fields, param = REFUSED[name]
    with pytest.raises(hg.Unsupported) as refused:
        asked(model, **fields)
    assert refused.value.param == param
