"""The end of the process: nobody who was let in is thrown out."""

from __future__ import annotations

import signal
import time
from pathlib import Path

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import stall, stream, whole

from .wire import Wire, chat_body, head, post, send

CONFIG = """
server: {{drain: {drain}, drain_delay: 400ms}}
providers: {{up: {{kind: custom, base_url: "{url}"}}}}
"""


def refuses(gateway: Gateway) -> bool:
    """Whether the port is closed."""
    try:
        Wire(gateway).close()
    except ConnectionRefusedError:
        return True
    return False


def test_sigterm_lets_running_calls_finish_and_the_process_exits_with_0(tmp_path: Path) -> None:
    words = tuple(f"w{number} " for number in range(30))
    with FakeUpstream({"slow": stream(words, gap=0.05), "late": whole(after=1.2)}) as vendor:
        config = CONFIG.format(url=vendor.url, drain="20s")
        with Gateway(config, folder=tmp_path) as gateway, Wire(gateway) as streaming:
            assert send(gateway, head(method="GET", path="/readyz")).status == 200
            streaming.send(post(chat_body("up/slow", stream=True)))
            waiting = Wire(gateway)
            waiting.send(post(chat_body("up/late")))
            assert vendor.wait(lambda: len(vendor.visits) == 2)
            gateway.signal(signal.SIGTERM)
            assert vendor.wait(
                lambda: send(gateway, head(method="GET", path="/readyz")).status == 503, 0.35
            )
            assert vendor.wait(lambda: refuses(gateway), 2), "the port stayed open"
            assert waiting.answer().status == 200
            answer = streaming.answer()
            assert answer.text == "".join(words)
            assert answer.datas[-1] == "[DONE]"
            waiting.close()
            assert gateway.wait(5) == 0
            statuses = [line["status"] for line in gateway.calls(2)]
            assert statuses == [200, 200]


def test_a_call_that_outlasts_the_drain_is_ended_and_settled(tmp_path: Path) -> None:
    with FakeUpstream({"stuck": stall(2)}) as vendor:
        config = CONFIG.format(url=vendor.url, drain="600ms")
        with Gateway(config, folder=tmp_path) as gateway, Wire(gateway) as wire:
            wire.send(post(chat_body("up/stuck", stream=True)))
            wire.read_until(b'"content":"')
            began = time.monotonic()
            gateway.signal(signal.SIGTERM)
            assert gateway.wait(10) == 0
            assert time.monotonic() - began < 5
            (line,) = gateway.calls(1)
            assert line["output_tokens"] >= 1
            (visit,) = vendor.of("stuck")
            assert vendor.wait(lambda: visit.left_at, 1)


def test_a_second_signal_ends_the_wait(tmp_path: Path) -> None:
    with FakeUpstream({"stuck": stall(2)}) as vendor:
        config = CONFIG.format(url=vendor.url, drain="60s")
        with Gateway(config, folder=tmp_path) as gateway, Wire(gateway) as wire:
            wire.send(post(chat_body("up/stuck", stream=True)))
            wire.read_until(b'"content":"')
            gateway.signal(signal.SIGTERM)
            assert vendor.wait(lambda: "draining" in gateway.output)
            gateway.signal(signal.SIGINT)
            assert gateway.wait(8) == 0
            (line,) = gateway.calls(1)
            assert line["asked"] == "up/stuck"


def test_an_idle_gateway_ends_at_once(tmp_path: Path) -> None:
    with Gateway("providers: {echo: {}}", folder=tmp_path) as gateway, Wire(gateway) as idle:
        idle.send(head(method="GET", path="/livez"))
        assert idle.answer().status == 200
        began = time.monotonic()
        gateway.signal(signal.SIGTERM)
        assert gateway.wait(10) == 0
        assert time.monotonic() - began < 2.5
