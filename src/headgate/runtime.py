"""The frozen bundle one call runs against. A reload builds a new one and swaps it whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from headgate.access.keys import Keys
from headgate.accounting.meter import Meter, log_entry, refusal_entry
from headgate.accounting.receipt import Receipt
from headgate.attempts.link import Link
from headgate.attempts.run import Means
from headgate.catalogue.discovered import Found
from headgate.config.schema import Server
from headgate.dialects.base import Dialect
from headgate.provider.call import Target
from headgate.provider.failure import Failure
from headgate.routing.table import Table
from headgate.telemetry.log import LineLog
from headgate.telemetry.series import Exposition


@dataclass(frozen=True, slots=True)
class ListedModel:
    """One entry of `GET /v1/models`. `created` is Unix seconds."""

    id: str
    created: int
    owned_by: str
    #: Where it is known from: `route`, `config`, `catalogue` or `discovered`.
    source: str = "catalogue"


@dataclass(frozen=True)
class Runtime:
    """Everything a call needs, built by `app` and never changed."""

    generation: int
    config_hash: str
    server: Server
    table: Table
    keys: Keys
    links: Mapping[str, Link]
    means: Means
    dialects: tuple[Dialect, ...]
    meter: Meter
    exposition: Exposition
    log: LineLog
    #: Targets the configuration names; their models may be metric labels.
    known: frozenset[Target]
    models: Mapping[str, ListedModel]
    #: What providers said they serve; filled while the server runs.
    discovered: dict[str, Found]
    #: Unix seconds.
    wall_clock: Callable[[], float]

    def refuse(self, request_id: str, operation: str, failure: Failure, status: int) -> None:
        """Counts and logs a request that was refused before it became a call."""
        self.meter.refused(operation, status, failure.kind)
        entry = refusal_entry(request_id, operation, failure, status, self.wall_clock())
        if self.log.write(entry):
            self.log.flush()

    def settle(self, receipt: Receipt) -> None:
        """Counts and logs a finished call. Never raises for what it is given, never waits."""
        self.meter.count(receipt, self.known)
        if self.log.write(log_entry(receipt)):
            self.log.flush()
