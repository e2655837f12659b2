"""Running a verb inside the test's process, in a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run("check")`, or `run("check", yaml="...")` with a gateway.yaml in the current folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HEADGATE_CONFIG", raising=False)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "GROQ_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def runs(*words: str, yaml: str | None = None, **variables: str) -> Result:
        if yaml is not None:
            (tmp_path / "gateway.yaml").write_text(yaml, "utf-8")
        result = CliRunner().invoke(main, words, env=dict(variables))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return runs
