"""`POST /v2/embed`: texts in, one list of floats each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_cohere.foreign import inside
from headgate_cohere.parameters import own
from headgate_cohere.spending import spent_on_inputs

OWN_PARAMETERS = frozenset({"input_type", "truncate", "priority"})

_MOST_TEXTS = 96


def body(embed: hg.Embed, input_type: str) -> dict[str, Any]:
    """The request without its model. `input_type` is used where the call does not say any."""
    texts = embed.texts
    if texts is None:
        raise hg.Unsupported("cohere embeds texts, not token ids", "input")
    if len(texts) > _MOST_TEXTS:
        raise hg.Unsupported(f"cohere embeds at most {_MOST_TEXTS} texts a call", "input")
    said: dict[str, Any] = {
        "input_type": input_type,
        "embedding_types": ["float"],
        "texts": list(texts),
        **own(embed.extras, OWN_PARAMETERS),
    }
    if embed.dimensions is not None:
        said["output_dimension"] = embed.dimensions
    return said


def events(answer: Mapping[str, Any], expected: int) -> Iterator[hg.Event]:
    """The vectors of an answer to `expected` texts, in their order."""
    vectors = inside(answer, "embeddings").get("float")
    if not isinstance(vectors, list) or len(vectors) != expected:
        raise ValueError("not one vector for every text")
    for index, vector in enumerate(vectors):
        if not isinstance(vector, list) or not all(type(one) in (int, float) for one in vector):
            raise ValueError("a vector is not a list of numbers")
        yield hg.Vector(index, tuple(map(float, vector)))
    if (usage := spent_on_inputs(inside(answer, "meta"))) is not None:
        yield usage
