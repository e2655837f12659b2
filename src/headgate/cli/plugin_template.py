"""Writing a new plugin: a small package that works, with tests that pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
#: Class names that the template, or Python, has another use for.
_TAKEN = frozenset({"Events", "False", "Iterable", "None", "True"})


def write_plugin(name: str, folder: Path) -> list[Path]:
    """Writes the package `headgate-<name>` into `folder`; returns what it wrote.

    Raises `ValueError` for a name that cannot be a package's, `FileExistsError` for a folder that
    is there already.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"'{name}' cannot be a plugin's name: use lower-case letters, digits and '-', such as "
            "'wind-mill'"
        )
    cls = "".join(word.title() for word in name.split("-"))
    words = {
        "name": name,
        "module": f"headgate_{name.replace('-', '_')}",
        "cls": f"{cls}Provider" if cls in _TAKEN else cls,
        "title": name.replace("-", " ").title(),
        "variable": f"{name.replace('-', '_').upper()}_API_KEY",
    }
    folder.mkdir(parents=True)
    written = []
    for place, text in _texts(files("headgate.cli").joinpath("template"), ""):
        path = folder / place.replace("plugin.py", f"{words['module']}/__init__.py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(words), "utf-8")
        written.append(path)
    return sorted(written)


def _texts(holder: Traversable, prefix: str) -> Iterator[tuple[str, str]]:
    """Every file of the template: where it goes, and its text."""
    for entry in holder.iterdir():
        if entry.is_dir():
            yield from _texts(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".txt"):
            yield prefix + entry.name.removesuffix(".txt"), entry.read_text("utf-8")
