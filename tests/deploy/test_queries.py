"""Every query of the dashboard and of the rules, asked of a real Prometheus beside a real gateway."""

from __future__ import annotations

import math
import re

import pytest

from headgate.testing.gateway import Gateway

from .dashboard import Query, filters, queries
from .programs import Prometheus, wait_for
from .rules import Rule, alerts, recordings, rules

#: Alerts whose condition holds after the traffic, and what must be named by them.
CONDITIONS = {
    "HeadgateBreakerOpen": {"provider": "echo", "model": "fail=overloaded"},
    "HeadgateKeyDown": {"provider": "spent", "key": "1"},
    "HeadgateNoKeyLeft": {"provider": "spent"},
    "HeadgateUnpriced": {"provider": "slow", "model": "other"},
    "HeadgateErrors": {"job": "headgate"},
}


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.panel)
def test_every_panel_shows_something(prometheus: Prometheus, query: Query) -> None:
    series = prometheus.query(query.asked)
    assert any(math.isfinite(float(one["value"][1])) for one in series), series


@pytest.mark.parametrize("query", [q for q in queries() if q.legend], ids=lambda query: query.panel)
def test_every_legend_names_what_its_line_shows(prometheus: Prometheus, query: Query) -> None:
    for one in prometheus.query(query.asked):
        assert set(query.legend) <= one["metric"].keys()


@pytest.mark.parametrize(("selector", "label"), filters())
def test_every_filter_offers_values(prometheus: Prometheus, selector: str, label: str) -> None:
    assert prometheus.ask(f"label/{label}/values", **{"match[]": selector})


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.name)
def test_every_rule_is_understood(prometheus: Prometheus, rule: Rule) -> None:
    prometheus.query(rule.expression)


@pytest.mark.parametrize("rule", recordings(), ids=lambda rule: rule.name)
def test_every_recording_rule_records(prometheus: Prometheus, rule: Rule) -> None:
    assert prometheus.query(rule.name)


def test_prometheus_evaluates_all_rules_without_an_error(prometheus: Prometheus) -> None:
    def evaluated() -> list[dict[str, str]]:
        found = [r for group in prometheus.ask("rules")["groups"] for r in group["rules"]]
        return found if all(rule["health"] != "unknown" for rule in found) else []

    found = wait_for(evaluated, "every rule evaluated")
    assert {rule["name"]: rule.get("lastError", "") for rule in found} == {
        rule.name: "" for rule in rules()
    }


@pytest.mark.parametrize(("name", "labels"), CONDITIONS.items(), ids=list(CONDITIONS))
def test_an_alerts_condition_sees_the_trouble_there_is(
    prometheus: Prometheus, name: str, labels: dict[str, str]
) -> None:
    (rule,) = (rule for rule in alerts() if rule.name == name)
    found = [series["metric"] for series in prometheus.query(rule.expression)]
    assert any(labels.items() <= metric.items() for metric in found), found


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: rule.name)
def test_an_alert_only_speaks_of_labels_it_has(prometheus: Prometheus, rule: Rule) -> None:
    spoken = set(re.findall(r"\$labels\.(\w+)", " ".join(rule.annotations.values())))
    for series in prometheus.query(rule.expression):
        assert spoken <= series["metric"].keys()


def test_the_gateway_needs_no_key_from_its_own_machine(
    prometheus: Prometheus, gateway: Gateway
) -> None:
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert target["health"] == "up", target["lastError"]
    assert target["scrapeUrl"] == f"{gateway.url}/metrics"
