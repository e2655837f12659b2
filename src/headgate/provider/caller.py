"""Who is calling, as far as routing and metering care."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """The owner of the key a request came with. `role` is admin, operator, viewer or user."""

    name: str
    role: str = "user"
    team: str | None = None
    user: str | None = None
