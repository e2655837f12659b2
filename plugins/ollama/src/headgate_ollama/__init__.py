"""Ollama, spoken to in its own words."""

from collections.abc import Iterable

import headgate as hg
from headgate_ollama.provider import Ollama

__all__ = ["Ollama"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """Ollama, of one's own or in its cloud."""
    return (Ollama,)
