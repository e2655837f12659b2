"""`headgate check`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson

from headgate.app import build_links, build_table, configuration_from_environment
from headgate.attempts.keyring import Keyring
from headgate.attempts.link import Link
from headgate.cli.loading import config_option, find_file, json_option, say
from headgate.config.editor import json_schema
from headgate.config.load import Loaded, read_file
from headgate.config.problem import ConfigError, Problem, in_order
from headgate.provider.base import Provider
from headgate.registry import Registry, discover
from headgate.routing.audit import audit
from headgate.routing.rule import Clocks
from headgate.routing.table import Table


@click.command("check")
@config_option
@json_option
@click.option("--schema", is_flag=True, help="Print the JSON Schema of gateway.yaml, for editors.")
def command(file: Path | None, as_json: bool, schema: bool) -> None:
    """Check a gateway.yaml and say what is wrong with it, line by line.

    Errors end with exit code 1; warnings alone do not.
    """
    if schema:
        click.echo(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2).decode())
        return
    name, problems, summary = examine(file)
    wrong = any(not problem.warning for problem in problems)
    if as_json:
        click.echo(_as_json(name, problems, ok=not wrong))
    else:
        say(problems)
        if not wrong:
            click.echo(f"{name}: valid: {summary}")
    if wrong:
        raise SystemExit(1)


def examine(file: Path | None) -> tuple[str, list[Problem], str]:
    """What was read, everything found in it, and what it holds in one line."""
    try:
        path, variables = find_file(file)
    except ConfigError as error:
        return str(file or "."), list(error.problems), ""
    registry = discover()
    loaded: Loaded | None
    if path is None:
        loaded, problems = configuration_from_environment(registry, variables), list[Problem]()
    else:
        loaded, problems = read_file(path, variables)
    name = str(path) if path else "the environment"
    if loaded is None:
        return name, problems, ""
    links, later = _links(loaded, registry)
    try:
        table = build_table(loaded, links)
    except ConfigError as error:
        later += error.problems
        table = None
    # A mistake in the text leaves stand-ins behind; what is wrong with those is nobody's mistake.
    problems += [one for one in later if not any(map(one.beside, problems))]
    if not problems and table is not None:
        problems = _warnings(loaded, links, table)
    config = loaded.config
    kinds = ", ".join(config.providers) or "none"
    return name, in_order(problems), f"providers {kinds}; {_routes(len(config.routes))}"


def _links(loaded: Loaded, registry: Registry) -> tuple[Mapping[str, Link], list[Problem]]:
    """Every provider, with stand-ins for those that cannot be built, and why they cannot."""
    try:
        return build_links(loaded, registry), []
    except ConfigError as error:
        problems = list(error.problems)
    # The rest of the file is checked against all names, or each would seem unknown there.
    return {name: _stand_in(name) for name in loaded.config.providers}, problems


def _stand_in(name: str) -> Link:
    return Link(name, _StandIn(), Keyring(()), Clocks())


@dataclass(frozen=True)
class _StandIn(Provider):
    kind = "unknown"


def _warnings(loaded: Loaded, links: Mapping[str, Link], table: Table) -> list[Problem]:
    kinds = {name: type(link.provider) for name, link in links.items()}
    today = datetime.now(UTC).date().isoformat()
    return audit(loaded.config, table, kinds, loaded.source, today)


def _routes(number: int) -> str:
    return f"{number} route{'' if number == 1 else 's'}"


def _as_json(name: str, problems: list[Problem], *, ok: bool) -> str:
    found = [
        {
            "file": problem.file,
            "line": problem.line,
            "severity": "warning" if problem.warning else "error",
            "message": problem.message,
        }
        for problem in problems
    ]
    return orjson.dumps(
        {"file": name, "ok": ok, "problems": found}, option=orjson.OPT_INDENT_2
    ).decode()
