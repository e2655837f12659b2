"""Anthropic's usage as token classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_anthropic.foreign_json import count, mapping

_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_LIVES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")


def read_usage(usage: Mapping[str, Any]) -> hg.Usage:
    """Anthropic's prompt classes do not overlap; its output includes the thinking. Summing up the
    conversation is billed like the answer and only said beside it.
    """
    usage = _with_compactions(usage)
    split, details = mapping(usage.get("cache_creation")), usage.get("output_tokens_details")
    long, short = (count(split, f"ephemeral_{ttl}_input_tokens") for ttl in ("1h", "5m"))
    written = count(usage, "cache_creation_input_tokens")
    if written is not None:
        long = None if long is None else min(long, max(0, written))
        short = max(0, written - (long or 0))
    output, thought = count(usage, "output_tokens"), count(mapping(details), "thinking_tokens")
    return hg.Usage(
        input=count(usage, "input_tokens"),
        cached_input=count(usage, "cache_read_input_tokens"),
        cache_write=short,
        cache_write_long=long,
        output=None if output is None else max(0, output - (thought or 0)),
        reasoning=thought,
    )


def _with_compactions(usage: Mapping[str, Any]) -> Mapping[str, Any]:
    turns = usage.get("iterations")
    made = [
        mapping(turn)
        for turn in (turns if isinstance(turns, list) else ())
        if mapping(turn).get("type") == "compaction"
    ]
    if not made:
        return usage
    split = [mapping(one.get("cache_creation")) for one in (usage, *made)]
    totals = {name: _sum([usage, *made], name) for name in _COUNTS}
    return {**usage, **totals, "cache_creation": {name: _sum(split, name) for name in _LIVES}}


def _sum(holders: list[Mapping[str, Any]], name: str) -> int | None:
    counts = [said for one in holders if (said := count(one, name)) is not None]
    return sum(counts) if counts else None
