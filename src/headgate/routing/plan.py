"""The decision: which targets may serve this call, in which order."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from headgate.catalogue.facts import Facts
from headgate.provider.call import Call, Operation, Target
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.routing.order import STRATEGIES
from headgate.routing.rule import SAME_MODEL, Candidate, Plan, Planned, Rule
from headgate.routing.table import Table

#: The route's name in headers and metrics where no rule of the file decided.
DIRECT, AUTODECIDE = "direct", "autodecide"

_MODES = {
    Operation.CHAT: "chat",
    Operation.RESPONSES: "chat",
    Operation.COMPLETIONS: "chat",
    Operation.COUNT_TOKENS: "chat",
    Operation.EMBEDDINGS: "embedding",
    Operation.RERANK: "rerank",
}


def make_plan(table: Table, call: Call, caller: Caller, draw: float) -> Plan:
    """Where this call may go. Raises `CallFailed` (model_not_found).

    `provider/model` addresses a target directly; then the first rule that matches; then every
    configured provider that serves a model of this name, cheapest first. `draw` is uniform in
    [0, 1).
    """
    if call.pin is not None:
        return _pinned(table, call, call.pin.provider, caller, draw)
    return _free(table, call, caller, draw)


def _pinned(table: Table, call: Call, provider: str, caller: Caller, draw: float) -> Plan:
    """The plan of a call that refers to what one provider keeps: only that provider."""
    if provider not in table.providers:
        raise CallFailed(
            Failure(
                Kind.NOT_FOUND,
                f"The provider '{provider}' that made this response is no longer configured.",
            )
        )
    if call.resource is not None:
        return Plan(DIRECT, (table.planned(Target(provider, call.model)),), table.default_policy)
    plan = _free(table, call._replace(pin=None), caller, draw)
    kept = tuple(planned for planned in plan.targets if planned.target.provider == provider)
    if not kept:
        raise CallFailed(
            Failure(
                Kind.INVALID_REQUEST,
                f"The previous response was made by the provider '{provider}', which does not "
                f"serve the model '{call.model}' here.",
                param="previous_response_id",
            )
        )
    return plan._replace(targets=kept)


def _free(table: Table, call: Call, caller: Caller, draw: float) -> Plan:
    if (target := direct_target(table, call.model)) is not None:
        return Plan(DIRECT, (table.planned(target),), table.default_policy)
    for rule in table.rules_for(call.model):
        if rule.matches(call, caller):
            return by_rule(table, rule, call, draw)
    if targets := serving(table, call):
        return Plan(AUTODECIDE, tuple(targets), table.default_policy)
    raise CallFailed(not_found(table, call.model))


def direct_target(table: Table, model: str) -> Target | None:
    """The target that `provider/model` names, if the provider is configured."""
    provider, slash, name = model.partition("/")
    if slash and name and provider in table.providers:
        return Target(provider, name)
    return None


def by_rule(table: Table, rule: Rule, call: Call, draw: float) -> Plan:
    """The plan of a rule that matched."""
    candidates = rule.candidates
    ordered: Iterable[Candidate] = (
        candidates if len(candidates) == 1 else STRATEGIES[rule.pick](candidates, draw)
    )
    kept: list[Planned] = []
    out: list[tuple[Target, str]] = []
    for candidate in ordered:
        target = candidate.target
        if target.model == SAME_MODEL:
            target = Target(target.provider, call.model)
        planned = table.planned(target)
        if call.needs and (missing := lacking(planned.facts, call)):
            out.append((target, f"the model lacks {', '.join(missing)}"))
        else:
            kept.append(planned)
    if not kept:
        # Facts may be out of date; the vendor has the last word.
        kept, out = [table.planned(target) for target, _ in out], []
    return Plan(rule.name, tuple(kept), rule.policy, tuple(out))


def lacking(facts: Facts | None, call: Call) -> list[str]:
    """Capabilities that the call needs and the model is known not to have."""
    if facts is None or facts.capabilities is None:
        return []
    return sorted(call.needs - facts.capabilities)


def serving(table: Table, call: Call) -> list[Planned]:
    """Every configured provider that serves a model of this bare name, cheapest first; those of
    unknown price last.
    """
    mode = _MODES[call.operation]
    found = [
        planned
        for provider in table.providers
        if (
            planned.facts.mode == mode
            if (planned := table.planned(Target(provider, call.model))).facts is not None
            else table.offers(provider, call.model)
        )
    ]
    return sorted(found, key=lambda planned: _expected_price(planned.facts))


def _expected_price(facts: Facts | None) -> int:
    if facts is None or facts.price is None:
        return 2**62
    # It only has to rank: prompts are several times as long as answers.
    return facts.price.input * 3 + facts.price.output


def not_found(table: Table, model: str) -> Failure:
    """The 404 for a model nobody serves, with the nearest name that would work."""
    known = {pattern for rule in table.rules for pattern in rule.patterns if "*" not in pattern}
    for provider, catalogued in table.providers.items():
        known.update(f"{provider}/{facts.model}" for facts in table.catalogue.of(catalogued))
    known.update(str(target) for target in table.overrides)
    close = difflib.get_close_matches(model, known, n=1, cutoff=0.6)
    hint = f" Did you mean '{close[0]}'?" if close else " See GET /v1/models for what is served."
    return Failure(
        Kind.MODEL_NOT_FOUND,
        f"The model '{model}' does not exist: no route matches it and no configured provider "
        f"serves it.{hint}",
        param="model",
        code="model_not_found",
    )
