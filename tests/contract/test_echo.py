"""What needs no vendor: tools, vectors, models, the gateway's own errors and headers."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.types.chat import (
    ChatCompletionChunk,
    ChatCompletionMessage,
    ChatCompletionMessageFunctionToolCall,
    ChatCompletionMessageParam,
)

HELLO: list[ChatCompletionMessageParam] = [{"role": "user", "content": "Hello there, world"}]
TOOL: Any = {
    "type": "function",
    "function": {"name": "say", "parameters": {"type": "object", "properties": {}}},
}


def only_call(message: ChatCompletionMessage) -> ChatCompletionMessageFunctionToolCall:
    """The one tool call of an answer."""
    (call,) = message.tool_calls or []
    assert isinstance(call, ChatCompletionMessageFunctionToolCall)
    return call


def test_a_required_tool_is_called(client: OpenAI) -> None:
    answer = client.chat.completions.create(
        model="echo/echo", messages=HELLO, tools=[TOOL], tool_choice="required"
    )
    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    call = only_call(choice.message)
    assert (call.type, call.function.name) == ("function", "say")
    assert json.loads(call.function.arguments) == {"text": "Hello there, world"}


def test_a_required_tool_is_called_in_a_stream(client: OpenAI) -> None:
    with client.chat.completions.stream(
        model="echo/echo", messages=HELLO, tools=[TOOL], tool_choice="required"
    ) as stream:
        stream.until_done()
        choice = stream.get_final_completion().choices[0]
    call = only_call(choice.message)
    assert choice.finish_reason == "tool_calls"
    assert (call.id.startswith("call_"), call.function.name) == (True, "say")
    assert json.loads(call.function.arguments) == {"text": "Hello there, world"}


def test_a_stream_adds_up_to_the_whole_answer(client: OpenAI) -> None:
    whole = client.chat.completions.create(model="echo/echo", messages=HELLO)
    with client.chat.completions.create(
        model="echo/echo", messages=HELLO, stream=True, stream_options={"include_usage": True}
    ) as stream:
        chunks = list(stream)
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == whole.choices[0].message.content == "Hello there, world"
    assert [c.usage for c in chunks if c.usage] == [whole.usage]
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_stream_has_no_usage_that_was_not_asked_for(client: OpenAI) -> None:
    with client.chat.completions.create(model="echo/echo", messages=HELLO, stream=True) as stream:
        chunks = list(stream)
    assert all(chunk.choices and chunk.usage is None for chunk in chunks)


def test_the_asynchronous_sdk_streams(async_client: AsyncOpenAI, runner: asyncio.Runner) -> None:
    async def text() -> str:
        stream = await async_client.chat.completions.create(
            model="echo/echo", messages=HELLO, stream=True
        )
        return "".join([chunk.choices[0].delta.content or "" async for chunk in stream])

    assert runner.run(text()) == "Hello there, world"


def test_a_cut_stream_raises_after_what_did_arrive(client: OpenAI) -> None:
    got: list[ChatCompletionChunk] = []
    with (
        pytest.raises(openai.APIError) as raised,
        client.chat.completions.create(
            model="echo/chunks=9,fail=cut,after=3", messages=HELLO, stream=True
        ) as stream,
    ):
        got.extend(stream)
    assert len(got) == 3
    assert raised.value.code == "upstream_stream_cut"


def test_base64_vectors_are_the_same_numbers_as_floats(client: OpenAI) -> None:
    asked: Any = {"model": "echo/vectors", "input": ["one", "two"], "dimensions": 20}
    floats = client.embeddings.create(**asked, encoding_format="float")
    # Without a word the SDK asks for base64 and decodes it.
    default = client.embeddings.create(**asked)
    packed = client.embeddings.create(**asked, encoding_format="base64")
    numbers = [item.embedding for item in floats.data]
    assert [len(vector) for vector in numbers] == [20, 20]
    assert [item.embedding for item in default.data] == numbers
    raw = [base64.b64decode(str(item.embedding)) for item in packed.data]
    assert [list(struct.unpack("<20f", vector)) for vector in raw] == numbers
    assert floats.usage == default.usage == packed.usage


def test_models_are_listed_and_each_can_be_retrieved(client: OpenAI) -> None:
    listed = {model.id: model for model in client.models.list()}
    assert {"house", "echo/priced", "echo/vectors"} <= listed.keys()
    for name in ("house", "echo/priced"):
        assert client.models.retrieve(name) == listed[name]


def test_a_model_nobody_has_cannot_be_retrieved(client: OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.models.retrieve("nobody/has-this")
    assert raised.value.code == "model_not_found"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_a_wrong_key_is_an_authentication_error(client: OpenAI, stream: bool) -> None:
    stranger = client.with_options(api_key="hg-not-the-key")
    with pytest.raises(openai.AuthenticationError) as raised:
        stranger.chat.completions.create(model="echo/echo", messages=HELLO, stream=stream)
    assert (raised.value.status_code, raised.value.code) == (401, "invalid_api_key")
    assert "hg-not-the-key" not in str(raised.value)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_an_unknown_model_is_not_found(client: OpenAI, stream: bool) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="gtp-5", messages=HELLO, stream=stream)
    assert (raised.value.code, raised.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("param", "value"),
    [
        ("temperature", 3),
        ("n", 0),
        ("max_completion_tokens", "many"),
        ("messages", []),
        ("tools", ["hammer"]),
        ("stream_options", {"include_usage": True}),
    ],
)
def test_a_bad_parameter_is_named(client: OpenAI, param: str, value: object) -> None:
    asked: dict[str, Any] = {"model": "echo/echo", "messages": HELLO, param: value}
    with pytest.raises(openai.BadRequestError) as raised:
        client.chat.completions.create(**asked)
    assert raised.value.status_code == 400
    assert raised.value.type == "invalid_request_error"
    assert (raised.value.param or "").startswith(param)


def test_a_bad_parameter_of_embeddings_is_named(client: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.embeddings.create(model="echo/vectors", input=["one"], dimensions=0)
    assert raised.value.param == "dimensions"


@pytest.mark.parametrize(
    ("fail", "status", "error"),
    [
        ("rate_limited", 429, openai.RateLimitError),
        ("overloaded", 503, openai.InternalServerError),
        ("server_error", 502, openai.InternalServerError),
        ("credentials", 502, openai.InternalServerError),
        ("plugin", 500, openai.InternalServerError),
        ("context_length", 400, openai.BadRequestError),
    ],
)
def test_a_failure_has_the_sdks_own_class(
    client: OpenAI, fail: str, status: int, error: type[openai.APIStatusError]
) -> None:
    with pytest.raises(error) as raised:
        client.chat.completions.create(model=f"echo/fail={fail}", messages=HELLO)
    assert type(raised.value) is error
    assert raised.value.status_code == status
    assert raised.value.request_id


def test_headers_say_where_a_call_went_and_what_it_cost(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="house", messages=HELLO)
    usage = raw.parse().usage
    assert usage is not None
    assert raw.headers["x-request-id"] == raw.parse()._request_id
    assert raw.headers["x-headgate-route"] == "house-route"
    assert raw.headers["x-headgate-provider"] == "echo"
    assert raw.headers["x-headgate-model"] == "priced"
    # One dollar a million in, two out.
    dollars = (usage.prompt_tokens + 2 * usage.completion_tokens) / 1_000_000
    assert usage.prompt_tokens > 0
    assert float(raw.headers["x-headgate-cost-usd"]) == pytest.approx(dollars)


def test_a_directly_addressed_model_has_no_rule_in_its_headers(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="echo/priced", messages=HELLO)
    assert raw.headers["x-headgate-route"] == "direct"
    assert raw.headers["x-headgate-attempts"] == "echo/priced:ok"


def test_a_price_nobody_knows_is_not_made_up(client: OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="echo/unpriced", messages=HELLO)
    assert "x-headgate-cost-usd" not in raw.headers


def test_the_headers_of_a_stream_are_there_before_its_end(client: OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="house", messages=HELLO, stream=True
    ) as raw:
        assert raw.headers["content-type"].startswith("text/event-stream")
        assert raw.headers["x-headgate-route"] == "house-route"
        assert raw.headers["x-request-id"]
        assert "x-headgate-cost-usd" not in raw.headers
        lines = [line for line in raw.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"


def test_two_calls_have_two_request_ids(client: OpenAI) -> None:
    made = [client.chat.completions.create(model="echo/echo", messages=HELLO) for _ in range(2)]
    assert made[0]._request_id != made[1]._request_id
