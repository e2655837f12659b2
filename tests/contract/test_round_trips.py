"""Tools are called and their results given back, from either SDK to every vendor and back again."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI
from openai.lib.streaming.chat import ChatCompletionStreamState

from headgate.testing.gateway import KEY, Gateway

from .round_trip_story import ANSWER, ASKED, CALLS, RESULTS
from .round_trip_vendors import VENDORS, Vendors

_SCHEMAS: dict[str, dict[str, Any]] = {
    "get_weather": {"city": {"type": "string"}, "days": {"type": "integer"}},
    "get_time": {"zone": {"type": "string"}},
}
_PARAMETERS = {
    name: {"type": "object", "properties": fields, "required": list(fields)}
    for name, fields in _SCHEMAS.items()
}
_OPENAI_TOOLS: list[Any] = [
    {"type": "function", "function": {"name": name, "parameters": schema}}
    for name, schema in _PARAMETERS.items()
]
_ANTHROPIC_TOOLS: list[Any] = [
    {"name": name, "input_schema": schema} for name, schema in _PARAMETERS.items()
]


@dataclass(frozen=True)
class House:
    """One gateway between both SDKs and all vendors."""

    vendors: Vendors
    openai: OpenAI
    anthropic: Anthropic


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with Vendors() as vendors:
        providers = {
            f"{door}-{name}": {
                "kind": vendor.kind,
                "base_url": vendors.url(door, name),
                "keys": ["vendor-key"],
                "discover": False,
                **vendor.options,
            }
            for door in ("chat", "messages")
            for name, vendor in VENDORS.items()
        }
        config = f"providers: {json.dumps(providers)}\n"
        with Gateway(config, tmp_path_factory.mktemp("gateway")) as gateway:
            url = gateway.url
            with (
                OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=20) as ours,
                Anthropic(base_url=url, api_key=KEY, max_retries=0, timeout=20) as theirs,
            ):
                yield House(vendors, ours, theirs)


@contextmanager
def going_well(house: House, stream: bool) -> Iterator[None]:
    """Holds if the vendor was called twice and had nothing to complain about."""
    house.vendors.taken()
    try:
        yield
    except (openai.APIError, anthropic.APIError) as error:
        pytest.fail(f"{error}: {house.vendors.taken()}")
    visits = [(one.turn, one.stream, one.problem) for one in house.vendors.taken()]
    assert visits == [(1, stream, None), (2, stream, None)]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", VENDORS)
def test_openais_sdk(house: House, name: str, stream: bool) -> None:
    with going_well(house, stream):
        chat_round_trip(house.openai, f"chat-{name}/{VENDORS[name].model}", stream)


@pytest.mark.parametrize("name", VENDORS)
def test_a_vendor_notices_results_of_other_calls(house: House, name: str) -> None:
    house.vendors.taken()
    with pytest.raises(openai.BadRequestError):
        chat_round_trip(house.openai, f"chat-{name}/{VENDORS[name].model}", False, RESULTS[::-1])
    assert [one.problem is None for one in house.vendors.taken()] == [True, False]


def chat_round_trip(
    client: OpenAI, model: str, stream: bool, results: tuple[str, ...] = RESULTS
) -> None:
    """Both turns of OpenAI's client."""
    messages: list[Any] = [{"role": "user", "content": ASKED}]
    message, reason = _chat(client, model, messages, stream)
    calls = message["tool_calls"]
    said = [(one["function"]["name"], json.loads(one["function"]["arguments"])) for one in calls]
    assert (said, reason) == (list(CALLS), "tool_calls")
    told = [
        {"role": "tool", "tool_call_id": call["id"], "content": result}
        for call, result in zip(calls, results, strict=True)
    ]
    answer, reason = _chat(client, model, [*messages, message, *told], stream)
    assert (answer["content"], reason) == (ANSWER, "stop")


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", VENDORS)
def test_anthropics_sdk(house: House, name: str, stream: bool) -> None:
    with going_well(house, stream):
        messages_round_trip(house.anthropic, f"messages-{name}/{VENDORS[name].model}", stream)


def messages_round_trip(client: Anthropic, model: str, stream: bool) -> None:
    """Both turns of Anthropic's client."""
    messages: list[Any] = [{"role": "user", "content": ASKED}]
    message = _messages(client, model, messages, stream)
    calls = [block for block in message.content if block.type == "tool_use"]
    assert [(call.name, call.input) for call in calls] == list(CALLS)
    assert message.stop_reason == "tool_use"
    results = [
        {"type": "tool_result", "tool_use_id": call.id, "content": result}
        for call, result in zip(calls, RESULTS, strict=True)
    ]
    turns = [
        {"role": "assistant", "content": message.content},
        {"role": "user", "content": results},
    ]
    answer = _messages(client, model, [*messages, *turns], stream)
    texts = [block.text for block in answer.content if block.type == "text"]
    assert ("".join(texts), answer.stop_reason) == (ANSWER, "end_turn")


def _chat(
    client: OpenAI, model: str, messages: list[Any], stream: bool
) -> tuple[dict[str, Any], str | None]:
    """The message as a client keeps it, and why it ended."""
    create = client.chat.completions.create
    if not stream:
        choice = create(model=model, messages=messages, tools=_OPENAI_TOOLS).choices[0]
        return choice.message.model_dump(exclude_none=True, warnings=False), choice.finish_reason
    with create(model=model, messages=messages, tools=_OPENAI_TOOLS, stream=True) as chunks:
        return _gathered(chunks)


def _gathered(chunks: Iterable[Any]) -> tuple[dict[str, Any], str | None]:
    state = ChatCompletionStreamState()
    parts: list[Any] = []
    for chunk in chunks:
        for choice in chunk.choices:
            if isinstance(choice.delta.content, list):
                # Mistral's: a list, which the SDK's own gathering does not expect.
                parts += choice.delta.content
                choice.delta.content = None
        state.handle_chunk(chunk)
    choice = state.get_final_completion().choices[0]
    message = choice.message.model_dump(exclude_none=True, warnings=False)
    for call in message.get("tool_calls", ()):
        call.pop("index", None)
        call["function"].pop("parsed_arguments", None)
    return message | ({"content": parts} if parts else {}), choice.finish_reason


def _messages(client: Anthropic, model: str, messages: list[Any], stream: bool) -> Any:
    asked: dict[str, Any] = {
        "model": model,
        "max_tokens": 1000,
        "messages": messages,
        "tools": _ANTHROPIC_TOOLS,
    }
    if not stream:
        return client.messages.create(**asked)
    with client.messages.stream(**asked) as events:
        return events.get_final_message()
