"""Thinking: how hard, and what was thought before."""

from __future__ import annotations

from .words import (
    ALWAYS,
    BETWEEN,
    HELLO,
    LOOP,
    MIDDLE,
    NEW,
    OLD,
    OLDEST,
    SCHEMA,
    SIGNED,
    Refused,
    Said,
    answers,
    calls,
    found,
    text,
    used,
    user,
)

SAID: Said = {
    "thoughts of earlier": (
        NEW,
        {
            "messages": [
                *HELLO,
                calls(
                    "c1",
                    content="So.",
                    reasoning_details=[
                        SIGNED,
                        {"type": "reasoning.encrypted", "data": "secret"},
                        {"type": "reasoning.text", "text": "unsigned"},
                    ],
                ),
                answers("c1"),
            ]
        },
        {
            "messages": [
                user(text("Hello")),
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm.", "signature": "sig"},
                        {"type": "redacted_thinking", "data": "secret"},
                        text("So."),
                        used("c1"),
                    ],
                },
                user(found("c1")),
            ]
        },
    ),
    "thoughts of another vendor": (
        NEW,
        {
            "messages": [
                *HELLO,
                {"role": "assistant", "content": "Hi", "reasoning_content": "Hm"},
                *HELLO,
            ]
        },
        {
            "messages": [
                user(text("Hello")),
                {"role": "assistant", "content": [text("Hi")]},
                user(text("Hello")),
            ]
        },
    ),
    "schema and effort": (
        NEW,
        {
            "reasoning_effort": "high",
            "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
        },
        {
            "thinking": {"type": "adaptive"},
            "output_config": {
                "effort": "high",
                "format": {"type": "json_schema", "schema": SCHEMA},
            },
        },
    ),
    "effort, none": (
        NEW,
        {"reasoning_effort": "none"},
        {"thinking": {"type": "disabled"}, "output_config": ...},
    ),
    "effort, none between tools": (
        BETWEEN,
        {"reasoning_effort": "none"},
        {"thinking": {"type": "between_tools"}},
    ),
    "effort, minimal": (
        ALWAYS,
        {"reasoning_effort": "minimal"},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
    ),
    "effort, max": (
        "claude-opus-9",
        {"reasoning_effort": "max"},
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
    ),
    "effort of 4.6": (
        MIDDLE,
        {"reasoning_effort": "medium", "temperature": 1},
        {
            "thinking": {"type": "adaptive"},
            "output_config": {"effort": "medium"},
            "temperature": 1,
        },
    ),
    "effort as a budget": (
        OLD,
        {"reasoning_effort": "low"},
        {
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "max_tokens": 8192 + 1024,
            "output_config": ...,
        },
    ),
    "effort as a budget within a limit": (
        OLD,
        {"reasoning_effort": "high", "max_tokens": 10000},
        {"thinking": {"type": "enabled", "budget_tokens": 8000}, "max_tokens": 10000},
    ),
    "effort, none, of a budget": (OLD, {"reasoning_effort": "none"}, {"thinking": ...}),
    "a loop whose thoughts were lost": (
        OLD,
        {"reasoning_effort": "low", "messages": [*LOOP, *HELLO]},
        {"thinking": ..., "max_tokens": 8192},
    ),
    "a loop whose thoughts were kept": (
        OLD,
        {
            "reasoning_effort": "low",
            "messages": [*HELLO, calls("c1", reasoning_details=[SIGNED]), answers("c1")],
        },
        {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    ),
    "thinking in Anthropic's words": (
        NEW,
        {"thinking": {"type": "adaptive", "display": "summarized"}, "reasoning_effort": "low"},
        {
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "low"},
        },
    ),
}

REFUSED: Refused = {
    "temperature while thinking": (
        MIDDLE,
        {"temperature": 0.5, "reasoning_effort": "low"},
        "temperature",
    ),
    "top_p while thinking": (OLD, {"top_p": 0.5, "reasoning_effort": "low"}, "top_p"),
    "top_k while thinking": (OLD, {"top_k": 5, "reasoning_effort": "low"}, "top_k"),
    "effort of an old model": (OLDEST, {"reasoning_effort": "low"}, "reasoning_effort"),
    "no thinking where there always is": (ALWAYS, {"reasoning_effort": "none"}, "reasoning_effort"),
    "xhigh on 4.6": (MIDDLE, {"reasoning_effort": "xhigh"}, "reasoning_effort"),
    "an effort nobody knows": (NEW, {"reasoning_effort": "heroic"}, "reasoning_effort"),
    "thinking without room": (
        OLD,
        {"reasoning_effort": "low", "max_tokens": 500},
        "reasoning_effort",
    ),
}
