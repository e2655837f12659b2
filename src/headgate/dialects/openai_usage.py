"""Token classes written as OpenAI's usage object."""

from __future__ import annotations

from typing import Any

from headgate.provider.events import Usage


def write_usage(usage: Usage) -> dict[str, Any]:
    """The usage object of a translated answer; audio is said only where there was some."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input or 0,
            "cache_write_tokens": (usage.cache_write or 0) + (usage.cache_write_long or 0),
            **_audio(usage.audio_input),
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning or 0,
            **_audio(usage.audio_output),
        },
    }


def _audio(tokens: int | None) -> dict[str, int]:
    return {} if tokens is None else {"audio_tokens": tokens}
