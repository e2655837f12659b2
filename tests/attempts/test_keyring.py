"""Several keys of one provider: which is used, and which rests."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.attempts.keyring import COOL_SECONDS, DISABLED_SECONDS, Keyring
from headgate.attempts.link import RETRY_FLOOR, Link
from headgate.attempts.policy import KeyEffect
from headgate.provider.base import Provider
from headgate.provider.secret import Secret
from headgate.routing.rule import Clocks


def ring(keys: int = 3) -> Keyring:
    return Keyring([Secret(f"sk-0123456789-{n:04}") for n in range(keys)])


def test_the_first_rested_key_is_used() -> None:
    keys = ring()
    assert keys.pick(0.0) == 0
    keys.effect(0, KeyEffect.COOLS, 5.0, 0.0)
    assert keys.pick(1.0) == 1
    assert keys.pick(5.0) == 0


@pytest.mark.parametrize(
    ("effect", "wait", "rests"),
    [
        (KeyEffect.NONE, 60.0, 0.0),
        (KeyEffect.COOLS, None, COOL_SECONDS),
        (KeyEffect.COOLS, 42.0, 42.0),
        (KeyEffect.COOLS, 0.0, 0.0),
        (KeyEffect.COOLS, 10.0**7, 3600.0),
        (KeyEffect.DISABLED, None, DISABLED_SECONDS),
        (KeyEffect.DISABLED, 1.0, DISABLED_SECONDS),
    ],
)
def test_a_key_rests_as_long_as_its_failure_says(
    effect: KeyEffect, wait: float | None, rests: float
) -> None:
    keys = ring(1)
    keys.effect(0, effect, wait, 100.0)
    assert keys.usable(100.0 + rests)
    assert rests == 0.0 or not keys.usable(100.0 + rests - 0.01)


def test_a_shorter_rest_does_not_end_a_longer_one() -> None:
    keys = ring(1)
    keys.effect(0, KeyEffect.DISABLED, None, 0.0)
    keys.effect(0, KeyEffect.COOLS, 1.0, 0.0)
    assert not keys.usable(2.0)


def test_a_key_that_this_call_has_used_is_left_out() -> None:
    keys = ring(2)
    assert keys.pick(0.0, frozenset({0})) == 1
    assert keys.usable(0.0, frozenset({0}))
    assert not keys.usable(0.0, frozenset({0, 1}))


def test_the_last_key_is_never_shut_out() -> None:
    keys = ring(2)
    keys.effect(0, KeyEffect.DISABLED, None, 0.0)
    keys.effect(1, KeyEffect.COOLS, 5.0, 0.0)
    assert not keys.usable(1.0)
    assert keys.pick(1.0) == 1
    assert keys.pick(1.0, frozenset({0, 1})) == 1


def test_a_provider_without_keys_is_usable() -> None:
    keys = ring(0)
    assert keys.usable(0.0)
    assert keys.pick(0.0) is None
    assert keys.secret(None) is None
    keys.effect(None, KeyEffect.DISABLED, None, 0.0)
    assert keys.up(0.0) == []


def test_the_state_of_the_keys_shows_no_secret() -> None:
    keys = ring(2)
    keys.effect(1, KeyEffect.DISABLED, None, 0.0)
    assert keys.up(1.0) == [("…0000", True), ("…0001", False)]


effects = st.tuples(
    st.integers(0, 2), st.sampled_from(KeyEffect), st.none() | st.floats(0, 100), st.floats(0, 50)
)


@settings(max_examples=100, deadline=None)
@given(st.lists(effects, max_size=8), st.floats(0, 500), st.frozensets(st.integers(0, 2)))
def test_a_picked_key_is_rested_and_new_to_the_call_wherever_one_is(
    made: list[tuple[int, KeyEffect, float | None, float]], now: float, used: frozenset[int]
) -> None:
    keys = ring()
    for index, effect, wait, at in made:
        keys.effect(index, effect, wait, at)
    picked = keys.pick(now, used)
    assert picked is not None
    if keys.usable(now, used):
        assert picked not in used
        assert keys.up(now)[picked][1]


@pytest.mark.parametrize(
    ("in_flight", "retrying", "allowed"),
    [
        (0, 0, True),
        (1, RETRY_FLOOR - 1, True),
        (1, RETRY_FLOOR, False),
        (100, 19, True),
        (100, 20, False),
    ],
)
def test_retries_are_a_fifth_of_the_calls_in_flight_and_at_least_three(
    in_flight: int, retrying: int, allowed: bool
) -> None:
    link = Link("p", Provider(), ring(), Clocks(), in_flight=in_flight, retrying=retrying)
    assert link.retry_allowed is allowed


def test_a_provider_is_full_when_as_many_calls_run_as_it_may_have() -> None:
    link = Link("p", Provider(), ring(), Clocks(), concurrency=2, in_flight=1)
    assert not link.full
    link.in_flight += 1
    assert link.full
