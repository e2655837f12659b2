"""Metrics, failures, providers, commands, layers: tables made from the code's own tables."""

from __future__ import annotations

import dataclasses
import tomllib
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import click

from headgate.attempts.policy import REACTIONS, KeyEffect
from headgate.cli import VERBS, main
from headgate.config.schema import FALLBACK_KINDS
from headgate.dialects.anthropic_errors import error_type
from headgate.dialects.openai_errors import WORDS
from headgate.dialects.statuses import STATUSES, status_of
from headgate.provider.base import Provider
from headgate.provider.failure import Failure, Kind
from headgate.provider.hooks import GROUP
from headgate.registry import discover
from headgate.telemetry.table import METRICS
from reference.markdown import code, fence, table, words

ROOT = Path(__file__).parents[2]
_WIDTH = 96


def metrics() -> str:
    """Every metric."""
    return table(
        ("metric", "type", "labels", "what it counts"),
        ((code(m.name), m.type, words(m.labels), m.help) for m in METRICS),
    )


def buckets() -> str:
    """The bounds of every histogram."""
    rows = ((code(m.name), ", ".join(f"{b:g}" for b in m.buckets)) for m in METRICS if m.buckets)
    return table(("histogram", "bounds in seconds"), rows)


def errors() -> str:
    """What a client is told, by failure kind."""
    rows = (
        (code(kind), str(STATUSES[kind]), code(type_), code(default or ""))
        for kind, (type_, default) in WORDS.items()
    )
    return table(("kind", "status", "`error.type`", "`error.code`"), rows)


def anthropic_errors() -> str:
    """What a client of Anthropic's dialect is told, by status."""
    found: dict[str, dict[int, None]] = {}
    for kind in Kind:
        failure = Failure(kind, "")
        found.setdefault(error_type(failure), {})[status_of(failure)] = None
    rows = ((", ".join(map(str, sorted(all_of))), code(type_)) for type_, all_of in found.items())
    return table(("status", "`error.type`"), sorted(rows))


def reactions() -> str:
    """What the gateway does about a failure, by kind; kinds that end a call in one line."""
    plain = [kind for kind, reaction in REACTIONS.items() if reaction == type(reaction)()]
    rows = [
        (
            code(kind),
            reaction.same.value,
            _next_target(kind),
            "" if reaction.key is KeyEffect.NONE else reaction.key.value,
            "counts" if reaction.breaker else "",
        )
        for kind, reaction in REACTIONS.items()
        if kind not in plain
    ]
    rows.append((words(plain), "no", "no", "", ""))
    return table(("kind", "same target again", "next target", "key", "breaker"), rows)


def _next_target(kind: Kind) -> str:
    if kind is Kind.CONTEXT_LENGTH:
        return "only to a larger window"
    if kind is Kind.CONTENT_FILTER:
        return "only with `on_content_filter: fallback`"
    return "yes" if kind in FALLBACK_KINDS else "only if `fallback.on` names it"


@cache
def ours() -> dict[str, type[Provider]]:
    """The provider kinds of the plugins in this repository, whatever else is installed."""
    names = {f"headgate-{folder.name}" for folder in (ROOT / "plugins").iterdir()}
    points = [p for p in entry_points(group=GROUP) if p.dist is not None and p.dist.name in names]
    registry = discover(points)
    if broken := [plugin for plugin in registry.plugins if plugin.error]:
        raise RuntimeError(f"{broken[0].name}: {broken[0].error}")
    return {cls.kind: cls for cls in sorted(registry.classes, key=lambda cls: cls.kind)}


def providers() -> str:
    """Every provider kind that ships with the gateway."""
    rows = []
    for kind, cls in ours().items():
        defaults = {field.name: field.default for field in dataclasses.fields(cls)}
        base = defaults["base_url"]
        needed = base is dataclasses.MISSING
        rows.append(
            (
                code(kind) + (f", also {words(cls.aliases)}" if cls.aliases else ""),
                "**required**" if needed else code(str(base)),
                code(cls.env_key or ""),
                code(cls.env_url or ""),
                "no" if cls.keyless else "yes",
                words(sorted(cls.speaks)) or "nothing: translated",
            )
        )
    head = ("kind", "`base_url`", "key variable", "address variable", "needs a key", "relays")
    return table(head, rows)


def options() -> str:
    """The options of every provider kind but `base_url`; kinds with the same ones share a table."""
    shared: dict[str, list[str]] = {}
    for kind, cls in ours().items():
        rows = [
            (code(field.name), code(str(field.type).removeprefix("hg.")), _default(field))
            for field in dataclasses.fields(cls)
            if field.name != "base_url"
        ]
        shared.setdefault(table(("option", "type", "default"), rows), []).append(kind)
    return "\n".join(f"**{words(kinds)}**\n\n{rows}" for rows, kinds in shared.items())


def _default(field: dataclasses.Field[Any]) -> str:
    if field.default_factory is not dataclasses.MISSING:
        return ""
    if field.default is dataclasses.MISSING:
        return "**required**"
    return "" if field.default in (None, ()) else code(str(field.default))


def commands() -> str:
    """The help of every verb."""
    top = _help(main, "headgate")
    shown = [f"## `headgate`\n\n{top}"]
    for verb in VERBS:
        command = main.get_command(click.Context(main), verb)
        if command is None:
            raise RuntimeError(f"there is no verb {verb}")
        shown.append(f"## `headgate {verb}`\n\n{_help(command, f'headgate {verb}')}")
    return "\n".join(shown)


def _help(command: click.Command, name: str) -> str:
    settings = {**command.context_settings, "help_option_names": ["-h", "--help"]}
    with click.Context(command, info_name=name, max_content_width=_WIDTH, **settings) as context:
        # The width of whoever runs this must not show in the page.
        context.terminal_width = _WIDTH
        return fence("text", command.get_help(context))


def layers() -> str:
    """The layers of the import contract."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    listed = next(c["layers"] for c in contracts if c["type"] == "layers")
    return fence("text", "\n".join(line.replace("headgate.", "") for line in listed))
