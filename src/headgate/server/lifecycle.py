"""The life of the process: listen, watch over the loop, drain, end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Awaitable, Callable

from aiohttp import web

from headgate.server.discovery import keep_discovering
from headgate.server.handlers import Handlers
from headgate.server.protocol import Server
from headgate.server.state import ServerState

_log = logging.getLogger("headgate.server")

_LOG_FLUSH = 0.2
_LAG_INTERVAL = 0.25
_SWEEP = 1.0
#: After a call the rest of a refused body is read for so long, then the connection is closed.
_LINGER = 2.0
#: After a second signal running calls have this long to be settled.
_HURRY = 0.25


async def run_server(
    state: ServerState,
    close: Callable[[], Awaitable[None]],
    on_start: Callable[[str, int], None],
) -> None:
    """Serves until SIGTERM or SIGINT, then drains. `on_start` gets the address in force."""
    settings = state.runtime.server
    server = Server(
        Handlers(state),
        options={
            "keepalive_timeout": settings.keepalive,
            "access_log": None,
            "auto_decompress": False,
            "lingering_time": _LINGER,
        },
    )
    runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=settings.drain)
    await runner.setup()
    site = web.TCPSite(runner, settings.host, settings.port, backlog=4096)
    stop = asyncio.Event()
    try:
        await site.start()
        async with asyncio.TaskGroup() as tasks:
            chores = [
                tasks.create_task(_flush_log(state)),
                tasks.create_task(_measure_lag(state)),
                tasks.create_task(_sweep(server, settings.header_timeout)),
                tasks.create_task(keep_discovering(state.runtime)),
            ]
            loop = asyncio.get_running_loop()
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.add_signal_handler(number, stop.set)
            on_start(settings.host, _port(runner, settings.port))
            await stop.wait()
            await _drain(state, server, runner, loop)
            for chore in chores:
                chore.cancel()
    finally:
        await runner.cleanup()
        await close()
        state.runtime.log.flush()


async def _drain(
    state: ServerState, server: Server, runner: web.ServerRunner, loop: asyncio.AbstractEventLoop
) -> None:
    """Says no to readiness probes, then closes the port, then lets running calls finish. A
    second signal ends the wait.
    """
    state.draining = True
    _log.info("draining: running calls may finish")
    hurry = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, hurry.set)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(state.runtime.server.drain_delay):
            await hurry.wait()
    cleanup = asyncio.create_task(runner.cleanup())
    hurrying = asyncio.create_task(hurry.wait())
    await asyncio.wait({cleanup, hurrying}, return_when=asyncio.FIRST_COMPLETED)
    hurrying.cancel()
    if not cleanup.done():
        cleanup.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await cleanup
    # After a second signal: what is still open is closed now, and not waited for again.
    await server.shutdown(_HURRY)


def _port(runner: web.ServerRunner, asked: int) -> int:
    addresses = runner.addresses
    return int(addresses[0][1]) if addresses else asked


async def _flush_log(state: ServerState) -> None:
    while True:
        await asyncio.sleep(_LOG_FLUSH)
        state.runtime.log.flush()


async def _measure_lag(state: ServerState) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + _LAG_INTERVAL
        await asyncio.sleep(_LAG_INTERVAL)
        state.lag = max(state.lag, loop.time() - due)


async def _sweep(server: Server, header_timeout: float) -> None:
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(min(_SWEEP, header_timeout))
        server.close_slow_heads(loop.time() - header_timeout)
