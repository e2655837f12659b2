"""Recorded traffic of the Responses API, read by us and by an independent reading of its JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_responses import OpenAIResponses
from headgate.dialects.response_ids import opened
from headgate.provider.call import Call, Pin
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Kind
from headgate.provider.framing import SSE

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
)
DIALECT = OpenAIResponses()
HERE = Pin("somewhere", "k3f9")


class Recording(NamedTuple):
    """One recorded exchange; `request` is empty where its source kept none."""

    name: str
    request: dict[str, Any]
    stream: bool
    body: bytes

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = [line.strip() for line in self.body.splitlines()]
        return [json.loads(line[5:]) for line in lines if line.startswith(b"data:")]

    def call(self, pin: Pin | None) -> Call:
        body = self.request or {"model": "m", "input": "a", "stream": self.stream}
        return DIALECT.parse("req_1", body, {})._replace(pin=pin)


def _read(path: Path) -> Recording | None:
    exchange = json.loads(path.read_text("utf-8"))
    response = exchange["response"]
    body = response.get("body", "")
    if response["status"] != 200 or '"object"' not in body:
        return None
    request = exchange["request"] or {}
    return Recording(path.stem, request.get("body") or {}, exchange["streaming"], body.encode())


def _recordings(*, stream: bool) -> list[Any]:
    paths = [
        *FOLDER.glob("*__responses__*.json"),
        *FOLDER.glob("response_only/*responses*.json"),
        *FOLDER.glob("response_only/openai__openai-error*.stream.json"),
    ]
    found = [one for path in sorted(paths) if (one := _read(path)) and one.stream is stream]
    return [pytest.param(one, id=one.name) for one in found] or [
        pytest.param(None, id="no-recording")
    ]


@pytest.fixture
def recording(request: pytest.FixtureRequest) -> Recording:
    one: Recording | None = request.param
    if one is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    return one


whole = pytest.mark.parametrize("recording", _recordings(stream=False), indirect=True)
streamed = pytest.mark.parametrize("recording", _recordings(stream=True), indirect=True)


def billed(usage: Usage) -> tuple[int, ...]:
    return (
        usage.prompt,
        usage.cached_input or 0,
        usage.completion,
        usage.reasoning or 0,
        usage.cost_nano_usd or 0,
    )


def counted(said: dict[str, Any]) -> tuple[int, ...]:
    return (
        said["input_tokens"],
        (said.get("input_tokens_details") or {}).get("cached_tokens", 0),
        said["output_tokens"],
        (said.get("output_tokens_details") or {}).get("reasoning_tokens", 0),
        round(said.get("cost_in_usd_ticks", 0) / 10),
    )


def ended(answer: dict[str, Any]) -> str:
    if answer["status"] == "incomplete":
        reason = answer["incomplete_details"]["reason"]
        return "content_filter" if reason == "content_filter" else "length"
    kinds = {item["type"] for item in answer["output"]}
    return "tool_calls" if kinds & {"function_call", "custom_tool_call"} else "stop"


def without_ids(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in answer.items() if k not in ("id", "previous_response_id")}


@whole
def test_a_recorded_answer_is_read(recording: Recording) -> None:
    said = json.loads(recording.body)
    reading = DIALECT.read(recording.call(None), recording.body)
    assert reading.body == recording.body
    assert reading.usage is not None
    assert billed(reading.usage) == counted(said["usage"])
    assert (reading.finish, reading.upstream_id) == (ended(said), said["id"])


@whole
def test_ids_of_a_recorded_answer_lead_back(recording: Recording) -> None:
    said = json.loads(recording.body)
    got = json.loads(DIALECT.read(recording.call(HERE), recording.body).body)
    for name in ("id", "previous_response_id"):
        assert said.get(name) is None or opened(got[name]) == (said[name], HERE)
    assert without_ids(got) == without_ids(said)


@streamed
def test_a_recorded_stream_passes_and_is_read(recording: Recording) -> None:
    relay = RelayLane(recording.call(None), DIALECT, SSE())
    out = relay.feed(recording.body)
    broken = [one for one in recording.events if one["type"] in ("error", "response.failed")]
    if broken:
        error = broken[0].get("error") or broken[0]["response"]["error"]
        assert relay.failure is not None
        assert (relay.failure.code, relay.failure.message) == (error["code"], error["message"])
        assert (relay.told, relay.visible) == (True, False)
        assert out.endswith(b"\n\n")
        assert json.loads(out.splitlines()[-2][6:]) == broken[0]
        return
    out += relay.end()
    answer = recording.events[-1]["response"]
    assert out == recording.body
    assert (relay.whole, relay.ended, relay.failure) == (True, True, None)
    assert relay.usage is not None
    assert billed(relay.usage) == counted(answer["usage"])
    assert (relay.finish, relay.upstream_id) == (ended(answer), answer["id"])
    deltas = [one["delta"] for one in recording.events if one["type"].endswith(".delta")]
    assert relay.characters == sum(map(len, deltas))


@streamed
def test_a_recorded_stream_is_the_same_however_it_is_torn(recording: Recording) -> None:
    body = recording.body

    def results(*pieces: bytes) -> tuple[Any, ...]:
        relay, out = RelayLane(recording.call(HERE), DIALECT, SSE()), b""
        for piece in pieces:
            out += relay.feed(piece) if relay.failure is None else b""
        out += relay.end() if relay.failure is None else b""
        return (
            *(out, relay.failure, relay.told, relay.visible, relay.whole, relay.ended),
            *(relay.usage, relay.characters, relay.finish, relay.upstream_id),
        )

    expected = results(body)
    for at in range(1, len(body), 11):
        assert results(body[:at], body[at:]) == expected
    assert results(*(body[at : at + 1] for at in range(len(body)))) == expected


@streamed
def test_only_the_ids_of_a_recorded_stream_change(recording: Recording) -> None:
    relay = RelayLane(recording.call(HERE), DIALECT, SSE())
    blocks = relay.feed(recording.body).split(b"\n\n")[:-1]
    for block, theirs in zip(blocks, recording.events, strict=False):
        head, _, data = block.partition(b"data: ")
        assert head == b"event: " + theirs["type"].encode() + b"\n"
        ours = orjson.loads(data)
        if "response" in theirs:
            assert opened(ours["response"]["id"]) == (theirs["response"]["id"], HERE)
            ours["response"], theirs["response"] = map(
                without_ids, (ours["response"], theirs["response"])
            )
        assert ours == theirs


@streamed
def test_a_recorded_failure_is_one_in_a_whole_answer_too(recording: Recording) -> None:
    answer = recording.events[-1]["response"]
    body = json.dumps(answer).encode()
    if answer["status"] != "failed":
        assert DIALECT.read(recording.call(None), body).finish == ended(answer)
        return
    with pytest.raises(CallFailed) as refused:
        DIALECT.read(recording.call(None), body)
    assert refused.value.failure.code == answer["error"]["code"]
    # The only one there is; another key or vendor may well answer.
    assert refused.value.failure.kind is Kind.QUOTA_EXHAUSTED
