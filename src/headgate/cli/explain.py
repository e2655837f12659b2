"""`headgate explain`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import click

from headgate.accounting.prices import effective
from headgate.attempts.run import TOTAL_SECONDS, TOTAL_STREAM_SECONDS
from headgate.catalogue.facts import Price
from headgate.cli.loading import Setup, config_option, json_option, set_up
from headgate.cli.show import console, dollars, print_json, table, usd
from headgate.config.problem import nearest
from headgate.config.schema import FALLBACK_KINDS, Key, Need
from headgate.provider.call import Call, Operation
from headgate.provider.caller import Caller
from headgate.routing.explain import Explanation, explain
from headgate.routing.rule import Clocks, Plan, Planned, Rule

_DIALECTS = {
    Operation.CHAT: "openai_chat",
    Operation.RESPONSES: "openai_responses",
    Operation.COMPLETIONS: "openai_completions",
    Operation.COUNT_TOKENS: "anthropic_count_tokens",
    Operation.EMBEDDINGS: "openai_embeddings",
    Operation.RERANK: "rerank",
}


def _needs(ctx: click.Context, option: click.Parameter, text: str) -> frozenset[str]:
    words = frozenset(word.strip() for word in text.split(",") if word.strip())
    for word in sorted(words - set(get_args(Need))):
        raise click.BadParameter(f"unknown word '{word}'{nearest(word, get_args(Need))}")
    return words


def _headers(
    ctx: click.Context, option: click.Parameter, pairs: tuple[str, ...]
) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.BadParameter(f"'{pair}' is not name=value")
        found[name.strip().lower()] = value
    return found


@click.command("explain")
@config_option
@json_option
@click.option("--model", "-m", required=True, help="The model a client would ask for.")
@click.option("--team", help="The team of the caller's key.")
@click.option("--user", help="The user of the caller's key, or of the request.")
@click.option("--key", help="The name of the caller's key; its team and user come with it.")
@click.option("--needs", default="", callback=_needs, help="What the request needs: tools,vision")
@click.option("--input-tokens", type=click.IntRange(0), default=0, help="Size of the prompt.")
@click.option("--header", multiple=True, callback=_headers, help="A request header, name=value.")
@click.option("--stream", is_flag=True, help="A streaming request.")
@click.option("--operation", type=click.Choice([o.value for o in Operation]), default="chat")
def command(
    file: Path | None,
    as_json: bool,
    model: str,
    team: str | None,
    user: str | None,
    key: str | None,
    needs: frozenset[str],
    input_tokens: int,
    header: Mapping[str, str],
    stream: bool,
    operation: str,
) -> None:
    """Show where a call would go, and why. Nothing is sent.

    Ends with exit code 1 if the call would be refused.
    """
    setup = set_up(file)
    call = Call(
        id="explain",
        operation=Operation(operation),
        dialect=_DIALECTS[Operation(operation)],
        model=model,
        body={"model": model},
        stream=stream,
        needs=needs,
        input_tokens=input_tokens,
        headers=header,
    )
    caller = _caller(setup.loaded.config.access.keys, key, team, user)
    explanation = explain(setup.table, call, caller)
    steps = tuple(_steps(setup, call, explanation.plan)) if explanation.plan else ()
    if as_json:
        print_json(_facts(call, explanation, steps))
    else:
        _print(call, explanation, steps)
    if explanation.plan is None:
        raise SystemExit(1)


def _caller(keys: Iterable[Key], name: str | None, team: str | None, user: str | None) -> Caller:
    key = next((key for key in keys if key.name == name), None)
    if key is None:
        return Caller(name or "", team=team, user=user)
    return Caller(key.name, key.role, team or key.team, user or key.user)


@dataclass(frozen=True, slots=True)
class _Step:
    """One target of the plan, with everything that would hold for an attempt at it."""

    planned: Planned
    priority: int | None
    #: How often it comes first among the targets it shares a priority with; 1 if it is alone.
    share: float
    price: Price | None
    clocks: Clocks


def _steps(setup: Setup, call: Call, plan: Plan) -> Iterable[_Step]:
    rule = next((rule for rule in setup.table.rules if rule.name == plan.route), None)
    limit = TOTAL_STREAM_SECONDS if call.stream else TOTAL_SECONDS
    for planned in plan.targets:
        priority, share = _place(rule, planned) if rule else (None, 1.0)
        link = setup.links[planned.target.provider]
        clocks = link.clocks_under(plan.policy.clocks)
        # A provider's total ends one attempt, a route's the whole call.
        totals = [one for one in (plan.policy.clocks.total, link.clocks.total) if one]
        total = min(totals, default=limit)
        price = None
        if planned.facts is not None and planned.facts.price is not None:
            price = effective(planned.facts, call.input_tokens, time.time())
        yield _Step(planned, priority, share, price, Clocks(total=total).over(clocks))


def _place(rule: Rule, planned: Planned) -> tuple[int | None, float]:
    """The priority of a target in its rule, and its share of what has that priority."""
    mine = [
        one
        for one in rule.candidates
        if one.target.provider == planned.target.provider
        and one.target.model in (planned.target.model, "*")
    ]
    if rule.pick == "order" or not mine:
        return None, 1.0
    if rule.pick == "weight":
        return None, mine[0].weight / sum(one.weight for one in rule.candidates)
    equals = [one.weight for one in rule.candidates if one.priority == mine[0].priority]
    return mine[0].priority, mine[0].weight / sum(equals)


def _print(call: Call, explanation: Explanation, steps: tuple[_Step, ...]) -> None:
    out = console()
    plan = explanation.plan
    out.print(f"model '{call.model}' -> {f'route {plan.route}' if plan else 'refused, 404'}")
    if explanation.note:
        out.print(explanation.note)
    if explanation.verdicts:
        out.print()
        rows = [(v.rule, v.outcome, "; ".join(v.reasons)) for v in explanation.verdicts]
        out.print(table(("rule", "verdict", "because"), rows))
    if plan is None:
        click.echo(explanation.refusal, err=True)
        return
    out.print()
    columns = ("", "target", "priority>", "share>", "in>", "out>", "context>", "clocks")
    out.print(table(columns, [_row(number, step) for number, step in enumerate(steps, 1)]))
    for target, reason in plan.left_out:
        out.print(f"left out: {target}, {reason}")
    policy = plan.policy
    out.print(
        f"\nretries: at most {policy.per_target} more at one target, {policy.total} more in all"
    )
    out.print(f"next target after: {', '.join(_fallback(plan)) or 'nothing'}")
    if policy.hold and call.stream:
        out.print("the stream is held back until the answer is whole")


def _row(number: int, step: _Step) -> tuple[str, ...]:
    facts, price = step.planned.facts, step.price
    window = facts.context_window if facts else None
    clocks = ", ".join(
        f"{name.replace('_', ' ')} {value:g}s"
        for name, value in step.clocks._asdict().items()
        if value is not None
    )
    return (
        str(number),
        str(step.planned.target),
        "-" if step.priority is None else str(step.priority),
        f"{step.share:.0%}",
        usd(None if price is None else price.input),
        usd(None if price is None else price.output),
        "-" if window is None else str(window),
        clocks,
    )


def _clocks(step: _Step) -> dict[str, float | None]:
    clocks = step.clocks
    return {
        "connect": clocks.connect,
        "first_token": clocks.first_token,
        "idle": clocks.idle,
        "total": clocks.total,
    }


def _fallback(plan: Plan) -> list[str]:
    """In the order of the manual; a set has none."""
    order = [kind for kind in FALLBACK_KINDS if kind in plan.policy.fallback_on]
    return [*order, *sorted(plan.policy.fallback_on - set(order))]


def _facts(call: Call, explanation: Explanation, steps: tuple[_Step, ...]) -> dict[str, Any]:
    plan = explanation.plan
    return {
        "model": call.model,
        "route": plan.route if plan else None,
        "refusal": explanation.refusal,
        "note": explanation.note,
        "rules": [
            {"rule": v.rule, "outcome": v.outcome, "reasons": list(v.reasons)}
            for v in explanation.verdicts
        ],
        "targets": [
            {
                "target": str(step.planned.target),
                "priority": step.priority,
                "share": step.share,
                **dollars(step.price),
                "context_window": step.planned.facts and step.planned.facts.context_window,
                "clocks": step.clocks._asdict(),
            }
            for step in steps
        ],
        "left_out": [
            {"target": str(target), "reason": reason}
            for target, reason in (plan.left_out if plan else ())
        ],
        "retries": {"per_target": plan.policy.per_target, "total": plan.policy.total}
        if plan
        else None,
        "fallback_on": _fallback(plan) if plan else None,
        "hold": plan.policy.hold if plan else None,
    }
