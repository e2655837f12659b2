"""The client's end of a stream, as the attempts see it."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from headgate.provider.call import Target


class Head(NamedTuple):
    """What is known of a stream when it begins. `before` tells the failed attempts, `dropped`
    the parameters that were left out.
    """

    route: str
    target: Target
    before: str
    dropped: tuple[str, ...] = ()


class ClientGone(Exception):
    """The client went away, or stopped reading for too long."""


class Reply(Protocol):
    """Where a stream goes. Nothing is sent before `begin`."""

    #: The client is not reading; the vendor's clocks must not run.
    blocked: bool

    def begin(self, head: Head) -> None:
        """Commits: status and headers go out with the first write; nothing can be retried."""
        ...

    def write(self, data: bytes) -> bool:
        """Sends bytes. True: the client reads slowly, `drain` before more is sent.

        Raises `ClientGone`.
        """
        ...

    async def drain(self) -> None:
        """Waits until the client has caught up. Raises `ClientGone`, also after too long."""
        ...
