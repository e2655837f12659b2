"""One gateway and two vendors that most tests share; each test has model names of its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream

CONFIG = """
server:
  header_timeout: 600ms
  body_timeout: 600ms
  write_timeout: 1s
  keepalive: 1500ms
  drain_delay: 20ms
  max_body: 2MiB
providers:
  first: {{kind: custom, base_url: "{first}"}}
  second: {{kind: custom, base_url: "{second}"}}
  keyed: {{kind: custom, base_url: "{first}", keys: [key-number-one, key-number-two]}}
  locked: {{kind: custom, base_url: "{first}", keys: [key-number-one, key-number-two]}}
  hasty:
    kind: custom
    base_url: "{first}"
    timeouts: {{first_token: 400ms, idle: 400ms, total: 3s}}
  hurried: {{kind: custom, base_url: "{first}", timeouts: {{total: 400ms}}}}
  nobody: {{kind: custom, base_url: "http://127.0.0.1:{closed}/v1"}}
models:
  first/small: {{context_window: 8192}}
  second/as-small: {{context_window: 8192}}
  second/large: {{context_window: 131072}}
routes:
  - {{name: pair, match: {{model: "pair-*"}}, pick: order, targets: ["first/*", "second/*"]}}
  - {{name: hasty, match: {{model: "hasty-*"}}, pick: order, targets: ["hasty/*", "second/*"]}}
  - {{name: hurried, match: {{model: "hurried-*"}}, pick: order, targets: ["hurried/*", "second/*"]}}
  - {{name: refused, match: {{model: "refused-*"}}, pick: order, targets: ["nobody/*", "second/*"]}}
  - name: held
    match: {{model: "held-*"}}
    pick: order
    targets: ["first/*", "second/*"]
    stream: {{hold: true}}
  - name: windows
    match: {{model: windows}}
    pick: order
    targets: ["first/small", "second/as-small", "second/large"]
  - name: deadline
    match: {{model: "deadline-*"}}
    pick: order
    targets: ["first/*", "second/*"]
    timeouts: {{total: 700ms}}
"""


@dataclass(frozen=True)
class House:
    """A gateway and its two vendors."""

    gateway: Gateway
    first: FakeUpstream
    second: FakeUpstream


def free_port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("house")
    with FakeUpstream() as first, FakeUpstream() as second:
        config = CONFIG.format(first=first.url, second=second.url, closed=free_port())
        with Gateway(config, folder) as gateway:
            yield House(gateway, first, second)


@pytest.fixture
def gateway(house: House) -> Gateway:
    return house.gateway


@pytest.fixture
def untouched(house: House) -> Iterator[None]:
    """Fails the test if any request reached a vendor."""
    before = len(house.first.visits) + len(house.second.visits)
    yield
    assert len(house.first.visits) + len(house.second.visits) == before
