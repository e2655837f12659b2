"""One model's facts, and looking them up.

Prices are integers of nano-USD per million tokens, so that money is never a float:
`tokens * price // 1_000_000` is nano-USD.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import orjson

from headgate.provider.call import Traits

NANO = 10**9


@dataclass(frozen=True, slots=True)
class Price:
    """Nano-USD per million tokens of each class. None: the class is billed like its parent
    (cached input, cache writes and audio heard as input, reasoning and audio spoken as output).
    `search` is nano-USD for one billed unit of a rerank.
    """

    input: int
    output: int
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_long: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    search: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of a whole request whose prompt has more than `above` tokens."""

    above: int
    price: Price


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly stretch of time in UTC: ISO weekdays, and minutes of the day [start, end)."""

    weekdays: frozenset[int]
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class OffPeak:
    """A price that holds inside some windows."""

    price: Price
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about one model of one provider; None where it is not known."""

    provider: str
    model: str
    mode: str = "chat"
    context_window: int | None = None
    max_output_tokens: int | None = None
    price: Price | None = None
    tiers: tuple[Tier, ...] = ()
    off_peak: OffPeak | None = None
    capabilities: frozenset[str] | None = None
    released: str | None = None
    shutdown: str | None = None
    note: str | None = None

    @property
    def traits(self) -> Traits:
        """What a plugin may know of the model."""
        return Traits(self.max_output_tokens, self.context_window, self.capabilities or frozenset())


class Catalogue:
    """Facts by (provider, model). The provider is a catalogue name, not a configured one."""

    def __init__(self, facts: Iterable[Facts]) -> None:
        self._by_name = {(fact.provider, fact.model): fact for fact in facts}
        self._providers: dict[str, list[Facts]] = {}
        for fact in self._by_name.values():
            self._providers.setdefault(fact.model, []).append(fact)

    def find(self, provider: str, model: str) -> Facts | None:
        """The facts about a model, or None."""
        return self._by_name.get((provider, model))

    def serving(self, model: str) -> tuple[Facts, ...]:
        """The facts of every provider that serves a model of this name."""
        return tuple(self._providers.get(model, ()))

    def of(self, provider: str) -> tuple[Facts, ...]:
        """Every model of one provider, in the catalogue's order."""
        return tuple(fact for fact in self._by_name.values() if fact.provider == provider)

    def __len__(self) -> int:
        return len(self._by_name)


def load() -> Catalogue:
    """The catalogue that ships with the package."""
    data = orjson.loads(files("headgate.catalogue").joinpath("models.json").read_bytes())
    return Catalogue(map(_facts, data["models"]))


def override(known: Facts | None, name: tuple[str, str], fields: Mapping[str, Any]) -> Facts:
    """Facts with an operator's corrections: `fields` as in `models:` of gateway.yaml."""
    facts = known or Facts(*name)
    old = facts.price or Price(0, 0)
    prices = {
        name.removesuffix("_per_mtok"): _nano(value)
        for name, value in fields.items()
        if name.endswith("_per_mtok") and value is not None
    }
    changes: dict[str, Any] = {
        name: value
        for name, value in fields.items()
        if not name.endswith("_per_mtok") and value is not None
    }
    if (capabilities := changes.get("capabilities")) is not None:
        changes["capabilities"] = frozenset(capabilities)
    if prices:
        # An operator who names a price means it, whatever the size or the hour of the call.
        changes |= {"price": replace(old, **prices), "tiers": (), "off_peak": None}
    return replace(facts, **changes)


def _facts(entry: Mapping[str, Any]) -> Facts:
    price = _price(entry, "_per_mtok")
    return Facts(
        provider=entry["provider"],
        model=entry["model"],
        mode=entry["mode"],
        context_window=entry["context_window"],
        max_output_tokens=entry["max_output_tokens"],
        price=price,
        tiers=tuple(
            Tier(tier["above"], _price(tier, "", price) or Price(0, 0))
            for tier in entry.get("tiers", ())
        ),
        off_peak=_off_peak(entry.get("off_peak"), price),
        capabilities=frozenset(entry["capabilities"]),
        released=entry["released"],
        shutdown=entry["deprecated"],
        note=entry.get("note"),
    )


def _price(entry: Mapping[str, Any], suffix: str, base: Price | None = None) -> Price | None:
    def nano(name: str) -> int | None:
        value = entry.get(name + suffix)
        return None if value is None else _nano(value)

    def unit(name: str) -> int | None:
        value = entry.get("unit", {}).get(name)
        return None if value is None else _nano(value)

    given_input, given_output = nano("input"), nano("output")
    if given_input is None and given_output is None:
        return None
    long = nano("cache_write_1h")
    return Price(
        given_input or 0,
        given_output or 0,
        nano("cached_input"),
        nano("cache_write"),
        long if long is not None else nano("cache_write_12h") or _scaled_long(base, entry, suffix),
        unit("audio_in_per_mtok") or (base.audio_input if base else None),
        unit("audio_out_per_mtok") or (base.audio_output if base else None),
        unit("per_query"),
    )


def _scaled_long(base: Price | None, entry: Mapping[str, Any], suffix: str) -> int | None:
    """A tier's price of long-lived cache entries: in the proportion of its input price."""
    if base is None or base.cache_write_long is None or not base.input:
        return None
    return base.cache_write_long * _nano(entry["input" + suffix]) // base.input


def _off_peak(entry: Mapping[str, Any] | None, base: Price | None) -> OffPeak | None:
    if entry is None:
        return None
    price = _price(entry, "", base)
    return OffPeak(price, tuple(_windows(entry["windows_utc"]))) if price else None


def _windows(entries: Iterable[Mapping[str, Any]]) -> Iterable[Window]:
    for entry in entries:
        hours = entry["hours_utc"]
        for stretch in [hours] if isinstance(hours, str) else hours:
            start, end = (_minutes(text) for text in stretch.split("-"))
            yield Window(frozenset(entry["weekdays"]), start, end or 24 * 60)


def _minutes(text: str) -> int:
    hour, minute = text.split(":")
    return int(hour) * 60 + int(minute)


def _nano(usd: float) -> int:
    return round(usd * NANO)
