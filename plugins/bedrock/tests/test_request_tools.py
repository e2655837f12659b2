"""What is said in Converse: tools, schemas, thinking, and Bedrock's own parameters."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_calls import (
    CALLED,
    FORMAT,
    LLAMA,
    LOOK_UP,
    NOVA,
    OPUS,
    POINT,
    SCHEMA,
    SHORT,
    SONNET,
    TOOL,
    TURN,
    asked,
    says,
)
from bedrock_wire import HELLO

CASES: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "tools": (SONNET, {"tools": [TOOL]}, {"toolConfig": {"tools": [LOOK_UP]}}),
    "a tool with nothing to say": (
        SONNET,
        {"tools": [{"type": "function", "function": {"name": "go"}, "cache_control": SHORT}]},
        {
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "go",
                            "inputSchema": {"json": {"type": "object", "properties": {}}},
                        }
                    },
                    POINT,
                ]
            }
        },
    ),
    "a choice left open": (
        SONNET,
        {"tools": [TOOL], "tool_choice": "auto"},
        {"toolConfig": {"tools": [LOOK_UP], "toolChoice": {"auto": {}}}},
    ),
    "some tool": (
        SONNET,
        {"tools": [TOOL], "tool_choice": "required"},
        {"toolConfig": {"tools": [LOOK_UP], "toolChoice": {"any": {}}}},
    ),
    "one tool": (
        NOVA,
        {
            "tools": [TOOL],
            "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        },
        {"toolConfig": {"tools": [LOOK_UP], "toolChoice": {"tool": {"name": "look_up"}}}},
    ),
    "no tool": (SONNET, {"tools": [TOOL], "tool_choice": "none"}, {"messages": TURN}),
    "one call at a time": (
        SONNET,
        {"tools": [TOOL], "parallel_tool_calls": False},
        {
            "toolConfig": {"tools": [LOOK_UP]},
            "additionalModelRequestFields": {
                "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}
            },
        },
    ),
    "one call of one tool": (
        SONNET,
        {
            "tools": [TOOL],
            "parallel_tool_calls": False,
            "tool_choice": {"type": "function", "function": {"name": "look_up"}},
        },
        {
            "toolConfig": {"tools": [LOOK_UP]},
            "additionalModelRequestFields": {
                "tool_choice": {
                    "type": "tool",
                    "name": "look_up",
                    "disable_parallel_tool_use": True,
                }
            },
        },
    ),
    "results of tools": (
        SONNET,
        {"messages": CALLED, "tools": [TOOL]},
        {
            "messages": [
                {"role": "user", "content": [{"text": "Weather?"}]},
                {
                    "role": "assistant",
                    "content": [
                        {
                            "toolUse": {
                                "toolUseId": "call_1",
                                "name": "look_up",
                                "input": {"q": "Rome"},
                            }
                        },
                        {"toolUse": {"toolUseId": "call_2", "name": "look_up", "input": {}}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"toolResult": {"toolUseId": "call_1", "content": [{"text": "Sunny"}]}},
                        {"toolResult": {"toolUseId": "call_2", "content": []}},
                        {"text": "And?"},
                    ],
                },
            ]
        },
    ),
    "results of tools without the tools": (
        SONNET,
        {"messages": CALLED},
        {
            "messages": [
                {"role": "user", "content": [{"text": "Weather?"}]},
                {
                    "role": "assistant",
                    "content": [
                        {"text": 'The tool call call_1: look_up({"q": "Rome"})'},
                        {"text": "The tool call call_2: look_up({})"},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"text": "The tool call call_1 returned: Sunny"},
                        {"text": "The tool call call_2 returned: "},
                        {"text": "And?"},
                    ],
                },
            ]
        },
    ),
    "a schema": (
        SONNET,
        {"response_format": FORMAT},
        {
            "outputConfig": {
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "thing"}},
                }
            }
        },
    ),
    "a strict tool": (
        SONNET,
        {"tools": [{"type": "function", "function": {"name": "go", "strict": True}}]},
        {
            "toolConfig": {
                "tools": [
                    {
                        "toolSpec": {
                            "name": "go",
                            "inputSchema": {"json": {"type": "object", "properties": {}}},
                            "strict": True,
                        }
                    }
                ]
            }
        },
    ),
    "an effort of Claude 4.5": (
        SONNET,
        {"reasoning_effort": "low"},
        {
            "inferenceConfig": {"maxTokens": 5120},
            "additionalModelRequestFields": {
                "thinking": {"type": "enabled", "budget_tokens": 1024}
            },
        },
    ),
    "an effort within a limit": (
        SONNET,
        {"reasoning_effort": "high", "max_tokens": 2000},
        {
            "inferenceConfig": {"maxTokens": 2000},
            "additionalModelRequestFields": {
                "thinking": {"type": "enabled", "budget_tokens": 1999}
            },
        },
    ),
    "an effort of Claude 4.8": (
        OPUS,
        {"reasoning_effort": "xhigh"},
        {
            "outputConfig": {"effort": "xhigh"},
            "additionalModelRequestFields": {"thinking": {"type": "adaptive"}},
        },
    ),
    "no effort of Claude 4.8": (OPUS, {"reasoning_effort": "none"}, {"messages": TURN}),
    "no effort of Claude 5": (
        "global.anthropic.claude-opus-5",
        {"reasoning_effort": "none"},
        {"additionalModelRequestFields": {"thinking": {"type": "disabled"}}},
    ),
    "an effort and a schema": (
        OPUS,
        {"reasoning_effort": "minimal", "response_format": FORMAT},
        {
            "outputConfig": {
                "effort": "low",
                "textFormat": {
                    "type": "json_schema",
                    "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "thing"}},
                },
            }
        },
    ),
    "an effort of Nova": (
        NOVA,
        {"reasoning_effort": "max"},
        {
            "additionalModelRequestFields": {
                "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}
            }
        },
    ),
    "thinking replayed": (
        SONNET,
        {
            "messages": [
                *HELLO,
                {
                    "role": "assistant",
                    "content": "Hi",
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": "Hm", "signature": "c2ln"},
                        {"type": "reasoning.encrypted", "data": "YWJj"},
                        {"type": "reasoning.text", "text": "unsigned"},
                    ],
                },
                *HELLO,
            ]
        },
        {
            "messages": [
                *TURN,
                {
                    "role": "assistant",
                    "content": [
                        {
                            "reasoningContent": {
                                "reasoningText": {"text": "Hm", "signature": "c2ln"}
                            }
                        },
                        {"reasoningContent": {"redactedContent": "YWJj"}},
                        {"text": "Hi"},
                    ],
                },
                *TURN,
            ]
        },
    ),
    "Bedrock's own words": (
        LLAMA,
        {
            "guardrail_config": {"guardrailIdentifier": "abc", "guardrailVersion": "1"},
            "performanceConfig": {"latency": "optimized"},
            "service_tier": "flex",
            "requestMetadata": {"team": "a"},
            "additionalModelRequestFields": {"x": 1},
        },
        {
            "guardrailConfig": {"guardrailIdentifier": "abc", "guardrailVersion": "1"},
            "performanceConfig": {"latency": "optimized"},
            "serviceTier": {"type": "flex"},
            "requestMetadata": {"team": "a"},
            "additionalModelRequestFields": {"x": 1},
        },
    ),
    "Claude's own words": (
        SONNET,
        {"thinking": {"type": "enabled", "budget_tokens": 1024}, "anthropic_beta": ["x"]},
        {
            "additionalModelRequestFields": {
                "thinking": {"type": "enabled", "budget_tokens": 1024},
                "anthropic_beta": ["x"],
            }
        },
    ),
    "a profile of one's own": (
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        {"temperature": 0.5, "tools": [TOOL]},
        {"inferenceConfig": {"temperature": 0.5}, "toolConfig": {"tools": [LOOK_UP]}},
    ),
    "hints": (
        SONNET,
        {"user": "ann", "store": False, "metadata": {"a": "b"}, "seed": None},
        {"messages": TURN},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_call_in_converses_words(name: str) -> None:
    model, fields, expected = CASES[name]
    says(asked(model, **fields), fields, expected)
