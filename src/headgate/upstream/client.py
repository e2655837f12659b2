"""Sending one request to a vendor: the only place that opens outgoing connections.

aiohttp's connector (pool, DNS, TLS) and its C parser do the work; its session is left out, which
builds half a dozen objects for every request that a gateway has no use for. Redirects are never
followed, cookies never kept, the environment's proxies never used, and the clocks are ours
(`Watch`).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any, cast

import aiohttp
import orjson
from aiohttp.client_proto import ResponseHandler

from headgate.provider.base import Provider
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Script
from headgate.upstream.answer import Answer, HttpAnswer, ScriptedAnswer
from headgate.upstream.origin import Origin, extra_fields, prepared

#: Idle connections are dropped before vendors drop them.
_KEEPALIVE = 15.0
_DNS_CACHE = 60
_MAX_FIELD = 16 * 1024
_READ_BUFFER = 2**18


class _Protocol(ResponseHandler):
    """aiohttp's, which leaves a body waiting for ever when its chunked encoding breaks."""

    def connection_lost(self, exc: BaseException | None) -> None:
        body = self._payload
        super().connection_lost(exc)
        if body is not None and not body.is_eof() and body.exception() is None:
            body.set_exception(aiohttp.ClientPayloadError("the body is not valid HTTP"))


class Client:
    """Connections to all providers. Needs a running event loop."""

    def __init__(self) -> None:
        self._connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=_KEEPALIVE, ttl_dns_cache=_DNS_CACHE
        )
        factory: Any = functools.partial(_Protocol, loop=asyncio.get_running_loop())
        self._connector._factory = factory  # noqa: SLF001 - there is no other way to choose it

    async def send(
        self, provider: Provider, request: Request | Script, key: Secret | None, connect: float
    ) -> Answer:
        """The answer's head. Raises aiohttp's exceptions; see `failures`."""
        if isinstance(request, Script):
            if request.cut and not request.steps:
                raise aiohttp.ServerDisconnectedError
            return ScriptedAnswer(request)
        origin, head = prepared(request.method, request.url, provider.auth_header, key)
        if request.headers:
            head += extra_fields(request.headers)
        return await self._exchange(origin, _message(head, request.body), connect)

    async def _exchange(self, origin: Origin, message: bytes, connect: float) -> Answer:
        connection = await self._connector.connect(cast(Any, origin), [], _within(connect))
        protocol, transport = connection.protocol, connection.transport
        if protocol is None or transport is None:
            raise aiohttp.ServerDisconnectedError
        try:
            protocol.set_response_params(
                read_until_eof=True,
                auto_decompress=False,
                read_bufsize=_READ_BUFFER,
                max_field_size=_MAX_FIELD,
            )
            transport.write(message)
            while True:
                head, content = await protocol.read()
                # Interim answers say nothing; 101 would be a protocol nobody asked for.
                if not 100 <= head.code <= 199 or head.code == 101:
                    break
        except BaseException:
            connection.close()
            raise
        return HttpAnswer(head.code, head.headers, content, connection)

    async def close(self) -> None:
        """Closes every connection."""
        await self._connector.close()


@functools.lru_cache(maxsize=256)
def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _message(head: str, body: bytes | Mapping[str, Any] | None) -> bytes:
    """Head and body in one piece: one write, one packet."""
    if body is None:
        return f"{head}\r\n\r\n".encode("ascii")
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    type_ = "" if "\r\nContent-Type:" in head else "\r\nContent-Type: application/json"
    return f"{head}{type_}\r\nContent-Length: {len(data)}\r\n\r\n".encode("ascii") + data


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case, as plugins expect them."""
    return {name.lower(): value for name, value in headers.items()}
