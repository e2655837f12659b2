"""Errors inside a stream, wherever a vendor puts them: the SDKs find them at the top."""

from __future__ import annotations

import json

import pytest

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.failure import Kind
from headgate.provider.framing import SSE

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
FIRST = (
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}\n\n'
)
DONE = b"data: [DONE]\n\n"

ODD = {
    "a field of its own": (
        b'error: {"code":400,"message":"the request exceeds the available context size"}\n\n',
        Kind.CONTEXT_LENGTH,
    ),
    "a flat event": (b'event: error\ndata: {"message":"Oh no","code":500}\n\n', Kind.SERVER_ERROR),
    "a flat object": (
        b'data: {"object":"error","message":"Oh no","type":"x","code":503}\n\n',
        Kind.OVERLOADED,
    ),
    "an extension": (
        b'data: {"choices":[{"index":0,"delta":{}}],"x_acme":{"id":"r","error":"Oh no"}}\n\n',
        Kind.SERVER_ERROR,
    ),
    "a status in digits": (
        b'data: {"error":{"message":"Oh no","code":"429"}}\n\n',
        Kind.RATE_LIMITED,
    ),
}


@pytest.mark.parametrize("before", [b"", FIRST], ids=["first", "later"])
@pytest.mark.parametrize(("said", "kind"), ODD.values(), ids=ODD)
def test_an_error_is_found_and_put_at_the_top(before: bytes, said: bytes, kind: Kind) -> None:
    lane = RelayLane(OpenAIChat().parse("req_1", BODY, {}), OpenAIChat(), SSE())
    got = lane.feed(before + said + DONE)
    assert lane.failure is not None
    assert lane.failure.kind is kind
    assert lane.told
    assert not lane.whole
    last = json.loads(got.removeprefix(before).partition(b"data: ")[2])
    assert last["error"]["message"]
    assert got.startswith(before)
    assert DONE not in got
