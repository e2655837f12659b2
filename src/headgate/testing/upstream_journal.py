"""What a fake upstream remembers: every request that reached it, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass
class Visit:
    """One request that arrived. Times are `time.monotonic()`.

    It is written while the answer is being played; a test waits for the field it needs with
    `FakeUpstream.wait`.
    """

    method: str
    path: str
    #: Names in lower case; of a repeated header the last value.
    headers: Mapping[str, str]
    #: The body as it came, and as JSON (None if it is not JSON).
    raw: bytes
    body: Any
    model: str
    #: Counts connections from 1: equal numbers mean that a connection was used again.
    connection: int
    arrived: float
    scenario: str = ""
    #: Prompt and completion tokens that the scenario reports.
    usage: tuple[int, int] | None = None
    #: Bytes that the kernel took from us.
    sent: int = 0
    first_byte: float | None = None
    #: Every step was played.
    finished: bool = False
    ended: float | None = None
    #: How the peer went away before the scenario was over, and when.
    left: Literal["closed", "reset"] | None = None
    left_at: float | None = None
