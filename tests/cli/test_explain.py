"""`headgate explain`: the words a person reads, and the values a machine reads."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import Result

Run = Callable[..., Result]

YAML = """\
access:
  keys:
  - {name: web, key: hg-1, team: shop, user: ann}
providers:
  one: {kind: echo}
  two: {kind: echo, timeouts: {first_token: 7s, total: 30s}}
  three: {kind: echo}
models:
  one/big: {context_window: 8192, input_per_mtok: 1, output_per_mtok: 2.5, capabilities: [tools]}
  two/big: {input_per_mtok: 0.05, output_per_mtok: 0, capabilities: [tools, vision]}
  three/big: {input_per_mtok: 3, output_per_mtok: 9}
routes:
- name: everyday
  match: {model: ["gpt-*", big]}
  targets:
  - {to: one/big, priority: 10, weight: 3}
  - {to: two/big, priority: 10, weight: 1}
  - {to: three/big, priority: 1}
  timeouts: {idle: 9s}
- name: shop
  priority: 5
  match: {model: "gpt-*", team: shop, needs: tools, input_tokens: ">=1k", headers: {X-Tier: gold}}
  targets: [two/big]
  retries: {per_target: 0, total: 2}
  fallback: {on: [timeout, overloaded]}
  stream: {hold: true}
- name: german
  match: {model: chat, stream: true, operation: chat, user: ann, key: web}
  targets: [everyday, three/*]
"""


def said(result: Result) -> str:
    """What was printed, without the blanks that pad a table."""
    return "\n".join(line.rstrip() for line in result.stdout.splitlines())


EVERYDAY = """\
model 'big' -> route everyday

rule      verdict         because
shop      does not match  model is 'big', wanted gpt-*; team is not given, wanted team shop; \
needs are none, wanted needs tools; input_tokens are about 0, wanted input_tokens >=1000; \
header X-Tier is not given, wanted header X-Tier gold
everyday  chosen          model 'big' matches gpt-* or big
german    does not match  model is 'big', wanted chat; user is not given, wanted user ann; \
key is not given, wanted key web; stream is false, wanted stream true

   target     priority  share    in  out  context  clocks
1  one/big          10    75%     1  2.5     8192  connect 5s, first token 60s, idle 9s, total 600s
2  two/big          10    25%  0.05    0        -  connect 5s, first token 7s, idle 9s, total 30s
3  three/big         1   100%     3    9        -  connect 5s, first token 60s, idle 9s, total 600s

retries: at most 1 more at one target, 3 more in all
next target after: rate_limited, quota_exhausted, credentials, overloaded, server_error, \
connection, timeout, garbled, cut, model_not_found, context_length, unsupported, plugin, shed"""


def words(text: str) -> list[str]:
    """Lines without regard to the width of columns."""
    return [" ".join(line.split()) for line in text.splitlines()]


def test_a_plan_is_told_rule_by_rule_and_target_by_target(run: Run) -> None:
    result = run("explain", "--model", "big", yaml=YAML)
    assert result.exit_code == 0
    assert words(said(result)) == words(EVERYDAY)


def test_every_condition_can_be_given(run: Run) -> None:
    given = (
        "--model gpt-5 --team shop --needs tools,vision --input-tokens 1000 --header x-tier=gold"
    )
    result = run("explain", *given.split(), "--stream", yaml=YAML)
    lines = words(said(result))
    assert lines[0] == "model 'gpt-5' -> route shop"
    assert lines[3] == (
        "shop chosen model 'gpt-5' matches gpt-*; team shop; needs tools; "
        "input_tokens >=1000; header X-Tier gold"
    )
    assert lines[4].startswith("everyday matches, but an earlier decision stands")
    assert lines[-4:] == [
        "",
        "retries: at most 0 more at one target, 2 more in all",
        "next target after: overloaded, timeout",
        "the stream is held back until the answer is whole",
    ]
    assert "total 30s" in lines[8]


def test_a_key_brings_its_team_and_user(run: Run) -> None:
    result = run("explain", "--model", "chat", "--key", "web", "--stream", yaml=YAML)
    assert words(said(result))[0] == "model 'chat' -> route german"


def test_targets_of_another_route_keep_its_order_of_preference(run: Run) -> None:
    result = run("explain", "-m", "chat", "--key", "web", "--stream", "--json", yaml=YAML)
    targets = [target["target"] for target in json.loads(result.stdout)["targets"]]
    # everyday prefers one and two; three/big comes after all that is preferred.
    assert targets[-1] == "three/big"
    assert set(targets[:-1]) == {"one/big", "two/big", "three/chat"}


def test_targets_that_lack_what_is_needed_are_left_out_with_the_reason(run: Run) -> None:
    result = run("explain", "--model", "big", "--needs", "vision", yaml=YAML)
    assert "left out: one/big, the model lacks vision" in said(result)
    assert "1  two/big" in said(result)


def test_when_every_target_lacks_it_all_are_tried_and_the_note_says_so(run: Run) -> None:
    result = run(
        "explain",
        "--model",
        "gpt-5",
        "--needs",
        "pdf",
        yaml=YAML.replace("three/big: {", "three/big: {capabilities: [], "),
    )
    assert said(result).splitlines()[1] == (
        "every target is thought to lack pdf; all are tried all the same, because the vendor has "
        "the last word"
    )


def test_a_target_addressed_directly_asks_no_rule(run: Run) -> None:
    result = run("explain", "--model", "two/big", "--json", yaml=YAML)
    found = json.loads(result.stdout)
    assert found["route"] == "direct"
    assert found["note"] == "'two/big' addresses the target two/big directly; no rule is asked"
    assert [target["target"] for target in found["targets"]] == ["two/big"]
    assert all(rule["outcome"] != "chosen" for rule in found["rules"])


def test_without_a_rule_the_catalogue_decides_and_the_note_says_so(run: Run) -> None:
    yaml = "providers: {a: {kind: openai, keys: [sk-1]}, b: {kind: openai, keys: [sk-2]}}\n"
    result = run("explain", "--model", "gpt-6-luna", "--json", yaml=yaml)
    found = json.loads(result.stdout)
    assert found["route"] == "autodecide"
    assert found["note"].startswith("no rule matches; every configured provider that serves")
    assert [target["target"] for target in found["targets"]] == ["a/gpt-6-luna", "b/gpt-6-luna"]
    assert found["targets"][0]["input_per_mtok"] > 0


def test_a_call_that_would_be_refused_ends_with_1_and_the_reason(run: Run) -> None:
    result = run("explain", "--model", "bigg", yaml=YAML)
    assert result.exit_code == 1
    assert result.stderr == (
        "The model 'bigg' does not exist: no route matches it and no configured provider serves "
        "it. Did you mean 'big'?\n"
    )
    assert "model is 'bigg', wanted gpt-* or big" in said(result)
    as_json = run("explain", "--model", "bigg", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["refusal"] == result.stderr.strip()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--needs", "tool"), "unknown word 'tool'; did you mean 'tools'?"),
        (("--header", "x-tier"), "'x-tier' is not name=value"),
        (("--input-tokens", "-1"), "-1 is not in the range"),
        (("--operation", "images"), "'images' is not one of"),
    ],
)
def test_a_wrong_option_is_refused(run: Run, words: tuple[str, ...], said: str) -> None:
    result = run("explain", "--model", "big", *words, yaml=YAML)
    assert result.exit_code == 2
    assert said in result.stderr


def test_clocks_and_prices_are_numbers_for_machines(run: Run) -> None:
    found = json.loads(run("explain", "--model", "big", "--json", yaml=YAML).stdout)
    two = next(target for target in found["targets"] if target["target"] == "two/big")
    assert two == {
        "target": "two/big",
        "priority": 10,
        "share": 0.25,
        "input_per_mtok": 0.05,
        "output_per_mtok": 0.0,
        "cached_input_per_mtok": None,
        "context_window": None,
        "clocks": {"connect": 5.0, "first_token": 7.0, "idle": 9.0, "total": 30.0},
    }
