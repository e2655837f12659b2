"""From tokens to money, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.accounting.prices import cost, effective
from headgate.catalogue.facts import Facts, OffPeak, Price, Tier, Window, load
from headgate.provider.events import Usage

DOLLAR = 10**9
MILLION = 1_000_000


def usd(amount: float) -> int:
    return round(amount * DOLLAR)


#: USD per million: 3 in, 15 out, 0.30 cached, 3.75 written, 6 written for long.
FULL = Facts(
    "p", "m", price=Price(usd(3), usd(15), usd(0.3), usd(3.75), usd(6)), context_window=10**6
)
BARE = Facts("p", "m", price=Price(usd(3), usd(15)))


@pytest.mark.parametrize(
    ("usage", "facts", "expected"),
    [
        (Usage(input=MILLION), FULL, usd(3)),
        (Usage(output=MILLION), FULL, usd(15)),
        (Usage(reasoning=MILLION), FULL, usd(15)),
        (Usage(cached_input=MILLION), FULL, usd(0.3)),
        (Usage(cache_write=MILLION), FULL, usd(3.75)),
        (Usage(cache_write_long=MILLION), FULL, usd(6)),
        (
            Usage(1000, 2000, 300, 40, 500, 60),
            FULL,
            3_000_000 + 600_000 + 1_125_000 + 240_000 + 8_400_000,
        ),
        (Usage(cached_input=MILLION), BARE, usd(3)),
        (Usage(cache_write=MILLION), BARE, usd(3)),
        (Usage(cache_write_long=MILLION), BARE, usd(3)),
        (Usage(), FULL, 0),
        (Usage(input=5), Facts("p", "m"), None),
        (Usage(input=5), None, None),
        (Usage(input=MILLION, output=MILLION), Facts("p", "m", price=Price(0, 0)), 0),
    ],
)
def test_every_class_of_tokens_has_its_price(
    usage: Usage, facts: Facts | None, expected: int | None
) -> None:
    assert cost(usage, facts, 0.0) == expected


@pytest.mark.parametrize(
    ("price", "tokens", "expected"),
    [(499_999, 1, 0), (500_000, 1, 1), (1, 1_500_000, 2), (1, 1_499_999, 1)],
)
def test_a_sum_is_rounded_once_and_half_up(price: int, tokens: int, expected: int) -> None:
    assert cost(Usage(input=tokens), Facts("p", "m", price=Price(price, 0)), 0.0) == expected


def test_parts_of_a_nano_dollar_are_added_before_they_are_rounded() -> None:
    facts = Facts("p", "m", price=Price(400_000, 400_000))
    assert cost(Usage(input=1, output=1), facts, 0.0) == 1


TIERED = Facts(
    "p",
    "m",
    price=Price(usd(2), usd(10), usd(0.2)),
    tiers=(Tier(272_000, Price(usd(4), usd(15), usd(0.4))),),
)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (Usage(input=272_000), 272_000 * 2000),
        (Usage(input=272_001), 272_001 * 4000),
        (Usage(input=1, cached_input=272_000), 4000 + 272_000 * 400),
        (Usage(input=272_000, output=MILLION), 272_000 * 2000 + usd(10)),
        (Usage(input=272_001, output=MILLION), 272_001 * 4000 + usd(15)),
    ],
)
def test_a_prompt_above_a_tier_makes_the_whole_request_dearer(usage: Usage, expected: int) -> None:
    assert cost(usage, TIERED, 0.0) == expected


def test_xai_bills_a_prompt_of_exactly_200000_tokens_at_the_higher_price() -> None:
    facts = load().find("xai", "grok-4.7")
    assert facts is not None
    assert effective(facts, 199_999, 0.0) == facts.price
    assert effective(facts, 200_000, 0.0).input == usd(4)


def test_openai_bills_a_prompt_of_exactly_272000_tokens_at_the_lower_price() -> None:
    facts = load().find("openai", "gpt-6-luna")
    assert facts is not None
    assert effective(facts, 272_000, 0.0) == facts.price
    assert effective(facts, 272_001, 0.0).input == usd(0.2)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


CHEAP = Price(1, 1)
NIGHTLY = Facts(
    "p",
    "m",
    price=Price(2, 2),
    off_peak=OffPeak(
        CHEAP,
        (
            Window(frozenset({1, 2, 3, 4, 5}), 0, 60),
            Window(frozenset({1, 2, 3, 4, 5}), 600, 1440),
            Window(frozenset({6, 7}), 0, 1440),
        ),
    ),
)


@pytest.mark.parametrize(
    ("moment", "cheap"),
    [
        ("2026-11-20T00:00:00", True),
        ("2026-11-20T00:59:59", True),
        ("2026-11-20T01:00:00", False),
        ("2026-11-20T09:59:59", False),
        ("2026-11-20T10:00:00", True),
        ("2026-11-20T23:59:59", True),
        ("2026-11-21T05:00:00", True),
        ("2026-11-22T05:00:00", True),
        ("2026-11-23T05:00:00", False),
    ],
)
def test_an_off_peak_price_holds_inside_its_windows_in_utc(moment: str, cheap: bool) -> None:
    assert (effective(NIGHTLY, 5, at(moment)) == CHEAP) is cheap


counts = st.none() | st.integers(0, 10**7)
prices = st.integers(0, 10**12)


@settings(max_examples=200, deadline=None)
@given(
    st.builds(lambda *said: Usage(*said), *[counts] * 6),  # noqa: PLW0108 - no other fields
    st.builds(Price, prices, prices, st.none() | prices, st.none() | prices, st.none() | prices),
)
def test_a_cost_is_a_whole_number_and_never_negative(usage: Usage, price: Price) -> None:
    known = cost(usage, Facts("p", "m", price=price), 0.0)
    assert type(known) is int
    assert known >= 0
    assert known <= (usage.prompt + usage.completion) * 10**12 // MILLION + 1
