"""What must hold between several values of a configuration, as far as no plugin is asked."""

from __future__ import annotations

from collections.abc import Iterable

from headgate.config.problem import PathInFile
from headgate.config.schema import Config


def between(config: Config) -> Iterable[tuple[PathInFile, str]]:
    """Each mistake with its place."""
    names: dict[str, int] = {}
    texts: dict[str, str] = {}
    for at, key in enumerate(config.access.keys):
        where = ("access", "keys", at)
        if key.name in names:
            yield (*where, "name"), f"two keys are named '{key.name}'"
        elif key.key in texts:
            yield (*where, "key"), f"the keys '{texts[key.key]}' and '{key.name}' are the same text"
        names.setdefault(key.name, at)
        texts.setdefault(key.key, key.name)
