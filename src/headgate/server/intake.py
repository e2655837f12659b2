"""What is decided from a request's head alone, before any handler: pure.

Host and path games end here with a 400. What a caller may do is decided on the matched route and
never on a path that somebody parsed again.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple
from urllib.parse import unquote

from headgate.provider.failure import CallFailed, Failure, Kind

_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9.])?|\[[0-9A-Fa-f:.]+\])(?::(\d{1,5}))?"
)
# Spelled out in both cases: ignoring case would make plain `s` and `k` match their far relatives
# beyond ASCII.
_SUSPECT = re.compile(r"[\\\x00-\x20\x7f-\U0010ffff;]|//|%00|%5[cC]|%0[aAdD]")
_MAX_PATH = 2048


class Need(Enum):
    """Who may use a route."""

    NOBODY_IN_PARTICULAR = "open"
    KEY = "key"
    METRICS = "metrics"


@dataclass(frozen=True, slots=True)
class Route:
    """One thing the server does: the method, the path, who may, and the handler's name.

    A path that ends in `/` takes the rest of the path as its argument.
    """

    method: str
    path: str
    need: Need
    handler: str


class Matched(NamedTuple):
    """A route and the rest of the path."""

    route: Route
    rest: str = ""


def check_host(host: str | None, *, version_needs_host: bool) -> None:
    """A plausible Host; the parser has refused two of them. Raises `CallFailed`."""
    if host is None:
        if version_needs_host:
            raise _refused("The request has no Host header.")
        return
    if not _plausible(host):
        raise _refused("The Host header is not a host name with an optional port.")


@functools.lru_cache(maxsize=256)
def _plausible(host: str) -> bool:
    match = _HOST.fullmatch(host) if len(host) <= 255 else None
    return match is not None and int(match[1] or 0) <= 65535


def match_route(routes: Mapping[tuple[str, str], Route], method: str, target: str) -> Matched:
    """The route of a request target. Raises `CallFailed` (400, 404, 405)."""
    path = target.partition("?")[0]
    if (exact := routes.get((method, path))) is not None:
        return Matched(exact)
    check_path(path)
    prefix, slash, _ = path.rpartition("/")
    while slash and prefix:
        candidate = routes.get((method, prefix + "/"))
        if candidate is not None:
            argument = unquote(path[len(prefix) + 1 :], errors="strict")
            return Matched(candidate, argument)
        prefix, slash, _ = prefix.rpartition("/")
    allowed = sorted({known for known, at in routes if at == path})
    if allowed:
        raise CallFailed(
            Failure(
                Kind.METHOD_NOT_ALLOWED, f"Use {' or '.join(allowed)} for this path, not {method}."
            )
        )
    raise CallFailed(Failure(Kind.NOT_FOUND, f"There is nothing at {method} {path[:200]}."))


def check_path(path: str) -> None:
    """Refuses paths that two parsers might read differently. Raises `CallFailed`."""
    if len(path) > _MAX_PATH:
        raise _refused("The path is too long.")
    if not path.startswith("/"):
        raise _refused("The request target must be a path.")
    try:
        decoded = unquote(path, errors="strict")
    except UnicodeDecodeError:
        raise _refused("The path is not UTF-8.") from None
    if _SUSPECT.search(path) or any(part in (".", "..") for part in decoded.split("/")):
        raise _refused("The path holds dot segments or characters that have no place there.")


def _refused(message: str) -> CallFailed:
    return CallFailed(Failure(Kind.INVALID_REQUEST, message))
