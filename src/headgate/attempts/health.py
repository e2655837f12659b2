"""Circuit breakers: which targets have been failing lately.

The transitions are pure (`after`); `Health` only keeps them by name, so that they survive a
reload of the configuration.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import NamedTuple

from headgate.provider.call import Target

#: Failures in a row that open a circuit, and successes that close it again.
FAILURES_TO_OPEN = 5
SUCCESSES_TO_CLOSE = 2
#: So does a share of failures among the calls of the last seconds, if there were enough of them.
SHARE_TO_OPEN, CALLS_TO_JUDGE, WINDOW_SECONDS = 0.5, 20, 30.0
#: Calls are counted by stretches of this many seconds.
_SLOT = 5.0
OPEN_SECONDS, OPEN_CAP, JITTER = 15.0, 300.0, 0.2


class Slot(NamedTuple):
    """The calls of one stretch of time."""

    number: int
    calls: int
    failures: int


class State(IntEnum):
    """The values are those of the metric `headgate_breaker_state`."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


@dataclass(frozen=True, slots=True)
class Breaker:
    """One circuit. Times are monotonic seconds."""

    state: State = State.CLOSED
    failures: int = 0
    successes: int = 0
    #: How often in a row it has opened.
    opened: int = 0
    until: float = 0.0
    probing: bool = False
    #: The calls since the first failure, as far as they are recent; oldest first.
    recent: tuple[Slot, ...] = ()

    def allows(self, now: float) -> bool:
        """Whether a call may pass: always when closed, one probe when its time has come."""
        match self.state:
            case State.CLOSED:
                return True
            case State.OPEN:
                return now >= self.until
            case State.HALF_OPEN:
                return not self.probing


def started(breaker: Breaker) -> Breaker:
    """The circuit after a call was let through."""
    if breaker.state is State.CLOSED:
        return breaker
    return replace(breaker, state=State.HALF_OPEN, probing=True)


def after(breaker: Breaker, failed: bool, now: float, draw: float) -> Breaker:
    """The circuit after a call's outcome. `draw` in [0, 1) jitters the time it stays open."""
    if not failed:
        if breaker.state is State.CLOSED:
            recent = counted(breaker.recent, now, failed=False)
            return Breaker(recent=recent) if any(slot.failures for slot in recent) else Breaker()
        if breaker.successes + 1 >= SUCCESSES_TO_CLOSE:
            return Breaker()
        return replace(
            breaker, state=State.HALF_OPEN, successes=breaker.successes + 1, probing=False
        )
    if breaker.state is State.OPEN:
        # It was under way when the circuit opened: nothing new.
        return breaker
    failures, recent = breaker.failures + 1, counted(breaker.recent, now, failed=True)
    if breaker.state is State.CLOSED and failures < FAILURES_TO_OPEN and not too_many(recent):
        return replace(breaker, failures=failures, recent=recent)
    stays = min(OPEN_CAP, OPEN_SECONDS * 2.0 ** min(breaker.opened, 10)) * (
        1 + JITTER * (2 * draw - 1)
    )
    return Breaker(State.OPEN, failures, 0, breaker.opened + 1, now + stays)


def counted(recent: tuple[Slot, ...], now: float, *, failed: bool) -> tuple[Slot, ...]:
    """The recent calls with one more, without those that no longer are."""
    number = int(now // _SLOT)
    oldest = number - int(WINDOW_SECONDS // _SLOT)
    kept = tuple(slot for slot in recent if slot.number > oldest)
    last = kept[-1] if kept and kept[-1].number == number else Slot(number, 0, 0)
    before = kept[:-1] if kept and kept[-1].number == number else kept
    return (*before, Slot(number, last.calls + 1, last.failures + failed))


def too_many(recent: tuple[Slot, ...]) -> bool:
    """Whether so many of the recent calls failed that the rest need not be tried."""
    calls = sum(slot.calls for slot in recent)
    failures = sum(slot.failures for slot in recent)
    return calls >= CALLS_TO_JUDGE and failures >= calls * SHARE_TO_OPEN


def released(breaker: Breaker) -> Breaker:
    """The circuit after a probe that said nothing about the vendor (it was cancelled)."""
    return replace(breaker, probing=False) if breaker.probing else breaker


class Health:
    """The circuits of all targets that have ever failed."""

    def __init__(self) -> None:
        self._breakers: dict[Target, Breaker] = {}

    def allows(self, target: Target, now: float) -> bool:
        """Whether a call may go to this target now."""
        breaker = self._breakers.get(target)
        return breaker is None or breaker.allows(now)

    def started(self, target: Target) -> None:
        """A call was sent."""
        if (breaker := self._breakers.get(target)) is not None:
            self._breakers[target] = started(breaker)

    def settled(self, target: Target, failed: bool | None, now: float, draw: float) -> None:
        """A call came to an end; `failed` None where the vendor is not to judge by it."""
        breaker = self._breakers.get(target)
        if failed is None:
            if breaker is not None:
                self._breakers[target] = released(breaker)
        elif failed or breaker is not None:
            new = after(breaker or Breaker(), failed, now, draw)
            if new == Breaker():
                self._breakers.pop(target, None)
            else:
                self._breakers[target] = new

    @property
    def quiet(self) -> bool:
        """Whether every circuit is plainly closed."""
        return not self._breakers

    def states(self, now: float) -> dict[Target, State]:
        """Every circuit that is not plainly closed; one whose time has come is half open."""
        return {
            target: State.HALF_OPEN
            if breaker.state is State.OPEN and breaker.allows(now)
            else breaker.state
            for target, breaker in self._breakers.items()
        }
