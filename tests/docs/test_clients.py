"""What the page for clients shows works: every block is run against a real gateway."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
import yaml

from headgate.app import DIALECTS
from headgate.testing.gateway import KEY, Gateway

from .vendor import Vendor, vendor

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NODE = ROOT / "tests" / "contract" / "node"


def blocks(language: str) -> list[str]:
    """The page's blocks in one language, in order."""
    return [match[2] for match in BLOCK.finditer(PAGE) if match[1] == language]


def one(language: str, holding: str) -> str:
    """The one block that holds these words."""
    found = [text for text in blocks(language) if holding in text]
    assert len(found) == 1, holding
    return found[0]


@pytest.fixture(scope="module")
def away() -> Iterator[Vendor]:
    with vendor() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(away: Vendor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """The gateway.yaml of the repository, with the vendors that the page names beside `echo`."""
    config = yaml.safe_load((ROOT / "gateway.yaml").read_text("utf-8"))
    config["providers"] |= {
        "openai": {"base_url": f"{away.url}/v1", "keys": ["openai-key-0000"]},
        "anthropic": {"base_url": away.url, "keys": ["anthropic-key-0000"]},
        "tei": {"base_url": away.url},
    }
    agents = yaml.safe_load(one("yaml", "agent"))
    config["routes"] += agents["routes"]
    with Gateway(yaml.safe_dump(config), tmp_path_factory.mktemp("clients")) as running:
        yield running


def run(command: Sequence[str], gateway: Gateway, **variables: str) -> str:
    """What a command prints."""
    kept = {name: value for name, value in os.environ.items() if "_API_KEY" not in name}
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**kept, "no_proxy": "127.0.0.1", **variables},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def here(text: str, gateway: Gateway) -> str:
    """The text with this gateway's address and key."""
    return text.replace("http://127.0.0.1:8080", gateway.url).replace("hg-...", KEY)


@pytest.mark.parametrize(
    ("holding", "printed"),
    [
        ("stream_options", "Hello"),
        ("with_raw_response", "echo/echo:ok Hello\n"),
        ("previous_response_id", "And again\n"),
        ("from anthropic", "1\nHello"),
    ],
)
def test_the_pages_python_prints(gateway: Gateway, holding: str, printed: str) -> None:
    script = here(one("python", holding), gateway)
    assert run([sys.executable, "-c", script], gateway) == printed


def test_every_python_block_of_the_page_is_run() -> None:
    assert len(blocks("python")) == 4


def test_a_stored_response_is_continued_under_the_vendors_own_id(
    gateway: Gateway, away: Vendor
) -> None:
    run([sys.executable, "-c", here(one("python", "previous_response_id"), gateway)], gateway)
    last = [(v.method, v.path, v.body.get("previous_response_id")) for v in away.visits][-4:]
    assert last == [
        ("POST", "/v1/responses", None),
        ("POST", "/v1/responses", "resp_made_here"),
        ("GET", "/v1/responses/resp_made_here", None),
        ("DELETE", "/v1/responses/resp_made_here", None),
    ]


@pytest.mark.parametrize(
    ("holding", "printed"),
    [
        ("/v1/messages", '"content":[{"type":"text","text":"Hello"}]'),
        ("/v1/embeddings", '"object":"embedding"'),
        ("/v1/rerank", '"results":[{"index":0,"relevance_score":0.9,"document":{"text":"a cat"}}]'),
        ("/v1/models", '"id":"fast","object":"model","created":0,"owned_by":"headgate"'),
    ],
)
def test_the_pages_curl_prints(gateway: Gateway, holding: str, printed: str) -> None:
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "CI needs curl"
        pytest.skip("curl is not installed")
    script = here(one("sh", f"8080{holding}"), gateway)
    assert printed in run(["sh", "-c", f'curl() {{ command curl -sS "$@"; }}\n{script}'], gateway)


def test_the_environment_of_openais_sdks_is_enough(gateway: Gateway) -> None:
    setting = here(one("sh", "OPENAI_BASE_URL"), gateway)
    program = (
        "from openai import OpenAI\n"
        "messages = [{'role': 'user', 'content': 'Hello'}]\n"
        "made = OpenAI().chat.completions.create(model='fast', messages=messages)\n"
        "print(made.choices[0].message.content)\n"
    )
    script = f"{setting}\nexec '{sys.executable}' -c \"$PROGRAM\""
    assert run(["sh", "-c", script], gateway, PROGRAM=program) == "Hello\n"


def test_an_agents_environment_is_enough_and_its_calls_are_relayed(
    gateway: Gateway, away: Vendor
) -> None:
    setting = here(one("sh", "ANTHROPIC_BASE_URL"), gateway)
    program = (
        "from anthropic import Anthropic\n"
        "messages = [{'role': 'user', 'content': 'Hello'}]\n"
        "asked = dict(model='claude-sonnet-5', max_tokens=9, messages=messages)\n"
        "made = Anthropic().beta.messages.create(**asked, betas=['some-beta-2026-01-01'])\n"
        "print(made.content[0].text)\n"
    )
    script = f"{setting}\nexec '{sys.executable}' -c \"$PROGRAM\""
    assert (
        run(["sh", "-c", script], gateway, PROGRAM=program, ANTHROPIC_API_KEY="sk-x") == "Hello\n"
    )
    visit = away.visits[-1]
    assert visit.headers["x-api-key"] == "anthropic-key-0000"
    assert visit.headers["anthropic-beta"] == "some-beta-2026-01-01"
    assert "authorization" not in visit.headers
    assert visit.body["model"] == "claude-sonnet-5"
    assert gateway.calls(1, asked="claude-sonnet-5")[-1]["route"] == "agent"


def test_a_vendors_key_that_is_still_in_the_environment_wins(gateway: Gateway) -> None:
    program = (
        "from anthropic import Anthropic, AuthenticationError\n"
        "asked = dict(model='fast', messages=[{'role': 'user', 'content': 'Hello'}])\n"
        "try:\n"
        "    Anthropic().messages.count_tokens(**asked)\n"
        "except AuthenticationError as error:\n"
        "    print(error.status_code)\n"
    )
    printed = run(
        [sys.executable, "-c", program],
        gateway,
        ANTHROPIC_BASE_URL=gateway.url,
        ANTHROPIC_AUTH_TOKEN=KEY,
        ANTHROPIC_API_KEY="sk-of-the-vendor",
    )
    assert printed == "401\n"


def test_two_different_keys_are_refused(gateway: Gateway) -> None:
    headers = {"x-api-key": "sk-of-the-vendor", "authorization": f"Bearer {KEY}"}
    with pytest.raises(HTTPError) as raised:
        urlopen(Request(f"{gateway.url}/v1/models", headers=headers), timeout=10)
    with raised.value as refused:
        assert refused.code == 400
        assert "two different keys" in refused.read().decode()


def test_a_translated_stream_tells_its_usage_at_the_end(gateway: Gateway) -> None:
    body = {"model": "fast", "max_tokens": 9, "stream": True}
    body["messages"] = [{"role": "user", "content": "Hello"}]
    headers = {"x-api-key": KEY, "content-type": "application/json"}
    request = Request(f"{gateway.url}/v1/messages", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=10) as answer:
        lines = [line[6:] for line in answer.read().decode().splitlines() if line[:6] == "data: "]
    events = {event["type"]: event for event in map(json.loads, lines)}
    assert events["message_start"]["message"]["usage"]["input_tokens"] == 0
    assert events["message_delta"]["usage"]["input_tokens"] == 2


def test_a_model_that_its_provider_lists_has_its_source_and_needs_no_provider_before_it(
    gateway: Gateway,
) -> None:
    headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
    until = time.monotonic() + 5
    listed: dict[str, dict[str, object]] = {}
    while "tei/bge-reranker" not in listed:
        assert time.monotonic() < until
        with urlopen(Request(f"{gateway.url}/v1/models", headers=headers), timeout=10) as answer:
            listed = {model["id"]: model for model in json.load(answer)["data"]}
    found = listed["tei/bge-reranker"]
    assert found["source"] == "discovered"
    assert found["age_seconds"] in range(60)
    assert {model["source"] for model in listed.values()} == {
        "route",
        "config",
        "catalogue",
        "discovered",
    }
    assert all(f"`{source}`" in PAGE for source in ("route", "config", "catalogue", "discovered"))
    body = {"model": "bge-reranker", "query": "pets", "documents": ["a cat", "a stone"]}
    request = Request(f"{gateway.url}/v1/rerank", json.dumps(body).encode(), headers)
    with urlopen(request, timeout=10) as answer:
        assert answer.headers["x-headgate-route"] == "autodecide"


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.name)
def test_every_dialect_has_its_path_on_the_page(dialect: object) -> None:
    assert f"`POST {dialect.path}`" in PAGE  # type: ignore[attr-defined] # ids want an object


@pytest.mark.parametrize("page", ["README.md", "docs/clients.md"])
def test_the_nodes_block_prints(gateway: Gateway, page: str, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        assert os.environ.get("CI") != "true", "CI needs node and npm"
        pytest.skip("node and npm are not installed")
    text = (ROOT / page).read_text("utf-8")
    script = next(match[2] for match in BLOCK.finditer(text) if match[1] == "js")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NODE / name, tmp_path)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=90, check=True)
    (tmp_path / "hello.mjs").write_text(here(script, gateway), "utf-8")
    assert run(["node", str(tmp_path / "hello.mjs")], gateway).strip() == "Hello"
