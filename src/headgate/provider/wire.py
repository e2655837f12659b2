"""What a provider hands to the network and gets back from it, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple


class Request(NamedTuple):
    """One HTTP request to a vendor.

    `url` is absolute. `body` is bytes, or a JSON object that the driver serialises. Credentials
    are not part of it: the driver adds them (see `Provider.auth_header`), so that a provider never
    holds a key.
    """

    url: str
    body: bytes | Mapping[str, Any] | None = None
    method: str = "POST"
    headers: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a `Script`: wait so many seconds, then deliver `data`."""

    data: bytes
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class Script:
    """An answer that the provider knows without any network, played as if it came from one.

    The driver waits and delivers step by step; clocks, cancellation and metering see no
    difference. `cut` ends the body as a broken connection would.
    """

    steps: tuple[Step, ...]
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False


class Response(NamedTuple):
    """A whole answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Frame(NamedTuple):
    """One message of a stream.

    `data` is its payload (None for a comment or heartbeat), `event` its SSE event name, `raw` the
    exact bytes it came in, blank line included.
    """

    data: bytes | None
    event: str | None = None
    raw: bytes = b""
