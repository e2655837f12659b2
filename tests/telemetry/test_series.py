"""Counting, and what Prometheus reads of it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from headgate.telemetry import series
from headgate.telemetry.prometheus import text
from headgate.telemetry.series import Exposition
from headgate.telemetry.table import ATTEMPTS, DURATION, IN_FLIGHT, LOOP_LAG, METRICS, TOKENS

Sample = tuple[str, tuple[tuple[str, str], ...], float]


def scraped(exposition: Exposition) -> list[Sample]:
    return [
        (one.name, tuple(sorted(one.labels.items())), one.value)
        for family in text_string_to_metric_families(text(exposition).decode())
        for one in family.samples
    ]


def test_what_was_counted_is_what_is_scraped() -> None:
    exposition = Exposition()
    exposition.counts[TOKENS.name].add(5, "p", "m", "input")
    exposition.counts[TOKENS.name].add(2, "p", "m", "input")
    exposition.gauges[IN_FLIGHT.name] = lambda: [(("p",), 3.0)]
    exposition.gauges[LOOP_LAG.name] = lambda: [((), 0.25)]
    found = scraped(exposition)
    labels = (("model", "m"), ("provider", "p"), ("type", "input"))
    assert ("headgate_tokens_total", labels, 7.0) in found
    assert ("headgate_in_flight", (("provider", "p"),), 3.0) in found
    assert ("headgate_event_loop_lag_seconds", (), 0.25) in found


@settings(max_examples=50, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=12))
def test_no_name_breaks_the_text_format(name: str) -> None:
    exposition = Exposition()
    exposition.counts[ATTEMPTS.name].add(1, name, "m", "ok")
    labels = (("model", "m"), ("outcome", "ok"), ("provider", name))
    assert ("headgate_attempts_total", labels, 1.0) in scraped(exposition)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0, 1000) | st.sampled_from(DURATION.buckets), max_size=30))
def test_a_histogram_is_cumulative(values: list[float]) -> None:
    exposition = Exposition()
    one = exposition.histograms[DURATION.name].series("r", "p", "m")
    for value in values:
        one.observe(value)
    found = scraped(exposition)
    buckets = {
        float(dict(labels)["le"]): value
        for name, labels, value in found
        if name.endswith("_bucket")
    }
    for bound in (*DURATION.buckets, float("inf")):
        assert buckets[bound] == sum(value <= bound for value in values)
    totals = {name: value for name, _, value in found if not name.endswith("_bucket")}
    assert totals[f"{DURATION.name}_count"] == len(values)
    assert totals[f"{DURATION.name}_sum"] == pytest.approx(sum(values))


def test_the_number_of_series_is_capped_and_nothing_goes_uncounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(series, "MAX_SERIES", 10)
    exposition = Exposition()
    counts, histograms = exposition.counts[ATTEMPTS.name], exposition.histograms[DURATION.name]
    for number in range(50):
        counts.add(1, "p", f"m{number}", "ok")
        histograms.series("r", "p", f"m{number}").observe(1.0)
    assert len(counts.values) == len(histograms.values) == 11
    assert sum(counts.values.values()) == 50
    assert counts.values["other", "other", "other"] == 40
    assert sum(one.counts[7] for one in histograms.values.values()) == 50


def test_every_metric_is_described() -> None:
    exposition = Exposition()
    exposition.gauges |= {metric.name: list for metric in METRICS if metric.type == "gauge"}
    shown = text(exposition).decode()
    for metric in METRICS:
        name = metric.name.removesuffix("_total") if metric.type == "counter" else metric.name
        assert f"# TYPE {name}" in shown, metric.name
        assert metric.help.endswith(".")
        assert (metric.type == "histogram") == bool(metric.buckets)
        assert list(metric.buckets) == sorted(metric.buckets)
