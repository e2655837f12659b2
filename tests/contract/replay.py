"""A vendor that answers from recordings: the recorded status, headers and bytes, on a real socket.

`http://127.0.0.1:<port>/<door>/<recording>/v1` is a base URL. The door is any word; the journal is
kept by door, so that what a client sent directly can be compared with what the gateway sent.
"""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from .recordings import Recording

#: The sizes of a stream's pieces: within a line, within an event, and over several events.
_PIECES = (1, 63, 2, 257, 7, 1021, 31)
_QUIET_SECONDS = 30.0


@dataclass(frozen=True)
class Seen:
    """A request as it arrived. Header names are in lower case."""

    headers: Mapping[str, str]
    body: dict[str, Any]
    raw: bytes


class Replay:
    """The vendor, in threads of its own."""

    def __init__(self, recordings: Iterable[Recording]) -> None:
        self.recordings = {recording.id: recording for recording in recordings}
        #: Set to let a silent vendor speak on.
        self.go_on = threading.Event()
        self._seen: dict[tuple[str, str], list[Seen]] = {}
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

    def url(self, door: str, recording: Recording) -> str:
        """The base URL that answers with this recording."""
        return f"http://127.0.0.1:{self._server.server_port}/{door}/{recording.id}/v1"

    def last(self, door: str, recording: Recording) -> Seen:
        """The latest request that came through this door for this recording."""
        with self._lock:
            return self._seen[door, recording.id][-1]

    def note(self, door: str, recording: Recording, seen: Seen) -> None:
        """Writes a request into the journal."""
        with self._lock:
            self._seen.setdefault((door, recording.id), []).append(seen)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, replay: Replay) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.replay = replay


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Pieces must leave as they are written, not when the last one was acknowledged.
    disable_nagle_algorithm = True
    timeout = _QUIET_SECONDS
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"]))
        door, _, rest = self.path.removeprefix("/").partition("/")
        name, _, path = rest.partition("/v1")
        recording = self.server.replay.recordings.get(name)
        if recording is None or path != recording.path:
            self.send_error(418, f"no recording answers {self.path}")
            return
        headers = {key.lower(): value for key, value in self.headers.items()}
        self.server.replay.note(door, recording, Seen(headers, json.loads(raw), raw))
        self.send_response(recording.status)
        for key, value in recording.headers.items():
            self.send_header(key, value)
        if "event-stream" in recording.headers.get("content-type", ""):
            self._stream(recording.body, recording.silent_at)
        else:
            self.send_header("Content-Length", str(len(recording.body)))
            self.end_headers()
            self.wfile.write(recording.body)

    def _stream(self, body: bytes, silent_at: int) -> None:
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in torn(body[:silent_at]):
            self._write(piece)
        if silent_at:
            self.server.replay.go_on.wait(_QUIET_SECONDS)
        for piece in torn(body[silent_at:]):
            self._write(piece)
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, piece: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own word
        """The journal is the log."""


def torn(body: bytes) -> Iterator[bytes]:
    """The body in pieces whose ends have nothing to do with those of lines and events."""
    sizes, start = itertools.cycle(_PIECES), 0
    while start < len(body):
        end = start + next(sizes)
        yield body[start:end]
        start = end
