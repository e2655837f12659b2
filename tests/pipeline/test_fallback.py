"""The failure table from outside: what a caller gets when the first vendor fails."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import (
    TEXTS,
    close_before_bytes,
    completion,
    cut,
    error_event,
    head,
    html,
    invalid_utf8,
    large_header,
    malformed_event,
    raw,
    redirect,
    refusal,
    reset_before_bytes,
    silent,
    silent_after_head,
    sized,
    slow_first_token,
    stream,
    streamed,
    whole,
    wrong_length,
    zipped,
    zipped_stream,
)
from headgate.testing.upstream_script import Close, Reset, Scenario, Send

from .conftest import House
from .wire import Answer, chat, told

TEXT = "".join(TEXTS)
_MARKS = {"Content-Type": "application/json"}


def rescued(house: House, first: Scenario, name: str, *, streaming: bool, route: str) -> Answer:
    """A call whose first vendor plays `first` and whose second answers well."""
    model = f"{route}-{'stream' if streaming else 'whole'}-{name}".replace(" ", "-")
    house.first.script(model, first)
    house.second.script(model, stream() if streaming else whole(TEXT))
    before = house.gateway.metric("headgate_fallbacks_total", route=route)
    answer = chat(house.gateway, model, stream=streaming)
    assert answer.status == 200, answer.body
    assert answer.text == TEXT
    assert answer.headers["x-headgate-provider"] == "second"
    assert house.gateway.metric("headgate_fallbacks_total", route=route) == before + 1
    if streaming:
        assert answer.datas[-1] == "[DONE]"
        assert answer.datas.count("[DONE]") == 1
    return answer


WHOLE_FAULTS = {
    "reset before bytes": (reset_before_bytes(), ["connection", "connection"]),
    "closed before bytes": (close_before_bytes(), ["connection", "connection"]),
    "500": (refusal(500), ["server_error"]),
    "502 of a proxy": (
        raw(sized(502, b"<html>Bad Gateway</html>", {"Content-Type": "text/html"})),
        ["server_error"],
    ),
    "503": (refusal(503), ["overloaded"]),
    "529": (refusal(529), ["overloaded"]),
    "429": (refusal(429, headers={"Retry-After": "60"}), ["rate_limited"]),
    "429 for a moment": (refusal(429, headers={"Retry-After": "1"}), ["rate_limited"]),
    "429 without a hint": (refusal(429), ["rate_limited"]),
    "429 with nonsense": (refusal(429, headers={"Retry-After": "NaN"}), ["rate_limited"]),
    "429 for ever": (refusal(429, headers={"Retry-After": "1000000000"}), ["rate_limited"]),
    "429 of a quota": (refusal(429, code="insufficient_quota"), ["quota_exhausted"]),
    "402": (refusal(402), ["quota_exhausted"]),
    "401": (refusal(401), ["credentials"]),
    "403": (refusal(403), ["credentials"]),
    "404": (refusal(404, code="model_not_found"), ["model_not_found"]),
    "HTML with 200": (html(), ["garbled"]),
    "not JSON": (raw(sized(200, b'{"choices": [')), ["garbled"]),
    "JSON of another kind": (raw(sized(200, b'{"answer": 42}')), ["garbled"]),
    "null": (raw(sized(200, b"null")), ["garbled"]),
    "empty": (raw(sized(200, b"")), ["garbled"]),
    "error in a 200": (
        raw(sized(200, b'{"error": {"message": "busy", "code": "overloaded_error"}}')),
        ["overloaded"],
    ),
    "body cut short": (wrong_length(), ["cut"]),
    "body reset": (
        raw(head(200, {**_MARKS, "Content-Length": "900"}) + b"{", Send(b"", 0.05), Reset()),
        ["cut"],
    ),
    "chunk cut short": (
        raw(head(200, {**_MARKS, "Transfer-Encoding": "chunked"}) + b"ff\r\n{", Close()),
        ["cut"],
    ),
    "bad chunk size": (
        raw(head(200, {**_MARKS, "Transfer-Encoding": "chunked"}) + b"zz\r\n{}\r\n", Close()),
        None,
    ),
    "gzip cut short": (zipped(truncated=True), ["garbled"]),
    "not gzip": (raw(sized(200, completion(), {"Content-Encoding": "gzip"})), ["garbled"]),
    "brotli": (raw(sized(200, completion(), {"Content-Encoding": "br"})), ["garbled"]),
    "large header": (large_header(), ["garbled"]),
    "CL and TE": (
        raw(
            head(200, {**_MARKS, "Content-Length": "5", "Transfer-Encoding": "chunked"})
            + b"0\r\n\r\n",
            Close(),
        ),
        ["garbled"],
    ),
    "two CL": (
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", Close()),
        ["garbled"],
    ),
    "a banner": (raw(b"220 mail.example ESMTP\r\n", Close()), ["garbled"]),
    "noise": (raw(bytes(range(256)), Close()), ["garbled"]),
    "status 999": (raw(sized(999, b"{}")), None),
    "204": (raw(b"HTTP/1.1 204 No Content\r\n\r\n"), ["garbled"]),
    "redirect": (redirect("http://127.0.0.1:9/v1"), ["garbled"]),
}


@pytest.mark.parametrize("name", WHOLE_FAULTS)
def test_the_second_target_answers_whole_when_the_first_fails(house: House, name: str) -> None:
    scenario, outcomes = WHOLE_FAULTS[name]
    answer = rescued(house, scenario, name, streaming=False, route="pair")
    *failed, last = told(answer)
    assert last == ("second", "ok")
    assert {provider for provider, _ in failed} == {"first"}
    if outcomes is not None:
        assert [outcome for _, outcome in failed] == outcomes


STREAM_FAULTS = {
    "reset before bytes": (reset_before_bytes(), ["connection", "connection"]),
    "503": (refusal(503), ["overloaded"]),
    "429": (refusal(429, headers={"Retry-After": "60"}), ["rate_limited"]),
    "cut after the role": (cut(0), ["cut"]),
    "cut after the role, without framing": (cut(0, framing="close"), ["cut"]),
    "reset after the role": (cut(0, how="reset"), ["cut"]),
    "malformed first event": (malformed_event(0), ["garbled"]),
    "invalid UTF-8 first": (invalid_utf8(0), ["garbled"]),
    "error event first": (error_event(0, code="overloaded_error"), ["overloaded"]),
    "HTML with 200": (html(), ["garbled"]),
    "HTML in a stream": (streamed("html", [b"<html></html>\n\n"]), None),
    "a whole answer": (whole(), ["garbled"]),
    "an error instead": (
        raw(sized(200, b'{"error": {"message": "no", "code": "rate_limit_exceeded"}}')),
        ["rate_limited"],
    ),
    "no event at all": (streamed("empty", []), ["cut"]),
    "only heartbeats": (streamed("comments", [b": ping\n\n"] * 3), ["cut"]),
    "only DONE": (streamed("done", [b"data: [DONE]\n\n"]), None),
    "gzip cut at once": (zipped_stream(truncated=True), None),
    "redirect": (redirect("http://127.0.0.1:9/v1"), ["garbled"]),
}


@pytest.mark.parametrize("name", [n for n in STREAM_FAULTS if STREAM_FAULTS[n][1]])
def test_the_second_target_streams_when_the_first_fails_before_the_first_word(
    house: House, name: str
) -> None:
    scenario, outcomes = STREAM_FAULTS[name]
    answer = rescued(house, scenario, name, streaming=True, route="pair")
    *failed, last = told(answer)
    assert last == ("second", "ok")
    assert [outcome for _, outcome in failed] == outcomes


def test_a_refused_connection_leads_to_the_second_target_without_delay(house: House) -> None:
    began = time.monotonic()
    model = "refused-port"
    house.second.script(model, whole(TEXT))
    answer = chat(house.gateway, model)
    assert answer.text == TEXT
    assert told(answer) == [("nobody", "connection")] * 2 + [("second", "ok")]
    assert time.monotonic() - began < 1


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("silent", silent()),
        ("silent after head", silent_after_head()),
        ("slow first token", slow_first_token(20)),
    ],
)
def test_a_first_token_that_does_not_come_leads_to_the_second_target(
    house: House, name: str, scenario: Scenario
) -> None:
    began = time.monotonic()
    answer = rescued(house, scenario, name, streaming=True, route="hasty")
    assert told(answer) == [("hasty", "timeout"), ("second", "ok")]
    assert 0.35 < time.monotonic() - began < 2
    model = f"hasty-stream-{name}".replace(" ", "-")
    (visit,) = house.first.of(model)
    assert house.first.wait(lambda: visit.left_at, 1), "the slow vendor was never told"


def test_a_whole_answer_that_does_not_come_in_its_targets_time_leads_to_the_second(
    house: House,
) -> None:
    answer = rescued(house, silent(), "silent", streaming=False, route="hurried")
    assert told(answer) == [("hurried", "timeout"), ("second", "ok")]


def test_a_short_retry_after_is_obeyed(house: House) -> None:
    hint = {"Retry-After": "1", "retry-after-ms": "400"}
    house.first.script("patient", refusal(429, headers=hint), whole(TEXT))
    answer = chat(house.gateway, "first/patient")
    assert answer.text == TEXT
    assert told(answer) == [("first", "rate_limited"), ("first", "ok")]
    one, two = house.first.of("patient")
    assert 0.4 <= two.arrived - one.arrived < 1.2


def test_a_long_retry_after_ends_the_call_and_is_passed_on(house: House) -> None:
    house.first.script("busy", refusal(429, headers={"Retry-After": "60"}), whole())
    began = time.monotonic()
    answer = chat(house.gateway, "first/busy")
    assert time.monotonic() - began < 1
    assert answer.status == 429
    assert answer.error["code"] == "rate_limit_exceeded"
    assert answer.headers["retry-after"] == "60"
    assert len(house.first.of("busy")) == 1


def test_of_several_hints_the_client_gets_the_shortest(house: House) -> None:
    house.first.script("pair-busy", refusal(429, headers={"Retry-After": "20"}))
    house.second.script("pair-busy", refusal(429, headers={"Retry-After": "40"}))
    answer = chat(house.gateway, "pair-busy")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "20"


@pytest.mark.parametrize(
    ("name", "scenario", "status", "code"),
    [
        ("500", refusal(500), 502, "upstream_server_error"),
        ("503", refusal(503), 503, "server_is_overloaded"),
        ("reset", reset_before_bytes(), 502, "upstream_connection_failed"),
        ("html", html(), 502, "bad_upstream_response"),
        ("401", refusal(401, code="invalid_api_key"), 502, "upstream_credentials_exhausted"),
        ("403", refusal(403), 502, "upstream_credentials_exhausted"),
        ("quota", refusal(429, code="insufficient_quota"), 502, "upstream_credentials_exhausted"),
        ("404", refusal(404), 404, "model_not_found"),
        ("large header", large_header(), 502, "bad_upstream_response"),
        ("redirect", redirect("http://127.0.0.1:9/"), 502, "bad_upstream_response"),
    ],
)
def test_when_every_target_fails_the_status_says_whose_fault_it_was(
    house: House, name: str, scenario: Scenario, status: int, code: str
) -> None:
    model = f"pair-all-{name}".replace(" ", "-")
    house.first.script(model, scenario)
    house.second.script(model, scenario)
    answer = chat(house.gateway, model)
    assert (answer.status, answer.error["code"]) == (status, code)
    assert {provider for provider, _ in told(answer)} == {"first", "second"}
    assert len(told(answer)) <= 4
    attempts = len(house.first.of(model)) + len(house.second.of(model))
    assert attempts == len(told(answer))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(house: House, status: int) -> None:
    model = f"redirected-{status}"
    house.first.script(model, redirect(house.second.url + "/chat/completions", status))
    house.second.script(model, whole())
    assert chat(house.gateway, f"first/{model}").status == 502
    assert not house.second.of(model)


@pytest.mark.parametrize("streaming", [False, True])
def test_the_total_deadline_holds_over_all_attempts(house: House, streaming: bool) -> None:
    model = f"deadline-{streaming}"
    house.first.script(model, silent())
    house.second.script(model, silent())
    began = time.monotonic()
    answer = chat(house.gateway, model, stream=streaming)
    assert answer.status == 504
    assert 0.6 < time.monotonic() - began < 1.5
    assert answer.error["code"] == "upstream_timeout"


def test_a_stream_that_never_ends_is_cut_at_the_total_deadline(house: House) -> None:
    house.first.script("deadline-endless", stream(("word ",) * 500, gap=0.05))
    began = time.monotonic()
    answer = chat(house.gateway, "deadline-endless", stream=True)
    assert 0.6 < time.monotonic() - began < 1.5
    assert answer.events[-1]["error"]["code"] == "upstream_timeout"
    assert "[DONE]" not in answer.datas


def test_the_second_key_is_tried_at_once_and_a_dead_key_is_left_alone(house: House) -> None:
    house.first.script("keys", refusal(401, "no such", code="invalid_api_key"), whole(TEXT))
    answer = chat(house.gateway, "keyed/keys")
    assert answer.text == TEXT
    assert told(answer) == [("keyed", "credentials"), ("keyed", "ok")]
    one, two = house.first.of("keys")
    assert two.arrived - one.arrived < 0.2
    assert one.headers["authorization"] == "Bearer key-number-one"
    assert two.headers["authorization"] == "Bearer key-number-two"
    up = house.gateway.metric
    assert up("headgate_provider_key_up", provider="keyed", key="1") == 0
    assert up("headgate_provider_key_up", provider="keyed", key="2") == 1
    chat(house.gateway, "keyed/keys")
    assert house.first.of("keys")[2].headers["authorization"] == "Bearer key-number-two"


def test_when_every_key_is_refused_the_caller_gets_a_502_and_not_the_vendors_401(
    house: House,
) -> None:
    house.first.script("locks", refusal(401, "no such key", code="invalid_api_key"))
    answer = chat(house.gateway, "locked/locks")
    assert answer.status == 502
    assert answer.error["code"] == "upstream_credentials_exhausted"
    assert answer.headers["x-should-retry"] == "false"
    used = [visit.headers["authorization"] for visit in house.first.of("locks")]
    assert used == ["Bearer key-number-one", "Bearer key-number-two"]


PAIR = """
server: {{drain_delay: 20ms}}
providers:
  one: {{kind: custom, base_url: "{one}"}}
  two: {{kind: custom, base_url: "{two}"}}
routes: [{{name: all, match: {{model: m}}, pick: order, targets: [one/m, two/m]}}]
"""


def test_killing_the_first_target_moves_its_traffic_and_nobody_else_notices(
    tmp_path: Path,
) -> None:
    with FakeUpstream({"m": whole("one")}) as one, FakeUpstream({"m": whole("two")}) as two:
        config = PAIR.format(one=one.url, two=two.url)
        with Gateway(config, folder=tmp_path) as gateway:
            assert [chat(gateway, "m").text for _ in range(3)] == ["one"] * 3
            one.stop()
            answers = [chat(gateway, "m") for _ in range(10)]
            assert [answer.text for answer in answers] == ["two"] * 10
            # Five failures open the circuit; from then on the dead target is not asked.
            assert told(answers[-1]) == [("two", "ok")]
            assert gateway.metric("headgate_breaker_state", provider="one", model="m") == 2
