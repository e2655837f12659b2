"""What a server of one's own lists is in `/v1/models`, and can be called by its bare name."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import refusal, whole

from .wire import chat, get


def listed(gateway: Gateway) -> dict[str, dict[str, Any]]:
    answer = get(gateway, "/v1/models")
    return {one["id"]: one for one in answer.json["data"]}


def soon(gateway: Gateway, name: str) -> dict[str, Any]:
    until = time.monotonic() + 5
    while time.monotonic() < until:
        if (found := listed(gateway).get(name)) is not None:
            return found
        time.sleep(0.05)
    pytest.fail(f"{name} never turned up: {gateway.output}")


def test_a_server_of_ones_own_is_asked_for_its_models(tmp_path: Path) -> None:
    with FakeUpstream({"river-7b": whole("Hi")}) as vendor:
        config = f"providers: {{home: {{kind: vllm, base_url: '{vendor.url}'}}}}"
        with Gateway(config, tmp_path) as gateway:
            found = soon(gateway, "home/river-7b")
            assert found["source"] == "discovered"
            assert 0 <= found["age_seconds"] <= 10
            one = get(gateway, "/v1/models/home/river-7b").json
            assert one["id"] == "home/river-7b"
            answer = chat(gateway, "river-7b")
            assert answer.text == "Hi"
            assert answer.headers["x-headgate-route"] == "autodecide"


def test_a_vendor_is_asked_only_if_the_operator_says_so(tmp_path: Path) -> None:
    with FakeUpstream({"m": whole("Hi")}) as vendor:
        config = (
            f"providers:\n  quiet: {{kind: custom, base_url: '{vendor.url}'}}\n"
            f"  asked: {{kind: custom, base_url: '{vendor.url}', discover: true}}\n"
        )
        with Gateway(config, tmp_path) as gateway:
            soon(gateway, "asked/m")
            assert "quiet/m" not in listed(gateway)
            assert len([one for one in vendor.visits if one.method == "GET"]) == 1


def test_one_that_does_not_answer_is_told_once_and_harms_nobody(tmp_path: Path) -> None:
    with FakeUpstream({"m": refusal(503)}) as vendor:
        url = vendor.url
    config = f"providers: {{gone: {{kind: vllm, base_url: '{url}'}}, echo: {{}}}}"
    with Gateway(config, tmp_path) as gateway:
        assert chat(gateway, "echo/echo-1").status == 200
        assert gateway.output.count("the models of 'gone' cannot be listed") <= 1


def test_anthropics_clients_get_their_own_list(tmp_path: Path) -> None:
    config = (
        "providers: {echo: {}}\nroutes: [{name: a, match: {model: [a]}, targets: [{to: echo/x}]}]"
    )
    with Gateway(config, tmp_path) as gateway:
        answer = get(gateway, "/v1/models", "anthropic-version: 2023-06-01")
        page = answer.json
        assert {one["type"] for one in page["data"]} == {"model"}
        assert page["has_more"] is False
        assert page["first_id"] == page["data"][0]["id"]
        one = get(gateway, "/v1/models/a", "anthropic-version: 2023-06-01").json
        assert (one["type"], one["id"]) == ("model", "a")
