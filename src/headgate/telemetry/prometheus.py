"""Prometheus' text format, written by its own library when somebody scrapes.

Imported at the first scrape: the library is a tenth of the time a start takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from headgate.telemetry.series import Exposition
from headgate.telemetry.table import METRICS, Metric


def text(exposition: Exposition) -> bytes:
    """Everything that is counted, as a scrape shows it."""
    registry = CollectorRegistry()
    registry.register(_Families(exposition))
    return generate_latest(registry)


class _Families(Collector):
    """Our numbers in the library's words."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition

    def collect(self) -> Iterator[Family]:
        for metric in METRICS:
            if metric.type == "counter":
                counter = CounterMetricFamily(metric.name, metric.help, labels=metric.labels)
                for labels, value in list(self._exposition.counts[metric.name].values.items()):
                    counter.add_metric(labels, value)
                yield counter
            elif metric.type == "histogram":
                yield self._histogram(metric)
            elif (read := self._exposition.gauges.get(metric.name)) is not None:
                gauge = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
                for labels, value in read():
                    gauge.add_metric(labels, value)
                yield gauge

    def _histogram(self, metric: Metric) -> HistogramMetricFamily:
        family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
        for labels, series in list(self._exposition.histograms[metric.name].values.items()):
            buckets: list[tuple[str, float]] = []
            total = 0
            for bound, count in zip((*metric.buckets, float("inf")), series.counts, strict=True):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else repr(float(bound)), total))
            family.add_metric(labels, buckets, series.sum)
        return family
