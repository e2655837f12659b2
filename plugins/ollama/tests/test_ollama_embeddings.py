"""Embeddings: what Ollama is told, and what is read out of its answers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ollama import _types as theirs

import headgate as hg
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.provider.fit import fitted
from headgate_ollama import Ollama


def embedded(body: dict[str, Any], **options: Any) -> hg.Request:
    made = Ollama(**options)
    call = OpenAIEmbeddings().parse("req_1", {"model": "ollama/x", **body}, {})
    fit, _ = fitted(call, made.offers, made.says, drop=False)
    return made.request(fit, hg.Target("ollama", "all-minilm"))


@pytest.mark.parametrize(
    ("body", "options", "expected"),
    [
        ({"input": "a"}, {}, {"input": ["a"]}),
        ({"input": ["a", "b"], "encoding_format": "base64"}, {}, {"input": ["a", "b"]}),
        (
            {"input": "a", "truncate": False, "num_ctx": 512},
            {"options": {"num_ctx": 256}},
            {"input": ["a"], "truncate": False, "options": {"num_ctx": 512}},
        ),
        ({"input": "a", "dimensions": 64}, {}, {"input": ["a"], "dimensions": 64}),
        (
            {"input": "a"},
            {"options": {"num_ctx": 512}, "keep_alive": 60},
            {"input": ["a"], "options": {"num_ctx": 512}, "keep_alive": 60},
        ),
    ],
    ids=["one", "two", "own-words", "dimensions", "options"],
)
def test_texts_are_sent(
    body: dict[str, Any], options: dict[str, Any], expected: dict[str, Any]
) -> None:
    request = embedded(body, **options)
    assert request.url == "http://127.0.0.1:11434/api/embed"
    assert request.body == {"model": "all-minilm", **expected}
    theirs.EmbedRequest.model_validate(request.body)
    assert set(request.body) <= set(theirs.EmbedRequest.model_fields)


@pytest.mark.parametrize("name", ["format", "shift", "think", "mood"])
def test_words_about_chats_are_refused(name: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        embedded({"input": "a", name: True})
    assert refused.value.param == name


@pytest.mark.parametrize("tokens", [[1, 2], [[1], [2, 3]]], ids=str)
def test_token_ids_cannot_be_embedded(tokens: list[Any]) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        embedded({"input": tokens})
    assert refused.value.param == "input"


VECTORS = {"embeddings": [[0.5, -1], [0, 1e-3]], "prompt_eval_count": 4}


def vectors(body: object) -> list[hg.Event]:
    call = hg.Call(
        "r",
        hg.Operation.EMBEDDINGS,
        "openai_embeddings",
        "ollama/x",
        {},
        reader=lambda _: hg.Embed(("a", "b")),
    )
    response = hg.Response(200, {}, json.dumps(body).encode())
    return list(Ollama().reply(call, hg.Target("ollama", "all-minilm"), response))


def test_vectors_are_read() -> None:
    assert vectors(VECTORS) == [
        hg.Vector(0, (0.5, -1)),
        hg.Vector(1, (0, 0.001)),
        hg.Usage(input=4, output=0),
    ]


@pytest.mark.parametrize(
    "body", [[], {}, {"embeddings": [[1]]}, {"embeddings": [1, 2]}, {"embeddings": [["a"], [1]]}]
)
def test_embeddings_that_make_no_sense(body: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        vectors(body)


def test_an_error_inside_a_200_is_a_failure() -> None:
    with pytest.raises(hg.CallFailed) as failed:
        vectors({"error": "the input length exceeds the context length"})
    assert failed.value.failure.kind is hg.Kind.CONTEXT_LENGTH
