"""Answers on their way out: whole, streamed, and errors."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from email.utils import formatdate
from http import HTTPStatus

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from headgate.accounting.receipt import Receipt
from headgate.attempts.attempt import told
from headgate.attempts.reply import ClientGone, Head
from headgate.dialects.openai_errors import error_body
from headgate.dialects.statuses import status_of
from headgate.provider.failure import Failure, Kind

_NANO = 10**9
#: Bytes the kernel has not taken yet, past which we wait for the client.
_BACKLOG = 64 * 1024
#: How long a client may take nothing of a whole answer.
_PATIENCE = 30.0
#: How often a client that lags is looked at.
_LOOK_AGAIN = 1.0
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


def _head(
    request: web.BaseRequest, status: int, fields: Headers, length: str, *, keep: bool
) -> str:
    """Status line and headers, ready to send; `length` is the line that says where it ends."""
    connection = ""
    if not keep:
        connection = "Connection: close\r\n"
    elif request.version < (1, 1):
        connection = "Connection: keep-alive\r\n"
    lines = "".join([f"{name}: {value}\r\n" for name, value in fields])
    return f"{_STATUS_LINES[status]}{_ALWAYS_TEXT}{lines}{_clock.date()}{connection}{length}\r\n"


async def _caught_up(request: web.BaseRequest, patience: float) -> None:
    """Waits until a client has taken what is buffered for it.

    Raises `ConnectionResetError`, also (and after cutting the connection) when the client takes
    nothing at all for `patience` seconds.
    """
    transport = request.transport
    taken_at, left = time.monotonic(), -1
    while transport is not None and not transport.is_closing():
        try:
            async with asyncio.timeout(_LOOK_AGAIN):
                await request.writer.drain()
            return
        except TimeoutError:
            size = transport.get_write_buffer_size()
            if size != left:
                taken_at, left = time.monotonic(), size
            elif time.monotonic() - taken_at > patience:
                transport.abort()
    raise ConnectionResetError


class WholeResponse(web.StreamResponse):
    """An answer that is complete: head and body go out in one write.

    The library's own response builds a header map, serialises it and writes through three layers,
    which costs as much as everything else Headgate does with a call.
    """

    def __init__(self, status: int, body: bytes, headers: Headers, *, close: bool = False) -> None:
        # The base's own state (a header map, cookies, a writer) is built for nothing here: the
        # server asks only for `prepare`, `write_eof` and `keep_alive`.
        self._status = status
        self._whole = body
        self._fields = headers
        self._close = close

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Sends everything."""
        keep = self._keep_alive = request.keep_alive and not self._close
        length = f"Content-Length: {len(self._whole)}\r\n"
        head = _head(request, self._status, self._fields, length, keep=keep).encode("ascii")
        transport = request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(head if request.method == "HEAD" else head + self._whole)
        if transport.get_write_buffer_size() > _BACKLOG:
            await _caught_up(request, _PATIENCE)
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Nothing is left to send."""


class StreamResponse(web.StreamResponse):
    """A stream that `StreamReply` has written already, but for its end."""

    def __init__(self, request: web.BaseRequest, *, chunked: bool) -> None:
        super().__init__()
        self._transport = request.transport
        self._in_chunks = chunked
        # Without chunks only the end of the connection says where the stream ends.
        self._keep_alive = request.keep_alive and chunked

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """The head has been sent."""
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        """Ends the stream."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        if self._in_chunks:
            self._transport.write(b"0\r\n\r\n")


def json_response(
    request_id: str, body: bytes, status: int = 200, headers: Headers = ()
) -> web.StreamResponse:
    """A JSON answer."""
    fields = [*_named("application/json", request_id), *headers]
    return WholeResponse(status, body, fields)


def error_response(
    failure: Failure,
    request_id: str,
    headers: Headers = (),
    *,
    close: bool = False,
    worded: Callable[[Failure, str], bytes] = error_body,
) -> web.StreamResponse:
    """An error in the client's dialect, with what SDKs need to decide about retrying."""
    fields = [*_named("application/json", request_id), *headers]
    if failure.retry_after is not None:
        fields.append(("retry-after", str(max(1, round(failure.retry_after)))))
        fields.append(("retry-after-ms", str(max(1, round(failure.retry_after * 1000)))))
    if failure.kind in _NO_RETRY:
        fields.append(("x-should-retry", "false"))
    # After these the rest of the body is not going to be read.
    close = close or failure.kind in (Kind.TOO_LARGE, Kind.SLOW_CLIENT)
    return WholeResponse(status_of(failure), worded(failure, request_id), fields, close=close)


def _named(content_type: str, request_id: str) -> tuple[tuple[str, str], ...]:
    """The answer's type and the request's id, under the names that both families of SDKs read."""
    return (
        ("Content-Type", content_type),
        ("x-request-id", request_id),
        ("request-id", request_id),
    )


def _dropped(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Says which parameters the vendor was not told."""
    return (("x-headgate-dropped", header_text(", ".join(names))),) if names else ()


def receipt_headers(receipt: Receipt) -> list[tuple[str, str]]:
    """Where a call went and what it cost."""
    headers = [("x-headgate-route", receipt.route)]
    if receipt.lines:
        attempts = [line.attempt for line in receipt.lines]
        target = attempts[-1].target
        waited, total = receipt.waited * 1000, receipt.duration * 1000
        story = told(attempts)
        provider, model = target
        if not (story.isascii() and story.isprintable()):
            # Both names are part of the story: where it is clean, so are they.
            story, provider, model = map(header_text, (story, provider, model))
        headers += (
            ("x-headgate-provider", provider),
            ("x-headgate-model", model),
            ("x-headgate-attempts", story),
            ("server-timing", f"upstream;dur={waited:.2f}, total;dur={total:.2f}"),
        )
        headers += _dropped(attempts[-1].dropped)
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
        "_head",
        "_patience",
        "_request",
        "_request_id",
        "_transport",
        "blocked",
        "response",
    )

    def __init__(self, request: web.BaseRequest, request_id: str, patience: float) -> None:
        self._request = request
        self._request_id = request_id
        self._patience = patience
        self._transport: asyncio.Transport | None = None
        self._chunked = request.version >= (1, 1)
        self._head = b""
        self.blocked = False
        self.response: web.StreamResponse | None = None

    def begin(self, head: Head) -> None:
        attempts = f"{head.before}, {head.target}:ok" if head.before else f"{head.target}:ok"
        fields = (
            ("Content-Type", "text/event-stream; charset=utf-8"),
            ("X-Accel-Buffering", "no"),
            ("x-request-id", self._request_id),
            ("request-id", self._request_id),
            ("x-headgate-route", head.route),
            ("x-headgate-provider", header_text(head.target.provider)),
            ("x-headgate-model", header_text(head.target.model)),
            ("x-headgate-attempts", header_text(attempts)),
            *_dropped(head.dropped),
        )
        request = self._request
        length = "Transfer-Encoding: chunked\r\n" if self._chunked else ""
        keep = request.keep_alive and self._chunked
        self._head = _head(request, 200, fields, length, keep=keep).encode("ascii")
        self._transport = request.transport
        self.response = StreamResponse(request, chunked=self._chunked)

    def write(self, data: bytes) -> bool:
        transport = self._transport
        if transport is None or transport.is_closing():
            raise ClientGone
        if not data:
            return False
        if self._chunked:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        if self._head:
            # Head and first token in one packet.
            data, self._head = self._head + data, b""
        transport.write(data)
        return transport.get_write_buffer_size() > _BACKLOG

    async def drain(self) -> None:
        self.blocked = True
        try:
            await _caught_up(self._request, self._patience)
        except ConnectionError:
            raise ClientGone from None
        finally:
            self.blocked = False
