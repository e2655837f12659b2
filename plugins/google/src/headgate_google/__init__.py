"""Google's models, by the Gemini API and by Vertex AI."""

from collections.abc import Iterable

import headgate as hg
from headgate_google.gemini import Gemini
from headgate_google.vertex import Vertex

__all__ = ["Gemini", "Vertex"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """`gemini` with an API key, `vertex` with a Google Cloud identity."""
    return (Gemini, Vertex)
