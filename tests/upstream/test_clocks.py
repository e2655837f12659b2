"""The clocks of an attempt, with a real event loop and short times."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest

from headgate.upstream.clocks import Watch
from headgate.upstream.failures import timeout_of

SOON, LATER = 0.03, 5.0
Work = Callable[[Watch], Awaitable[None]]


def ran_out(
    work: Work, deadline: float = LATER, suspended: Callable[[], bool] = lambda: False
) -> tuple[str | None, float]:
    """The phase that ran out while `work` was done (None: it ended in time), and the time it took."""

    async def watched() -> str | None:
        watch = Watch(asyncio.get_running_loop().time() + deadline, suspended)
        try:
            await work(watch)
        except asyncio.CancelledError:
            phase = watch.expired()
            if phase is None:
                raise
            # The cancellation is undone: the task goes on as if nothing had been.
            await asyncio.sleep(0)
            return phase
        finally:
            watch.close()
        return None

    began = time.monotonic()
    return asyncio.run(watched()), time.monotonic() - began


@pytest.mark.parametrize("phase", ["first_token", "idle", "total"])
def test_a_phase_that_takes_too_long_is_named(phase: str) -> None:
    async def work(watch: Watch) -> None:
        watch.enter(phase, SOON)
        await asyncio.sleep(LATER)

    expired, took = ran_out(work)
    assert expired == phase
    assert SOON * 0.9 <= took < 1.0
    assert timeout_of(phase).code == f"{phase}_timeout"


@pytest.mark.parametrize("limit", [None, LATER])
def test_the_deadline_holds_whatever_a_phase_allows(limit: float | None) -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", limit)
        await asyncio.sleep(LATER)

    assert ran_out(work, deadline=SOON)[0] == "total"


def test_work_that_ends_in_time_is_left_alone() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", 1.0)
        await asyncio.sleep(0.001)

    assert ran_out(work)[0] is None


@pytest.mark.parametrize("how", ["progress", "progressed"])
def test_progress_starts_the_phase_again(how: str) -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", 0.1)
        for _ in range(6):
            await asyncio.sleep(0.03)
            if how == "progress":
                watch.progress()
            else:
                watch.progressed(time.monotonic())
        await asyncio.sleep(LATER)

    expired, took = ran_out(work)
    assert expired == "idle"
    assert took >= 0.27


def test_a_shorter_phase_ends_sooner_than_the_one_before_it() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("first_token", LATER)
        await asyncio.sleep(0.001)
        watch.enter("idle", SOON)
        await asyncio.sleep(LATER)

    expired, took = ran_out(work)
    assert expired == "idle"
    assert took < 1.0


def test_a_longer_phase_is_not_ended_by_the_one_before_it() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("first_token", SOON)
        watch.enter("idle", LATER)
        await asyncio.sleep(SOON * 3)

    assert ran_out(work)[0] is None


def test_while_the_client_is_slow_the_vendor_is_not_to_blame() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", SOON)
        await asyncio.sleep(SOON * 5)

    assert ran_out(work, suspended=lambda: True)[0] is None


def test_when_the_client_has_caught_up_the_clock_runs_again() -> None:
    free = time.monotonic() + SOON * 3

    async def work(watch: Watch) -> None:
        watch.enter("idle", SOON)
        await asyncio.sleep(LATER)

    expired, took = ran_out(work, suspended=lambda: time.monotonic() < free)
    assert expired == "idle"
    assert SOON * 3 <= took < 1.0


def test_the_deadline_also_holds_for_a_slow_client() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", SOON / 3)
        await asyncio.sleep(LATER)

    assert ran_out(work, deadline=SOON * 3, suspended=lambda: True)[0] == "total"


def test_a_cancellation_by_somebody_else_is_not_swallowed() -> None:
    async def main() -> bool:
        async def work() -> None:
            watch = Watch(asyncio.get_running_loop().time() + LATER, lambda: False)
            watch.enter("idle", LATER)
            try:
                await asyncio.sleep(LATER)
            except asyncio.CancelledError:
                assert watch.expired() is None
                raise
            finally:
                watch.close()

        task = asyncio.create_task(work())
        await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())


def test_a_cancellation_at_the_same_moment_as_our_own_is_not_swallowed() -> None:
    async def main() -> bool:
        async def work() -> None:
            watch = Watch(asyncio.get_running_loop().time() + LATER, lambda: False)
            watch.enter("idle", SOON)
            try:
                await asyncio.sleep(LATER)
            except asyncio.CancelledError:
                if watch.expired() is None:
                    raise
            finally:
                watch.close()

        task = asyncio.create_task(work())
        await asyncio.sleep(0)
        # Both fall due while the loop is busy elsewhere.
        asyncio.get_running_loop().call_later(SOON, task.cancel)
        time.sleep(SOON * 2)  # noqa: ASYNC251 - a busy loop is the point
        await asyncio.wait([task])
        return task.cancelled()

    assert asyncio.run(main())


def test_a_closed_watch_cancels_nobody() -> None:
    async def work(watch: Watch) -> None:
        watch.enter("idle", SOON)
        watch.close()
        await asyncio.sleep(SOON * 2)

    assert ran_out(work)[0] is None


def test_a_watch_needs_a_task() -> None:
    async def main() -> None:
        caught: list[type[BaseException]] = []

        def callback() -> None:
            try:
                Watch(0.0, lambda: False)
            except RuntimeError as error:
                caught.append(type(error))

        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0.001)
        assert caught == [RuntimeError]

    asyncio.run(main())
