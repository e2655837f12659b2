"""Stored responses through a whole gateway: each goes back to the key that made it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from openai import APIError, NotFoundError, OpenAI

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import head, raw, sized
from headgate.testing.upstream_script import Close

CONFIG = """
providers:
  vendor: {{kind: openai, base_url: "{url}", keys: [key-number-one, key-number-two]}}
"""
ANSWER = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}


@pytest.fixture(scope="module")
def vendor() -> Iterator[FakeUpstream]:
    with FakeUpstream() as fake:
        yield fake


@pytest.fixture(scope="module")
def client(vendor: FakeUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenAI]:
    folder = tmp_path_factory.mktemp("gateway")
    with (
        Gateway(CONFIG.format(url=vendor.url), folder) as gateway,
        OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0) as sdk,
    ):
        yield sdk


def whole(**fields: Any) -> Any:
    return raw(sized(200, orjson.dumps({**ANSWER, **fields})))


def event(kind: str, **fields: Any) -> bytes:
    said = orjson.dumps({"type": kind, "sequence_number": 1, **fields})
    return b"event: " + kind.encode() + b"\ndata: " + said + b"\n\n"


def test_what_follows_an_answer_goes_to_the_key_that_made_it(
    vendor: FakeUpstream, client: OpenAI
) -> None:
    vendor.script("follow", whole())
    vendor.script("", whole())
    for _ in range(4):
        first = client.responses.create(model="vendor/follow", input="a")
        assert first.id != "resp_1"
        client.responses.create(model="vendor/follow", input="b", previous_response_id=first.id)
        made, followed = vendor.of("follow")[-2:]
        assert made.headers["authorization"] == followed.headers["authorization"]
        assert followed.body["previous_response_id"] == "resp_1"
        again = client.responses.retrieve(first.id)
        assert again.id == first.id
        looked = vendor.visits[-1]
        assert (looked.method, looked.path) == ("GET", "/v1/responses/resp_1")
        assert looked.headers["authorization"] == made.headers["authorization"]


def test_a_stored_answer_is_deleted_and_cancelled_where_it_lives(
    vendor: FakeUpstream, client: OpenAI
) -> None:
    vendor.script("gone", whole())
    vendor.script("", whole(status="cancelled"))
    ours = client.responses.create(model="vendor/gone", input="a").id
    assert client.responses.cancel(ours).id == ours
    client.responses.delete(ours)
    asked = [(visit.method, visit.path) for visit in vendor.visits[-2:]]
    assert asked == [
        ("POST", "/v1/responses/resp_1/cancel"),
        ("DELETE", "/v1/responses/resp_1"),
    ]


def test_an_answer_of_somebody_else_is_not_found(client: OpenAI) -> None:
    with pytest.raises(NotFoundError, match="not made through this gateway"):
        client.responses.retrieve("resp_1")


def test_a_stream_that_breaks_off_raises_in_the_sdk(vendor: FakeUpstream, client: OpenAI) -> None:
    begun = event("response.created", response={**ANSWER, "status": "in_progress"})
    delta = event("response.output_text.delta", delta="Hel", item_id="m", logprobs=[])
    headers = {"Content-Type": "text/event-stream", "Connection": "close"}
    vendor.script("broken", raw(head(200, headers) + begun + delta, Close()))
    stream = client.responses.create(model="vendor/broken", input="a", stream=True)
    seen: list[str] = []
    with pytest.raises(APIError, match="ended before"):
        seen.extend(one.type for one in stream)
    assert seen == ["response.created", "response.output_text.delta"]


def test_a_text_is_continued(vendor: FakeUpstream, client: OpenAI) -> None:
    choices = [{"index": 0, "text": "lo", "logprobs": None, "finish_reason": "stop"}]
    said = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m"}
    vendor.script("text", raw(sized(200, orjson.dumps({**said, "choices": choices}))))
    made = client.completions.create(model="vendor/text", prompt="Hel", max_tokens=0)
    assert made.choices[0].text == "lo"
    assert vendor.of("text")[-1].body == {"model": "text", "prompt": "Hel", "max_tokens": 0}
