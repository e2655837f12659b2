"""The key of a gateway that nobody has given one yet."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from headgate.access.keys import PREFIX, new_key

_log = logging.getLogger("headgate.access")
NAME = "first"
#: A shorter one was not made here, and is too easy to guess.
_SHORTEST = len(PREFIX) + 32


def first_key(home: Path) -> str:
    """The key in `home/first-key`, made on first use and readable by its owner only.

    Where nothing can be written the key lives as long as the process.
    """
    path = home / "first-key"
    try:
        kept = path.read_text("ascii").strip()
        if kept.startswith(PREFIX) and len(kept) >= _SHORTEST:
            return kept
    except (OSError, UnicodeDecodeError):
        pass
    key = new_key()
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), 0o600)  # also where the file was there before
            file.write(key + "\n")
    except OSError as error:
        _log.warning("the first key cannot be kept in %s: %s", path, error.strerror)
    return key
