"""What is wrong with a configuration, with the place it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1; None where no line is to blame."""

    file: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used. Holds every problem, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def nearest(word: str, valid: Iterable[str]) -> str:
    """` - did you mean 'x'?` with the nearest valid word, or the list of valid ones."""
    words = sorted(valid)
    if close := difflib.get_close_matches(word, words, n=1, cutoff=0.5):
        return f"; did you mean '{close[0]}'?"
    return f"; valid here: {', '.join(words)}" if words else ""
