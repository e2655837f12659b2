"""Logs: one JSON object a line on standard output, secrets masked as a second line of defence."""

from __future__ import annotations

import functools
import logging
import re
import sys
import traceback
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

import orjson

#: What looks like a credential of any vendor we know. The first line of defence is that secrets
#: live in `Secret`; this catches those that a vendor quotes back.
_SECRET = re.compile(
    r"(?i)\b(?:hg|sk|sk-ant|sk-or|gsk|xai|hf|pplx|fw|csk|AIza|AKIA|ASIA|ya29)[-_.]?"
    r"(?:proj-|api\d+-|v1-)?[A-Za-z0-9_\-]{16,}|(?i:bearer)\s+[A-Za-z0-9._~+/\-]{8,}=*"
)
_MASK = "[redacted]"
_FLUSH_AT = 64 * 1024


def redact(text: str, known: Iterable[str] = ()) -> str:
    """`text` without the known secrets, and without anything that looks like one."""
    for secret in known:
        if secret and secret in text:
            text = text.replace(secret, _MASK)
    return _SECRET.sub(_MASK, text)


class LineLog:
    """Lines for a stream that is written now and then, not for every call.

    A broken or full standard output never fails a call: lines are dropped and counted.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stdout.buffer
        self._lines: list[bytes] = []
        self._size = 0
        self.dropped = 0

    def write(self, entry: Mapping[str, Any]) -> bool:
        """Takes one entry. True: enough has gathered that it should be flushed."""
        line = orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
        self._lines.append(line)
        self._size += len(line)
        return self._size >= _FLUSH_AT

    def flush(self) -> None:
        """Writes what has gathered."""
        if not self._lines:
            return
        lines, self._lines, self._size = self._lines, [], 0
        try:
            self._stream.write(b"".join(lines))
            self._stream.flush()
        except (OSError, ValueError):
            self.dropped += len(lines)


class JsonHandler(logging.Handler):
    """The standard library's log records, through the same lines."""

    def __init__(self, log: LineLog, known_secrets: Iterable[str] = ()) -> None:
        super().__init__()
        self._log = log
        self.known = tuple(known_secrets)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._emit(record)
        except Exception:  # noqa: BLE001 - as the standard library's handlers do
            self.handleError(record)

    def _emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if record.exc_info and record.exc_info[0] is not None:
            message += "\n" + "".join(traceback.format_exception(*record.exc_info))
        self._log.write(
            {
                "time": timestamp(record.created),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": redact(message, self.known),
            }
        )
        self._log.flush()


def timestamp(seconds: float) -> str:
    """Unix seconds as RFC 3339 in UTC, to the millisecond."""
    whole = int(seconds)
    return f"{_second(whole)}.{int((seconds - whole) * 1000):03d}Z"


@functools.lru_cache(maxsize=4)
def _second(seconds: int) -> str:
    # Many lines fall into one second, and formatting a date is dear.
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
