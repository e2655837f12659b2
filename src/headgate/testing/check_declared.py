"""What a provider says of itself: its class, its options, its imports."""

from __future__ import annotations

import dataclasses
import typing
from importlib.metadata import EntryPoint
from types import ModuleType
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from headgate.config.load import load_text
from headgate.config.problem import ConfigError
from headgate.provider import hooks
from headgate.provider.base import Provider
from headgate.registry import Registry, discover
from headgate.testing.asking import demand
from headgate.testing.features import meant
from headgate.testing.imports import driving

#: Values in YAML, one of which at least is wrong for any option that is checked at all.
_ODD = ("[[]]", "{no: {such: thing}}", "text that nobody expects", "-3.75", "true")


class Declared:
    """Checks of the class itself; see `headgate.testing.conformance`."""

    provider: Provider

    def test_its_description_is_complete(self) -> None:
        """The class says what the gateway needs to know."""
        cls = type(self.provider)
        kind = getattr(cls, "kind", None)
        demand(kind and isinstance(kind, str), f"{cls.__name__} has no kind: write kind = 'name'")
        demand(cls.kind.isascii() and cls.kind.islower(), f"kind '{cls.kind}': use a-z, 0-9, -, _")
        named = f"{cls.__name__} is no plugin class: {_registered(cls).plugins[0].summary}"
        demand(cls.kind in _registered(cls).kinds, named)
        for name in sorted(cls.says):
            near = meant(name)
            demand(not near, f"says holds '{name}', which is no feature; is '{near}' meant?")

    def test_its_options_are_checked(self) -> None:
        """Every option has a type that refuses something, and a default that fits it."""
        cls = type(self.provider)
        hints = typing.get_type_hints(cls)
        for one in dataclasses.fields(cls):
            if not one.init:
                continue
            _adapted(one, hints[one.name])
            refused = any(_refused(cls, f"{one.name}: {value}", one.name) for value in _ODD)
            demand(refused, f"the option '{one.name}' takes anything: give it a narrower type")

    def test_an_unknown_option_is_refused(self) -> None:
        """A slip in gateway.yaml is told, not ignored."""
        refused = _refused(type(self.provider), "no_such_option: 1", "no_such_option")
        demand(refused, "an unknown option is taken: do not catch options in __init__")

    def test_it_imports_nothing_that_acts(self) -> None:
        """A provider computes: no sockets, clocks, chance, threads, logs or environment."""
        found = driving(type(self.provider).__module__)
        if found:
            lines = "\n  ".join(map(str, found))
            pytest.fail(
                f"a provider only computes; these lines reach outside:\n  {lines}\n"
                "Leave it to the gateway. What has to vary is an option, or stands in the call; "
                "the time comes with token(now).",
                pytrace=False,
            )


def _adapted(one: dataclasses.Field[Any], hint: Any) -> None:
    try:
        adapter = TypeAdapter(hint)
    except Exception as error:
        message = f"the type of option '{one.name}' cannot be checked: use plain ones ({error})"
        raise AssertionError(message) from error
    if one.default is dataclasses.MISSING:
        return
    try:
        adapter.validate_python(one.default)
    except ValidationError as error:
        message = f"the default of option '{one.name}' does not fit its own type: {error}"
        raise AssertionError(message) from error


def _registered(cls: type[Provider]) -> Registry:
    """The registry of a gateway that has this plugin, and no other."""

    class Planted(EntryPoint):
        def load(self) -> ModuleType:
            module = ModuleType(cls.__module__)
            module.__dict__["providers"] = hooks.hookimpl(lambda: (cls,), specname="providers")
            return module

    return discover([Planted(getattr(cls, "kind", "?"), cls.__module__, hooks.GROUP)])


def _refused(cls: type[Provider], option: str, name: str) -> bool:
    """Whether the gateway refuses to start with this line of options, and says so of `name`."""
    loaded = load_text(f"providers:\n  probe:\n    kind: {cls.kind}\n    {option}\n", "x.yaml", {})
    try:
        _registered(cls).provider("probe", loaded.config.providers["probe"], loaded.source)
    except ConfigError as error:
        return any(name in problem.message for problem in error.problems)
    return False
