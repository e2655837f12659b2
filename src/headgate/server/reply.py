"""Answers on their way out: whole, streamed, and errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter
from multidict import CIMultiDict

from headgate.accounting.receipt import Receipt
from headgate.attempts.attempt import told
from headgate.attempts.reply import ClientGone, Head
from headgate.dialects.openai_errors import error_body, status_of
from headgate.provider.failure import Failure, Kind

_NANO = 10**9
#: Bytes the kernel has not taken yet, past which we wait for the client.
_BACKLOG = 64 * 1024
#: How long a client may take nothing of a whole answer.
_PATIENCE = 30.0
_ALWAYS = (
    ("Server", "headgate"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
_ALWAYS_TEXT = "".join(f"{name}: {value}\r\n" for name, value in _ALWAYS)
_STATUS_LINES = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}
#: Kinds that a client's own retries cannot mend; those SDKs must not multiply our attempts.
_NO_RETRY = frozenset(
    {Kind.QUOTA_EXHAUSTED, Kind.CREDENTIALS, Kind.OVER_BUDGET, Kind.PLUGIN, Kind.CONFLICT}
)

Headers = Iterable[tuple[str, str]]


class _Clock:
    """The Date header, formatted once a second."""

    __slots__ = ("_second", "_text")

    def __init__(self) -> None:
        self._second = 0
        self._text = ""

    def date(self) -> str:
        """The current date line."""
        second = int(time.time())
        if second != self._second:
            self._second = second
            self._text = f"Date: {formatdate(second, usegmt=True)}\r\n"
        return self._text


_clock = _Clock()


class WholeResponse(web.StreamResponse):
    """An answer that is complete: head and body go out in one write.

    The library's own response builds a header map, serialises it and writes through three layers,
    which costs as much as everything else Headgate does with a call.
    """

    def __init__(self, status: int, body: bytes, headers: Headers, *, close: bool = False) -> None:
        super().__init__(status=status)
        self._whole = body
        self._fields = headers
        self._close = close

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Sends everything."""
        keep = request.keep_alive and not self._close
        self._keep_alive = keep
        fields = "".join([f"{name}: {value}\r\n" for name, value in self._fields])
        connection = ""
        if not keep:
            connection = "Connection: close\r\n"
        elif request.version < (1, 1):
            connection = "Connection: keep-alive\r\n"
        head = (
            f"{_STATUS_LINES[self.status]}{_ALWAYS_TEXT}{fields}{_clock.date()}{connection}"
            f"Content-Length: {len(self._whole)}\r\n\r\n"
        ).encode("ascii", "backslashreplace")
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(head if request.method == "HEAD" else head + self._whole)
        if transport.get_write_buffer_size() > _BACKLOG:
            await _drained(request)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


async def _drained(request: web.BaseRequest) -> None:
    """Waits until a client has taken a large answer. Raises `ConnectionResetError`."""
    transport = request.transport
    waited, left = 0.0, 0
    while transport is not None and not transport.is_closing():
        size = transport.get_write_buffer_size()
        if size <= _BACKLOG:
            return
        waited = waited + 0.02 if size == left else 0.0
        left = size
        if waited > _PATIENCE:
            transport.abort()
            raise ConnectionResetError
        await asyncio.sleep(0.02)
    raise ConnectionResetError


def json_response(
    request_id: str, body: bytes, status: int = 200, headers: Headers = ()
) -> web.StreamResponse:
    """A JSON answer."""
    fields = [("Content-Type", "application/json"), ("x-request-id", request_id), *headers]
    return WholeResponse(status, body, fields)


def error_response(
    failure: Failure, request_id: str, headers: Headers = (), *, close: bool = False
) -> web.StreamResponse:
    """An error in OpenAI's shape, with what SDKs need to decide about retrying."""
    fields = [("Content-Type", "application/json"), ("x-request-id", request_id), *headers]
    if failure.retry_after is not None:
        fields.append(("retry-after", str(max(1, round(failure.retry_after)))))
        fields.append(("retry-after-ms", str(max(1, round(failure.retry_after * 1000)))))
    if failure.kind in _NO_RETRY:
        fields.append(("x-should-retry", "false"))
    # After these the rest of the body is not going to be read.
    close = close or failure.kind in (Kind.TOO_LARGE, Kind.SLOW_CLIENT)
    return WholeResponse(status_of(failure), error_body(failure, request_id), fields, close=close)


def receipt_headers(receipt: Receipt) -> list[tuple[str, str]]:
    """Where a call went and what it cost."""
    headers = [("x-headgate-route", receipt.route)]
    if receipt.lines:
        attempts = [line.attempt for line in receipt.lines]
        target = attempts[-1].target
        waited, total = receipt.waited * 1000, receipt.duration * 1000
        headers += (
            ("x-headgate-provider", header_text(target.provider)),
            ("x-headgate-model", header_text(target.model)),
            ("x-headgate-attempts", header_text(told(attempts))),
            ("server-timing", f"upstream;dur={waited:.2f}, total;dur={total:.2f}"),
        )
        if receipt.failure is None and (cost := receipt.cost) is not None:
            headers.append(("x-headgate-cost-usd", usd(cost)))
    return headers


def usd(nano: int) -> str:
    """Nano-USD as a decimal without an exponent: `0.000123`."""
    whole, fraction = divmod(nano, _NANO)
    return f"{whole}.{fraction:09d}".rstrip("0").rstrip(".")


def header_text(text: str) -> str:
    """Text that is safe in a header: a model's name may hold any character."""
    if text.isascii() and text.isprintable():
        return text
    return ascii(text)[1:-1]


class StreamReply:
    """A stream to one client. Nothing is sent before `begin`."""

    __slots__ = (
        "_chunked",
        "_patience",
        "_request",
        "_request_id",
        "_transport",
        "_writer",
        "blocked",
        "response",
    )

    def __init__(self, request: web.BaseRequest, request_id: str, patience: float) -> None:
        self._request = request
        self._request_id = request_id
        self._patience = patience
        self._writer: AbstractStreamWriter | None = None
        self._transport: asyncio.Transport | None = None
        self._chunked = False
        self.blocked = False
        self.response: web.StreamResponse | None = None

    async def begin(self, head: Head) -> None:
        attempts = f"{head.before}, {head.target}:ok" if head.before else f"{head.target}:ok"
        fields: CIMultiDict[str] = CIMultiDict(_ALWAYS)
        fields["Content-Type"] = "text/event-stream; charset=utf-8"
        fields["X-Accel-Buffering"] = "no"
        fields["x-request-id"] = self._request_id
        fields["x-headgate-route"] = head.route
        fields["x-headgate-provider"] = header_text(head.target.provider)
        fields["x-headgate-model"] = header_text(head.target.model)
        fields["x-headgate-attempts"] = header_text(attempts)
        self.response = web.StreamResponse(headers=fields)
        if self._request.version >= (1, 1):
            self.response.enable_chunked_encoding()
            self._chunked = True
        try:
            self._writer = await self.response.prepare(self._request)
        except ConnectionError:
            raise ClientGone from None

    async def write(self, data: bytes) -> None:
        if not data:
            return
        transport = self._transport
        if transport is None:
            await self._write_first(data)
            return
        if transport.is_closing():
            raise ClientGone
        # The frame of a chunk, written by hand: the library's writer costs three times as much.
        transport.write(b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        if transport.get_write_buffer_size() > _BACKLOG:
            await self._wait_for_client()

    async def _write_first(self, data: bytes) -> None:
        # The library joins the first piece with the headers into one packet.
        if self._writer is None:
            raise ClientGone
        try:
            await self._writer.write(data)
        except ConnectionError:
            raise ClientGone from None
        if self._request.transport is None:
            raise ClientGone
        self._transport = self._request.transport

    async def _wait_for_client(self) -> None:
        if self._writer is None:
            raise ClientGone
        self.blocked = True
        try:
            async with asyncio.timeout(self._patience):
                await self._writer.drain()
        except (TimeoutError, ConnectionError):
            if self._transport is not None:
                self._transport.abort()
            raise ClientGone from None
        finally:
            self.blocked = False
