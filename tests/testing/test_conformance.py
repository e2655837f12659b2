"""The conformance suite passes a good provider, and sees every planted defect of a broken one."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

import pytest

from headgate.testing.check_answers import Answers
from headgate.testing.check_calls import Calls
from headgate.testing.check_declared import Declared
from headgate.testing.check_replayed import Paired, Replayed
from headgate.testing.conformance import suite
from headgate_echo import Echo

sys.path.insert(0, str(Path(__file__).parent))
from planted import DEFECTS, GOOD, write_transcripts

_SUITE = """
from pathlib import Path

from {module} import Mill
from headgate.testing.conformance import suite

TestMill = suite(Mill(), Path(__file__).parent / "transcripts")
"""

Failures = dict[str, dict[str, str]]


def run(folder: Path, variables: Mapping[str, str] | None = None) -> Failures:
    """Runs the folder's tests in a process of its own: module -> test -> what it said."""
    report = folder / "report.xml"
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *("--rootdir", str(folder), f"--junitxml={report}", str(folder)),
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), **(variables or {})},
        capture_output=True,
        timeout=110,
        check=False,
    )
    found: Failures = {}
    for case in ET.parse(report).iter("testcase"):
        module = re.sub(r"^test_", "", case.get("classname", "").split(".")[0])
        tests = found.setdefault(module, {})
        for said in (*case.iter("failure"), *case.iter("error")):
            name = case.get("name", "").partition("[")[0]
            tests[name] = tests.get(name, "") + f"{said.get('message')}\n{said.text}"
    return found


def plant(folder: Path, module: str, code: str) -> None:
    """A provider and its suite."""
    (folder / f"{module}.py").write_text(code, "utf-8")
    (folder / f"test_{module}.py").write_text(_SUITE.format(module=module), "utf-8")


def module_of(defect: str) -> str:
    return "mill_" + re.sub(r"\W+", "_", defect)


@pytest.fixture(scope="module")
def failures(tmp_path_factory: pytest.TempPathFactory) -> Failures:
    """What the suites of the good provider and of every broken one said, all in one run."""
    folder = tmp_path_factory.mktemp("kit")
    write_transcripts(folder / "transcripts")
    plant(folder, "good", GOOD)
    run(folder, {"HEADGATE_TRANSCRIPTS": "write"})
    for defect, ((before, after), _, _) in DEFECTS.items():
        assert GOOD.count(before) == 1, f"{defect}: planted {GOOD.count(before)} times"
        plant(folder, module_of(defect), GOOD.replace(before, after))
    return run(folder)


def test_a_good_provider_passes(failures: Failures) -> None:
    assert failures["good"] == {}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_seen(failures: Failures, defect: str) -> None:
    _, test, words = DEFECTS[defect]
    found = failures[module_of(defect)]
    assert test in found, f"only {sorted(found)} failed"
    assert words.casefold() in found[test].casefold()


def test_every_check_has_a_defect_that_it_sees() -> None:
    seen = {test for _, test, _ in DEFECTS.values()}
    classes = (Declared, Calls, Answers, Replayed, Paired)
    checks = {name for cls in classes for name in vars(cls) if name.startswith("test_")}
    # A plugin whose dataclass takes unknown options cannot be written: the registry reads its fields.
    assert checks - seen == {"test_an_unknown_option_is_refused"}


def test_what_is_expected_is_written_down_on_demand(tmp_path: Path) -> None:
    write_transcripts(tmp_path / "transcripts")
    plant(tmp_path, "good", GOOD)
    first = run(tmp_path)["good"]
    assert set(first) == {"test_the_request_is_as_written", "test_the_answer_is_as_written"}
    assert "Run once with HEADGATE_TRANSCRIPTS=write" in first["test_the_answer_is_as_written"]
    assert run(tmp_path, {"HEADGATE_TRANSCRIPTS": "write"})["good"] == {}
    assert run(tmp_path)["good"] == {}
    hello = json.loads((tmp_path / "transcripts" / "hello-stream.json").read_text("utf-8"))
    assert hello["events"] == [
        {"event": "Text", "text": "Hello!"},
        {"event": "Finish", "reason": "stop"},
        {"event": "Usage", "input": 3, "output": 2},
    ]
    assert hello["request"]["url"] == "https://mill.example/talk"
    busy = json.loads((tmp_path / "transcripts" / "busy.json").read_text("utf-8"))
    assert busy["failure"]["kind"] == "rate_limited"
    assert busy["failure"]["retry_after"] == 2.0
    assert "events" not in busy


def test_a_folder_without_transcripts_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no transcript in"):
        suite(Echo(), tmp_path)
