"""`headgate models`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from headgate.catalogue.facts import Facts
from headgate.cli.discovering import ask
from headgate.cli.discovering import rows as listed_rows
from headgate.cli.loading import Setup, config_option, json_option, set_up
from headgate.cli.show import console, dollars, print_json, table, usd
from headgate.config.problem import nearest
from headgate.provider.call import Target
from headgate.routing.rule import SAME_MODEL

#: What there is an endpoint for.
_MODES = ("chat", "embedding", "rerank")
_COLUMNS = ("model", "mode", "context>", "in>", "out>", "cached>", "capabilities", "shutdown")

Row = tuple[Target, Facts]


@click.command("models")
@config_option
@json_option
@click.option("--provider", "-p", help="Only the models of this provider.")
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also models of kinds that are not configured, and models for audio, images, ...",
)
@click.option("--discover", is_flag=True, help="Ask the providers what they serve now.")
def command(
    file: Path | None, as_json: bool, provider: str | None, everything: bool, discover: bool
) -> None:
    """List the models that can be called, with prices in USD per million tokens."""
    setup = set_up(file)
    rows = _discovered(setup, provider) if discover else _listed(setup, everything)
    names = {target.provider for target, _ in rows} | set(setup.links)
    if provider is not None and provider not in names:
        click.echo(f"unknown provider '{provider}'{nearest(provider, names)}", err=True)
        raise SystemExit(1)
    if provider is not None:
        rows = [row for row in rows if row[0].provider == provider]
    if as_json:
        print_json([_facts(*row) for row in rows])
    elif not rows:
        console().print("No model is known by name; provider/MODEL can be called all the same.")
    else:
        console().print(table(_COLUMNS, [_row(*row) for row in rows]))


def _listed(setup: Setup, everything: bool) -> list[Row]:
    rows = list(_configured(setup))
    if everything:
        return [*rows, *_others(setup)]
    return [row for row in rows if row[1].mode in _MODES]


def _discovered(setup: Setup, provider: str | None) -> list[Row]:
    """What the providers list, or the one that was named; who did not answer is told apart."""
    links = [link for link in setup.links.values() if provider in (None, link.name)]
    answers = ask(links)
    for name, answer in answers.items():
        if isinstance(answer, str):
            click.echo(f"{name}: {answer}", err=True)
    if answers and all(isinstance(answer, str) for answer in answers.values()):
        raise SystemExit(1)
    return listed_rows(setup, answers)


def _configured(setup: Setup) -> Iterator[Row]:
    """The catalogue's models of the configured providers, and those that the file names."""
    named = dict.fromkeys(setup.table.overrides)
    for rule in setup.table.rules:
        named |= dict.fromkeys(one.target for one in rule.candidates)
    for name, catalogued in setup.table.providers.items():
        known = [Target(name, facts.model) for facts in setup.table.catalogue.of(catalogued)]
        written = [one for one in named if one.provider == name and one.model != SAME_MODEL]
        for target in dict.fromkeys([*known, *written]):
            yield target, setup.table.facts(target) or Facts(catalogued, target.model)


def _others(setup: Setup) -> Iterator[Row]:
    """The catalogue's models of kinds that are installed and not configured."""
    used = {link.provider.kind for link in setup.links.values()}
    for cls in setup.registry.classes:
        if cls.kind not in used:
            for facts in setup.table.catalogue.of(cls.catalogue or cls.kind):
                yield Target(cls.kind, facts.model), facts


def _row(target: Target, facts: Facts) -> tuple[str, ...]:
    price = facts.price
    return (
        str(target),
        facts.mode,
        "-" if facts.context_window is None else str(facts.context_window),
        usd(None if price is None else price.input),
        usd(None if price is None else price.output),
        usd(None if price is None else price.cached_input),
        "-" if facts.capabilities is None else " ".join(sorted(facts.capabilities)),
        facts.shutdown or "-",
    )


def _facts(target: Target, facts: Facts) -> dict[str, object]:
    return {
        "model": str(target),
        "mode": facts.mode,
        "context_window": facts.context_window,
        "max_output_tokens": facts.max_output_tokens,
        **dollars(facts.price),
        "capabilities": None if facts.capabilities is None else sorted(facts.capabilities),
        "shutdown": facts.shutdown,
    }
