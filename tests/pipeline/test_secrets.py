"""Canaries: keys that must not come out anywhere, whatever a vendor says."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

import pytest

from headgate.testing.gateway import Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import (
    completion,
    error_event,
    event,
    malformed_event,
    raw,
    redirect,
    refusal,
    reset_before_bytes,
    sized,
    streamed,
    whole,
)
from headgate.testing.upstream_scenarios import (
    head as answer_head,
)
from headgate.testing.upstream_script import Close, Scenario

from .conftest import free_port
from .wire import Answer, Wire, chat_body, head, post, send

#: Without the prefix of any vendor: masking must know the key, not its looks.
PROVIDER_KEY = "canary.provider/8fJ2+kQ9zLx7Vb3T"
SECOND_KEY = "canary~second!Yt6Rm1Wp0Ns4Dc5G"
CALLER_KEY = "canary:caller:Hq8Ze2Xu6Kv9Lb1M"
HEADER_SECRET = "canary-header-Jd7Fg3Sa5Po2Iu8E"
PROMPT = "canary-prompt-in-clear-words"
CANARIES = (PROVIDER_KEY, SECOND_KEY, CALLER_KEY, HEADER_SECRET)

CONFIG = """
server: {{header_timeout: 500ms, body_timeout: 500ms, drain_delay: 20ms}}
access: {{keys: [{{name: caller, key: "{caller}", role: admin}}]}}
providers:
  up:
    kind: custom
    base_url: "{url}"
    keys: ["{one}"]
    headers: {{X-Api-Token: "{header}"}}
  other: {{kind: custom, base_url: "{url}", keys: ["{two}"]}}
  dead: {{kind: custom, base_url: "http://127.0.0.1:{closed}/v1", keys: ["{one}"]}}
"""


@dataclass
class Safe:
    """A gateway whose every word is kept."""

    gateway: Gateway
    vendor: FakeUpstream
    heard: list[str] = field(default_factory=list)

    def call(self, model: str, **fields: object) -> Answer:
        with Wire(self.gateway) as wire:
            wire.send(post(chat_body(model, user=PROMPT, **fields), key=CALLER_KEY))
            answer = wire.answer()
        self.heard.append(f"{answer.headers}{answer.body.decode('utf-8', 'replace')}")
        return answer


@pytest.fixture(scope="module")
def safe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Safe]:
    with FakeUpstream() as vendor:
        config = CONFIG.format(
            caller=CALLER_KEY,
            one=PROVIDER_KEY,
            two=SECOND_KEY,
            header=HEADER_SECRET,
            url=vendor.url,
            closed=free_port(),
        )
        with Gateway(config, folder=tmp_path_factory.mktemp("safe")) as gateway:
            yield Safe(gateway, vendor)


def clean(text: str) -> None:
    """Asserts that no canary is in `text`, in any spelling."""
    for canary in CANARIES:
        forms = (canary, quote(canary, safe=""), base64.b64encode(canary.encode()).decode())
        for form in forms:
            assert form not in text, f"{canary} is in {text[:600]}"


QUOTE = f"Incorrect API key provided: {PROVIDER_KEY}."
BROKEN_JSON = raw(sized(200, f'{{"error": "{PROVIDER_KEY}'.encode()))


QUOTING: dict[str, Scenario] = {
    "400": refusal(400, QUOTE),
    "400-own-header": refusal(400, f"unknown account {HEADER_SECRET}"),
    "400-code": refusal(400, "no", code=PROVIDER_KEY, type_=PROVIDER_KEY),
    "400-param": refusal(400, "no", param=PROVIDER_KEY),
    "400-text": raw(sized(400, QUOTE.encode(), {"Content-Type": "text/plain"})),
    "401": refusal(401, QUOTE, code="invalid_api_key"),
    "403": refusal(403, QUOTE),
    "404": refusal(404, QUOTE),
    "422": refusal(422, QUOTE),
    "429": refusal(429, QUOTE, headers={"Retry-After": "60"}),
    "500": refusal(500, QUOTE),
    "header": refusal(400, "no", headers={"X-Debug": PROVIDER_KEY}),
    "in-a-200": raw(sized(200, b'{"error": {"message": "%b"}}' % QUOTE.encode())),
    "broken-json": BROKEN_JSON,
    "redirect": redirect(f"http://127.0.0.1:9/?key={PROVIDER_KEY}"),
    "reset": reset_before_bytes(),
    "bad-header": raw(answer_head(200, {"X": "a"})[:-2] + PROVIDER_KEY.encode(), Close()),
    "good": whole(),
}


@pytest.mark.parametrize("name", QUOTING)
@pytest.mark.parametrize("streaming", [False, True])
def test_a_vendor_that_quotes_our_key_does_not_give_it_to_the_client(
    safe: Safe, name: str, streaming: bool
) -> None:
    model = f"{name}-{streaming}"
    safe.vendor.script(model, QUOTING[name])
    answer = safe.call(f"up/{model}", stream=streaming)
    clean(f"{answer.headers}{answer.body.decode('utf-8', 'replace')}")


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("first", error_event(0, QUOTE, "invalid_request_error")),
        ("mid-stream", error_event(2, QUOTE)),
        ("malformed", malformed_event(2)),
        (
            "flat",
            streamed("flat", [event({"object": "error", "message": QUOTE, "code": 400})]),
        ),
    ],
)
def test_an_error_event_that_quotes_our_key_does_not_give_it_to_the_client(
    safe: Safe, name: str, scenario: Scenario
) -> None:
    safe.vendor.script(name, scenario)
    clean(safe.call(f"up/{name}", stream=True).body.decode())


@pytest.mark.parametrize("key", [CALLER_KEY + "x", CALLER_KEY[:-1], f"{CALLER_KEY} {CALLER_KEY}"])
def test_a_refused_key_is_not_quoted(safe: Safe, key: str) -> None:
    answer = send(safe.gateway, post(chat_body("up/m"), key=key))
    assert answer.status == 401
    clean(answer.body.decode())


def test_no_canary_is_in_the_log_the_metrics_or_any_page(safe: Safe) -> None:
    # What the parser and the clocks refuse, with secrets in the head.
    bad = head("Content-Length: +1", key=CALLER_KEY)
    for data in (bad, head("Content-Length: 9", key=CALLER_KEY), head("X Y: 1", key=CALLER_KEY)):
        clean(send(safe.gateway, data).body.decode())
    safe.vendor.script("completion", raw(sized(200, completion(PROMPT))))
    safe.call("up/completion")
    safe.call("dead/m")
    safe.call(f"up/{PROVIDER_KEY}".replace("canary", "no"))
    safe.gateway.calls(8)
    clean(safe.gateway.output)
    assert PROMPT not in safe.gateway.output
    for path in ("/metrics", "/", "/livez", "/readyz", "/v1/models"):
        clean(send(safe.gateway, head(method="GET", path=path, key=CALLER_KEY)).body.decode())


def test_the_vendor_gets_its_own_key_and_nobody_elses(safe: Safe) -> None:
    safe.vendor.script("own", whole())
    assert safe.call("up/own").status == 200
    safe.call("other/own")
    one, other = safe.vendor.of("own")
    assert one.headers["authorization"] == f"Bearer {PROVIDER_KEY}"
    assert one.headers["x-api-token"] == HEADER_SECRET
    assert other.headers["authorization"] == f"Bearer {SECOND_KEY}"
    for visit in (one, other):
        assert CALLER_KEY not in str(visit.headers) + visit.raw.decode()
    assert PROVIDER_KEY not in str(other.headers)
