"""Request ids: sortable by time, told apart by chance."""

from __future__ import annotations

import random
import time


def new_id() -> str:
    """`req_` and 26 hexadecimal digits: 12 of milliseconds, 14 of chance."""
    return f"req_{time.time_ns() // 1_000_000:012x}{random.getrandbits(56):014x}"
