"""Every metric Headgate exposes, in one table: the reference page is made from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
_SMALL = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1)
_PER_TOKEN = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1)


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. `buckets` only for histograms, in seconds."""

    name: str
    type: Literal["counter", "gauge", "histogram"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


REQUESTS = Metric(
    "headgate_requests_total",
    "counter",
    "Calls answered, by the HTTP status the client got.",
    ("route", "provider", "model", "operation", "status"),
)
DURATION = Metric(
    "headgate_request_duration_seconds",
    "histogram",
    "Time from a call's arrival to the end of its answer.",
    ("route", "provider", "model"),
    _SECONDS,
)
FIRST_TOKEN = Metric(
    "headgate_time_to_first_token_seconds",
    "histogram",
    "Time from a streamed call's arrival to the first visible event.",
    ("route", "provider", "model"),
    _SECONDS,
)
PER_TOKEN = Metric(
    "headgate_time_per_output_token_seconds",
    "histogram",
    "Time of a stream after its first token, per output token.",
    ("route", "provider", "model"),
    _PER_TOKEN,
)
OVERHEAD = Metric(
    "headgate_overhead_seconds",
    "histogram",
    "A call's duration less the time spent waiting for providers.",
    ("route", "provider", "model"),
    _SMALL,
)
ATTEMPTS = Metric(
    "headgate_attempts_total",
    "counter",
    "Attempts at providers, by outcome: ok, cancelled or a failure kind.",
    ("provider", "model", "outcome"),
)
ERRORS = Metric(
    "headgate_errors_total",
    "counter",
    "Calls that failed, by failure kind.",
    ("route", "provider", "model", "kind"),
)
FALLBACKS = Metric(
    "headgate_fallbacks_total",
    "counter",
    "Moves from one provider to the next, by the failure that caused them.",
    ("route", "from", "to", "kind"),
)
TOKENS = Metric(
    "headgate_tokens_total",
    "counter",
    "Tokens, in classes that do not overlap.",
    ("provider", "model", "type"),
)
COST = Metric(
    "headgate_cost_usd_total",
    "counter",
    "Cost in USD of every attempt whose price is known.",
    ("provider", "model"),
)
UNPRICED = Metric(
    "headgate_unpriced_requests_total",
    "counter",
    "Attempts that used tokens at an unknown price.",
    ("provider", "model"),
)
BREAKER = Metric(
    "headgate_breaker_state",
    "gauge",
    "Circuit of a target: 0 closed, 1 half open, 2 open. Absent while it has not failed.",
    ("provider", "model"),
)
KEY_UP = Metric(
    "headgate_provider_key_up",
    "gauge",
    "Whether a provider key may be used now; the key by its position, from 1.",
    ("provider", "key"),
)
IN_FLIGHT = Metric(
    "headgate_in_flight", "gauge", "Attempts in flight at a provider.", ("provider",)
)
LOOP_LAG = Metric(
    "headgate_event_loop_lag_seconds",
    "gauge",
    "Longest delay of the event loop since the last scrape.",
)
CONFIG_INFO = Metric(
    "headgate_config_info",
    "gauge",
    "The configuration in force.",
    ("hash", "generation"),
)

METRICS = (
    REQUESTS,
    DURATION,
    FIRST_TOKEN,
    PER_TOKEN,
    OVERHEAD,
    ATTEMPTS,
    ERRORS,
    FALLBACKS,
    TOKENS,
    COST,
    UNPRICED,
    BREAKER,
    KEY_UP,
    IN_FLIGHT,
    LOOP_LAG,
    CONFIG_INFO,
)
