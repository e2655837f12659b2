"""Failures that are the caller's own: told in the vendor's words, and not worked around."""

from __future__ import annotations

import pytest

from headgate.testing.upstream_scenarios import TEXTS, refusal, stream, whole

from .conftest import House
from .wire import chat, told

TEXT = "".join(TEXTS)

REFUSALS = {
    "400": (refusal(400, "bad 'top_k'", code="unknown_parameter", param="top_k"), 400),
    "422": (refusal(422, "unprocessable"), 422),
    "413": (refusal(413, "too large"), 413),
    "415": (refusal(415, "no"), 415),
    "content filter": (refusal(400, "flagged", code="content_policy_violation"), 400),
    "content filter of a 403": (refusal(403, "flagged", code="content_filter"), 400),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_refusal_of_the_request_itself_is_not_tried_again(house: House, name: str) -> None:
    scenario, status = REFUSALS[name]
    model = f"pair-refusal-{name}".replace(" ", "-")
    house.first.script(model, scenario)
    house.second.script(model, whole())
    answer = chat(house.gateway, model)
    assert answer.status == status
    assert len(house.first.of(model)) == 1
    assert not house.second.of(model)
    assert answer.error["message"] in scenario.steps[0].data.decode()
    assert "x-should-retry" not in answer.headers


def test_a_refused_parameter_reaches_the_client_in_the_vendors_words(house: House) -> None:
    house.first.script("words", REFUSALS["400"][0])
    error = chat(house.gateway, "first/words").error
    assert (error["code"], error["param"]) == ("unknown_parameter", "top_k")
    assert error["message"] == "bad 'top_k'"


def test_a_content_filter_is_named_and_not_worked_around(house: House) -> None:
    house.first.script("pair-filtered", REFUSALS["content filter"][0])
    answer = chat(house.gateway, "pair-filtered", stream=True)
    assert answer.status == 400
    assert answer.error["code"] == "content_policy_violation"
    assert not house.second.of("pair-filtered")


@pytest.mark.parametrize("streaming", [False, True])
def test_a_content_filter_inside_a_200_is_a_success(house: House, streaming: bool) -> None:
    model = f"pair-filter-finish-{streaming}"
    finish = "content_filter"
    house.first.script(model, stream(("I",), finish=finish) if streaming else whole(finish=finish))
    answer = chat(house.gateway, model, stream=streaming)
    assert answer.status == 200
    assert told(answer) == [("first", "ok")]
    assert b"content_filter" in answer.body


@pytest.mark.parametrize("streaming", [False, True])
def test_too_long_a_prompt_only_goes_to_a_larger_window(house: House, streaming: bool) -> None:
    words = "This model's maximum context length is 8192 tokens."
    house.first.script("small", refusal(400, words, code="context_length_exceeded"))
    house.second.script("as-small", stream() if streaming else whole())
    house.second.script("large", stream() if streaming else whole(TEXT))
    answer = chat(house.gateway, "windows", stream=streaming)
    assert answer.text == TEXT
    assert answer.headers["x-headgate-model"] == "large"
    assert told(answer) == [("first", "context_length"), ("second", "ok")]
    assert not house.second.of("as-small")


def test_too_long_a_prompt_without_a_larger_window_is_a_400_with_openais_code(
    house: House,
) -> None:
    house.first.script("pair-long", refusal(400, "the prompt exceeds the context window"))
    answer = chat(house.gateway, "pair-long")
    assert answer.status == 400
    assert answer.error["code"] == "context_length_exceeded"
    assert len(house.first.of("pair-long")) == 1
    assert not house.second.of("pair-long")
