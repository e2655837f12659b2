"""Headers, log lines, limits and draining are as the manual tells them."""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from headgate.access.keys import _MAX_KEY
from headgate.attempts.policy import LONGEST_WAIT, REACTIONS
from headgate.attempts.streaming import HELD_BYTES, HELD_FRAMES
from headgate.config.schema import FALLBACK_KINDS, Server
from headgate.dialects.body import MAX_DEPTH, MAX_VALUES
from headgate.dialects.fields import MAX_MODEL_NAME
from headgate.dialects.openai_chat import _MAX_MESSAGES
from headgate.dialects.openai_completions import _MAX_PROMPTS
from headgate.dialects.openai_embeddings import _MAX_INPUTS
from headgate.dialects.rerank import _MAX_DOCUMENTS
from headgate.provider.failure import Kind
from headgate.provider.framing import MAX_FRAME
from headgate.server.handlers import ROUTES
from headgate.server.intake import _MAX_PATH
from headgate.testing.gateway import KEY, Gateway
from headgate.upstream.answer import MAX_BODY

from .vendor import vendor

DOCS = Path(__file__).parents[2] / "docs"
OPERATIONS = (DOCS / "operations.md").read_text("utf-8")
ERRORS = (DOCS / "errors.md").read_text("utf-8")
CONFIG = """
providers:
  echo: {}
  other: {kind: echo}
  # Nobody is there; what cannot be said is left out before that is found.
  away: {kind: cohere, base_url: "http://127.0.0.1:9", keys: [away-key-0000], drop_unsupported: true}
  metered: {kind: custom, base_url: "VENDOR/v1"}
models: {echo/echo: {input_per_mtok: 1, output_per_mtok: 1}}
routes:
  - {name: rescue, match: {model: rescue}, targets: [echo/fail=rate_limited, other/echo], pick: order}
"""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    with vendor() as away:
        config = CONFIG.replace("VENDOR", away.url)
        with Gateway(config, tmp_path_factory.mktemp("gateway")) as running:
            yield running


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: http.client.HTTPMessage
    body: str

    @property
    def id(self) -> str:
        """The request's id."""
        return self.headers["x-request-id"]


def ask(gateway: Gateway, model: str, key: str = KEY, **fields: object) -> Answer:
    """The answer to a call."""
    body = {"model": model, "messages": [{"role": "user", "content": "Hello"}], **fields}
    headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    return fetch(gateway, "POST", "/v1/chat/completions", json.dumps(body), headers)


def fetch(gateway: Gateway, method: str, path: str, *more: Any) -> Answer:
    """The answer to a request, over a connection of its own."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=10)) as c:
        c.request(method, path, *more)
        answer = c.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode())


def logged(gateway: Gateway, last: str) -> dict[str, dict[str, Any]]:
    """The log lines of calls by request id, once that of `last` has been written."""
    until = time.monotonic() + 5
    while True:
        lines = {line["request_id"]: line for line in gateway.calls()}
        if last in lines:
            return lines
        assert time.monotonic() < until, f"no line for {last}"
        time.sleep(0.02)


def test_every_header_of_an_answer_is_described(gateway: Gateway) -> None:
    page = (DOCS / "headers.md").read_text("utf-8")
    plain = {"content-type", "content-length", "transfer-encoding", "date", "connection"}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("echo/echo", {}),
        ("echo/echo", {"stream": True}),
        ("rescue", {}),
        ("echo/fail=rate_limited", {}),
        ("echo/fail=credentials", {}),
        ("no/such", {}),
        ("away/command", {"logit_bias": {"5": 1}}),
    ]
    seen: set[str] = set()
    for model, fields in calls:
        seen |= {name.lower() for name in ask(gateway, model, **fields).headers}
    for name in seen - plain:
        assert f"`{name}" in page, name
    described = re.findall(
        r"`((?:x-headgate|x-request|x-should|x-accel|server-t|retry)[a-z-]*)", page
    )
    assert set(described) <= seen


def test_the_headers_tell_the_story_that_the_page_tells(gateway: Gateway) -> None:
    answer = ask(gateway, "rescue")
    assert answer.headers["x-headgate-route"] == "rescue"
    assert (
        answer.headers["x-headgate-attempts"]
        == "echo/fail=rate_limited:rate_limited, other/echo:ok"
    )
    assert answer.headers["x-headgate-cost-usd"] is None, "the price of other/echo is not known"
    priced = ask(gateway, "echo/echo")
    assert priced.headers["x-headgate-route"] == "direct"
    assert priced.headers["x-headgate-cost-usd"] == "0.000004"


def test_the_fields_of_a_log_line_are_exactly_those_described(gateway: Gateway) -> None:
    models = ("echo/echo", "rescue", "echo/fail=overloaded", "no/such")
    ids = [ask(gateway, model).id for model in models]
    ids.append(ask(gateway, "echo/echo", stream=True).id)
    ids.append(ask(gateway, "metered/any").id)
    ids.append(ask(gateway, "away/command", logit_bias={"5": 1}).id)
    found = logged(gateway, ids[-1])
    lines = [found[one] for one in ids]
    logs = OPERATIONS.split("## Logs\n", 1)[1].split("A request that is refused", 1)[0]
    rows = re.findall(r"^\| (`.*?`) \|", logs, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert {name for line in lines for name in line} == described


def test_a_request_that_is_no_call_leaves_the_shorter_line(gateway: Gateway) -> None:
    keyless, empty = (
        ask(gateway, "echo/echo", key="hg-wrong"),
        ask(gateway, "echo/echo", messages=[]),
    )
    assert (keyless.status, empty.status) == (401, 400)
    lines = logged(gateway, ask(gateway, "echo/echo").id)
    assert not {keyless.id, empty.id} & set(lines)
    printed = [json.loads(line) for line in gateway.output.splitlines() if line[:1] == "{"]
    refused = {line["request_id"]: line for line in printed if line.get("event") == "refused"}
    part = OPERATIONS.split("| field of a refusal |", 1)[1].split("Everything else", 1)[0]
    rows = re.findall(r"^\| (`.*?`) \|", part, re.MULTILINE)
    described = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert set(refused[keyless.id]) == set(refused[empty.id]) == described


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("body", f"{Server().max_body // 2**20} MiB"),
        ("JSON values in a body", str(MAX_VALUES)),
        ("nesting of JSON", f"{MAX_DEPTH} levels"),
        ("a model's name", f"{MAX_MODEL_NAME} characters"),
        ("messages", str(_MAX_MESSAGES)),
        ("inputs of an embedding call", str(_MAX_INPUTS)),
        ("prompts of a text completion", str(_MAX_PROMPTS)),
        ("documents of a ranking", str(_MAX_DOCUMENTS)),
        ("path", f"{_MAX_PATH} characters"),
        ("a caller's key", f"{_MAX_KEY} characters"),
        ("one event of a vendor's stream", f"{MAX_FRAME // 2**20} MiB"),
        ("a vendor's whole answer", f"{MAX_BODY // 2**20} MiB"),
    ],
)
def test_a_limit_is_what_the_table_says(words: str, number: str) -> None:
    assert re.search(rf"^\| {words} \| {number}\b", OPERATIONS, re.MULTILINE)


def test_the_numbers_of_the_errors_page_are_the_codes() -> None:
    assert f"honoured up to {LONGEST_WAIT:g} s" in ERRORS
    assert f"{HELD_FRAMES} events or {HELD_BYTES // 1024} KiB" in ERRORS


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_path_of_the_server_is_in_the_manual(route: Any) -> None:
    text = "\n".join(page.read_text("utf-8") for page in DOCS.parent.glob("*.md"))
    text += "\n".join(page.read_text("utf-8") for page in DOCS.glob("*.md"))
    assert f"`{route.path}`" in text or f"`{route.method} {route.path}" in text


@pytest.mark.parametrize(
    "kind", [k for k, r in REACTIONS.items() if r.next_target and k is not Kind.CONTENT_FILTER]
)
def test_what_may_lead_to_the_next_target_does_so_by_default(kind: Kind) -> None:
    assert kind in FALLBACK_KINDS


def test_a_gateway_that_drains_says_so_finishes_its_calls_and_ends_with_zero(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    with Gateway("server: {drain_delay: 400ms}\nproviders: {echo: {}}", tmp_path) as gateway:

        def call() -> None:
            said.append(ask(gateway, "echo/delay=1200ms").body)

        caller = threading.Thread(target=call)
        caller.start()
        until = time.monotonic() + 5
        while not gateway.metric("headgate_in_flight", provider="echo"):
            assert time.monotonic() < until
        gateway.signal(signal.SIGTERM)
        while (status := fetch(gateway, "GET", "/readyz").status) == 200:
            assert time.monotonic() < until
        assert status == 503
        assert gateway.wait(10) == 0
        caller.join()
    assert '"content":"Hello"' in said[0]
