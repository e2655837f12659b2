"""The loop: decide, attempt, note, decide again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from headgate.attempts.attempt import Attempt
from headgate.attempts.exchange import Exchange
from headgate.attempts.health import Health
from headgate.attempts.link import Link
from headgate.attempts.perform import perform
from headgate.attempts.policy import REACTIONS, Moment, Past, Same, Stop, Try, next_step
from headgate.attempts.reply import Head, Reply
from headgate.dialects.base import Dialect
from headgate.provider.call import Call, Operation, Pin
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.routing.rule import Plan
from headgate.upstream.client import Client

TOTAL_SECONDS, TOTAL_STREAM_SECONDS = 600.0, 3600.0


@dataclass(frozen=True)
class Means:
    """What attempts are made with. `draw` gives uniform numbers from [0, 1)."""

    client: Client
    links: Mapping[str, Link]
    health: Health
    draw: Callable[[], float]
    on_cause: Callable[[Attempt, Exception], None]
    on_refused_key: Callable[[Attempt, str], None]


class Answered(NamedTuple):
    """The end of a call that was answered. `body` is None where it was streamed; `failure` is
    set where the stream broke after it had begun.
    """

    attempt: Attempt
    body: bytes | None
    failure: Failure | None


async def run(
    call: Call,
    dialect: Dialect,
    plan: Plan,
    means: Means,
    reply: Reply,
    created: int,
    record: Callable[[Attempt], None],
) -> Answered:
    """Answers the call from the plan's targets, or raises `CallFailed`.

    Every attempt is given to `record` exactly once, however it ends; so is one that is cancelled.
    """
    now = time.monotonic
    limit = TOTAL_STREAM_SECONDS if call.stream else TOTAL_SECONDS
    deadline = now() + (plan.policy.clocks.total or limit)
    history: list[Past] = []
    used: dict[int, set[int]] = {}
    while True:
        step = next_step(plan, history, _moment(plan, history, used, means, now(), deadline))
        if isinstance(step, Stop):
            raise CallFailed(step.failure)
        if step.delay:
            await asyncio.sleep(step.delay)
        link = means.links[plan.targets[step.index].target.provider]
        if link.full:
            history.append(Past(step.index, _full(link)))
            continue
        if call.pin is None:
            key = link.keyring.pick(now(), frozenset(used.get(step.index, ())))
        else:
            key = _pinned_key(call.pin, link)
        ex = _exchange(call, dialect, plan, step, link, key, deadline, created, history, now())
        attempt = await _one(ex, means, reply, record, retry=_is_retry(history, step))
        if attempt.failure is None or attempt.committed:
            return Answered(attempt, None if call.stream else ex.body, attempt.failure)
        history.append(Past(step.index, attempt.failure))
        if key is not None and REACTIONS[attempt.failure.kind].same is Same.OTHER_KEY:
            used.setdefault(step.index, set()).add(key)


async def _one(
    ex: Exchange, means: Means, reply: Reply, record: Callable[[Attempt], None], retry: bool
) -> Attempt:
    """One attempt with everything that must be undone and noted after it."""
    now = time.monotonic
    link, target = ex.link, ex.planned.target
    link.in_flight += 1
    link.retrying += retry
    means.health.started(target)
    try:
        await perform(ex, means.client, reply)
    finally:
        link.in_flight -= 1
        link.retrying -= retry
        attempt = ex.attempt(now())
        _remember(attempt, ex, means)
        record(attempt)
        if ex.cause is not None:
            means.on_cause(attempt, ex.cause)
        if ex.vendor_message is not None:
            means.on_refused_key(attempt, ex.vendor_message)
    return attempt


def _remember(attempt: Attempt, ex: Exchange, means: Means) -> None:
    """What the outcome means for the circuit and the key."""
    failure = attempt.failure
    if attempt.cancelled:
        failed = None
    elif failure is None:
        failed = False
    else:
        reaction = REACTIONS[failure.kind]
        # A vendor that refuses a request in its own words is alive.
        failed = True if reaction.breaker else (False if failure.status else None)
        ex.link.keyring.effect(ex.key, reaction.key, failure.retry_after, attempt.ended)
        if failure.kind is Kind.CREDENTIALS and ex.link.credential is not None:
            ex.link.credential.forget()
    if failed or not means.health.quiet:
        means.health.settled(attempt.target, failed, attempt.ended, means.draw())


def _moment(
    plan: Plan,
    history: list[Past],
    used: dict[int, set[int]],
    means: Means,
    now: float,
    deadline: float,
) -> Moment:
    shut = _Shut(plan, means, now)
    if not history:
        return Moment(now, deadline, 0.0, shut)
    last = history[-1].index
    link = means.links[plan.targets[last].target.provider]
    spare = len(link.keyring) > 1 and link.keyring.usable(now, frozenset(used.get(last, ())))
    if link.credential is not None:
        # A fetched token may have been revoked; another is fetched once.
        refused = [past for past in history if past.failure.kind is Kind.CREDENTIALS]
        spare = sum(past.index == last for past in refused) == 1
    return Moment(now, deadline, means.draw(), shut, spare, link.retry_allowed)


class _Shut:
    """The indexes of targets that should not be asked now; looked at only when asked for."""

    __slots__ = ("_means", "_now", "_plan")

    def __init__(self, plan: Plan, means: Means, now: float) -> None:
        self._plan, self._means, self._now = plan, means, now

    def __contains__(self, index: object) -> bool:
        if not isinstance(index, int):
            return False
        target = self._plan.targets[index].target
        link = self._means.links[target.provider]
        return (
            link.full
            or not link.keyring.usable(self._now)
            or not self._means.health.allows(target, self._now)
        )


def _told(plan: Plan, history: list[Past]) -> str:
    """The failed attempts, as the header `x-headgate-attempts` tells them."""
    return ", ".join(
        f"{plan.targets[past.index].target}:{past.failure.kind.value}" for past in history
    )


def _is_retry(history: list[Past], step: Try) -> bool:
    return any(past.index == step.index for past in history)


def _pinned_key(pin: Pin, link: Link) -> int | None:
    """The key that made the state a call refers to. Raises `CallFailed` (not_found)."""
    if pin.key is None:
        return None
    key = link.keyring.find(pin.key)
    if key is None:
        raise CallFailed(
            Failure(
                Kind.NOT_FOUND,
                "The provider's key that made this response is no longer configured.",
            )
        )
    return key


def _full(link: Link) -> Failure:
    return Failure(
        Kind.SHED,
        f"the provider '{link.name}' has {link.concurrency} calls in flight, as many as it may",
        retry_after=1.0,
    )


def _exchange(
    call: Call,
    dialect: Dialect,
    plan: Plan,
    step: Try,
    link: Link,
    key: int | None,
    deadline: float,
    created: int,
    history: list[Past],
    started: float,
) -> Exchange:
    clocks = link.clocks_under(plan.policy.clocks)
    if link.clocks.total is not None:
        deadline = min(deadline, started + link.clocks.total)
    planned = plan.targets[step.index]
    if call.operation is Operation.RESPONSES:
        # State that the vendor keeps must be found again where it was made.
        secret = link.keyring.secret(key)
        call = call._replace(pin=Pin(link.name, secret.fingerprint if secret else None))
    before = _told(plan, history) if history else ""
    return Exchange(
        f"{call.id}-{len(history) + 1}",
        call,
        dialect,
        planned,
        Head(plan.route, planned.target, before),
        link,
        key,
        clocks,
        deadline,
        created,
        plan.policy.hold,
        started,
    )
