"""A configured provider as the attempts see it: plugin, keys, clocks, and what is in flight."""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate.attempts.keyring import Keyring
from headgate.provider.base import Provider
from headgate.routing.rule import Clocks
from headgate.upstream.credential import Credential

#: Retries in flight at once: a share of the calls in flight, and never fewer than this.
RETRY_SHARE, RETRY_FLOOR = 0.2, 3
DEFAULT_CLOCKS = Clocks(connect=5.0, first_token=60.0, idle=60.0)


@dataclass
class Link:
    """One entry of `providers:`. The counters are losable state."""

    name: str
    provider: Provider
    keyring: Keyring
    clocks: Clocks
    concurrency: int = 512
    #: Settings a vendor has no word for are left out instead of refused.
    drop_unsupported: bool = False
    #: Whether its models are asked for.
    discover: bool = False
    #: What is fetched where there is no key; None for a provider that never needs it.
    credential: Credential | None = None
    in_flight: int = 0
    retrying: int = 0
    _clocks: dict[Clocks, Clocks] = field(default_factory=dict, repr=False)

    def clocks_under(self, route: Clocks) -> Clocks:
        """The clocks in force for calls of a route: its own, then the provider's, then ours."""
        found = self._clocks.get(route)
        if found is None:
            found = self._clocks[route] = route.over(self.clocks).over(DEFAULT_CLOCKS)
        return found

    @property
    def full(self) -> bool:
        """Whether as many calls are in flight as the operator allows."""
        return self.in_flight >= self.concurrency

    @property
    def retry_allowed(self) -> bool:
        """Whether one more retry stays inside the retry budget."""
        return self.retrying < max(RETRY_FLOOR, self.in_flight * RETRY_SHARE)
