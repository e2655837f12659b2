"""A compiled route: conditions, candidates and policy."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from headgate.catalogue.facts import Facts
from headgate.provider.call import Call, Target
from headgate.provider.caller import Caller
from headgate.provider.failure import Kind

#: In a candidate's model: the name the client asked for.
SAME_MODEL = "*"


class Clocks(NamedTuple):
    """The four clocks of an attempt, in seconds. None: not said here."""

    connect: float | None = None
    first_token: float | None = None
    idle: float | None = None
    total: float | None = None

    def over(self, other: Clocks) -> Clocks:
        """These clocks, with what they leave open taken from `other`."""
        return Clocks(
            self.connect if self.connect is not None else other.connect,
            self.first_token if self.first_token is not None else other.first_token,
            self.idle if self.idle is not None else other.idle,
            self.total if self.total is not None else other.total,
        )


UNSET_CLOCKS = Clocks()


@dataclass(frozen=True, slots=True)
class Policy:
    """How attempts of a call are made. Counts are further attempts after the first."""

    per_target: int = 1
    total: int = 3
    fallback_on: frozenset[Kind] = frozenset()
    hold: bool = False
    clocks: Clocks = UNSET_CLOCKS


@dataclass(frozen=True, slots=True)
class Candidate:
    """A target of a rule, with its place in the order."""

    target: Target
    priority: int = 0
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule: a pure test, the words of the file, and what a call shows."""

    text: str
    holds: Callable[[Call, Caller], bool]
    shown: Callable[[Call, Caller], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled route. `patterns` empty: every model matches."""

    name: str
    candidates: tuple[Candidate, ...]
    priority: int = 0
    patterns: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] = ()
    pick: str = "priority"
    policy: Policy = Policy()
    models: re.Pattern[str] | None = field(default=None, compare=False)

    def matches_model(self, model: str) -> bool:
        """Whether the model condition holds."""
        return self.models is None or self.models.fullmatch(model) is not None

    def matches(self, call: Call, caller: Caller) -> bool:
        """Whether every other condition holds."""
        return not self.conditions or all(
            condition.holds(call, caller) for condition in self.conditions
        )


def compile_patterns(patterns: tuple[str, ...]) -> re.Pattern[str] | None:
    """One matcher for shell wildcards; None for no patterns."""
    if not patterns:
        return None
    return re.compile("|".join(fnmatch.translate(pattern) for pattern in patterns))


class Planned(NamedTuple):
    """One target of a plan, with what is known about its model."""

    target: Target
    facts: Facts | None = None


class Plan(NamedTuple):
    """The decision: targets in the order they may be tried, and how."""

    route: str
    targets: tuple[Planned, ...]
    policy: Policy
    #: Targets left out, each with its reason.
    left_out: tuple[tuple[Target, str], ...] = ()
