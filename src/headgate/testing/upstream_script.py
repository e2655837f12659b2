"""The words a vendor's behaviour is written in: send these bytes, wait, hang, reset, close."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Send:
    """Waits `after` seconds, then sends `data` as it is: legal or not."""

    data: bytes
    after: float = 0.0


@dataclass(frozen=True, slots=True)
class Hang:
    """Says nothing more, and keeps the connection open for as long as the peer does."""


@dataclass(frozen=True, slots=True)
class Close:
    """Ends the connection politely (FIN), once everything before it has been sent."""


@dataclass(frozen=True, slots=True)
class Reset:
    """Ends the connection rudely (RST); bytes still under way may be lost."""


Step = Send | Hang | Close | Reset


@dataclass(frozen=True, slots=True)
class Scenario:
    """How one request is answered.

    After the last step the connection is kept for the next request, unless a step ended it.
    `usage` holds the prompt and completion tokens that the answer reports, for those who compare
    the books of two sides; None where the answer reports none.
    """

    name: str
    steps: tuple[Step, ...]
    usage: tuple[int, int] | None = None
