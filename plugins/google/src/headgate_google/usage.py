"""Google's token counts in classes that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_google.reading import count, mappings

#: Modalities have numbers too, see `answers`.
_AUDIO = ("AUDIO", 4)


def read_usage(said: Mapping[str, Any]) -> hg.Usage:
    """A `usageMetadata` object. Google leaves out what is zero.

    Cached tokens are among those of the prompt; what tools that run at Google put into it, and
    what the model thought, is counted beside.
    """
    heard, kept = _audio(said, "promptTokensDetails"), _audio(said, "cacheTokensDetails")
    fetched = _audio(said, "toolUsePromptTokensDetails")
    spoken = _audio(said, "candidatesTokensDetails")
    cached = count(said.get("cachedContentTokenCount"))
    audio = max(0, heard - kept) + fetched
    prompt = count(said.get("promptTokenCount")) + count(said.get("toolUsePromptTokenCount"))
    return hg.Usage(
        input=max(0, prompt - cached - audio),
        cached_input=_known(said, "cachedContentTokenCount"),
        output=max(0, count(said.get("candidatesTokenCount")) - spoken),
        reasoning=_known(said, "thoughtsTokenCount"),
        audio_input=audio or None,
        audio_output=spoken or None,
    )


def _known(said: Mapping[str, Any], name: str) -> int | None:
    return count(said[name]) if name in said else None


def _audio(said: Mapping[str, Any], name: str) -> int:
    return sum(
        count(part.get("tokenCount"))
        for part in mappings(said.get(name))
        if part.get("modality") in _AUDIO
    )
