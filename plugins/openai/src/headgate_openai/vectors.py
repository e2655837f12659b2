"""Embeddings and rankings in OpenAI's shape, for calls of other dialects."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable
from typing import Any

import headgate as hg
from headgate_openai.faults import in_band


def embed_body(embed: hg.Embed) -> dict[str, Any]:
    """The body of an embedding call, without `model`."""
    inputs = [item if isinstance(item, str) else list(item) for item in embed.inputs]
    size = {} if embed.dimensions is None else {"dimensions": embed.dimensions}
    return {"input": inputs, "encoding_format": "float", **size, **embed.extras}


def rerank_body(rerank: hg.Rerank) -> dict[str, Any]:
    """The body of a ranking call, without `model`."""
    most = {} if rerank.top_n is None else {"top_n": rerank.top_n}
    return {
        "query": rerank.query,
        "documents": list(rerank.documents),
        "return_documents": False,
        **most,
        **rerank.extras,
    }


def embeddings(body: bytes) -> Iterable[hg.Event]:
    """The vectors in an answer, and its usage."""
    answer = _answer(body)
    for at, entry in enumerate(_entries(answer, "data")):
        index = entry.get("index", at)
        yield hg.Vector(index if type(index) is int else at, _vector(entry.get("embedding")))
    usage = answer.get("usage")
    if isinstance(usage, dict) and (counted := hg.chat_usage({"completion_tokens": 0, **usage})):
        yield counted


def rankings(body: bytes) -> Iterable[hg.Event]:
    """The documents in an answer, best first, and its usage."""
    answer = _answer(body)
    ranked = []
    for entry in _entries(answer, "results"):
        index, score = entry.get("index"), entry.get("relevance_score")
        if type(index) is not int or not isinstance(score, int | float):
            raise ValueError("a result has no index or score")
        ranked.append(hg.Ranked(index, float(score)))
    yield from sorted(ranked, key=lambda one: -one.score)
    usage = answer.get("usage")
    if isinstance(usage, dict):
        # A ranking has no completion: where only the total is said, it is the prompt.
        said = {"prompt_tokens": usage.get("total_tokens"), "completion_tokens": 0, **usage}
        if counted := hg.chat_usage(said):
            yield counted


def _answer(body: bytes) -> dict[str, Any]:
    answer = json.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    if error := answer.get("error"):
        raise in_band(error)
    return answer


def _entries(answer: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = answer.get(name)
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"the answer has no {name}")
    return entries


def _vector(value: Any) -> tuple[float, ...]:
    """The numbers of a vector: a list, or little-endian float32 as base64."""
    if isinstance(value, str):
        raw = base64.b64decode(value)
        if len(raw) % 4:
            raise ValueError("a vector is not 32-bit floats")
        return struct.unpack(f"<{len(raw) // 4}f", raw)
    if not isinstance(value, list) or not all(isinstance(n, int | float) for n in value):
        raise ValueError("a vector is not a list of numbers")
    return tuple(map(float, value))
