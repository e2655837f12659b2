"""Embeddings and reranking: InvokeModel, with a body of its own for every family of models."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import headgate as hg
from headgate_bedrock.answer import as_list, as_object
from headgate_bedrock.families import described

_TOKENS = "x-amzn-bedrock-input-token-count"
#: Documents that are billed as one search.
_DOCUMENTS_PER_SEARCH = 100


class _Family(NamedTuple):
    """How a family of embedding models is asked. `sizes` empty: it has one size only."""

    prefix: str
    body: Callable[[tuple[str, ...], int | None, Mapping[str, Any]], dict[str, Any]]
    sizes: frozenset[int] = frozenset()
    most: int = 1
    extras: frozenset[str] = frozenset()


def _titan(texts: tuple[str, ...], size: int | None, extras: Mapping[str, Any]) -> dict[str, Any]:
    return {"inputText": texts[0], **_said(dimensions=size), **extras}


def _titan_image(
    texts: tuple[str, ...], size: int | None, extras: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "inputText": texts[0],
        **_said(embeddingConfig={"outputEmbeddingLength": size} if size else None),
    }


def _nova(texts: tuple[str, ...], size: int | None, extras: Mapping[str, Any]) -> dict[str, Any]:
    asked: dict[str, Any] = {
        "embeddingPurpose": "GENERIC_INDEX",
        **_said(embeddingDimension=size),
        # A text that is too long is refused rather than cut in silence.
        "text": {"truncationMode": "NONE", "value": texts[0]},
    }
    return {
        "schemaVersion": "nova-multimodal-embed-v1",
        "taskType": "SINGLE_EMBEDDING",
        "singleEmbeddingParams": asked,
    }


def _cohere(texts: tuple[str, ...], size: int | None, extras: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "texts": list(texts),
        "input_type": "search_document",
        "embedding_types": ["float"],
        **_said(output_dimension=size),
        **extras,
    }


_COHERE_WORDS = frozenset({"input_type", "truncate"})
_FAMILIES = (
    _Family(
        "amazon.titan-embed-text-v2",
        _titan,
        frozenset({256, 512, 1024}),
        extras=frozenset({"normalize"}),
    ),
    _Family("amazon.titan-embed-image", _titan_image, frozenset({256, 384, 1024})),
    _Family("amazon.titan-embed", _titan),
    _Family("amazon.nova-2-multimodal-embeddings", _nova, frozenset({256, 384, 1024, 3072})),
    _Family(
        "cohere.embed-v4",
        _cohere,
        frozenset({256, 512, 1024, 1536}),
        most=96,
        extras=_COHERE_WORDS,
    ),
    _Family("cohere.embed", _cohere, most=96, extras=_COHERE_WORDS),
)


def embed_body(embed: hg.Embed, target: hg.Target) -> dict[str, Any]:
    """The body that asks for vectors. Raises `Unsupported`."""
    model = described(target)
    full = f"{model.vendor}.{model.name}"
    family = next((one for one in _FAMILIES if full.startswith(one.prefix)), None)
    if family is None:
        raise hg.Unsupported(f"'{target.model}' is no embedding model that is known here", "model")
    texts = embed.texts
    if texts is None:
        raise hg.Unsupported("inputs have to be texts here, not tokens", "input")
    if len(texts) > family.most:
        raise hg.Unsupported(f"this model takes at most {family.most} inputs a call", "input")
    if embed.dimensions is not None and embed.dimensions not in family.sizes:
        sizes = ", ".join(map(str, sorted(family.sizes))) or "one size only"
        raise hg.Unsupported(f"this model's vectors have {sizes} dimensions", "dimensions")
    for name in embed.extras:
        if name not in family.extras:
            raise hg.Unsupported(f"this model takes no '{name}'", name)
    return family.body(texts, embed.dimensions, embed.extras)


def vectors(embed: hg.Embed, response: hg.Response) -> Iterator[hg.Event]:
    """The vectors in an answer, one for each input, and the tokens they took."""
    answer = as_object(json.loads(response.body))
    found = [answer["embedding"]] if "embedding" in answer else answer.get("embeddings")
    if isinstance(found, dict):
        found = found.get("float")
    entries = [e.get("embedding") if isinstance(e, dict) else e for e in as_list(found)]
    if len(entries) != len(embed.inputs):
        raise ValueError("there is not one vector for each input")
    for index, values in enumerate(entries):
        yield hg.Vector(index, tuple(map(_number, as_list(values))))
    yield hg.Usage(input=_tokens(answer, response.headers))


def rerank_body(rerank: hg.Rerank, target: hg.Target) -> dict[str, Any]:
    """The body that asks for an order of documents. Raises `Unsupported`."""
    model = described(target)
    if not (model.vendor in ("amazon", "cohere") and model.name.startswith("rerank")):
        raise hg.Unsupported(f"'{target.model}' is no rerank model that is known here", "model")
    return {
        **({"api_version": 2} if model.vendor == "cohere" else {}),
        "query": rerank.query,
        "documents": list(rerank.documents),
        **_said(top_n=rerank.top_n),
    }


def ranks(rerank: hg.Rerank, response: hg.Response) -> Iterator[hg.Event]:
    """The documents of an answer, best first."""
    found = as_list(as_object(json.loads(response.body)).get("results"))
    ranked = [_ranked(as_object(entry), len(rerank.documents)) for entry in found]
    yield from sorted(ranked, key=lambda one: -one.score)
    yield hg.Usage(searches=-(-len(rerank.documents) // _DOCUMENTS_PER_SEARCH))


def _ranked(entry: Mapping[str, Any], documents: int) -> hg.Ranked:
    index = entry.get("index")
    if type(index) is not int or not 0 <= index < documents:
        raise ValueError("a result names no document")
    return hg.Ranked(index, _number(entry.get("relevance_score")))


def _tokens(answer: Mapping[str, Any], headers: Mapping[str, str]) -> int | None:
    said = answer.get("inputTextTokenCount")
    if type(said) is int and said >= 0:
        return said
    text = headers.get(_TOKENS) or ""
    return int(text) if text.isascii() and text.isdigit() else None


def _number(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError("a value is no number")
    return float(value)


def _said(**fields: Any) -> dict[str, Any]:
    """The fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}
