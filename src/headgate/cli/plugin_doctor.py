"""A closer look at installed plugins: what will go wrong, before it does."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from headgate.provider import hooks
from headgate.provider.base import Provider
from headgate.provider.call import Operation
from headgate.provider.fit import FEATURES
from headgate.registry import Plugin, Registry
from headgate.testing.features import meant
from headgate.testing.imports import driving

_DIALECT_WORDS = frozenset(
    {
        "openai_chat",
        "openai_embeddings",
        "openai_completions",
        "openai_responses",
        "anthropic_messages",
        "anthropic_count_tokens",
        "rerank",
    }
)


class Finding(NamedTuple):
    """One thing about a plugin. `wrong`: it keeps the plugin from working."""

    plugin: str
    text: str
    wrong: bool


def examine(registry: Registry) -> list[Finding]:
    """Everything worth saying about the installed plugins."""
    found = [Finding("", conflict, wrong=True) for conflict in registry.conflicts]
    modules = {point.name: point.module for point in entry_points(group=hooks.GROUP)}
    for plugin in registry.plugins:
        found += _examine(plugin, registry, modules.get(plugin.name, ""))
    return found


def _examine(plugin: Plugin, registry: Registry, module: str) -> Iterator[Finding]:
    if plugin.error is not None:
        yield Finding(plugin.name, f"cannot be loaded: {plugin.summary}", wrong=True)
        return
    if not plugin.kinds:
        yield Finding(plugin.name, "offers no provider kind", wrong=True)
    loaded = import_module(module)
    if not hasattr(loaded, "headgate_api"):
        yield Finding(plugin.name, "says no headgate_api = 1; this version is assumed", wrong=False)
    for found in driving(module):
        text = f"{found}: a provider only computes, the gateway does the rest"
        yield Finding(plugin.name, text, wrong=False)
    for kind in plugin.kinds:
        if (cls := registry.kinds.get(kind)) is not None:
            yield from _kind(plugin.name, cls)


def _kind(plugin: str, cls: type[Provider]) -> Iterator[Finding]:
    for name, hint in _options(cls):
        try:
            TypeAdapter(hint)
        except Exception as error:  # noqa: BLE001 - whatever pydantic makes of a foreign type
            text = f"kind '{cls.kind}': the option '{name}' cannot be checked ({error})"
            yield Finding(plugin, text, wrong=True)
    if strange := cls.speaks - _DIALECT_WORDS:
        text = f"kind '{cls.kind}' speaks unknown dialects: {', '.join(sorted(strange))}"
        yield Finding(plugin, text, wrong=True)
    translates = cls.reply is not Provider.reply
    if not cls.speaks and not translates:
        yield Finding(plugin, f"kind '{cls.kind}' neither relays nor translates", wrong=True)
    if translates and Operation.CHAT in cls.offers and cls.feed is Provider.feed:
        yield Finding(plugin, f"kind '{cls.kind}' cannot stream", wrong=False)
    for name in sorted(cls.says):
        if near := meant(name):
            text = f"kind '{cls.kind}' says '{name}', which is no feature; is '{near}' meant?"
            yield Finding(plugin, text, wrong=False)
    if own := sorted(cls.says - FEATURES):
        text = f"kind '{cls.kind}' takes parameters of its own: {', '.join(own)}"
        yield Finding(plugin, text, wrong=False)


def _options(cls: type[Provider]) -> Iterable[tuple[str, Any]]:
    hints = typing.get_type_hints(cls)
    return [(one.name, hints[one.name]) for one in dataclasses.fields(cls) if one.init]
