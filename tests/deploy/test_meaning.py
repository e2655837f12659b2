"""Figures mean what their panels say."""

from __future__ import annotations

from pathlib import Path

from headgate.testing.gateway import Gateway

from .traffic import call


def test_a_wait_that_a_provider_asked_for_is_not_the_gateways_own_time(tmp_path: Path) -> None:
    with Gateway("providers: {echo: {}}", tmp_path) as gateway:
        # Refused with `retry-after: 1` and tried once more.
        assert call(gateway, "echo/fail=rate_limited") == 429
        assert gateway.metric("headgate_request_duration_seconds_sum") > 1
        assert gateway.metric("headgate_overhead_seconds_sum") < 0.5
