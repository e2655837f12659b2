"""An answer as it arrives, from the network or from a script."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import aiohttp
from aiohttp.connector import Connection

from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.wire import Script, Step

#: A whole answer larger than this is refused, and so is an answer that unpacks to more than
#: `_MAX_RATIO` times what came over the wire.
MAX_BODY = 256 * 2**20
_MAX_RATIO = 100
_RATIO_FROM = 2**20


class Answer(Protocol):
    """Status and headers are there; the body is read piece by piece."""

    status: int
    headers: Mapping[str, str]

    def chunk(self) -> Awaitable[bytes]:
        """The next bytes; empty at the end."""
        ...

    async def read(self, progress: Callable[[], None]) -> bytes:
        """All that is left; `progress` is told of every piece. Raises `CallFailed` (garbled)
        past `MAX_BODY`.
        """
        ...

    @property
    def over(self) -> bool:
        """Whether the body has ended."""
        ...

    def close(self) -> None:
        """Gives the connection back if the body was read to its end, drops it otherwise."""
        ...


class HttpAnswer:
    """An answer over HTTP."""

    __slots__ = ("_connection", "_content", "_inflate", "headers", "status")

    def __init__(
        self,
        status: int,
        headers: Mapping[str, str],
        content: aiohttp.StreamReader,
        connection: Connection,
    ) -> None:
        self._content = content
        self._connection = connection
        self.status = status
        self.headers = headers
        encoding = headers.get("Content-Encoding")
        self._inflate = _Inflate(encoding) if encoding and encoding.lower() != "identity" else None

    def chunk(self) -> Awaitable[bytes]:
        # Without a coroutine of our own in between: this is asked for every chunk of a stream.
        return self._content.readany() if self._inflate is None else self._unpacked(self._inflate)

    async def _unpacked(self, inflate: _Inflate) -> bytes:
        while data := await self._content.readany():
            if plain := inflate.feed(data):
                return plain
        return b""

    async def read(self, progress: Callable[[], None]) -> bytes:
        data = await self.chunk()
        # Most answers come in one piece.
        if self._content.at_eof() and self._inflate is None:
            return data
        progress()
        pieces, size = [data], len(data)
        while data := await self.chunk():
            progress()
            pieces.append(data)
            size += len(data)
            if size > MAX_BODY:
                raise CallFailed(Failure(Kind.GARBLED, "the provider's answer is too large"))
        return b"".join(pieces)

    @property
    def over(self) -> bool:
        return self._content.is_eof()

    def close(self) -> None:
        if not self._content.is_eof():
            self._connection.close()


class _Inflate:
    """Undoes a content encoding we asked the vendor not to use."""

    def __init__(self, encoding: str) -> None:
        if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
            raise CallFailed(
                Failure(Kind.GARBLED, f"the provider answered in an unknown encoding {encoding!r}")
            )
        # 47 = any of gzip and zlib headers.
        self._inflate = zlib.decompressobj(47)
        self._packed = 0
        self._plain = 0

    def feed(self, data: bytes) -> bytes:
        try:
            plain = self._inflate.decompress(data, MAX_BODY)
        except zlib.error:
            raise CallFailed(
                Failure(Kind.GARBLED, "the provider's answer is badly compressed")
            ) from None
        self._packed += len(data)
        self._plain += len(plain)
        if self._plain > _RATIO_FROM and self._plain > self._packed * _MAX_RATIO:
            raise CallFailed(Failure(Kind.GARBLED, "the provider's answer unpacks without end"))
        return plain


class ScriptedAnswer:
    """An answer that a provider knew by itself, played with its own timing."""

    __slots__ = ("_cut", "_steps", "headers", "status")

    def __init__(self, script: Script) -> None:
        self.status = script.status
        self.headers = script.headers
        self._steps: list[Step] = list(reversed(script.steps))
        self._cut = script.cut

    async def chunk(self) -> bytes:
        while self._steps:
            step = self._steps.pop()
            # Also without a wait: other calls must get their turn.
            await asyncio.sleep(step.wait)
            if step.data:
                return step.data
        if self._cut:
            raise aiohttp.ClientPayloadError("the script ends here")
        return b""

    async def read(self, progress: Callable[[], None]) -> bytes:
        pieces = []
        while data := await self.chunk():
            progress()
            pieces.append(data)
        return b"".join(pieces)

    @property
    def over(self) -> bool:
        return True

    def close(self) -> None:
        self._steps.clear()
