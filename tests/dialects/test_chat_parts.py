"""Content in parts, as Mistral's thinking models send it, in the words of OpenAI's clients."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import orjson
import pytest

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_chat_tap import read_whole
from headgate.provider.events import Usage
from headgate.provider.framing import SSE

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
)
DIALECT = OpenAIChat()
BODY = {"model": "m", "messages": [{"role": "user", "content": "Hello"}], "stream": True}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def thinking(*said: str, **more: Any) -> dict[str, Any]:
    return {"type": "thinking", "thinking": [text(one) for one in said], **more}


REFERENCE = {"type": "reference", "reference_ids": [1]}

PARTS = [
    pytest.param([thinking("Hm", "."), text("Hi")], "Hi", "Hm.", id="thinking, then text"),
    pytest.param([thinking("Hm", closed=True)], "", "Hm", id="thinking"),
    pytest.param([text("H"), text("i")], "Hi", None, id="text"),
    pytest.param([thinking(), text("Hi")], "Hi", "", id="empty thinking"),
    pytest.param([thinking("a"), text("b"), thinking("c")], "b", "ac", id="thinking twice"),
]
OTHERS = [
    pytest.param([text("Hi"), REFERENCE], id="a reference"),
    pytest.param([{"type": "thinking", "thinking": [REFERENCE]}], id="a reference in thinking"),
    pytest.param([{"type": "thinking", "thinking": "Hm"}], id="thinking that is no list"),
    pytest.param([{"type": "text"}], id="no text"),
    pytest.param([{"type": "text", "text": 5}], id="a number"),
    pytest.param(["Hi"], id="bare texts"),
    pytest.param([{}], id="nothing"),
]


def whole(content: Any) -> bytes:
    message = {"role": "assistant", "tool_calls": None, "content": content}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return orjson.dumps({"id": "c-1", "choices": [choice], "field_of_tomorrow": 1})


def chunk(content: Any, finish: str | None = None, **more: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish}
    return b"data: " + orjson.dumps({"id": "c-1", "choices": [choice], **more}) + b"\n\n"


def lane() -> RelayLane:
    return RelayLane(DIALECT.parse("req_1", BODY, {}), DIALECT, SSE())


def sent(out: bytes) -> list[dict[str, Any]]:
    lines = [line for line in out.splitlines() if line.startswith(b"data: {")]
    return [orjson.loads(line[6:]) for line in lines]


@pytest.mark.parametrize(("parts", "said", "thought"), PARTS)
def test_parts_of_a_whole_answer_become_two_texts(
    parts: list[Any], said: str, thought: str | None
) -> None:
    reading = read_whole(whole(parts))
    answer = orjson.loads(reading.body)
    message = answer["choices"][0]["message"]
    assert message["content"] == said
    assert message.get("reasoning_content") == thought
    assert (message["role"], message["tool_calls"]) == ("assistant", None)
    assert answer["field_of_tomorrow"] == 1
    assert (reading.finish, reading.upstream_id) == ("stop", "c-1")


@pytest.mark.parametrize(("parts", "said", "thought"), PARTS)
@pytest.mark.parametrize("name", [b"", b"event: message\n"])
def test_parts_in_a_stream_become_two_texts(
    name: bytes, parts: list[Any], said: str, thought: str | None
) -> None:
    relay = lane()
    before, after = chunk("Well"), chunk("", "stop")
    out = relay.feed(before + name + chunk(parts, p="abc") + after)
    assert out.startswith(before)
    assert out.endswith(after)
    assert out.count(b"event: message\n") == bool(name)
    rewritten = sent(out)[1]
    delta = rewritten["choices"][0]["delta"]
    assert (delta["content"], delta.get("reasoning_content")) == (said, thought)
    assert rewritten["p"] == "abc"
    assert relay.failure is None
    assert relay.whole


@pytest.mark.parametrize("parts", OTHERS)
def test_parts_that_are_no_words_pass_as_they_are(parts: list[Any]) -> None:
    assert read_whole(whole(parts)).body == whole(parts)
    relay = lane()
    if all(isinstance(part, dict) for part in parts):
        assert relay.feed(chunk(parts)) == chunk(parts)


@pytest.mark.parametrize("content", ["Hi", "", None, []])
def test_plain_content_passes_byte_for_byte(content: Any) -> None:
    spaced = json.dumps(orjson.loads(whole(content))).encode()
    assert read_whole(spaced).body == spaced
    assert lane().feed(chunk(content)) == chunk(content)


def test_usage_in_a_rewritten_chunk_is_read_and_kept() -> None:
    relay = lane()
    out = relay.feed(chunk([text("Hi")], usage={"prompt_tokens": 5, "completion_tokens": 2}))
    assert relay.usage == Usage(input=5, output=2)
    assert sent(out)[0]["choices"][0]["delta"]["content"] == "Hi"


def test_a_rewritten_stream_is_the_same_however_it_is_torn() -> None:
    stream = chunk([thinking("Hm")]) + chunk([text("Hé")]) + chunk("llo") + chunk("", "stop")
    expected = lane().feed(stream)
    for at in range(len(stream) + 1):
        relay = lane()
        assert relay.feed(stream[:at]) + relay.feed(stream[at:]) == expected


def _recordings() -> list[Any]:
    found = [
        pytest.param(path, id=path.stem)
        for path in sorted(FOLDER.glob("mistral__chat__*.json"))
        if json.loads(path.read_text("utf-8"))["response"]["status"] == 200
    ]
    return found or [pytest.param(None, id="no-recording")]


def _joined(content: Any, kind: str) -> str:
    """The text of one kind of parts, read without any help of ours."""
    if not isinstance(content, list):
        return (content or "") if kind == "text" else ""
    parts = [part for part in content if part["type"] == kind]
    if kind == "text":
        return "".join(part["text"] for part in parts)
    return "".join(inner["text"] for part in parts for inner in part["thinking"])


@pytest.mark.parametrize("path", _recordings())
def test_recorded_answers_of_mistral_have_plain_content(path: Path | None) -> None:
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    body = json.loads(path.read_text("utf-8"))["response"]["body"].encode()
    streamed = "__stream__" in path.stem
    if streamed:
        relay = lane()
        out = relay.feed(body) + relay.end()
        assert relay.failure is None
        pairs = [
            (theirs["delta"], ours["delta"])
            for before, after in zip(sent(body.replace(b"\r", b"")), sent(out), strict=True)
            for theirs, ours in zip(before["choices"], after["choices"], strict=True)
        ]
    else:
        out = read_whole(body).body
        pairs = [
            (theirs["message"], ours["message"])
            for theirs, ours in zip(
                json.loads(body)["choices"], orjson.loads(out)["choices"], strict=True
            )
        ]
    for theirs, ours in pairs:
        assert (ours.get("content") or "") == _joined(theirs.get("content"), "text")
        assert ours.get("reasoning_content", "") == _joined(theirs.get("content"), "thinking")
    if not any(isinstance(one.get("content"), list) or "tool_calls" in one for one, _ in pairs):
        assert out == body
