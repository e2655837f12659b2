"""What is sent to Anthropic for a call in OpenAI's words."""

from __future__ import annotations

from typing import Any

import pytest
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

import headgate as hg
from headgate_anthropic import Anthropic

from . import said_content, said_settings, said_thinking, said_tools
from .words import MIDDLE, NEW, OLD, SHORT, check, found, parsed, sent, text, tool, used

TABLES = (said_content, said_tools, said_thinking, said_settings)
SAID = {id_: case for table in TABLES for id_, case in table.SAID.items()}
REFUSED = {id_: case for table in TABLES for id_, case in table.REFUSED.items()}


@pytest.mark.parametrize("id_", SAID)
def test_a_call_is_said_in_anthropics_words(id_: str) -> None:
    model, fields, expected = SAID[id_]
    body = sent(model, **fields)
    assert {name: body.get(name, ...) for name in expected} == expected


@pytest.mark.parametrize("id_", SAID)
def test_every_request_is_one_that_the_vendors_own_types_allow(id_: str) -> None:
    model, fields, _ = SAID[id_]
    check(sent(model, **{**fields, "stream": False}), MessageCreateParamsNonStreaming)


@pytest.mark.parametrize("id_", SAID)
def test_every_request_can_be_counted(id_: str) -> None:
    model, fields, _ = SAID[id_]
    call = parsed(fields)._replace(operation=hg.Operation.COUNT_TOKENS, dialect="elsewhere")
    request = Anthropic().request(call, hg.Target("anthropic", model))
    assert request.url == "https://api.anthropic.com/v1/messages/count_tokens"
    assert isinstance(request.body, dict)
    check(dict(request.body), MessageCountTokensParams)


@pytest.mark.parametrize("id_", REFUSED)
def test_what_cannot_be_said_is_refused_by_name(id_: str) -> None:
    model, fields, param = REFUSED[id_]
    with pytest.raises(hg.Unsupported) as refused:
        sent(model, **fields)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("traits", "provider", "expected"),
    [
        (hg.Traits(max_output_tokens=64000), Anthropic(), 64000),
        (hg.Traits(), Anthropic(max_tokens=100), 100),
        (hg.Traits(), Anthropic(), 8192),
    ],
)
def test_answers_are_bounded_by_what_is_known(
    traits: hg.Traits, provider: Anthropic, expected: int
) -> None:
    assert sent(traits=traits, provider=provider)["max_tokens"] == expected


def test_a_budget_fits_into_what_a_model_can_write() -> None:
    body = sent(OLD, traits=hg.Traits(max_output_tokens=64000), reasoning_effort="max")
    assert (body["max_tokens"], body["thinking"]["budget_tokens"]) == (64000, 51200)


@pytest.mark.parametrize(
    ("model", "budget", "thinking", "effort"),
    [
        (OLD, 5000, {"type": "enabled", "budget_tokens": 5000}, None),
        (OLD, 9999, {"type": "enabled", "budget_tokens": 7999}, None),
        (OLD, 10, {"type": "enabled", "budget_tokens": 1024}, None),
        (MIDDLE, 5000, {"type": "enabled", "budget_tokens": 5000}, None),
        (NEW, 5000, {"type": "adaptive"}, "medium"),
        (NEW, 0, {"type": "disabled"}, None),
    ],
)
def test_a_budget_of_tokens_is_said_where_tokens_are_counted(
    model: str, budget: int, thinking: dict[str, Any], effort: str | None
) -> None:
    chat = hg.Chat(
        (hg.Message("user", (hg.TextPart("Hello"),)),), max_tokens=8000, reasoning_budget=budget
    )
    call = parsed({})._replace(reader=lambda body: chat)
    body = Anthropic().request(call, hg.Target("anthropic", model)).body
    assert isinstance(body, dict)
    assert body["thinking"] == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_a_tool_that_failed_says_so() -> None:
    chat = hg.Chat(
        (
            hg.Message("user", (hg.TextPart("Hello"),)),
            hg.Message("assistant", (hg.CallPart("c1", "look", "{}", cache="short"),)),
            hg.Message("tool", (hg.TextPart("no such file"),), "c1", failed=True),
        )
    )
    call = parsed({})._replace(reader=lambda body: chat)
    body = Anthropic().request(call, hg.Target("anthropic", NEW)).body
    assert isinstance(body, dict)
    assert body["messages"][1]["content"] == [used("c1", input={}, cache_control=SHORT)]
    assert body["messages"][2]["content"] == [found("c1", text("no such file"), is_error=True)]


@pytest.mark.parametrize(
    ("model", "words", "missing"),
    [
        ("claude-opus-4-6", "", set()),
        ("claude-opus-4-6", "no_sampling", {"temperature", "top_p", "top_k"}),
        ("claude-opus-4-7", "", {"temperature", "top_p", "top_k"}),
        ("claude-haiku-5-5", "", {"temperature", "top_p", "top_k"}),
        ("claude-sonnet-4-20250514", "", {"json_schema"}),
        ("claude-3-7-sonnet-20250219", "", {"json_schema"}),
        ("claude-3-5-sonnet@20240620", "", {"json_schema", "reasoning_effort"}),
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "", set()),
        ("anthropic/claude-opus-4.7", "", {"temperature", "top_p", "top_k"}),
        ("my-own-name", "", set()),
        ("my-own-name", "no_sampling", {"temperature", "top_p", "top_k"}),
    ],
)
def test_models_are_told_what_their_generation_knows(
    model: str, words: str, missing: set[str]
) -> None:
    target = hg.Target("a", model).knowing(hg.Traits(words=frozenset(words.split())))
    assert Anthropic.says - Anthropic().vocabulary(target) == missing


@pytest.mark.parametrize("word", ["thinking_always_on", "no_forced_tool"])
def test_the_catalogue_knows_more_than_a_name(word: str) -> None:
    traits = hg.Traits(words=frozenset({word}))
    with pytest.raises(hg.Unsupported):
        sent(
            "my-own-name",
            traits=traits,
            reasoning_effort="none",
            tools=[tool()],
            tool_choice="required",
        )
