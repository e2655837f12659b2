"""The container image, as far as it can be tried without building it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from headgate.testing.gateway import Gateway

from .programs import DEPLOY, free_port, program, run

ROOT = DEPLOY.parent
FILE = DEPLOY / "Dockerfile"


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments, continued lines joined."""
    text = re.sub(r"(?m)^\s*#.*\n", "", FILE.read_text("utf-8")).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    """The instructions of what is shipped."""
    everything = instructions()
    start = max(index for index, (word, _) in enumerate(everything) if word == "FROM")
    return everything[start:]


def copied() -> list[str]:
    """What is copied out of the repository."""
    copies = [rest.split() for word, rest in instructions() if word == "COPY"]
    return [source for copy in copies if "--from" not in copy[0] for source in copy[:-1]]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Dockerfile copies out of the repository."""
    folder = tmp_path_factory.mktemp("context")
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc", "tests", "node_modules", ".env")
    for source in copied():
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / source, ignore=ignored)
        elif not source.startswith("deploy/"):
            shutil.copy(ROOT / source, folder / source)
    return folder


@pytest.fixture(scope="module")
def wheels(context: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The files in the wheels that are built from what is copied, by the wheel's project."""
    built = tmp_path_factory.mktemp("wheels")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"),
            *("--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", built, "."),
            *(f"./{path.relative_to(context)}" for path in (context / "plugins").iterdir()),
        ],
        cwd=context,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = {}
    for path in built.iterdir():
        with zipfile.ZipFile(path) as wheel:
            found[path.name.split("-")[0]] = set(wheel.namelist())
    return found


def test_everything_copied_is_there_and_let_through_to_the_builder() -> None:
    patterns = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert "*" in patterns
    for source in copied():
        assert (ROOT / source).exists(), source
        assert f"!{source}" in patterns, source


def test_nothing_is_let_through_that_is_not_copied() -> None:
    patterns = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    assert {line[1:] for line in patterns if line.startswith("!")} == set(copied())


def test_the_image_holds_every_file_of_the_package(
    context: Path, wheels: dict[str, set[str]]
) -> None:
    source = context / "src"
    files = {
        str(path.relative_to(source))
        for path in (source / "headgate").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert files
    assert files <= wheels["headgate"]


def test_the_image_holds_every_plugin(context: Path, wheels: dict[str, set[str]]) -> None:
    plugins = {path.parent.name for path in (context / "plugins").glob("*/pyproject.toml")}
    assert {f"headgate_{name}" for name in plugins} == wheels.keys() - {"headgate"}


def test_what_others_wrote_is_installed_by_its_hash() -> None:
    (install,) = (rest for _, rest in instructions() if "run.txt" in rest and "pip" in rest)
    assert "--require-hashes" in install
    text = (DEPLOY / "lock" / "run.txt").read_text("utf-8").replace("\\\n", " ")
    pinned = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    assert pinned
    for line in pinned:
        assert re.match(r"[\w.\-\[\]]+==\S+.*--hash=sha256:[0-9a-f]{64}", line), line


def test_nothing_else_is_asked_of_an_index() -> None:
    steps = [rest for word, rest in instructions() if word == "RUN" and "run.txt" not in rest]
    fetching = [step for step in steps if re.search(r"pip (install|wheel|download)", step)]
    assert fetching
    assert all("--no-index" in step for step in fetching)


def test_the_base_is_a_python_that_the_gateway_supports() -> None:
    bases = {rest.split()[0] for word, rest in instructions() if word == "FROM"}
    (base,) = bases
    match = re.fullmatch(r"python:3\.(\d+)-slim", base)
    assert match is not None
    assert int(match[1]) >= 11


def test_the_gateway_does_not_run_as_root() -> None:
    (user,) = (rest for word, rest in last_stage() if word == "USER")
    assert int(user) > 0
    assert any("useradd" in rest and user in rest for word, rest in last_stage() if word == "RUN")


def health_check(port: int) -> list[str]:
    """The image's health check, asking another port."""
    (rest,) = (rest for word, rest in last_stage() if word == "HEALTHCHECK")
    command = json.loads(rest.partition("CMD ")[2])
    assert command[:2] == ["python", "-c"]
    assert "127.0.0.1:8080/livez" in command[2]
    return [sys.executable, "-c", command[2].replace("8080", str(port))]


def test_a_gateway_that_answers_is_healthy(gateway: Gateway) -> None:
    assert run(*health_check(gateway.port)).returncode == 0


def test_a_gateway_that_does_not_answer_is_not_healthy() -> None:
    assert run(*health_check(free_port())).returncode == 1


def test_hadolint_finds_nothing_to_say() -> None:
    done = run(program("hadolint", optional=True), FILE)
    assert done.returncode == 0, done.stdout.decode()
