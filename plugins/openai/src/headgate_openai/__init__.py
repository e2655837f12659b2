"""OpenAI, and every vendor and server that speaks its dialect."""

from collections.abc import Iterable

import headgate as hg
from headgate_openai.compatible import OpenAICompatible
from headgate_openai.openai import OpenAI
from headgate_openai.presets import PRESETS, Custom

__all__ = ["Custom", "OpenAI", "OpenAICompatible"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """OpenAI itself, the presets, and `custom`."""
    return (OpenAI, Custom, *PRESETS)
