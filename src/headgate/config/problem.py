"""What is wrong with a configuration, with the place it stands."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field

PathInFile = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `line` counts from 1; None where no line is to blame.

    A warning does not keep the gateway from starting. `path` is the place in the file's values.
    """

    file: str
    line: int | None
    message: str
    warning: bool = False
    path: PathInFile = field(default=(), compare=False)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {'warning: ' if self.warning else ''}{self.message}"

    def beside(self, other: Problem) -> bool:
        """Whether one stands at, in or around the place of the other."""
        length = min(len(self.path), len(other.path))
        return length > 0 and self.path[:length] == other.path[:length]


class ConfigError(Exception):
    """The configuration cannot be used. Holds every problem, not just the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """By line, each once; what has no line comes first."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.line or 0)


def nearest(word: str, valid: Iterable[str]) -> str:
    """`; did you mean 'x'?` with the nearest valid word, or the list of valid ones."""
    words = sorted(set(valid))
    if close := difflib.get_close_matches(word, words, n=1, cutoff=0.6):
        return f"; did you mean '{close[0]}'?"
    return f"; valid here: {', '.join(words)}" if words else ""


def place(path: PathInFile) -> str:
    """A path as people write it: `routes[0].match.model`."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")
