"""What is read out of Ollama's answers: transcripts of our own, and recorded ones."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_ollama import Ollama

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[3].parent / "shared" / "recordings"
)
TARGET = hg.Target("ollama", "qwen3:4b")
CALL = hg.Call("req_1", hg.Operation.CHAT, "openai_chat", "ollama/qwen3:4b", {})


def line(*, done: bool = False, message: dict[str, Any] | None = None, **fields: Any) -> bytes:
    said = {"model": "m", "message": {"role": "assistant", "content": "", **(message or {})}}
    return json.dumps({**said, "done": done, **fields}).encode() + b"\n"


def last(reason: str = "stop", **fields: Any) -> bytes:
    return line(done=True, done_reason=reason, prompt_eval_count=7, eval_count=3, **fields)


def tool(name: str, arguments: object = None, **fields: Any) -> dict[str, Any]:
    return {"function": {"name": name, "arguments": arguments}, **fields}


def streamed(*pieces: bytes) -> tuple[list[hg.Event], bool]:
    """The events of a stream that arrives in these pieces, and whether it was whole."""
    made = Ollama()
    framer, feed = made.framer(CALL, TARGET), made.feed(CALL, TARGET)
    frames = [frame for piece in pieces for frame in framer.feed(piece)] + framer.close()
    return [event for frame in frames for event in feed.frame(frame)], feed.done


def whole(body: bytes) -> list[hg.Event]:
    return list(Ollama().reply(CALL, TARGET, hg.Response(200, {}, body)))


COUNTED = hg.Usage(input=7, output=3)

STREAMS: list[tuple[str, list[bytes], list[hg.Event]]] = [
    (
        "text",
        [line(message={"content": "Hé"}), line(message={"content": "llo"}), last()],
        [hg.Text("Hé"), hg.Text("llo"), COUNTED, hg.Finish("stop")],
    ),
    (
        "length",
        [line(message={"content": "He"}), last("length")],
        [hg.Text("He"), COUNTED, hg.Finish("length")],
    ),
    (
        "thinking",
        [line(message={"thinking": "hm"}), line(message={"content": "Hi"}), last()],
        [hg.Reasoning("hm"), hg.Text("Hi"), COUNTED, hg.Finish("stop")],
    ),
    (
        "tool-calls-in-lines-of-their-own",
        [
            line(message={"tool_calls": [tool("add", {"a": 1, "b": "é"}, id="call_1")]}),
            line(message={"tool_calls": [tool("now"), tool("raw", '{"c":2}')]}),
            last(),
        ],
        [
            hg.ToolCall(0, "call_1", "add", '{"a": 1, "b": "é"}'),
            hg.ToolCall(1, "call_req_1_1", "now", "{}"),
            hg.ToolCall(2, "call_req_1_2", "raw", '{"c":2}'),
            COUNTED,
            hg.Finish("tool_calls"),
        ],
    ),
    (
        "cut-off-after-a-tool-call",
        [line(message={"tool_calls": [tool("now", {})]}), last("length")],
        [hg.ToolCall(0, "call_req_1_0", "now", "{}"), COUNTED, hg.Finish("length")],
    ),
    (
        "everything-in-the-last-line",
        [last(message={"content": "Hi", "thinking": "hm"})],
        [hg.Reasoning("hm"), hg.Text("Hi"), COUNTED, hg.Finish("stop")],
    ),
    (
        "prompt-wholly-cached",
        [line(done=True, done_reason="stop", eval_count=3)],
        [hg.Usage(input=0, output=3), hg.Finish("stop")],
    ),
    ("load", [line(done=True, done_reason="load")], [hg.Usage(0, output=0), hg.Finish("stop")]),
    ("unload", [line(done=True, done_reason="unload")], [hg.Usage(0, output=0), hg.Finish("stop")]),
    ("no-reason", [line(done=True, eval_count=1)], [hg.Usage(0, output=1), hg.Finish("stop")]),
    (
        "logprobs",
        [
            line(
                message={"content": "Hi"},
                logprobs=[
                    {
                        "token": "Hi",
                        "logprob": -0.5,
                        "top_logprobs": [
                            {"token": "Hi", "logprob": -0.5},
                            {"token": "Ho", "logprob": -1},
                        ],
                    }
                ],
            ),
            last(),
        ],
        [
            hg.Text("Hi", logprobs=(hg.TokenLogprob("Hi", -0.5, (("Hi", -0.5), ("Ho", -1.0))),)),
            COUNTED,
            hg.Finish("stop"),
        ],
    ),
    (
        "unheard-of",
        [b'{"status":"warming up"}\n', b"\n", line(news=1, message={"mood": 2}), last()],
        [COUNTED, hg.Finish("stop")],
    ),
]


@pytest.mark.parametrize(
    ("lines", "expected"), [case[1:] for case in STREAMS], ids=[case[0] for case in STREAMS]
)
def test_a_stream_reads_the_same_wherever_it_is_torn(
    lines: list[bytes], expected: list[hg.Event]
) -> None:
    body = b"".join(lines)
    assert streamed(body) == (expected, True)
    for at in range(1, len(body)):
        assert streamed(body[:at], body[at:]) == (expected, True)
    # The last line counts without its line end, too.
    assert streamed(body.rstrip()) == (expected, True)


def test_a_stream_without_its_last_line_is_not_done() -> None:
    assert streamed(line(message={"content": "Hi"})) == ([hg.Text("Hi")], False)


def test_a_line_end_of_two_characters_is_one() -> None:
    assert streamed(last().replace(b"\n", b"\r\n")) == ([COUNTED, hg.Finish("stop")], True)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("an error was encountered while running the model", hg.Kind.SERVER_ERROR),
        ("prompt too long; exceeded max context length by 9 tokens", hg.Kind.CONTEXT_LENGTH),
        ("server busy, please try again", hg.Kind.OVERLOADED),
        ({"message": "model runner has stopped", "code": 500}, hg.Kind.SERVER_ERROR),
    ],
    ids=lambda value: str(value)[:12],
)
def test_an_error_inside_a_200_is_a_failure(error: object, kind: hg.Kind) -> None:
    body = json.dumps({"error": error}).encode()
    for read in (lambda: streamed(line(message={"content": "Hi"}), body), lambda: whole(body)):
        with pytest.raises(hg.CallFailed) as failed:
            read()
        failure = failed.value.failure
        assert (failure.kind, failure.status) == (kind, None)
        assert failure.message == (error if isinstance(error, str) else "model runner has stopped")


NONSENSE = [
    b"<html>Bad Gateway</html>",
    b"[]",
    b'"done"',
    b"{" * 9,
    b"[" * 100_000,
    b'{"done": true, "message": {"content": 5}}',
    b'{"done": true, "message": {"thinking": [1]}}',
    b'{"done": true, "message": {"tool_calls": 5}}',
    b'{"done": true, "message": {"tool_calls": [5]}}',
    b'{"done": true, "message": {"tool_calls": [{"function": 5}]}}',
    b'{"done": true, "message": {"tool_calls": [{"function": {"arguments": {}}}]}}',
    b'{"done": true, "message": {"tool_calls": [{"function": {"name": "a", "arguments": NaN}}]}}',
    b'{"done": true, "message": {"content": "a"}, "logprobs": [{"token": "a"}]}',
    b'{"done": true, "message": {"content": "\xff"}}',
]


@pytest.mark.parametrize("body", NONSENSE, ids=lambda body: body[-36:].decode("latin-1"))
def test_what_makes_no_sense_is_garbled_and_no_mistake_of_ours(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        whole(body)
    with pytest.raises(ValueError, match=r"."):
        streamed(body)


WORDS = [
    *("message", "done", "error", "content", "thinking", "tool_calls", "function", "name"),
    *("arguments", "logprobs", "token", "logprob", "prompt_eval_count"),
]
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(st.dictionaries(st.sampled_from(WORDS), values), st.sampled_from([400, 404, 429, 500, 503]))
def test_whatever_comes_back_is_an_answer_a_failure_or_nonsense(value: Any, status: int) -> None:
    raw = json.dumps(value).encode()
    assert Ollama().failure(CALL, hg.Response(status, {}, raw)).message
    for read in (whole, streamed):
        with contextlib.suppress(ValueError, hg.CallFailed):
            read(raw)


def test_half_an_answer_is_none() -> None:
    with pytest.raises(ValueError, match="not complete"):
        whole(line(message={"content": "Hi"}))


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (404, {"error": "model 'x' not found"}, hg.Kind.MODEL_NOT_FOUND, "model 'x' not found"),
        (400, {"error": "invalid options: nu"}, hg.Kind.INVALID_REQUEST, "invalid options: nu"),
        (
            400,
            {"error": "registry/x does not support tools"},
            hg.Kind.UNSUPPORTED,
            "registry/x does not support tools",
        ),
        (
            400,
            {"error": "the input length exceeds the context length"},
            hg.Kind.CONTEXT_LENGTH,
            "the input length exceeds the context length",
        ),
        (401, {"error": "unauthorized"}, hg.Kind.CREDENTIALS, "unauthorized"),
        (429, {"error": "usage limit"}, hg.Kind.RATE_LIMITED, "usage limit"),
        (500, {"error": "runner stopped"}, hg.Kind.SERVER_ERROR, "runner stopped"),
        (502, {"error": "bad gateway"}, hg.Kind.SERVER_ERROR, "bad gateway"),
        (503, {"error": "server busy"}, hg.Kind.OVERLOADED, "server busy"),
        (
            404,
            {"error": {"message": "model not found", "type": "not_found_error", "code": None}},
            hg.Kind.MODEL_NOT_FOUND,
            "model not found",
        ),
        (503, "<html>", hg.Kind.OVERLOADED, "the provider answered 503"),
    ],
)
def test_errors(status: int, body: object, kind: hg.Kind, message: str) -> None:
    raw = json.dumps(body).encode() if isinstance(body, dict) else str(body).encode()
    failure = Ollama().failure(CALL, hg.Response(status, {"retry-after": "3"}, raw))
    assert (failure.kind, failure.message) == (kind, message)
    assert (failure.status, failure.retry_after) == (status, 3.0)


def test_the_listing() -> None:
    body = {
        "models": [
            {"name": "a:latest", "modified_at": "2026-04-08T18:44:06.871467136-07:00"},
            {"model": "b:1b", "modified_at": "never"},
            {"size": 1},
        ]
    }
    found = Ollama().listed(hg.Response(200, {}, json.dumps(body).encode()))
    assert list(found) == [hg.Listed("a:latest", 1775699046), hg.Listed("b:1b")]


# Recorded traffic.


def recorded(api: str) -> list[Any]:
    found = [
        pytest.param(json.loads(path.read_text("utf-8")), id=path.stem)
        for path in sorted(FOLDER.glob(f"ollama__{api}*.json"))
    ]
    return found or [pytest.param(None, id="no-recording")]


@pytest.fixture
def exchange(request: pytest.FixtureRequest) -> dict[str, Any]:
    """A recorded request and its response."""
    if request.param is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    found: dict[str, Any] = request.param
    return found


def meaning(events: list[hg.Event]) -> dict[str, Any]:
    """What an answer comes to, however many events it took."""
    return {
        "text": "".join(e.text for e in events if isinstance(e, hg.Text)),
        "thinking": "".join(e.text for e in events if isinstance(e, hg.Reasoning)),
        "tools": [
            (e.index, e.id, e.name, json.loads(e.arguments))
            for e in events
            if isinstance(e, hg.ToolCall)
        ],
        "usage": [(e.prompt, e.completion) for e in events if isinstance(e, hg.Usage)],
        "finish": [e.reason for e in events if isinstance(e, hg.Finish)],
    }


def as_recorded(body: str) -> dict[str, Any]:
    """The same, read from the recorded JSON by itself."""
    lines = [json.loads(text) for text in body.splitlines() if text.strip()]
    messages, end = [one["message"] for one in lines], lines[-1]
    calls = [call for message in messages for call in message.get("tool_calls") or []]
    finish = "tool_calls" if calls and end["done_reason"] == "stop" else end["done_reason"]
    return {
        "text": "".join(message.get("content", "") for message in messages),
        "thinking": "".join(message.get("thinking", "") for message in messages),
        "tools": [
            (
                index,
                call.get("id") or f"call_req_1_{index}",
                call["function"]["name"],
                call["function"]["arguments"],
            )
            for index, call in enumerate(calls)
        ],
        "usage": [(end.get("prompt_eval_count", 0), end.get("eval_count", 0))],
        "finish": [finish],
    }


@pytest.mark.parametrize("exchange", recorded("ollama-chat"), indirect=True)
def test_recorded_answers(exchange: dict[str, Any]) -> None:
    response = exchange["response"]
    body: bytes = response["body"].encode()
    if response["status"] != 200:
        failure = Ollama().failure(CALL, hg.Response(response["status"], {}, body))
        assert failure.message == json.loads(body)["error"]
        assert (failure.kind is hg.Kind.MODEL_NOT_FOUND) is (response["status"] == 404)
        return
    if not exchange["streaming"]:
        assert meaning(whole(body)) == as_recorded(response["body"])
    events, done = streamed(body)
    assert done
    assert meaning(events) == as_recorded(response["body"])


@pytest.mark.parametrize("exchange", recorded("ollama-chat__stream"), indirect=True)
def test_recorded_streams_torn_anywhere(exchange: dict[str, Any]) -> None:
    body: bytes = exchange["response"]["body"].encode()
    expected = streamed(body)

    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(st.lists(st.integers(0, len(body)), max_size=40))
    def torn(cuts: list[int]) -> None:
        ends = [*sorted(cuts), len(body)]
        pieces = [body[a:b] for a, b in zip([0, *ends], ends, strict=False)]
        assert streamed(*pieces) == expected

    torn()


@pytest.mark.parametrize("exchange", recorded("models"), indirect=True)
def test_a_recorded_listing(exchange: dict[str, Any]) -> None:
    body = exchange["response"]["body"]
    found = list(Ollama().listed(hg.Response(200, {}, body.encode())))
    assert [one.id for one in found] == [one["name"] for one in json.loads(body)["models"]]
    assert all(one.created > 1_700_000_000 for one in found)


@pytest.mark.parametrize("exchange", recorded("chat__sync__error"), indirect=True)
def test_recorded_errors_in_openais_shape(exchange: dict[str, Any]) -> None:
    response = exchange["response"]
    status = response["status"]
    failure = Ollama().failure(CALL, hg.Response(status, {}, response["body"].encode()))
    assert failure.message == json.loads(response["body"])["error"]["message"]
    kinds = {400: hg.Kind.CONTEXT_LENGTH, 401: hg.Kind.CREDENTIALS, 404: hg.Kind.MODEL_NOT_FOUND}
    if status in kinds:
        assert failure.kind is kinds[status]
