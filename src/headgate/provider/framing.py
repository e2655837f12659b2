"""Cutting a byte stream into frames, whatever the splits: SSE and NDJSON.

A framer is fed bytes as they arrive and returns every frame that is complete; the same bytes give
the same frames for every way of splitting them.
"""

from __future__ import annotations

import re
from typing import Protocol

from headgate.provider.wire import Frame

#: A frame longer than this is refused: a broken vendor must not take the memory of all callers.
MAX_FRAME = 16 * 1024 * 1024

_BOM = b"\xef\xbb\xbf"
_BLANK_LINE = re.compile(rb"(?:\r\n|\n|\r(?!\n|\Z))(?:\r\n|\n|\r(?!\Z))")
_LINE_END = re.compile(rb"\r\n|\n|\r")


class FrameTooLarge(ValueError):
    """A frame passed `MAX_FRAME` bytes."""


class Framer(Protocol):
    """Bytes in, complete frames out."""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes. Raises `FrameTooLarge`."""
        ...

    def close(self) -> list[Frame]:
        """The frame that the end of the stream completes, if the format allows one."""
        ...


class SSE:
    """Server-sent events by the WHATWG rules: LF, CRLF or CR; multi-line data; one leading BOM."""

    __slots__ = ("_started", "rest")

    def __init__(self) -> None:
        #: Bytes of a frame that is not complete yet.
        self.rest = b""
        self._started = False

    def feed(self, data: bytes) -> list[Frame]:
        if self.rest:
            data = self.rest + data
        if not self._started:
            if len(data) < 3 and _BOM.startswith(data):
                self.rest = data
                return []
            self._started = True
            data = data.removeprefix(_BOM)
        if b"\r" in data:
            return self._feed_any_line_end(data)
        blocks = data.split(b"\n\n")
        self.rest = blocks.pop()
        if len(self.rest) > MAX_FRAME:
            raise FrameTooLarge
        return [_frame(block, block + b"\n\n") for block in blocks if block]

    def _feed_any_line_end(self, data: bytes) -> list[Frame]:
        frames, start = [], 0
        for end in _BLANK_LINE.finditer(data):
            if block := data[start : end.start()]:
                frames.append(_frame(block, data[start : end.end()]))
            start = end.end()
        self.rest = data[start:]
        if len(self.rest) > MAX_FRAME:
            raise FrameTooLarge
        return frames

    def close(self) -> list[Frame]:
        # A CR at the very end may have been the first half of CRLF; the end of the stream settles
        # it. Any other unterminated block is discarded, as the standard says.
        if self.rest.endswith(b"\r"):
            return self.feed(b"\n")
        return []


def _frame(block: bytes, raw: bytes) -> Frame:
    # Nearly every frame of every vendor is a single `data:` line.
    if block.startswith(b"data:") and b"\n" not in block and b"\r" not in block:
        return Frame(block[6:] if block[5:6] == b" " else block[5:], None, raw)
    event: str | None = None
    data: list[bytes] = []
    for line in _LINE_END.split(block):
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            data.append(value)
        elif name == b"event":
            event = value.decode("utf-8", "replace")
        elif name == b"error":
            # No field of the standard's: a widespread server said its failures so until 2025.
            event = "error"
            data.append(value)
    return Frame(b"\n".join(data) if data else None, event, raw)


class NDJSON:
    """One JSON value a line; blank lines are heartbeats."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Frame]:
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > MAX_FRAME:
            raise FrameTooLarge
        return [Frame(line.rstrip(b"\r"), None, line + b"\n") for line in lines if line.strip()]

    def close(self) -> list[Frame]:
        last, self._rest = self._rest.strip(), b""
        return [Frame(last, None, last)] if last else []
