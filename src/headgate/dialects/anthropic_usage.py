"""Token classes written as Anthropic's usage object."""

from __future__ import annotations

from typing import Any

from headgate.provider.events import Usage


def write_usage(usage: Usage) -> dict[str, Any]:
    """The usage object of a translated answer."""
    short, long = usage.cache_write or 0, usage.cache_write_long or 0
    return {
        "input_tokens": (usage.input or 0) + (usage.audio_input or 0),
        "cache_creation_input_tokens": short + long,
        "cache_read_input_tokens": usage.cached_input or 0,
        "cache_creation": {
            "ephemeral_5m_input_tokens": short,
            "ephemeral_1h_input_tokens": long,
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"thinking_tokens": usage.reasoning or 0},
    }
