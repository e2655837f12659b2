"""What several verbs start with: finding the configuration and the plugins."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Never, TypeVar

import click

from headgate.app import configuration_from_environment
from headgate.config.environment import environment
from headgate.config.load import Loaded, load_file
from headgate.config.problem import ConfigError
from headgate.registry import Registry, discover

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


def load_all(file: Path | None) -> tuple[Loaded, Registry]:
    """The configuration and the plugins, or the end of the process with what is wrong."""
    try:
        registry = discover()
        path = file or (DEFAULT_FILE if DEFAULT_FILE.is_file() else None)
        variables = environment(path.parent if path else Path())
        if path is not None:
            return load_file(path, variables), registry
        return configuration_from_environment(registry, variables), registry
    except ConfigError as error:
        fail(error)


def fail(error: ConfigError) -> Never:
    """Ends the process with the problems, one a line, on standard error."""
    for problem in error.problems:
        click.echo(str(problem), err=True)
    raise SystemExit(1)


def quiet_logging() -> None:
    """Warnings to standard error, for verbs that print tables."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
