"""Rewrites the generated parts of the manual from the code.

`python docs/generate.py` writes them; with `--check` it only says which are stale, and exits with 1
if any is. Generated parts stand between `<!-- generated: NAME -->` and `<!-- end of generated -->`.
"""
# ruff: noqa: INP001 - the manual is a folder of pages, not a package

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from reference import configuration, interface, tables, translation
from reference.markdown import fence, parts, with_parts

DOCS = Path(__file__).parent
_LANGUAGES = {".py": "python", ".toml": "toml", ".yaml": "yaml"}

PARTS: Mapping[str, Callable[[], str]] = {
    "configuration": configuration.keys,
    "metrics": tables.metrics,
    "buckets": tables.buckets,
    "errors": tables.errors,
    "anthropic-errors": tables.anthropic_errors,
    "reactions": tables.reactions,
    "providers": tables.providers,
    "options": tables.options,
    "commands": tables.commands,
    "layers": tables.layers,
    "interface": interface.names,
    "ways": translation.ways,
    "features": translation.features,
    "preset-features": translation.preset_features,
    "words-of-chats": translation.words_of_chats,
    "own-parameters": translation.own_parameters,
}
FILES: Mapping[str, Callable[[], str]] = {"gateway.schema.json": configuration.schema}


@cache
def _made(name: str) -> str:
    """One part: a table of ours, or the text of a file of the examples."""
    if name in PARTS:
        return PARTS[name]()
    file = DOCS / name
    return fence(_LANGUAGES[file.suffix], file.read_text("utf-8"))


def fresh() -> dict[Path, str]:
    """Every page with generated parts, and every generated file, as it should be."""
    found = {DOCS / name: make() for name, make in FILES.items()}
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text("utf-8")
        if named := parts(text):
            found[page] = with_parts(text, {name: _made(name) for name in named})
    return found


def main() -> int:
    """The exit code."""
    check = "--check" in sys.argv[1:]
    pages = fresh()
    stale = [p for p, text in pages.items() if not p.is_file() or p.read_text("utf-8") != text]
    for page in stale:
        sys.stdout.write(f"{'stale' if check else 'wrote'}: docs/{page.name}\n")
        if not check:
            page.write_text(pages[page], "utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
