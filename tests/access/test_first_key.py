"""The key of a gateway that nobody has given one."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from headgate.access.first_key import first_key


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_first_key_is_made_once_and_stays(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    key = first_key(home)
    assert key.startswith("hg-")
    assert first_key(home) == key
    assert (home / "first-key").read_text() == key + "\n"


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first_key(home)
    assert mode(home / "first-key") == 0o600
    assert mode(home) == 0o700


@pytest.mark.parametrize("text", [b"", b"\n", b"something else", b"\xff\xfe"])
def test_a_file_without_a_key_gets_one_that_only_its_owner_may_read(
    tmp_path: Path, text: bytes
) -> None:
    path = tmp_path / "first-key"
    path.write_bytes(text)
    path.chmod(0o644)
    key = first_key(tmp_path)
    assert path.read_text() == key + "\n"
    assert mode(path) == 0o600


def test_the_beginning_of_a_key_is_not_a_key(tmp_path: Path) -> None:
    # What a full disk leaves behind must not open the door.
    (tmp_path / "first-key").write_text("hg-")
    assert len(first_key(tmp_path)) > 40


def test_where_nothing_can_be_kept_there_is_a_key_and_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "a-file"
    home.write_text("")
    with caplog.at_level(logging.WARNING):
        key = first_key(home)
    assert len(key) > 40
    assert "first-key" in caplog.text
    assert key not in caplog.text
