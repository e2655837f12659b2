"""Acme AI for Headgate. Acme speaks OpenAI's dialect."""

from dataclasses import dataclass

import headgate as hg
from headgate_openai import OpenAICompatible

headgate_api = 1


@dataclass(frozen=True)
class Acme(OpenAICompatible):
    kind = "acme"
    env_key = "ACME_API_KEY"

    base_url: str = "https://api.acme.example/v1"


@hg.hookimpl
def providers() -> tuple[type[hg.Provider], ...]:
    return (Acme,)
