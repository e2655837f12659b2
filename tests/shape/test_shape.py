"""The plan of the house, as tests; and a planted violation for each, so that none is blind."""

import pkgutil
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import headgate

sys.path.insert(0, str(Path(__file__).parent))
import rules

ROOT = Path(__file__).parents[2]
LONG_FUNCTION = 'def f():\n    """Long."""\n' + "    x = 1\n" * 60

PLANTED: dict[str, tuple[str, str]] = {
    "long_files": ("src/headgate/a.py", '"""A."""\n' + "x = 1\n" * 400),
    "long_functions": ("src/headgate/a.py", LONG_FUNCTION),
    "drawers": ("src/headgate/utils.py", '"""A drawer."""\n'),
    "undocumented": ("src/headgate/a.py", '"""A."""\ndef f(): pass\n'),
    "foreign_plugin_imports": ("plugins/x/src/headgate_x/a.py", "import httpx\n"),
    "long_plugin_files": ("plugins/x/src/headgate_x/a.py", '"""A."""\n' + "x = 1\n" * 300),
    "vendors_in_the_core": ("src/headgate/a.py", '"""As Bedrock does it."""\n'),
    "mutable_globals": ("src/headgate/a.py", '"""A."""\ndef _f():\n    global x\n    x = 1\n'),
    "addresses_in_locks": ("deploy/lock/run.txt", "--index-url https://packages.example\n"),
    "top_level": ("scripts.sh", "echo\n"),
}


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_its_shape(rule: Callable[[Path], list[str]]) -> None:
    assert rule(ROOT) == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_each_rule_sees_a_planted_violation(
    rule: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    assert rule(tmp_path) == []
    path, text = PLANTED[rule.__name__]
    (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / path).write_text(text)
    assert rule(tmp_path)


#: One import for each contract that must not be: where it is planted, and the contract it breaks.
IMPORTS = {
    "provider/call.py:import headgate.server.reply": "Imports point down",
    "attempts/policy.py:from headgate.access import keys": "Imports point down",
    "routing/plan.py:import time": "Decisions are pure",
    "dialects/body.py:import asyncio": "Decisions are pure",
    "pipeline.py:import aiohttp": "Sockets are the server's",
    "server/pages.py:import prometheus_client": "prometheus_client only in telemetry",
    "routing/table.py:import yaml": "yaml only in config",
}


@pytest.mark.parametrize("planted", IMPORTS)
def test_each_import_contract_sees_a_planted_violation(planted: str, tmp_path: Path) -> None:
    where, _, statement = planted.partition(":")
    for name in ("src", "plugins"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    module = tmp_path / "src/headgate" / where
    module.write_text(module.read_text() + f"\n{statement}\n")
    folders = [tmp_path / "src", *(tmp_path / "plugins").glob("*/src")]
    done = subprocess.run(
        [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"],
        cwd=tmp_path,
        env={"PYTHONPATH": ":".join(map(str, folders)), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert any(line.startswith(IMPORTS[planted]) for line in broken), done.stdout + done.stderr


def _modules() -> list[str]:
    found = pkgutil.walk_packages(headgate.__path__, "headgate.")
    return [module.name for module in found if not module.name.endswith("__main__")]


def test_every_module_can_be_imported_alone() -> None:
    # In one fresh process each would take minutes; a fresh module table is what matters.
    code = """
import importlib, sys
for name in sys.argv[1:]:
    for known in [n for n in sys.modules if n.split('.')[0] == 'headgate']:
        del sys.modules[known]
    importlib.import_module(name)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *_modules()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_plugin_interface_exports_what_it_says() -> None:
    assert sorted(headgate.__all__, key=str.lower) == sorted(set(headgate.__all__), key=str.lower)
    assert all(hasattr(headgate, name) for name in headgate.__all__)


def test_importing_the_plugin_interface_does_not_load_the_gateway() -> None:
    code = "import sys, headgate; print(*[n for n in ('aiohttp', 'pydantic', 'yaml') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
