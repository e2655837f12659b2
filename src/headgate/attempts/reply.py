"""The client's end of a stream, as the attempts see it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from headgate.provider.call import Target


class Head(NamedTuple):
    """What is known of a stream when it begins. `before` tells the failed attempts."""

    route: str
    target: Target
    before: str


class ClientGone(Exception):
    """The client went away, or stopped reading for too long."""


class Reply(Protocol):
    """Where a stream goes. Nothing is sent before `begin`."""

    #: The client is not reading; the vendor's clocks must not run.
    blocked: bool

    async def begin(self, head: Head) -> None:
        """Commits: sends status and headers; from here nothing can be retried.

        Raises `ClientGone`.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Sends bytes and waits while the client reads slowly. Raises `ClientGone`."""
        ...
