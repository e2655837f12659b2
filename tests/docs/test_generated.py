"""What the manual takes from the code is what the code says today."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import typing
from pathlib import Path

import click
import pytest

import headgate as hg
from headgate.cli import VERBS, main
from headgate.config.schema import Config
from headgate.dialects.openai_errors import WORDS
from headgate.dialects.statuses import STATUSES
from headgate.registry import discover
from headgate.telemetry.table import METRICS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
OURS = {f"headgate_{folder.name}" for folder in (ROOT / "plugins").iterdir()}


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def test_every_generated_part_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(DOCS / "generate.py"), "--check"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, f"run 'make docs'\n{done.stdout}{done.stderr}"


def test_a_stale_page_is_named_and_fails_the_check(tmp_path: Path) -> None:
    for folder in ("docs/reference", "plugins"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("generate.py", "reference/__init__.py", "reference/markdown.py"):
        (tmp_path / "docs" / file).write_text(page(file))
    for name in ("configuration", "interface", "tables", "translation"):
        (tmp_path / f"docs/reference/{name}.py").write_text(page(f"reference/{name}.py"))
    begin, end = "<!-- generated: metrics -->\n", "<!-- end of generated -->\n"
    (tmp_path / "docs/some.md").write_text(f"Before\n{begin}\nold\n\n{end}After\n")
    command = [sys.executable, str(tmp_path / "docs/generate.py")]

    def run(*options: str) -> tuple[int, str]:
        done = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=30, check=False
        )
        return done.returncode, done.stdout

    code, said = run("--check")
    assert code == 1
    assert "stale: docs/some.md" in said
    assert run()[0] == 0
    assert run("--check") == (0, "")
    text = (tmp_path / "docs/some.md").read_text()
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    assert "headgate_requests_total" in text


@pytest.mark.parametrize("name", hg.__all__)
def test_every_public_name_is_described(name: str) -> None:
    assert f"### `{name}`" in page("plugin-api.md")


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_every_metric_is_described_with_its_labels(metric: typing.Any) -> None:
    row = next(line for line in page("metrics.md").splitlines() if f"| `{metric.name}` |" in line)
    assert metric.help in row
    for label in metric.labels:
        assert f"`{label}`" in row
        assert f"`{label}`" in page("metrics.md").split("## Labels")[1]


def keys_of(schema: dict[str, typing.Any]) -> set[str]:
    groups = [schema, *schema["$defs"].values()]
    return {name for group in groups for name in group.get("properties", {})}


def test_every_key_of_gateway_yaml_is_described() -> None:
    text = page("configuration.md").split("## Every key")[1]
    missing = {key for key in keys_of(Config.model_json_schema()) if f"| `{key}` |" not in text}
    assert missing == set()


def test_the_schema_for_editors_knows_every_key() -> None:
    assert keys_of(Config.model_json_schema()) == keys_of(json.loads(page("gateway.schema.json")))


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_is_described_with_all_its_options(verb: str) -> None:
    command = main.get_command(click.Context(main), verb)
    assert command is not None
    section = page("cli.md").split(f"## `headgate {verb}`")[1].split("\n## ")[0]
    for parameter in command.params:
        for option in parameter.opts:
            assert option in section


@pytest.mark.parametrize("kind", sorted(hg.Kind))
def test_every_failure_kind_has_a_reaction_and_words(kind: hg.Kind) -> None:
    reactions, words = page("errors.md").split("## What the client is told")
    assert f"`{kind}`" in reactions
    status, (type_, _) = STATUSES[kind], WORDS[kind]
    assert re.search(rf"\| `{kind}` \| {status} \| `{type_}` \|", words)


@pytest.mark.parametrize("kind", sorted(discover().kinds))
def test_every_provider_kind_and_its_variables_are_described(kind: str) -> None:
    cls = discover().kinds[kind]
    if cls.__module__.partition(".")[0] not in OURS:
        pytest.skip("not a plugin of ours")
    row = re.search(rf"^\| `{cls.kind}`(, also ([^|]*))? \|", page("providers.md"), re.MULTILINE)
    assert row is not None
    assert kind == cls.kind or f"`{kind}`" in row[2]
    example = (ROOT / ".env.example").read_text("utf-8")
    for variable in filter(None, (cls.env_key, cls.env_url)):
        assert f"`{variable}`" in page("providers.md")
        assert f"# {variable}=" in example
