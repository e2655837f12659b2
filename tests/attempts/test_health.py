"""Circuit breakers: when a target is left alone, and how it comes back."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from headgate.attempts.health import Breaker, Health, State, after, released, started
from headgate.provider.call import Target

TARGET, OTHER = Target("p", "m"), Target("p", "other")
MIDDLE = 0.5  # a draw without jitter


def opened(times: int = 1, now: float = 0.0) -> Breaker:
    """A circuit that has opened so often in a row."""
    breaker = Breaker()
    for _ in range(5):
        breaker = after(breaker, True, now, MIDDLE)
    for _ in range(times - 1):
        breaker = after(started(breaker), True, now, MIDDLE)
    return breaker


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ("", State.CLOSED),
        ("ffff", State.CLOSED),
        ("fffff", State.OPEN),
        ("ffffsf", State.CLOSED),
        ("ffffsfffff", State.OPEN),
        ("sssss", State.CLOSED),
    ],
)
def test_five_failures_in_a_row_open_a_circuit(outcomes: str, state: State) -> None:
    breaker = Breaker()
    for outcome in outcomes:
        breaker = after(breaker, outcome == "f", 0.0, MIDDLE)
    assert breaker.state is state


@pytest.mark.parametrize(
    ("times", "seconds"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 300), (20, 300)]
)
def test_a_circuit_stays_open_twice_as_long_each_time(times: int, seconds: float) -> None:
    breaker = opened(times, now=100.0)
    assert not breaker.allows(100.0 + seconds - 0.01)
    assert breaker.allows(100.0 + seconds)


@pytest.mark.parametrize(("draw", "seconds"), [(0.0, 12.0), (0.5, 15.0), (0.999, 17.994)])
def test_the_time_it_stays_open_is_jittered_by_a_fifth(draw: float, seconds: float) -> None:
    breaker = after(Breaker(failures=4), True, 0.0, draw)
    assert breaker.until == pytest.approx(seconds)


def test_an_open_circuit_lets_one_probe_through_and_two_successes_close_it() -> None:
    breaker = opened()
    assert not breaker.allows(1.0)
    breaker = started(breaker)
    assert breaker.state is State.HALF_OPEN
    assert not breaker.allows(20.0)
    breaker = after(breaker, False, 20.0, MIDDLE)
    assert breaker.allows(20.0)
    breaker = after(started(breaker), False, 21.0, MIDDLE)
    assert breaker == Breaker()


def test_a_failed_probe_opens_it_again_for_longer() -> None:
    breaker = after(started(opened()), True, 20.0, MIDDLE)
    assert breaker.state is State.OPEN
    assert breaker.until == 50.0


def test_a_probe_that_says_nothing_makes_room_for_another() -> None:
    breaker = released(started(opened()))
    assert breaker.state is State.HALF_OPEN
    assert breaker.allows(20.0)


def test_calls_that_were_under_way_when_it_opened_do_not_keep_it_open_for_longer() -> None:
    breaker = opened(now=100.0)
    # As many as a busy provider has in flight.
    for _ in range(2000):
        breaker = after(breaker, True, 100.5, MIDDLE)
    assert breaker.allows(116.0)


def test_a_target_that_is_down_for_days_is_still_looked_after() -> None:
    breaker, now = opened(), 0.0
    for _ in range(1200):
        now += 300.0
        breaker = after(started(breaker), True, now, MIDDLE)
    assert not breaker.allows(now)
    assert breaker.allows(now + 400.0)


def test_health_is_kept_for_each_target_apart() -> None:
    health = Health()
    for _ in range(5):
        health.started(TARGET)
        health.settled(TARGET, True, 0.0, MIDDLE)
    assert not health.allows(TARGET, 1.0)
    assert health.allows(OTHER, 1.0)
    assert health.states(1.0) == {TARGET: State.OPEN}


def test_an_open_circuit_whose_time_has_come_is_shown_as_half_open() -> None:
    health = Health()
    for _ in range(5):
        health.settled(TARGET, True, 0.0, MIDDLE)
    assert health.states(14.9) == {TARGET: State.OPEN}
    assert health.states(15.0) == {TARGET: State.HALF_OPEN}


def test_a_target_that_works_is_not_remembered() -> None:
    health = Health()
    health.settled(TARGET, False, 0.0, MIDDLE)
    health.settled(TARGET, None, 0.0, MIDDLE)
    assert health.states(1.0) == {}
    health.settled(TARGET, True, 0.0, MIDDLE)
    assert health.states(1.0) == {TARGET: State.CLOSED}
    health.settled(TARGET, False, 1.0, MIDDLE)
    assert health.states(1.0) == {TARGET: State.CLOSED}
    health.settled(TARGET, False, 31.0, MIDDLE)
    assert health.states(31.0) == {}


class Calls(RuleBasedStateMachine):
    """Calls that begin where they may and end in any order and any way."""

    def __init__(self) -> None:
        super().__init__()
        self.health = Health()
        self.now = 0.0
        self.in_flight = 0
        self.probes = 0

    @rule(seconds=st.sampled_from((0.1, 5.0, 20.0, 400.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.health.allows(TARGET, self.now))
    @rule()
    def a_call_begins(self) -> None:
        self.health.started(TARGET)
        self.in_flight += 1
        state = self.health.states(self.now).get(TARGET, State.CLOSED)
        assert state is not State.OPEN
        if state is State.HALF_OPEN:
            assert not self.health.allows(TARGET, self.now), "a second probe"

    @precondition(lambda self: self.in_flight)
    @rule(failed=st.sampled_from((True, False, None)), draw=st.floats(0, 0.99))
    def a_call_ends(self, failed: bool | None, draw: float) -> None:
        self.health.settled(TARGET, failed, self.now, draw)
        self.in_flight -= 1

    @invariant()
    def nothing_is_shut_for_ever(self) -> None:
        if not self.in_flight:
            assert self.health.allows(TARGET, self.now + 360.0)


Calls.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_no_course_of_calls_shuts_a_target_for_ever = Calls.TestCase


def played(outcomes: str, gap: float = 0.1) -> tuple[Health, float]:
    """A target whose calls end so: `x` fails, `.` does not."""
    health, now = Health(), 1000.0
    for outcome in outcomes:
        now += gap
        health.settled(TARGET, outcome == "x", now, 0.5)
    return health, now


@pytest.mark.parametrize(
    ("outcomes", "gap", "opens"),
    [
        # Half of twenty, never five in a row.
        ("x." * 10 + "x", 0.1, True),
        ("xx.." * 5, 0.1, False),
        ("xx.." * 5 + "x", 0.1, True),
        # Fewer than half, or fewer than twenty.
        ("x.." * 20, 0.1, False),
        ("x." * 9, 0.1, False),
        # As many, but over a longer time: the old ones are forgotten.
        ("x." * 20, 2.0, False),
    ],
)
def test_half_of_twenty_calls_in_thirty_seconds_open_a_circuit(
    outcomes: str, gap: float, opens: bool
) -> None:
    health, now = played(outcomes, gap)
    assert health.allows(TARGET, now) is not opens


def test_a_target_whose_failures_are_long_ago_is_forgotten() -> None:
    health, now = played("x.")
    assert not health.quiet
    health.settled(TARGET, False, now + 31, 0.5)
    assert health.quiet
