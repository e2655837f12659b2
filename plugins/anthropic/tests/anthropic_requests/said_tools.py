"""Tools, their calls and their results."""

from __future__ import annotations

from .words import (
    ALWAYS,
    CHOICE,
    HELLO,
    NEW,
    OLD,
    OLDEST,
    PNG,
    SCHEMA,
    SHORT,
    Refused,
    Said,
    answers,
    calls,
    found,
    text,
    tool,
    used,
    user,
)

SAID: Said = {
    "tools": (
        NEW,
        {"tools": [tool(description="Looks.", strict=True), tool("bare", parameters={})]},
        {
            "tools": [
                {
                    "name": "look",
                    "description": "Looks.",
                    "input_schema": SCHEMA,
                    "strict": True,
                },
                {"name": "bare", "input_schema": {"type": "object"}},
            ],
            "tool_choice": ...,
        },
    ),
    "tools of an old model are not strict": (
        OLDEST,
        {"tools": [tool(strict=True)]},
        {"tools": [{"name": "look", "input_schema": SCHEMA}]},
    ),
    "choice: auto": (
        NEW,
        {"tools": [tool()], "tool_choice": "auto"},
        {"tool_choice": {"type": "auto"}},
    ),
    "choice: none": (
        NEW,
        {"tools": [tool()], "tool_choice": "none"},
        {"tool_choice": {"type": "none"}},
    ),
    "choice: required": (
        NEW,
        {"tools": [tool()], "tool_choice": "required"},
        {"tool_choice": {"type": "any"}},
    ),
    "choice: named": (
        NEW,
        {"tools": [tool()], "tool_choice": CHOICE, "parallel_tool_calls": False},
        {"tool_choice": {"type": "tool", "name": "look", "disable_parallel_tool_use": True}},
    ),
    "choice without tools": (NEW, {"tool_choice": "none"}, {"tool_choice": ..., "tools": ...}),
    "one call at a time": (
        NEW,
        {"tools": [tool()], "parallel_tool_calls": False},
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    "several calls at a time": (
        NEW,
        {"tools": [tool()], "parallel_tool_calls": True},
        {"tool_choice": ...},
    ),
    "tool loop": (
        NEW,
        {
            "tools": [tool()],
            "messages": [
                *HELLO,
                calls("c1", "c2", content="Let me see."),
                answers("c1"),
                answers("c2", [text("a"), {"type": "image_url", "image_url": {"url": PNG}}]),
                {"role": "user", "content": "And?"},
            ],
        },
        {
            "messages": [
                user(text("Hello")),
                {"role": "assistant", "content": [text("Let me see."), used("c1"), used("c2")]},
                user(
                    found("c1"),
                    found(
                        "c2",
                        text("a"),
                        {
                            "type": "image",
                            "source": {
                                "type": "base64",
                                "media_type": "image/png",
                                "data": "iVBORw0KGgo=",
                            },
                        },
                    ),
                    text("And?"),
                ),
            ]
        },
    ),
    "results before what was said before them": (
        NEW,
        {
            "messages": [
                *HELLO,
                calls("c1"),
                *HELLO,
                answers("c1", [text("x", cache_control=SHORT)]),
            ]
        },
        {
            "messages": [
                user(text("Hello")),
                {"role": "assistant", "content": [used("c1")]},
                user(found("c1", text("x"), cache_control=SHORT), text("Hello")),
            ]
        },
    ),
    "arguments of nothing": (
        NEW,
        {"messages": [*HELLO, calls("c1", arguments=""), answers("c1", "")]},
        {
            "messages": [
                user(text("Hello")),
                {"role": "assistant", "content": [{**used("c1"), "input": {}}]},
                user({"type": "tool_result", "tool_use_id": "c1"}),
            ]
        },
    ),
    "ids of another vendor": (
        NEW,
        {"messages": [*HELLO, calls("a.b:1"), answers("a.b:1")]},
        {
            "messages": [
                user(text("Hello")),
                {"role": "assistant", "content": [used("a_b_1_8a9a8289")]},
                user(found("a_b_1_8a9a8289")),
            ]
        },
    ),
}

REFUSED: Refused = {
    "a forced tool": (ALWAYS, {"tools": [tool()], "tool_choice": "required"}, "tool_choice"),
    "a forced tool while thinking": (
        OLD,
        {"tools": [tool()], "tool_choice": CHOICE, "reasoning_effort": "low"},
        "tool_choice",
    ),
    "arguments that are no object": (
        NEW,
        {"messages": [*HELLO, calls("c1", arguments="[1]"), answers("c1")]},
        "messages",
    ),
    "arguments that are no JSON": (
        NEW,
        {"messages": [*HELLO, calls("c1", arguments="{"), answers("c1")]},
        "messages",
    ),
}
