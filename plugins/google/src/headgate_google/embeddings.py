"""Embedding requests and answers in the three shapes that Google has for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg
from headgate_google.reading import count, mapping, mappings, parsed

#: Google's own parameters, by the names a client may give them.
SAYS = frozenset({"task_type", "title"})
_CAMEL: Mapping[str, str] = {"task_type": "taskType", "title": "title"}


def texts(embed: hg.Embed) -> tuple[str, ...]:
    """The inputs. Raises `Unsupported` for token ids, which only their own tokenizer reads."""
    if (found := embed.texts) is None:
        raise hg.Unsupported("Google embeds texts, not token ids", "input")
    return found


def batch_body(embed: hg.Embed, model: str) -> dict[str, Any]:
    """`:batchEmbedContents` of the Gemini API: any number of texts."""
    settings = {"model": f"models/{model}", **_settings(embed)}
    return {"requests": [{**settings, "content": _content(text)} for text in texts(embed)]}


def embed_body(embed: hg.Embed) -> dict[str, Any]:
    """`:embedContent` of Vertex AI for one text, `:batchEmbedContents` for several."""
    config = {"embedContentConfig": settings} if (settings := _settings(embed)) else {}
    requests = [{"content": _content(text), **config} for text in texts(embed)]
    return requests[0] if len(requests) == 1 else {"requests": requests}


def predict_body(embed: hg.Embed) -> dict[str, Any]:
    """`:predict` of Vertex AI, for the older models."""
    own = {name: embed.extras[name] for name in _CAMEL if name in embed.extras}
    body: dict[str, Any] = {"instances": [{"content": text, **own} for text in texts(embed)]}
    if embed.dimensions is not None:
        body["parameters"] = {"outputDimensionality": embed.dimensions}
    return body


def vectors(response: hg.Response) -> Iterable[hg.Event]:
    """The vectors of an answer in any of the shapes, and its tokens where they are said."""
    answer = mapping(parsed(response.body))
    predicted = mappings(answer.get("predictions"))
    found = [mapping(one.get("embeddings")) for one in predicted]
    found = found or mappings(answer.get("embeddings")) or mappings([answer.get("embedding")])
    if not found:
        raise ValueError("the answer has no embeddings")
    for index, one in enumerate(found):
        yield hg.Vector(index, _values(one))
    if (metadata := mapping(answer.get("usageMetadata"))) and "promptTokenCount" in metadata:
        yield hg.Usage(input=count(metadata["promptTokenCount"]))
    elif all("statistics" in one for one in found):
        yield hg.Usage(input=sum(_tokens(mapping(one["statistics"])) for one in found))


def _values(embedding: Mapping[str, Any]) -> tuple[float, ...]:
    values = embedding.get("values")
    if not isinstance(values, list) or not all(isinstance(v, int | float) for v in values):
        raise ValueError("an embedding must be an array of numbers")
    return tuple(map(float, values))


def _tokens(statistics: Mapping[str, Any]) -> int:
    said = statistics.get("token_count", statistics.get("tokenCount"))
    return int(said) if isinstance(said, float) and said >= 0 else count(said)


def _settings(embed: hg.Embed) -> dict[str, Any]:
    own = {word: embed.extras[name] for name, word in _CAMEL.items() if name in embed.extras}
    return own if embed.dimensions is None else {**own, "outputDimensionality": embed.dimensions}


def _content(text: str) -> dict[str, Any]:
    return {"parts": [{"text": text}]}
