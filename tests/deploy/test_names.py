"""Dashboard and rules speak of metrics, labels and failure kinds that there are."""

from __future__ import annotations

import re

import pytest

from headgate.attempts.policy import REACTIONS
from headgate.provider.failure import Kind
from headgate.telemetry.table import METRICS, Metric

from .dashboard import BUILT_IN, filters, load, panels, queries
from .rules import recordings, rules

BY_NAME = {metric.name: metric for metric in METRICS}
#: What Prometheus adds to every series of a target, and to a histogram's.
ADDED = {"job", "instance", "le"}

EXPRESSIONS = {
    **{f"dashboard: {query.panel} {index}": query.asked for index, query in enumerate(queries())},
    **{f"filter: {label}": selector for selector, label in filters()},
    **{f"rule: {rule.name}": rule.expression for rule in rules()},
}
#: Failures an operator can do something about; the others are the caller's own doing.
OURS = {
    Kind.RATE_LIMITED,
    Kind.QUOTA_EXHAUSTED,
    Kind.CREDENTIALS,
    Kind.OVERLOADED,
    Kind.SERVER_ERROR,
    Kind.CONNECTION,
    Kind.TIMEOUT,
    Kind.GARBLED,
    Kind.CUT,
    Kind.PLUGIN,
    Kind.SHED,
}
CALLERS = {
    Kind.INVALID_REQUEST,
    Kind.TOO_LARGE,
    Kind.UNSUPPORTED_MEDIA,
    Kind.CONTEXT_LENGTH,
    Kind.CONTENT_FILTER,
    Kind.MODEL_NOT_FOUND,
    Kind.UNSUPPORTED,
    Kind.UNAUTHENTICATED,
    Kind.FORBIDDEN,
    Kind.NOT_FOUND,
    Kind.METHOD_NOT_ALLOWED,
    Kind.SLOW_CLIENT,
    Kind.CONFLICT,
    Kind.OVER_LIMIT,
    Kind.OVER_BUDGET,
    Kind.CANCELLED,
}


def metric_of(series: str) -> Metric:
    """The metric a series belongs to: a histogram's have endings of their own."""
    if (found := BY_NAME.get(series)) is not None:
        assert found.type != "histogram", f"{series} needs _bucket, _sum or _count"
        return found
    base, _, ending = series.rpartition("_")
    found = BY_NAME.get(base)
    assert found is not None, f"there is no metric {series}"
    assert found.type == "histogram", f"{series} is not a histogram's"
    assert ending in ("bucket", "sum", "count")
    return found


def used(expression: str) -> dict[str, set[str]]:
    """The series of ours an expression names, and the labels it selects them by."""
    found: dict[str, set[str]] = {}
    for name, selector in re.findall(r"\b(headgate_\w+)(\{[^}]*\})?", expression):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
    return found


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_every_metric_and_label_exists(expression: str) -> None:
    everything = set(ADDED)
    for series, labels in used(expression).items():
        metric = metric_of(series)
        assert labels <= {*metric.labels, *ADDED}, series
        everything.update(metric.labels)
    if "headgate:" not in expression:
        grouped = re.findall(r"\b(?:by|on|ignoring) \(([^)]*)\)", expression)
        assert {label.strip() for group in grouped for label in group.split(",")} <= everything


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS.keys())
def test_only_what_counts_up_has_a_rate(expression: str) -> None:
    for series in re.findall(r"(?:rate|increase)\((headgate_\w+)", expression):
        assert metric_of(series).type in ("counter", "histogram")


def test_alerts_build_on_rules_that_are_recorded() -> None:
    written = " ".join(rule.expression for rule in rules())
    assert set(re.findall(r"\bheadgate:[\w:]+", written)) <= {rule.name for rule in recordings()}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {metric_of(series).name for query in queries() for series in used(query.asked)}
    assert {metric.name for metric in METRICS} - shown == set()


def test_the_error_rate_counts_every_kind_that_is_not_the_callers_doing() -> None:
    (rule,) = (rule for rule in recordings() if rule.name == "headgate:failures:rate5m")
    (kinds,) = re.findall(r'kind=~"([^"]+)"', rule.expression)
    assert set(kinds.split("|")) == {kind.value for kind in OURS}


def test_every_failure_kind_is_somebodys() -> None:
    assert set(Kind) == OURS | CALLERS
    assert not OURS & CALLERS
    assert not [kind for kind in CALLERS if REACTIONS[kind].breaker]


def test_every_query_asks_the_data_source_that_was_chosen() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert panel["datasource"] == chosen, panel["title"]
        assert [target["datasource"] for target in panel["targets"]] == [chosen] * len(
            panel["targets"]
        )


def test_every_variable_of_a_query_is_one_of_the_dashboards() -> None:
    known = {variable["name"] for variable in load()["templating"]["list"]} | BUILT_IN.keys()
    for query in queries():
        assert query.variables <= known, query.panel


def test_no_two_panels_share_a_number_or_a_place() -> None:
    everything = load()["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    taken: set[tuple[int, int]] = set()
    for panel in everything:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


def test_the_schema_is_one_that_grafana_need_not_migrate() -> None:
    assert load()["schemaVersion"] == 42
    assert not any(panel["type"] in ("graph", "singlestat", "table-old") for panel in panels())
