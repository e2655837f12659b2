"""Counting cheaply: plain numbers on the request path, Prometheus' format at scrape time.

prometheus_client's own counters take a lock and look labels up for every step; a call takes a
dozen steps. Here a step is an addition, and the library only writes the text.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable

from headgate.telemetry.table import METRICS, Metric

#: Label values come from the configuration, so this is never reached; it is the second line.
MAX_SERIES = 10_000
_OVERFLOW = "other"

Labels = tuple[str, ...]


class Histogram:
    """One series of a histogram."""

    __slots__ = ("_bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Counts one value, in seconds."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.sum += value


class Counts:
    """All series of one counter or gauge."""

    __slots__ = ("_metric", "values")

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self.values: dict[Labels, float] = {}

    def add(self, amount: float, *labels: str) -> None:
        """Adds to one series."""
        try:
            self.values[labels] += amount
        except KeyError:
            if len(self.values) >= MAX_SERIES:
                labels = (_OVERFLOW,) * len(labels)
            self.values[labels] = self.values.get(labels, 0.0) + amount


class Histograms:
    """All series of one histogram."""

    __slots__ = ("_metric", "values")

    def __init__(self, metric: Metric) -> None:
        self._metric = metric
        self.values: dict[Labels, Histogram] = {}

    def series(self, *labels: str) -> Histogram:
        """One series; keep it, rather than ask again for every value."""
        found = self.values.get(labels)
        if found is None:
            if len(self.values) >= MAX_SERIES:
                labels = (_OVERFLOW,) * len(labels)
                if (found := self.values.get(labels)) is not None:
                    return found
            found = self.values[labels] = Histogram(self._metric.buckets)
        return found


Gauge = Callable[[], Iterable[tuple[Labels, float]]]


class Exposition:
    """Everything that is counted, ready to be scraped."""

    def __init__(self) -> None:
        self.counts = {m.name: Counts(m) for m in METRICS if m.type == "counter"}
        self.histograms = {m.name: Histograms(m) for m in METRICS if m.type == "histogram"}
        self.gauges: dict[str, Gauge] = {}
