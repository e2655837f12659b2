"""`headgate plugins doctor`: what is wrong with an installed plugin, and exit code 1 for it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HEAD = """
from __future__ import annotations
import json
from dataclasses import dataclass
from typing import Any, ClassVar
import headgate as hg
"""
GOOD = (
    HEAD
    + """
headgate_api = 1

@dataclass(frozen=True)
class Mill(hg.Provider):
    kind = "mill"
    says: ClassVar[frozenset[str]] = frozenset({"temperature"})
    base_url: str = "https://mill.example"
    region: str = "eu"

    def reply(self, call, target, response):
        return ()

    def feed(self, call, target):
        return None

@hg.hookimpl
def providers():
    return [Mill]
"""
)
_ODD_TYPE = (
    ("@dataclass", "class Odd: pass\n\n@dataclass"),
    ('region: str = "eu"', "region: Odd = None"),
)
#: what is wrong: (what is replaced, by what) as often as needed, and a line of the answer
WRONG: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "a missing module": (
        (("import json", "import nobody_has_this_module"),),
        "wrong: cannot be loaded: ModuleNotFoundError: No module named 'nobody_has_this_module'",
    ),
    "another version of the interface": (
        (("headgate_api = 1", "headgate_api = 99"),),
        "wrong: cannot be loaded: RuntimeError: the plugin was written for version 99",
    ),
    "a class that is no dataclass": (
        (("@dataclass(frozen=True)", ""),),
        "wrong: cannot be loaded: TypeError: Mill must be decorated with @dataclass(frozen=True)",
    ),
    "nothing offered": ((("return [Mill]", "return []"),), "wrong: offers no provider kind"),
    "an option nobody can check": (
        _ODD_TYPE,
        "wrong: kind 'mill': the option 'region' cannot be checked",
    ),
    "a dialect that does not exist": (
        (('kind = "mill"', 'kind = "mill"\n    speaks = frozenset({"openai"})'),),
        "wrong: kind 'mill' speaks unknown dialects: openai",
    ),
    "a kind that can do nothing": (
        (("def reply", "def answer"),),
        "wrong: kind 'mill' neither relays nor translates",
    ),
}
#: what is odd, and works: the same
ODD: dict[str, tuple[tuple[tuple[str, str], ...], str]] = {
    "no version": ((("headgate_api = 1", ""),), "note: says no headgate_api = 1"),
    "a clock": ((("import json", "import time"),), "note: headgate_mill.py:3: import time"),
    "no streams": ((("def feed", "def food"),), "note: kind 'mill' cannot stream"),
    "a slip of the pen": (
        (('"temperature"', '"image"'),),
        "note: kind 'mill' says 'image', which is no feature; is 'images' meant?",
    ),
    "parameters of its own": (
        (('"temperature"', '"grain", "millstone"'),),
        "note: kind 'mill' takes parameters of its own: grain, millstone",
    ),
}

Doctor = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def doctor(tmp_path: Path) -> Doctor:
    """`doctor(code, ...)`: what it says where plugins with this code are installed, too."""

    def sees(*codes: str) -> subprocess.CompletedProcess[str]:
        for number, code in enumerate(codes):
            module = "headgate_mill" + str(number or "")
            (tmp_path / f"{module}.py").write_text(code, "utf-8")
            info = tmp_path / f"{module}-1.2.3.dist-info"
            info.mkdir()
            name = module.replace("_", "-")
            (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2.3\n")
            (info / "entry_points.txt").write_text(f"[headgate.plugins]\n{name} = {module}\n")
        return subprocess.run(
            [sys.executable, "-m", "headgate", "plugins", "doctor"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return sees


def changed(changes: tuple[tuple[str, str], ...]) -> str:
    code = GOOD
    for before, after in changes:
        assert before in code
        code = code.replace(before, after, 1)
    return code


def test_good_plugins_are_ok(doctor: Doctor) -> None:
    done = doctor(GOOD)
    assert (done.returncode, done.stderr) == (0, "")
    assert "headgate-mill (headgate-mill 1.2.3): ok" in done.stdout.splitlines()
    for name in ("echo", "openai", "anthropic", "google", "bedrock", "cohere", "ollama"):
        assert f"{name} (headgate-{name} 0.1.0): ok" in done.stdout.splitlines()
    assert "wrong" not in done.stdout.casefold()


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_said_and_ends_with_1(doctor: Doctor, fault: str) -> None:
    changes, words = WRONG[fault]
    done = doctor(changed(changes))
    assert done.returncode == 1
    assert "headgate-mill (headgate-mill 1.2.3): WRONG" in done.stdout.splitlines()
    assert f"  {words}" in done.stdout
    assert "echo (headgate-echo 0.1.0): ok" in done.stdout


@pytest.mark.parametrize("oddity", ODD)
def test_what_is_odd_is_noted_and_ends_with_0(doctor: Doctor, oddity: str) -> None:
    changes, words = ODD[oddity]
    done = doctor(changed(changes))
    assert done.returncode == 0
    assert "headgate-mill (headgate-mill 1.2.3): ok" in done.stdout.splitlines()
    assert f"  {words}" in done.stdout


def test_two_plugins_with_one_kind_are_wrong(doctor: Doctor) -> None:
    done = doctor(GOOD, GOOD)
    assert done.returncode == 1
    assert (
        "wrong: the provider kind 'mill' is offered by two distributions, headgate-mill 1.2.3 and "
        "headgate-mill1 1.2.3; uninstall one of them"
    ) in done.stdout.splitlines()
