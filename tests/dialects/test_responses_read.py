"""Whole answers of the Responses API: what is read from them, and the ids that are rewritten."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response

from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.openai_responses_stored import StoredResponses
from headgate.dialects.response_ids import opened, sealed
from headgate.provider.call import Call, Pin
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Kind

DIALECT = OpenAIResponses()
HERE = Pin("openai", "k3f9")
OURS = sealed("resp_1", HERE)
USAGE = {
    "input_tokens": 100,
    "input_tokens_details": {
        "cached_tokens": 30,
        "cache_write_tokens": 20,
        "cache_write_tokens_details": {"ttl_30m_tokens": 15, "ttl_12h_tokens": 5},
    },
    "output_tokens": 50,
    "output_tokens_details": {"reasoning_tokens": 40},
    "total_tokens": 150,
}
READ = Usage(input=50, cached_input=30, cache_write=15, cache_write_long=5, output=10, reasoning=40)
SAYS = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
ASKS = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}


def asked(pin: Pin | None = HERE) -> Call:
    return DIALECT.parse("req_1", {"model": "m", "input": "a", "stream": True}, {})._replace(
        pin=pin
    )


def stored(query: str = "stream=true") -> Call:
    return StoredResponses().call("req_1", "GET", OURS, query, {})


def answer(status: str = "completed", **fields: Any) -> dict[str, Any]:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m",
        "status": status,
        "output": [SAYS],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "previous_response_id": None,
        "usage": USAGE,
        **fields,
    }


QUOTA = {"code": "insufficient_quota", "message": "no"}

values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    *("id", "status", "output", "usage", "input_tokens", "output_tokens"),
                    *("error", "code", "message", "type", "object", "previous_response_id"),
                    *("incomplete_details", "reason"),
                )
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(values, st.booleans())
def test_whatever_a_vendor_answers_is_read_or_refused(said: Any, replayed: bool) -> None:
    with_object = {"object": "response", **said} if isinstance(said, dict) else said
    for one in (said, with_object):
        try:
            DIALECT.read(stored() if replayed else asked(), orjson.dumps(one))
        except (CallFailed, ValueError, TypeError, AttributeError, KeyError):
            continue


@pytest.mark.parametrize("padding", [b"", b"\n\n "])
def test_a_whole_answer_without_a_place_passes_untouched(padding: bytes) -> None:
    body = padding + orjson.dumps(answer(field_of_tomorrow=1))
    reading = DIALECT.read(asked(None), body)
    assert reading.body == body
    assert (reading.usage, reading.finish, reading.upstream_id) == (READ, "stop", "resp_1")


@pytest.mark.parametrize("extra", [{}, {"store": False}, {"previous_response_id": "resp_0"}])
def test_ids_of_a_whole_answer_lead_back_to_where_it_was_made(extra: dict[str, Any]) -> None:
    said = answer(**extra)
    reading = DIALECT.read(asked(), orjson.dumps(said))
    got = orjson.loads(reading.body)
    assert opened(got["id"]) == ("resp_1", HERE)
    assert reading.upstream_id == "resp_1"
    if previous := got["previous_response_id"]:
        assert opened(previous) == ("resp_0", HERE)
    kept = {"id": "resp_1", "previous_response_id": said["previous_response_id"]}
    assert {**got, **kept} == said
    assert Response.model_validate(got).output_text == "Hello"


@pytest.mark.parametrize(
    ("fields", "usage", "finish"),
    [
        pytest.param({"status": "queued", "usage": None}, Usage(input=0, output=0), None, id="q"),
        pytest.param(
            {"status": "in_progress", "usage": None}, Usage(input=0, output=0), None, id="begun"
        ),
        pytest.param({"status": "completed", "usage": None}, None, "stop", id="no usage"),
        pytest.param({"status": "cancelled"}, READ, None, id="cancelled"),
        pytest.param(
            {"usage": {"input_tokens": 3, "output_tokens": 4, "cost_in_usd_ticks": 9_243_500}},
            Usage(input=3, output=4, cost_nano_usd=924_350),
            "stop",
            id="xai's cost",
        ),
        pytest.param(
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            READ,
            "length",
            id="length",
        ),
    ],
)
def test_what_an_answer_cost_and_how_it_ended(
    fields: dict[str, Any], usage: Usage | None, finish: str | None
) -> None:
    reading = DIALECT.read(asked(), orjson.dumps(answer(**fields)))
    assert (reading.usage, reading.finish) == (usage, finish)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (answer("failed", error=QUOTA), Kind.QUOTA_EXHAUSTED),
        (answer("failed", error={"code": "image_too_large", "message": "no"}), Kind.TOO_LARGE),
        (answer("failed", error=None), Kind.SERVER_ERROR),
        ({"error": {"message": "no", "code": 429}}, Kind.RATE_LIMITED),
        ({"error": "no", "code": "invalid-argument"}, Kind.SERVER_ERROR),
        ({"object": "error", "message": "no", "code": 401}, Kind.CREDENTIALS),
    ],
)
def test_an_error_dressed_as_success_is_an_error(said: dict[str, Any], kind: Kind) -> None:
    with pytest.raises(CallFailed) as failed:
        DIALECT.read(asked(), orjson.dumps(said))
    assert failed.value.failure.kind is kind


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"object":"chat.completion"}'])
def test_what_is_no_response_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.read(asked(), body)


ITEMS = {"object": "list", "data": [{"id": "msg_1"}], "first_id": "msg_1", "has_more": False}


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        pytest.param(answer(), True, id="the answer"),
        pytest.param(answer("failed", error=QUOTA), True, id="an answer that failed"),
        pytest.param({"id": "resp_1", "object": "response", "deleted": True}, True, id="deleted"),
        pytest.param({"id": "resp_1", "object": "response.deleted"}, True, id="deleted otherwise"),
        pytest.param(ITEMS, False, id="items"),
        pytest.param({}, False, id="nothing"),
    ],
)
def test_looking_at_a_stored_answer_costs_nothing(said: dict[str, Any], ours: bool) -> None:
    for dialect in (DIALECT, StoredResponses()):
        body = orjson.dumps(said)
        reading = dialect.read(stored(""), body)
        assert (reading.usage, reading.finish) == (Usage(input=0, output=0), None)
        assert (orjson.loads(reading.body).get("id") == OURS) is ours
        assert ours or reading.body == body


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b"<html>"])
def test_what_is_no_object_is_no_stored_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.read(stored(""), body)
