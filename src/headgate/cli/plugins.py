"""`headgate plugins`."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import click

from headgate.cli.plugin_doctor import examine
from headgate.cli.plugin_template import write_plugin
from headgate.cli.show import console, print_json, table
from headgate.registry import Plugin, Registry, discover


@click.group("plugins", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """List installed plugins, and why one cannot be loaded."""
    if ctx.invoked_subcommand is not None:
        return
    registry = discover()
    if as_json:
        print_json(_facts(registry))
    else:
        _print(registry)


@command.command("new")
@click.argument("name")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="The folder to make [default: ./headgate-NAME].",
)
def new(name: str, into: Path | None) -> None:
    """Write a working plugin for the vendor NAME, with tests."""
    folder = into or Path(f"headgate-{name}")
    if any(name in (*cls.aliases, cls.kind) for cls in discover().classes):
        _refuse(f"an installed plugin offers the kind '{name}' already; choose another name")
    try:
        written = write_plugin(name, folder)
    except FileExistsError:
        _refuse(f"{folder} is there already; choose another folder with --into")
    except (ValueError, OSError) as error:
        _refuse(str(error))
    for path in written:
        click.echo(str(path))
    click.echo(f"\nNow: pip install -e '{folder}[test]' && pytest {folder}")


def _refuse(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(1)


@command.command("doctor")
def doctor() -> None:
    """Look closer at every plugin: what is wrong, and what is odd. Exit code 1 if any is wrong."""
    registry = discover()
    findings = examine(registry)
    for plugin in registry.plugins:
        about = [one for one in findings if one.plugin == plugin.name]
        click.echo(f"{plugin}: {'WRONG' if any(one.wrong for one in about) else 'ok'}")
        for one in about:
            click.echo(f"  {'wrong' if one.wrong else 'note'}: {one.text}")
    for one in findings:
        if not one.plugin:
            click.echo(f"wrong: {one.text}")
    if any(one.wrong for one in findings):
        raise SystemExit(1)


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
