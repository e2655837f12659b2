"""`headgate plugins`."""

from __future__ import annotations

import click

from headgate.cli.show import console, print_json, table
from headgate.registry import Plugin, Registry, discover


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
def command(as_json: bool) -> None:
    """List installed plugins, and why one cannot be loaded."""
    registry = discover()
    if as_json:
        print_json(_facts(registry))
    else:
        _print(registry)


def _print(registry: Registry) -> None:
    out = console()
    if not registry.plugins:
        out.print("No plugin is installed; each is a package of its own, such as headgate-openai.")
        return
    rows = [
        (
            plugin.name,
            plugin.distribution,
            plugin.version,
            " ".join(plugin.kinds) or "-",
            _status(plugin),
        )
        for plugin in registry.plugins
    ]
    out.print(table(("name", "distribution", "version", "kinds", "status"), rows))
    for conflict in registry.conflicts:
        out.print(f"\nconflict: {conflict}")
    for plugin in registry.plugins:
        if plugin.error:
            out.print(f"\n{plugin} cannot be loaded:\n")
            out.print(plugin.error.rstrip(), soft_wrap=True)


def _status(plugin: Plugin) -> str:
    if plugin.error:
        return "broken, see below"
    return "ok" if plugin.kinds else "offers nothing"


def _facts(registry: Registry) -> dict[str, object]:
    return {
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "kinds": list(plugin.kinds),
                "ok": plugin.error is None,
                "summary": plugin.summary or None,
                "traceback": plugin.error,
            }
            for plugin in registry.plugins
        ],
        "conflicts": list(registry.conflicts),
    }
