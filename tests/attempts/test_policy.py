"""What is done after a failure, case by case."""

from __future__ import annotations

import pytest

from headgate.attempts.policy import (
    LONGEST_WAIT,
    REACTIONS,
    KeyEffect,
    Moment,
    Past,
    Same,
    Stop,
    Try,
    next_step,
)
from headgate.catalogue.facts import Facts
from headgate.config.schema import FALLBACK_KINDS
from headgate.provider.call import Target
from headgate.provider.failure import Failure, Kind
from headgate.routing.rule import Plan, Planned, Policy

NOW = Moment(now=100.0, deadline=160.0, draw=0.5)


def plan(
    targets: int = 2,
    *windows: int | None,
    per_target: int = 1,
    total: int = 3,
    more: frozenset[Kind] = frozenset(),
) -> Plan:
    planned = [
        Planned(Target("p", f"m{n}"), Facts("p", f"m{n}", context_window=window))
        for n, window in enumerate(windows or (None,) * targets)
    ]
    return Plan("r", tuple(planned), Policy(per_target, total, frozenset(FALLBACK_KINDS) | more))


def past(index: int, kind: Kind, wait: float | None = None, committed: bool = False) -> Past:
    return Past(index, Failure(kind, f"{kind} at {index}", retry_after=wait), committed)


CALLERS_FAULT = (Same.NO, False, KeyEffect.NONE, False)
ELSEWHERE = (Same.NO, True, KeyEffect.NONE, False)
ROWS = {
    Kind.INVALID_REQUEST: CALLERS_FAULT,
    Kind.TOO_LARGE: CALLERS_FAULT,
    Kind.UNSUPPORTED_MEDIA: CALLERS_FAULT,
    Kind.CONTEXT_LENGTH: ELSEWHERE,
    Kind.CONTENT_FILTER: ELSEWHERE,
    Kind.MODEL_NOT_FOUND: ELSEWHERE,
    Kind.UNSUPPORTED: ELSEWHERE,
    Kind.RATE_LIMITED: (Same.AFTER_HINT, True, KeyEffect.COOLS, False),
    Kind.QUOTA_EXHAUSTED: (Same.OTHER_KEY, True, KeyEffect.DISABLED, False),
    Kind.CREDENTIALS: (Same.OTHER_KEY, True, KeyEffect.DISABLED, False),
    Kind.OVERLOADED: (Same.BACKOFF, True, KeyEffect.NONE, True),
    Kind.SERVER_ERROR: (Same.BACKOFF, True, KeyEffect.NONE, True),
    Kind.CONNECTION: (Same.AT_ONCE, True, KeyEffect.NONE, True),
    Kind.TIMEOUT: (Same.NO, True, KeyEffect.NONE, True),
    Kind.GARBLED: (Same.BACKOFF, True, KeyEffect.NONE, True),
    Kind.CUT: (Same.BACKOFF, True, KeyEffect.NONE, True),
    Kind.PLUGIN: ELSEWHERE,
    Kind.SHED: ELSEWHERE,
    Kind.UNAUTHENTICATED: CALLERS_FAULT,
    Kind.FORBIDDEN: CALLERS_FAULT,
    Kind.NOT_FOUND: CALLERS_FAULT,
    Kind.METHOD_NOT_ALLOWED: CALLERS_FAULT,
    Kind.SLOW_CLIENT: CALLERS_FAULT,
    Kind.CONFLICT: CALLERS_FAULT,
    Kind.OVER_LIMIT: CALLERS_FAULT,
    Kind.OVER_BUDGET: CALLERS_FAULT,
    Kind.CANCELLED: CALLERS_FAULT,
}


def test_the_failure_table_is_complete() -> None:
    assert set(REACTIONS) == set(Kind) == set(ROWS)


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_its_row(kind: Kind) -> None:
    row = REACTIONS[kind]
    assert (row.same, row.next_target, row.key, row.breaker) == ROWS[kind]


@pytest.mark.parametrize(
    ("targets", "history", "expected"),
    [
        pytest.param(2, [], Try(0), id="the first target first"),
        pytest.param(2, [past(0, Kind.OVERLOADED)], Try(1), id="overloaded: elsewhere at once"),
        pytest.param(
            1, [past(0, Kind.OVERLOADED)], Try(0, 0.125), id="overloaded: after a backoff"
        ),
        pytest.param(1, [past(0, Kind.SERVER_ERROR)], Try(0, 0.125), id="server error"),
        pytest.param(1, [past(0, Kind.GARBLED)], Try(0, 0.125), id="garbled"),
        pytest.param(1, [past(0, Kind.CUT)], Try(0, 0.125), id="cut before it was committed"),
        pytest.param(1, [past(0, Kind.OVERLOADED, 3)], Try(0, 3), id="overloaded: with a hint"),
        pytest.param(1, [past(0, Kind.OVERLOADED, 60)], None, id="overloaded: too long a hint"),
        pytest.param(1, [past(0, Kind.OVERLOADED)] * 2, None, id="two attempts a target"),
        pytest.param(
            2,
            [past(0, Kind.OVERLOADED), past(1, Kind.OVERLOADED)],
            Try(0, 0.125),
            id="back to the first",
        ),
        pytest.param(
            2,
            [past(0, Kind.OVERLOADED), past(1, Kind.OVERLOADED), past(0, Kind.OVERLOADED)],
            Try(1, 0.125),
            id="then to the second",
        ),
        pytest.param(5, [past(n, Kind.TIMEOUT) for n in range(4)], None, id="four attempts in all"),
        pytest.param(
            1, [past(0, Kind.RATE_LIMITED, 2)], Try(0, 2), id="rate limit: after its wait"
        ),
        pytest.param(1, [past(0, Kind.RATE_LIMITED, 11)], None, id="rate limit: too long a wait"),
        pytest.param(1, [past(0, Kind.RATE_LIMITED)], None, id="rate limit: no word of a wait"),
        pytest.param(2, [past(0, Kind.RATE_LIMITED, 2)], Try(1), id="rate limit: elsewhere first"),
        pytest.param(
            2,
            [past(0, Kind.RATE_LIMITED, 2), past(1, Kind.TIMEOUT)],
            Try(0, 2),
            id="rate limit: waited for when nothing else is left",
        ),
        pytest.param(2, [past(0, Kind.CONNECTION)], Try(0), id="connection: once more at once"),
        pytest.param(2, [past(0, Kind.CONNECTION)] * 2, Try(1), id="connection: then elsewhere"),
        pytest.param(1, [past(0, Kind.CONNECTION)] * 2, None, id="connection: then no more"),
        pytest.param(2, [past(0, Kind.TIMEOUT)], Try(1), id="timeout: elsewhere"),
        pytest.param(1, [past(0, Kind.TIMEOUT)], None, id="timeout: never the same again"),
        pytest.param(2, [past(0, Kind.CREDENTIALS)], Try(1), id="credentials: no other key"),
        pytest.param(1, [past(0, Kind.CREDENTIALS)], None, id="credentials: nowhere to go"),
        pytest.param(2, [past(0, Kind.PLUGIN)], Try(1), id="plugin"),
        pytest.param(2, [past(0, Kind.UNSUPPORTED)], Try(1), id="unsupported"),
        pytest.param(2, [past(0, Kind.MODEL_NOT_FOUND)], Try(1), id="model not found"),
        pytest.param(2, [past(0, Kind.SHED, 1)], Try(1), id="full: elsewhere"),
        pytest.param(2, [past(0, Kind.CONTENT_FILTER)], None, id="a filter is not walked around"),
        pytest.param(2, [past(0, Kind.OVERLOADED, committed=True)], None, id="committed"),
    ],
)
def test_a_history_has_one_next_step(
    targets: int, history: list[Past], expected: Try | None
) -> None:
    step = next_step(plan(targets), history, NOW)
    assert step == expected if expected else isinstance(step, Stop)


@pytest.mark.parametrize(
    "kind", [kind for kind, row in ROWS.items() if row == CALLERS_FAULT], ids=str
)
def test_the_callers_mistake_is_told_at_once(kind: Kind) -> None:
    assert isinstance(next_step(plan(3), [past(0, kind)], NOW), Stop)


@pytest.mark.parametrize("kind", [Kind.CREDENTIALS, Kind.QUOTA_EXHAUSTED])
def test_another_key_is_tried_at_once_as_often_as_there_is_one(kind: Kind) -> None:
    moment = NOW._replace(spare_key=True)
    for times in (1, 2, 3):
        assert next_step(plan(2), [past(0, kind)] * times, moment) == Try(0)
    assert isinstance(next_step(plan(2), [past(0, kind)] * 4, moment), Stop)


def test_a_route_may_allow_a_way_around_the_filter() -> None:
    opted = plan(2, more=frozenset({Kind.CONTENT_FILTER}))
    assert next_step(opted, [past(0, Kind.CONTENT_FILTER)], NOW) == Try(1)


LONG = past(0, Kind.CONTEXT_LENGTH)


@pytest.mark.parametrize(
    ("windows", "history", "expected"),
    [
        pytest.param((8, 4, 32), [LONG], Try(2), id="the larger one"),
        pytest.param((8, 8), [LONG], None, id="none is larger"),
        pytest.param((8, None), [LONG], None, id="an unknown window is not known to be larger"),
        pytest.param((None, 8), [LONG], Try(1), id="a known one where ours is unknown"),
        pytest.param(
            (8, 32, 4), [LONG, past(1, Kind.TIMEOUT)], None, id="remembered over another failure"
        ),
        pytest.param(
            (8, 32, 64, 4), [LONG, past(1, Kind.TIMEOUT)], Try(2), id="and a larger one is found"
        ),
        pytest.param(
            (8, 32),
            [past(0, Kind.OVERLOADED), past(1, Kind.CONTEXT_LENGTH)],
            None,
            id="no way back to a smaller one",
        ),
        pytest.param(
            (32, 8),
            [past(0, Kind.OVERLOADED), past(1, Kind.CONTEXT_LENGTH)],
            Try(0, 0.125),
            id="a way back to a larger one",
        ),
    ],
)
def test_too_long_a_prompt_goes_only_to_a_larger_window(
    windows: tuple[int | None, ...], history: list[Past], expected: Try | None
) -> None:
    step = next_step(plan(0, *windows), history, NOW)
    assert step == expected if expected else isinstance(step, Stop)


@pytest.mark.parametrize(
    ("targets", "history", "shut", "expected"),
    [
        pytest.param(3, [], {0}, Try(1), id="shut targets are passed over"),
        pytest.param(3, [], {0, 1, 2}, Try(0), id="never all of them"),
        pytest.param(3, [past(0, Kind.TIMEOUT)], {1}, Try(2), id="also later"),
        pytest.param(2, [past(0, Kind.TIMEOUT)], {1}, Try(1), id="the last one standing"),
        pytest.param(
            2, [past(0, Kind.CONNECTION)], {0}, Try(1), id="the failure that opened the circuit"
        ),
        pytest.param(1, [past(0, Kind.CONNECTION)], {0}, Try(0), id="the only target, once more"),
        pytest.param(
            2,
            [past(0, Kind.OVERLOADED), past(1, Kind.OVERLOADED)],
            {0},
            Try(1, 0.125),
            id="of two that may be asked again the open one",
        ),
    ],
)
def test_a_target_that_is_shut_is_asked_only_where_no_other_is_open(
    targets: int, history: list[Past], shut: set[int], expected: Try
) -> None:
    assert next_step(plan(targets), history, NOW._replace(shut=frozenset(shut))) == expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(Kind.OVERLOADED, Try(1)), (Kind.CONNECTION, Try(1)), (Kind.RATE_LIMITED, Try(1))],
)
def test_a_used_up_retry_budget_leaves_only_other_targets(kind: Kind, expected: Try) -> None:
    moment = NOW._replace(retry_allowed=False)
    assert next_step(plan(2), [past(0, kind, 1)], moment) == expected
    assert isinstance(next_step(plan(1), [past(0, kind, 1)], moment), Stop)


@pytest.mark.parametrize("now", [160.0, 161.0, 159.0])
def test_nothing_begins_that_cannot_end_before_the_deadline(now: float) -> None:
    moment = NOW._replace(now=now)
    assert isinstance(next_step(plan(1), [past(0, Kind.RATE_LIMITED, 1.5)], moment), Stop)


@pytest.mark.parametrize(("tries", "longest"), [(1, 0.25), (2, 0.5), (3, 1.0), (6, 8.0), (20, 8.0)])
def test_a_backoff_doubles_up_to_a_cap_with_full_jitter(tries: int, longest: float) -> None:
    patient = plan(1, per_target=5000, total=5000)
    history = [past(0, Kind.OVERLOADED)] * tries
    assert next_step(patient, history, NOW._replace(draw=0.0)) == Try(0, 0.0)
    step = next_step(patient, history, NOW._replace(draw=0.999))
    assert isinstance(step, Try)
    assert step.delay == pytest.approx(longest * 0.999)
    assert step.delay <= LONGEST_WAIT


@pytest.mark.parametrize("per_target", [0, 1, 3])
def test_a_route_says_how_often_a_target_is_asked_again(per_target: int) -> None:
    history: list[Past] = []
    while isinstance(step := next_step(plan(1, per_target=per_target, total=9), history, NOW), Try):
        history.append(past(step.index, Kind.OVERLOADED))
    assert len(history) == per_target + 1


@pytest.mark.parametrize(
    ("history", "kind", "wait"),
    [
        ([past(0, Kind.OVERLOADED), past(1, Kind.TIMEOUT)], Kind.TIMEOUT, None),
        ([past(0, Kind.OVERLOADED), past(1, Kind.UNSUPPORTED)], Kind.OVERLOADED, None),
        ([past(0, Kind.UNSUPPORTED), past(1, Kind.UNSUPPORTED)], Kind.UNSUPPORTED, None),
        ([past(0, Kind.RATE_LIMITED, 30), past(1, Kind.RATE_LIMITED, 20)], Kind.RATE_LIMITED, 20),
        ([past(0, Kind.RATE_LIMITED, 30), past(1, Kind.TIMEOUT)], Kind.TIMEOUT, 30),
    ],
)
def test_the_client_is_told_the_last_word_that_says_something_and_the_shortest_wait(
    history: list[Past], kind: Kind, wait: float | None
) -> None:
    step = next_step(plan(2, total=1), history, NOW)
    assert isinstance(step, Stop)
    assert (step.failure.kind, step.failure.retry_after) == (kind, wait)
