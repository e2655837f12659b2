"""Shows that code neither waits, nor sees a clock, nor rolls dice, nor opens or logs anything."""

from __future__ import annotations

import builtins
import contextlib
import logging
import os
import random
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

#: What a provider's answers may not depend on, and what they may not do.
_FORBIDDEN: tuple[tuple[Any, str], ...] = (
    (builtins, "open"),
    (builtins, "print"),
    (builtins, "input"),
    (logging.Logger, "handle"),
    (os, "getenv"),
    (os, "urandom"),
    (random, "random"),
    (random, "randint"),
    (random, "choice"),
    (random, "uniform"),
    (socket.socket, "connect"),
    (socket, "getaddrinfo"),
    (subprocess, "Popen"),
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
    """Inside, files, sockets, processes, threads, clocks, chance and logs raise `Impure`.

    Only for the thread that entered; what another one does meanwhile is its own business.
    """
    kept = [(holder, name, getattr(holder, name)) for holder, name in _FORBIDDEN]
    try:
        for holder, name, original in kept:
            setattr(holder, name, _refuse(holder, name, original))
        yield
    finally:
        for holder, name, original in kept:
            setattr(holder, name, original)


def _refuse(holder: Any, name: str, original: Any) -> Callable[..., Any]:
    here = threading.get_ident()
    words = f"{getattr(holder, '__name__', '')}.{name}".removeprefix("builtins.")

    def refuse(*args: Any, **named: Any) -> Any:
        if threading.get_ident() != here:
            return original(*args, **named)
        raise Impure(
            f"the provider calls {words}(): it may only compute, the gateway does the rest. What "
            "has to vary belongs into an option or into the call"
        )

    return refuse
