"""The OpenAI SDK in front of what a relayed stream of responses puts on a real socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import orjson
import pytest
from openai import APIError, OpenAI

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.openai_responses_stored import StoredResponses
from headgate.dialects.response_ids import opened
from headgate.provider.call import Pin, Resource
from headgate.provider.failure import Failure, Kind
from headgate.provider.framing import SSE

DIALECT = OpenAIResponses()
HERE = Pin("openai", "k3f9")
ANSWER = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "in_progress",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}


def event(number: int, kind: str, **fields: Any) -> bytes:
    said = orjson.dumps({"type": kind, "sequence_number": number, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + said + b"\n\n"


CREATED = event(0, "response.created", response=ANSWER)
ADDED = event(
    1,
    "response.output_item.added",
    output_index=0,
    item={**MESSAGE, "status": "in_progress", "content": []},
)
PART = event(
    2,
    "response.content_part.added",
    part={"type": "output_text", "text": "", "annotations": []},
    **PLACE,
)
DELTA = event(3, "response.output_text.delta", delta="Hello", logprobs=[], **PLACE)
COMPLETED = event(
    4, "response.completed", response={**ANSWER, "status": "completed", "output": [MESSAGE]}
)
BEGUN = CREATED + ADDED + PART + DELTA
FAILURE = Failure(Kind.CUT, "the provider's stream broke off")


def relayed(stream: bytes) -> bytes:
    call = DIALECT.parse("req_1", {"model": "m", "input": "a", "stream": True}, {})
    lane = RelayLane(call._replace(pin=HERE), DIALECT, SSE())
    return lane.feed(stream) + lane.end()


@contextmanager
def served(stream: bytes, asked: list[tuple[str, str]] | None = None) -> Iterator[OpenAI]:
    """An SDK client whose every request is answered with `stream`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            if asked is not None:
                asked.append((self.command, self.path))
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            self.wfile.write(stream)

        do_GET = do_POST  # noqa: N815 - the name is the base class's

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    base_url = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        with OpenAI(base_url=base_url, api_key="k", max_retries=0) as client:
            yield client
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_broken_stream_raises_after_what_came_before() -> None:
    seen = []
    with served(relayed(BEGUN) + DIALECT.cut(FAILURE, "req_1")) as client:
        stream = client.responses.create(model="m", input="a", stream=True)
        with pytest.raises(APIError, match="broke off") as broken:
            seen.extend(one.type for one in stream)
    assert seen[0] == "response.created"
    assert seen[-1] == "response.output_text.delta"
    body: Any = broken.value.body
    assert (body["code"], body["request_id"]) == ("upstream_stream_cut", "req_1")


def test_the_helper_for_streams_raises_too() -> None:
    with served(relayed(BEGUN) + DIALECT.cut(FAILURE, "req_1")) as client:
        manager = client.responses.stream(model="m", input="a")
        with manager as stream, pytest.raises(APIError, match="broke off"):
            stream.get_final_response()


def test_a_reader_of_events_finds_the_error_beside_it() -> None:
    name, data = DIALECT.cut(FAILURE, "req_1").splitlines()[:2]
    assert name == b"event: error"
    said = orjson.loads(data.removeprefix(b"data: "))
    assert (said["type"], said["code"]) == ("error", "upstream_stream_cut")
    assert (said["message"], said["param"]) == (FAILURE.message, None)
    assert isinstance(said["sequence_number"], int)


def test_an_error_before_a_stream_has_openais_shape() -> None:
    error = orjson.loads(DIALECT.error(FAILURE, "req_1"))["error"]
    assert (error["type"], error["message"]) == ("upstream_error", FAILURE.message)


def test_the_id_that_the_sdk_reads_is_one_that_leads_back() -> None:
    with served(relayed(BEGUN + COMPLETED)) as client:
        manager = client.responses.stream(model="m", input="a")
        with manager as stream:
            answer = stream.get_final_response()
    assert answer.output_text == "Hello"
    assert opened(answer.id) == ("resp_1", HERE)


def test_the_sdk_asks_for_a_stored_answer_by_that_id() -> None:
    asked: list[tuple[str, str]] = []
    ours = orjson.loads(relayed(COMPLETED).splitlines()[1][6:])["response"]["id"]
    with served(relayed(BEGUN + COMPLETED), asked) as client:
        types = [one.type for one in client.responses.retrieve(ours, stream=True)]
    assert types[-1] == "response.completed"
    method, url = asked[0]
    path, _, query = url.partition("?")
    call = StoredResponses().call("req_1", method, path.removeprefix("/v1/responses"), query, {})
    assert call.resource == Resource("GET", "/resp_1", "stream=true")
    assert (call.stream, call.pin) == (True, HERE)
