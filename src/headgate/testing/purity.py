"""Shows that code neither waits, nor looks at a clock, nor rolls dice, nor opens anything."""

from __future__ import annotations

import builtins
import contextlib
import os
import random
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

#: What a provider's answers may not depend on.
_FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (builtins, "open"),
    (os, "urandom"),
    (random, "random"),
    (random, "randint"),
    (random, "choice"),
    (socket.socket, "connect"),
    (socket, "getaddrinfo"),
    (threading.Thread, "start"),
    (time, "time"),
    (time, "time_ns"),
    (time, "monotonic"),
    (time, "perf_counter"),
    (time, "sleep"),
    (uuid, "uuid1"),
    (uuid, "uuid4"),
)


class Impure(AssertionError):
    """A provider did something besides computing."""


@contextlib.contextmanager
def pure() -> Iterator[None]:
    """Inside, files, sockets, threads, clocks and chance raise `Impure`."""
    kept = [(holder, name, getattr(holder, name)) for holder, name in _FORBIDDEN]
    try:
        for holder, name, original in kept:
            setattr(holder, name, _refuse(name, original))
        yield
    finally:
        for holder, name, original in kept:
            setattr(holder, name, original)


def _refuse(name: str, original: Any) -> Callable[..., Any]:
    here = threading.get_ident()

    def refuse(*args: Any, **named: Any) -> Any:
        if threading.get_ident() != here:
            return original(*args, **named)
        raise Impure(f"a provider must not call {name}(): the gateway does that for it")

    return refuse
