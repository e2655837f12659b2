"""The usage objects of the dialects, read into token classes that do not overlap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.provider.events import Usage

#: A count above this is a vendor's mistake, not a bill.
_SANE = 10**9
#: Where vendors without `cached_tokens` in the details say the same.
_CACHED_BESIDE = ("prompt_cache_hit_tokens", "cached_tokens", "num_cached_tokens")
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_LIVES = ("ephemeral_5m_input_tokens", "ephemeral_1h_input_tokens")
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


def chat_usage(usage: Any) -> Usage | None:
    """Token classes from `{prompt_tokens, completion_tokens, ...}`; None if it is not one.

    Cached, cache-write and audio tokens are part of the prompt. Reasoning tokens are part of the
    completion for most vendors; some count them beside it, and a total that is larger than its
    parts gives them away.
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
        cached = _cached_beside(usage)
    made = _object(usage, "completion_tokens_details")
    reasoning, spoken = _count(made, "reasoning_tokens"), _count(made, "audio_tokens") or None
    more = (_count(usage, "total_tokens") or 0) - (prompt or 0) - (completion or 0)
    if prompt is not None:
        if heard is not None and (more == heard or more >= heard > prompt):
            # Some count what they heard beside the prompt.
            prompt, more = prompt + heard, more - heard
        cached = None if cached is None else min(cached, prompt)
        written = None if written is None else min(written, prompt - (cached or 0))
        written_long = None if written_long is None else min(written_long, written or 0)
        prompt -= (cached or 0) + (written or 0)
        heard = None if heard is None else min(heard, prompt)
        prompt -= heard or 0
    if written is not None and written_long is not None:
        written -= written_long
    if completion is not None and _count(usage, "total_tokens") is not None:
        if reasoning is None and more > 0 and completion and prompt is not None:
            reasoning = more
        elif reasoning and reasoning != more:
            reasoning = min(reasoning, completion)
            completion -= reasoning
    elif completion is not None and reasoning:
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


def messages_usage(usage: Any) -> Usage | None:
    """Token classes of a message, from `{input_tokens, output_tokens, ...}`; None where nothing is
    said of any.

    `input_tokens` leaves out what the cache gave or took; `output_tokens` holds the thinking.
    """
    if not isinstance(usage, dict):
        return None
    usage = _with_compactions(usage)
    read, output = _count(usage, "input_tokens"), _count(usage, "output_tokens")
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
    found = Usage(
        input=read,
        cached_input=_count(usage, "cache_read_input_tokens"),
        cache_write=written,
        cache_write_long=long,
        output=output,
        reasoning=thought,
    )
    return None if found == Usage() else found


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


def _cached_beside(usage: Mapping[str, Any]) -> int | None:
    for name in _CACHED_BESIDE:
        if (count := _count(usage, name)) is not None:
            return count
    return None


def responses_usage(usage: Any) -> Usage | None:
    """The same from the words of the Responses API, `{input_tokens, output_tokens, ...}`."""
    if not isinstance(usage, dict):
        return None
    return chat_usage({_CHAT_WORDS.get(name, name): value for name, value in usage.items()})


def _cost(usage: Mapping[str, Any]) -> int | None:
    ticks = usage.get("cost_in_usd_ticks")
    if type(ticks) is int and 0 <= ticks < 10**16:
        return round(ticks * _NANO_USD_PER_TICK)
    cost = usage.get("cost")
    if isinstance(cost, dict):
        cost = cost.get("total_cost")
    paid = _price(cost)
    if paid is None:
        return None
    if usage.get("is_byok") is True:
        # Then `cost` is the router's fee alone: the model's vendor bills a key of the user's own.
        paid += _price(_object(usage, "cost_details").get("upstream_inference_cost")) or 0
    return round(paid * 10**9)


def _price(value: Any) -> float | None:
    good = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**6
    return value if good else None


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    value = holder.get(name)
    # `type() is int` also keeps out booleans.
    return value if type(value) is int and 0 <= value <= _SANE else None


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if type(value) is dict else _NOTHING
