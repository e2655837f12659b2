"""The echo provider: a script for every call, and the reading of it.

It speaks no client dialect on purpose: every call goes through translation, so that the lane of
vendors with their own wire format is exercised from the first start.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_echo.behaviour import Behaviour, behaviour

_DIMENSIONS = 8
_FOREVER = 24 * 3600.0
#: What one call may make it produce: everyone with a key can reach an echo.
_MOST_NUMBERS, _MOST_CHARACTERS = 65_536, 8 * 2**20
#: kind -> the status an echo fails with, where it fails with an answer at all
_STATUSES: Mapping[hg.Kind, int] = {
    hg.Kind.RATE_LIMITED: 429,
    hg.Kind.QUOTA_EXHAUSTED: 402,
    hg.Kind.CREDENTIALS: 401,
    hg.Kind.OVERLOADED: 503,
    hg.Kind.SERVER_ERROR: 500,
    hg.Kind.MODEL_NOT_FOUND: 404,
    hg.Kind.TOO_LARGE: 413,
}


@dataclass(frozen=True)
class Echo(hg.Provider):
    """Answers with the last user message. `delay` and `gap` in seconds."""

    kind = "echo"
    framing = hg.NDJSON
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS}
    )
    #: It understands nothing, so it takes anything.
    says: ClassVar[frozenset[str]] = frozenset(
        {
            *("temperature", "top_p", "top_k", "stop", "seed", "n", "logit_bias"),
            *("presence_penalty", "frequency_penalty", "logprobs", "top_logprobs"),
            *("reasoning_effort", "parallel_tool_calls", "dimensions"),
            *("tools", "tool_choice", "json_object", "json_schema"),
            *("images", "image_urls", "audio", "documents", "document_urls", "file_ids"),
            *("tool_result_media", "service_tier", "store", "verbosity"),
        }
    )
    always_on: ClassVar[bool] = True
    keyless: ClassVar[bool] = True

    delay: float = 0.0
    gap: float = 0.0
    chunks: int = 0
    fail: hg.Kind | None = None
    after: int = 0

    def request(self, call: hg.Call, target: hg.Target) -> hg.Script:
        says = behaviour(
            Behaviour(self.delay, self.gap, self.chunks, self.fail, self.after), target.model
        )
        if says.fail is not None and not says.after:
            return _failing(says)
        lines = _vectors(call) if call.operation is hg.Operation.EMBEDDINGS else _answer(call, says)
        if not call.stream:
            return hg.Script((hg.Step(b"".join(lines), says.delay + says.gap * len(lines)),))
        steps = [hg.Step(line, says.gap) for line in lines]
        steps[0] = hg.Step(lines[0], says.delay)
        if says.fail is None:
            return hg.Script(tuple(steps))
        end = (_break(says.fail),) if says.fail is not hg.Kind.CUT else ()
        return hg.Script((*steps[: says.after], *end), cut=says.fail is hg.Kind.CUT)

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        feed = EchoFeed()
        for frame in hg.NDJSON().feed(response.body):
            yield from feed.frame(frame)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return EchoFeed()

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        failure = hg.by_status(response)
        if failure.code not in set(hg.Kind):
            return failure
        kind = hg.Kind(failure.code)
        return hg.Failure(
            kind,
            f"echo was told to fail with {kind}",
            status=response.status,
            retry_after=hg.retry_after(response.headers),
        )


class EchoFeed:
    """Reads an echo's lines: one JSON object an event."""

    def __init__(self) -> None:
        self.done = False

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        if frame.data is None:
            return
        line: dict[str, Any] = json.loads(frame.data)
        match line:
            case {"text": text}:
                yield hg.Text(text)
            case {"call": name, "arguments": arguments}:
                yield hg.ToolCall(0, f"call_{_digest(name + arguments)[:12]}", name, arguments)
            case {"vector": values, "index": index}:
                yield hg.Vector(index, tuple(values))
            case {"finish": reason}:
                yield hg.Finish(reason)
            case {"input": tokens, "output": written}:
                yield hg.Usage(input=tokens, output=written)
                self.done = True
            case {"error": kind}:
                raise hg.CallFailed(hg.Failure(hg.Kind(kind), f"echo was told to fail with {kind}"))


def _answer(call: hg.Call, says: Behaviour) -> list[bytes]:
    """The lines of a chat answer: text or a tool call, the finish, the usage."""
    chat = call.chat
    said = [message.text for message in chat.messages if message.role == "user"]
    text = said[-1] if said and said[-1] else "..."
    prompt = sum(_tokens(message.text) for message in chat.messages)
    if chat.tools and chat.tool_choice not in (None, "auto", "none"):
        name = chat.tools[0].name if chat.tool_choice == "required" else chat.tool_choice
        arguments = json.dumps({"text": text})
        lines = [_line(call=name, arguments=arguments), _line(finish="tool_calls")]
        return [*lines, _line(input=prompt, output=_tokens(arguments))]
    pieces = _pieces(text, says.chunks)
    written, reason = "".join(pieces), "stop"
    if chat.max_tokens is not None and _tokens(written) > chat.max_tokens:
        pieces, reason = _pieces(written[: chat.max_tokens * 4], says.chunks), "length"
    lines = [_line(text=piece) for piece in pieces]
    usage = _line(input=prompt, output=_tokens("".join(pieces)))
    return [*lines, _line(finish=reason), usage]


def _pieces(text: str, count: int) -> list[str]:
    """`text` in words, or in exactly `count` pieces that repeat it as needed."""
    words = [word if index == 0 else f" {word}" for index, word in enumerate(text.split(" "))]
    if not count:
        return words
    if count * max(map(len, words)) > _MOST_CHARACTERS:
        raise hg.Unsupported("echo does not say that much", "model")
    return [words[index % len(words)] for index in range(count)]


def _vectors(call: hg.Call) -> list[bytes]:
    embed = call.embed
    size = embed.dimensions or _DIMENSIONS
    if size * len(embed.inputs) > _MOST_NUMBERS:
        raise hg.Unsupported("echo does not make that many numbers", "dimensions")
    lines = [
        _line(index=index, vector=_vector(str(value), size))
        for index, value in enumerate(embed.inputs)
    ]
    tokens = sum(_tokens(value) if isinstance(value, str) else len(value) for value in embed.inputs)
    return [*lines, _line(input=tokens, output=0)]


def _vector(text: str, size: int) -> list[float]:
    """The same numbers for the same text, each exact in 32 bits."""
    values: list[float] = []
    block = 0
    while len(values) < size:
        digest = hashlib.sha256(f"{block}:{text}".encode()).digest()
        values += [number / 32768 for number in struct.unpack("<16h", digest)]
        block += 1
    return values[:size]


def _failing(says: Behaviour) -> hg.Script:
    """A failure before anything was said."""
    match says.fail:
        case hg.Kind.TIMEOUT:
            return hg.Script((hg.Step(b"", _FOREVER),))
        case hg.Kind.CONNECTION | hg.Kind.CUT:
            return hg.Script((), cut=True)
        case hg.Kind.GARBLED:
            return hg.Script((hg.Step(b"<html>not what you asked for\n", says.delay),))
        case hg.Kind.PLUGIN:
            raise RuntimeError("echo was told to fail with plugin")
        case hg.Kind.UNSUPPORTED:
            raise hg.Unsupported("echo was told to fail with unsupported")
        case kind:
            status = _STATUSES.get(kind or hg.Kind.SERVER_ERROR, 400)
            body = json.dumps({"error": {"code": kind}}).encode()
            headers = {"retry-after": "1"} if kind is hg.Kind.RATE_LIMITED else {}
            return hg.Script((hg.Step(body, says.delay),), status, headers)


def _break(kind: hg.Kind) -> hg.Step:
    """A failure in the middle of a stream."""
    match kind:
        case hg.Kind.TIMEOUT:
            return hg.Step(b"", _FOREVER)
        case hg.Kind.GARBLED:
            return hg.Step(b"{not json\n")
        case _:
            return hg.Step(_line(error=kind.value))


def _line(**fields: object) -> bytes:
    return json.dumps(fields).encode() + b"\n"


def _tokens(text: str) -> int:
    return -(-len(text) // 4)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
