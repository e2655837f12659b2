"""What to do next: a pure function of the plan and of what has happened so far."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from headgate.provider.failure import Failure, Kind
from headgate.routing.rule import Plan

#: A vendor that asks for more patience than this is left for the next target.
LONGEST_WAIT = 10.0
_BACKOFF_BASE, _BACKOFF_CAP = 0.25, 8.0


class Same(Enum):
    """Whether the same target may be tried again."""

    NO = "no"
    AT_ONCE = "at once"
    OTHER_KEY = "with another key, at once"
    AFTER_HINT = "after Retry-After"
    BACKOFF = "after a backoff"


class KeyEffect(Enum):
    """What a failure means for the key that was used."""

    NONE = "none"
    COOLS = "cools down"
    DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Reaction:
    """One row of the failure table."""

    same: Same = Same.NO
    next_target: bool = False
    key: KeyEffect = KeyEffect.NONE
    breaker: bool = False


_CALLERS_FAULT = Reaction()
_ELSEWHERE = Reaction(next_target=True)

#: The failure table. Complete over `Kind`; a test sees to it.
REACTIONS: Mapping[Kind, Reaction] = {
    Kind.INVALID_REQUEST: _CALLERS_FAULT,
    Kind.TOO_LARGE: _CALLERS_FAULT,
    Kind.UNSUPPORTED_MEDIA: _CALLERS_FAULT,
    # only to a larger window
    Kind.CONTEXT_LENGTH: _ELSEWHERE,
    # only where the route opts in: moving on would be a way around the filter
    Kind.CONTENT_FILTER: _ELSEWHERE,
    Kind.MODEL_NOT_FOUND: _ELSEWHERE,
    Kind.UNSUPPORTED: _ELSEWHERE,
    Kind.RATE_LIMITED: Reaction(Same.AFTER_HINT, True, KeyEffect.COOLS),
    Kind.QUOTA_EXHAUSTED: Reaction(Same.OTHER_KEY, True, KeyEffect.DISABLED),
    Kind.CREDENTIALS: Reaction(Same.OTHER_KEY, True, KeyEffect.DISABLED),
    Kind.OVERLOADED: Reaction(Same.BACKOFF, True, breaker=True),
    Kind.SERVER_ERROR: Reaction(Same.BACKOFF, True, breaker=True),
    Kind.CONNECTION: Reaction(Same.AT_ONCE, True, breaker=True),
    Kind.TIMEOUT: Reaction(Same.NO, True, breaker=True),
    Kind.GARBLED: Reaction(Same.BACKOFF, True, breaker=True),
    Kind.CUT: Reaction(Same.BACKOFF, True, breaker=True),
    Kind.PLUGIN: _ELSEWHERE,
    Kind.SHED: _ELSEWHERE,
    Kind.UNAUTHENTICATED: _CALLERS_FAULT,
    Kind.FORBIDDEN: _CALLERS_FAULT,
    Kind.NOT_FOUND: _CALLERS_FAULT,
    Kind.METHOD_NOT_ALLOWED: _CALLERS_FAULT,
    Kind.SLOW_CLIENT: _CALLERS_FAULT,
    Kind.CONFLICT: _CALLERS_FAULT,
    Kind.OVER_LIMIT: _CALLERS_FAULT,
    Kind.OVER_BUDGET: _CALLERS_FAULT,
    Kind.CANCELLED: _CALLERS_FAULT,
}


@dataclass(frozen=True, slots=True)
class Past:
    """One failed attempt: which target of the plan, and what happened."""

    index: int
    failure: Failure
    committed: bool = False


class Moment(NamedTuple):
    """What the decision may know about the world. Times are monotonic seconds.

    `shut` holds the indexes of targets that should not be asked now (circuit open, every key
    cooling, full); `spare_key` says that the last target has another usable key; `retry_allowed`
    that its retry budget is not used up; `draw` is uniform in [0, 1).
    """

    now: float
    deadline: float
    draw: float = 0.0
    shut: Container[int] = frozenset()
    spare_key: bool = False
    retry_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Try:
    """Try target number `index` of the plan after `delay` seconds."""

    index: int
    delay: float = 0.0


class Stop(NamedTuple):
    """Give up, with what the client is told."""

    failure: Failure


def next_step(plan: Plan, history: Sequence[Past], moment: Moment) -> Try | Stop:
    """The next attempt, or the end. Pure."""
    if not history:
        return Try(_first_open(range(len(plan.targets)), moment))
    last = history[-1]
    if last.committed or len(history) > plan.policy.total or moment.now >= moment.deadline:
        return Stop(_told(history))
    reaction = REACTIONS[last.failure.kind]
    tries = sum(past.index == last.index for past in history)
    if moment.spare_key and reaction.key is not KeyEffect.NONE:
        # Another key may do what this one may not, or not now.
        return Try(last.index)
    moves = reaction.next_target and last.failure.kind in plan.policy.fallback_on
    fresh = _fresh(plan, history) if moves else []
    open_ones = [index for index in fresh if index not in moment.shut]
    if (
        reaction.same is Same.AT_ONCE
        and tries == 1
        and plan.policy.per_target >= 1
        and moment.retry_allowed
        and not (open_ones and last.index in moment.shut)
    ):
        return Try(last.index)
    if moves:
        if open_ones:
            return Try(open_ones[0])
        again = _again(plan, history, moment)
        if again is None and fresh:
            return Try(fresh[0])
    else:
        again = _again(plan, history[-1:], moment, tries)
    return again or Stop(_told(history))


def _first_open(indexes: Sequence[int], moment: Moment) -> int:
    """The first target that is open; where all are shut, the first: the last one standing is
    never shut out.
    """
    for index in indexes:
        if index not in moment.shut:
            return index
    return indexes[0]


def _fresh(plan: Plan, history: Sequence[Past]) -> list[int]:
    """Targets that were not tried yet and might do better."""
    tried = {past.index for past in history}
    return [
        i for i in range(len(plan.targets)) if i not in tried and _large_enough(plan, history, i)
    ]


def _large_enough(plan: Plan, history: Sequence[Past], index: int) -> bool:
    """Whether a target's window is larger than every one that was too small for this call."""
    too_small = [
        _window(plan, past.index) for past in history if past.failure.kind is Kind.CONTEXT_LENGTH
    ]
    return not too_small or _window(plan, index) > max(too_small)


def _window(plan: Plan, index: int) -> int:
    facts = plan.targets[index].facts
    return (facts and facts.context_window) or 0


def _again(
    plan: Plan, history: Sequence[Past], moment: Moment, tries: int | None = None
) -> Try | None:
    """A target that failed in a way that may pass, after its wait."""
    if not moment.retry_allowed:
        return None
    latest = {past.index: past.failure for past in history}
    # Open ones first; among equals the plan's order.
    for index in sorted(latest, key=lambda index: (index in moment.shut, index)):
        if not _large_enough(plan, history, index):
            continue
        count = tries or sum(past.index == index for past in history)
        if count > plan.policy.per_target:
            continue
        delay = _delay(latest[index], count, moment.draw)
        if delay is not None and moment.now + delay < moment.deadline:
            return Try(index, delay)
    return None


def _delay(failure: Failure, tries: int, draw: float) -> float | None:
    """Seconds to wait before the same target is asked again; None for never."""
    match REACTIONS[failure.kind].same:
        case Same.AFTER_HINT:
            hint = failure.retry_after
            return hint if hint is not None and hint <= LONGEST_WAIT else None
        case Same.BACKOFF:
            backoff = min(_BACKOFF_CAP, _BACKOFF_BASE * 2.0 ** (tries - 1)) * draw
            hint = failure.retry_after or 0.0
            return max(backoff, hint) if hint <= LONGEST_WAIT else None
        case Same.NO | Same.AT_ONCE | Same.OTHER_KEY:
            return None


def _told(history: Sequence[Past]) -> Failure:
    """What the client is told: the last failure that says something about the call, with the
    shortest wait any target asked for.
    """
    telling = [past.failure for past in history if past.failure.kind is not Kind.UNSUPPORTED]
    failure = telling[-1] if telling else history[-1].failure
    waits = [past.failure.retry_after for past in history if past.failure.retry_after is not None]
    return replace(failure, retry_after=min(waits)) if waits else failure
