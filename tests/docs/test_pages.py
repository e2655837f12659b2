"""The manual's own words: links lead somewhere, examples work, names exist."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import yaml

from headgate.app import build_links, build_table
from headgate.config.load import load_text
from headgate.config.schema import Config
from headgate.registry import discover
from headgate.telemetry.table import METRICS
from headgate.testing.gateway import KEY, Gateway

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
EXAMPLES = DOCS / "examples"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: What the examples' `${...}` stand for.
KEYS = ("OPENAI", "GROQ", "WEB", "PROMETHEUS", "LAB", "ACME", "MILLRACE", "ANTHROPIC", "COHERE")
VARIABLES = {name: f"{name}-key-0000" for key in KEYS for name in (f"{key}_API_KEY", f"{key}_KEY")}
VARIABLES["OPENAI_API_KEY_2"] = "second-key-0000"


def blocks(language: str, pages: Iterable[Path] = PAGES) -> Iterator[tuple[str, str]]:
    """Blocks of code with the name of their page and their number there."""
    for page in pages:
        for number, match in enumerate(BLOCK.finditer(page.read_text("utf-8")), start=1):
            if match[1] == language:
                yield f"{page.name}-{number}", match[2]


def configurations() -> list[tuple[str, str]]:
    """Every YAML block that is a whole gateway.yaml."""
    found = []
    for name, text in blocks("yaml"):
        value = yaml.safe_load(text)
        if isinstance(value, dict) and set(value) <= set(Config.model_fields):
            found.append((name, text))
    return found


def anchors(page: Path) -> set[str]:
    """What a heading can be linked by: lower case, spaces to hyphens, other signs left out."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(BLOCK.sub("", page.read_text("utf-8"))):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_of_the_manual_can_be_reached_from_the_readme() -> None:
    reached, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        reached.add(page)
        links = (link.partition("#")[0] for link in LINK.findall(page.read_text("utf-8")))
        targets = [(page.parent / link).resolve() for link in links if link.endswith(".md")]
        waiting += [target for target in targets if target.is_file() and target not in reached]
    assert {page for page in PAGES if page not in reached} == set()


@pytest.mark.parametrize(
    "text", [text for _, text in configurations()], ids=[name for name, _ in configurations()]
)
def test_every_whole_gateway_yaml_in_the_manual_is_valid(text: str) -> None:
    registry = discover()
    loaded = load_text(text, "gateway.yaml", VARIABLES)
    foreign = {"acme", "millrace"} & set(loaded.config.providers)
    if foreign:
        # The plugins of writing-a-provider.md are tried where they are installed.
        return
    build_table(loaded, build_links(loaded, registry))


def test_most_yaml_in_the_manual_is_a_whole_gateway_yaml() -> None:
    assert len(configurations()) >= 6


def test_every_metric_in_a_query_exists() -> None:
    exposed = set()
    for metric in METRICS:
        ends = ("_bucket", "_sum", "_count") if metric.type == "histogram" else ("",)
        exposed |= {metric.name + end for end in ends}
    queries = [text for _, text in blocks("promql")]
    assert len(queries) > 5
    for query in queries:
        used = re.findall(r"headgate_\w+", query)
        assert used
        assert set(used) <= exposed


def test_every_label_in_a_query_is_one_of_its_metrics() -> None:
    labels = {label for metric in METRICS for label in metric.labels} | {"le"}
    for _, query in blocks("promql"):
        for listed in re.findall(r"by \(([^)]*)\)", query):
            assert {word.strip() for word in listed.split(",")} <= labels
        assert set(re.findall(r"[{,](\w+)[!=]", query)) <= labels


def test_python_on_the_page_for_plugin_authors_is_the_text_of_an_example() -> None:
    texts = {path.read_text("utf-8") for path in EXAMPLES.rglob("*.py")}
    shown = [text for _, text in blocks("python", [DOCS / "writing-a-provider.md"])]
    assert len(shown) == 4
    assert set(shown) <= texts


@pytest.mark.parametrize(
    ("name", "most"), [("ten-lines/headgate_acme", 12), ("own-wire/headgate_millrace", 59)]
)
def test_an_example_is_as_short_as_the_page_says(name: str, most: int) -> None:
    lines = (EXAMPLES / name / "__init__.py").read_text("utf-8").splitlines()
    said = [line for line in lines if line and not line.startswith('"""')]
    assert len(said) <= most


def test_every_example_is_shown_whole() -> None:
    page = (DOCS / "writing-a-provider.md").read_text("utf-8")
    for file in EXAMPLES.rglob("headgate_*/*.py"):
        assert file.read_text("utf-8") in page


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    named = set(re.findall(r"\bmake ([a-z]+)\b", (ROOT / "README.md").read_text("utf-8")))
    assert {"run", "test"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_command_line_in_the_manual_names_a_verb_that_exists() -> None:
    from headgate.cli import VERBS

    shells = [text for language in ("sh", "text") for _, text in blocks(language)]
    prose = [page.read_text("utf-8") for page in PAGES]
    found = set(
        re.findall(r"(?:^|/|`)headgate ([a-z]+)\b", "\n".join(shells + prose), re.MULTILINE)
    )
    assert found
    assert found <= set(VERBS)


def test_every_room_of_the_house_is_on_the_plan() -> None:
    plan = (DOCS / "architecture.md").read_text("utf-8")
    source = ROOT / "src" / "headgate"
    rooms = [f"{path.name}/" for path in source.iterdir() if (path / "__init__.py").is_file()]
    rooms += [path.name for path in source.glob("*.py")]
    assert [room for room in sorted(rooms) if f"| `{room}` |" not in plan] == []
    rows = re.findall(r"^\| `([\w/.]+)` \|", plan.split("## Layers")[0], re.MULTILINE)
    assert [row for row in rows if row not in rooms] == []


def test_the_changelog_keeps_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert "## [Unreleased]" in text
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert version in text


@pytest.fixture(scope="module")
def newcomer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """What `make run` starts, on a free port."""
    config = (ROOT / "gateway.yaml").read_text("utf-8")
    with Gateway(config, tmp_path_factory.mktemp("newcomer")) as gateway:
        yield gateway


def readme(language: str, holding: str, gateway: Gateway) -> str:
    """A block of the README, with this gateway's address and key."""
    text = next(t for _, t in blocks(language, [ROOT / "README.md"]) if holding in t)
    return text.replace("http://127.0.0.1:8080", gateway.url).replace("hg-...", KEY)


def test_the_readmes_python_says_hello(newcomer: Gateway, tmp_path: Path) -> None:
    script = readme("python", "OpenAI(", newcomer)
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout == "Hello\n", done.stderr


def test_the_readmes_curl_says_hello(newcomer: Gateway) -> None:
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "CI needs curl"
        pytest.skip("curl is not installed")
    script = readme("sh", "curl", newcomer)
    done = subprocess.run(
        ["sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={**os.environ, "no_proxy": "127.0.0.1"},
    )
    assert '"content":"Hello"' in done.stdout, done.stderr
