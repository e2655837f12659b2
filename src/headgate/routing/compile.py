"""From the routes of gateway.yaml to rules, and what is wrong with them as a whole."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping

from headgate.config.load import Source
from headgate.config.problem import Problem, nearest
from headgate.config.schema import Match, Route
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
    by_name = {route.name: route for route in listed}
    problems: list[Problem] = []
    rules = []
    for index, route in enumerate(listed):
        if by_name[route.name] is not route:
            problems.append(
                source.problem(("routes", index, "name"), f"two routes are named '{route.name}'")
            )
        candidates = _candidates(index, route, by_name, known, source, problems)
        rules.append(_rule(route, candidates))
    # sorted() is stable: the order written decides among equals.
    return tuple(sorted(rules, key=lambda rule: -rule.priority)), problems


def clocks(timeouts: TimeoutsConfig) -> Clocks:
    """The clocks of the file."""
    return Clocks(timeouts.connect, timeouts.first_token, timeouts.idle, timeouts.total)


def parse_target(text: str) -> Target | None:
    """`provider/model`; None for a bare word."""
    provider, slash, model = text.partition("/")
    return Target(provider, model) if slash and provider and model else None


def _candidates(
    index: int,
    route: Route,
    by_name: Mapping[str, Route],
    providers: frozenset[str],
    source: Source,
    problems: list[Problem],
) -> tuple[Candidate, ...]:
    candidates: list[Candidate] = []
    for at, entry in enumerate(route.targets):
        where = ("routes", index, "targets", at)
        target = parse_target(entry.to)
        if target is not None:
            if target.provider not in providers:
                problems.append(
                    source.problem(
                        where,
                        f"unknown provider '{target.provider}' in '{entry.to}'"
                        f"{nearest(target.provider, providers)}",
                    )
                )
            candidates.append(Candidate(target, entry.priority, entry.weight))
        elif entry.to in by_name:
            chain = _cycle(route.name, entry.to, by_name)
            if chain:
                problems.append(
                    source.problem(where, f"routes refer to each other: {' -> '.join(chain)}")
                )
            else:
                candidates += _expanded(entry.to, entry.priority, entry.weight, by_name)
        else:
            problems.append(
                source.problem(
                    where,
                    f"'{entry.to}' is neither provider/model nor a route"
                    f"{nearest(entry.to, by_name)}",
                )
            )
    return tuple(candidates)


def _expanded(
    name: str, priority: int, weight: float, by_name: Mapping[str, Route]
) -> list[Candidate]:
    """The targets of another route, in its place and its own order of preference."""
    found: list[Candidate] = []
    for entry in sorted(by_name[name].targets, key=lambda target: -target.priority):
        target = parse_target(entry.to)
        if target is not None:
            found.append(Candidate(target, priority, weight * entry.weight))
        elif entry.to in by_name:
            found += _expanded(entry.to, priority, weight * entry.weight, by_name)
    return found


def _cycle(start: str, first: str, by_name: Mapping[str, Route]) -> list[str]:
    """The chain of route names that leads from `start` over `first` back to a name on it."""
    stack: list[list[str]] = [[start, first]]
    while stack:
        chain = stack.pop()
        if chain[-1] in chain[:-1]:
            return chain
        stack += [
            [*chain, entry.to]
            for entry in by_name[chain[-1]].targets
            if parse_target(entry.to) is None and entry.to in by_name
        ]
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
        lambda call, caller: f"{what} is {read(call, caller) or 'not given'}",
    )


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
