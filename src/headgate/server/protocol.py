"""What aiohttp's connections leave out: a deadline for request heads, and errors as JSON."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from headgate.dialects.openai_errors import error_body
from headgate.provider.failure import Failure, Kind
from headgate.server.ids import new_id
from headgate.server.reply import error_response

_SLOW_HEAD = Failure(Kind.SLOW_CLIENT, "The head of the request did not arrive in time.")
#: A write that the client does not take in one go is no reason to hold more than this.
_WRITE_BUFFER = 256 * 1024


class Connection(RequestHandler):
    """One client connection."""

    __slots__ = ("_head_since",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head_since = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if isinstance(transport, asyncio.WriteTransport) or hasattr(
            transport, "set_write_buffer_limits"
        ):
            transport.set_write_buffer_limits(high=_WRITE_BUFFER)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._current_request is None and not self._messages:
            # Bytes have come that do not make a request yet.
            if not self._head_since:
                self._head_since = self._loop.time()
        elif self._head_since:
            self._head_since = 0.0

    def close_slow_head(self, before: float) -> None:
        """Closes the connection if it has been sending one request's head since `before`."""
        if not self._head_since or self._head_since > before or self.transport is None:
            return
        if self._current_request is None and not self._messages:
            self.transport.write(_slow_head(new_id()))
            self.force_close()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answers what the parser refused, and what our own handlers failed to handle."""
        if status >= 500:
            self.log_exception("a request was not handled", exc_info=exc)
            failure = Failure(Kind.PLUGIN, "The gateway made a mistake; see its log.")
        else:
            failure = Failure(Kind.INVALID_REQUEST, "The request is not valid HTTP.")
        return error_response(failure, new_id(), close=True)


def _slow_head(request_id: str) -> bytes:
    """The answer to half a head: there is no request that a response could be prepared for."""
    body = error_body(_SLOW_HEAD, request_id)
    head = (
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\n"
        f"x-request-id: {request_id}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    return head.encode("ascii") + body


class Server(web.Server):
    """Makes a `Connection` for every client."""

    def __init__(self, handler: Any, *, options: dict[str, Any]) -> None:
        super().__init__(handler, handler_cancellation=True)
        self._options = options

    def __call__(self) -> RequestHandler:
        return Connection(self, loop=self._loop, **self._options)

    def close_slow_heads(self, before: float) -> None:
        """Closes every connection whose request head has been coming since `before`."""
        for connection in self.connections:
            if isinstance(connection, Connection):
                connection.close_slow_head(before)
