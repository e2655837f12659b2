"""Answers on their way out: whole, streamed, and errors."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

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
_SECURITY = (
    ("Server", "headgate"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)
#: Kinds that a client's own retries cannot mend; those SDKs must not multiply our attempts.
_NO_RETRY = frozenset(
    {Kind.QUOTA_EXHAUSTED, Kind.CREDENTIALS, Kind.OVER_BUDGET, Kind.PLUGIN, Kind.CONFLICT}
)


def json_response(
    request_id: str, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    fields: CIMultiDict[str] = CIMultiDict(_SECURITY)
    fields["Content-Type"] = "application/json"
    fields["x-request-id"] = request_id
    if headers:
        fields.update(headers)
    return web.Response(body=body, status=status, headers=fields)


def error_response(
    failure: Failure, request_id: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """An error in OpenAI's shape, with what SDKs need to decide about retrying."""
    fields = dict(headers or {})
    if failure.retry_after is not None:
        fields["retry-after"] = str(max(1, round(failure.retry_after)))
        fields["retry-after-ms"] = str(max(1, round(failure.retry_after * 1000)))
    if failure.kind in _NO_RETRY:
        fields["x-should-retry"] = "false"
    body = error_body(failure, request_id)
    response = json_response(request_id, body, status_of(failure), fields)
    if failure.kind in (Kind.TOO_LARGE, Kind.SLOW_CLIENT):
        # The rest of the body is not going to be read.
        response.force_close()
    return response


def receipt_headers(receipt: Receipt) -> dict[str, str]:
    """Where a call went and what it cost."""
    headers = {"x-headgate-route": receipt.route}
    if receipt.lines:
        attempts = [line.attempt for line in receipt.lines]
        target = attempts[-1].target
        headers["x-headgate-provider"] = target.provider
        headers["x-headgate-model"] = header_text(target.model)
        headers["x-headgate-attempts"] = header_text(told(attempts))
        if receipt.failure is None and (cost := receipt.cost) is not None:
            headers["x-headgate-cost-usd"] = usd(cost)
        headers["server-timing"] = (
            f"upstream;dur={receipt.waited * 1000:.2f}, total;dur={receipt.duration * 1000:.2f}"
        )
    return headers


def usd(nano: int) -> str:
    """Nano-USD as a decimal without an exponent: `0.000123`."""
    whole, fraction = divmod(nano, _NANO)
    return f"{whole}.{fraction:09d}".rstrip("0").rstrip(".")


def header_text(text: str) -> str:
    """Text that is safe in a header: a model's name may hold any printable character."""
    return text if text.isascii() else text.encode("ascii", "backslashreplace").decode("ascii")


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
        fields: CIMultiDict[str] = CIMultiDict(_SECURITY)
        fields["Content-Type"] = "text/event-stream; charset=utf-8"
        fields["X-Accel-Buffering"] = "no"
        fields["x-request-id"] = self._request_id
        fields["x-headgate-route"] = head.route
        fields["x-headgate-provider"] = head.target.provider
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
