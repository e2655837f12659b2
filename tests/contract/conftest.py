"""One replaying vendor and one gateway for all tests, with a provider for every recording."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from anthropic import Anthropic
from openai import AsyncOpenAI, OpenAI

from headgate.testing.gateway import KEY, Gateway

from .any_path import AnyPath
from .asking import Asked, Clients
from .made_up import MADE_UP
from .recordings import FOLDER, Recording, absent, recordings
from .replay import Replay
from .traffic import Case, everywhere

#: The key a client sends when it speaks to the vendor itself, and the one the gateway has for it.
DIRECT_KEY, VENDOR_KEY = "direct-key", "vendor-key"


@dataclass(frozen=True)
class Doors:
    """Two clients that ask for the same recording: at the vendor, and through the gateway."""

    replay: Replay
    gateway: Gateway
    client: OpenAI

    def direct(self, recording: Recording) -> OpenAI:
        """Speaks to the vendor itself."""
        return self.client.with_options(
            base_url=self.replay.url("direct", recording), api_key=DIRECT_KEY
        )

    @property
    def through(self) -> OpenAI:
        """Speaks to the gateway."""
        return self.client


def _config(replay: Replay) -> str:
    providers: dict[str, Any] = {
        one.id: {
            "kind": one.kind,
            "base_url": replay.url("gateway", one),
            "keys": [VENDOR_KEY],
        }
        for one in replay.recordings.values()
    }
    models = {
        "echo/priced": {"input_per_mtok": 1, "output_per_mtok": 2},
        "echo/vectors": {"mode": "embedding"},
    }
    routes = [{"name": "house-route", "match": {"model": "house"}, "targets": ["echo/priced"]}]
    # JSON is YAML too.
    config = {"providers": {**providers, "echo": {}}, "models": models, "routes": routes}
    return "\n".join(f"{name}: {json.dumps(value)}" for name, value in config.items())


@pytest.fixture(scope="session")
def replay() -> Iterator[Replay]:
    with Replay([*recordings(), *MADE_UP]) as running:
        yield running


@pytest.fixture(scope="session")
def gateway(replay: Replay, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with Gateway(_config(replay), tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="session")
def client(gateway: Gateway) -> Iterator[OpenAI]:
    """The SDK as a user sets it up, less the retries that would hide what happened."""
    with OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=20) as made:
        yield made


@pytest.fixture(scope="session")
def doors(replay: Replay, gateway: Gateway, client: OpenAI) -> Doors:
    return Doors(replay, gateway, client)


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all asynchronous calls: the client's connections belong to it."""
    with asyncio.Runner() as running:
        yield running


@pytest.fixture(scope="session")
def async_client(gateway: Gateway, runner: asyncio.Runner) -> Iterator[AsyncOpenAI]:
    made = AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=20)
    yield made
    runner.run(made.close())


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> Recording:
    """The recording that `cases` chose."""
    if request.param is None:
        absent(
            f"no such recording in {FOLDER.name}" if FOLDER.is_dir() else "no recordings are here"
        )
    found: Recording = request.param
    return found


@pytest.fixture
def case(request: pytest.FixtureRequest) -> Case:
    """The case that `chosen` chose."""
    if request.param is None:
        absent("no such recording" if FOLDER.is_dir() else "no recordings are here")
    found: Case = request.param
    return found


@pytest.fixture(scope="session")
def vendor() -> Iterator[AnyPath]:
    """Whoever is asked in a case."""
    with AnyPath(everywhere()) as running:
        yield running


@pytest.fixture(scope="session")
def wide_gateway(vendor: AnyPath, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a provider for every case."""
    providers = {
        case.id: {
            "kind": case.place.kind,
            "base_url": vendor.url(case),
            "keys": [VENDOR_KEY],
            **case.place.options,
        }
        for case in vendor.cases.values()
    }
    config = f"providers: {json.dumps(providers)}\n"
    with Gateway(config, tmp_path_factory.mktemp("wide")) as running:
        yield running


@pytest.fixture(scope="session")
def clients(wide_gateway: Gateway) -> Iterator[Clients]:
    """Both SDKs at that gateway, less the retries that would hide what happened."""
    url = wide_gateway.url
    with (
        OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0, timeout=20) as ours,
        Anthropic(base_url=url, api_key=KEY, max_retries=0, timeout=20) as theirs,
    ):
        yield Clients(ours, theirs)


@pytest.fixture(scope="session")
def asked_before() -> dict[str, Asked]:
    """What cases have yielded: lines of the log are written a moment after their calls."""
    return {}
