"""Embeddings and reranking, by InvokeModel."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import headgate as hg
from headgate_bedrock import Bedrock

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import target

BEDROCK = Bedrock()
TITAN, TITAN_1 = "amazon.titan-embed-text-v2:0", "amazon.titan-embed-text-v1"
COHERE_3, COHERE_4 = "cohere.embed-multilingual-v3", "us.cohere.embed-v4:0"
NOVA = "amazon.nova-2-multimodal-embeddings-v1:0"


def embedding(said: hg.Embed) -> hg.Call:
    return hg.Call(
        "r", hg.Operation.EMBEDDINGS, "openai_embeddings", "m", {}, reader=lambda _: said
    )


def reranking(said: hg.Rerank) -> hg.Call:
    return hg.Call("r", hg.Operation.RERANK, "rerank", "m", {}, reader=lambda _: said)


BODIES: list[tuple[str, hg.Embed, dict[str, Any]]] = [
    (TITAN_1, hg.Embed(("a",)), {"inputText": "a"}),
    (TITAN, hg.Embed(("a",), 256), {"inputText": "a", "dimensions": 256}),
    (
        TITAN,
        hg.Embed(("a",), extras={"normalize": False}),
        {"inputText": "a", "normalize": False},
    ),
    (
        "amazon.titan-embed-image-v1",
        hg.Embed(("a",), 384),
        {"inputText": "a", "embeddingConfig": {"outputEmbeddingLength": 384}},
    ),
    (
        COHERE_3,
        hg.Embed(("a", "b")),
        {"texts": ["a", "b"], "input_type": "search_document", "embedding_types": ["float"]},
    ),
    (
        COHERE_4,
        hg.Embed(("a",), 512, {"input_type": "search_query", "truncate": "END"}),
        {
            "texts": ["a"],
            "input_type": "search_query",
            "embedding_types": ["float"],
            "output_dimension": 512,
            "truncate": "END",
        },
    ),
    (
        NOVA,
        hg.Embed(("a",), 3072),
        {
            "schemaVersion": "nova-multimodal-embed-v1",
            "taskType": "SINGLE_EMBEDDING",
            "singleEmbeddingParams": {
                "embeddingPurpose": "GENERIC_INDEX",
                "embeddingDimension": 3072,
                "text": {"truncationMode": "NONE", "value": "a"},
            },
        },
    ),
]


@pytest.mark.parametrize(("model", "said", "body"), BODIES)
def test_how_vectors_are_asked_for(model: str, said: hg.Embed, body: dict[str, Any]) -> None:
    request = BEDROCK.request(embedding(said), target(model))
    assert request.body == body
    assert request.url.endswith(f"/model/{model.replace(':', '%3A')}/invoke")
    assert request.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("model", "said", "param"),
    [
        (TITAN, hg.Embed(("a", "b")), "input"),
        (NOVA, hg.Embed(("a", "b")), "input"),
        (COHERE_3, hg.Embed(("a",) * 97), "input"),
        (TITAN, hg.Embed(((1, 2),)), "input"),
        (TITAN, hg.Embed(("a",), 300), "dimensions"),
        (TITAN_1, hg.Embed(("a",), 256), "dimensions"),
        (COHERE_3, hg.Embed(("a",), 1024), "dimensions"),
        (TITAN, hg.Embed(("a",), extras={"input_type": "x"}), "input_type"),
        ("us.meta.llama4-scout-17b-instruct-v1:0", hg.Embed(("a",)), "model"),
    ],
)
def test_what_a_model_cannot_embed_is_refused(model: str, said: hg.Embed, param: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        BEDROCK.request(embedding(said), target(model))
    assert refused.value.param == param


ANSWERS: list[tuple[Any, dict[str, str], int | None]] = [
    ({"embedding": [0.5, 1], "inputTextTokenCount": 3}, {}, 3),
    ({"embeddings": [[0.5, 1]]}, {"x-amzn-bedrock-input-token-count": "4"}, 4),
    ({"embeddings": {"float": [[0.5, 1]]}}, {"x-amzn-bedrock-input-token-count": "x"}, None),
    ({"embeddings": [{"embeddingType": "TEXT", "embedding": [0.5, 1]}]}, {}, None),
]


@pytest.mark.parametrize(("answer", "headers", "tokens"), ANSWERS)
def test_vectors_of_every_shape(answer: Any, headers: dict[str, str], tokens: int | None) -> None:
    response = hg.Response(200, headers, json.dumps(answer).encode())
    found = list(BEDROCK.reply(embedding(hg.Embed(("a",))), target(TITAN), response))
    assert found == [hg.Vector(0, (0.5, 1.0)), hg.Usage(input=tokens)]


@pytest.mark.parametrize(
    "answer", [[], {}, {"embeddings": []}, {"embedding": [None]}, {"embeddings": {"int8": [[1]]}}]
)
def test_vectors_that_make_no_sense_are_refused(answer: Any) -> None:
    response = hg.Response(200, {}, json.dumps(answer).encode())
    with pytest.raises(ValueError, match=r"."):
        list(BEDROCK.reply(embedding(hg.Embed(("a",))), target(TITAN), response))


@pytest.mark.parametrize(
    ("model", "extra"), [("cohere.rerank-v3-5:0", {"api_version": 2}), ("amazon.rerank-v1:0", {})]
)
def test_reranking(model: str, extra: dict[str, Any]) -> None:
    call = reranking(hg.Rerank("q", ("a", "b", "c"), top_n=2))
    request = BEDROCK.request(call, target(model))
    assert request.body == {"query": "q", "documents": ["a", "b", "c"], "top_n": 2, **extra}
    results = [{"index": 2, "relevance_score": 0.1}, {"index": 0, "relevance_score": 0.9}]
    response = hg.Response(200, {}, json.dumps({"results": results}).encode())
    assert list(BEDROCK.reply(call, target(model), response)) == [
        hg.Ranked(0, 0.9),
        hg.Ranked(2, 0.1),
        hg.Usage(searches=1),
    ]


def test_reranking_is_for_rerank_models() -> None:
    with pytest.raises(hg.Unsupported):
        BEDROCK.request(reranking(hg.Rerank("q", ("a",))), target(TITAN))


@pytest.mark.parametrize(
    "results", [None, [{}], [{"index": 1, "relevance_score": 1}], [{"index": 0}]]
)
def test_ranks_that_make_no_sense_are_refused(results: Any) -> None:
    call = reranking(hg.Rerank("q", ("a",)))
    response = hg.Response(200, {}, json.dumps({"results": results}).encode())
    with pytest.raises(ValueError, match=r"."):
        list(BEDROCK.reply(call, target("amazon.rerank-v1:0"), response))
