"""Connections that wait for their next request.

aiohttp's connector opens them (DNS, TLS, the race between addresses); between two requests they
wait here, with their parser, so that the next request costs a look and not a rebuilding.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from typing import Any, cast

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

from headgate.upstream.origin import Origin

#: Idle connections are dropped before vendors drop them.
KEEPALIVE = 15.0
_DNS_CACHE = 60
_MAX_FIELD = 16 * 1024
_READ_BUFFER = 2**18


class Protocol(ResponseHandler):
    """aiohttp's, which leaves a body waiting for ever when its chunked encoding breaks."""

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        super().connection_lost(exc)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is not valid HTTP"))


class Pool:
    """Every outgoing connection. Needs a running event loop."""

    def __init__(self, keepalive: float = KEEPALIVE) -> None:
        self._keepalive = keepalive
        self._loop = asyncio.get_running_loop()
        self._connector = aiohttp.TCPConnector(limit=0, ttl_dns_cache=_DNS_CACHE)
        factory: Any = functools.partial(Protocol, loop=self._loop)
        self._connector._factory = factory  # noqa: SLF001 - there is no other way to choose it
        self._idle: dict[Origin, deque[tuple[Connection, float]]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def take(self, origin: Origin, connect: aiohttp.ClientTimeout) -> Connection:
        """A connection to `origin`: the one used last, or a new one. Raises aiohttp's errors."""
        idle = self._idle.get(origin)
        while idle:
            connection, since = idle.pop()
            protocol = connection.protocol
            if (
                protocol is not None
                and protocol.is_connected()
                # A vendor that said something nobody asked for is not listened to again.
                and not protocol.should_close
                and self._loop.time() - since < self._keepalive
            ):
                return connection
            connection.close()
        connection = await self._connector.connect(cast(Any, origin), [], connect)
        protocol = connection.protocol
        if protocol is None:
            raise aiohttp.ServerDisconnectedError
        # Once for all answers: the parser goes on from one to the next.
        protocol.set_response_params(
            read_until_eof=True,
            auto_decompress=False,
            read_bufsize=_READ_BUFFER,
            max_field_size=_MAX_FIELD,
        )
        return connection

    def give_back(self, origin: Origin, connection: Connection) -> None:
        """A connection whose answer is complete; it waits for the next request or is closed."""
        protocol = connection.protocol
        if protocol is None or protocol.should_close or not protocol.is_connected():
            connection.close()
            return
        self._idle.setdefault(origin, deque()).append((connection, self._loop.time()))
        if self._sweep is None:
            self._sweep = self._loop.call_later(self._keepalive, self._drop_old)

    def _drop_old(self) -> None:
        """Closes what has waited too long; comes back as long as something waits."""
        self._sweep = None
        before = self._loop.time() - self._keepalive
        for origin, idle in list(self._idle.items()):
            while idle and idle[0][1] <= before:
                idle.popleft()[0].close()
            if not idle:
                del self._idle[origin]
        if self._idle:
            self._sweep = self._loop.call_later(self._keepalive / 3, self._drop_old)

    async def close(self) -> None:
        """Closes every connection."""
        if self._sweep is not None:
            self._sweep.cancel()
        for idle in self._idle.values():
            for connection, _ in idle:
                connection.close()
        self._idle.clear()
        await self._connector.close()
