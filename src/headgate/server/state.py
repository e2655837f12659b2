"""What one server process knows about itself. The only thing that is swapped: `runtime`."""

from __future__ import annotations

from dataclasses import dataclass, field

from headgate.runtime import Runtime


@dataclass
class ServerState:
    """Mutable, owned by `app`: the runtime in force, and whether we are on our way out."""

    runtime: Runtime
    draining: bool = False
    #: (caller, Idempotency-Key) of calls in progress.
    running: set[tuple[str, str]] = field(default_factory=set)
    #: The longest delay of the event loop since somebody asked, in seconds.
    lag: float = 0.0
