"""`POST /v2/rerank`: a question and documents in, the order of the documents out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_cohere.foreign import inside
from headgate_cohere.parameters import own
from headgate_cohere.spending import spent_on_inputs

OWN_PARAMETERS = frozenset({"priority"})


def body(rerank: hg.Rerank) -> dict[str, Any]:
    """The request without its model."""
    said: dict[str, Any] = {
        "query": rerank.query,
        "documents": list(rerank.documents),
        "top_n": rerank.top_n,
        "max_tokens_per_doc": rerank.max_tokens_per_doc,
        **own(rerank.extras, OWN_PARAMETERS),
    }
    return {name: value for name, value in said.items() if value is not None}


def events(answer: Mapping[str, Any], documents: int) -> Iterator[hg.Event]:
    """The ranking in an answer about so many documents, best first."""
    results = answer.get("results")
    if not isinstance(results, list):
        raise ValueError("no results")
    for result in results:
        if not isinstance(result, dict):
            raise ValueError("a result is not an object")
        index, score = result.get("index"), result.get("relevance_score")
        if type(index) is not int or not 0 <= index < documents:
            raise ValueError("a result names no document")
        if isinstance(score, bool) or not isinstance(score, int | float):
            raise ValueError("a result has no score")
        yield hg.Ranked(index, float(score))
    if (usage := spent_on_inputs(inside(answer, "meta"))) is not None:
        yield usage
