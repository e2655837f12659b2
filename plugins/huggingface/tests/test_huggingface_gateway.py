"""Hugging Face behind a real gateway: recorded chats, embeddings and rankings."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from openai import APIStatusError, OpenAI

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized, streamed
from headgate.testing.upstream_script import Scenario

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
QUESTION: Any = {"role": "user", "content": "Hello"}


def recordings() -> dict[str, Any]:
    """Recorded chats by name."""
    paths = sorted(FOLDER.glob("huggingface__chat__*.json"))
    return {path.stem: json.loads(path.read_text("utf-8")) for path in paths}


def replayed(exchange: dict[str, Any]) -> Scenario:
    response = exchange["response"]
    body, status = response["body"].encode(), response["status"]
    if exchange["streaming"] and status == 200:
        return streamed("replayed", [body[at : at + 61] for at in range(0, len(body), 61)])
    return raw(sized(status, body))


RANKS = [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.1}]
VECTORS = {
    "data": [{"object": "embedding", "index": 0, "embedding": "AAAAPwAAgD4="}],
    "model": "bge",
    "object": "list",
    "usage": {"prompt_tokens": 3, "total_tokens": 3},
}
OVERLOADED = {"error": "Model is overloaded", "error_type": "overloaded"}


def as_json(value: object, status: int = 200) -> Scenario:
    return raw(sized(status, json.dumps(value).encode()))


@pytest.fixture(scope="module")
def router() -> Iterator[FakeUpstream]:
    scripts: dict[str, Any] = {name: replayed(one) for name, one in recordings().items()}
    scripts["gone/m"] = as_json({"error": {"message": "no", "code": "model_not_supported"}}, 400)
    # Feature extraction names its model in the path alone.
    scripts[""] = as_json([[0.5, 0.25], [1, 0]])
    with FakeUpstream(scripts) as running:
        yield running


@pytest.fixture(scope="module")
def tei() -> Iterator[FakeUpstream]:
    ranked = raw(sized(200, json.dumps(RANKS).encode(), {"x-compute-tokens": "31"}))
    scripts: dict[str, Any] = {
        "": ranked,
        "bge": as_json(VECTORS),
        "busy": as_json(OVERLOADED, 429),
    }
    with FakeUpstream(scripts) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(
    router: FakeUpstream, tei: FakeUpstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    config = {
        "providers": {
            "hf": {
                "kind": "huggingface",
                "base_url": router.url,
                "keys": ["hf_0123456789"],
                "bill_to": "acme",
            },
            "tei": {"base_url": tei.url, "discover": False},
        },
        "models": {
            "hf/BAAI/bge-m3": {"mode": "embedding"},
            "tei/bge": {"mode": "embedding"},
            "tei/busy": {"mode": "embedding"},
        },
    }
    text = "\n".join(f"{name}: {json.dumps(value)}" for name, value in config.items())
    with Gateway(text, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="module")
def client(gateway: Gateway) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A recorded request and its response."""
    if request.param is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    found: dict[str, Any] = recordings()[request.param]
    return {"name": request.param, **found}


def pieces(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Text, tool calls, finish and usage of an answer's JSON, whole or in chunks."""
    text, calls, finish, tokens = "", {}, None, None
    for part in parts:
        for choice in part["choices"]:
            said = choice.get("message") or choice.get("delta") or {}
            text += said.get("content") or ""
            finish = choice.get("finish_reason") or finish
            for number, call in enumerate(said.get("tool_calls") or []):
                slot = calls.setdefault(call.get("index", number), {"name": "", "arguments": ""})
                slot["name"] += call["function"].get("name") or ""
                slot["arguments"] += call["function"].get("arguments") or ""
        if usage := part.get("usage"):
            tokens = (usage["prompt_tokens"], usage["completion_tokens"])
    return {"text": text, "calls": calls, "finish": finish, "tokens": tokens}


@pytest.mark.parametrize("exchange", [*recordings()] or [None], indirect=True, ids=str)
def test_recorded_chats(
    client: OpenAI, router: FakeUpstream, gateway: Gateway, exchange: dict[str, Any]
) -> None:
    body, stream = dict(exchange["request"]["body"]), exchange["streaming"]
    recorded = exchange["response"]["body"]
    if stream:
        lines = (line.removeprefix("data:").strip() for line in recorded.splitlines())
        expected = [json.loads(line) for line in lines if line.startswith("{")]
        body["stream_options"] = {"include_usage": True}
    else:
        expected = [json.loads(recorded)]
    answered: Any = client.chat.completions.with_raw_response.create(
        **{**body, "model": f"hf/{exchange['name']}"}
    )
    parsed = answered.parse()
    parts = list(parsed) if stream else [parsed]
    assert pieces([part.model_dump(warnings=False) for part in parts]) == pieces(expected)
    visit = router.of(exchange["name"])[-1]
    assert visit.path == "/v1/chat/completions"
    assert visit.headers["x-hf-bill-to"] == "acme"
    assert visit.headers["authorization"] == "Bearer hf_0123456789"
    assert visit.body == {**body, "model": exchange["name"]}


@pytest.mark.parametrize("encoding", ["float", "base64"])
def test_embeddings_at_the_router(client: OpenAI, router: FakeUpstream, encoding: Any) -> None:
    answered = client.embeddings.create(
        model="hf/BAAI/bge-m3", input=["a", "b"], encoding_format=encoding
    )
    vectors = [item.embedding for item in answered.data]
    if encoding == "float":
        assert vectors == [[0.5, 0.25], [1, 0]]
    else:
        assert vectors == ["AAAAPwAAgD4=", "AACAPwAAAAA="]
    visit = router.of("")[-1]
    assert visit.path == "/hf-inference/models/BAAI/bge-m3/pipeline/feature-extraction"
    assert visit.body == {"inputs": ["a", "b"]}


def test_a_model_that_no_vendor_has(client: OpenAI) -> None:
    with pytest.raises(APIStatusError) as failed:
        client.chat.completions.create(model="hf/gone/m", messages=[QUESTION])
    assert failed.value.status_code == 404


def test_embeddings_at_a_server(client: OpenAI, tei: FakeUpstream) -> None:
    answered = client.embeddings.create(model="tei/bge", input="a", encoding_format="base64")
    assert answered.data[0].embedding == "AAAAPwAAgD4="
    assert answered.usage.prompt_tokens == 3
    assert tei.of("bge")[-1].path == "/v1/embeddings"


def test_a_server_that_is_busy(client: OpenAI) -> None:
    with pytest.raises(APIStatusError, match="overloaded") as failed:
        client.embeddings.create(model="tei/busy", input="a")
    assert failed.value.status_code == 503


def test_a_ranking_at_a_server(gateway: Gateway, tei: FakeUpstream) -> None:
    said = {"model": "tei/ranker", "query": "which?", "documents": ["a", "b"], "top_n": 1}
    request = Request(
        f"{gateway.url}/v1/rerank",
        json.dumps(said).encode(),
        {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=10) as response:
        answered = json.load(response)
    assert [(one["index"], one["relevance_score"]) for one in answered["results"]] == [(1, 0.9)]
    assert tei.of("")[-1].path == "/rerank"
    assert tei.of("")[-1].body["texts"] == ["a", "b"]
