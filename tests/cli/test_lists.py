"""`headgate plugins`, `providers` and `models`: what there is."""

from __future__ import annotations

import json
from collections.abc import Callable

from click.testing import Result

Run = Callable[..., Result]

YAML = """\
providers:
  openai: {keys: [sk-abcdefghijkl1234, sk-abcdefghijkl5678]}
  two: {kind: openai, keys: [short], base_url: "http://me:hunter2@proxy.example/v1"}
  local: {kind: vllm}
  groq: {}
  [x]: {kind: echo}
models:
  local/llama: {context_window: 4096, input_per_mtok: 0, output_per_mtok: 0.125}
routes:
- {name: a, targets: [local/qwen, openai/*]}
"""
YAML = YAML.replace("  [x]:", '  "[x]":')


def test_installed_plugins_are_listed_with_their_distribution(run: Run) -> None:
    result = run("plugins")
    assert result.exit_code == 0
    rows = [line.split() for line in result.stdout.splitlines()]
    assert rows[0] == ["name", "distribution", "version", "kinds", "status"]
    assert ["echo", "headgate-echo", "0.1.0", "echo", "ok"] in rows


def test_plugins_in_json(run: Run) -> None:
    found = json.loads(run("plugins", "--json").stdout)
    openai = next(plugin for plugin in found["plugins"] if plugin["name"] == "openai")
    assert openai["ok"] is True
    assert {"openai", "groq", "custom"} <= set(openai["kinds"])
    assert found["conflicts"] == []


def test_providers_are_listed_with_masked_keys(run: Run) -> None:
    result = run("providers", yaml=YAML)
    assert result.exit_code == 0
    rows = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "…1234 …5678" in rows["openai"]
    assert "openai_chat openai_completions openai_embeddings" in rows["openai"]
    assert "not needed" in rows["local"]
    assert "none" in rows["groq"]
    # Square brackets are no markup of rich's.
    assert "[x]" in rows
    for secret in ("abcdefghijkl", "short", "hunter2"):
        assert secret not in result.output


def test_providers_in_json_hold_no_secret(run: Run) -> None:
    result = run("providers", "--json", yaml=YAML)
    found = {provider["name"]: provider for provider in json.loads(result.stdout)}
    assert found["two"] == {
        "name": "two",
        "kind": "openai",
        "base_url": "http://…@proxy.example/v1",
        "keys": ["…"],
        "needs_key": True,
        "relays": [
            "openai_chat",
            "openai_completions",
            "openai_embeddings",
            "openai_responses",
        ],
        "concurrency": 512,
        "discover": False,
        "drop_unsupported": False,
    }
    assert "hunter2" not in result.output


def test_no_providers_is_said(run: Run) -> None:
    assert run("providers", yaml="server: {}\n").stdout == "No provider is configured.\n"


def test_models_are_listed_with_prices_from_catalogue_and_file(run: Run) -> None:
    result = run("models", yaml=YAML)
    assert result.exit_code == 0
    rows = {line.split()[0]: line.split() for line in result.stdout.splitlines()}
    assert rows["local/llama"] == ["local/llama", "chat", "4096", "0", "0.125", "-", "-", "-"]
    # A route names it, nobody knows it.
    assert rows["local/qwen"][2:6] == ["-", "-", "-", "-"]
    assert rows["openai/gpt-6-luna"][3] == rows["two/gpt-6-luna"][3] != "-"
    assert "openai/*" not in rows
    assert "openai/whisper-1" not in rows


def test_models_of_one_provider(run: Run) -> None:
    found = json.loads(run("models", "--provider", "local", "--json", yaml=YAML).stdout)
    assert [model["model"] for model in found] == ["local/llama", "local/qwen"]
    assert found[0]["output_per_mtok"] == 0.125
    assert found[1]["capabilities"] is None


def test_a_shutdown_that_was_announced_is_shown(run: Run) -> None:
    found = json.loads(run("models", "-p", "openai", "--json", yaml=YAML).stdout)
    ends = {model["model"]: model["shutdown"] for model in found if model["shutdown"]}
    assert ends
    assert all(len(date) == len("2026-01-01") for date in ends.values())


def test_all_adds_other_modes_and_kinds_that_are_not_configured(run: Run) -> None:
    rows = json.loads(run("models", "--all", "--json", yaml=YAML).stdout)
    found = {model["model"] for model in rows}
    assert "openai/whisper-1" in found
    assert any(name.startswith("deepseek/") for name in found)


def test_an_unknown_provider_is_refused_with_the_nearest(run: Run) -> None:
    result = run("models", "--provider", "opnai", yaml=YAML)
    assert result.exit_code == 1
    assert result.stderr == "unknown provider 'opnai'; did you mean 'openai'?\n"
