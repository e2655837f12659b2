"""What Bedrock's wire looks like, written down a second time for the tests."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat

HELLO = [{"role": "user", "content": "Hello"}]


def text_header(name: str, value: str) -> bytes:
    """A header that holds text."""
    return (
        bytes([len(name)])
        + name.encode()
        + b"\x07"
        + struct.pack(">H", len(value.encode()))
        + value.encode()
    )


def message(payload: bytes, *headers: bytes) -> bytes:
    """One message, checksums included."""
    joined = b"".join(headers)
    prelude = struct.pack(">II", 16 + len(joined) + len(payload), len(joined))
    start = prelude + struct.pack(">I", zlib.crc32(prelude)) + joined + payload
    return start + struct.pack(">I", zlib.crc32(start))


def event(name: str, **fields: Any) -> bytes:
    """An event."""
    return message(
        json.dumps(fields).encode(),
        text_header(":event-type", name),
        text_header(":content-type", "application/json"),
        text_header(":message-type", "event"),
    )


def exception(name: str, **fields: Any) -> bytes:
    """An exception in the middle of a stream."""
    return message(
        json.dumps(fields).encode(),
        text_header(":exception-type", name),
        text_header(":message-type", "exception"),
    )


def chunk(**fields: Any) -> bytes:
    """A piece of an InvokeModel stream."""
    inner = base64.b64encode(json.dumps(fields, separators=(",", ":")).encode()).decode()
    return event("chunk", bytes=inner, p="abcd")


def messages(data: bytes) -> Iterator[tuple[dict[str, str], Any]]:
    """The headers and payloads of a stream, read without looking at a checksum."""
    at = 0
    while at < len(data):
        total, length = struct.unpack(">II", data[at : at + 8])
        raw, headers, place = data[at + 12 : at + 12 + length], {}, 0
        while place < len(raw):
            end = place + 1 + raw[place]
            name = raw[place + 1 : end].decode()
            (size,) = struct.unpack(">H", raw[end + 1 : end + 3])
            headers[name] = raw[end + 3 : end + 3 + size].decode()
            place = end + 3 + size
        yield headers, json.loads(data[at + 12 + length : at + total - 4])
        at += total


def chat(**fields: Any) -> hg.Call:
    """A call as the OpenAI dialect reads it."""
    return OpenAIChat().parse("r", {"model": "m", "messages": HELLO, **fields}, {})


def words(*said: str) -> hg.Traits:
    """What a catalogue says of a model."""
    return hg.Traits(words=frozenset(said))


def target(model: str, traits: hg.Traits | None = None) -> hg.Target:
    """A model at Bedrock."""
    return hg.Target("bedrock", model).knowing(traits or hg.Traits())


def decoded(framer: hg.Framer, feed: hg.Feed, pieces: list[bytes]) -> list[hg.Event]:
    """The events of a stream that arrives in pieces."""
    frames = [frame for piece in pieces for frame in framer.feed(piece)] + framer.close()
    return [one for frame in frames for one in feed.frame(frame)]


def gathered(events: list[hg.Event]) -> dict[str, Any]:
    """What an answer comes to, however it was cut into events."""
    text = "".join(one.text for one in events if isinstance(one, hg.Text))
    tools: dict[int, list[Any]] = {}
    thoughts: list[Any] = []
    usage, finish, thought = hg.Usage(), [], ""
    for one in events:
        match one:
            case hg.ToolCall(index, id_, name, arguments):
                entry = tools.setdefault(index, [id_, name, ""])
                entry[2] += arguments
            case hg.Reasoning(redacted=str() as data):
                thoughts.append(("redacted", data))
            case hg.Reasoning(piece, signature=signature):
                thought += piece
                if signature is not None:
                    thoughts.append((thought, signature))
                    thought = ""
            case hg.Usage():
                usage = usage.updated(one)
            case hg.Finish(reason):
                finish.append(reason)
    if thought:
        thoughts.append((thought, None))
    calls = [(id_, name, json.loads(said)) for _, (id_, name, said) in sorted(tools.items())]
    assert sorted(tools) == list(range(len(tools)))
    return {"text": text, "calls": calls, "thoughts": thoughts, "usage": usage, "finish": finish}
