"""`headgate plugins new`: a package that installs, whose tests pass, and that our linters like."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from headgate.cli.plugin_template import write_plugin

Run = Callable[..., Result]

ROOT = Path(__file__).parents[2]
NAMES = ("wind-mill", "none")


def python(folder: Path, *words: str, path: Path | None = None) -> str:
    """Runs a module of Python's in a folder; what it said, once it succeeded."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(path or folder), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a new package for each name: an ordinary one, and one Python has a use for."""
    folder = tmp_path_factory.mktemp("made")
    for name in NAMES:
        write_plugin(name, folder / name)
    return folder


def test_it_writes_a_package_and_says_what_is_next(run: Run, tmp_path: Path) -> None:
    done = run("plugins", "new", "wind-mill")
    assert done.exit_code == 0
    folder = tmp_path / "headgate-wind-mill"
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "README.md",
        "headgate_wind_mill/__init__.py",
        "pyproject.toml",
        "tests/test_provider.py",
        *(f"tests/transcripts/{name}.json" for name in ("busy", "hello", "hello-stream")),
    }
    *written, _, last = done.output.splitlines()
    assert {line.removeprefix("headgate-wind-mill/") for line in written} == files
    assert last == ("Now: pip install -e 'headgate-wind-mill[test]' && pytest headgate-wind-mill")


def test_another_folder_can_be_named(run: Run, tmp_path: Path) -> None:
    assert run("plugins", "new", "mill", "--into", "a/b").exit_code == 0
    assert (tmp_path / "a" / "b" / "headgate_mill" / "__init__.py").is_file()


@pytest.mark.parametrize(
    "name", ["", "Mill", "1mill", "mill_1", "mill-", "a--b", "../mill", "müll"]
)
def test_a_name_that_cannot_be_a_packages_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    done = run("plugins", "new", "--", name)
    assert done.exit_code == 1
    assert f"'{name}' cannot be a plugin's name: use lower-case letters" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_is_taken_is_refused(run: Run, tmp_path: Path) -> None:
    done = run("plugins", "new", "echo")
    assert (done.exit_code, done.stderr) == (
        1,
        "an installed plugin offers the kind 'echo' already; choose another name\n",
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_exists_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "headgate-mill").mkdir()
    (tmp_path / "headgate-mill" / "mine.txt").write_text("precious")
    done = run("plugins", "new", "mill")
    assert done.exit_code == 1
    assert done.stderr == ("headgate-mill is there already; choose another folder with --into\n")
    assert [path.name for path in (tmp_path / "headgate-mill").iterdir()] == ["mine.txt"]


def test_a_folder_that_cannot_be_made_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("plugins", "new", "mill", "--into", "file/mill")
    assert done.exit_code == 1
    assert "file/mill" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_installs_and_its_own_tests_pass_elsewhere(made: Path, tmp_path: Path) -> None:
    sources, site = tmp_path / "sources", tmp_path / "site"
    shutil.copytree(made, sources)
    flags = ("--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site))
    packages = [str(sources / name) for name in NAMES]
    python(tmp_path, "pip", "--disable-pip-version-check", "install", *flags, *packages)
    for name in NAMES:
        shutil.rmtree(sources / name / f"headgate_{name.replace('-', '_')}")
        tests = str(sources / name / "tests")
        said = python(sources / name, "pytest", "-q", "-p", "no:cacheprovider", tests, path=site)
        assert " passed" in said
        assert " failed" not in said
    assert "wind-mill (headgate-wind-mill 0.1.0): ok" in python(
        tmp_path, "headgate", "plugins", "doctor", path=site
    )


def test_it_passes_our_own_linters(made: Path) -> None:
    settings = ("--no-cache", "--config", str(ROOT / "pyproject.toml"))
    python(made, "ruff", "format", *settings, "--check", ".")
    # A folder of tests is no package, here as there.
    python(made, "ruff", "check", *settings, "--extend-ignore", "INP001", ".")
    for name in NAMES:
        package = f"{name}/headgate_{name.replace('-', '_')}"
        python(made, "mypy", "--strict", "--config-file=", "--cache-dir", os.devnull, package)
