"""A vendor that answers any path: what comes after `/<case>` in the address does not matter."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from .replay import Seen, torn
from .traffic import Case

#: Answers that come whole in one read are as untypical as those that come torn.
_STREAMS = ("event-stream", "ndjson", "eventstream")
_HOP_BY_HOP = frozenset({"content-length", "transfer-encoding", "connection"})


class AnyPath:
    """The vendor, in threads of its own, with the base URL of every case."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = {case.id: case for case in cases}
        self._seen: dict[str, list[tuple[str, Seen]]] = {}
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, case: Case) -> str:
        """The base URL that answers with this case's exchange."""
        return f"http://127.0.0.1:{self._server.server_port}/{case.id}{case.place.suffix}"

    def seen(self, case: Case) -> list[tuple[str, Seen]]:
        """The paths behind the case's name and the requests that came there, oldest first."""
        with self._lock:
            return list(self._seen.get(case.id, ()))

    def note(self, case: Case, path: str, seen: Seen) -> None:
        """Writes a request into the journal."""
        with self._lock:
            self._seen.setdefault(case.id, []).append((path, seen))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, vendor: AnyPath) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vendor = vendor


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30.0
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        name, _, path = self.path.removeprefix("/").partition("/")
        case = self.server.vendor.cases.get(name)
        if case is None:
            self.send_error(418, f"no recording answers {self.path}")
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        body = json.loads(raw) if raw else {}
        self.server.vendor.note(case, "/" + path, Seen(headers, body, raw))
        self._answer(case)

    do_GET = do_POST  # noqa: N815 - the base's own word

    def _answer(self, case: Case) -> None:
        exchange = case.exchange
        self.send_response(exchange.status)
        for key, value in exchange.headers.items():
            if key.lower() not in _HOP_BY_HOP:
                self.send_header(key, value)
        if any(word in exchange.headers.get("content-type", "") for word in _STREAMS):
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for piece in torn(exchange.body):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_header("Content-Length", str(len(exchange.body)))
            self.end_headers()
            self.wfile.write(exchange.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own word
        """The journal is the log."""
