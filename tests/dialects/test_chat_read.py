"""A chat request in neutral words, for providers with a wire format of their own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.call import Call
from headgate.provider.chat import (
    AudioPart,
    CallPart,
    Chat,
    FilePart,
    ImagePart,
    Message,
    TextPart,
    Tool,
)
from headgate.provider.failure import CallFailed, Kind, Unsupported

HELLO = [{"role": "user", "content": "Hello"}]


def parse(**fields: Any) -> Call:
    return OpenAIChat().parse("req_1", {"model": "m", "messages": HELLO, **fields}, {})


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"role": "system", "content": "Be"}, Message("system", (TextPart("Be"),))),
        ({"role": "developer", "content": "Be"}, Message("system", (TextPart("Be"),))),
        ({"role": "assistant", "content": None}, Message("assistant", ())),
        (
            {"role": "user", "content": "x", "name": "ann"},
            Message("user", (TextPart("x"),), None, "ann"),
        ),
        (
            {"role": "tool", "tool_call_id": "c1", "content": "21"},
            Message("tool", (TextPart("21"),), "c1"),
        ),
        (
            {
                "role": "assistant",
                "content": "Let me see.",
                "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
                ],
            },
            Message("assistant", (TextPart("Let me see."), CallPart("c1", "f", "{}"))),
        ),
        (
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": "data:,", "detail": "low"}},
                    {"type": "image_url", "image_url": "https://x/y.png"},
                    {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                    {"type": "file", "file": {"file_data": "data:,", "filename": "a.pdf"}},
                    {"type": "file", "file": {"file_id": "f1"}},
                ],
            },
            Message(
                "user",
                (
                    TextPart("a"),
                    ImagePart("data:,", "low"),
                    ImagePart("https://x/y.png"),
                    AudioPart("AA==", "wav"),
                    FilePart("data:,", None, "a.pdf"),
                    FilePart(None, "f1"),
                ),
            ),
        ),
    ],
)
def test_a_message_is_read_into_its_parts(message: dict[str, Any], expected: Message) -> None:
    assert parse(messages=[message]).chat.messages == (expected,)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {}),
        ({"max_tokens": 5}, {"max_tokens": 5}),
        ({"max_tokens": -1}, {"max_tokens": None}),
        ({"max_tokens": 5, "max_completion_tokens": 7}, {"max_tokens": 7}),
        ({"temperature": 0}, {"temperature": 0}),
        ({"stop": "x"}, {"stop": ("x",)}),
        ({"stop": ["x", "y"]}, {"stop": ("x", "y")}),
        ({"stop": None}, {"stop": ()}),
        ({"n": 3}, {"choices": 3}),
        ({"seed": 0}, {"seed": 0}),
        ({"tool_choice": "required"}, {"tool_choice": "required"}),
        ({"tool_choice": {"type": "function", "function": {"name": "f"}}}, {"tool_choice": "f"}),
        ({"parallel_tool_calls": False}, {"parallel_tool_calls": False}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        ({"response_format": {"type": "text"}}, {"json_schema": None}),
        ({"response_format": {"type": "json_object"}}, {"json_schema": {}}),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"schema": {"type": "object"}},
                }
            },
            {"json_schema": {"type": "object"}},
        ),
        (
            {
                "tools": [
                    {
                        "type": "function",
                        "function": {
                            "name": "f",
                            "description": "d",
                            "parameters": {"type": "object"},
                            "strict": True,
                        },
                    }
                ]
            },
            {"tools": (Tool("f", "d", {"type": "object"}, True),)},
        ),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"tools": (Tool("f"),)}),
    ],
)
def test_the_options_of_a_chat_are_read(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parse(**fields).chat == Chat((Message("user", (TextPart("Hello"),)),), **expected)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"messages": [{"role": "critic", "content": "x"}]}, "messages[0].role"),
        (
            {"messages": [{"role": "user", "content": [{"type": "hologram"}]}]},
            "messages[0].content[0]",
        ),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice"),
    ],
)
def test_what_has_no_neutral_words_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported) as refused:
        _ = parse(**fields).chat
    assert refused.value.param == param


def image(value: Any) -> dict[str, Any]:
    content = [{"type": "image_url", "image_url": value}]
    return {"messages": [{"role": "user", "content": content}]}


def assistant(value: Any) -> dict[str, Any]:
    return {"messages": [{"role": "assistant", "content": "x", "tool_calls": value}]}


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"stop": 5}, id="stop is a number"),
        pytest.param({"tool_choice": 5}, id="tool_choice is a number"),
        pytest.param(image(5), id="image_url is a number"),
        pytest.param(image(["data:,"]), id="image_url is an array"),
        pytest.param(assistant(5), id="tool_calls is a number"),
        pytest.param(assistant(["f"]), id="a tool call is a text"),
        pytest.param(assistant([{"function": "f"}]), id="a function is a text"),
        pytest.param(
            {"response_format": {"type": "json_schema", "json_schema": "x"}}, id="schema is a text"
        ),
    ],
)
def test_a_field_of_the_wrong_type_is_the_clients_mistake_in_translation_too(
    fields: dict[str, Any],
) -> None:
    with pytest.raises((CallFailed, Unsupported)) as refused:
        _ = parse(**fields).chat
    if isinstance(refused.value, CallFailed):
        assert refused.value.failure.kind is Kind.INVALID_REQUEST


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(("type", "function", "name", "arguments", "url", "json_schema")),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
messages = st.fixed_dictionaries(
    {"role": st.sampled_from(("user", "assistant", "tool", "x"))},
    optional={
        "content": st.text(max_size=3)
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(("text", "image_url", "input_audio", "file"))},
                optional={
                    "image_url": json_values,
                    "input_audio": json_values,
                    "file": json_values,
                },
            ),
            max_size=2,
        ),
        "tool_calls": json_values,
    },
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(messages, min_size=1, max_size=2),
    st.dictionaries(
        st.sampled_from(("stop", "tools", "tool_choice", "response_format")),
        json_values,
        max_size=3,
    ),
)
def test_a_chat_that_was_accepted_is_read_or_refused(
    said: list[Any], fields: dict[str, Any]
) -> None:
    with suppress(CallFailed, Unsupported):
        assert isinstance(parse(messages=said, **fields).chat, Chat)
