"""What a Messages request may say, and what is found out about it before it is sent anywhere."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.anthropic_count_tokens import AnthropicCountTokens
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.provider.call import Call, Operation
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported

HELLO = [{"role": "user", "content": "Hello"}]
PIXEL = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
DIALECT = AnthropicMessages()
COUNT = AnthropicCountTokens()


def parse(**fields: Any) -> Call:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, **fields}
    return DIALECT.parse("req_1", body, {"anthropic-beta": "a"})


def refused(**fields: Any) -> Failure:
    with pytest.raises(CallFailed) as failed:
        parse(**fields)
    return failed.value.failure


def said(*blocks: Any, role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": list(blocks)}]


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("no model", {"model": None}, "model: "),
    ("model a number", {"model": 5}, "model: "),
    ("no max_tokens", {"max_tokens": None}, "max_tokens: Field required"),
    ("negative max_tokens", {"max_tokens": -1}, "max_tokens: "),
    ("max_tokens a text", {"max_tokens": "5"}, "max_tokens: "),
    ("max_tokens true", {"max_tokens": True}, "max_tokens: "),
    ("no messages", {"messages": None}, "messages: Field required"),
    ("empty messages", {"messages": []}, "messages: at least one message is required"),
    ("messages a text", {"messages": "Hello"}, "messages: Invalid type: expected an array"),
    ("message a text", {"messages": ["Hello"]}, "messages.0: "),
    ("no role", {"messages": [{"content": "Hello"}]}, "messages.0.role: "),
    ("role a list", {"messages": [{"role": ["user"], "content": ""}]}, "messages.0.role: "),
    ("role tool", {"messages": [*HELLO, {"role": "tool", "content": ""}]}, "messages.1.role: "),
    ("no content", {"messages": [{"role": "user"}]}, "messages.0.content: Field required"),
    ("content a number", {"messages": [{"role": "user", "content": 5}]}, "messages.0.content: "),
    ("block a text", {"messages": said("Hello")}, "messages.0.content.0: "),
    ("block without type", {"messages": said({"text": "x"})}, "messages.0.content.0: "),
    ("text without text", {"messages": said({"type": "text"})}, "messages.0.content.0.text: "),
    ("no source", {"messages": said({"type": "document"})}, "messages.0.content.0.source: "),
    ("system a number", {"system": 5}, "system: "),
    ("system block a text", {"system": ["x"]}, "system.0: "),
    ("stream a text", {"stream": "yes"}, "stream: Invalid type: expected a boolean"),
    ("stop a text", {"stop_sequences": "x"}, "stop_sequences: "),
    ("stop a number", {"stop_sequences": ["x", 5]}, "stop_sequences.1: "),
    ("temperature", {"temperature": "hot"}, "temperature: "),
    ("top_p", {"top_p": 1.5}, "top_p: Invalid: expected a value from 0 to 1, got 1.5."),
    ("top_k", {"top_k": 0.5}, "top_k: "),
    ("tools", {"tools": {}}, "tools: "),
    ("tool a text", {"tools": [{"name": "f"}, "g"]}, "tools.1: "),
    ("tool_choice", {"tool_choice": "auto"}, "tool_choice: "),
    ("thinking", {"thinking": True}, "thinking: "),
    ("output_config", {"output_config": []}, "output_config: "),
    ("metadata", {"metadata": "me"}, "metadata: "),
    ("user_id", {"metadata": {"user_id": 5}}, "metadata.user_id: "),
]


@pytest.mark.parametrize(
    ("fields", "message"), [pytest.param(*case[1:], id=case[0]) for case in REFUSED]
)
def test_what_no_vendor_would_accept_is_refused_by_name(
    fields: dict[str, Any], message: str
) -> None:
    failure = refused(**fields)
    assert failure.kind is Kind.INVALID_REQUEST
    assert failure.message.startswith(message)
    assert failure.param == message.partition(":")[0]


def test_a_name_no_model_can_have_is_a_model_that_does_not_exist() -> None:
    assert refused(model="../m").kind is Kind.MODEL_NOT_FOUND


CODING: dict[str, Any] = {
    "stream": True,
    "system": [
        {"type": "text", "text": "You code.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}
    ],
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "<reminder/>"}]},
        {"role": "system", "content": "Be brief."},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "r"},
                {"type": "tool_use", "id": "t", "name": "Read", "input": {"path": "a"}},
                {"type": "server_tool_use", "id": "u", "name": "web_search", "input": {}},
                {"type": "web_search_tool_result", "tool_use_id": "u", "content": []},
                {"type": "a_block_of_tomorrow", "anything": 1},
            ],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "text", "text": "x"}],
                    "cache_control": {"type": "ephemeral"},
                },
                {"type": "tool_result", "tool_use_id": "t2"},
            ],
        },
    ],
    "tools": [
        {"name": "Read", "description": "Reads", "input_schema": {"type": "object"}},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 8},
    ],
    "metadata": {"user_id": "user_1"},
    "thinking": {"type": "adaptive", "display": "omitted"},
    "output_config": {"effort": "high"},
    "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
    "betas": ["a"],
    "container": None,
    "a_field_of_tomorrow": {"x": 1},
}


def test_everything_a_coding_client_sends_is_accepted() -> None:
    call = parse(**CODING)
    assert call.body["a_field_of_tomorrow"] == {"x": 1}
    assert call.stream
    assert call.user == "user_1"
    assert call.needs == {"tools"}
    assert call.headers["anthropic-beta"] == "a"


def test_a_call_says_what_was_asked() -> None:
    call = parse(max_tokens=0)
    assert call[:5] == (
        "req_1",
        Operation.CHAT,
        "anthropic_messages",
        "m",
        {"model": "m", "max_tokens": 0, "messages": HELLO},
    )
    assert (call.stream, call.choices, call.usage_wanted, call.user) == (False, 1, True, None)


NEEDS: list[tuple[str, dict[str, Any], set[str]]] = [
    ("text", {}, set()),
    ("tools", {"tools": [{"name": "f", "input_schema": {}}]}, {"tools"}),
    ("no tools", {"tools": []}, set()),
    ("image", {"messages": said({"type": "image", "source": PIXEL})}, {"vision"}),
    (
        "image in a tool's result",
        {
            "messages": said(
                {
                    "type": "tool_result",
                    "tool_use_id": "t",
                    "content": [{"type": "image", "source": PIXEL}],
                }
            )
        },
        {"vision"},
    ),
    ("pdf", {"messages": said({"type": "document", "source": PDF})}, {"pdf"}),
    (
        "a document of text",
        {"messages": said({"type": "document", "source": {"type": "text", "data": "x"}})},
        set(),
    ),
    (
        "a document with an image",
        {
            "messages": said(
                {
                    "type": "document",
                    "source": {"type": "content", "content": [{"type": "image", "source": PIXEL}]},
                }
            )
        },
        {"vision"},
    ),
    (
        "schema",
        {"output_config": {"format": {"type": "json_schema", "schema": {}}}},
        {"json_schema"},
    ),
    ("schema of the beta", {"output_format": {"type": "json_schema"}}, {"json_schema"}),
    ("effort", {"output_config": {"effort": "low"}}, set()),
]


@pytest.mark.parametrize(("fields", "needs"), [pytest.param(*c[1:], id=c[0]) for c in NEEDS])
def test_needs(fields: dict[str, Any], needs: set[str]) -> None:
    assert parse(**fields).needs == needs


def test_the_estimate_counts_everything_that_is_read() -> None:
    text = {"type": "text", "text": "x" * 400}
    plain = parse(messages=said(text)).input_tokens
    assert plain == 100
    assert parse(messages=said(text), system="y" * 400).input_tokens == 200
    assert parse(messages=said(text, {"type": "image", "source": PIXEL})).input_tokens == 900
    tool = {"name": "f", "description": "z" * 398, "input_schema": {}}
    assert parse(messages=said(text), tools=[tool]).input_tokens == 200
    result = {"type": "tool_result", "tool_use_id": "t", "content": "x" * 400}
    assert parse(messages=said(result)).input_tokens == 100
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": "x" * 392}}
    assert parse(messages=said(use, role="assistant")).input_tokens == 100


def test_counting_needs_no_limit_and_is_never_a_stream() -> None:
    call = COUNT.parse("req_1", {"model": "m", "messages": HELLO, "stream": True}, {})
    assert (call.operation, call.dialect) == (Operation.COUNT_TOKENS, "anthropic_count_tokens")
    assert not call.stream
    assert call.chat.max_tokens is None


def test_a_count_is_relayed_and_costs_nothing() -> None:
    call = COUNT.parse("req_1", {"model": "m", "messages": HELLO}, {})
    reading = COUNT.read(call, b'{"input_tokens":641}')
    assert (reading.body, reading.usage) == (b'{"input_tokens":641}', Usage(input=0, output=0))
    assert orjson.loads(COUNT.whole(call, [Usage(input=3, cached_input=4)], 0)) == {
        "input_tokens": 7
    }


@pytest.mark.parametrize(
    "body", [b"[]", b"{}", b'{"input_tokens":"5"}', b'{"input_tokens":true}', b"<html>", b""]
)
def test_what_is_no_count_is_garbled(body: bytes) -> None:
    call = COUNT.parse("req_1", {"model": "m", "messages": HELLO}, {})
    with pytest.raises(ValueError):
        COUNT.read(call, body)


def test_an_error_dressed_as_a_count_is_an_error() -> None:
    call = COUNT.parse("req_1", {"model": "m", "messages": HELLO}, {})
    with pytest.raises(CallFailed) as failed:
        COUNT.read(call, b'{"type":"error","error":{"type":"overloaded_error","message":"busy"}}')
    assert failed.value.failure.kind is Kind.OVERLOADED


def test_counts_are_not_streamed() -> None:
    call = COUNT.parse("req_1", {"model": "m", "messages": HELLO}, {})
    with pytest.raises(Unsupported):
        COUNT.tap(call)
    with pytest.raises(Unsupported):
        COUNT.renderer(call, 0)


words = st.sampled_from(
    [
        "role", "user", "assistant", "system", "content", "type", "text", "image", "document",
        "source", "base64", "media_type", "data", "url", "file", "file_id", "tool_use", "id",
        "name", "input", "tool_result", "tool_use_id", "thinking", "signature", "citations",
        "redacted_thinking", "cache_control", "enabled", "budget_tokens", "effort", "format",
        "json_schema", "schema", "custom", "input_schema", "edits", "user_id", "search_result",
        "title", "tool", "disable_parallel_tool_use",
    ]
)  # fmt: skip
values = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.floats(0, 1) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from(
    [
        "messages", "system", "tools", "tool_choice", "thinking", "output_config", "metadata",
        "output_format", "context_management", "stop_sequences", "service_tier", "max_tokens",
    ]
)  # fmt: skip
blocks = st.dictionaries(words, values, min_size=1, max_size=5)
turns = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant"]),
            "content": st.lists(
                st.tuples(words, blocks).map(lambda pair: {**pair[1], "type": pair[0]}), max_size=3
            ),
        }
    ),
    min_size=1,
    max_size=2,
)


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(fields, values, max_size=3), st.none() | turns)
def test_any_json_is_read_or_refused_and_nothing_else(
    some: dict[str, Any], messages: list[Any] | None
) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": HELLO, **some}
    if messages is not None:
        body["messages"] = messages
    try:
        chat = DIALECT.parse("req_1", body, {}).chat
    except (CallFailed, Unsupported):
        return
    assert chat.reasoning_effort is None or isinstance(chat.reasoning_effort, str)
    assert chat.json_schema is None or isinstance(chat.json_schema, dict)
    assert all(isinstance(tool.parameters, dict) for tool in chat.tools)
    assert all(message.role in ("system", "user", "assistant", "tool") for message in chat.messages)
