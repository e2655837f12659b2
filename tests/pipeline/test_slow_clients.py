"""Clients that take their time, or leave: cases A23, A24 and B25 to B34, and back-pressure."""

from __future__ import annotations

import itertools
import re
import threading
import time
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream_scenarios import (
    cut,
    events,
    piece,
    silent,
    slow_first_token,
    stall,
    stream,
    streamed,
    whole,
)
from headgate.testing.upstream_script import Scenario

from .conftest import House
from .wire import Wire, chat, chat_body, head, post, refused

_names = (f"leaver-{number}" for number in itertools.count())
#: Room for a busy machine around the timeouts of the configuration (0.6 s, 1 s, 2 s).
PATIENT = 5.0


@pytest.mark.usefixtures("untouched")
def test_a23_a_head_that_comes_byte_by_byte_is_cut_off(gateway: Gateway) -> None:
    with Wire(gateway) as wire:
        began = time.monotonic()
        for byte in head("X-Slow: " + "x" * 200):
            wire.send(bytes([byte]))
            time.sleep(0.05)
            if time.monotonic() - began > 1.5:
                break
        refused(wire.answer(), 408)
        assert wire.closed_within(PATIENT) is not None
    assert time.monotonic() - began < PATIENT


@pytest.mark.usefixtures("untouched")
def test_a23_the_second_head_of_a_connection_has_the_same_deadline(gateway: Gateway) -> None:
    with Wire(gateway) as wire:
        wire.send(head(method="GET", path="/livez"))
        assert wire.answer().status == 200
        began = time.monotonic()
        wire.send(b"GET /livez HTTP/1.1\r\nHo")
        assert wire.answer().status == 408
        assert 0.3 < time.monotonic() - began < PATIENT
        assert wire.closed_within(PATIENT) is not None


@pytest.mark.usefixtures("untouched")
def test_a23_an_idle_connection_is_closed(gateway: Gateway) -> None:
    with Wire(gateway) as fresh, Wire(gateway) as used:
        used.send(head(method="GET", path="/livez"))
        assert used.answer().status == 200
        assert used.closed_within(PATIENT) is not None
        assert fresh.closed_within(PATIENT) is not None


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize(
    "start",
    [
        pytest.param(head("Content-Length: 100"), id="no byte of it"),
        pytest.param(head("Content-Length: 100") + b'{"model": ', id="a part of it"),
        pytest.param(head("Transfer-Encoding: chunked") + b"5\r\n{", id="half a chunk"),
        pytest.param(head("Content-Length: 100", "Expect: 100-continue"), id="after 100"),
    ],
)
def test_a24_a_body_that_does_not_come_is_a_408(gateway: Gateway, start: bytes) -> None:
    with Wire(gateway) as wire:
        began = time.monotonic()
        wire.send(start)
        answer = wire.answer()
        refused(answer, 408)
        assert 0.5 < time.monotonic() - began < PATIENT
        assert answer.headers["connection"] == "close"


WINDOWS = {
    "waiting for a whole answer": (False, silent()),
    "before the first byte": (True, silent()),
    "before the first token": (True, slow_first_token(30)),
    "in mid-stream, flowing": (True, stream(("word ",) * 2000, gap=0.02)),
    "in mid-stream, stalled": (True, stall(2)),
}


def leave(house: House, streaming: bool, scenario: Scenario, how: str) -> str:
    """Makes a call, leaves once the vendor has it, and returns the model's name."""
    model = next(_names)
    house.first.script(model, scenario)
    wire = Wire(house.gateway)
    wire.send(post(chat_body(f"first/{model}", stream=streaming)))
    assert house.first.wait(lambda: house.first.of(model))
    if "mid" in how:
        wire.read_until(b'"content":"')
    wire.leave(how.split(maxsplit=1)[0])
    return model


@pytest.mark.parametrize("how", ["FIN", "RST"])
@pytest.mark.parametrize("window", WINDOWS)
def test_a_client_that_leaves_is_noticed_by_the_vendor_within_a_second(
    house: House, window: str, how: str
) -> None:
    gateway = house.gateway
    cancelled = gateway.metric("headgate_attempts_total", provider="first", outcome="cancelled")
    streaming, scenario = WINDOWS[window]
    mid = " mid" if "mid" in window else ""
    began = time.monotonic()
    model = leave(house, streaming, scenario, how + mid)
    (visit,) = house.first.of(model)
    assert house.first.wait(lambda: visit.left_at, 3), "the vendor was never told"
    assert visit.left_at is not None
    assert visit.left_at - max(began, visit.arrived) < 1.0
    (line,) = gateway.calls(1, asked=f"first/{model}")
    assert line["status"] == 499
    assert line["outcome"] == line["error"] == "cancelled"
    now = gateway.metric("headgate_attempts_total", provider="first", outcome="cancelled")
    assert now == cancelled + 1
    assert gateway.metric("headgate_in_flight", provider="first") == 0
    assert len(house.first.of(model)) == 1, "a call nobody waits for was tried again"


def test_b27_what_was_streamed_before_the_client_left_is_metered(house: House) -> None:
    model = leave(house, True, stall(2), "FIN mid")
    (line,) = house.gateway.calls(1, asked=f"first/{model}")
    assert line["basis"] == "partial"
    assert line["output_tokens"] >= 1


def test_b28_a_half_close_counts_as_leaving(house: House) -> None:
    house.first.script("half", silent())
    with Wire(house.gateway) as wire:
        wire.send(post(chat_body("first/half")))
        assert house.first.wait(lambda: house.first.of("half"))
        wire.half_close()
        (visit,) = house.first.of("half")
        assert house.first.wait(lambda: visit.left_at, 2)


def memory(gateway: Gateway) -> int:
    """Resident bytes of the gateway."""
    status = Path(f"/proc/{gateway.pid}/status").read_text("ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def long_stream(megabytes: int) -> Scenario:
    text = piece({"content": "x" * 65_000})
    first, *_, finish, usage, done = events(("a",))
    count = megabytes * 16
    return streamed("long", itertools.chain([first], [text] * count, [finish, usage, done]))


def test_b29_a_client_that_does_not_read_is_cut_off_and_costs_no_memory(house: House) -> None:
    house.first.script("unread", long_stream(64))
    chat(house.gateway, "first/unread-warm-up", stream=True)
    before = memory(house.gateway)
    with Wire(house.gateway, receive_buffer=65_536) as wire:
        wire.send(post(chat_body("first/unread", stream=True)))
        wire.read_until(b"\r\n\r\n")
        began = time.monotonic()
        peak = before
        (visit,) = house.first.of("unread")
        while visit.left_at is None and time.monotonic() - began < PATIENT:
            peak = max(peak, memory(house.gateway))
            time.sleep(0.02)
    assert visit.left_at is not None, "write_timeout did not cut the client off"
    assert 0.8 < visit.left_at - began < PATIENT - 1
    assert peak - before < 8 * 2**20
    # What the kernel holds on two loopback connections, and not the 64 MB there are.
    assert visit.sent < 24 * 2**20
    assert house.first.wait(
        lambda: (
            [ln["status"] for ln in house.gateway.calls() if ln["asked"] == "first/unread"] == [499]
        )
    )


def test_b30_a_client_that_reads_slowly_but_steadily_gets_it_all(house: House) -> None:
    house.first.script("slowly", long_stream(6))
    before = memory(house.gateway)
    with Wire(house.gateway, receive_buffer=65_536) as wire:
        wire.send(post(chat_body("first/slowly", stream=True)))
        got, tail, peak = 0, b"", before
        while not tail.endswith(b"0\r\n\r\n"):
            data = wire.read(131_072)
            assert data, "cut off"
            got, tail = got + len(data), (tail + data)[-64:]
            peak = max(peak, memory(house.gateway))
            time.sleep(0.01)
    assert got > 6 * 16 * 65_000
    assert b"[DONE]" in tail
    assert peak - before < 8 * 2**20


@pytest.mark.usefixtures("untouched")
def test_b31_connections_that_send_nothing_do_not_hold_up_the_others(gateway: Gateway) -> None:
    idle = [Wire(gateway) for _ in range(300)]
    try:
        with Wire(gateway) as wire:
            began = time.monotonic()
            wire.send(head(method="GET", path="/livez"))
            assert wire.answer().status == 200
            assert time.monotonic() - began < 1
    finally:
        for wire in idle:
            wire.close()


def test_b32_pipelined_requests_are_answered_in_order_and_one_at_a_time(house: House) -> None:
    house.first.script("pipelined", whole(after=0.005))
    count = 80
    with Wire(house.gateway) as wire:
        wire.send(
            b"".join(
                post(chat_body("first/pipelined", user=f"u{number}")) for number in range(count)
            )
        )
        assert [wire.answer().status for _ in range(count)] == [200] * count
    visits = house.first.of("pipelined")
    assert [visit.body["user"] for visit in visits] == [f"u{number}" for number in range(count)]
    assert all(a.ended <= b.arrived for a, b in itertools.pairwise(visits))


def test_b33_a_storm_of_leavers_is_settled_to_the_last_one(house: House) -> None:
    gateway, count = house.gateway, 100
    house.first.script("storm", stall(1))
    wires = [Wire(gateway) for _ in range(count)]
    for wire in wires:
        wire.send(post(chat_body("first/storm", stream=True)))
    for wire in wires:
        wire.read_until(b'"content":"')
    assert gateway.metric("headgate_in_flight", provider="first") == count
    for number, wire in enumerate(wires):
        wire.leave("RST" if number % 2 else "FIN")
    visits = house.first.of("storm")
    assert house.first.wait(lambda: all(visit.left_at for visit in visits), 3)

    def settled() -> list[int]:
        return [ln["status"] for ln in gateway.calls() if ln["asked"] == "first/storm"]

    assert house.first.wait(lambda: len(settled()) >= count, 3)
    assert settled() == [499] * count
    assert gateway.metric("headgate_in_flight", provider="first") == 0


def test_b34_the_same_idempotency_key_is_sent_to_the_vendor_once(house: House) -> None:
    house.first.script("once", whole(after=0.25))
    answers = []

    def call() -> None:
        answers.append(chat(house.gateway, "first/once", "Idempotency-Key: k-1"))

    first = threading.Thread(target=call)
    first.start()
    assert house.first.wait(lambda: house.first.of("once"))
    second = chat(house.gateway, "first/once", "Idempotency-Key: k-1")
    refused(second, 409)
    first.join()
    assert answers[0].status == 200
    assert len(house.first.of("once")) == 1
    # Once it is answered, the key may be used again.
    assert chat(house.gateway, "first/once", "Idempotency-Key: k-1").status == 200


def test_a_vendor_that_breaks_off_while_the_client_is_not_reading_is_told_in_band(
    house: House,
) -> None:
    house.first.script("broken", cut(2))
    with Wire(house.gateway) as wire:
        wire.send(post(chat_body("first/broken", stream=True)))
        time.sleep(0.2)
        answer = wire.answer()
    assert "error" in answer.events[-1]
    assert "[DONE]" not in answer.datas
