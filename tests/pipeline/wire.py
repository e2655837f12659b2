"""A client without manners: raw sockets, any bytes, any way of leaving."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from headgate.testing.gateway import KEY, Gateway

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Hello"}]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. A chunked body is put together; `raw` is all that came."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return self.json["error"]

    @property
    def text(self) -> str:
        """The answer's text, whether it came whole or as a stream."""
        if not self.headers["content-type"].startswith("text/event-stream"):
            return self.json["choices"][0]["message"]["content"]
        deltas = [c["choices"][0]["delta"] for c in self.events if c.get("choices")]
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The stream's events but `[DONE]`."""
        return [json.loads(data) for data in self.datas if data != "[DONE]"]

    @property
    def datas(self) -> list[str]:
        lines = self.body.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")
        return [line.removeprefix("data: ") for line in lines if line.startswith("data:")]


class Wire:
    """One connection to the gateway."""

    def __init__(self, gateway: Gateway, *, receive_buffer: int | None = None) -> None:
        self._socket = socket.socket()
        if receive_buffer is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._socket.settimeout(8)
        try:
            self._socket.connect(("127.0.0.1", gateway.port))
        except OSError:
            self._socket.close()
            raise
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        """Sends; a gateway that has already hung up is no error here."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._socket.sendall(data)

    def read(self, size: int = 65536, seconds: float = 8) -> bytes:
        """The next bytes; empty when the gateway has closed the connection."""
        if self._rest:
            data, self._rest = self._rest[:size], self._rest[size:]
            return data
        self._socket.settimeout(seconds)
        try:
            return self._socket.recv(size)
        except ConnectionResetError:
            return b""

    def read_until(self, mark: bytes, seconds: float = 8) -> bytes:
        """Everything up to and with `mark`."""
        data = b""
        while mark not in data:
            if not (more := self.read(seconds=seconds)):
                raise AssertionError(f"closed before {mark!r}: {data!r}")
            data += more
        end = data.index(mark) + len(mark)
        self._rest = data[end:] + self._rest
        return data[:end]

    def answer(self, seconds: float = 8) -> Answer:
        """The next whole answer."""
        lines = self.read_until(b"\r\n\r\n", seconds).decode("latin-1").split("\r\n")
        pairs = (line.partition(":") for line in lines[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        status = int(lines[0].split(" ")[1])
        if status == 100:
            return self.answer(seconds)
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, self._chunks(seconds))
        length = int(headers.get("content-length", 0))
        body = b""
        while len(body) < length:
            if not (more := self.read(length - len(body), seconds)):
                raise AssertionError(f"closed in the middle of a body: {body!r}")
            body += more
        return Answer(status, headers, body)

    def _chunks(self, seconds: float) -> bytes:
        body = b""
        while size := int(self.read_until(b"\r\n", seconds), 16):
            chunk = b""
            while len(chunk) < size + 2:
                if not (more := self.read(size + 2 - len(chunk), seconds)):
                    raise AssertionError("closed in the middle of a chunk")
                chunk += more
            body += chunk[:-2]
        self.read_until(b"\r\n", seconds)
        return body

    def closed_within(self, seconds: float) -> float | None:
        """How long it took the gateway to close the connection; None if it did not."""
        began = time.monotonic()
        self._rest = b""
        while (left := began + seconds - time.monotonic()) > 0:
            try:
                if not self.read(seconds=left):
                    return time.monotonic() - began
            except TimeoutError:
                return None
        return None

    def half_close(self) -> None:
        """Says that nothing more will be sent, and goes on listening."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Leaves with an RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def close(self) -> None:
        """Leaves with a FIN."""
        self._socket.close()

    def leave(self, how: str) -> None:
        self.reset() if how == "RST" else self.close()


def head(
    *extra: str,
    method: str = "POST",
    path: str = CHAT,
    host: str | None = "gateway",
    key: str | None = KEY,
) -> bytes:
    """A request's head, with `extra` header lines as they are."""
    lines = [f"{method} {path} HTTP/1.1"]
    lines += [f"Host: {host}"] if host is not None else []
    lines += [f"Authorization: Bearer {key}"] if key is not None else []
    return "\r\n".join([*lines, *extra, "", ""]).encode("latin-1")


def post(body: bytes, *extra: str, **options: Any) -> bytes:
    """A request with a body and its right length."""
    fields = ("Content-Type: application/json", f"Content-Length: {len(body)}", *extra)
    return head(*fields, **options) + body


def chat_body(model: str, **fields: Any) -> bytes:
    return json.dumps({"model": model, "messages": MESSAGES, **fields}).encode()


def send(gateway: Gateway, data: bytes, seconds: float = 8) -> Answer:
    """One request on a connection of its own."""
    with Wire(gateway) as wire:
        wire.send(data)
        return wire.answer(seconds)


def get(gateway: Gateway, path: str, *extra: str) -> Answer:
    """A page of the gateway."""
    return send(gateway, head(*extra, method="GET", path=path))


def chat(gateway: Gateway, model: str, *extra: str, **fields: Any) -> Answer:
    """One chat call on a connection of its own."""
    return send(gateway, post(chat_body(model, **fields), *extra))


def refused(answer: Answer, *statuses: int, param: str | None = None) -> None:
    """Asserts that the gateway said no in OpenAI's words."""
    assert answer.status in statuses, (answer.status, answer.body[:500])
    assert answer.headers["x-request-id"].startswith("req_")
    assert answer.headers["content-type"] == "application/json"
    error = answer.error
    assert error["message"]
    assert error["type"] == "invalid_request_error"
    assert {"param", "code"} <= error.keys()
    assert "Traceback" not in answer.body.decode()
    assert error["param"] == param


def told(answer: Answer) -> list[tuple[str, str]]:
    """(provider, outcome) of every attempt, from the header."""
    attempts = answer.headers["x-headgate-attempts"].split(", ")
    return [(part.split("/")[0], part.rpartition(":")[2]) for part in attempts]
