"""Tables and marked parts of a Markdown page."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_PART = re.compile(
    r"(<!-- generated: ([a-z0-9-/._]+) -->\n)(.*?)(<!-- end of generated -->)", re.DOTALL
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; cells are made safe for it."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, line)) + " |" for line in lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def code(text: str) -> str:
    """Inline code; empty text stays empty."""
    return f"`{text}`" if text else ""


def words(items: Iterable[str]) -> str:
    """A list of words as inline code."""
    return ", ".join(map(code, items))


def fence(language: str, text: str) -> str:
    """A block of code."""
    return f"```{language}\n{text.rstrip()}\n```\n"


def parts(page: str) -> list[str]:
    """The names of a page's generated parts, in order."""
    return [match[2] for match in _PART.finditer(page)]


def with_parts(page: str, made: dict[str, str]) -> str:
    """The page with its generated parts made anew."""
    return _PART.sub(lambda match: f"{match[1]}\n{made[match[2]].strip()}\n\n{match[4]}", page)
