"""The rules and the metrics as promtool sees them."""

from __future__ import annotations

from urllib.request import urlopen

import pytest
import yaml

from headgate.testing.gateway import Gateway

from .programs import DEPLOY, program, run
from .rules import Rule, alerts
from .traffic import call

FOLDER = DEPLOY / "prometheus"


@pytest.mark.parametrize(
    "command",
    [
        ("check", "config", FOLDER / "prometheus.yml"),
        # The key and the rules lie elsewhere in the container, hence syntax only.
        ("check", "config", "--syntax-only", DEPLOY / "compose" / "prometheus.yml"),
        ("check", "rules", "--lint=all", "--lint-fatal", FOLDER / "alerts.yml"),
        ("test", "rules", FOLDER / "alerts_test.yml"),
    ],
    ids=["config", "compose config", "rules", "tests of rules"],
)
def test_promtool_finds_nothing_to_say(command: tuple[str, ...]) -> None:
    done = run(program("promtool"), *command)
    assert done.returncode == 0, done.stdout.decode()


def test_promtool_finds_nothing_to_say_about_the_metrics(gateway: Gateway) -> None:
    promtool = program("promtool")
    for model in ("echo/echo", "slow/unpriced", "rescue", "echo/fail=credentials"):
        call(gateway, model, stream=True)
    with urlopen(f"{gateway.url}/metrics", timeout=10) as response:
        text = response.read()
    done = run(promtool, "check", "metrics", stdin=text)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_every_alert_is_tried_out_in_the_tests_of_rules() -> None:
    cases = yaml.safe_load((FOLDER / "alerts_test.yml").read_text("utf-8"))["tests"]
    checks = [check for case in cases for check in case["alert_rule_test"]]
    fired = {check["alertname"] for check in checks if check.get("exp_alerts")}
    assert fired == {alert.name for alert in alerts()}


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_every_alert_says_how_bad_it_is_and_what_to_do(alert: Rule) -> None:
    assert alert.labels["severity"] in ("warning", "critical")
    assert alert.annotations["summary"]
    assert alert.annotations["description"]
