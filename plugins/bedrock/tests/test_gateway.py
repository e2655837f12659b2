"""Bedrock behind a real gateway, faked on a real socket."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_script import Close, Scenario, Send

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import HELLO, chunk, event, exception

CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
ENCODED = "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"
ACCOUNT = {
    "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "c2VjcmV0LWV4YW1wbGU",
    "AWS_SESSION_TOKEN": "dG9rZW4=",
}
CONFIG = """
providers:
  keyed: {{kind: bedrock, base_url: "{url}", keys: [bedrock-key-one]}}
  signed: {{kind: bedrock, base_url: "{url}", region: eu-west-1}}
"""
STREAM = "application/vnd.amazon.eventstream"
USAGE = {"inputTokens": 3, "outputTokens": 5, "totalTokens": 18, "cacheReadInputTokens": 10}


def answer(
    body: bytes, type_: str = "application/json", status: int = 200, extra: str = ""
) -> Scenario:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {type_}\r\n{extra}"
    whole = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    return Scenario("an answer", (Send(whole),))


def stream(*pieces: bytes, end: bool = True) -> Scenario:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {STREAM}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sends = [Send(f"{len(one):x}\r\n".encode() + one + b"\r\n", 0.002) for one in pieces if one]
    last = (Send(b"0\r\n\r\n"),) if end else (Close(),)
    return Scenario("a stream", (Send(head.encode()), *sends, *last))


def torn(data: bytes, size: int = 37) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


@pytest.fixture(scope="module")
def vendor() -> Iterator[FakeUpstream]:
    with FakeUpstream() as one:
        yield one


@pytest.fixture(scope="module")
def gateway(vendor: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    config = CONFIG.format(url=vendor.url.removesuffix("/v1"))
    with Gateway(config, tmp_path_factory.mktemp("gateway"), ACCOUNT) as one:
        yield one


@pytest.fixture
def sdk(gateway: Gateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=10
    ) as client:
        yield client


WHOLE = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": USAGE,
    "metrics": {"latencyMs": 1},
}
EVENTS = (
    event("messageStart", role="assistant")
    + event("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hel"})
    + event("contentBlockDelta", contentBlockIndex=0, delta={"text": "lo"})
    + event("contentBlockStop", contentBlockIndex=0)
    + event(
        "contentBlockStart",
        contentBlockIndex=1,
        start={"toolUse": {"toolUseId": "t", "name": "go"}},
    )
    + event("contentBlockDelta", contentBlockIndex=1, delta={"toolUse": {"input": '{"a"'}})
    + event("contentBlockDelta", contentBlockIndex=1, delta={"toolUse": {"input": ":1}"}})
    + event("contentBlockStop", contentBlockIndex=1)
    + event("messageStop", stopReason="tool_use")
    + event("metadata", usage=USAGE, metrics={"latencyMs": 1})
)


def test_a_whole_answer_with_a_key(vendor: FakeUpstream, sdk: openai.OpenAI) -> None:
    vendor.script("", answer(json.dumps(WHOLE).encode()))
    reply = sdk.chat.completions.create(model=f"keyed/{CLAUDE}", messages=HELLO)  # type: ignore[arg-type]
    assert reply.choices[0].message.content == "Hello"
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (13, 5)
    visit = vendor.visits[-1]
    assert visit.path == f"/model/{ENCODED}/converse"
    assert visit.headers["authorization"] == "Bearer bedrock-key-one"
    assert visit.body == {"messages": [{"role": "user", "content": [{"text": "Hello"}]}]}


def test_a_signature_holds_for_the_bytes_that_arrive(
    vendor: FakeUpstream, sdk: openai.OpenAI
) -> None:
    vendor.script("", answer(json.dumps(WHOLE).encode()))
    sdk.chat.completions.create(model=f"signed/{CLAUDE}", messages=HELLO, temperature=0.1)  # type: ignore[arg-type]
    visit = vendor.visits[-1]
    signed = visit.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    assert signed == ["content-type", "host", "x-amz-date", "x-amz-security-token"]
    headers = {name: visit.headers[name] for name in signed}
    url = f"http://{visit.headers['host']}{visit.path}"
    again = AWSRequest(visit.method, url, headers, visit.raw)
    signer = SigV4Auth(Credentials(*ACCOUNT.values()), "bedrock", "eu-west-1")
    again.context["timestamp"] = visit.headers["x-amz-date"]
    told = signer.string_to_sign(again, signer.canonical_request(again))
    assert visit.headers["authorization"].endswith("=" + signer.signature(told, again))


@pytest.mark.parametrize("size", [1000, 37, 5])
def test_a_stream(vendor: FakeUpstream, sdk: openai.OpenAI, size: int) -> None:
    vendor.script("", stream(*torn(EVENTS, size)))
    chunks = list(
        sdk.chat.completions.create(
            model=f"keyed/{CLAUDE}",
            messages=HELLO,  # type: ignore[arg-type]
            stream=True,
            stream_options={"include_usage": True},
            tools=[{"type": "function", "function": {"name": "go"}}],
        )
    )
    deltas = [one.choices[0].delta for one in chunks if one.choices]
    assert "".join(one.content or "" for one in deltas) == "Hello"
    calls = [call for one in deltas for call in one.tool_calls or ()]
    assert calls[0].id == "t"
    assert "".join(c.function.arguments or "" for c in calls if c.function) == '{"a":1}'
    assert [o.choices[0].finish_reason for o in chunks if o.choices][-1] == "tool_calls"
    usage = chunks[-1].usage
    assert usage is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (13, 5)
    assert usage.prompt_tokens_details is not None
    assert usage.prompt_tokens_details.cached_tokens == 10
    assert vendor.visits[-1].path == f"/model/{ENCODED}/converse-stream"


def test_an_exception_before_the_first_word_has_its_status(
    vendor: FakeUpstream, sdk: openai.OpenAI
) -> None:
    start = event("messageStart", role="assistant")
    vendor.script("", stream(start, exception("throttlingException", message="Slow down")))
    with pytest.raises(openai.RateLimitError):
        sdk.chat.completions.create(model=f"keyed/{CLAUDE}", messages=HELLO, stream=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "rest",
    [exception("modelStreamErrorException", message="Oh no"), b"", EVENTS[:20], b"\0" * 40],
    ids=["exception", "cut", "half", "damaged"],
)
def test_a_stream_that_breaks_says_so(
    vendor: FakeUpstream, sdk: openai.OpenAI, rest: bytes
) -> None:
    begun = EVENTS[: EVENTS.index(event("contentBlockStop", contentBlockIndex=0))]
    vendor.script("", stream(begun, rest))
    said: list[str] = []
    chunks = sdk.chat.completions.create(
        model=f"keyed/{CLAUDE}",
        messages=HELLO,  # type: ignore[arg-type]
        stream=True,
    )
    with pytest.raises(openai.APIError):
        said.extend(one.choices[0].delta.content or "" for one in chunks if one.choices)
    assert "".join(said) == "Hello"


def test_an_error_is_answered_in_the_clients_words(
    vendor: FakeUpstream, sdk: openai.OpenAI
) -> None:
    said = b'{"message":"Input is too long for requested model."}'
    extra = "x-amzn-ErrorType: ValidationException:http://internal.amazon.com/\r\n"
    vendor.script("", answer(said, status=400, extra=extra))
    with pytest.raises(openai.BadRequestError) as failed:
        sdk.chat.completions.create(model=f"keyed/{CLAUDE}", messages=HELLO)  # type: ignore[arg-type]
    assert failed.value.code == "context_length_exceeded"


def test_what_cannot_be_said_is_refused_by_name(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as failed:
        sdk.chat.completions.create(model=f"keyed/{CLAUDE}", messages=HELLO, seed=1)  # type: ignore[arg-type]
    assert failed.value.param == "seed"


def test_openais_models_are_spoken_to_in_their_words(
    vendor: FakeUpstream, sdk: openai.OpenAI
) -> None:
    body = {
        "id": "c",
        "object": "chat.completion",
        "created": 1,
        "model": "openai.gpt-oss-20b-1:0",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi"},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }
    vendor.script("openai.gpt-oss-20b-1:0", answer(json.dumps(body).encode()))
    for provider in ("keyed", "signed"):
        reply = sdk.chat.completions.create(
            model=f"{provider}/openai.gpt-oss-20b-1:0",
            messages=HELLO,  # type: ignore[arg-type]
            seed=1,
        )
        assert reply.choices[0].message.content == "Hi"
        visit = vendor.visits[-1]
        assert visit.path == "/openai/v1/chat/completions"
        assert visit.body["seed"] == 1
        assert visit.headers["authorization"].startswith(
            "Bearer " if provider == "keyed" else "AWS4-HMAC-SHA256 "
        )


def test_vectors(vendor: FakeUpstream, sdk: openai.OpenAI) -> None:
    body = {"embedding": [0.5, 1.0], "inputTextTokenCount": 3}
    vendor.script("", answer(json.dumps(body).encode()))
    reply = sdk.embeddings.create(
        model="keyed/amazon.titan-embed-text-v2:0", input="a", dimensions=256
    )
    assert reply.data[0].embedding == [0.5, 1.0]
    assert reply.usage.prompt_tokens == 3
    assert vendor.visits[-1].body == {"inputText": "a", "dimensions": 256}


CLAUDES: list[dict[str, Any]] = [
    {
        "type": "message_start",
        "message": {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "content": [],
            "model": "claude",
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 9, "output_tokens": 1},
        },
    },
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi é"}},
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 4},
    },
    {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 9}},
]


def ask_anthropic(gateway: Gateway, **fields: Any) -> httpx.Response:
    return httpx.post(
        f"{gateway.url}/v1/messages",
        headers={"x-api-key": KEY, "anthropic-beta": "beta-1, beta-2"},
        json={"model": f"signed/{CLAUDE}", "max_tokens": 5, "messages": HELLO, **fields},
        timeout=10,
    )


def test_claude_is_relayed_to_in_anthropics_words(vendor: FakeUpstream, gateway: Gateway) -> None:
    body = CLAUDES[0]["message"] | {
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
    }
    vendor.script("", answer(json.dumps(body).encode()))
    reply = ask_anthropic(gateway, metadata={"user_id": "ann"}, top_k=5)
    assert reply.status_code == 200
    assert reply.json()["content"] == body["content"]
    visit = vendor.visits[-1]
    assert visit.path == f"/model/{ENCODED}/invoke"
    assert visit.body == {
        "max_tokens": 5,
        "messages": HELLO,
        "metadata": {"user_id": "ann"},
        "top_k": 5,
        "anthropic_version": "bedrock-2023-05-31",
        "anthropic_beta": ["beta-1", "beta-2"],
    }


def test_claudes_stream_reaches_anthropics_own_sdk(vendor: FakeUpstream, gateway: Gateway) -> None:
    data = b"".join(chunk(**one) for one in CLAUDES)
    vendor.script("", stream(*torn(data)))
    with (
        anthropic.Anthropic(base_url=gateway.url, api_key=KEY, max_retries=0) as client,
        client.messages.stream(
            model=f"keyed/{CLAUDE}",
            max_tokens=5,
            messages=HELLO,  # type: ignore[arg-type]
        ) as events,
    ):
        final = events.get_final_message()
    assert final.content[0].text == "Hi é"  # type: ignore[union-attr]
    assert (final.usage.input_tokens, final.usage.output_tokens) == (9, 4)
    assert vendor.visits[-1].path == f"/model/{ENCODED}/invoke-with-response-stream"
    reply = ask_anthropic(gateway, stream=True)
    assert "invocationMetrics" not in reply.text
    assert reply.text.count("event: ") == len(CLAUDES)


def test_an_exception_in_claudes_stream_is_anthropics_error(
    vendor: FakeUpstream, gateway: Gateway
) -> None:
    begun = b"".join(chunk(**one) for one in CLAUDES[:3])
    vendor.script("", stream(begun, exception("serviceUnavailableException", message="Busy")))
    reply = ask_anthropic(gateway, stream=True)
    assert 'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"' in reply.text


def test_tokens_are_counted(vendor: FakeUpstream, gateway: Gateway) -> None:
    vendor.script("", answer(b'{"inputTokens":12}'))
    reply = httpx.post(
        f"{gateway.url}/v1/messages/count_tokens",
        headers={"x-api-key": KEY},
        json={"model": f"keyed/{CLAUDE}", "messages": HELLO},
        timeout=10,
    )
    assert (reply.status_code, reply.json()) == (200, {"input_tokens": 12})
    visit = vendor.visits[-1]
    assert visit.path == "/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens"
    assert set(visit.body["input"]["converse"]) == {"messages"}


def test_documents_are_ranked(vendor: FakeUpstream, gateway: Gateway) -> None:
    results = [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]
    vendor.script("", answer(json.dumps({"results": results}).encode()))
    reply = httpx.post(
        f"{gateway.url}/v1/rerank",
        headers={"Authorization": f"Bearer {KEY}"},
        json={"model": "keyed/cohere.rerank-v3-5:0", "query": "q", "documents": ["a", "b"]},
        timeout=10,
    )
    assert reply.status_code == 200
    assert [one["index"] for one in reply.json()["results"]] == [1, 0]
    assert vendor.visits[-1].body == {"api_version": 2, "query": "q", "documents": ["a", "b"]}
