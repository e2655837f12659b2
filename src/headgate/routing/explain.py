"""The same decision as `make_plan`, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.provider.call import Call
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed
from headgate.routing.plan import direct_target, make_plan
from headgate.routing.rule import Plan, Rule
from headgate.routing.table import Table


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule and this call: chosen, passed over, or not matching, and why."""

    rule: str
    outcome: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A plan (or the reason why there is none) and a verdict on every rule."""

    plan: Plan | None
    refusal: str | None
    verdicts: tuple[Verdict, ...]
    note: str | None = None


def explain(table: Table, call: Call, caller: Caller, draw: float = 0.0) -> Explanation:
    """Why this call would go where it would go."""
    plan, refusal = None, None
    try:
        plan = make_plan(table, call, caller, draw)
    except CallFailed as failed:
        refusal = failed.failure.message
    direct = direct_target(table, call.model)
    note = (
        f"'{call.model}' addresses the target {direct} directly; no rule is asked"
        if direct
        else None
    )
    taken = direct is not None
    verdicts = []
    for rule in table.rules:
        reasons = why_not(rule, call, caller)
        if reasons:
            verdicts.append(Verdict(rule.name, "does not match", reasons))
        elif taken:
            verdicts.append(Verdict(rule.name, "matches, but an earlier decision stands", ()))
        else:
            taken = True
            verdicts.append(Verdict(rule.name, "chosen", why(rule, call, caller)))
    return Explanation(plan, refusal, tuple(verdicts), note)


def why_not(rule: Rule, call: Call, caller: Caller) -> tuple[str, ...]:
    """Every condition that does not hold; empty if the rule matches."""
    reasons = []
    if not rule.matches_model(call.model):
        reasons.append(f"model is '{call.model}', wanted {', '.join(rule.patterns)}")
    reasons += [
        f"{condition.shown(call, caller)}, wanted {condition.text}"
        for condition in rule.conditions
        if not condition.holds(call, caller)
    ]
    return tuple(reasons)


def why(rule: Rule, call: Call, caller: Caller) -> tuple[str, ...]:
    """What made a rule match."""
    reasons = [f"model '{call.model}' matches {', '.join(rule.patterns)}"] if rule.patterns else []
    reasons += [condition.text for condition in rule.conditions]
    return tuple(reasons) or ("it matches every call",)
