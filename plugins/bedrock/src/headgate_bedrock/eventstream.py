"""Cutting `application/vnd.amazon.eventstream` into frames.

A message is a prelude (its length, the length of its headers, and a checksum of both), headers, a
payload, and a checksum of everything before. Numbers are big-endian.
"""

from __future__ import annotations

import json
import struct
from binascii import crc32
from collections.abc import Iterator, Mapping

import headgate as hg

#: A message longer than this is refused: a broken vendor must not take the memory of all callers.
MAX_MESSAGE = 16 * 1024 * 1024

_PRELUDE = struct.Struct(">III")
_CHECKSUM = struct.Struct(">I")
_SHORT = struct.Struct(">H")
_SMALLEST = _PRELUDE.size + _CHECKSUM.size
#: Sizes of the header values that are not preceded by their length: booleans, integers, a
#: timestamp and a UUID. Types 6 (bytes) and 7 (text) say their own.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_BYTES, _TEXT = 6, 7


class EventStream:
    """Bytes in, complete messages out, as frames: the payload, and the event or exception type.

    The name of an exception ends in `Exception`, that of an event never does. Raises `ValueError`
    for a message whose checksums or lengths are wrong, or that is longer than `MAX_MESSAGE`.
    """

    __slots__ = ("_rest", "_wanted")

    def __init__(self) -> None:
        self._rest = bytearray()
        # Bytes to have before it is worth looking again.
        self._wanted = _PRELUDE.size

    def feed(self, data: bytes) -> list[hg.Frame]:
        """The frames that `data` completes."""
        self._rest += data
        if len(self._rest) < self._wanted:
            return []
        start, frames, held = 0, [], bytes(self._rest)
        while True:
            self._wanted = _PRELUDE.size
            if len(held) - start < self._wanted:
                break
            self._wanted = _length(held, start)
            if len(held) - start < self._wanted:
                break
            frames.append(_frame(held[start : start + self._wanted]))
            start += self._wanted
        del self._rest[:start]
        return frames

    def close(self) -> list[hg.Frame]:
        """Nothing: what is left when a stream ends is a message that was cut."""
        self._rest.clear()
        return []


def _length(held: bytes, start: int) -> int:
    """The length of the message at `start`, whose prelude is there."""
    total, headers, checksum = _PRELUDE.unpack_from(held, start)
    if crc32(held[start : start + 8]) != checksum:
        raise ValueError("a message's prelude does not match its checksum")
    if total > MAX_MESSAGE or total < _SMALLEST + headers:
        raise ValueError("a message's lengths make no sense")
    return int(total)


def _frame(message: bytes) -> hg.Frame:
    (checksum,) = _CHECKSUM.unpack_from(message, len(message) - _CHECKSUM.size)
    if crc32(message[: -_CHECKSUM.size]) != checksum:
        raise ValueError("a message does not match its checksum")
    end = _PRELUDE.size + _PRELUDE.unpack_from(message)[1]
    headers = dict(_headers(message[_PRELUDE.size : end]))
    payload = message[end : -_CHECKSUM.size]
    match headers.get(":message-type", "event"):
        case "event":
            return hg.Frame(payload, headers.get(":event-type"), message)
        case "exception":
            return hg.Frame(payload, _exception(headers.get(":exception-type")), message)
        case _:
            # An error that is not part of the API's model has no payload.
            told = json.dumps({"message": headers.get(":error-message", "")}).encode()
            return hg.Frame(told, _exception(headers.get(":error-code")), message)


def _exception(name: str | None) -> str:
    return (name or "").removesuffix("Exception") + "Exception"


def _headers(data: bytes) -> Iterator[tuple[str, str]]:
    """The headers that hold text. Raises `ValueError`."""
    at = 0
    try:
        while at < len(data):
            name_end = at + 1 + data[at]
            name, kind, at = data[at + 1 : name_end].decode(), data[name_end], name_end + 1
            if kind in (_BYTES, _TEXT):
                (size,) = _SHORT.unpack_from(data, at)
                at += _SHORT.size
            else:
                size = _size(kind)
            if at + size > len(data):
                raise ValueError("a header is longer than its message")
            if kind == _TEXT:
                yield name, data[at : at + size].decode()
            at += size
    except (IndexError, struct.error) as error:
        raise ValueError("a header is cut short") from error


def _size(kind: int, sizes: Mapping[int, int] = _FIXED) -> int:
    if kind not in sizes:
        raise ValueError("a header has a type that does not exist")
    return sizes[kind]
