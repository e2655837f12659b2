"""A vendor for the manual's examples, on a real socket: stored responses, rankings, Messages."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple


class Visit(NamedTuple):
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


class Vendor(NamedTuple):
    """Where the vendor is, and who has been there."""

    url: str
    visits: list[Visit]


def _answer(visit: Visit) -> Any:
    match visit.method, visit.path:
        case "POST", "/v1/chat/completions":
            return _completion()
        case "POST", "/v1/responses":
            return _response("resp_made_here", str(visit.body.get("input")))
        case "GET", "/v1/responses/resp_made_here":
            return _response("resp_made_here", "And again")
        case "DELETE", "/v1/responses/resp_made_here":
            return {"id": "resp_made_here", "object": "response", "deleted": True}
        case "POST", "/v1/messages" | "/v1/messages?beta=true":
            return _message()
        case "POST", "/rerank":
            return [{"index": 0, "score": 0.9}, {"index": 1, "score": 0.1}]
        case "GET", "/info":
            return {"model_id": "bge-reranker", "max_input_length": 512}
        case _:
            return None


def _response(name: str, text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    return {
        "id": name,
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-6-luna",
        "output": [{**said, "content": [part]}],
        "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
    }


def _completion() -> dict[str, Any]:
    """An answer of a vendor that says what it cost."""
    message = {"role": "assistant", "content": "Hello"}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "any",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "cost": 0.25},
    }


def _message() -> dict[str, Any]:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-5",
        "content": [{"type": "text", "text": "Hello"}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 3, "output_tokens": 2},
    }


class _Handler(BaseHTTPRequestHandler):
    visits: ClassVar[list[Visit]]
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        body = json.loads(self.rfile.read(length)) if length else {}
        headers = {name.lower(): value for name, value in self.headers.items()}
        visit = Visit(self.command, self.path, headers, body)
        self.visits.append(visit)
        answer = _answer(visit)
        said = json.dumps(answer or {"error": {"message": "nothing here"}}).encode()
        self.send_response(404 if answer is None else 200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - names that the library asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's
        """Says nothing."""


@contextmanager
def vendor() -> Iterator[Vendor]:
    """The vendor in a thread of its own."""
    visits: list[Visit] = []
    handler = type("Handler", (_Handler,), {"visits": visits})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Vendor(f"http://127.0.0.1:{server.server_address[1]}", visits)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
