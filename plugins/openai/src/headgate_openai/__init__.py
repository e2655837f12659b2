"""OpenAI, and every vendor and server that speaks its dialect."""

from collections.abc import Iterable

import headgate as hg
from headgate_openai.compatible import OpenAICompatible
from headgate_openai.faults import Clue
from headgate_openai.openai import OpenAI, needs_responses, prefers_responses
from headgate_openai.presets import PRESETS, Custom
from headgate_openai.say import Wording

__all__ = [
    "Clue",
    "Custom",
    "OpenAI",
    "OpenAICompatible",
    "Wording",
    "needs_responses",
    "prefers_responses",
]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """OpenAI itself, the presets, and `custom`."""
    return (OpenAI, Custom, *PRESETS)
