"""Hugging Face: Inference Providers, and Text Embeddings Inference servers of one's own."""

from collections.abc import Iterable

import headgate as hg
from headgate_huggingface.router import HuggingFace
from headgate_huggingface.tei import TextEmbeddings

__all__ = ["HuggingFace", "TextEmbeddings"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """The router, and the server."""
    return (HuggingFace, TextEmbeddings)
