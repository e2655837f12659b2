"""OpenAI's usage object, read into token classes that do not overlap, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.provider.events import Usage

#: A count above this is a vendor's mistake, not a bill.
_SANE = 10**9
_NOTHING: Mapping[str, Any] = {}
#: `cost_in_usd_ticks` counts in ticks of 1e-10 USD.
_NANO_USD_PER_TICK = 0.1
#: What the Responses API calls otherwise; the details inside have the same names.
_CHAT_WORDS: Mapping[str, str] = {
    "input_tokens": "prompt_tokens",
    "input_tokens_details": "prompt_tokens_details",
    "output_tokens": "completion_tokens",
    "output_tokens_details": "completion_tokens_details",
}


def read_usage(usage: Any) -> Usage | None:
    """Token classes from `{prompt_tokens, completion_tokens, ...}`; None if it is not one.

    Cached, cache-write and audio tokens are part of the prompt. Reasoning tokens are part of the
    completion for most vendors; some count them beside it, which their own total gives away.
    No audio is said as zero by vendors that know no audio at all, so that it is None here.
    """
    if not isinstance(usage, dict):
        return None
    prompt, completion = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    if prompt is None and completion is None:
        return None
    cached = written = written_long = heard = None
    if inside := _object(usage, "prompt_tokens_details"):
        heard = _count(inside, "audio_tokens") or None
        cached = _count(inside, "cached_tokens")
        written = _count(inside, "cache_write_tokens")
        if by_ttl := _object(inside, "cache_write_tokens_details"):
            written_long = _count(by_ttl, "ttl_12h_tokens")
    if cached is None:
        cached = _count(usage, "prompt_cache_hit_tokens")
    made = _object(usage, "completion_tokens_details")
    reasoning, spoken = _count(made, "reasoning_tokens"), _count(made, "audio_tokens") or None
    if prompt is not None:
        cached = None if cached is None else min(cached, prompt)
        written = None if written is None else min(written, prompt - (cached or 0))
        written_long = None if written_long is None else min(written_long, written or 0)
        prompt -= (cached or 0) + (written or 0)
        heard = None if heard is None else min(heard, prompt)
        prompt -= heard or 0
    if written is not None and written_long is not None:
        written -= written_long
    if reasoning and completion is not None:
        total = _count(usage, "total_tokens")
        said_prompt = _count(usage, "prompt_tokens") or 0
        beside = total is not None and total == said_prompt + completion + reasoning
        if not beside:
            reasoning = min(reasoning, completion)
            completion -= reasoning
    if spoken is not None and completion is not None:
        spoken = min(spoken, completion)
        completion -= spoken
    return Usage(
        prompt,
        cached,
        written,
        written_long,
        completion,
        reasoning,
        _cost(usage),
        audio_input=heard,
        audio_output=spoken,
    )


def read_response_usage(usage: Any) -> Usage | None:
    """The same from the words of the Responses API, `{input_tokens, output_tokens, ...}`."""
    if not isinstance(usage, dict):
        return None
    return read_usage({_CHAT_WORDS.get(name, name): value for name, value in usage.items()})


def _cost(usage: Mapping[str, Any]) -> int | None:
    ticks = usage.get("cost_in_usd_ticks")
    if type(ticks) is int and 0 <= ticks < 10**16:
        return round(ticks * _NANO_USD_PER_TICK)
    cost = usage.get("cost")
    if isinstance(cost, int | float) and not isinstance(cost, bool) and 0 <= cost < 10**6:
        return round(cost * 10**9)
    return None


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


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    value = holder.get(name)
    # `type() is int` also keeps out booleans.
    return value if type(value) is int and 0 <= value <= _SANE else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if type(value) is dict else _NOTHING
