"""A provider that answers by itself: what it is told comes back, without any network."""

from collections.abc import Iterable

import headgate as hg
from headgate_echo.echo import Echo

__all__ = ["Echo"]

headgate_api = 1


@hg.hookimpl
def providers() -> Iterable[type[hg.Provider]]:
    """`echo`."""
    return (Echo,)
