"""Anthropic's own client follows what the dialect writes, over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import orjson
import pytest
from anthropic import Anthropic, APIStatusError

from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.provider.call import Call
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import Failure, Kind

DIALECT = AnthropicMessages()
USAGE = Usage(input=3, cached_input=2, cache_write=5, cache_write_long=6, output=4, reasoning=1)
ASK: Any = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}


def call() -> Call:
    return DIALECT.parse("req_1", dict(ASK), {})


@contextmanager
def served(body: bytes, status: int = 200, kind: str = "text/event-stream") -> Iterator[Anthropic]:
    """The SDK's own client in front of a server that gives this answer."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its own word
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}"
            with Anthropic(base_url=url, api_key="k", max_retries=0) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


ANSWERS: list[tuple[str, list[Event]]] = [
    ("nothing", [Finish("stop"), USAGE]),
    ("text", [Text("Hel"), Text("lo"), Finish("stop"), USAGE]),
    (
        "thinking",
        [
            Reasoning("Hm"),
            Reasoning(signature="s"),
            Reasoning(redacted="r"),
            Text("Hello"),
            Finish("length"),
            USAGE,
        ],
    ),
    (
        "calls at the same time",
        [
            Text("Hello"),
            ToolCall(0, "t", "f", signature="sig"),
            ToolCall(1, "u", "g", '{"b":'),
            ToolCall(0, arguments='{"a":1}'),
            ToolCall(1, arguments="2}"),
            Finish("tool_calls"),
            USAGE,
        ],
    ),
]


def streamed(events: list[Event]) -> bytes:
    renderer = DIALECT.renderer(call(), 0)
    return b"".join(map(renderer.render, events)) + renderer.close(USAGE)


@pytest.mark.parametrize("events", [pytest.param(case[1], id=case[0]) for case in ANSWERS])
def test_the_sdk_follows_a_stream(events: list[Event]) -> None:
    with served(streamed(events)) as client, client.messages.stream(**ASK) as following:
        message = following.get_final_message()
    expected = orjson.loads(DIALECT.whole(call(), events, 0))
    assert [block.to_dict() for block in message.content] == expected["content"]
    assert message.stop_reason == expected["stop_reason"]
    assert message.usage.input_tokens == 3


def test_the_sdk_reads_a_whole_answer() -> None:
    body = DIALECT.whole(call(), [Text("Hello"), Finish("stop"), USAGE], 0)
    with served(body, kind="application/json") as client:
        message = client.messages.create(**ASK)
    assert message.content[0].to_dict() == {"type": "text", "text": "Hello"}
    assert message.usage.cache_creation_input_tokens == 11


def test_the_sdk_sees_a_stream_that_breaks_off() -> None:
    renderer = DIALECT.renderer(call(), 0)
    failure = Failure(Kind.CUT, "the provider's stream broke off")
    raw = renderer.render(Text("Hello")) + DIALECT.cut(failure, "req_1")
    with (
        served(raw) as client,
        pytest.raises(APIStatusError) as broken,
        client.messages.stream(**ASK) as following,
    ):
        following.get_final_message()
    body: Any = broken.value.body
    assert body["error"] == {"type": "api_error", "message": "the provider's stream broke off"}


@pytest.mark.parametrize(
    ("kind", "status", "name"),
    [
        (Kind.INVALID_REQUEST, 400, "BadRequestError"),
        (Kind.UNAUTHENTICATED, 401, "AuthenticationError"),
        (Kind.FORBIDDEN, 403, "PermissionDeniedError"),
        (Kind.MODEL_NOT_FOUND, 404, "NotFoundError"),
        (Kind.RATE_LIMITED, 429, "RateLimitError"),
        (Kind.CREDENTIALS, 502, "InternalServerError"),
    ],
)
def test_the_sdk_knows_an_error(kind: Kind, status: int, name: str) -> None:
    body = DIALECT.error(Failure(kind, "why"), "req_1")
    with (
        served(body, status, "application/json") as client,
        pytest.raises(APIStatusError, match="why") as raised,
    ):
        client.messages.create(**ASK)
    assert type(raised.value).__name__ == name
