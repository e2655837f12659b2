"""Sending one request to a vendor: the only place that opens outgoing connections.

aiohttp's connector and its C parser do the work; its session is left out, which builds half a
dozen objects for every request that a gateway has no use for. Redirects are never followed, cookies
never kept, the environment's proxies never used, and the clocks are ours (`Watch`).
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from typing import Any

import aiohttp
import orjson

from headgate.provider.base import Credentials
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Response, Script
from headgate.upstream.answer import Answer, HttpAnswer, ScriptedAnswer
from headgate.upstream.origin import extra_fields, prepared
from headgate.upstream.pool import Pool

#: After the last message of a stream, its connection has this long to end.
_LINGER = 0.5


class Client:
    """Requests to all providers. Needs a running event loop."""

    def __init__(self) -> None:
        self._pool = Pool()
        self._leaving: set[asyncio.Task[None]] = set()

    async def send(
        self,
        request: Request | Script,
        auth_header: tuple[str, str],
        key: Secret | None,
        connect: float,
        signer: Credentials | None = None,
    ) -> Answer:
        """The answer's head. Raises aiohttp's exceptions; see `failures`."""
        if isinstance(request, Script):
            if request.cut and not request.steps:
                raise aiohttp.ServerDisconnectedError
            return ScriptedAnswer(request)
        headers = request.headers
        accept = not headers or not any(name.lower() == "accept" for name in headers)
        origin, head = prepared(request.method, request.url, auth_header, key, accept=accept)
        if headers:
            head += extra_fields(headers)
        body = request.body
        if signer is not None:
            body = _serialised(body)
            # May read files or ask a metadata server when credentials are renewed.
            signed = await asyncio.to_thread(signer.sign, request, body)
            head += extra_fields(signed)
        message = _message(head, body)
        connection = await self._pool.take(origin, _within(connect))
        try:
            protocol, transport = connection.protocol, connection.transport
            if protocol is None or transport is None:
                raise aiohttp.ServerDisconnectedError
            transport.write(message)
            while True:
                answer, content = await protocol.read()
                # Interim answers say nothing; 101 would be a protocol nobody asked for.
                if not 100 <= answer.code <= 199 or answer.code == 101:
                    break
        except BaseException:
            connection.close()
            raise
        # Back to the pool as soon as the body is complete, read or not.
        content.on_eof(functools.partial(self._pool.give_back, origin, connection))
        return HttpAnswer(answer.code, answer.headers, content, connection)

    async def ask(
        self,
        request: Request,
        auth_header: tuple[str, str] = ("", ""),
        key: Secret | None = None,
        connect: float = 5.0,
        signer: Credentials | None = None,
    ) -> Response:
        """A whole answer. Without a key or a signer the request holds all it needs."""
        answer = await self.send(request, auth_header, key, connect, signer)
        try:
            body = await answer.read(lambda: None)
        finally:
            answer.close()
        return Response(answer.status, lowered(answer.headers), body)

    def see_out(self, answer: Answer) -> None:
        """Lets a body end of which nothing is missing any more, so that its connection can be used
        again. Nobody has to wait for that.
        """
        if answer.over:
            answer.close()
            return
        task = asyncio.create_task(_read_out(answer))
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """Closes every connection."""
        for task in tuple(self._leaving):
            task.cancel()
        await self._pool.close()


async def _read_out(answer: Answer) -> None:
    try:
        async with asyncio.timeout(_LINGER):
            while await answer.chunk():
                pass
    except Exception:  # noqa: BLE001 - the answer is complete; its connection is just dropped
        return
    finally:
        answer.close()


@functools.lru_cache(maxsize=256)
def _within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _message(head: str, body: bytes | Mapping[str, Any] | None) -> bytes:
    """Head and body in one piece: one write, one packet."""
    if body is None:
        return f"{head}\r\n\r\n".encode("ascii")
    data = _serialised(body)
    type_ = "" if "\r\nContent-Type:" in head else "\r\nContent-Type: application/json"
    return f"{head}{type_}\r\nContent-Length: {len(data)}\r\n\r\n".encode("ascii") + data


def _serialised(body: bytes | Mapping[str, Any] | None) -> bytes:
    return body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case, as plugins expect them."""
    return {name.lower(): value for name, value in headers.items()}
