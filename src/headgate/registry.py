"""Finding plugins by entry point, one at a time, and building configured providers from them.

A plugin that cannot be loaded is listed with its traceback; it is fatal only to a configuration
that uses it.
"""

from __future__ import annotations

import dataclasses
import traceback
import typing
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import pluggy
from pydantic import TypeAdapter, ValidationError

from headgate.config.load import Source
from headgate.config.problem import ConfigError, Problem, nearest, place
from headgate.config.schema import Provider as ProviderConfig
from headgate.config.wording import complaint
from headgate.provider import hooks
from headgate.provider.base import API_VERSION, Provider

#: Keys of a provider in gateway.yaml that are no options of its kind.
_OURS = tuple(ProviderConfig.model_fields)


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin: where it came from, what it offers, and what is wrong with it."""

    name: str
    distribution: str
    version: str
    kinds: tuple[str, ...] = ()
    #: The traceback, and its last words: what a person needs first.
    error: str | None = None
    summary: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.distribution} {self.version})"


@dataclass(frozen=True)
class Registry:
    """The provider kinds at hand, and every plugin that was found."""

    plugins: tuple[Plugin, ...]
    kinds: Mapping[str, type[Provider]] = field(default_factory=dict)
    #: Kinds offered by two distributions; no order of loading may decide which one serves.
    conflicts: tuple[str, ...] = ()

    @property
    def classes(self) -> tuple[type[Provider], ...]:
        """Every kind once, whatever its aliases."""
        return tuple(dict.fromkeys(self.kinds.values()))

    def provider(self, name: str, spec: ProviderConfig, source: Source) -> Provider:
        """The configured provider. Raises `ConfigError` naming the line."""
        kind = spec.kind or name
        where: tuple[str | int, ...] = ("providers", name)
        cls = self.kinds.get(kind)
        if cls is None:
            raise ConfigError([source.problem((*where, "kind"), self._missing(kind))])
        options = _options(cls, spec.options, source, where)
        try:
            return cls(**options)
        except Exception as error:
            message = f"kind '{kind}' refuses these options: {_words(error)}"
            raise ConfigError([source.problem(where, message)]) from error

    def _missing(self, kind: str) -> str:
        broken = [plugin for plugin in self.plugins if plugin.error]
        for plugin in broken:
            if plugin.name == kind:
                return (
                    f"the plugin {plugin}, which should offer the kind '{kind}', cannot be "
                    f"loaded: {plugin.summary}; 'headgate plugins' shows the traceback"
                )
        message = f"no installed plugin offers the kind '{kind}'{nearest(kind, self.kinds)}"
        if broken:
            names = ", ".join(map(str, broken))
            message += f"; not loaded: {names}, see 'headgate plugins'"
        return message


def discover(
    found: Iterable[EntryPoint] | None = None, wanted: Collection[str] | None = None
) -> Registry:
    """Loads every plugin of the group `headgate.plugins`. Never raises for a plugin's mistake.

    With `wanted` kinds, plugins of these names are loaded first, and the others only if a kind is
    missing then: a gateway that speaks to one vendor need not load the words of all.
    """
    points = sorted(
        entry_points(group=hooks.GROUP) if found is None else found,
        key=lambda point: (point.name, _distribution(point)[0]),
    )
    made = _Making()
    if wanted is None:
        made.load(points)
    else:
        made.load([point for point in points if point.name in wanted])
        if not set(wanted) <= made.kinds.keys():
            made.load([point for point in points if point.name not in wanted])
    return Registry(tuple(made.plugins), made.kinds, tuple(made.conflicts))


class _Making:
    """A registry while plugins are being loaded."""

    def __init__(self) -> None:
        self.plugins: list[Plugin] = []
        self.kinds: dict[str, type[Provider]] = {}
        self.conflicts: list[str] = []
        self._origins: dict[str, str] = {}

    def load(self, points: Iterable[EntryPoint]) -> None:
        """Adds what these entry points offer, or why they cannot be loaded."""
        for point in points:
            distribution, version = _distribution(point)
            try:
                offered = _load(point)
            except KeyboardInterrupt:
                raise
            # A plugin may fail in any way at all, `sys.exit()` included.
            except BaseException as error:  # noqa: BLE001
                failed = Plugin(
                    point.name, distribution, version, (), traceback.format_exc(), _words(error)
                )
                self.plugins.append(failed)
                continue
            for cls in offered:
                self._add(cls, f"{distribution} {version}")
            self.plugins.append(
                Plugin(point.name, distribution, version, tuple(cls.kind for cls in offered))
            )

    def _add(self, cls: type[Provider], origin: str) -> None:
        for kind in (cls.kind, *cls.aliases):
            if self.kinds.get(kind, cls) is not cls:
                self.conflicts.append(
                    f"the provider kind '{kind}' is offered by two distributions, "
                    f"{self._origins[kind]} and {origin}; uninstall one of them"
                )
                continue
            self.kinds[kind], self._origins[kind] = cls, origin


def _load(point: EntryPoint) -> list[type[Provider]]:
    module = point.load()
    asked = getattr(module, "headgate_api", API_VERSION)
    if asked != API_VERSION:
        raise RuntimeError(
            f"the plugin was written for version {asked} of the plugin interface, "
            f"this gateway has version {API_VERSION}"
        )
    hook = getattr(module, "providers", None)
    if callable(hook) and not hasattr(hook, "headgate_impl"):
        raise TypeError("providers() must be decorated with @headgate.hookimpl")
    # A manager of its own: one plugin's mistake must not reach another.
    manager = pluggy.PluginManager("headgate")
    manager.add_hookspecs(hooks)
    manager.register(module)
    manager.check_pending()
    offered = [cls for some in manager.hook.providers() for cls in some]
    for cls in offered:
        _check_class(cls)
    return offered


def _check_class(cls: Any) -> None:
    if not (isinstance(cls, type) and issubclass(cls, Provider)):
        raise TypeError(f"providers() must give subclasses of headgate.Provider, not {cls!r}")
    if not isinstance(getattr(cls, "kind", None), str) or not cls.kind:
        raise TypeError(f"{cls.__name__} has no 'kind'")
    parameters = getattr(cls, "__dataclass_params__", None)
    if "__dataclass_fields__" not in cls.__dict__ or not parameters or not parameters.frozen:
        raise TypeError(f"{cls.__name__} must be decorated with @dataclass(frozen=True)")
    if taken := {f.name for f in dataclasses.fields(cls)} & {"kind", *_OURS}:
        raise TypeError(
            f"{cls.__name__} has an option '{min(taken)}', which the gateway reads itself; "
            "rename it, or annotate it as ClassVar"
        )
    # Annotations that cannot be read show here, not when somebody configures the kind.
    typing.get_type_hints(cls)


def _options(
    cls: type[Provider], given: Mapping[str, Any], source: Source, where: tuple[str | int, ...]
) -> dict[str, Any]:
    """The checked options of one provider. Raises `ConfigError` with every mistake."""
    hints = typing.get_type_hints(cls)
    fields = {f.name: f for f in dataclasses.fields(cls) if f.init}
    problems: list[Problem] = []
    checked: dict[str, Any] = {}
    for name, value in given.items():
        path = (*where, name)
        if name not in fields:
            valid = [*fields, *_OURS]
            problems.append(
                source.problem(
                    path, f"unknown key '{name}' for kind '{cls.kind}'{nearest(name, valid)}"
                )
            )
            continue
        try:
            checked[name] = TypeAdapter(hints[name]).validate_python(value)
        except ValidationError as error:
            for detail in error.errors():
                inner = (*path, *detail["loc"])
                problems.append(source.problem(inner, f"{place(inner)}: {complaint(detail)}"))
        except Exception as error:  # noqa: BLE001 - a plugin's type that pydantic cannot check
            message = f"the plugin of kind '{cls.kind}' cannot check '{name}': {_words(error)}"
            problems.append(source.problem(path, message))
    for name, option in fields.items():
        required = (
            option.default is dataclasses.MISSING and option.default_factory is dataclasses.MISSING
        )
        if required and name not in given:
            problems.append(
                source.problem(
                    where, f"{place(where)} has no '{name}', which kind '{cls.kind}' needs"
                )
            )
    if problems:
        raise ConfigError(problems)
    return checked


def _words(error: BaseException) -> str:
    """The last words of a traceback, on one line."""
    return " ".join("".join(traceback.format_exception_only(error)).split())


def _distribution(point: EntryPoint) -> tuple[str, str]:
    """Name and version. Metadata that cannot be read must not hide a plugin, nor the others."""
    try:
        if point.dist is not None:
            return point.dist.name or point.value, point.dist.version or "?"
    except Exception:  # noqa: BLE001, S110 - whatever a broken installation throws
        pass
    return point.value, "?"
