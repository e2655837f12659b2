"""One attempt, when it is over: what the receipt, the metrics and the headers are made from."""

from __future__ import annotations

from typing import NamedTuple

from headgate.provider.call import Target
from headgate.provider.events import Usage
from headgate.provider.failure import Failure
from headgate.routing.rule import Planned


class Attempt(NamedTuple):
    """What happened at one target. Times are monotonic seconds.

    `sent` says that the vendor may have seen the call (and may bill it). `waited` is the time
    spent waiting for the vendor. `characters` of visible output serve for an estimate where
    `usage` is None. `key` is masked. `dropped`
    names the parameters that were left out for this vendor.
    """

    id: str
    planned: Planned
    started: float
    ended: float
    sent: bool
    failure: Failure | None = None
    cancelled: bool = False
    committed: bool = False
    first_token: float | None = None
    waited: float = 0.0
    usage: Usage | None = None
    characters: int = 0
    finish: str | None = None
    upstream_id: str | None = None
    key: str | None = None
    dropped: tuple[str, ...] = ()

    @property
    def target(self) -> Target:
        """Where it went."""
        return self.planned.target

    @property
    def outcome(self) -> str:
        """`ok`, `cancelled` or the kind of the failure; a metric label."""
        if self.cancelled:
            return "cancelled"
        return "ok" if self.failure is None else self.failure.kind.value


def told(attempts: list[Attempt]) -> str:
    """The header `x-headgate-attempts`: `openai/gpt-x:rate_limited, other/y:ok`."""
    if len(attempts) == 1:
        return _told(attempts[0])
    return ", ".join(map(_told, attempts))


def _told(attempt: Attempt) -> str:
    provider, model = attempt.planned.target
    return f"{provider}/{model}:{attempt.outcome}"
