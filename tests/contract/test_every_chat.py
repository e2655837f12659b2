"""Every recorded chat through the whole gateway, with the SDKs of OpenAI and of Anthropic."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.testing.gateway import Gateway

from .asking import PROMPT, Asked, Clients, ask
from .readings import judged, reading
from .recorded_answer import Answer, Tokens
from .traffic import CHATS, Case, chosen


def _answered(case: Case) -> bool:
    one = case.exchange
    if one.api not in CHATS or one.failed:
        return False
    answer = judged(one)
    # Who is told of an error after the end of the answer is up to the vendor's own bytes.
    return answer.error is None or (answer.late and not case.place.relayed)


def _asked(clients: Clients, asked_before: dict[str, Asked], case: Case) -> tuple[Asked, Answer]:
    expected = reading(case.exchange)
    tools = bool(expected.calls) or case.exchange.api == "responses"
    if case.id not in asked_before:
        asked_before[case.id] = ask(clients, case, tools)
    return asked_before[case.id], expected


def _same_calls(case: Case, mine: list[Any], theirs: list[Any]) -> None:
    # A vendor that gives a call no id leaves it to the gateway to make one up.
    assert [call[1:] for call in mine] == [call[1:] for call in theirs]
    assert len({call[0] for call in mine}) == len(mine)
    assert case.place.relayed or all(call[0] for call in mine)
    for ours, vendors in zip(mine, theirs, strict=True):
        assert vendors[0] in (None, "", ours[0])


@pytest.mark.parametrize("case", chosen("chat", _answered), indirect=True)
def test_a_recorded_chat_with_openais_sdk(
    clients: Clients, asked_before: dict[str, Asked], case: Case
) -> None:
    asked, expected = _asked(clients, asked_before, case)
    assert asked.error is None
    said = asked.answer
    assert said.text == expected.text
    assert said.reasoning == expected.reasoning
    _same_calls(case, said.calls, expected.calls)
    assert said.finish == (expected.stop if case.place.relayed else expected.finish)
    if not case.place.relayed:
        assert said.tokens == (expected.tokens or Tokens())
        total = asked.usage["prompt_tokens"] + asked.usage["completion_tokens"]
        assert asked.usage["total_tokens"] == total


def _translated_stream(case: Case) -> bool:
    if not _answered(case) or not case.exchange.stream or case.place.relayed:
        return False
    # The helper raises an error of its own for answers that end otherwise.
    return judged(case.exchange).finish in ("stop", "tool_calls")


@pytest.mark.parametrize("case", chosen("chat", _translated_stream), indirect=True)
def test_openais_stream_helper_puts_a_recorded_chat_together(clients: Clients, case: Case) -> None:
    tool: Any = {"type": "function", "function": {"name": "some_tool", "parameters": {}}}
    with clients.openai.chat.completions.stream(
        model=case.model, messages=[{"role": "user", "content": PROMPT}], tools=[tool]
    ) as events:
        message = events.get_final_completion().choices[0].message
    expected = reading(case.exchange)
    assert (message.content or "") == expected.text
    calls = [(call.id, call.function.name) for call in message.tool_calls or ()]
    assert [name for _, name in calls] == [name for _, name, _ in expected.calls]


@pytest.mark.parametrize("case", chosen("messages", _answered), indirect=True)
def test_a_recorded_chat_with_anthropics_sdk(
    clients: Clients, asked_before: dict[str, Asked], case: Case
) -> None:
    asked, expected = _asked(clients, asked_before, case)
    assert asked.error is None
    said = asked.answer
    assert said.text == expected.text
    assert said.reasoning == expected.reasoning
    if case.place.relayed:
        assert said.stop == expected.stop
    else:
        assert said.finish == expected.finish
    _same_calls(case, said.calls, expected.calls)
    assert said.tokens == (expected.tokens or Tokens())


@pytest.mark.parametrize(
    "case", [*chosen("chat", _answered), *chosen("messages", _answered)], indirect=True
)
def test_the_log_line_of_a_recorded_chat_has_token_classes_that_do_not_overlap(
    clients: Clients, wide_gateway: Gateway, asked_before: dict[str, Asked], case: Case
) -> None:
    asked, expected = _asked(clients, asked_before, case)
    line = wide_gateway.line(asked.request_id)
    assert (line["status"], line["outcome"]) == (200, "ok")
    assert line["finish"] == (expected.stop if case.place.relayed else expected.finish)
    tokens = expected.tokens
    if tokens is None:
        assert line["basis"] == "estimated"
        return
    assert line["basis"] == "reported"
    fresh = tokens.prompt - tokens.cached - tokens.written - tokens.heard
    assert line["input_tokens"] == fresh
    assert (line["cached_input_tokens"] or 0) == tokens.cached
    assert line["output_tokens"] == tokens.completion - tokens.reasoning - tokens.spoken
    assert (line["reasoning_tokens"] or 0) == tokens.reasoning
