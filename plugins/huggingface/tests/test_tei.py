"""What is sent to a Text Embeddings Inference server, and what is read out of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest

import headgate as hg
from headgate.provider.fit import fitted
from headgate_huggingface import TextEmbeddings

MODEL = "BAAI/bge-reranker-v2-m3"
TARGET = hg.Target("tei", MODEL)


def call(dialect: str, operation: hg.Operation, value: Any = None, **body: Any) -> hg.Call:
    reader = None if value is None else lambda _: value
    return hg.Call("r", operation, dialect, "hf/x", {"model": "hf/x", **body}, reader=reader)


def ranking(*documents: str, **fields: Any) -> hg.Call:
    rerank = hg.Rerank("which?", documents, **fields)
    return call("rerank", hg.Operation.RERANK, rerank)


def answered(made: hg.Provider, asked: hg.Call, body: object, **headers: str) -> list[hg.Event]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return list(made.reply(asked, TARGET, hg.Response(200, headers, raw)))


def fit(made: hg.Provider, asked: hg.Call, target: hg.Target = TARGET) -> hg.Request:
    """The request, after the gateway's own check of what can be said."""
    fitting, _ = fitted(asked, made.offers, made.vocabulary(target), drop=False)
    request = made.request(fitting, target)
    assert isinstance(request, hg.Request)
    return request


@pytest.mark.parametrize("url", ["http://h:1", "http://h:1/", "http://h:1/v1/"], ids=str)
def test_a_server_is_asked_at_any_form_of_its_address(url: str) -> None:
    made = TextEmbeddings(base_url=url)
    asked = call("openai_embeddings", hg.Operation.EMBEDDINGS, input=[1, 2], dimensions=8)
    request = made.request(asked, TARGET)
    assert request.url == "http://h:1/v1/embeddings"
    assert request.body == {"model": MODEL, "input": [1, 2], "dimensions": 8}
    listing = made.listing()
    assert listing is not None
    assert (listing.method, listing.url) == ("GET", "http://h:1/info")


@pytest.mark.parametrize(
    ("fields", "options", "said"),
    [
        ({}, {}, {}),
        ({"top_n": 1}, {}, {}),
        ({}, {"truncate": False}, {"truncate": False}),
        (
            {"extras": {"raw_scores": True, "truncation_direction": "Left"}},
            {},
            {"raw_scores": True, "truncation_direction": "Left"},
        ),
        ({"extras": {"truncate": False}}, {}, {"truncate": False}),
    ],
    ids=["plain", "top_n", "option", "own-words", "truncate"],
)
def test_a_ranking_is_asked_for(
    fields: dict[str, Any], options: dict[str, Any], said: dict[str, Any]
) -> None:
    request = fit(TextEmbeddings(**options), ranking("a", "b", **fields))
    assert request.url == "http://127.0.0.1:8080/rerank"
    assert request.body == {
        "query": "which?",
        "texts": ["a", "b"],
        "raw_scores": False,
        "return_text": False,
        "truncate": True,
        **said,
    }


@pytest.mark.parametrize(
    ("asked", "param"),
    [
        (ranking("a", max_tokens_per_doc=9), "max_tokens_per_doc"),
        (call("openai_chat", hg.Operation.CHAT), None),
    ],
    ids=["max_tokens_per_doc", "chat"],
)
def test_what_a_server_does_not_do(asked: hg.Call, param: str | None) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        fit(TextEmbeddings(), asked)
    assert refused.value.param == param


RANKS = [{"index": 1, "score": 0.25}, {"index": 2, "score": 0.99}, {"index": 0, "score": 0}]


@pytest.mark.parametrize("top_n", [None, 2, 9])
def test_a_ranking_is_read_best_first(top_n: int | None) -> None:
    events = answered(TextEmbeddings(), ranking("a", "b", "c", top_n=top_n), RANKS)
    assert events == [hg.Ranked(2, 0.99), hg.Ranked(1, 0.25), hg.Ranked(0, 0.0)][:top_n]


@pytest.mark.parametrize(("said", "counted"), [("31", True), ("many", False), ("", False)])
def test_tokens_are_counted_where_the_server_tells_them(said: str, counted: bool) -> None:
    headers = {"x-compute-tokens": said}
    events = answered(TextEmbeddings(), ranking("a", "b", "c"), RANKS, **headers)
    assert events[3:] == ([hg.Usage(input=31, output=0)] if counted else [])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        {},
        [],
        [1],
        [{"index": 0}],
        [{"index": 0, "score": "high"}],
        [{"index": 5, "score": 1}],
        [{"index": 0, "score": 1}, {"index": 0, "score": 1}],
        [{"index": True, "score": 1}],
    ],
    ids=str,
)
def test_a_ranking_that_makes_no_sense(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        answered(TextEmbeddings(), ranking("a"), body)


def test_a_server_names_its_model() -> None:
    def listed(body: object) -> list[hg.Listed]:
        response = hg.Response(200, {}, json.dumps(body).encode())
        return list(TextEmbeddings().listed(response))

    assert listed({"model_id": MODEL, "max_input_length": 512}) == [hg.Listed(MODEL, 0, 512)]
    assert listed({"model_id": MODEL}) == [hg.Listed(MODEL)]
    with pytest.raises(ValueError, match="names no model"):
        listed([])
