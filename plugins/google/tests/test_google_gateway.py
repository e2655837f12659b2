"""A gateway in front of a faked Google, asked by OpenAI's SDK."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_script import Close, Scenario, Send, Step

CONFIG = """
providers:
  g: {{kind: gemini, base_url: "{url}/v1beta", keys: [google-key-1]}}
  v: {{kind: vertex, project: p, base_url: "{url}/v1", credentials_file: "{file}"}}
"""
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object"}}}


def http(body: bytes, type_: str = "application/json", status: int = 200) -> Send:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {type_}\r\nContent-Length: {len(body)}\r\n\r\n"
    return Send(head.encode() + body)


def said(body: Any, status: int = 200) -> Scenario:
    return Scenario("said", (http(json.dumps(body).encode(), status=status),))


def streamed(*pieces: Any) -> Scenario:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
    frames = [b"data: " + json.dumps(piece).encode() + b"\r\n\r\n" for piece in pieces]
    steps: list[Step] = [Send(head), *map(Send, frames), Close()]
    return Scenario("streamed", tuple(steps))


def answer(*parts: dict[str, Any], finish: str | None = "STOP") -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 5, "candidatesTokenCount": 2, "thoughtsTokenCount": 4}
    return {"candidates": [candidate], "usageMetadata": usage, "responseId": "id1"}


@pytest.fixture(scope="module")
def google() -> Iterator[FakeUpstream]:
    # Gemini's bodies name no model: the scenarios are those of the nameless one.
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="module")
def client(
    google: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[openai.OpenAI]:
    folder = tmp_path_factory.mktemp("gateway")
    root = google.url.removesuffix("/v1")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account = {
        "type": "service_account",
        "client_email": "robot@p.example",
        "private_key": key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode(),
        "token_uri": f"{root}/token",
    }
    file = folder / "account.json"
    file.write_text(json.dumps(account), "utf-8")
    with (
        Gateway(CONFIG.format(url=root, file=file), folder) as gateway,
        openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as made,
    ):
        yield made


def ask(client: openai.OpenAI, model: str = "g/gemini-3.5-flash", **fields: Any) -> Any:
    fields.setdefault("messages", [{"role": "user", "content": "Hello"}])
    return client.chat.completions.create(model=model, **fields)


def test_a_chat(client: openai.OpenAI, google: FakeUpstream) -> None:
    google.script("", said(answer({"text": "Hm", "thought": True}, {"text": "Hi"})))
    made = ask(client, reasoning_effort="low")
    assert made.choices[0].message.content == "Hi"
    assert made.choices[0].message.reasoning_content == "Hm"
    assert made.choices[0].finish_reason == "stop"
    assert (made.usage.prompt_tokens, made.usage.completion_tokens) == (5, 6)
    assert made.usage.completion_tokens_details.reasoning_tokens == 4
    visit = google.visits[-1]
    assert visit.path == "/v1beta/models/gemini-3.5-flash:generateContent"
    assert visit.headers["x-goog-api-key"] == "google-key-1"
    assert visit.body["generationConfig"] == {
        "thinkingConfig": {"thinkingLevel": "low", "includeThoughts": True}
    }


def test_a_stream_that_ends_with_the_connection(
    client: openai.OpenAI, google: FakeUpstream
) -> None:
    google.script("", streamed(answer({"text": "H"}, finish=None), answer({"text": "i"})))
    chunks = list(ask(client, stream=True, stream_options={"include_usage": True}))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text == "Hi"
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "stop"
    assert (chunks[-1].usage.prompt_tokens, chunks[-1].usage.completion_tokens) == (5, 6)
    assert google.visits[-1].path.endswith(":streamGenerateContent?alt=sse")


def test_a_stream_without_its_end_is_cut(client: openai.OpenAI, google: FakeUpstream) -> None:
    google.script("", streamed(answer({"text": "H"}, finish=None)))
    with pytest.raises(openai.APIError):
        list(ask(client, stream=True))


@pytest.mark.parametrize("stream", [False, True])
def test_a_signature_goes_out_to_the_client_and_comes_back(
    client: openai.OpenAI, google: FakeUpstream, stream: bool
) -> None:
    call = {"functionCall": {"name": "look", "args": {"x": 1}}, "thoughtSignature": "c2ln"}
    made = answer(call)
    google.script("", streamed(made) if stream else said(made))
    if stream:
        deltas = [c.choices[0].delta for c in ask(client, stream=True, tools=[TOOL]) if c.choices]
        [tool] = [delta.tool_calls[0].model_dump() for delta in deltas if delta.tool_calls]
        del tool["index"]
        message: Any = {"role": "assistant", "tool_calls": [tool]}
    else:
        message = ask(client, tools=[TOOL]).choices[0].message
        tool = message.tool_calls[0].model_dump()
    google.script("", said(answer({"text": "Done"})))
    history = [
        {"role": "user", "content": "Look"},
        message,
        {"role": "tool", "tool_call_id": tool["id"], "content": "seen"},
    ]
    assert ask(client, messages=history, tools=[TOOL]).choices[0].message.content == "Done"
    assert google.visits[-1].body["contents"][1:] == [
        {
            "role": "model",
            "parts": [
                {
                    "functionCall": {"name": "look", "args": {"x": 1}, "id": "call_0_0_id1"},
                    "thoughtSignature": "c2ln",
                }
            ],
        },
        {
            "role": "user",
            "parts": [
                {
                    "functionResponse": {
                        "name": "look",
                        "response": {"result": "seen"},
                        "id": "call_0_0_id1",
                    }
                }
            ],
        },
    ]


def test_embeddings(client: openai.OpenAI, google: FakeUpstream) -> None:
    vectors = {"embeddings": [{"values": [0.5]}, {"values": [0.25]}]}
    google.script("", said({**vectors, "usageMetadata": {"promptTokenCount": 4}}))
    made = client.embeddings.create(model="g/gemini-embedding-2", input=["a", "b"])
    assert [one.embedding for one in made.data] == [[0.5], [0.25]]
    assert made.usage.prompt_tokens == 4


def test_a_rate_limit(client: openai.OpenAI, google: FakeUpstream) -> None:
    error = {
        "code": 429,
        "message": "quota",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"retryDelay": "34.4s"}],
    }
    google.script("", said({"error": error}, 429))
    with pytest.raises(openai.RateLimitError) as limited:
        ask(client, "g/gemini-2.5-pro")
    assert float(limited.value.response.headers["retry-after"]) >= 34


def test_vertex_signs_in_with_a_service_account(
    client: openai.OpenAI, google: FakeUpstream
) -> None:
    token = {"access_token": "ya29.token", "expires_in": 3599}
    google.script("", said(token), said(answer({"text": "Hi"})))
    made = ask(client, "v/gemini-2.5-pro")
    assert made.choices[0].message.content == "Hi"
    signed_in, asked = google.visits[-2:]
    assert signed_in.path == "/token"
    assert b"assertion=" in signed_in.raw
    assert asked.path == (
        "/v1/projects/p/locations/global/publishers/google/models/gemini-2.5-pro:generateContent"
    )
    assert asked.headers["authorization"] == "Bearer ya29.token"
