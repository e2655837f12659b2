"""The strategies: candidates and one uniform draw in, candidates in order out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby

from headgate.routing.rule import Candidate

Strategy = Callable[[Sequence[Candidate], float], list[Candidate]]


def by_priority(candidates: Sequence[Candidate], draw: float) -> list[Candidate]:
    """Highest priority first; among equals a weighted draw."""
    ranked = sorted(candidates, key=lambda candidate: -candidate.priority)
    ordered: list[Candidate] = []
    for _, group in groupby(ranked, key=lambda candidate: candidate.priority):
        ordered += by_weight(list(group), draw)
    return ordered


def by_weight(candidates: Sequence[Candidate], draw: float) -> list[Candidate]:
    """A weighted shuffle, whatever the priorities.

    One draw from [0, 1) is enough: what is left of it inside the chosen interval is uniform again.
    """
    left, ordered = list(candidates), []
    while len(left) > 1:
        total = sum(candidate.weight for candidate in left)
        point = draw * total
        for index, candidate in enumerate(left):
            if point < candidate.weight or index == len(left) - 1:
                draw = min(point / candidate.weight, 1.0)
                ordered.append(left.pop(index))
                break
            point -= candidate.weight
    return ordered + left


def as_written(candidates: Sequence[Candidate], draw: float) -> list[Candidate]:
    """The order of the file."""
    return list(candidates)


STRATEGIES: Mapping[str, Strategy] = {
    "priority": by_priority,
    "weight": by_weight,
    "order": as_written,
}
