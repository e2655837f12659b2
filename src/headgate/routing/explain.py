"""The same decision as `make_plan`, with the reasons."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.provider.call import Call, Target
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed
from headgate.routing.plan import AUTODECIDE, direct_target, lacking, make_plan
from headgate.routing.rule import Plan, Rule
from headgate.routing.table import Table

CHOSEN, NO_MATCH = "chosen", "does not match"
PASSED_OVER = "matches, but an earlier decision stands"


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
    taken = direct is not None
    verdicts = []
    for rule in table.rules:
        reasons = why_not(rule, call, caller)
        if reasons:
            verdicts.append(Verdict(rule.name, NO_MATCH, reasons))
        elif taken:
            verdicts.append(Verdict(rule.name, PASSED_OVER, why(rule, call, caller)))
        else:
            taken = True
            verdicts.append(Verdict(rule.name, CHOSEN, why(rule, call, caller)))
    return Explanation(plan, refusal, tuple(verdicts), _note(call, plan, direct))


def _note(call: Call, plan: Plan | None, direct: Target | None) -> str | None:
    """What the verdicts do not say."""
    if plan is None:
        return None
    if direct is not None:
        return f"'{call.model}' addresses the target {direct} directly; no rule is asked"
    if plan.route == AUTODECIDE:
        return (
            "no rule matches; every configured provider that serves a model of this name may "
            "answer, the cheapest first"
        )
    short = [lacking(planned.facts, call) for planned in plan.targets]
    if all(short):
        lacks = ", ".join(sorted({word for words in short for word in words}))
        return (
            f"every target is thought to lack {lacks}; all are tried all the same, because the "
            "vendor has the last word"
        )
    return None


def why_not(rule: Rule, call: Call, caller: Caller) -> tuple[str, ...]:
    """Every condition that does not hold; empty if the rule matches."""
    reasons = []
    if not rule.matches_model(call.model):
        reasons.append(f"model is '{call.model}', wanted {' or '.join(rule.patterns)}")
    reasons += [
        f"{condition.shown(call, caller)}, wanted {condition.text}"
        for condition in rule.conditions
        if not condition.holds(call, caller)
    ]
    return tuple(reasons)


def why(rule: Rule, call: Call, caller: Caller) -> tuple[str, ...]:
    """What made a rule match."""
    reasons = (
        [f"model '{call.model}' matches {' or '.join(rule.patterns)}"] if rule.patterns else []
    )
    reasons += [condition.text for condition in rule.conditions]
    return tuple(reasons) or ("it matches every call",)
