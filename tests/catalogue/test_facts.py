"""The catalogue that ships with the package."""

from __future__ import annotations

from datetime import date
from importlib.resources import files

import orjson
import pytest

from headgate.catalogue.facts import Catalogue, Facts, OffPeak, Price, Tier, Window, load, override

SHIPPED = load()
ENTRIES = orjson.loads(files("headgate.catalogue").joinpath("models.json").read_bytes())["models"]


def test_every_model_of_the_catalogue_loads_under_its_own_name() -> None:
    assert len(SHIPPED) == len(ENTRIES)
    for entry in ENTRIES:
        facts = SHIPPED.find(entry["provider"], entry["model"])
        assert facts is not None
        assert facts.mode == entry["mode"]


def test_every_price_is_the_one_that_is_written() -> None:
    for entry in ENTRIES:
        facts = SHIPPED.find(entry["provider"], entry["model"])
        assert facts is not None
        written = entry.get("input_per_mtok"), entry.get("output_per_mtok")
        if written == (None, None):
            assert facts.price is None
            continue
        assert facts.price is not None
        assert facts.price.input == round((written[0] or 0) * 10**9)
        assert facts.price.output == round((written[1] or 0) * 10**9)


def test_every_figure_makes_sense() -> None:
    for entry in ENTRIES:
        facts = SHIPPED.find(entry["provider"], entry["model"])
        assert facts is not None
        name = f"{facts.provider}/{facts.model}"
        for price in (facts.price, *(tier.price for tier in facts.tiers)):
            if price is not None:
                assert 0 <= price.input < 10**13, name
                assert 0 <= price.output < 10**13, name
                assert price.cached_input is None or price.cached_input <= price.input, name
        for tier in facts.tiers:
            assert facts.price is not None, name
            assert tier.price.input >= facts.price.input, name
        assert facts.context_window is None or facts.context_window > 0, name
        for day in (facts.released, facts.shutdown):
            assert day is None or date.fromisoformat(day), name
        if facts.off_peak is not None:
            for window in facts.off_peak.windows:
                assert window.weekdays <= set(range(1, 8)), name
                assert 0 <= window.start < window.end <= 1440, name


def test_long_lived_cache_entries_have_a_price_of_their_own_in_a_tier_too() -> None:
    facts = SHIPPED.find("openai", "gpt-6-luna")
    assert facts is not None
    assert facts.price == Price(100_000_000, 500_000_000, 10_000_000, 125_000_000, 250_000_000)
    assert facts.tiers == (
        Tier(272_000, Price(200_000_000, 750_000_000, 20_000_000, 250_000_000, 500_000_000)),
    )


def test_a_model_is_found_by_its_provider_and_by_its_name() -> None:
    one, two = Facts("a", "m"), Facts("b", "m")
    catalogue = Catalogue([one, two, Facts("a", "n")])
    assert catalogue.find("a", "m") == one
    assert catalogue.find("c", "m") is None
    assert catalogue.serving("m") == (one, two)
    assert [facts.model for facts in catalogue.of("a")] == ["m", "n"]


KNOWN = Facts(
    "p",
    "m",
    context_window=8,
    price=Price(5, 6, 1),
    tiers=(Tier(4, Price(9, 9)),),
    off_peak=OffPeak(Price(1, 1), (Window(frozenset({1}), 0, 60),)),
    capabilities=frozenset({"tools"}),
)


@pytest.mark.parametrize(
    ("fields", "name", "expected"),
    [
        ({"context_window": 16}, "context_window", 16),
        ({"context_window": None}, "context_window", 8),
        ({"capabilities": ["vision"]}, "capabilities", frozenset({"vision"})),
        ({"capabilities": []}, "capabilities", frozenset()),
        ({"input_per_mtok": 2}, "price", Price(2 * 10**9, 6, 1)),
        ({"input_per_mtok": 0, "output_per_mtok": 0}, "price", Price(0, 0, 1)),
        ({"input_per_mtok": 2}, "tiers", ()),
        ({"input_per_mtok": 2}, "off_peak", None),
        ({"context_window": 16}, "tiers", KNOWN.tiers),
    ],
)
def test_an_operator_corrects_what_the_catalogue_says(
    fields: dict[str, object], name: str, expected: object
) -> None:
    assert getattr(override(KNOWN, ("p", "m"), fields), name) == expected


def test_an_operator_may_describe_a_model_nobody_knows() -> None:
    facts = override(None, ("local", "llama"), {"context_window": 4096, "input_per_mtok": 0.5})
    assert facts == Facts("local", "llama", context_window=4096, price=Price(500_000_000, 0))
