"""The hooks a plugin may implement. Called once at start, never on the request path."""

from __future__ import annotations

from collections.abc import Iterable

import pluggy

from headgate.provider.base import Provider

#: The entry-point group in which plugins are found.
GROUP = "headgate.plugins"

hookspec = pluggy.HookspecMarker("headgate")
hookimpl = pluggy.HookimplMarker("headgate")


@hookspec
def providers() -> Iterable[type[Provider]]:
    """The provider kinds this plugin adds."""
    return ()
