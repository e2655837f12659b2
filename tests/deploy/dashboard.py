"""Reading a Grafana dashboard: its panels, queries and variables, as Prometheus gets them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from .programs import DEPLOY

FILE = DEPLOY / "grafana" / "dashboards" / "headgate.json"

#: What Grafana itself puts in; the test's window is small because its traffic is young.
BUILT_IN = {"__rate_interval": "30s", "__range": "1m"}
_VARIABLE = re.compile(r"\$\{?(\w+)\}?")
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


@dataclass(frozen=True)
class Query:
    """One query of one panel. `expression` is as written, `asked` as Prometheus gets it."""

    panel: str
    expression: str
    legend: tuple[str, ...]

    @property
    def asked(self) -> str:
        """With every filter set to All."""
        return _VARIABLE.sub(lambda match: BUILT_IN.get(match[1], ".*"), self.expression)

    @property
    def variables(self) -> set[str]:
        """The names after the dollar signs."""
        return set(_VARIABLE.findall(self.expression))


@cache
def load() -> dict[str, Any]:
    """The dashboard."""
    data: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return data


def panels() -> list[dict[str, Any]]:
    """Every panel that is not a row's heading."""
    return [panel for panel in load()["panels"] if panel["type"] != "row"]


def queries() -> list[Query]:
    """Every query of every panel."""
    return [
        Query(panel["title"], target["expr"], tuple(_LEGEND.findall(target["legendFormat"])))
        for panel in panels()
        for target in panel["targets"]
    ]


def filters() -> list[tuple[str, str]]:
    """Of every filter above the panels: the series it looks at, and the label."""
    found = []
    for variable in load()["templating"]["list"]:
        if variable["type"] == "query":
            match = _LABEL_VALUES.fullmatch(variable["query"]["query"])
            assert match is not None, variable["query"]
            found.append((_VARIABLE.sub(".*", match[1]), match[2]))
    return found
