"""What is probably not meant in a configuration that is valid: warnings, never errors. Pure."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headgate.config.load import Source
from headgate.config.problem import PathInFile, Problem
from headgate.config.schema import Config, Match, Route
from headgate.provider.base import Provider
from headgate.provider.call import Target
from headgate.routing.compile import parse_target
from headgate.routing.rule import SAME_MODEL, Rule
from headgate.routing.table import Table

_WILD = ("*", "?", "[")


def audit(
    config: Config,
    table: Table,
    kinds: Mapping[str, type[Provider]],
    source: Source,
    today: str,
) -> list[Problem]:
    """Every warning. `kinds` is the class of each configured provider; `today` an ISO date."""
    if not config.providers:
        message = "no provider is configured; every call will be answered with 404"
        return [source.problem((), message, warning=True)]
    found = [
        *keyless(config, kinds),
        *unreachable(config.routes, table.rules, frozenset(table.providers)),
        *repeated(config.routes, table.rules),
        *unpriced(config.routes, table, kinds),
        *ending(config.routes, table, today),
    ]
    return [source.problem(where, message, warning=True) for where, message in found]


Finding = tuple[PathInFile, str]


def keyless(config: Config, kinds: Mapping[str, type[Provider]]) -> Iterator[Finding]:
    """Providers that will be called without the key they need."""
    for name, spec in config.providers.items():
        cls = kinds[name]
        if cls.keyless or any(spec.keys):
            continue
        variable = cls.env_key or f"{name.upper().replace('-', '_')}_API_KEY"
        message = (
            f"the provider '{name}' has no key and kind '{cls.kind}' needs one: its calls will "
            f'fail. Write keys: ["${{{variable}}}"]'
        )
        yield ("providers", name), message


def unreachable(
    routes: Sequence[Route], rules: Iterable[Rule], providers: frozenset[str]
) -> Iterator[Finding]:
    """Routes that another one stands in front of, and names that no rule is ever asked about."""
    places = {route.name: index for index, route in enumerate(routes)}
    before: list[Route] = []
    # Rules stand in order of precedence.
    for rule in rules:
        index = places[rule.name]
        route = routes[index]
        blocking = next((one for one in before if covers(one.match, route.match)), None)
        if blocking is not None:
            how = "a higher priority" if blocking.priority > route.priority else "an earlier place"
            message = (
                f"the route '{route.name}' is never used: '{blocking.name}' matches everything "
                f"that it matches and has {how}"
            )
            yield ("routes", index), message
        before.append(route)
        for at, pattern in enumerate(rule.patterns):
            provider, slash, _ = pattern.partition("/")
            if slash and provider in providers:
                message = (
                    f"'{pattern}' never matches: a name that begins with '{provider}/' goes to "
                    f"the provider '{provider}' directly"
                )
                yield ("routes", index, "match", "model", at), message


def repeated(routes: Sequence[Route], rules: Iterable[Rule]) -> Iterator[Finding]:
    """Targets that stand in a route more than once, in their own right or through another route."""
    by_name = {rule.name: rule for rule in rules}
    for index, route in enumerate(routes):
        counted = Counter(candidate.target for candidate in by_name[route.name].candidates)
        for target, times in counted.items():
            if times < 2:
                continue
            written = [at for at, entry in enumerate(route.targets) if entry.to == str(target)]
            message = (
                f"'{target}' is a target of '{route.name}' {_times(times)}: after it has failed, "
                "the same model is asked again as if it were another"
            )
            yield ("routes", index, "targets", *written[-1:]), message


def unpriced(
    routes: Sequence[Route], table: Table, kinds: Mapping[str, type[Provider]]
) -> Iterator[Finding]:
    """Models whose calls cannot be counted in money."""
    for named in _named(routes):
        facts = table.facts(named.target)
        if kinds[named.target.provider].always_on or (facts is not None and facts.price):
            continue
        catalogued = table.providers[named.target.provider]
        known = [one.model for one in table.catalogue.of(catalogued)]
        close = difflib.get_close_matches(named.target.model, known, n=1, cutoff=0.7)
        hint = f" (did you mean '{close[0]}'?)" if close and facts is None else ""
        message = (
            f"no price is known for '{named.target}'{hint}: its calls will not count as cost. "
            "Write its input_per_mtok and output_per_mtok under 'models:', 0 if it is free"
        )
        yield named.where, message


def ending(routes: Sequence[Route], table: Table, today: str) -> Iterator[Finding]:
    """Models whose vendor has announced their end."""
    for named in _named(routes):
        facts = table.facts(named.target)
        if facts is not None and facts.shutdown is not None:
            when = "was" if facts.shutdown < today else "will be"
            yield named.where, f"'{named.target}' {when} shut down on {facts.shutdown}"


def covers(wide: Match, narrow: Match) -> bool:
    """Whether every call that `narrow` matches is matched by `wide`. In doubt, no."""
    return (
        _words_cover(wide.user, narrow.user)
        and _words_cover(wide.team, narrow.team)
        and _words_cover(wide.key, narrow.key)
        and set(wide.needs) <= set(narrow.needs)
        and _headers(wide).items() <= _headers(narrow).items()
        and wide.stream in (None, narrow.stream)
        and wide.operation in (None, narrow.operation)
        and _range_covers(wide.input_tokens, narrow.input_tokens)
        and _models_cover(wide.model, narrow.model)
    )


def pattern_covers(wide: str, narrow: str) -> bool:
    """Whether every name that the wildcards of `narrow` allow is one that `wide` allows.

    `*` in `wide` takes up any piece of `narrow`, its wildcards included; `?` one letter or `?`.
    """
    if "[" in wide or "[" in narrow:
        return wide == narrow
    # reached: how much of `narrow` the part of `wide` seen so far may have taken up.
    reached = {0}
    for sign in wide:
        if sign == "*":
            reached = set(range(min(reached), len(narrow) + 1)) if reached else set()
        else:
            reached = {
                at + 1
                for at in reached
                if at < len(narrow) and narrow[at] != "*" and sign in ("?", narrow[at])
            }
    return len(narrow) in reached


@dataclass(frozen=True, slots=True)
class _Named:
    """A model that a route names, and where."""

    where: PathInFile
    target: Target


def _named(routes: Sequence[Route]) -> Iterator[_Named]:
    """Each model once, where it stands first; `provider/*` for the names the route matches."""
    seen: set[Target] = set()
    for index, route in enumerate(routes):
        for at, entry in enumerate(route.targets):
            target = parse_target(entry.to)
            if target is None:
                continue
            models = [target.model]
            if target.model == SAME_MODEL:
                models = [name for name in route.match.model if not any(w in name for w in _WILD)]
            for model in models:
                one = Target(target.provider, model)
                if one not in seen:
                    seen.add(one)
                    yield _Named(("routes", index, "targets", at), one)


def _words_cover(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    return not wide or (bool(narrow) and set(narrow) <= set(wide))


def _models_cover(wide: tuple[str, ...], narrow: tuple[str, ...]) -> bool:
    if not wide or "*" in wide:
        return True
    return bool(narrow) and all(any(pattern_covers(w, n) for w in wide) for n in narrow)


def _headers(match: Match) -> dict[str, str]:
    return {name.lower(): value for name, value in match.headers.items()}


def _range_covers(wide: tuple[str, int] | None, narrow: tuple[str, int] | None) -> bool:
    low, high = _range(wide)
    inner_low, inner_high = _range(narrow)
    return low <= inner_low and inner_high <= high


def _range(comparison: tuple[str, int] | None) -> tuple[float, float]:
    """The whole numbers that a comparison lets through, both ends included."""
    match comparison:
        case ("<", limit):
            return 0, limit - 1
        case ("<=", limit):
            return 0, limit
        case (">", limit):
            return limit + 1, float("inf")
        case (">=", limit):
            return limit, float("inf")
        case _:
            return 0, float("inf")


def _times(number: int) -> str:
    return "twice" if number == 2 else f"{number} times"
