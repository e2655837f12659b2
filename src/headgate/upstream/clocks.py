"""The clocks of one attempt on one timer.

asyncio's own timeouts cost a timer each and must be moved for every chunk; here a chunk only
stores a number, and the timer looks at it when it fires.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


class Watch:
    """Cancels the task it was made in when the current phase takes too long.

    The task sees a `CancelledError`; `expired()` then says whether it was this watch (and undoes
    the cancellation) or somebody else, such as a client that went away.
    """

    __slots__ = (
        "_deadline",
        "_due",
        "_handle",
        "_limit",
        "_loop",
        "_phase",
        "_suspended",
        "_task",
        "_when",
    )

    def __init__(self, deadline: float, suspended: Callable[[], bool]) -> None:
        """`deadline` in the loop's time. While `suspended()` the vendor is not to blame (the
        client reads slowly): only the deadline counts.
        """
        self._loop = asyncio.get_running_loop()
        task: asyncio.Task[Any] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("a watch needs a task")
        self._task = task
        self._deadline = deadline
        self._suspended = suspended
        self._due = deadline
        self._limit: float | None = None
        self._phase = "total"
        self._handle: asyncio.TimerHandle | None = None
        self._when = 0.0

    def enter(self, phase: str, limit: float | None) -> None:
        """Starts a phase that may last `limit` seconds, and never past the deadline."""
        self._phase, self._limit = phase, limit
        self.progress()
        if self._handle is not None and self._due < self._when:
            self._handle.cancel()
            self._handle = None
        if self._handle is None:
            self._when = self._due
            self._handle = self._loop.call_at(self._due, self._fire)

    def progress(self) -> None:
        """Something happened: the phase's time starts again."""
        self.progressed(self._loop.time())

    def progressed(self, now: float) -> None:
        """The same, for a caller that knows the time (monotonic seconds)."""
        limit = self._limit
        due = self._deadline if limit is None else now + limit
        self._due = due if due < self._deadline else self._deadline  # noqa: FURB136 - hot

    def _fire(self) -> None:
        self._handle = None
        if self._suspended():
            self.progress()
        if self._loop.time() < self._due - 0.001:
            self._when = self._due
            self._handle = self._loop.call_at(self._due, self._fire)
            return
        if self._due >= self._deadline:
            self._phase = "total"
        self._when = -1.0
        self._task.cancel()

    def expired(self) -> str | None:
        """The phase that ran out, if this watch cancelled the task and nobody else did."""
        if self._when != -1.0:
            return None
        self._when = 0.0
        return self._phase if self._task.uncancel() == 0 else None

    def close(self) -> None:
        """Stops the timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
