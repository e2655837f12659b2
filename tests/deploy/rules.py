"""Reading alerts.yml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import yaml

from .programs import DEPLOY

FILE = DEPLOY / "prometheus" / "alerts.yml"


@dataclass(frozen=True)
class Rule:
    """One rule: an alert, or an expression whose result is recorded under `name`."""

    name: str
    expression: str
    alert: bool
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule, in the order written."""
    groups = yaml.safe_load(FILE.read_text("utf-8"))["groups"]
    return tuple(
        Rule(
            rule.get("alert") or rule["record"],
            rule["expr"],
            "alert" in rule,
            rule.get("labels", {}),
            rule.get("annotations", {}),
        )
        for group in groups
        for rule in group["rules"]
    )


def alerts() -> list[Rule]:
    """The alerts."""
    return [rule for rule in rules() if rule.alert]


def recordings() -> list[Rule]:
    """The recording rules."""
    return [rule for rule in rules() if not rule.alert]
