"""The unit file as systemd itself judges it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from .programs import DEPLOY, program, run

UNIT = DEPLOY / "systemd" / "headgate.service"
#: Of 100, where a service without any hardening has 96. Ours needs the network and one folder.
MOST_EXPOSED = 20


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    analyze = program("systemd-analyze", optional=True)
    text = UNIT.read_text("utf-8")
    assert "ExecStart=/opt/headgate/bin/headgate serve " in text
    # The gateway is not installed where the unit says; any program that is there will do.
    copy = tmp_path / "headgate.service"
    copy.write_text(text.replace("/opt/headgate/bin/headgate", sys.executable), "utf-8")
    done = run(analyze, "verify", copy)
    assert (done.returncode, done.stdout.decode()) == (0, "")


def test_the_service_is_hardened() -> None:
    analyze = program("systemd-analyze", optional=True)
    version = run(analyze, "--version").stdout.split()
    if int(version[1]) < 250:
        pytest.skip("systemd-analyze cannot judge a file before version 250")
    done = run(analyze, "security", "--offline=yes", f"--threshold={MOST_EXPOSED}", UNIT)
    assert done.returncode == 0, done.stdout.decode()


def test_running_answers_may_end_before_systemd_loses_patience() -> None:
    lines = dict(line.split("=", 1) for line in UNIT.read_text("utf-8").splitlines() if "=" in line)
    assert int(lines["TimeoutStopSec"]) > 120
