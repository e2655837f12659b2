"""What a call is said to have used and cost, and on what grounds."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from headgate.accounting.meter import Meter, log_entry
from headgate.accounting.receipt import Basis, Receipt, make_receipt, metered
from headgate.attempts.attempt import Attempt
from headgate.catalogue.facts import Facts, Price
from headgate.provider.call import Call, Operation, Target
from headgate.provider.caller import Caller
from headgate.provider.events import Usage
from headgate.provider.failure import Failure, Kind
from headgate.routing.rule import Planned
from headgate.telemetry.prometheus import text
from headgate.telemetry.series import Exposition

CANARY = "canary-in-the-prompt"
CALL = Call(
    "req_1",
    Operation.CHAT,
    "openai_chat",
    "fast",
    {"model": "fast", "messages": [{"role": "user", "content": CANARY}], "user": CANARY},
    input_tokens=100,
    headers={"authorization": CANARY},
)
STREAM = Call(*CALL)._replace(stream=True)
FACTS = Facts("openai", "gpt", price=Price(2_000_000, 4_000_000))
BROKEN = Failure(Kind.CUT, "it broke")


def attempt(facts: Facts | None = FACTS, provider: str = "oai", **fields: Any) -> Attempt:
    planned = Planned(Target(provider, "gpt"), facts)
    made = {"started": 10.0, "ended": 12.0, "sent": True, "waited": 1.5, **fields}
    return Attempt("req_1-1", planned, **made)


@pytest.mark.parametrize(
    ("fields", "basis", "usage"),
    [
        ({"usage": Usage(5, output=7)}, Basis.REPORTED, Usage(5, output=7)),
        ({"usage": Usage(5, output=7), "failure": BROKEN}, Basis.REPORTED, Usage(5, output=7)),
        ({"usage": Usage(5), "cancelled": True}, Basis.REPORTED, Usage(5)),
        ({"characters": 41}, Basis.ESTIMATED, Usage(100, output=11)),
        ({"characters": 0}, Basis.ESTIMATED, Usage(100, output=0)),
        ({"characters": 41, "failure": BROKEN}, Basis.PARTIAL, Usage(100, output=11)),
        ({"characters": 41, "cancelled": True}, Basis.PARTIAL, Usage(100, output=11)),
        ({"failure": Failure(Kind.RATE_LIMITED, "x")}, Basis.NONE, Usage(0, output=0)),
        ({"sent": False, "failure": BROKEN}, Basis.NONE, Usage(0, output=0)),
    ],
)
def test_a_usage_says_what_it_rests_on(fields: dict[str, Any], basis: Basis, usage: Usage) -> None:
    line = metered(attempt(**fields), CALL, 0.0)
    assert (line.basis, line.usage) == (basis, usage)
    assert line.cost == usage.prompt * 2 + usage.completion * 4


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"usage": Usage(5, output=7)}, None),
        ({"usage": Usage(5, output=7, cost_nano_usd=99)}, 99),
        ({"failure": Failure(Kind.OVERLOADED, "x")}, 0),
    ],
)
def test_a_price_nobody_knows_is_not_zero(fields: dict[str, Any], expected: int | None) -> None:
    assert metered(attempt(facts=None, **fields), CALL, 0.0).cost == expected


def receipt(*attempts: Attempt, call: Call = CALL, failure: Failure | None = None) -> Receipt:
    status = 200 if failure is None else 502
    caller = Caller("ann", team="web")
    return make_receipt(call, caller, "main", status, failure, attempts, 1_700_000_000.25, 4.0)


REFUSED = attempt(provider="groq", ended=11.0, failure=Failure(Kind.OVERLOADED, "busy"))
ANSWERED = attempt(
    started=11.5, ended=14.0, first_token=12.0, usage=Usage(5, 3, output=6, reasoning=4)
)


def test_a_receipt_adds_up_its_attempts() -> None:
    made = receipt(REFUSED, ANSWERED)
    assert made.cost == 8 * 2 + 10 * 4
    # Half a second of it passed between the attempts.
    assert made.waited == pytest.approx(3.5)


def test_a_sum_with_an_unknown_part_is_unknown() -> None:
    assert receipt(attempt(usage=Usage(5)), attempt(facts=None, usage=Usage(5))).cost is None


def test_a_call_that_was_never_sent_costs_nothing() -> None:
    assert receipt(failure=BROKEN).cost == 0


def samples(made: Receipt, known: frozenset[Target] = frozenset()) -> dict[str, float]:
    exposition = Exposition()
    Meter(exposition).count(made, known)
    found = {}
    for family in text_string_to_metric_families(text(exposition).decode()):
        for one in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(one.labels.items()))
            found[f"{one.name}{{{labels}}}"] = one.value
    return found


def test_a_receipt_is_counted_once_for_each_of_its_attempts() -> None:
    found = samples(receipt(REFUSED, ANSWERED, call=STREAM))
    where = "model=gpt,provider=oai"
    assert found["headgate_attempts_total{model=gpt,outcome=ok,provider=oai}"] == 1
    assert found["headgate_attempts_total{model=gpt,outcome=overloaded,provider=groq}"] == 1
    assert found["headgate_fallbacks_total{from=groq,kind=overloaded,route=main,to=oai}"] == 1
    assert (
        found[
            "headgate_requests_total{model=gpt,operation=chat,provider=oai,route=main,status=200}"
        ]
        == 1
    )
    for type_, count in {"input": 5, "cached_input": 3, "output": 6, "reasoning": 4}.items():
        assert found[f"headgate_tokens_total{{{where},type={type_}}}"] == count
    assert found[f"headgate_cost_usd_total{{{where}}}"] == pytest.approx(56e-9)
    assert found[f"headgate_request_duration_seconds_sum{{{where},route=main}}"] == 4.0
    assert found[f"headgate_overhead_seconds_sum{{{where},route=main}}"] == pytest.approx(0.5)
    assert found[
        f"headgate_time_to_first_token_seconds_sum{{{where},route=main}}"
    ] == pytest.approx(2.0)
    assert found[
        f"headgate_time_per_output_token_seconds_sum{{{where},route=main}}"
    ] == pytest.approx(2 / 9)


def test_tokens_at_an_unknown_price_are_counted_as_such() -> None:
    found = samples(receipt(attempt(facts=None, usage=Usage(5))), frozenset({Target("oai", "gpt")}))
    assert found["headgate_unpriced_requests_total{model=gpt,provider=oai}"] == 1
    assert not [name for name in found if name.startswith("headgate_cost_usd_total{")]


def test_a_model_that_only_a_client_has_heard_of_is_other() -> None:
    found = samples(receipt(attempt(facts=None, usage=Usage(5))))
    assert found["headgate_attempts_total{model=other,outcome=ok,provider=oai}"] == 1


def test_the_log_line_tells_of_the_call_and_holds_nothing_of_what_was_said() -> None:
    line = orjson.dumps(log_entry(receipt(REFUSED, ANSWERED)))
    assert CANARY.encode() not in line
    entry = orjson.loads(line)
    assert entry["time"] == "2023-11-14T22:13:20.250Z"
    assert (entry["request_id"], entry["key"], entry["route"]) == ("req_1", "ann", "main")
    assert (entry["provider"], entry["model"], entry["asked"]) == ("oai", "gpt", "fast")
    assert entry["attempts"] == "groq/gpt:overloaded, oai/gpt:ok"
    assert (entry["input_tokens"], entry["cached_input_tokens"]) == (5, 3)
    assert (entry["basis"], entry["cost_usd"]) == ("reported", 56e-9)


KEY = "sk-proj-0123456789abcdefghijABCDEFGHIJ"


@pytest.mark.parametrize("before", [0, 100, 270, 280, 290, 296])
def test_a_key_in_a_failures_message_is_masked_wherever_the_line_is_cut(before: int) -> None:
    failure = Failure(Kind.CREDENTIALS, "x" * (before - 1) + " " + KEY + " is wrong")
    entry = log_entry(receipt(failure=failure))
    assert "sk-proj-0" not in entry["message"]
    assert "sk-p" not in entry["message"]
    assert len(entry["message"]) <= 310
