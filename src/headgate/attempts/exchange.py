"""One attempt in progress, as a value that fills up."""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate.attempts.attempt import Attempt
from headgate.attempts.lanes import Lane
from headgate.attempts.link import Link
from headgate.attempts.reply import Head
from headgate.dialects.base import Dialect
from headgate.provider.call import Call
from headgate.provider.events import Usage
from headgate.provider.failure import Failure
from headgate.provider.secret import Secret
from headgate.routing.rule import Clocks, Planned


@dataclass(slots=True)
class Exchange:
    """One attempt in progress. `attempt()` says what is known of it at any time."""

    id: str
    call: Call
    dialect: Dialect
    planned: Planned
    head: Head
    link: Link
    key: int | None
    clocks: Clocks
    deadline: float
    created: int
    hold: bool
    started: float
    #: Whether vendor and client speak the same dialect.
    relayed: bool = True
    #: The answer is the gateway's own estimate.
    estimated: bool = False
    #: Parameters that were left out because this vendor has no word for them.
    dropped: tuple[str, ...] = ()
    sent: bool = False
    failure: Failure | None = None
    cancelled: bool = False
    #: All of a stream has been written to the client.
    delivered: bool = False
    committed: bool = False
    first_token: float | None = None
    waited: float = 0.0
    usage: Usage | None = None
    characters: int = 0
    finish: str | None = None
    upstream_id: str | None = None
    body: bytes = b""
    lane: Lane | None = None
    #: What the vendor is told and nobody else may know: the key, and headers that hold one.
    secrets: tuple[Secret, ...] = ()
    #: What a vendor said of our key, for the log.
    vendor_message: str | None = None
    #: The plugin's or driver's own exception, for the log.
    cause: Exception | None = field(default=None, repr=False)

    def attempt(self, now: float) -> Attempt:
        """What happened, as a value."""
        if (lane := self.lane) is not None:
            self.usage, self.characters = lane.usage, lane.characters
            self.finish, self.upstream_id = lane.finish, lane.upstream_id
        key = self.link.keyring.secret(self.key)
        return Attempt(
            self.id,
            self.planned,
            self.started,
            now,
            self.sent,
            self.failure,
            self.cancelled,
            self.committed,
            self.first_token,
            self.waited,
            self.usage,
            self.characters,
            self.finish,
            self.upstream_id,
            None if key is None else key.masked,
            self.dropped,
        )
