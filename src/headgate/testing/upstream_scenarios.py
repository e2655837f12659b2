"""Scenarios for a fake upstream: how vendors answer, and every way we know in which they fail.

Each function returns a `Scenario`; for anything else, `raw` plays bytes of your own.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import orjson

from headgate.testing.upstream_script import Close, Hang, Reset, Scenario, Send, Step

#: How a stream's end is marked: by chunks of HTTP/1.1, or by nothing but the connection's end.
Framing = Literal["chunked", "close"]

TEXTS = ("Hel", "lo", " wor", "ld")
DONE = b"data: [DONE]\n\n"
_ID, _MODEL = "chatcmpl-fake", "fake-model"
_JSON = "application/json"
_SSE = "text/event-stream"


def head(status: int, headers: Mapping[str, str], reason: str = "") -> bytes:
    """A status line and headers, blank line included."""
    lines = [f"HTTP/1.1 {status} {reason}".rstrip()]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def event(value: Mapping[str, Any]) -> bytes:
    """One `data:` event."""
    return b"data: " + orjson.dumps(value) + b"\n\n"


def piece(delta: Mapping[str, Any], finish: str | None = None) -> bytes:
    """One event of a chat stream with one choice."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(
        {
            "id": _ID,
            "object": "chat.completion.chunk",
            "created": 1,
            "model": _MODEL,
            "choices": [choice],
        }
    )


def events(
    texts: Sequence[str] = TEXTS,
    *,
    usage: tuple[int, int] | None = (5, 2),
    finish: str | None = "stop",
    done: bool = True,
) -> list[bytes]:
    """The events of a stream: the role, one event a text, the finish, the usage, `[DONE]`."""
    found = [piece({"role": "assistant", "content": ""})]
    found += [piece({"content": text}) for text in texts]
    if finish is not None:
        found.append(piece({}, finish))
    if usage is not None:
        found.append(
            event(
                {
                    "id": _ID,
                    "object": "chat.completion.chunk",
                    "created": 1,
                    "model": _MODEL,
                    "choices": [],
                    "usage": tokens(usage),
                }
            )
        )
    if done:
        found.append(DONE)
    return found


def tokens(usage: tuple[int, int]) -> dict[str, int]:
    """OpenAI's usage object."""
    return {
        "prompt_tokens": usage[0],
        "completion_tokens": usage[1],
        "total_tokens": sum(usage),
    }


def completion(
    text: str = "Hello", usage: tuple[int, int] | None = (5, 2), finish: str = "stop"
) -> bytes:
    """The body of a whole chat completion."""
    body: dict[str, Any] = {
        "id": _ID,
        "object": "chat.completion",
        "created": 1,
        "model": _MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": finish,
            }
        ],
    }
    if usage is not None:
        body["usage"] = tokens(usage)
    return orjson.dumps(body)


def raw(*steps: Step | bytes, name: str = "raw", usage: tuple[int, int] | None = None) -> Scenario:
    """Exactly these bytes and steps."""
    return Scenario(
        name, tuple(Send(step) if isinstance(step, bytes) else step for step in steps), usage
    )


def sized(
    status: int, body: bytes, headers: Mapping[str, str] | None = None, *, after: float = 0.0
) -> Send:
    """A whole answer with its right Content-Length, as one step."""
    fields = {"Content-Type": _JSON, "Content-Length": str(len(body)), **(headers or {})}
    return Send(head(status, fields) + body, after)


def whole(
    text: str = "Hello",
    *,
    usage: tuple[int, int] | None = (5, 2),
    finish: str = "stop",
    after: float = 0.0,
) -> Scenario:
    """A plain answer, `after` seconds late."""
    return Scenario("whole", (sized(200, completion(text, usage, finish), after=after),), usage)


def listing(models: Iterable[str]) -> Scenario:
    """What `GET /models` answers."""
    data = [{"id": name, "object": "model", "created": 1, "owned_by": "fake"} for name in models]
    return Scenario("listing", (sized(200, orjson.dumps({"object": "list", "data": data})),))


def refusal(
    status: int,
    message: str = "refused",
    *,
    code: str | None = None,
    type_: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Scenario:
    """An error in OpenAI's shape: `refusal(429, headers={"Retry-After": "2"})`."""
    error = {"message": message, "type": type_, "param": param, "code": code}
    return Scenario(f"refusal {status}", (sized(status, orjson.dumps({"error": error}), headers),))


def streamed(
    name: str,
    parts: Iterable[bytes | Step],
    *,
    gap: float = 0.0,
    first_after: float = 0.0,
    framing: Framing = "chunked",
    headers: Mapping[str, str] | None = None,
    usage: tuple[int, int] | None = None,
) -> Scenario:
    """A stream of your own parts, `gap` seconds apart, with a proper end.

    A part that is a step is played as it stands; nothing after a `Hang`, `Close` or `Reset` is.
    """
    fields = {"Content-Type": _SSE, **(headers or {})}
    fields |= {"Transfer-Encoding": "chunked"} if framing == "chunked" else {"Connection": "close"}
    steps: list[Step] = [Send(head(200, fields))]
    wait = first_after
    for part in parts:
        if isinstance(part, bytes):
            steps.append(Send(in_chunk(part) if framing == "chunked" else part, wait))
        else:
            steps.append(part)
            if not isinstance(part, Send):
                return Scenario(name, tuple(steps), usage)
        wait = gap
    steps.append(Send(b"0\r\n\r\n") if framing == "chunked" else Close())
    return Scenario(name, tuple(steps), usage)


def in_chunk(data: bytes) -> bytes:
    """`data` as one chunk of HTTP's chunked encoding."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(
    texts: Sequence[str] = TEXTS,
    *,
    gap: float = 0.0,
    usage: tuple[int, int] | None = (5, 2),
    finish: str | None = "stop",
    done: bool = True,
    framing: Framing = "chunked",
) -> Scenario:
    """A stream with one event a text. `done=False` leaves `[DONE]` out."""
    parts = events(texts, usage=usage, finish=finish, done=done)
    return streamed("stream", parts, gap=gap, framing=framing, usage=usage)


def slow_first_token(seconds: float, texts: Sequence[str] = TEXTS) -> Scenario:
    """Headers and the role at once, the first text only after `seconds`."""
    first, second, *rest = events(texts)
    late = Send(in_chunk(second), seconds)
    return streamed("slow first token", [first, late, *rest], usage=(5, 2))


def reset_before_bytes() -> Scenario:
    """Takes the request and resets the connection."""
    return Scenario("reset before bytes", (Reset(),))


def close_before_bytes() -> Scenario:
    """Takes the request and closes the connection."""
    return Scenario("close before bytes", (Close(),))


def silent() -> Scenario:
    """Takes the request and never answers."""
    return Scenario("silent", (Hang(),))


def silent_after_head() -> Scenario:
    """Sends the headers of a stream, then nothing."""
    return streamed("silent after head", [Hang()])


def cut(
    after: int, *, how: Literal["close", "reset"] = "close", framing: Framing = "chunked"
) -> Scenario:
    """A stream that breaks off after `after` texts (0: after the role alone)."""
    end: Step = Close() if how == "close" else Reset()
    # A reset may overtake what was sent before it; give that a moment.
    pause = [Send(b"", 0.05)] if how == "reset" else []
    return streamed("cut", [*events()[: after + 1], *pause, end], framing=framing)


def stall(after: int) -> Scenario:
    """A stream that falls silent after `after` texts."""
    return streamed("stall", [*events()[: after + 1], Hang()])


def spliced(name: str, at: int, part: bytes, *, gap: float = 0.03) -> Scenario:
    """A stream with a part of yours after `at` texts; -1: after the finish.

    The gap lets a reader see what comes before the part before it sees the part.
    """
    parts = events()
    where = len(TEXTS) + 2 if at < 0 else at + 1
    return streamed(name, [*parts[:where], part, *parts[where:]], gap=gap, usage=(5, 2))


def malformed_event(at: int = 0, *, gap: float = 0.03) -> Scenario:
    """A stream with an event that is not JSON."""
    return spliced("malformed event", at, b'data: {"choices": [{"delta"\n\n', gap=gap)


def invalid_utf8(at: int = 0, *, gap: float = 0.03) -> Scenario:
    """A stream with an event that is not UTF-8."""
    bad = piece({"content": "?"}).replace(b"?", b"\xff\xfe\xc3")
    return spliced("invalid UTF-8", at, bad, gap=gap)


def error_event(
    at: int = 0,
    message: str = "the model fell over",
    code: str = "server_error",
    *,
    gap: float = 0.03,
) -> Scenario:
    """A 200 with an error event inside: after `at` texts, or -1 after the finish."""
    error = {"error": {"message": message, "type": code, "code": code, "param": None}}
    return spliced("error event", at, event(error), gap=gap)


def html() -> Scenario:
    """The page of some proxy in between, with status 200."""
    page = b"<!doctype html><html><body><h1>Welcome to our proxy</h1></body></html>"
    return Scenario("HTML", (sized(200, page, {"Content-Type": "text/html"}),))


def wrong_length(missing: int = 40) -> Scenario:
    """A Content-Length that promises `missing` bytes more than come."""
    body = completion()
    fields = {"Content-Type": _JSON, "Content-Length": str(len(body) + missing)}
    return Scenario("wrong length", (Send(head(200, fields) + body), Close()))


def zipped(*, truncated: bool = False) -> Scenario:
    """A whole answer in gzip nobody asked for; truncated with a Content-Length that fits."""
    body = gzip.compress(completion(), mtime=0)
    body = body[: len(body) // 2] if truncated else body
    return Scenario(
        "gzip", (sized(200, body, {"Content-Encoding": "gzip"}),), None if truncated else (5, 2)
    )


def zipped_stream(*, truncated: bool = False) -> Scenario:
    """A stream in gzip; truncated in its middle, yet with a proper end of HTTP."""
    packed = gzip.compress(b"".join(events(TEXTS * 50)), mtime=0)
    packed = packed[: len(packed) // 2] if truncated else packed
    return streamed(
        "gzip stream",
        [packed],
        headers={"Content-Encoding": "gzip"},
        usage=None if truncated else (5, 2),
    )


def large_event(size: int = 700_000) -> Scenario:
    """A stream with one very large event (an image, say)."""
    return stream(("x" * size,))


def redirect(to: str, status: int = 307) -> Scenario:
    """Sends the caller, and with it the key, somewhere else."""
    return Scenario("redirect", (sized(status, b"", {"Location": to}),))


def large_header(size: int = 64 * 1024) -> Scenario:
    """A right answer with a header larger than anybody accepts."""
    return Scenario("large header", (sized(200, completion(), {"X-Large": "x" * size}),))
