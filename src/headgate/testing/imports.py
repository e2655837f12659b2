"""Reads a plugin's source for what a provider has no business with, without running it.

`purity` catches what is done while a test looks; this catches `from time import time`, which no
test can replace, and `datetime.now()`, which belongs to a type that nobody can change.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

#: Modules with which a plugin would do what the gateway does for it.
DRIVERS = frozenset(
    {
        *("aiohttp", "asyncio", "concurrent", "ftplib", "http.client", "httpx", "logging"),
        *("multiprocessing", "random", "requests", "secrets", "select", "socket", "sqlite3"),
        *("ssl", "subprocess", "tempfile", "threading", "time", "urllib.request", "urllib3"),
    }
)
#: What reads a clock or the environment without any of these modules.
_READINGS = frozenset(
    {
        *("datetime.now", "datetime.utcnow", "datetime.today", "date.today"),
        *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.date.today"),
        *("os.environ", "os.getenv"),
    }
)


class Driving(NamedTuple):
    """A line of a plugin that reaches for the outside: `words` is `import time`, `os.environ`."""

    file: str
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.words}"


def driving(module: str) -> list[Driving]:
    """Every such line in the package that `module` belongs to, by file and line.

    A file with a method `sign` is left out: the object of `credentials()` may wait and look
    around, the only one of a plugin that may. Nothing is found where there is no source to read.
    """
    sources = _sources(module)
    if not sources:
        return []
    # A package's files are named with the package, a lone module's file by itself.
    above = min(sources, key=lambda path: len(path.parts)).parent
    root = above.parent if (above / "__init__.py") in sources else above
    return [found for path in sources for found in _lines(path, str(path.relative_to(root)))]


def _sources(module: str) -> list[Path]:
    """The files of the outermost package of a loaded module, or the module's own."""
    package = sys.modules.get(module.partition(".")[0])
    own = sys.modules.get(module)
    if package is not None and getattr(package, "__path__", None) and package.__file__:
        return sorted(Path(package.__file__).parent.rglob("*.py"))
    file = getattr(own, "__file__", None)
    return [Path(file)] if file and file.endswith(".py") else []


def _lines(path: Path, name: str) -> Iterator[Driving]:
    nodes = list(ast.walk(ast.parse(path.read_text("utf-8"))))
    if any(isinstance(node, ast.FunctionDef) and node.name == "sign" for node in nodes):
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Attribute) and (words := ast.unparse(node)) in _READINGS:
            yield Driving(name, node.lineno, words)
            continue
        else:
            continue
        if driver := next(filter(None, map(_driver, names)), None):
            yield Driving(name, node.lineno, f"import {driver}")


def _driver(name: str) -> str | None:
    parts = name.split(".")
    starts = (".".join(parts[: end + 1]) for end in range(len(parts)))
    return next((start for start in starts if start in DRIVERS), None)
