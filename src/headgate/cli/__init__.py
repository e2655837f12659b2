"""The `headgate` command: one file a verb, each imported only when it is asked for."""

from __future__ import annotations

import importlib

import click

from headgate.config.problem import nearest

VERBS = {
    "serve": "Start the gateway.",
    "check": "Check a gateway.yaml and say what is wrong with it, line by line.",
    "explain": "Show where a call would go, and why.",
    "plugins": "List installed plugins, and why one cannot be loaded.",
    "providers": "List the configured providers.",
    "models": "List the models that can be called, with prices.",
}


class Verbs(click.Group):
    """Loads a verb's file when it is called, so that `serve` does not pay for the others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command:
        if name not in VERBS:
            ctx.fail(f"no such command '{name}'{nearest(name, VERBS)}")
        command = importlib.import_module(f"headgate.cli.{name}").command
        if not isinstance(command, click.Command):
            raise TypeError(f"headgate.cli.{name} has no command")
        return command


@click.group(cls=Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="headgate")
def main() -> None:
    """Headgate: one address for every AI provider."""
