"""Where a call may go, and that the explanation tells the same story."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.catalogue.facts import Catalogue, Facts, Price
from headgate.provider.call import Call, Operation, Target
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Kind
from headgate.routing.explain import explain
from headgate.routing.plan import AUTODECIDE, DIRECT, make_plan
from headgate.routing.rule import Candidate, Condition, Plan, Policy, Rule, compile_patterns
from headgate.routing.table import Table

ALL = frozenset({"tools", "vision"})
FACTS = (
    Facts("openai", "gpt", price=Price(3, 9), capabilities=ALL),
    Facts("openai", "embed", mode="embedding", price=Price(1, 0)),
    Facts("azure", "gpt", price=Price(2, 8), capabilities=ALL),
    Facts("groq", "llama", price=Price(1, 1), capabilities=frozenset({"tools"})),
    Facts("unused", "gpt", price=Price(0, 0)),
    Facts("local", "gpt", price=None),
)
PROVIDERS = {"oai": "openai", "azure": "azure", "groq": "groq", "local": "local"}
POLICY = Policy(per_target=0, total=2)


def rule(name: str, *targets: str, models: tuple[str, ...] = (), **fields: Any) -> Rule:
    made = []
    for number, text in enumerate(targets):
        provider, _, model = text.partition("/")
        made.append(Candidate(Target(provider, model), -number))
    return Rule(name, tuple(made), patterns=models, models=compile_patterns(models), **fields)


def table(*rules: Rule, overrides: dict[Target, Facts] | None = None) -> Table:
    return Table(rules, PROVIDERS, Catalogue(FACTS), overrides or {}, POLICY)


def call(model: str, *needs: str, operation: Operation = Operation.CHAT, **fields: Any) -> Call:
    return Call("req_1", operation, "openai_chat", model, {}, needs=frozenset(needs), **fields)


ANN = Caller("ann", team="web")


def planned(plan: Plan) -> list[str]:
    return [str(one.target) for one in plan.targets]


@pytest.mark.parametrize("model", ["oai/gpt", "oai/gpt-of-tomorrow", "oai/org/name", "local/x"])
def test_a_provider_and_a_model_go_there_directly(model: str) -> None:
    plan = make_plan(table(rule("all", "groq/llama")), call(model), ANN, 0.0)
    assert (plan.route, planned(plan), plan.policy) == (DIRECT, [model], POLICY)


def test_facts_about_a_direct_target_are_known_under_its_providers_catalogue_name() -> None:
    assert make_plan(table(), call("oai/gpt"), ANN, 0.0).targets[0].facts == FACTS[0]
    assert make_plan(table(), call("oai/other"), ANN, 0.0).targets[0].facts is None


def test_what_an_operator_wrote_wins_over_the_catalogue() -> None:
    mine = Facts("openai", "gpt", context_window=5)
    found = table(overrides={Target("oai", "gpt"): mine}).facts(Target("oai", "gpt"))
    assert found == mine


def test_the_first_rule_that_matches_decides() -> None:
    rules = (
        rule("other", "groq/llama", models=("claude-*",)),
        rule("first", "oai/gpt", models=("fast", "gpt-*"), policy=Policy(total=7)),
        rule("second", "azure/gpt"),
    )
    plan = make_plan(table(*rules), call("fast"), ANN, 0.0)
    assert (plan.route, planned(plan), plan.policy.total) == ("first", ["oai/gpt"], 7)
    assert make_plan(table(*rules), call("anything"), ANN, 0.0).route == "second"


@pytest.mark.parametrize(
    ("pattern", "model", "matches"),
    [
        ("gpt-*", "gpt-6", True),
        ("gpt-*", "gpt-", True),
        ("gpt-*", "xgpt-6", False),
        ("gpt-*-mini", "gpt-6-mini", True),
        ("gpt-*-mini", "gpt-6-mini-x", False),
        ("gpt-?", "gpt-6", True),
        ("gpt-?", "gpt-66", False),
        ("gpt-[56]", "gpt-5", True),
        ("gpt", "GPT", False),
        ("a.b", "axb", False),
        ("a+", "aa", False),
        ("*", "anything/at all", True),
    ],
)
def test_models_match_by_shell_wildcards(pattern: str, model: str, matches: bool) -> None:
    assert rule("r", "oai/gpt", models=(pattern,)).matches_model(model) is matches


def test_a_star_for_a_model_keeps_the_name_that_was_asked_for() -> None:
    plan = make_plan(table(rule("r", "oai/*", "local/fixed")), call("gpt"), ANN, 0.0)
    assert planned(plan) == ["oai/gpt", "local/fixed"]
    assert plan.targets[0].facts == FACTS[0]


def test_a_target_that_lacks_what_the_call_needs_is_left_out_with_the_reason() -> None:
    plan = make_plan(table(rule("r", "groq/llama", "oai/gpt")), call("x", "vision"), ANN, 0.0)
    assert planned(plan) == ["oai/gpt"]
    assert plan.left_out == ((Target("groq", "llama"), "the model lacks vision"),)


def test_a_target_nothing_is_known_about_is_kept() -> None:
    plan = make_plan(table(rule("r", "groq/unknown", "local/gpt")), call("x", "vision"), ANN, 0.0)
    assert planned(plan) == ["groq/unknown", "local/gpt"]


def test_where_every_target_lacks_something_the_vendors_have_the_last_word() -> None:
    plan = make_plan(table(rule("r", "groq/llama")), call("x", "audio", "vision"), ANN, 0.0)
    assert planned(plan) == ["groq/llama"]
    assert plan.left_out == ()


def test_a_bare_name_goes_to_whoever_serves_it_cheapest_first() -> None:
    plan = make_plan(table(), call("gpt"), ANN, 0.0)
    assert plan.route == AUTODECIDE
    assert planned(plan) == ["azure/gpt", "oai/gpt", "local/gpt"]


@pytest.mark.parametrize(
    ("model", "operation", "served"),
    [
        ("embed", Operation.EMBEDDINGS, True),
        ("embed", Operation.CHAT, False),
        ("gpt", Operation.EMBEDDINGS, False),
        ("nobody", Operation.CHAT, False),
    ],
)
def test_a_bare_name_is_served_only_by_models_of_its_kind(
    model: str, operation: Operation, served: bool
) -> None:
    if served:
        plan = make_plan(table(), call(model, operation=operation), ANN, 0.0)
        assert planned(plan) == ["oai/embed"]
    else:
        with pytest.raises(CallFailed) as failed:
            make_plan(table(), call(model, operation=operation), ANN, 0.0)
        assert failed.value.failure.kind is Kind.MODEL_NOT_FOUND


@pytest.mark.parametrize(
    ("asked", "hint"),
    [("oai/gtp", None), ("fastt", "'fast'"), ("unconfigured/gpt", None), ("zzzzzz", "/v1/models")],
)
def test_a_name_nobody_serves_is_a_404_with_a_hint(asked: str, hint: str | None) -> None:
    one = table(rule("r", "oai/gpt", models=("fast", "team-*")))
    if asked.startswith("oai/"):
        assert make_plan(one, call(asked), ANN, 0.0).route == DIRECT
        return
    with pytest.raises(CallFailed) as failed:
        make_plan(one, call(asked), ANN, 0.0)
    assert failed.value.failure.code == "model_not_found"
    assert hint is None or hint in failed.value.failure.message


def test_a_memory_of_names_does_not_grow_without_end() -> None:
    one = table(rule("r", "oai/gpt"))
    for number in range(5000):
        one.rules_for(f"m{number}")
        one.facts(Target("oai", f"m{number}"))
    assert len(one._rules) <= 2048
    assert len(one._facts) <= 2048


def test_an_explanation_names_what_kept_each_rule_from_matching() -> None:
    streaming = Condition("stream true", lambda c, who: c.stream, lambda c, who: "stream is false")
    rules = (
        rule("other", "groq/llama", models=("claude-*",)),
        rule("streams", "groq/llama", conditions=(streaming,)),
        rule("chosen", "oai/gpt", models=("g*",)),
        rule("late", "azure/gpt"),
    )
    told = explain(table(*rules), call("gpt"), ANN)
    assert [(one.rule, one.outcome) for one in told.verdicts] == [
        ("other", "does not match"),
        ("streams", "does not match"),
        ("chosen", "chosen"),
        ("late", "matches, but an earlier decision stands"),
    ]
    assert told.verdicts[0].reasons == ("model is 'gpt', wanted claude-*",)
    assert told.verdicts[1].reasons == ("stream is false, wanted stream true",)


PATTERNS = ((), ("*",), ("gpt",), ("g*", "x"), ("llama",), ("embed",))
CONDITIONS = (
    Condition("stream true", lambda c, who: c.stream, lambda c, who: "stream is false"),
    Condition("team web", lambda c, who: who.team == "web", lambda c, who: "team is another"),
    Condition("small", lambda c, who: c.input_tokens < 10, lambda c, who: "input is large"),
)
TARGETS = ("oai/gpt", "groq/llama", "azure/*", "local/x", "oai/embed")


@st.composite
def rules(draw: st.DrawFn) -> tuple[Rule, ...]:
    return tuple(
        rule(
            f"r{number}",
            *draw(st.lists(st.sampled_from(TARGETS), min_size=1, max_size=3, unique=True)),
            models=draw(st.sampled_from(PATTERNS)),
            conditions=tuple(draw(st.lists(st.sampled_from(CONDITIONS), max_size=2, unique=True))),
            pick=draw(st.sampled_from(("priority", "weight", "order"))),
        )
        for number in range(draw(st.integers(0, 4)))
    )


@settings(max_examples=300, deadline=None)
@given(
    rules(),
    st.sampled_from(("gpt", "llama", "embed", "x", "oai/gpt", "nobody/gpt", "zzz")),
    st.sets(st.sampled_from(("tools", "vision", "audio"))),
    st.sampled_from(Operation),
    st.booleans(),
    st.integers(0, 20),
    st.sampled_from((None, "web", "ops")),
    st.floats(0, 1, exclude_max=True),
)
def test_an_explanation_always_agrees_with_the_plan(
    made: tuple[Rule, ...],
    model: str,
    needs: set[str],
    operation: Operation,
    stream: bool,
    tokens: int,
    team: str | None,
    draw: float,
) -> None:
    one = call(model, *needs, operation=operation, stream=stream, input_tokens=tokens)
    who = Caller("ann", team=team)
    told = explain(table(*made), one, who, draw)
    chosen = [verdict.rule for verdict in told.verdicts if verdict.outcome == "chosen"]
    assert len(told.verdicts) == len(made)
    try:
        plan = make_plan(table(*made), one, who, draw)
    except CallFailed as failed:
        plan = None
        refusal = failed.failure.message
    if plan is None:
        assert (told.plan, told.refusal, chosen) == (None, refusal, [])
        return
    assert told.plan == plan
    assert plan.targets
    assert chosen == ([] if plan.route in (DIRECT, AUTODECIDE) else [plan.route])
    assert told.note or plan.route not in (DIRECT, AUTODECIDE)
