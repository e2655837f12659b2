"""Request ids: sortable by time, and impossible to guess."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """`req_` and 26 hexadecimal digits: 12 of milliseconds, 14 of chance."""
    return f"req_{time.time_ns() // 1_000_000:012x}{os.urandom(7).hex()}"
