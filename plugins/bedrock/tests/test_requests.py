"""What is said in Converse: messages, limits, and what is inside of a turn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_calls import (
    LLAMA,
    LONG,
    NOVA,
    OPUS,
    PDF,
    PNG,
    POINT,
    SHORT,
    SONNET,
    TURN,
    asked,
    file,
    says,
    text,
    user,
)
from bedrock_wire import HELLO

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "nothing but a message": (SONNET, {}, {"messages": TURN}),
    "the limits": (
        LLAMA,
        {"max_tokens": 5, "temperature": 0.5, "top_p": 0.9, "stop": ["a", "b"]},
        {
            "inferenceConfig": {
                "maxTokens": 5,
                "temperature": 0.5,
                "topP": 0.9,
                "stopSequences": ["a", "b"],
            }
        },
    ),
    "one stop": (
        SONNET,
        {"stop": "|"},
        {
            "inferenceConfig": {"stopSequences": ["|"]},
            "additionalModelResponseFieldPaths": ["/stop_sequence"],
        },
    ),
    "both at their default": (
        SONNET,
        {"temperature": 1, "top_p": 1},
        {"inferenceConfig": {"topP": 1}},
    ),
    "one at its default": (
        SONNET,
        {"temperature": 0.2, "top_p": 1},
        {"inferenceConfig": {"temperature": 0.2}},
    ),
    "top_k of Claude": (SONNET, {"top_k": 5}, {"additionalModelRequestFields": {"top_k": 5}}),
    "top_k of Nova": (
        NOVA,
        {"top_k": 5},
        {"additionalModelRequestFields": {"inferenceConfig": {"topK": 5}}},
    ),
    "a system message": (
        SONNET,
        {"messages": [{"role": "system", "content": "Be brief."}, *HELLO]},
        {"system": [{"text": "Be brief."}], "messages": TURN},
    ),
    "two system messages": (
        SONNET,
        {
            "messages": [
                {"role": "system", "content": "A"},
                {"role": "developer", "content": [text("B", cache_control=SHORT)]},
                *HELLO,
            ]
        },
        {"system": [{"text": "A"}, {"text": "B"}, POINT]},
    ),
    "a late system message": (
        SONNET,
        {"messages": [*HELLO, {"role": "system", "content": "B"}]},
        {"system": [{"text": "B"}], "messages": TURN},
    ),
    "a late system message where it has a place": (
        OPUS,
        {"messages": [*HELLO, {"role": "system", "content": "B"}]},
        {"messages": [*TURN, {"role": "system", "content": [{"text": "B"}]}]},
    ),
    "system alone": (
        SONNET,
        {"messages": [{"role": "system", "content": "Hello"}]},
        {"messages": TURN},
    ),
    "turns that do not alternate": (
        SONNET,
        {"messages": [*HELLO, {"role": "user", "content": "again"}]},
        {"messages": [{"role": "user", "content": [{"text": "Hello"}, {"text": "again"}]}]},
    ),
    "an assistant that begins": (
        SONNET,
        {"messages": [{"role": "assistant", "content": "Hi"}, *HELLO]},
        {
            "messages": [
                {"role": "user", "content": [{"text": "..."}]},
                {"role": "assistant", "content": [{"text": "Hi"}]},
                *TURN,
            ]
        },
    ),
    "blank texts": (
        SONNET,
        {"messages": [*HELLO, {"role": "assistant", "content": " \n"}, *HELLO]},
        {"messages": [{"role": "user", "content": [{"text": "Hello"}, {"text": "Hello"}]}]},
    ),
    "an image": (
        SONNET,
        {"messages": user(text("See"), {"type": "image_url", "image_url": {"url": PNG}})},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "See"},
                        {"image": {"format": "png", "source": {"bytes": "iVBORw0KGgo="}}},
                    ],
                }
            ]
        },
    ),
    "a document": (
        SONNET,
        {"messages": user(file(PDF, "a.report_2026 (final).pdf"))},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {
                            "document": {
                                "format": "pdf",
                                "name": "a report 2026 (final)",
                                "source": {"bytes": "JVBERi0="},
                            }
                        },
                        {"text": "a report 2026 (final)"},
                    ],
                }
            ]
        },
    ),
    "documents of one name": (
        SONNET,
        {
            "messages": user(
                text("Compare"), file(PDF), file("data:application/x;base64,YQ==", "Document.MD")
            )
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "Compare"},
                        {
                            "document": {
                                "format": "pdf",
                                "name": "Document",
                                "source": {"bytes": "JVBERi0="},
                            }
                        },
                        {
                            "document": {
                                "format": "md",
                                "name": "Document 2",
                                "source": {"bytes": "YQ=="},
                            }
                        },
                    ],
                }
            ]
        },
    ),
    "audio": (
        "mistral.voxtral-small-24b-2507",
        {
            "messages": user(
                {"type": "input_audio", "input_audio": {"data": "YQ==", "format": "wav"}}
            )
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [{"audio": {"format": "wav", "source": {"bytes": "YQ=="}}}],
                }
            ]
        },
    ),
    "cache marks": (
        SONNET,
        {"messages": user(text("A", cache_control=SHORT), text("B", cache_control=LONG))},
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"text": "A"},
                        POINT,
                        {"text": "B"},
                        {"cachePoint": {"type": "default", "ttl": "1h"}},
                    ],
                }
            ]
        },
    ),
    "a long mark where there is a short one only": (
        NOVA,
        {"messages": user(text("A", cache_control=LONG))},
        {"messages": [{"role": "user", "content": [{"text": "A"}, POINT]}]},
    ),
    "a mark where there is no cache": (
        LLAMA,
        {"messages": user(text("Hello", cache_control=SHORT))},
        {"messages": TURN},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_call_in_converses_words(name: str) -> None:
    model, fields, expected = CASES[name]
    says(asked(model, **fields), fields, expected)
