"""Cohere: chat, embeddings and rerank through its API v2."""

from collections.abc import Iterable

import headgate as hg
from headgate_cohere.cohere import Cohere

__all__ = ["Cohere"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """The one kind, `cohere`."""
    return (Cohere,)
