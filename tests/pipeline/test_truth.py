"""Metrics against the vendor's own journal: two sets of books that must agree."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import (
    cut,
    error_event,
    html,
    refusal,
    reset_before_bytes,
    stall,
    stream,
    whole,
    zipped,
)
from headgate.testing.upstream_script import Scenario

from .wire import Wire, chat, chat_body, head, post, send

CONFIG = """
server: {{drain_delay: 20ms}}
providers:
  one: {{kind: custom, base_url: "{one}"}}
  two: {{kind: custom, base_url: "{two}"}}
models:
  one/m: {{input_per_mtok: 3, output_per_mtok: 15}}
  two/m: {{input_per_mtok: 0.25, output_per_mtok: 1.25}}
routes: [{{name: all, match: {{model: m}}, pick: order, targets: [one/m, two/m]}}]
"""
#: USD per token: input, output.
PRICES = {"one": (3e-6, 15e-6), "two": (0.25e-6, 1.25e-6)}

#: What the first vendor does, whether the call streams, and the outcome of the first attempt.
MIX: list[tuple[Scenario, bool, str]] = [
    (whole(usage=(11, 7)), False, "ok"),
    (stream(usage=(1009, 13)), True, "ok"),
    (refusal(503), False, "overloaded"),
    (refusal(429, headers={"Retry-After": "30"}), True, "rate_limited"),
    (whole(usage=(100_003, 1)), False, "ok"),
    (html(), False, "garbled"),
    (cut(0), True, "cut"),
    (cut(2), True, "cut"),
    (error_event(2), True, "server_error"),
    (refusal(400, "no"), False, "invalid_request"),
    (refusal(400, "flagged", code="content_filter"), True, "content_filter"),
    (zipped(), False, "ok"),
    (stream(usage=(17, 19), done=False), True, "ok"),
    (whole(usage=(23, 29)), False, "ok"),
]


@dataclass(frozen=True)
class Books:
    """The gateway after the mix of calls, and both journals."""

    gateway: Gateway
    vendors: dict[str, FakeUpstream]
    statuses: Counter[int]

    def reported(self, name: str, index: int) -> int:
        """Tokens that a vendor reported: 0 input, 1 output."""
        return sum(v.usage[index] for v in self.vendors[name].visits if v.usage and not v.left)


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    with FakeUpstream() as one, FakeUpstream() as two:
        config = CONFIG.format(one=one.url, two=two.url)
        with Gateway(config, folder=tmp_path_factory.mktemp("truth")) as gateway:
            statuses: Counter[int] = Counter()
            for scenario, streaming, _ in MIX:
                one.script("m", scenario)
                two.script("m", stream(usage=(31, 37)) if streaming else whole(usage=(41, 43)))
                statuses[chat(gateway, "m", stream=streaming).status] += 1
            gateway.calls(len(MIX))
            yield Books(gateway, {"one": one, "two": two}, statuses)


@pytest.mark.parametrize("provider", ["one", "two"])
def test_attempts_equal_the_requests_the_vendor_saw(books: Books, provider: str) -> None:
    seen = len(books.vendors[provider].visits)
    assert books.gateway.metric("headgate_attempts_total", provider=provider) == seen


def test_every_outcome_is_counted_as_what_it_was(books: Books) -> None:
    for outcome, count in Counter(outcome for *_, outcome in MIX).items():
        counted = books.gateway.metric(
            "headgate_attempts_total", provider="one", model="m", outcome=outcome
        )
        assert (outcome, counted) == (outcome, count)


def test_requests_and_errors_equal_what_the_client_saw(books: Books) -> None:
    gateway = books.gateway
    assert gateway.metric("headgate_requests_total") == len(MIX)
    for status, count in books.statuses.items():
        assert gateway.metric("headgate_requests_total", status=str(status)) == count
    # Two refusals, and two streams that broke after a 200 had been sent.
    assert books.statuses == {200: len(MIX) - 2, 400: 2}
    assert gateway.metric("headgate_errors_total") == 4
    for kind in ("invalid_request", "content_filter", "cut", "server_error"):
        assert gateway.metric("headgate_errors_total", kind=kind) == 1


def test_fallbacks_equal_the_calls_the_second_vendor_got(books: Books) -> None:
    counted = books.gateway.metric("headgate_fallbacks_total", **{"from": "one", "to": "two"})
    assert counted == len(books.vendors["two"].visits) == 4


@pytest.mark.parametrize("provider", ["one", "two"])
def test_input_tokens_and_cost_equal_the_vendors_books(books: Books, provider: str) -> None:
    """The two broken streams reported nothing; for them the gateway estimates, and says so."""
    gateway = books.gateway
    lines = [
        line
        for line in gateway.calls()
        if line.get("provider") == provider and line["basis"] == "partial"
    ]
    inputs = books.reported(provider, 0) - unreported(books, provider, 0)
    outputs = books.reported(provider, 1) - unreported(books, provider, 1)
    inputs += sum(line["input_tokens"] for line in lines)
    outputs += sum(line["output_tokens"] for line in lines)
    count = gateway.metric
    assert count("headgate_tokens_total", provider=provider, type="input") == inputs
    assert count("headgate_tokens_total", provider=provider, type="output") == outputs
    dollars = inputs * PRICES[provider][0] + outputs * PRICES[provider][1]
    assert count("headgate_cost_usd_total", provider=provider) == pytest.approx(dollars, rel=1e-9)
    assert len(lines) == (2 if provider == "one" else 0)


def unreported(books: Books, provider: str, index: int) -> int:
    """Usage that a scenario would have reported after the gateway had stopped listening."""
    visits = books.vendors[provider].visits
    return sum(
        visit.usage[index]
        for visit in visits
        if visit.usage and not visit.left and visit.scenario == "error event"
    )


def test_no_price_is_missing_and_nothing_is_in_flight(books: Books) -> None:
    assert books.gateway.metric("headgate_unpriced_requests_total") == 0
    assert books.gateway.metric("headgate_in_flight") == 0


def test_durations_are_observed_once_a_call(books: Books) -> None:
    gateway = books.gateway
    assert gateway.metric("headgate_request_duration_seconds_count") == len(MIX)
    assert gateway.metric("headgate_overhead_seconds_count") == len(MIX)
    streams = sum(streaming for _, streaming, _ in MIX)
    firsts = gateway.metric("headgate_time_to_first_token_seconds_count")
    # The stream that the filter refused never had a first token.
    assert firsts == streams - 1


def test_the_cost_header_is_what_the_log_line_and_the_price_say(books: Books) -> None:
    one = books.vendors["one"]
    one.script("m", whole(usage=(1_000, 100)))
    answer = chat(books.gateway, "one/m")
    assert answer.headers["x-headgate-cost-usd"] == "0.0045"
    assert books.gateway.line(answer.headers["x-request-id"])["cost_usd"] == pytest.approx(0.0045)


def test_a_cancelled_call_is_an_attempt_and_no_success(books: Books) -> None:
    gateway, one = books.gateway, books.vendors["one"]
    one.script("gone", stall(1))
    before = gateway.metric("headgate_attempts_total", outcome="cancelled")
    with Wire(gateway) as wire:
        wire.send(post(chat_body("one/gone", stream=True)))
        wire.read_until(b'"content":"')
    assert one.wait(
        lambda: gateway.metric("headgate_attempts_total", outcome="cancelled") == before + 1
    )
    assert gateway.metric("headgate_requests_total", status="499", model="other") == 1


def test_names_a_client_invents_make_no_new_series(books: Books) -> None:
    def series() -> int:
        return len(send(books.gateway, head(method="GET", path="/metrics")).body.splitlines())

    one = books.vendors["one"]
    one.script("invented-0", reset_before_bytes())
    chat(books.gateway, "one/invented-0")
    chat(books.gateway, "invented")
    before = series()
    for number in range(30):
        one.script(f"invented-{number}", reset_before_bytes())
        chat(books.gateway, f"one/invented-{number}")
        chat(books.gateway, f"invented-{number}")
    assert series() == before


def test_promtool_finds_nothing_to_complain_about(books: Books) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        assert os.environ.get("CI") != "true", "promtool is missing"
        pytest.skip("promtool is not installed")
    text = send(books.gateway, head(method="GET", path="/metrics")).body
    found = subprocess.run(
        [promtool, "check", "metrics"], input=text, capture_output=True, timeout=20, check=False
    )
    assert (found.stdout + found.stderr).decode() == ""
    assert found.returncode == 0


def test_the_log_line_agrees_with_the_answer(books: Books, tmp_path: Path) -> None:
    answer = chat(books.gateway, "m")
    line = books.gateway.line(answer.headers["x-request-id"])
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["route"] == answer.headers["x-headgate-route"] == "all"
    assert line["provider"] == answer.headers["x-headgate-provider"]
    assert line["upstream_id"] == answer.json["id"]
