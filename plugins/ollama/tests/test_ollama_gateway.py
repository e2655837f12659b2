"""Ollama behind a real gateway, asked with OpenAI's SDK."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anthropic import Anthropic
from openai import APIError, APIStatusError, OpenAI

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized, streamed
from headgate.testing.upstream_script import Scenario

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
NDJSON = {"Content-Type": "application/x-ndjson"}
WEATHER: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
QUESTION: Any = {"role": "user", "content": "How is the weather in Oslo?"}


def answer(message: dict[str, Any], *, done: bool = True) -> bytes:
    end = {"done_reason": "stop", "prompt_eval_count": 9, "eval_count": 4} if done else {}
    said = {"model": "m", "message": {"role": "assistant", "content": "", **message}, "done": done}
    return json.dumps({**said, **end}).encode() + b"\n"


def whole(body: bytes, status: int = 200) -> Scenario:
    return raw(sized(status, body))


def lines(*parts: bytes) -> Scenario:
    """A stream that arrives torn within its lines."""
    body = b"".join(parts)
    pieces = [body[at : at + 17] for at in range(0, len(body), 17)]
    return streamed("lines", pieces, headers=NDJSON)


CALL = {"tool_calls": [{"function": {"name": "weather", "arguments": {"city": "Oslo"}}}]}
CHUNKS = [answer({"thinking": "hm"}, done=False), answer({"content": "Sunny"}, done=False)]
BROKEN = b'{"error":"model runner has unexpectedly stopped"}\n'
SCRIPTS = {
    "tools": [whole(answer(CALL)), whole(answer({"content": "Sunny"}))],
    "stream": [lines(*CHUNKS, answer({}))],
    "stream-tools": [lines(answer(CALL, done=False), answer({}))],
    "broken-late": [streamed("broken", [*CHUNKS, BROKEN], headers=NDJSON, gap=0.05)],
    "broken-early": [lines(BROKEN), lines(*CHUNKS, answer({}))],
    "cut": [streamed("cut", CHUNKS, headers=NDJSON, gap=0.05)],
    "no-tools": [whole(b'{"error":"m does not support tools"}', 400)],
    "gone": [whole(b'{"error":"model \'gone\' not found"}', 404)],
    "vectors": [whole(b'{"embeddings":[[0.5,0.25],[1,0]],"prompt_eval_count":6}')],
    "completion": [
        whole(
            b'{"id":"cmpl-1","object":"text_completion","created":1,"model":"m","choices":[{"text":'
            b'"Sunny","index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":3,'
            b'"completion_tokens":1,"total_tokens":4}}'
        )
    ],
    "claude": [
        whole(
            b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":'
            b'"text","text":"Sunny"}],"stop_reason":"end_turn","stop_sequence":null,'
            b'"usage":{"input_tokens":3,"output_tokens":1}}'
        )
    ],
    "": [whole(b'{"models":[{"name":"found:1b","modified_at":"2026-04-08T18:44:06Z"}]}')],
    "found:1b": [whole(answer({"content": "Here"}))],
}


def recordings() -> dict[str, Any]:
    """Recorded answers to chats and embeddings by name: native ones, and OpenAI-shaped ones."""
    paths = [*FOLDER.glob("ollama__*chat__*.json"), *FOLDER.glob("ollama__embeddings__*.json")]
    return {path.stem: json.loads(path.read_text("utf-8")) for path in sorted(paths)}


def replayed(exchange: dict[str, Any]) -> Scenario:
    response = exchange["response"]
    body, status, kind = response["body"].encode(), response["status"], response["headers"]
    if exchange["streaming"] and status == 200:
        pieces = [body[at : at + 61] for at in range(0, len(body), 61)]
        return streamed("replayed", pieces, headers={"Content-Type": kind["content-type"]})
    return whole(body, status)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeUpstream]:
    scripts = {name: [replayed(exchange)] for name, exchange in recordings().items()}
    with FakeUpstream({**SCRIPTS, **scripts}) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(server: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    providers = {
        "ollama": {
            "base_url": server.url.removesuffix("/v1"),
            "options": {"num_ctx": 16384},
            "keep_alive": "5m",
        },
        "plain": {"kind": "ollama", "base_url": server.url},
    }
    models = {f"{name}/vectors": {"mode": "embedding"} for name in providers}
    for name in recordings():
        if "embeddings" in name:
            models[f"plain/{name}"] = {"mode": "embedding"}
    routes = [{"name": "r", "match": {"model": "any"}, "targets": ["ollama/no-tools", "ollama/t2"]}]
    server.script("t2", whole(answer(CALL)))
    config = {"providers": providers, "models": models, "routes": routes}
    text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in config.items())
    with Gateway(text, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


def test_a_tool_is_called_and_answers(client: OpenAI, server: FakeUpstream) -> None:
    first = client.chat.completions.create(
        model="ollama/tools", messages=[QUESTION], tools=[WEATHER], extra_body={"think": True}
    )
    asked = first.choices[0]
    assert asked.finish_reason == "tool_calls"
    assert asked.message.tool_calls is not None
    call: Any = asked.message.tool_calls[0]
    assert (call.function.name, json.loads(call.function.arguments)) == (
        "weather",
        {"city": "Oslo"},
    )
    assert call.id.startswith("call_")
    result: Any = {"role": "tool", "tool_call_id": call.id, "content": "sun"}
    turn: Any = asked.message.model_dump(exclude_none=True)
    second = client.chat.completions.create(
        model="ollama/tools", messages=[QUESTION, turn, result], tools=[WEATHER]
    )
    assert second.choices[0].message.content == "Sunny"
    assert second.usage is not None
    assert (second.usage.prompt_tokens, second.usage.completion_tokens) == (9, 4)
    sent = server.of("tools")
    assert {visit.path for visit in sent} == {"/api/chat"}
    assert sent[0].body["think"] is True
    assert sent[1].body["options"] == {"num_ctx": 16384}
    assert sent[1].body["keep_alive"] == "5m"
    assert sent[1].body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": call.id, "function": {"name": "weather", "arguments": {"city": "Oslo"}}}
            ],
        },
        {"role": "tool", "content": "sun", "tool_name": "weather", "tool_call_id": call.id},
    ]


def test_a_stream(client: OpenAI) -> None:
    chunks = list(
        client.chat.completions.create(
            model="ollama/stream",
            messages=[QUESTION],
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    deltas = [chunk.choices[0].delta.model_dump() for chunk in chunks if chunk.choices]
    assert [delta["content"] for delta in deltas if delta["content"]] == ["Sunny"]
    assert [d["reasoning_content"] for d in deltas if d.get("reasoning_content")] == ["hm"]
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 13


def test_a_tool_call_in_a_stream(client: OpenAI) -> None:
    stream = client.chat.completions.create(
        model="ollama/stream-tools", messages=[QUESTION], tools=[WEATHER], stream=True
    )
    chunks = [chunk for chunk in stream if chunk.choices]
    calls = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or []]
    assert [(c.index, c.function and c.function.name) for c in calls] == [(0, "weather")]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_an_error_before_anything_was_said_is_made_good(
    client: OpenAI, server: FakeUpstream
) -> None:
    stream = client.chat.completions.create(
        model="ollama/broken-early", messages=[QUESTION], stream=True
    )
    assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == "Sunny"
    assert len(server.of("broken-early")) == 2


@pytest.mark.parametrize(
    ("model", "said"), [("broken-late", "runner has unexpectedly"), ("cut", "ended before")]
)
def test_a_stream_that_breaks_off_ends_in_an_error(client: OpenAI, model: str, said: str) -> None:
    stream = client.chat.completions.create(
        model=f"ollama/{model}", messages=[QUESTION], stream=True
    )
    with pytest.raises(APIError, match=said):
        list(stream)


def test_a_model_without_tools_hands_the_call_on(client: OpenAI) -> None:
    answered = client.chat.completions.create(model="any", messages=[QUESTION], tools=[WEATHER])
    assert answered.choices[0].finish_reason == "tool_calls"


def test_a_model_that_is_not_there(client: OpenAI) -> None:
    with pytest.raises(APIStatusError, match="not found") as failed:
        client.chat.completions.create(model="ollama/gone", messages=[QUESTION])
    assert failed.value.status_code == 404


def test_what_has_no_words_is_refused_and_not_sent(client: OpenAI, server: FakeUpstream) -> None:
    with pytest.raises(APIStatusError) as failed:
        client.chat.completions.create(
            model="ollama/never", messages=[QUESTION], tools=[WEATHER], tool_choice="required"
        )
    assert (failed.value.status_code, failed.value.param) == (400, "tool_choice")
    assert not server.of("never")


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings(client: OpenAI, server: FakeUpstream, encoding: Any) -> None:
    answered = client.embeddings.create(
        model="ollama/vectors", input=["a", "b"], encoding_format=encoding
    )
    vectors = [item.embedding for item in answered.data]
    if encoding == "float":
        assert vectors == [[0.5, 0.25], [1, 0]]
    else:
        assert vectors == ["AAAAPwAAgD4=", "AACAPwAAAAA="]
    assert answered.usage.prompt_tokens == 6
    assert server.of("vectors")[-1].path == "/api/embed"


def test_a_completion_is_relayed(client: OpenAI, server: FakeUpstream) -> None:
    answered = client.completions.create(model="ollama/completion", prompt="The sky", best_of=1)
    assert answered.choices[0].text == "Sunny"
    visit = server.of("completion")[-1]
    assert visit.path == "/v1/completions"
    assert visit.body == {"model": "completion", "prompt": "The sky", "best_of": 1}


def test_a_message_is_translated(gateway: Gateway, server: FakeUpstream) -> None:
    said: Any = {"model": "ollama/found:1b", "max_tokens": 5, "messages": [QUESTION]}
    with Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0, timeout=20) as claude:
        answered: Any = claude.messages.create(**said)
    assert answered.content[-1].text == "Here"
    visit = server.of("found:1b")[-1]
    assert visit.path == "/api/chat"
    assert visit.body["options"]["num_predict"] == 5


def test_its_models_are_found_by_themselves(client: OpenAI, server: FakeUpstream) -> None:
    assert server.wait(lambda: any(visit.path == "/api/tags" for visit in server.visits))
    answered = client.chat.completions.create(model="ollama/found:1b", messages=[QUESTION])
    assert answered.choices[0].message.content == "Here"


# Recorded traffic.


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A recorded request and its response."""
    if request.param is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    found: dict[str, Any] = recordings()[request.param]
    return {"name": request.param, **found}


def expected(exchange: dict[str, Any]) -> dict[str, Any]:
    """Text, names of called tools and usage of a recorded answer, in either shape."""
    texts, calls, tokens = [], [], (0, 0)
    for part in exchange["response"]["body"].splitlines():
        text = part.removeprefix("data: ").strip()
        if not text or text == "[DONE]":
            continue
        said = json.loads(text)
        holders = [said] if "message" in said else said["choices"]
        for holder in holders:
            message = holder.get("message") or holder.get("delta") or {}
            texts.append(message.get("content") or "")
            calls += [call["function"]["name"] for call in message.get("tool_calls") or []]
        if usage := said.get("usage"):
            tokens = (usage["prompt_tokens"], usage["completion_tokens"])
        elif said.get("done"):
            tokens = (said.get("prompt_eval_count", 0), said.get("eval_count", 0))
    return {"text": "".join(texts), "calls": calls, "tokens": tokens}


def got(client: OpenAI, model: str, *, stream: bool) -> dict[str, Any]:
    body: Any = {"model": model, "messages": [QUESTION]}
    texts, calls, tokens = [], [], (0, 0)
    if stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    answered: Any = client.chat.completions.create(**body)
    for part in answered if stream else [answered]:
        for choice in part.choices:
            message = choice.delta if stream else choice.message
            texts.append(message.content or "")
            calls += [call.function.name for call in message.tool_calls or []]
        if part.usage:
            tokens = (part.usage.prompt_tokens, part.usage.completion_tokens)
    return {"text": "".join(texts), "calls": calls, "tokens": tokens}


CHATS = [name for name in recordings() if "chat__" in name] or [None]
VECTORS = [name for name in recordings() if "embeddings" in name] or [None]


@pytest.mark.parametrize("exchange", CHATS, indirect=True, ids=str)
def test_recorded_chats(client: OpenAI, exchange: dict[str, Any]) -> None:
    name, status = exchange["name"], exchange["response"]["status"]
    provider = "ollama" if "ollama-chat" in name else "plain"
    if status == 200:
        said = got(client, f"{provider}/{name}", stream=exchange["streaming"])
        assert said == expected(exchange)
        return
    with pytest.raises(APIStatusError) as failed:
        got(client, f"{provider}/{name}", stream=exchange["streaming"])
    # Of the gateway's own key, a client hears nothing.
    assert failed.value.status_code == (502 if status in (401, 403) else status)


@pytest.mark.parametrize("exchange", VECTORS, indirect=True, ids=str)
def test_recorded_embeddings(client: OpenAI, exchange: dict[str, Any]) -> None:
    answered = client.embeddings.create(
        model=f"plain/{exchange['name']}", input=["a", "b"], encoding_format="float"
    )
    recorded = json.loads(exchange["response"]["body"])
    assert [item.embedding for item in answered.data] == [e["embedding"] for e in recorded["data"]]
    assert answered.usage.prompt_tokens == recorded["usage"]["prompt_tokens"]
