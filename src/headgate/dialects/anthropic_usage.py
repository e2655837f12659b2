"""Anthropic's usage object, read into token classes that do not overlap, and written back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.provider.events import Usage

#: A count above this is a vendor's mistake, not a bill.
_SANE = 10**9
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_LIVES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
_NOTHING: Mapping[str, Any] = {}


def read_usage(usage: Any) -> Usage | None:
    """Token classes from `{input_tokens, output_tokens, ...}`; None if it is not one.

    `input_tokens` leaves out what the cache gave or took; `output_tokens` holds the thinking.
    """
    if not isinstance(usage, dict):
        return None
    usage = _with_compactions(usage)
    read, output = _count(usage, "input_tokens"), _count(usage, "output_tokens")
    if read is None and output is None:
        return None
    by_life = _object(usage, "cache_creation")
    short = _count(by_life, "ephemeral_5m_input_tokens")
    long = _count(by_life, "ephemeral_1h_input_tokens")
    written = _count(usage, "cache_creation_input_tokens")
    if written is None and (short is not None or long is not None):
        written = (short or 0) + (long or 0)
    if written is not None and long is not None:
        # The total is what is billed; the split only says how it is divided.
        long = min(long, written)
        written -= long
    thought = _count(_object(usage, "output_tokens_details"), "thinking_tokens")
    if output is not None and thought is not None:
        thought = min(thought, output)
        output -= thought
    return Usage(
        input=read,
        cached_input=_count(usage, "cache_read_input_tokens"),
        cache_write=written,
        cache_write_long=long,
        output=output,
        reasoning=thought,
    )


def _with_compactions(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    """The counts with what it took to sum up the conversation, which is billed like the answer and
    only said beside it. An advisor's or a fallback's tokens are another model's.
    """
    turns = usage.get("iterations")
    made = [
        turn
        for turn in (turns if isinstance(turns, list) else ())
        if isinstance(turn, dict) and turn.get("type") == "compaction"
    ]
    if not made:
        return usage
    split = [_object(one, "cache_creation") for one in (usage, *made)]
    totals = {name: _sum([usage, *made], name) for name in _COUNTS}
    by_life = {name: _sum(split, name) for name in _LIVES}
    return {**usage, **totals, "cache_creation": by_life}


def _sum(holders: list[Mapping[str, Any]], name: str) -> int | None:
    counts = [count for one in holders if (count := _count(one, name)) is not None]
    return sum(counts) if counts else None


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


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    value = holder.get(name)
    # `type() is int` also keeps out booleans.
    return value if type(value) is int and 0 <= value <= _SANE else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if type(value) is dict else _NOTHING
