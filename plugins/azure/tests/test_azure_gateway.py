"""Azure behind a real gateway."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import anthropic
import openai
import pytest

from headgate.app import build_links, configuration_from_environment
from headgate.registry import discover
from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import events, raw, sized, streamed, whole
from headgate.testing.upstream_script import Scenario
from headgate_azure import Azure

SECRET, TOKEN = "entra-client-secret-1", "entra-access-token-1"
CONFIG = """
providers:
  keyed: {{kind: azure, base_url: "{host}", keys: [azure-key-1], deployments: {{gpt-4o: four}}}}
  dated: {{kind: azure, base_url: "{host}", keys: [azure-key-1], api_version: "2024-10-21"}}
  entra: {{kind: azure, base_url: "{host}", tenant_id: t, client_id: c, client_secret: {secret},
           authority: "{host}"}}
  workload: {{kind: azure, base_url: "{host}", tenant_id: t, client_id: c, authority: "{host}",
              federated_token_file: "{file}"}}
  second: {{kind: azure, base_url: "{host}/models", keys: [azure-key-2]}}
routes:
  - {{name: either, match: {{model: either}}, pick: order, targets: [keyed/busy, second/free]}}
"""
HELLO: Any = [{"role": "user", "content": "Hello"}]
VERDICT = {
    "choices": [],
    "created": 0,
    "id": "",
    "model": "",
    "object": "",
    "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": {}}],
}
#: What a form is filed under: it names no model.
NAMELESS = ""


def answered(status: int, said: Any, **headers: str) -> Scenario:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return raw(sized(status, json.dumps(said).encode(), named))


@dataclass(frozen=True)
class House:
    gateway: Gateway
    vendor: FakeUpstream
    client: openai.OpenAI

    def chat(self, model: str, **fields: Any) -> Any:
        return self.client.chat.completions.create(model=model, messages=HELLO, **fields)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("gateway")
    file = folder / "proof"
    file.write_text("proof-of-identity\n", "utf-8")
    with FakeUpstream() as vendor:
        host = vendor.url.removesuffix("/v1")
        config = CONFIG.format(host=host, secret=SECRET, file=file)
        with Gateway(config, folder) as gateway:
            client = openai.OpenAI(
                base_url=gateway.url + "/v1", api_key=KEY, max_retries=0, timeout=20
            )
            with client:
                yield House(gateway, vendor, client)


@pytest.mark.parametrize(
    ("provider", "proof"),
    [
        ("entra", {"client_secret": [SECRET]}),
        ("workload", {"client_assertion": ["proof-of-identity"]}),
    ],
)
def test_a_token_is_fetched_once_and_sent(house: House, provider: str, proof: Any) -> None:
    token = {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}
    house.vendor.script(NAMELESS, answered(200, token))
    house.vendor.script("m", whole("Hi"))
    before = len(house.vendor.of(NAMELESS))
    for _ in range(2):
        assert house.chat(f"{provider}/m").choices[0].message.content == "Hi"
    asked = house.vendor.of(NAMELESS)[before:]
    assert [visit.path for visit in asked] == ["/t/oauth2/v2.0/token"]
    assert proof.items() <= parse_qs(asked[0].raw.decode()).items()
    for visit in house.vendor.of("m")[-2:]:
        assert visit.headers["authorization"] == f"Bearer {TOKEN}"
        assert "api-key" not in visit.headers
    assert SECRET not in house.gateway.output
    assert TOKEN not in house.gateway.output


def test_a_client_of_another_dialect_is_answered(house: House) -> None:
    first = b"data: " + json.dumps(VERDICT).encode() + b"\n\n"
    house.vendor.script("four", streamed("filtered", [first, *events(["Hel", "lo"])]))
    client = anthropic.Anthropic(base_url=house.gateway.url, auth_token=KEY, max_retries=0)
    with (
        client,
        client.messages.stream(model="keyed/gpt-4o", max_tokens=50, messages=HELLO) as stream,
    ):
        message = stream.get_final_message()
    said = message.content[0]
    assert said.type == "text"
    assert said.text == "Hello"
    assert (message.usage.input_tokens, message.usage.output_tokens) == (5, 2)
    sent = house.vendor.of("four")[-1]
    assert sent.path == "/openai/v1/chat/completions"
    assert sent.headers["api-key"] == "azure-key-1"
    assert sent.body["max_completion_tokens"] == 50


def test_a_limit_lets_the_next_target_answer(house: House) -> None:
    limit = {"error": {"code": "429", "message": "Retry after 60 seconds."}}
    house.vendor.script("busy", answered(429, limit, retry_after="60", retry_after_ms="0"))
    house.vendor.script("free", whole("Here"))
    assert house.chat("either").choices[0].message.content == "Here"
    # The milliseconds that say 0 were not obeyed.
    assert len(house.vendor.of("busy")) == 1
    sent = house.vendor.of("free")[-1]
    assert sent.path == "/models/chat/completions?api-version=2024-05-01-preview"
    assert sent.headers["extra-parameters"] == "pass-through"


@pytest.mark.parametrize(
    ("status", "code", "seen"),
    [(400, "content_filter", 400), (404, "DeploymentNotFound", 404), (401, "401", 502)],
)
def test_a_refusal_reaches_the_client(house: House, status: int, code: str, seen: int) -> None:
    house.vendor.script("no", answered(status, {"error": {"code": code, "message": "No."}}))
    with pytest.raises(openai.APIStatusError) as failed:
        house.chat("dated/no")
    assert failed.value.status_code == seen
    path = "/openai/deployments/no/chat/completions?api-version=2024-10-21"
    assert house.vendor.of("no")[-1].path == path


def test_two_variables_switch_it_on() -> None:
    registry = discover()
    loaded = configuration_from_environment(
        registry,
        {
            "AZURE_OPENAI_ENDPOINT": "https://r.openai.azure.com/",
            "AZURE_OPENAI_API_KEY": "azure-key-3",
        },
    )
    link = build_links(loaded, registry)["azure"]
    assert link.provider == Azure("https://r.openai.azure.com/")
    assert len(link.keyring) == 1


def test_a_mistake_in_the_configuration_is_found_at_its_line(tmp_path: Path) -> None:
    config = """
providers:
  azure:
    base_url: https://r.openai.azure.com/openai/v1
    api_version: "2024-10-21"
"""
    with pytest.raises(RuntimeError, match="there is none under /v1"), Gateway(config, tmp_path):
        pytest.fail("it started")
