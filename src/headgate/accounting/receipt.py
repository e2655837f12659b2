"""The receipt of a call: one line an attempt, folded from what happened."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from headgate.accounting.prices import cost
from headgate.attempts.attempt import Attempt
from headgate.provider.call import Call, Operation
from headgate.provider.caller import Caller
from headgate.provider.events import Usage
from headgate.provider.failure import Failure

_CHARACTERS_PER_TOKEN = 4
_NOTHING = Usage(input=0, output=0)


class Basis(StrEnum):
    """What a usage rests on."""

    REPORTED = "reported"  # the vendor said so
    ESTIMATED = "estimated"  # a whole answer without usage: counted from its text
    PARTIAL = "partial"  # a broken or cancelled answer: counted from what came
    NONE = "none"  # nothing was sent, or the vendor refused


class Line(NamedTuple):
    """One attempt, metered. `cost` is in nano-USD, None where no price is known."""

    attempt: Attempt
    usage: Usage
    basis: Basis
    cost: int | None


class Receipt(NamedTuple):
    """Everything about one call that is kept, logged and counted. Durations in seconds.

    `cost` is that of all attempts in nano-USD, None if any part of it is unknown; `waited` the
    time spent waiting for vendors, pauses between attempts included.
    """

    call: Call
    caller: Caller
    route: str
    status: int
    failure: Failure | None
    lines: tuple[Line, ...]
    started_at: float
    duration: float
    cost: int | None
    waited: float


def make_receipt(
    call: Call,
    caller: Caller,
    route: str,
    status: int,
    failure: Failure | None,
    attempts: Iterable[Attempt],
    started_at: float,
    duration: float,
) -> Receipt:
    """The receipt of a call that is over. `started_at` is Unix seconds."""
    lines = tuple([metered(attempt, call, started_at) for attempt in attempts])
    cost: int | None = 0
    waited = 0.0
    before: float | None = None
    for line in lines:
        attempt = line.attempt
        waited += attempt.waited
        if before is not None:
            # A pause before a retry is the vendor's doing too, not the gateway's own time.
            waited += max(0.0, attempt.started - before)
        before = attempt.ended
        cost = None if cost is None or line.cost is None else cost + line.cost
    return Receipt(call, caller, route, status, failure, lines, started_at, duration, cost, waited)


def metered(attempt: Attempt, call: Call, at: float) -> Line:
    """An attempt with its usage and cost. `at` is Unix seconds."""
    usage, basis = _usage(attempt, call)
    known = cost(usage, attempt.planned.facts, at)
    if known is None and basis is Basis.NONE:
        known = 0
    if known is None and usage.cost_nano_usd is not None:
        known = usage.cost_nano_usd
    return Line(attempt, usage, basis, known)


def _usage(attempt: Attempt, call: Call) -> tuple[Usage, Basis]:
    if call.operation is Operation.COUNT_TOKENS:
        # What was counted was not answered, and costs nothing.
        return _NOTHING, Basis.NONE
    broken = attempt.failure is not None or attempt.cancelled
    guess = -(-attempt.characters // _CHARACTERS_PER_TOKEN)
    if (said := attempt.usage) is not None:
        if broken and said.completion < guess:
            # A stream that broke off had no time to say how much it had answered.
            return said._replace(output=guess), Basis.PARTIAL
        return said, Basis.REPORTED
    if not attempt.sent or (broken and not attempt.characters and not _left_alone(attempt)):
        # A vendor bills what it has answered; a refusal is free.
        return _NOTHING, Basis.NONE
    estimate = Usage(input=call.input_tokens, output=guess)
    return estimate, Basis.PARTIAL if broken else Basis.ESTIMATED


def _left_alone(attempt: Attempt) -> bool:
    """Whether we went away while the vendor was at work: it bills the prompt at least."""
    failure = attempt.failure
    return attempt.cancelled or (failure is not None and (failure.code or "").endswith("_timeout"))
