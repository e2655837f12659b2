"""What several verbs start with: finding the configuration and the plugins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Never, TypeVar

import click

from headgate.app import build_links, build_table, configuration_from_environment
from headgate.attempts.link import Link
from headgate.config.environment import environment
from headgate.config.load import Loaded, load_file
from headgate.config.problem import ConfigError, Problem, in_order
from headgate.registry import Registry, discover
from headgate.routing.table import Table

DEFAULT_FILE = Path("gateway.yaml")
_Command = TypeVar("_Command", bound=Callable[..., Any])


def config_option(function: _Command) -> _Command:
    """`--config FILE`; without it ./gateway.yaml, and without that the environment."""
    return click.option(
        "--config",
        "-c",
        "file",
        type=click.Path(path_type=Path, dir_okay=False),
        envvar="HEADGATE_CONFIG",
        help="The configuration [default: ./gateway.yaml, else environment variables].",
    )(function)


def json_option(function: _Command) -> _Command:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")(
        function
    )


@dataclass(frozen=True)
class Setup:
    """A configuration with everything that routing asks it for; no socket is open."""

    loaded: Loaded
    registry: Registry
    links: Mapping[str, Link]
    table: Table


def find_file(file: Path | None) -> tuple[Path | None, dict[str, str]]:
    """The file to read, if there is one, and the variables with `.env` beside it.

    Raises `ConfigError`.
    """
    path = file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
    return path, environment(path.parent if path else Path())


def load_all(file: Path | None, *, only_used: bool = False) -> tuple[Loaded, Registry]:
    """The configuration and the plugins, or the end of the process with what is wrong.

    `only_used` leaves plugins alone that the file has no use for.
    """
    try:
        path, variables = find_file(file)
        if path is not None:
            loaded = load_file(path, variables)
            kinds = {spec.kind or name for name, spec in loaded.config.providers.items()}
            return loaded, discover(wanted=kinds if only_used else None)
        registry = discover()
        return configuration_from_environment(registry, variables), registry
    except ConfigError as error:
        fail(error)


def set_up(file: Path | None) -> Setup:
    """As `load_all`, with providers and rules."""
    loaded, registry = load_all(file)
    try:
        links = build_links(loaded, registry)
        return Setup(loaded, registry, links, build_table(loaded, links))
    except ConfigError as error:
        fail(error)


def fail(error: ConfigError) -> Never:
    """Ends the process with the problems, one a line, on standard error."""
    say(error.problems)
    raise SystemExit(1)


def say(problems: Iterable[Problem]) -> None:
    """The problems, one a line, on standard error."""
    for problem in in_order(problems):
        click.echo(str(problem), err=True)
