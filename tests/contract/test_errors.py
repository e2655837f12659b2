"""A vendor's refusals, as the Python SDK raises them."""

from __future__ import annotations

import asyncio
import re

import pytest
from openai import APIError, APIStatusError, AsyncOpenAI, InternalServerError, OpenAI

from .conftest import Doors
from .made_up import BROKEN, GAVE_UP, STILLBORN
from .recordings import Recording, cases
from .sdk import Outcome, ask, ask_async, said

_PASSED_ON = frozenset({400, 404, 422, 429})


@pytest.mark.parametrize("recording", cases(lambda one: one.status in _PASSED_ON), indirect=True)
def test_a_refusal_of_the_request_is_raised_as_the_vendor_said_it(
    doors: Doors, recording: Recording
) -> None:
    direct = ask(doors.direct(recording), "chat", recording.request).error
    through = ask(doors.through, "chat", {**recording.request, "model": recording.through}).error
    assert isinstance(direct, APIStatusError)
    assert isinstance(through, APIStatusError)
    assert type(through) is type(direct)
    assert through.status_code == direct.status_code == recording.status
    assert said(through) == said(direct)


@pytest.mark.parametrize("recording", cases(lambda one: one.status in (400, 422)), indirect=True)
def test_a_refused_parameter_keeps_the_vendors_type_and_param(
    doors: Doors, recording: Recording
) -> None:
    direct = ask(doors.direct(recording), "chat", recording.request).error
    through = ask(doors.through, "chat", {**recording.request, "model": recording.through}).error
    assert direct is not None
    assert through is not None
    assert (through.type, through.param) == (direct.type, direct.param)
    # A vendor without a word for it gets the gateway's; one that has a word keeps it.
    assert direct.code is None or through.code == direct.code


@pytest.mark.parametrize("recording", cases(lambda one: one.status in (401, 403)), indirect=True)
def test_a_key_of_the_gateway_that_is_refused_is_never_the_clients_401(
    doors: Doors, recording: Recording
) -> None:
    error = ask(doors.through, "chat", {**recording.request, "model": recording.through}).error
    assert type(error) is InternalServerError
    assert error.status_code == 502
    assert error.code == "upstream_credentials_exhausted"
    # Trying again with the same key helps nobody.
    assert error.response.headers["x-should-retry"] == "false"


@pytest.mark.parametrize("recording", cases(lambda one: one.status in (401, 403)), indirect=True)
def test_nothing_of_the_gateways_own_key_is_told_to_the_client(
    doors: Doors, recording: Recording
) -> None:
    error = ask(doors.through, "chat", {**recording.request, "model": recording.through}).error
    # Vendors quote the key they refuse, its middle struck out; it is the operator's, not theirs.
    assert not re.search(r"\S*\*{3,}\S*", str(error))


@pytest.mark.parametrize("recording", cases(lambda one: one.status in (401, 403)), indirect=True)
def test_the_asynchronous_sdk_raises_no_401_either(
    recording: Recording, async_client: AsyncOpenAI, runner: asyncio.Runner
) -> None:
    body = {**recording.request, "model": recording.through}
    error = runner.run(ask_async(async_client, "chat", body)).error
    assert type(error) is InternalServerError
    assert error.code == "upstream_credentials_exhausted"


@pytest.mark.parametrize("recording", cases(lambda one: one.errs_in_band), indirect=True)
def test_an_error_inside_a_stream_is_raised_as_the_vendor_said_it(
    doors: Doors, recording: Recording
) -> None:
    direct = ask(doors.direct(recording), "chat", recording.request)
    through = ask(doors.through, "chat", {**recording.request, "model": recording.through})
    assert direct.error is not None
    assert type(through.error) is type(direct.error) is APIError
    assert through.error.message == direct.error.message
    assert through.got == direct.got


@pytest.mark.parametrize("recording", cases(lambda one: one.errs_in_band), indirect=True)
def test_the_asynchronous_sdk_raises_an_error_inside_a_stream(
    recording: Recording, async_client: AsyncOpenAI, runner: asyncio.Runner
) -> None:
    body = {**recording.request, "model": recording.through}
    error = runner.run(ask_async(async_client, "chat", body)).error
    told = [chunk["error"]["message"] for chunk in recording.chunks if chunk.get("error")]
    assert type(error) is APIError
    assert error.message == told[0]


def broken_off(doors: Doors, client: OpenAI, model: str) -> Outcome:
    """Reads two chunks, and only then lets the vendor say its error."""
    doors.replay.go_on.clear()
    outcome = Outcome()
    try:
        with client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": "Hello"}], stream=True
        ) as stream:
            for chunk in stream:
                outcome.got.append(chunk.model_dump())
                if len(outcome.got) == 2:
                    doors.replay.go_on.set()
    except APIError as error:
        outcome.error = error
    finally:
        doors.replay.go_on.set()
    return outcome


@pytest.mark.parametrize("recording", [pytest.param(one, id=one.id) for one in BROKEN])
def test_an_error_in_the_middle_of_an_answer_is_raised_after_its_words(
    doors: Doors, recording: Recording
) -> None:
    direct = broken_off(doors, doors.direct(recording), recording.model)
    through = broken_off(doors, doors.through, recording.through)
    assert direct.error is not None
    assert type(through.error) is type(direct.error) is APIError
    assert through.error.message == direct.error.message == GAVE_UP
    assert through.got == direct.got
    assert len(through.got) == 2


def test_an_error_before_the_first_word_is_a_true_status(doors: Doors) -> None:
    outcome = ask(doors.through, "chat", {**STILLBORN.request, "model": STILLBORN.through})
    assert outcome.got == []
    assert type(outcome.error) is InternalServerError
    assert (outcome.error.status_code, said(outcome.error)) == (502, GAVE_UP)
