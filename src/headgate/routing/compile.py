"""From the routes of gateway.yaml to rules, and what is wrong with them as a whole."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from headgate.config.load import Source
from headgate.config.problem import Problem, nearest
from headgate.config.schema import NAMELESS, UNREADABLE, Match, Route
from headgate.config.schema import Timeouts as TimeoutsConfig
from headgate.provider.call import Call, Target
from headgate.provider.caller import Caller
from headgate.provider.failure import Kind
from headgate.routing.rule import (
    Candidate,
    Clocks,
    Condition,
    Policy,
    Rule,
    compile_patterns,
)

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def compile_rules(
    routes: Iterable[Route], providers: Iterable[str], source: Source
) -> tuple[tuple[Rule, ...], list[Problem]]:
    """Rules in order of precedence, and every problem found on the way."""
    listed, known = tuple(routes), frozenset(providers)
    by_name: dict[str, Route] = {}
    problems: list[Problem] = []
    for index, route in enumerate(listed):
        if by_name.setdefault(route.name, route) is not route:
            problems.append(
                source.problem(("routes", index, "name"), f"two routes are named '{route.name}'")
            )
    rules = []
    circles: set[frozenset[str]] = set()
    for index, route in enumerate(listed):
        for at, entry in enumerate(route.targets):
            where = ("routes", index, "targets", at, "to")
            if wrong := _wrong_target(entry.to, by_name, known):
                problems.append(source.problem(where, wrong))
            chain = _circle(route.name, entry.to, by_name)
            if chain and frozenset(chain) not in circles:
                circles.add(frozenset(chain))
                circle = " -> ".join(chain)
                problems.append(
                    source.problem(where, f"routes refer to each other in a circle: {circle}")
                )
        rules.append(_rule(route, _candidates(route, by_name)))
    # sorted() is stable: the order written decides among equals.
    return tuple(sorted(rules, key=lambda rule: -rule.priority)), problems


def clocks(timeouts: TimeoutsConfig) -> Clocks:
    """The clocks of the file."""
    return Clocks(timeouts.connect, timeouts.first_token, timeouts.idle, timeouts.total)


def parse_target(text: str) -> Target | None:
    """`provider/model`; None for a bare word."""
    provider, slash, model = text.partition("/")
    return Target(provider, model) if slash and provider and model else None


def _wrong_target(to: str, by_name: Mapping[str, Route], providers: frozenset[str]) -> str:
    """What is wrong with a target's `to`, or nothing."""
    target = parse_target(to)
    if to in by_name or to == UNREADABLE:
        return ""
    if target is not None and target.provider not in providers:
        configured = nearest(target.provider, providers) or "; no provider is configured"
        return f"unknown provider '{target.provider}' in '{to}'{configured}"
    if target is None and to.rstrip("/") in providers:
        name = to.rstrip("/")
        return (
            f"'{to}' is a provider; write '{name}/MODEL', or '{name}/*' to keep the name of the "
            "model that was asked for"
        )
    if target is None:
        names = nearest(to, [name for name in by_name if not name.startswith(NAMELESS)])
        return f"'{to}' is neither provider/model nor the name of a route{names}"
    return ""


def _candidates(route: Route, by_name: Mapping[str, Route]) -> tuple[Candidate, ...]:
    """The targets of a route; where one names another route, that route's targets in its place."""
    placed = _placed(route, by_name, frozenset())
    if not any(parse_target(entry.to) is None for entry in route.targets):
        return tuple(Candidate(one.target, one.rank[0], one.weight) for one in placed)
    # Ranks of several levels become plain priorities that order the same way.
    depth = max((len(one.rank) for one in placed), default=0)
    ranks = [one.rank + (0,) * (depth - len(one.rank)) for one in placed]
    order = {rank: number for number, rank in enumerate(sorted(set(ranks)))}
    return tuple(
        Candidate(one.target, order[rank], one.weight)
        for one, rank in zip(placed, ranks, strict=True)
    )


class _Placed(NamedTuple):
    """A target with its priority, and below it the ranks of the routes it came through: 0 for
    what they prefer, -1 for what comes next, and so on.
    """

    target: Target
    rank: tuple[int, ...]
    weight: float


def _placed(route: Route, by_name: Mapping[str, Route], trail: frozenset[str]) -> list[_Placed]:
    found: list[_Placed] = []
    for entry in route.targets:
        if entry.to in by_name:
            # A name on the trail closes a circle, which is reported elsewhere.
            if entry.to not in (trail := trail | {route.name}):
                inner = _ranked(by_name[entry.to], _placed(by_name[entry.to], by_name, trail))
                found += [
                    _Placed(one.target, (entry.priority, *one.rank), entry.weight * one.weight)
                    for one in inner
                ]
        elif target := parse_target(entry.to):
            found.append(_Placed(target, (entry.priority,), entry.weight))
    return found


def _ranked(route: Route, placed: list[_Placed]) -> list[_Placed]:
    """A route's targets in the order of its own `pick`; those of one rank share a weight of 1."""
    if route.pick == "weight":
        placed = [one._replace(rank=(0,)) for one in placed]
    elif route.pick == "order":
        placed = [one._replace(rank=(-number,)) for number, one in enumerate(placed)]
    ranks = sorted({one.rank for one in placed}, reverse=True)
    shares = {rank: sum(one.weight for one in placed if one.rank == rank) for rank in ranks}
    return [
        _Placed(one.target, (-ranks.index(one.rank),), one.weight / shares[one.rank])
        for one in sorted(placed, key=lambda one: one.rank, reverse=True)
    ]


def _circle(start: str, first: str, by_name: Mapping[str, Route]) -> list[str]:
    """The chain of route names that leads from `start` over `first` back to `start`."""
    stack, seen = [[start, first]], set[str]()
    while stack:
        chain = stack.pop()
        name = chain[-1]
        if name == start:
            return chain
        if name in by_name and name not in seen:
            seen.add(name)
            stack += [[*chain, entry.to] for entry in by_name[name].targets]
    return []


def _rule(route: Route, candidates: tuple[Candidate, ...]) -> Rule:
    fallback_on = set(route.fallback.on)
    if route.on_content_filter == "fallback":
        fallback_on.add(Kind.CONTENT_FILTER)
    return Rule(
        name=route.name,
        candidates=candidates,
        priority=route.priority,
        patterns=route.match.model,
        conditions=tuple(_conditions(route.match)),
        pick=route.pick,
        policy=Policy(
            route.retries.per_target,
            route.retries.total,
            frozenset(fallback_on),
            route.stream.hold,
            clocks(route.timeouts),
        ),
        models=None if "*" in route.match.model else compile_patterns(route.match.model),
    )


def _conditions(match: Match) -> Iterable[Condition]:
    if match.user:
        yield _among("user", match.user, lambda call, caller: caller.user or call.user)
    if match.team:
        yield _among("team", match.team, lambda call, caller: caller.team)
    if match.key:
        yield _among("key", match.key, lambda call, caller: caller.name)
    if match.operation:
        yield _among("operation", (match.operation,), lambda call, caller: call.operation)
    if match.stream is not None:
        yield _streaming(match.stream)
    if match.needs:
        yield _needing(frozenset(match.needs))
    if match.input_tokens:
        yield _sized(*match.input_tokens)
    for name, value in match.headers.items():
        yield _among(f"header {name}", (value,), _header(name.lower()))


def _among(
    what: str, words: tuple[str, ...], read: Callable[[Call, Caller], str | None]
) -> Condition:
    allowed = frozenset(words)
    return Condition(
        f"{what} {' or '.join(words)}",
        lambda call, caller: read(call, caller) in allowed,
        lambda call, caller: f"{what} is {_shown(read(call, caller))}",
    )


def _shown(value: str | None) -> str:
    return f"'{value}'" if value else "not given"


def _header(name: str) -> Callable[[Call, Caller], str | None]:
    return lambda call, caller: call.headers.get(name)


def _streaming(wanted: bool) -> Condition:
    return Condition(
        f"stream {str(wanted).lower()}",
        lambda call, caller: call.stream is wanted,
        lambda call, caller: f"stream is {str(call.stream).lower()}",
    )


def _needing(needs: frozenset[str]) -> Condition:
    return Condition(
        f"needs {', '.join(sorted(needs))}",
        lambda call, caller: needs <= call.needs,
        lambda call, caller: f"needs are {', '.join(sorted(call.needs)) or 'none'}",
    )


def _sized(sign: str, limit: int) -> Condition:
    compare = _COMPARE[sign]
    return Condition(
        f"input_tokens {sign}{limit}",
        lambda call, caller: compare(call.input_tokens, limit),
        lambda call, caller: f"input_tokens are about {call.input_tokens}",
    )
