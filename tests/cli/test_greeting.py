"""What `serve` prints is meant to be pasted: so it is."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

CONFIG = "server: {port: 0}\nproviders: {echo: {}}\n"


@pytest.fixture
def printed(tmp_path: Path) -> Iterator[list[str]]:
    """The lines a fresh gateway without a key of its own greets with, while it runs."""
    (tmp_path / "gateway.yaml").write_text(CONFIG)
    process = subprocess.Popen(
        [sys.executable, "-m", "headgate", "serve"],
        cwd=tmp_path,
        env={**os.environ, "HEADGATE_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if "listening on" in line:
            break
    yield lines
    process.terminate()
    process.communicate(timeout=20)


def test_the_python_line_answers_without_any_package(printed: list[str]) -> None:
    (line,) = [line for line in printed if line.startswith("  python3 -c ")]
    command = line.replace("python3", f"{sys.executable} -I -S", 1)
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert done.stdout == "Hello\n"


def test_the_curl_line_answers(printed: list[str]) -> None:
    if shutil.which("curl") is None:
        assert os.environ.get("CI") != "true", "CI needs curl"
        pytest.skip("curl is not installed")
    (line,) = [line for line in printed if line.startswith("  curl ")]
    done = subprocess.run(line, shell=True, capture_output=True, text=True, check=True)
    assert '"content":"Hello"' in done.stdout


def test_the_first_key_is_kept_for_its_owner_alone(printed: list[str], tmp_path: Path) -> None:
    path = tmp_path / "home" / "first-key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert f"Key: {path.read_text().strip()}" in printed
