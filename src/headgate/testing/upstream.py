"""A vendor to test against: OpenAI's dialect on a raw socket, scripted, faulty on demand.

It speaks through real loopback sockets and sends exactly the bytes it is told to, so it can do
what no HTTP library does. What to say is a `Scenario` (see `upstream_scenarios`), chosen by the
name of the model that is asked for.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import struct
import threading
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, Self

import orjson

from headgate.testing.upstream_journal import Visit
from headgate.testing.upstream_scenarios import listing, refusal
from headgate.testing.upstream_script import Close, Hang, Reset, Scenario, Send, Step

_WRITE_BUFFER = 64 * 1024
_LINGER_AND_RESET = struct.pack("ii", 1, 0)
_JOIN_SECONDS = 10.0


class FakeUpstream:
    """An OpenAI-compatible vendor in a thread of its own.

        with FakeUpstream({"good": whole("Hi"), "bad": [refusal(503), whole("Hi")]}) as vendor:
            vendor.url      # http://127.0.0.1:41234/v1, the base_url of a `custom` provider
            vendor.visits   # the journal

    Of several scenarios for a model each serves one request, the last one all that follow. A model
    without a scenario gets the 404 a vendor would give.
    """

    def __init__(
        self, models: Mapping[str, Scenario | Sequence[Scenario]] | None = None, port: int = 0
    ) -> None:
        """`port` 0 picks a free one; naming one brings a vendor back where it was."""
        self._scripts: dict[str, list[Scenario]] = {}
        self._lock = threading.Lock()
        self._journal: list[Visit] = []
        self._loop = asyncio.new_event_loop()
        self._thread: threading.Thread | None = None
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._numbers = itertools.count(1)
        self._asked_port = port
        self.port = 0
        for model, scenarios in (models or {}).items():
            self.script(
                model, *([scenarios] if isinstance(scenarios, Scenario) else list(scenarios))
            )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listens on 127.0.0.1. Raises `OSError` if the port is taken."""
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._run(self._listen())

    def stop(self) -> None:
        """Closes the port and resets every connection, as a crash would. May be called twice."""
        if self._thread is None:
            return
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_JOIN_SECONDS)
        self._thread = None
        self._loop.close()

    @property
    def url(self) -> str:
        """The `base_url` under which it answers."""
        return f"http://127.0.0.1:{self.port}/v1"

    def script(self, model: str, *scenarios: Scenario) -> None:
        """What `model` does from now on, one scenario a request; the last one stays."""
        if not scenarios:
            raise ValueError("a model needs at least one scenario")
        with self._lock:
            self._scripts[model] = list(scenarios)

    @property
    def visits(self) -> list[Visit]:
        """The journal: every request so far, oldest first."""
        with self._lock:
            return list(self._journal)

    def of(self, model: str) -> list[Visit]:
        """The requests for one model."""
        return [visit for visit in self.visits if visit.model == model]

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    def wait(self, condition: Callable[[], object], seconds: float = 5.0) -> bool:
        """Waits until `condition()` holds, and says whether it came to that."""
        until = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > until:
                return False
            time.sleep(0.005)
        return True

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            lambda: _Connection(self._loop, next(self._numbers), self._answer, self._open),
            "127.0.0.1",
            self._asked_port,
            backlog=1024,
        )
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def _shut(self) -> None:
        if self._server is not None:
            self._server.close()
        tasks = [connection.end() for connection in list(self._open)]
        if tasks:
            await asyncio.wait(tasks)
        # The sockets close in the loop's next round.
        await asyncio.sleep(0)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_JOIN_SECONDS)

    def _answer(self, visit: Visit) -> Scenario:
        with self._lock:
            self._journal.append(visit)
            if visit.method == "GET" and visit.path.endswith("/models"):
                return listing(self._scripts)
            scripted = self._scripts.get(visit.model)
            if not scripted:
                return refusal(
                    404, f"The model {visit.model!r} does not exist", code="model_not_found"
                )
            return scripted.pop(0) if len(scripted) > 1 else scripted[0]


class _Connection(asyncio.Protocol):
    """One connection: reads requests, plays scenarios, notices when the peer goes."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        number: int,
        answer: Callable[[Visit], Scenario],
        open_ones: set[_Connection],
    ) -> None:
        self._loop = loop
        self._number = number
        self._answer = answer
        self._open = open_ones
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[None] | None = None
        self._visit: Visit | None = None
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a vendor needs a stream transport")
        transport.set_write_buffer_limits(high=_WRITE_BUFFER)
        self._transport = transport
        self._open.add(self)
        self._task = self._loop.create_task(self._serve(transport))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._news.set()

    def eof_received(self) -> bool:
        self._peer_left("closed")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._peer_left("reset" if exc is not None else "closed")
        self._open.discard(self)

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def end(self) -> asyncio.Task[None]:
        """Resets the connection; the task that is then over."""
        if self._transport is None or self._task is None:
            raise RuntimeError("the connection was never made")
        self._visit = None
        _reset(self._transport)
        self._task.cancel()
        return self._task

    def _peer_left(self, how: Literal["closed", "reset"]) -> None:
        visit = self._visit
        if visit is not None and visit.left is None:
            visit.left, visit.left_at = how, time.monotonic()
            visit.ended = visit.left_at
        if self._task is not None:
            self._task.cancel()

    async def _serve(self, transport: asyncio.Transport) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            while True:
                visit = self._visit = await self._request()
                scenario = self._answer(visit)
                visit.scenario, visit.usage = scenario.name, scenario.usage
                for step in scenario.steps:
                    await self._play(step, visit, transport)
                visit.ended = time.monotonic()
                visit.finished = True
                self._visit = None

    async def _request(self) -> Visit:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            await self._more()
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        method, path, _ = (*lines[0].split(" "), "", "")[:3]
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        length, start = int(headers.get("content-length") or 0), end + 4
        while len(self._buffer) < start + length:
            await self._more()
        raw = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        body = _json(raw)
        model = str(body.get("model", "")) if isinstance(body, dict) else ""
        return Visit(method, path, headers, raw, body, model, self._number, time.monotonic())

    async def _more(self) -> None:
        self._news.clear()
        await self._news.wait()

    async def _play(self, step: Step, visit: Visit, transport: asyncio.Transport) -> None:
        match step:
            case Send(data, after):
                if after:
                    await asyncio.sleep(after)
                if visit.first_byte is None:
                    visit.first_byte = time.monotonic()
                before = visit.sent
                transport.write(data)
                visit.sent = before + len(data) - transport.get_write_buffer_size()
                await self._writable.wait()
                # What is still in our own buffer is small now, and counts as sent.
                visit.sent = before + len(data)
            case Hang():
                await self._loop.create_future()
            case Close():
                self._finish(visit)
                transport.close()
                await self._loop.create_future()
            case Reset():
                self._finish(visit)
                _reset(transport)
                await self._loop.create_future()

    def _finish(self, visit: Visit) -> None:
        visit.ended = time.monotonic()
        visit.finished = True
        self._visit = None


def _reset(transport: asyncio.Transport) -> None:
    raw: socket.socket | None = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_AND_RESET)
    transport.abort()


def _json(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return None
