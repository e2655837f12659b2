"""What may be asked of `/v1/responses`, and of answers that are stored."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.openai_responses import CHECKS, OpenAIResponses
from headgate.dialects.openai_responses_stored import StoredResponses
from headgate.dialects.response_ids import sealed
from headgate.provider.call import Call, Operation, Pin, Resource
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported

DIALECT = OpenAIResponses()
STORED = StoredResponses()
HERE = Pin("openai", "k3f9")
OURS = sealed("resp_1", HERE)
HI = {"role": "user", "content": "12345678"}


def parse(**fields: Any) -> Call:
    return DIALECT.parse("req_1", {"model": "m", **fields}, {})


def refusal(**fields: Any) -> Failure:
    with pytest.raises(CallFailed) as refused:
        parse(**fields)
    return refused.value.failure


def image(**where: Any) -> dict[str, Any]:
    return {"type": "input_image", "image_url": "data:image/png;base64,AAAA", **where}


def test_a_request_is_relayed_with_every_field_it_had() -> None:
    body = {"model": "m", "input": "Hello", "field_of_tomorrow": {"a": [1]}, "conversation": "c_1"}
    kept = copy.deepcopy(body)
    call = DIALECT.parse("req_1", body, {"x-a": "b"})
    assert call.body == body == kept
    assert (call.operation, call.dialect, call.model) == (
        Operation.RESPONSES,
        "openai_responses",
        "m",
    )
    assert (call.stream, call.choices, call.usage_wanted, call.reader) == (False, 1, True, None)
    assert (call.pin, call.resource, call.headers) == (None, None, {"x-a": "b"})


@pytest.mark.parametrize(("said", "stream"), [(True, True), (False, False), (None, False)])
def test_a_stream_is_what_was_asked_for(said: Any, stream: bool) -> None:
    assert parse(input="a", stream=said, background=True).stream is stream


@pytest.mark.parametrize(
    ("fields", "tokens"),
    [
        pytest.param({"input": "12345678"}, 2, id="text"),
        pytest.param({"input": "1234", "instructions": "1234"}, 2, id="instructions"),
        pytest.param({"input": [HI, HI]}, 4, id="messages"),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": "1234"}]}]},
            1,
            id="parts",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [image(), {"type": "input_file"}]}]},
            1600,
            id="an image and a document",
        ),
        pytest.param(
            {"input": [{"type": "function_call", "name": "f", "arguments": "12345678"}]},
            2,
            id="arguments",
        ),
        pytest.param(
            {"input": [{"type": "function_call_output", "call_id": "c", "output": "1234"}]},
            1,
            id="a tool's result",
        ),
        pytest.param(
            {
                "input": [
                    {"type": "reasoning", "summary": [{"type": "summary_text", "text": "1234"}]}
                ]
            },
            1,
            id="a summary",
        ),
        pytest.param(
            {
                "input": [
                    {"type": "shell_call_output", "output": [{"stdout": "12", "stderr": "34"}]}
                ]
            },
            1,
            id="a shell's output",
        ),
        pytest.param({"input": "", "previous_response_id": "resp_9"}, 0, id="nothing new"),
    ],
)
def test_the_size_of_a_prompt_is_estimated(fields: dict[str, Any], tokens: int) -> None:
    assert parse(**fields).input_tokens == tokens


FORM = {"type": "json_schema", "name": "a", "schema": {"type": "object"}}


@pytest.mark.parametrize(
    ("fields", "needs"),
    [
        pytest.param({}, set(), id="nothing"),
        pytest.param({"tools": []}, set(), id="no tools"),
        pytest.param({"tools": [{"type": "function", "name": "f"}]}, {"tools"}, id="a function"),
        pytest.param({"tools": [{"type": "custom", "name": "f"}]}, {"tools"}, id="a custom tool"),
        pytest.param(
            {"tools": [{"type": "web_search"}, {"type": "mcp"}]}, set(), id="the vendor's tools"
        ),
        pytest.param({"tools": [{"type": ["x"]}, {}]}, set(), id="odd tools"),
        pytest.param({"text": {"format": FORM}}, {"json_schema"}, id="a schema"),
        pytest.param({"text": {"format": {"type": "text"}}}, set(), id="plain text"),
        pytest.param({"text": {"verbosity": "low"}}, set(), id="verbosity"),
        pytest.param({"input": [{"role": "user", "content": [image()]}]}, {"vision"}, id="image"),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
            {"pdf"},
            id="document",
        ),
        pytest.param(
            {"input": [{"role": "user", "content": [{"type": "input_audio"}]}]}, {"audio"}, id="ear"
        ),
        pytest.param(
            {"input": [{"type": "function_call_output", "output": [image()]}]},
            {"vision"},
            id="an image from a tool",
        ),
        pytest.param(
            {
                "input": [
                    {"type": "computer_call_output", "output": {"type": "computer_screenshot"}}
                ]
            },
            {"vision"},
            id="a screenshot",
        ),
    ],
)
def test_a_model_must_be_able_to_do_what_is_asked(fields: dict[str, Any], needs: set[str]) -> None:
    assert parse(**{"input": "a", **fields}).needs == needs


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": False}, "input"),
        ({"input": {"role": "user"}}, "input"),
        ({"input": 5, "previous_response_id": "r"}, "input"),
        ({"input": ["a"]}, "input[0]"),
        ({"input": [HI, None]}, "input[1]"),
        ({"input": [{"role": 5}]}, "input[0].role"),
        ({"input": [{"type": ["message"]}]}, "input[0].type"),
        ({"input": [{"role": "user", "content": 5}]}, "input[0].content"),
        ({"input": [{"role": "user", "content": {}}]}, "input[0].content"),
        ({"input": [HI, {"role": "user", "content": ["a"]}]}, "input[1].content[0]"),
        ({"input": [{"role": "user", "content": [{"text": "a"}]}]}, "input[0].content[0]"),
        ({"input": [{"role": "user", "content": [{"type": 5}]}]}, "input[0].content[0]"),
        ({"text": {"format": "json"}}, "text.format"),
        ({"text": "json"}, "text"),
        ({"stream": "yes"}, "stream"),
        ({"background": 1}, "background"),
        ({"temperature": 3}, "temperature"),
        ({"top_p": "1"}, "top_p"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"max_tool_calls": -1}, "max_tool_calls"),
        ({"top_logprobs": 21}, "top_logprobs"),
        ({"tools": {}}, "tools"),
        ({"tools": ["f"]}, "tools[0]"),
        ({"include": [5]}, "include[0]"),
        ({"previous_response_id": 5}, "previous_response_id"),
        ({"metadata": []}, "metadata"),
        ({"instructions": ["a"]}, "instructions"),
        ({"reasoning": "low"}, "reasoning"),
        ({"user": 5}, "user"),
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(fields: dict[str, Any], param: str) -> None:
    failure = refusal(
        **({"input": "a", **fields} if param.partition("[")[0] != "input" else fields)
    )
    assert (failure.kind, failure.param) == (Kind.INVALID_REQUEST, param)


@pytest.mark.parametrize("field", ["previous_response_id", "conversation", "prompt"])
def test_input_may_be_missing_where_something_stands_in_for_it(field: str) -> None:
    value: Any = {"id": "pmpt_1"} if field == "prompt" else "resp_9"
    assert parse(**{field: value}).body[field] == value
    assert parse(**{field: value, "input": []}).input_tokens == 0


odd = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.just([]) | st.just({})
values = st.recursive(
    odd,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("type", "role", "content", "output", "text", "format", "summary")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(
    st.dictionaries(st.sampled_from((*CHECKS, "input", "conversation", "prompt")), values),
    values,
)
def test_any_body_is_parsed_or_refused_by_name(fields: dict[str, Any], value: Any) -> None:
    try:
        parse(**{"input": value, **fields})
    except CallFailed as error:
        refused = error.failure
    else:
        return
    assert refused.kind is Kind.INVALID_REQUEST
    assert refused.param


def test_an_id_of_ours_becomes_the_vendors_and_says_where_to_go() -> None:
    body = {"model": "m", "input": "a", "previous_response_id": OURS, "store": True}
    kept = copy.deepcopy(body)
    call = DIALECT.parse("req_1", body, {})
    assert call.pin == HERE
    assert call.body == {**body, "previous_response_id": "resp_1"}
    assert body == kept


@pytest.mark.parametrize("foreign", ["resp_1", "", OURS + "x", "conv_1"])
def test_an_id_of_somebody_else_passes_as_it_is(foreign: str) -> None:
    call = parse(input="a", previous_response_id=foreign)
    assert (call.pin, call.body["previous_response_id"]) == (None, foreign)


def test_an_answer_to_compare_with_is_named_in_the_vendors_words() -> None:
    cache = {"mode": "explicit", "comparison_response_id": OURS}
    call = parse(input="a", prompt_cache_options=cache)
    assert call.body["prompt_cache_options"] == {**cache, "comparison_response_id": "resp_1"}
    assert call.pin == HERE
    there = sealed("resp_2", Pin("azure", None))
    both = parse(input="a", prompt_cache_options=cache, previous_response_id=there)
    assert both.pin == Pin("azure", None)
    assert cache["comparison_response_id"] == OURS


def test_responses_are_never_translated() -> None:
    call = parse(input="a")
    with pytest.raises(Unsupported):
        DIALECT.whole(call, [], 0)
    with pytest.raises(Unsupported):
        DIALECT.renderer(call, 0)


@pytest.mark.parametrize(
    ("method", "suffix", "query", "stream"),
    [
        ("GET", "", "", False),
        ("GET", "", "stream=true&starting_after=3", True),
        ("GET", "", "include[]=reasoning.encrypted_content&stream=false", False),
        ("GET", "/input_items", "limit=2&after=msg_1", False),
        ("GET", "/input_items", "stream=true", False),
        ("DELETE", "", "", False),
        ("POST", "/cancel", "", False),
    ],
)
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_stored_answer_is_asked_for_where_it_lives(
    slash: str, method: str, suffix: str, query: str, stream: bool
) -> None:
    call = STORED.call("req_1", method, f"{slash}{OURS}{suffix}", query, {})
    assert call.resource == Resource(method, f"/resp_1{suffix}", query)
    assert (call.pin, call.stream, call.model, call.body) == (HERE, stream, "", {})
    assert (call.operation, call.dialect) == (Operation.RESPONSES, "openai_responses")


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", ""),
        ("GET", "/"),
        ("GET", OURS + "/"),
        ("GET", OURS + "/output"),
        ("GET", OURS + "/cancel"),
        ("GET", OURS + "/input_items/1"),
        ("GET", OURS + "/../files"),
        ("GET", "resp_1"),
        ("GET", "resp_%2e"),
        ("GET", OURS + "x"),
        ("GET", "x" * 10_000),
        ("POST", OURS),
        ("PUT", OURS),
        ("DELETE", OURS + "/input_items"),
        ("POST", "input_tokens"),
        ("POST", "compact"),
    ],
)
def test_anything_else_is_not_found(method: str, rest: str) -> None:
    with pytest.raises(CallFailed) as refused:
        STORED.call("req_1", method, rest, "", {})
    assert refused.value.failure.kind is Kind.NOT_FOUND


def test_an_id_that_was_not_made_here_is_told_so() -> None:
    with pytest.raises(CallFailed) as refused:
        STORED.call("req_1", "GET", "/resp_1", "", {})
    assert "not made through this gateway" in refused.value.failure.message
