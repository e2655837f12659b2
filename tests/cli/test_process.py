"""The command as a shell sees it: exit codes, both streams, and how fast it starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def headgate(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    clean.pop("HEADGATE_CONFIG", None)
    return subprocess.run(
        [sys.executable, "-m", "headgate", *words],
        cwd=folder,
        env={**clean, "HEADGATE_HOME": str(folder / "home"), **variables},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_bad_file_ends_check_with_1_and_says_why_on_standard_error(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("server:\n  prot: 1\n")
    done = headgate(tmp_path, "check")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "gateway.yaml:2: unknown key 'prot'; did you mean 'port'?\n"


def test_the_environment_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("providers: {echo: {}}\n")
    done = headgate(tmp_path, "check", "--json", HEADGATE_CONFIG="other.yaml")
    assert json.loads(done.stdout) == {"file": "other.yaml", "ok": True, "problems": []}


def test_without_a_file_keys_come_from_the_environment_and_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("OPENAI_API_KEY=sk-from-dotenv-1111\nGROQ_API_KEY=gsk-2222\n")
    done = headgate(
        tmp_path,
        "providers",
        "--json",
        OPENAI_API_KEY="sk-from-process-3333",
        OPENAI_API_KEY_2="sk-from-process-4444",
    )
    found = {provider["name"]: provider["keys"] for provider in json.loads(done.stdout)}
    assert found["openai"] == ["…3333", "…4444"]
    assert set(found) == {"openai", "groq", "echo"}
    assert "from-" not in done.stdout


def test_a_misspelt_verb_is_answered_with_the_nearest(tmp_path: Path) -> None:
    done = headgate(tmp_path, "chekc")
    assert done.returncode == 2
    assert "no such command 'chekc'; did you mean 'check'?" in done.stderr


def test_help_names_every_verb(tmp_path: Path) -> None:
    done = headgate(tmp_path, "--help")
    assert done.returncode == 0
    for verb in ("serve", "check", "explain", "plugins", "providers", "models"):
        assert f"\n  {verb} " in done.stdout


def test_serve_does_not_pay_for_what_other_verbs_print_with(tmp_path: Path) -> None:
    code = (
        "import sys, headgate.cli as cli; cli.main.get_command(None, 'serve'); "
        "print([name for name in sys.modules if name.split('.')[0] == 'rich'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "[]\n"


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("providers: {openai: {keys: [sk-1]}}\n")
    command = f"{sys.executable} -m headgate models | head -n 1"
    done = subprocess.run(
        ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.stdout.startswith("model")
    assert done.stderr == ""
