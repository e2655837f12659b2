"""The order in which targets are tried."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.provider.call import Target
from headgate.routing.order import STRATEGIES, as_written, by_priority, by_weight
from headgate.routing.rule import Candidate

GRID = [(step + 0.5) / 20_000 for step in range(20_000)]


def candidates(*weights: float, priority: int = 0) -> list[Candidate]:
    return [Candidate(Target("p", f"m{n}"), priority, weight) for n, weight in enumerate(weights)]


def names(ordered: list[Candidate]) -> str:
    return "".join(one.target.model[1:] for one in ordered)


@pytest.mark.parametrize(
    "weights", [(1.0, 1.0), (3.0, 1.0), (1.0, 3.0), (0.1, 0.2, 0.7), (5.0, 1.0, 1.0, 3.0)]
)
def test_each_target_comes_first_as_often_as_its_weight_says(weights: tuple[float, ...]) -> None:
    made = candidates(*weights)
    first = Counter(names(by_weight(made, draw))[0] for draw in GRID)
    for index, weight in enumerate(weights):
        assert first[str(index)] / len(GRID) == pytest.approx(weight / sum(weights), abs=0.001)


def test_the_second_place_is_drawn_among_those_that_are_left() -> None:
    made = candidates(6.0, 3.0, 1.0)
    orders = Counter(names(by_weight(made, draw)) for draw in GRID)
    expected = {
        "012": 6 / 10 * 3 / 4,
        "021": 6 / 10 * 1 / 4,
        "102": 3 / 10 * 6 / 7,
        "120": 3 / 10 * 1 / 7,
        "201": 1 / 10 * 6 / 9,
        "210": 1 / 10 * 3 / 9,
    }
    assert set(orders) == set(expected)
    for order, share in expected.items():
        assert orders[order] / len(GRID) == pytest.approx(share, abs=0.002), order


weights = st.floats(1e-6, 1e6)
made = st.lists(st.tuples(st.integers(0, 3), weights), max_size=6).map(
    lambda rows: [Candidate(Target("p", f"m{n}"), p, w) for n, (p, w) in enumerate(rows)]
)


@settings(max_examples=200, deadline=None)
@given(made, st.floats(0, 1, exclude_max=True), st.sampled_from(sorted(STRATEGIES)))
def test_every_target_is_there_exactly_once(
    listed: list[Candidate], draw: float, pick: str
) -> None:
    before = list(listed)
    ordered = STRATEGIES[pick](listed, draw)
    assert Counter(ordered) == Counter(before)
    assert listed == before


@settings(max_examples=100, deadline=None)
@given(made, st.floats(0, 1, exclude_max=True))
def test_a_higher_priority_always_comes_first(listed: list[Candidate], draw: float) -> None:
    priorities = [one.priority for one in by_priority(listed, draw)]
    assert priorities == sorted(priorities, reverse=True)


def test_equals_share_by_weight_inside_their_priority() -> None:
    low = [Candidate(Target("p", "m9"), 0, 100.0)]
    listed = [*low, *candidates(3.0, 1.0, priority=5)]
    orders = Counter(names(by_priority(listed, draw)) for draw in GRID)
    assert set(orders) == {"019", "109"}
    assert orders["019"] / len(GRID) == pytest.approx(0.75, abs=0.001)


def test_the_order_of_the_file_may_decide() -> None:
    listed = [Candidate(Target("p", f"m{n}"), n, 1.0) for n in (1, 3, 2)]
    assert names(as_written(listed, 0.9)) == "132"
