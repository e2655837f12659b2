"""A Messages body in neutral words."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.provider.chat import (
    CallPart,
    Chat,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
    TextPart,
    Tool,
)
from headgate.provider.failure import CallFailed, Kind, Unsupported

HELLO = [{"role": "user", "content": "Hello"}]
SHORT = {"cache_control": {"type": "ephemeral"}}
LONG = {"cache_control": {"type": "ephemeral", "ttl": "1h"}}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}}


def read(**fields: Any) -> Chat:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, **fields}
    return AnthropicMessages().parse("req_1", body, {}).chat


def turn(*blocks: dict[str, Any], role: str = "user") -> tuple[Message, ...]:
    return read(messages=[{"role": role, "content": list(blocks)}]).messages


def source(kind: str, **fields: Any) -> dict[str, Any]:
    return {"source": {"type": kind, **fields}}


BASE64 = source("base64", media_type="image/png", data="AAAA")
PDF = source("base64", media_type="application/pdf", data="JVBE")

PARTS: list[tuple[dict[str, Any], tuple[Part, ...]]] = [
    ({"type": "text", "text": "Hi"}, (TextPart("Hi"),)),
    ({"type": "text", "text": "Hi", **SHORT}, (TextPart("Hi", "short"),)),
    ({"type": "text", "text": "Hi", **LONG}, (TextPart("Hi", "long"),)),
    ({"type": "text", "text": "Hi", "cache_control": None}, (TextPart("Hi"),)),
    ({"type": "image", **BASE64}, (ImagePart("data:image/png;base64,AAAA"),)),
    (
        {"type": "image", **source("url", url="https://a/b.png"), **SHORT},
        (ImagePart("https://a/b.png", cache="short"),),
    ),
    ({"type": "image", **source("file", file_id="file_1")}, (ImagePart("", id="file_1"),)),
    (
        {"type": "document", **PDF, "title": "T", **LONG},
        (FilePart("data:application/pdf;base64,JVBE", name="T", cache="long"),),
    ),
    (
        {"type": "document", **PDF, "context": "Old"},
        (TextPart("Old\n"), FilePart("data:application/pdf;base64,JVBE")),
    ),
    ({"type": "document", **source("url", url="https://a")}, (FilePart(url="https://a"),)),
    ({"type": "document", **source("file", file_id="f")}, (FilePart(id="f"),)),
    (
        {"type": "document", **source("text", media_type="text/plain", data="Words"), "title": "T"},
        (TextPart("T\n"), TextPart("Words")),
    ),
    (
        {"type": "document", **source("content", content="Words"), **SHORT},
        (TextPart("Words", "short"),),
    ),
    (
        {
            "type": "document",
            **source(
                "content", content=[{"type": "text", "text": "A"}, {"type": "image", **BASE64}]
            ),
            "citations": {"enabled": False},
        },
        (TextPart("A"), ImagePart("data:image/png;base64,AAAA")),
    ),
    (
        {
            "type": "search_result",
            "source": "https://a",
            "title": "T",
            "content": [{"type": "text", "text": "A"}],
        },
        (TextPart("T\nhttps://a\n"), TextPart("A")),
    ),
]


@pytest.mark.parametrize(("block", "parts"), PARTS, ids=range(len(PARTS)))
def test_blocks_of_a_user(block: dict[str, Any], parts: tuple[Part, ...]) -> None:
    assert turn(block) == (Message("user", parts),)


ASSISTANT: list[tuple[list[dict[str, Any]], tuple[Part, ...]]] = [
    (
        [{"type": "tool_use", "id": "t", "name": "f", "input": {"b": 1, "a": "é"}}],
        (CallPart("t", "f", '{"b":1,"a":"é"}'),),
    ),
    (
        [{"type": "tool_use", "id": "t", "name": "f", "input": {}, **SHORT}],
        (CallPart("t", "f", "{}", cache="short"),),
    ),
    (
        [{"type": "thinking", "thinking": "Hm", "signature": "s"}],
        (ReasoningPart("Hm", "s"),),
    ),
    ([{"type": "thinking", "thinking": "Hm", "signature": ""}], (ReasoningPart("Hm"),)),
    ([{"type": "redacted_thinking", "data": "r"}], (ReasoningPart("", redacted="r"),)),
    (
        [
            {"type": "redacted_thinking", "data": "tool_signature:sig"},
            {"type": "tool_use", "id": "t", "name": "f", "input": {}},
            {"type": "tool_use", "id": "u", "name": "g", "input": {}},
        ],
        (CallPart("t", "f", "{}", "sig"), CallPart("u", "g", "{}")),
    ),
]


@pytest.mark.parametrize(("blocks", "parts"), ASSISTANT, ids=range(len(ASSISTANT)))
def test_blocks_of_an_assistant(blocks: list[dict[str, Any]], parts: tuple[Part, ...]) -> None:
    assert turn(*blocks, role="assistant") == (Message("assistant", parts),)


def test_results_of_tools_come_before_the_rest_of_their_turn() -> None:
    assert turn(
        {"type": "text", "text": "And now?"},
        {"type": "tool_result", "tool_use_id": "t", "content": "72", **SHORT},
        {"type": "tool_result", "tool_use_id": "u", "is_error": True},
        {
            "type": "tool_result",
            "tool_use_id": "v",
            "is_error": False,
            "content": [{"type": "text", "text": "A"}, {"type": "image", **BASE64}],
        },
    ) == (
        Message("tool", (TextPart("72", "short"),), "t"),
        Message("tool", (), "u", failed=True),
        Message("tool", (TextPart("A"), ImagePart("data:image/png;base64,AAAA")), "v"),
        Message("user", (TextPart("And now?"),)),
    )


def test_a_turn_of_results_is_nothing_else() -> None:
    result = {"type": "tool_result", "tool_use_id": "t", "content": "72"}
    assert turn(result) == (Message("tool", (TextPart("72"),), "t"),)


@pytest.mark.parametrize(
    ("system", "parts"),
    [
        pytest.param("Be kind.", (TextPart("Be kind."),), id="text"),
        pytest.param(
            [{"type": "text", "text": "A", **LONG}, {"type": "text", "text": "B"}],
            (TextPart("A", "long"), TextPart("B")),
            id="blocks",
        ),
    ],
)
def test_system(system: Any, parts: tuple[Part, ...]) -> None:
    chat = read(system=system, messages=[*HELLO, {"role": "system", "content": "Late."}])
    assert chat.system == parts
    assert chat.messages[1:] == (
        Message("user", (TextPart("Hello"),)),
        Message("system", (TextPart("Late."),)),
    )


@pytest.mark.parametrize("system", ["", [], None])
def test_no_system(system: Any) -> None:
    assert read(system=system).messages == (Message("user", (TextPart("Hello"),)),)


SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"max_tokens": 7}, {"max_tokens": 7}),
    (
        {"temperature": 0.5, "top_p": 0.9, "top_k": 4},
        {"temperature": 0.5, "top_p": 0.9, "top_k": 4},
    ),
    ({"top_k": -1}, {"top_k": None}),
    ({"stop_sequences": ["a", "b"]}, {"stop": ("a", "b")}),
    ({"metadata": {"user_id": "me"}}, {"user": "me", "extras": {}}),
    ({"tool_choice": {"type": "auto"}}, {"tool_choice": "auto", "parallel_tool_calls": None}),
    ({"tool_choice": {"type": "any"}}, {"tool_choice": "required"}),
    ({"tool_choice": {"type": "none"}}, {"tool_choice": "none"}),
    ({"tool_choice": {"type": "tool", "name": "f"}}, {"tool_choice": "f"}),
    (
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
        {"tool_choice": "auto", "parallel_tool_calls": False},
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        {"reasoning_budget": 2000, "reasoning_effort": None},
    ),
    ({"thinking": {"type": "disabled"}}, {"reasoning_budget": None, "reasoning_effort": "none"}),
    ({"thinking": {"type": "adaptive"}}, {"reasoning_budget": None, "reasoning_effort": None}),
    ({"thinking": {"type": "between_tools"}}, {"reasoning_effort": "low"}),
    (
        {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        {"reasoning_effort": "max", "extras": {}},
    ),
    (
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
        {"json_schema": SCHEMA, "json_schema_strict": True, "extras": {}},
    ),
    ({"output_format": {"type": "json_schema", "schema": SCHEMA}}, {"json_schema": SCHEMA}),
    ({"output_config": {"format": None}}, {"json_schema": None, "json_schema_strict": None}),
    ({"output_config": {"task_budget": 5}}, {"extras": {"output_config": {"task_budget": 5}}}),
    ({"service_tier": "standard_only", **SHORT, "inference_geo": "us"}, {"extras": {}}),
    ({"betas": ["a"], "mcp_servers": [], "container": None, "speed": "fast"}, {"extras": {}}),
    ({"service_tier": "flex"}, {"extras": {"service_tier": "flex"}}),
    ({"container": "c"}, {"extras": {"container": "c"}}),
    (
        {"context_management": {"edits": [{"type": "clear_thinking_20251015"}]}},
        {"extras": {}},
    ),
    (
        {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}},
        {"extras": {"context_management": {"edits": [{"type": "clear_tool_uses_20250919"}]}}},
    ),
]


@pytest.mark.parametrize(("fields", "said"), SETTINGS, ids=range(len(SETTINGS)))
def test_settings(fields: dict[str, Any], said: dict[str, Any]) -> None:
    chat = read(**fields)
    assert {name: getattr(chat, name) for name in said} == said


def test_tools() -> None:
    assert read(
        tools=[
            {"name": "f", "description": "F", "input_schema": SCHEMA, "strict": True, **LONG},
            {"type": "custom", "name": "g", "description": ""},
        ]
    ).tools == (Tool("f", "F", SCHEMA, True, "long"), Tool("g"))


def blocks(*content: dict[str, Any], role: str = "user") -> dict[str, Any]:
    return {"messages": [{"role": role, "content": list(content)}]}


TEXT = {"type": "text", "text": "x"}
UNSUPPORTED: list[tuple[dict[str, Any], str]] = [
    ({"tools": [{"name": "f"}, {"type": "web_search_20250305", "name": "w"}]}, "tools.1.type"),
    ({"tools": [{"type": "bash_20250124", "name": "bash"}]}, "tools.0.type"),
    ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
    ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
    ({"max_tokens": 0}, "max_tokens"),
    (blocks(TEXT, {"type": "container_upload", "file_id": "f"}), "messages.0.content.1.type"),
    (blocks({"type": "server_tool_use", "id": "u"}, role="assistant"), "messages.0.content.0.type"),
    (blocks({"type": "image", **source("sky")}), "messages.0.content.0.source.type"),
    (blocks({"type": "document", **source("sky")}), "messages.0.content.0.source.type"),
    (
        blocks({"type": "document", **PDF, "citations": {"enabled": True}}),
        "messages.0.content.0.citations",
    ),
    (
        blocks(
            TEXT,
            {
                "type": "tool_result",
                "tool_use_id": "t",
                "content": [{"type": "tool_reference", "tool_name": "f"}],
            },
        ),
        "messages.0.content.1.content.0.type",
    ),
    (
        blocks({"type": "tool_result", "tool_use_id": "t"}, role="assistant"),
        "messages.0.content.0.type",
    ),
]


@pytest.mark.parametrize(("fields", "param"), UNSUPPORTED, ids=range(len(UNSUPPORTED)))
def test_what_has_no_neutral_words_is_named(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(Unsupported, match=param) as refused:
        read(**fields)
    assert refused.value.param == param


@pytest.mark.parametrize(
    "fields",
    [
        blocks({"type": "image"}),
        blocks({"type": "tool_use", "id": "t"}, role="assistant"),
        blocks({"type": "tool_result"}),
        {"tools": [{"description": "nameless"}]},
        {"tool_choice": {"type": "tool"}},
        {"thinking": {"type": "enabled"}},
        {"context_management": "x"},
        {"tools": [{"name": "f", "input_schema": []}]},
        {"tools": [{"name": "f", "description": 5}]},
        {"thinking": {"type": "enabled", "budget_tokens": "2000"}},
        {"output_config": {"effort": 5}},
        {"output_config": {"format": {"type": "json_schema", "schema": 5}}},
        {"output_config": {"format": {"type": "json_schema"}}},
        blocks({"type": "tool_use", "id": "t", "name": "f", "input": [1]}, role="assistant"),
        blocks({"type": "thinking", "thinking": "x", "signature": 5}, role="assistant"),
        blocks({"type": "document", **PDF, "title": 5}),
    ],
    ids=range(16),
)
def test_a_field_that_is_missing_or_odd_is_the_clients_mistake(fields: dict[str, Any]) -> None:
    with pytest.raises(CallFailed) as failed:
        read(**fields)
    assert failed.value.failure.kind is Kind.INVALID_REQUEST
