"""From a configuration to something that runs: what the composition root makes of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from headgate.app import build_links, build_table, listed_models, secrets_of
from headgate.config.load import Loaded, load_text
from headgate.config.problem import ConfigError
from headgate.provider.call import Target
from headgate.registry import discover
from headgate.testing.gateway import KEY, Gateway

YAML = """\
access: {keys: [{name: ci, key: hg-ci-secret}]}
providers:
  openai: {keys: [sk-1, "", sk-2], concurrency: 7, timeouts: {idle: 3s}}
  backup: {kind: openai, keys: [sk-3]}
  local: {kind: vllm}
models:
  local/llama: {context_window: 4096, input_per_mtok: 0.5, output_per_mtok: 1}
  backup/gpt-6-luna: {output_per_mtok: 99}
routes:
- {name: a, match: {model: [fast, "gpt-*"]}, targets: [local/qwen, openai/*]}
"""


def loaded(text: str = YAML) -> Loaded:
    return load_text(text, "gateway.yaml", {})


def test_every_provider_gets_its_keys_clocks_and_limit() -> None:
    links = build_links(loaded(), discover())
    assert list(links) == ["openai", "backup", "local"]
    assert len(links["openai"].keyring) == 2, "an empty key is left out"
    assert links["openai"].concurrency == 7
    assert links["openai"].clocks.idle == 3.0
    assert links["backup"].provider.kind == "openai"


def test_every_bad_provider_is_named_in_one_go() -> None:
    text = "providers:\n  nobody: {}\n  echo: {dealy: 1}\n  a/b: {kind: echo}\n"
    with pytest.raises(ConfigError) as caught:
        build_links(loaded(text), discover())
    assert [problem.line for problem in caught.value.problems] == [2, 3, 4]


def test_facts_of_the_file_win_over_the_catalogue_for_that_provider_only() -> None:
    read = loaded()
    table = build_table(read, build_links(read, discover()))
    mine = table.facts(Target("backup", "gpt-6-luna"))
    theirs = table.facts(Target("openai", "gpt-6-luna"))
    assert mine is not None
    assert theirs is not None
    assert mine.price is not None
    assert theirs.price is not None
    assert mine.price.output == 99 * 10**9 != theirs.price.output
    assert mine.price.input == theirs.price.input, "what the file does not say stays"
    assert mine.context_window == theirs.context_window


def test_listed_models_are_names_of_routes_and_models_of_configured_providers() -> None:
    read = loaded()
    listed = listed_models(build_table(read, build_links(read, discover())))
    assert {"fast", "local/llama", "local/qwen", "openai/gpt-6-luna"} <= set(listed)
    assert not any("*" in name for name in listed)
    assert not any(name.startswith("groq/") for name in listed)
    assert listed["fast"].owned_by == "headgate"
    assert listed["openai/gpt-6-luna"].created > 0


def test_every_secret_of_a_configuration_is_known_to_the_log() -> None:
    assert set(secrets_of(loaded().config)) == {"sk-1", "sk-2", "sk-3", "hg-ci-secret"}


def test_a_gateway_without_a_file_starts_from_the_environment(tmp_path: Path) -> None:
    """`.env` included; and a call answered by `echo` shows that it is more than a start."""
    (tmp_path / ".env").write_text("GROQ_API_KEY=gsk-from-dotenv\n")
    environment = {name: it for name, it in os.environ.items() if not name.endswith("_API_KEY")}
    environment.pop("HEADGATE_CONFIG", None)
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate", "serve", "--port", "0"],
        cwd=tmp_path,
        env={**environment, "HEADGATE_HOME": str(tmp_path / "home"), "OPENAI_API_KEY_2": "sk-2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        url = key = ""
        for line in process.stdout:
            url = line.split(" at ")[1].strip() if line.startswith("Headgate is ready at") else url
            key = line.split(": ")[1].strip() if line.startswith("Key: ") else key
            if "listening on" in line:
                break
        assert "with providers" in line
        assert {"openai", "groq", "echo"} <= set(line.replace(",", " ").replace('"', " ").split())
        body = {"model": "echo/echo", "messages": [{"role": "user", "content": "still there?"}]}
        request = Request(
            f"{url}/v1/chat/completions",
            json.dumps(body).encode(),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
        )
        with urlopen(request, timeout=10) as response:
            answer = json.load(response)
        assert answer["choices"][0]["message"]["content"] == "still there?"
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout is not None:
            process.stdout.close()


def test_a_gateway_answers_with_the_models_of_its_file(tmp_path: Path) -> None:
    text = "providers: {echo: {}}\nroutes: [{name: a, match: {model: fast}, targets: [echo/x]}]\n"
    with Gateway(text, tmp_path) as gateway:
        request = Request(f"{gateway.url}/v1/models", headers={"Authorization": f"Bearer {KEY}"})
        with urlopen(request, timeout=10) as response:
            names = [model["id"] for model in json.load(response)["data"]]
    assert names == ["fast", "echo/x"]


def test_serve_refuses_what_check_refuses(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=r"gateway\.yaml:1: unknown key 'dealy'"):
        Gateway("providers: {echo: {dealy: 1}}\n", tmp_path).__enter__()
