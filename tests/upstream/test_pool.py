"""Connections between two requests, against a real socket."""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import pytest
from yarl import URL

from headgate.upstream.origin import Origin
from headgate.upstream.pool import Pool

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
WAIT = aiohttp.ClientTimeout(connect=2.0)


class Vendor:
    """Answers request number n on a connection with `answer(n)`; counts its connections."""

    def __init__(self, answer: Callable[[int], bytes]) -> None:
        self._answer = answer
        self.connections = 0
        self.closed = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = 0
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(self._answer(number))
                number += 1
        except asyncio.IncompleteReadError:
            self.closed += 1
        finally:
            writer.close()


def against(vendor: Vendor, story: Callable[[Pool, Origin], Awaitable[None]]) -> None:
    async def main() -> None:
        server = await asyncio.start_server(vendor.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        pool = Pool(keepalive=0.15)
        async with server:
            await story(pool, Origin(URL(f"http://127.0.0.1:{port}")))
            await pool.close()
            await asyncio.sleep(0.02)

    asyncio.run(main())


async def ask(pool: Pool, origin: Origin) -> bytes:
    connection = await pool.take(origin, WAIT)
    assert connection.protocol is not None
    assert connection.transport is not None
    connection.transport.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    _, content = await connection.protocol.read()
    content.on_eof(lambda: pool.give_back(origin, connection))
    return await content.read()


def test_a_connection_is_used_again_and_closed_at_the_end() -> None:
    vendor = Vendor(lambda number: ANSWER + b"%02d" % number)

    async def story(pool: Pool, origin: Origin) -> None:
        assert [await ask(pool, origin) for _ in range(3)] == [b"00", b"01", b"02"]

    against(vendor, story)
    assert (vendor.connections, vendor.closed) == (1, 1)


@pytest.mark.parametrize("late", [False, True], ids=["in the same packet", "a moment later"])
def test_an_answer_nobody_asked_for_reaches_no_later_request(late: bool) -> None:
    extra = ANSWER + b"!!"
    vendor = Vendor(lambda number: ANSWER + b"ok" + (b"" if late else extra))

    async def story(pool: Pool, origin: Origin) -> None:
        connection = await pool.take(origin, WAIT)
        pool.give_back(origin, connection)
        assert await ask(pool, origin) == b"ok"
        if late and connection.protocol is not None:
            connection.protocol.data_received(extra)
        await asyncio.sleep(0.02)
        assert await ask(pool, origin) == b"ok"

    against(vendor, story)
    assert vendor.connections == 2


def test_a_connection_that_waited_too_long_is_closed_unasked() -> None:
    vendor = Vendor(lambda number: ANSWER + b"ok")

    async def story(pool: Pool, origin: Origin) -> None:
        await ask(pool, origin)
        await asyncio.sleep(0.4)
        assert vendor.closed == 1
        await ask(pool, origin)

    against(vendor, story)
    assert vendor.connections == 2


def test_a_connection_the_vendor_closed_is_not_used_again() -> None:
    vendor = Vendor(
        lambda number: ANSWER.replace(b"OK\r\n", b"OK\r\nConnection: close\r\n") + b"ok"
    )

    async def story(pool: Pool, origin: Origin) -> None:
        assert await ask(pool, origin) == b"ok"
        assert await ask(pool, origin) == b"ok"

    against(vendor, story)
    assert vendor.connections == 2
