"""How verbs print: tables for people, JSON for machines."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import click
import orjson

from headgate.catalogue.facts import NANO, Price

if TYPE_CHECKING:
    # At run time rich is imported where it is used: it takes longer than a verb does.
    from rich.console import Console
    from rich.table import Table

#: A table that goes into a pipe or a file is not squeezed into 80 columns.
_WIDE = 1000


def console() -> Console:
    """Prints text as it is: `[x]` in a model's name is no markup."""
    from rich.console import Console  # noqa: PLC0415 - see above

    width = None if sys.stdout.isatty() else _WIDE
    return Console(markup=False, highlight=False, emoji=False, width=width, soft_wrap=False)


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """A plain table; a column whose name ends in `>` is flush right."""
    from rich.table import Table  # noqa: PLC0415 - see above

    made = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in columns:
        right = name.endswith(">")
        made.add_column(
            name.removesuffix(">"), justify="right" if right else "left", overflow="fold"
        )
    for row in rows:
        made.add_row(*row)
    return made


def print_json(value: Any) -> None:
    """JSON with a stable order, one value."""
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def usd(nano: int | None) -> str:
    """A price per million tokens as people write it; `-` where it is not known."""
    return "-" if nano is None else f"{nano / NANO:.10f}".rstrip("0").rstrip(".")


def dollars(price: Price | None) -> dict[str, float | None]:
    """A price for machines, in USD per million tokens."""
    cached = None if price is None else price.cached_input
    return {
        "input_per_mtok": None if price is None else price.input / NANO,
        "output_per_mtok": None if price is None else price.output / NANO,
        "cached_input_per_mtok": None if cached is None else cached / NANO,
    }
