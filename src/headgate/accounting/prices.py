"""From tokens to nano-USD."""

from __future__ import annotations

from datetime import UTC, datetime

from headgate.catalogue.facts import Facts, OffPeak, Price
from headgate.provider.events import Usage

_MILLION = 1_000_000


def cost(usage: Usage, facts: Facts | None, at: float) -> int | None:
    """What `usage` costs in nano-USD; None where no price is known. `at` is Unix seconds."""
    if facts is None or facts.price is None:
        return None
    price = effective(facts, usage.prompt, at)
    total = (usage.searches or 0) * (price.search or 0) * _MILLION
    total += _billed(usage, price)
    # Rounded once, at the end, half up.
    return (total + _MILLION // 2) // _MILLION


def _billed(usage: Usage, price: Price) -> int:
    """Nano-USD times a million for the tokens."""
    if usage.billed_input is not None or usage.billed_output is not None:
        return (usage.billed_input or 0) * price.input + (usage.billed_output or 0) * price.output
    total = (usage.input or 0) * price.input
    total += (usage.cached_input or 0) * _or(price.cached_input, price.input)
    total += (usage.cache_write or 0) * _or(price.cache_write, price.input)
    total += (usage.cache_write_long or 0) * _or(
        price.cache_write_long, _or(price.cache_write, price.input)
    )
    total += (usage.audio_input or 0) * _or(price.audio_input, price.input)
    total += ((usage.output or 0) + (usage.reasoning or 0)) * price.output
    total += (usage.audio_output or 0) * _or(price.audio_output, price.output)
    return total


def effective(facts: Facts, prompt_tokens: int, at: float) -> Price:
    """The price that holds for a prompt of this size at this time."""
    price = facts.price or Price(0, 0)
    if facts.off_peak is not None and in_windows(facts.off_peak, at):
        price = facts.off_peak.price
    for tier in facts.tiers:
        if prompt_tokens > tier.above:
            price = tier.price
    return price


def in_windows(off_peak: OffPeak, at: float) -> bool:
    """Whether a moment lies in an off-peak window."""
    moment = datetime.fromtimestamp(at, UTC)
    minute = moment.hour * 60 + moment.minute
    return any(
        moment.isoweekday() in window.weekdays and window.start <= minute < window.end
        for window in off_peak.windows
    )


def _or(price: int | None, fallback: int) -> int:
    return fallback if price is None else price
