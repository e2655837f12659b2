"""What a chat request may say, and what is found out about it before it is sent anywhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.call import Call, Operation
from headgate.provider.failure import CallFailed, Failure, Kind

HELLO = [{"role": "user", "content": "Hello"}]


def parse(**fields: Any) -> Call:
    return OpenAIChat().parse("req_1", {"model": "m", "messages": HELLO, **fields}, {"x-a": "1"})


def refused(**fields: Any) -> Failure:
    with pytest.raises(CallFailed) as failed:
        parse(**fields)
    return failed.value.failure


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("messages", [{}, "Hello", [], None, 5, [5], ["a"], [None]]),
        ("stream", ["yes", 1, []]),
        ("stream_options", [True, [], {"include_usage": True}]),
        ("n", [0, -1, 129, 1.0, "1", True, []]),
        ("max_tokens", [0, -2, -1.0, 10**9, "5", 1.5, False]),
        ("max_completion_tokens", [0, -2, 10**9, "5"]),
        ("temperature", [-0.1, 2.1, "1", True]),
        ("top_p", [-0.1, 1.1, []]),
        ("presence_penalty", [-2.1, 2.1, "0"]),
        ("frequency_penalty", [-2.1, 2.1, {}]),
        ("seed", ["1", 1.5, True]),
        ("logprobs", [1, "true"]),
        ("top_logprobs", [-1, 21, "5"]),
        ("logit_bias", [[], "x"]),
        ("tools", [{}, "x", ["x"], [{}] * 1025]),
        ("functions", [{}, ["x"]]),
        ("parallel_tool_calls", ["no", 0]),
        ("response_format", ["json", []]),
        ("user", [5, {}]),
        ("metadata", ["x", []]),
        ("store", ["yes", 1]),
        ("service_tier", [5]),
        ("reasoning_effort", [5, {}]),
        ("safety_identifier", [5]),
        ("prompt_cache_key", [5]),
    ],
)
def test_a_bad_field_is_refused_by_its_name(field: str, values: list[Any]) -> None:
    for value in values:
        failure = refused(**{field: value})
        assert failure.kind is Kind.INVALID_REQUEST, value
        assert (failure.param or "").split("[")[0] == field, value
        assert field in failure.message, value


@pytest.mark.parametrize(
    ("messages", "param"),
    [
        ([*HELLO, "x"], "messages[1]"),
        ([{"content": "Hello"}], "messages[0].role"),
        ([{"role": 5, "content": "Hello"}], "messages[0].role"),
        ([*HELLO, {"role": "user", "content": 5}], "messages[1].content"),
        ([{"role": "user", "content": {"text": "Hello"}}], "messages[0].content"),
        ([{"role": "user", "content": ["Hello"]}], "messages[0].content[0]"),
        ([{"role": "user", "content": [{"text": "Hello"}]}], "messages[0].content[0]"),
    ],
)
def test_a_bad_message_is_located(messages: list[Any], param: str) -> None:
    assert refused(messages=messages).param == param


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 1),
        ("n", 128),
        ("temperature", 0),
        ("temperature", 2),
        ("temperature", 0.7),
        ("seed", -(2**63)),
        ("max_tokens", 1),
        # "As many as fit", say some servers.
        ("max_tokens", -1),
        ("tools", []),
        ("stop", "x"),
        ("a_field_of_tomorrow", {"deep": [1, 2]}),
    ],
)
def test_good_and_unknown_fields_pass_as_they_came(field: str, value: Any) -> None:
    assert parse(**{field: value}).body[field] == value


@pytest.mark.parametrize("field", ["n", "temperature", "tools", "stream", "user", "stream_options"])
def test_null_is_as_good_as_nothing(field: str) -> None:
    call = parse(**{field: None})
    assert call.choices == 1
    assert not call.stream


@pytest.mark.parametrize("model", ["", "x" * 257, "a\nb", "../etc/passwd", "a\x00", "a\u202eb"])
def test_a_model_name_that_cannot_exist_is_not_found(model: str) -> None:
    failure = refused(model=model)
    assert (failure.kind, failure.code) == (Kind.MODEL_NOT_FOUND, "model_not_found")
    assert failure.message.isprintable()
    assert len(failure.message) < 400


@pytest.mark.parametrize("model", [None, 5, [], {"a": 1}])
def test_a_model_that_is_no_text_is_a_bad_request(model: Any) -> None:
    failure = refused(model=model)
    assert (failure.kind, failure.param) == (Kind.INVALID_REQUEST, "model")


@pytest.mark.parametrize(
    "model", ["gpt-6", "openai/gpt-6", "org/name:free", "モデル", "a'; DROP --"]
)
def test_any_other_name_is_looked_up(model: str) -> None:
    assert parse(model=model).model == model


def part(type_: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": type_, **fields}]}]


SCHEMA = {"type": "json_schema", "json_schema": {"name": "a", "schema": {}}}


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        ({}, set()),
        ({"messages": part("image_url", image_url={"url": "data:,"})}, {"vision"}),
        ({"messages": part("input_audio", input_audio={})}, {"audio"}),
        ({"messages": part("file", file={})}, {"pdf"}),
        ({"messages": part("text", text="x")}, set()),
        ({"messages": part("thing_of_tomorrow")}, set()),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, {"tools"}),
        ({"tools": []}, set()),
        ({"functions": [{"name": "f"}]}, {"tools"}),
        ({"response_format": {"type": "text"}}, set()),
        ({"response_format": {"type": "json_object"}}, set()),
        ({"response_format": SCHEMA}, {"json_schema"}),
        (
            {"tools": [{}], "response_format": SCHEMA, "messages": part("image_url")},
            {"tools", "json_schema", "vision"},
        ),
    ],
)
def test_what_an_answer_needs_is_seen_in_the_request(
    fields: dict[str, Any], needs: set[str]
) -> None:
    assert parse(**fields).needs == needs


@pytest.mark.parametrize(
    ("messages", "tokens"),
    [
        ([{"role": "user", "content": "x" * 400}], 100),
        ([{"role": "user", "content": None}], 0),
        ([{"role": "system", "content": "x" * 40}, {"role": "user", "content": "x" * 40}], 20),
        ([{"role": "user", "content": [{"type": "text", "text": "x" * 400}]}], 100),
        (part("image_url", image_url={"url": "data:," + "x" * 100_000}), 800),
    ],
)
def test_the_size_of_a_prompt_is_estimated_from_its_text(messages: list[Any], tokens: int) -> None:
    assert parse(messages=messages).input_tokens == tokens


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"stream": False}, True),
        ({"stream": True}, False),
        ({"stream": True, "stream_options": {}}, False),
        ({"stream": True, "stream_options": None}, False),
        ({"stream": True, "stream_options": {"include_usage": False}}, False),
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
    ],
)
def test_usage_in_a_stream_has_to_be_asked_for(fields: dict[str, Any], wanted: bool) -> None:
    assert parse(**fields).usage_wanted is wanted


def test_a_call_holds_what_the_client_said() -> None:
    call = parse(stream=True, n=3, user="ann")
    assert call.operation is Operation.CHAT
    assert (call.id, call.dialect, call.model) == ("req_1", "openai_chat", "m")
    assert (call.stream, call.choices, call.user) == (True, 3, "ann")
    assert call.headers == {"x-a": "1"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("role", "content", "type", "text", "include_usage", "x")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
FIELDS = ("messages", "stream", "stream_options", "n", "tools", "response_format", "user", "seed")


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=5))
def test_any_request_is_parsed_or_refused(fields: dict[str, Any]) -> None:
    refusal = None
    try:
        call = parse(**fields)
        assert call.input_tokens >= 0
        assert call.choices >= 1
    except CallFailed as failed:
        refusal = failed.failure
    if refusal is not None:
        assert refusal.kind is Kind.INVALID_REQUEST
        assert refusal.param
