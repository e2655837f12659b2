"""What a provider must not do is seen, while it does it or in its source."""

from __future__ import annotations

import logging
import os
import random
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from headgate.testing.imports import driving
from headgate.testing.purity import Impure, pure

ACTS: dict[str, Callable[[], object]] = {
    "open": lambda: open(os.devnull),  # noqa: PTH123, SIM115 - it is refused
    "print": lambda: print("x"),
    "time": lambda: round(time.time()),
    "monotonic": lambda: round(time.monotonic()),
    "sleep": lambda: time.sleep(0),
    "random": lambda: round(random.random()),
    "urandom": lambda: os.urandom(1),
    "getenv": lambda: os.getenv("HOME"),
    "uuid4": uuid.uuid4,
    "connect": lambda: socket.create_connection(("127.0.0.1", 9)),
    "thread": lambda: threading.Thread(target=len).start(),
    "process": lambda: subprocess.run([sys.executable], check=False),
    "log": lambda: logging.getLogger("x").error("y"),
}


@pytest.mark.parametrize("act", ACTS)
def test_acting_is_refused(act: str) -> None:
    with pytest.raises(Impure, match="it may only compute"), pure():
        ACTS[act]()


def test_everything_is_put_back_even_after_a_failure() -> None:
    before = (open, time.time, os.urandom, socket.socket.connect)
    with pytest.raises(ZeroDivisionError), pure():
        1 / 0  # noqa: B018 - it fails on purpose
    assert (open, time.time, os.urandom, socket.socket.connect) == before


def test_another_thread_may_go_on() -> None:
    begun, may_look, seen = threading.Event(), threading.Event(), []

    def look() -> None:
        begun.set()
        may_look.wait(10)
        seen.append(time.time())

    thread = threading.Thread(target=look)
    thread.start()
    begun.wait(10)
    with pure():
        may_look.set()
        thread.join(10)
    assert len(seen) == 1


#: source -> what is found in it
SOURCES = {
    "import json, http\nfrom http import HTTPStatus\nfrom urllib.parse import quote": [],
    "from datetime import datetime\ndatetime.fromisoformat('2026-01-01')": [],
    "import time": ["planted_package/a.py:1: import time"],
    "import urllib.request as x": ["planted_package/a.py:1: import urllib.request"],
    "from urllib import request": ["planted_package/a.py:1: import urllib.request"],
    "from http.client import HTTPConnection": ["planted_package/a.py:1: import http.client"],
    "def f():\n    import asyncio.events": ["planted_package/a.py:2: import asyncio"],
    "from .time import x\nfrom . import socket": [],
    "from datetime import datetime\ndatetime.now()": ["planted_package/a.py:2: datetime.now"],
    "import os\nos.environ['A']": ["planted_package/a.py:2: os.environ"],
    "import threading\nclass Signer:\n    def sign(self, request, body): ...": [],
}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("planted_package")]:
        del sys.modules[name]


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_that_acts_is_seen(site: Path, source: str) -> None:
    package = site / "planted_package"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "b.py").write_text("")
    (package / "a.py").write_text(source)
    __import__("planted_package.b")
    assert [str(one) for one in driving("planted_package.b")] == SOURCES[source]
    assert driving("no_such_module") == []
