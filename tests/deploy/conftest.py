"""A gateway that has seen traffic, and a Prometheus that has watched it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from headgate.testing.gateway import Gateway

from .programs import DEPLOY, Prometheus
from .traffic import CONFIG, busy_minute


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway of echoes."""
    with Gateway(CONFIG, tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture(scope="session")
def prometheus(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, after two scrapes around a burst of traffic: the least that makes a rate."""
    folder = tmp_path_factory.mktemp("prometheus")
    config = DEPLOY / "prometheus" / "prometheus.yml"
    # Counters exist only after their first call, and rates see only what moves after that.
    busy_minute(gateway)
    with Prometheus(config, folder, [f"127.0.0.1:{gateway.port}"]) as running:
        running.wait_until("sum(headgate_requests_total) > 0")
        busy_minute(gateway)
        counted = gateway.metric("headgate_requests_total")
        running.wait_until(f"sum(headgate_requests_total) == {counted}")
        # Rules that build on others are a few evaluations behind.
        running.wait_until("headgate:failures:ratio_rate5m > 0")
        yield running
