"""Watching a relayed Messages answer: the bytes go on untouched, metering reads along."""

from __future__ import annotations

from typing import Any

import orjson

from headgate.dialects.anthropic_errors import in_band_failure
from headgate.dialects.base import Reading
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Failure
from headgate.provider.usage import messages_usage
from headgate.provider.wire import Frame

MESSAGE_STOP = b'event: message_stop\ndata: {"type":"message_stop"}\n\n'

#: Where a delta of each type keeps its text.
_TEXTS = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
}
#: Blocks that are empty when they start; any other is there to be seen at once.
_EMPTY = {"text": "text", "thinking": "thinking"}
_TEXT = b'"delta":{"type":"text_delta","text":"'
#: A stream whose frames are not alike after so many of them never will be.
_LESSONS = 16


class MessageTap:
    """Reads a stream of Messages events going by."""

    __slots__ = (
        "_before",
        "_lessons",
        "_said",
        "characters",
        "ended",
        "failure",
        "finish",
        "upstream_id",
        "usage",
        "visible",
        "whole",
    )

    def __init__(self) -> None:
        # The vendor's own counts so far: what comes later replaces what came before.
        self._said: dict[str, Any] = {}
        # What stood before the text of the last ordinary frame.
        self._before = b""
        self._lessons = 0
        self.visible = False
        self.whole = False
        self.ended = False
        self.usage: Usage | None = None
        self.characters = 0
        self.finish: str | None = None
        self.upstream_id: str | None = None
        self.failure: Failure | None = None

    def see(self, frame: Frame) -> bytes:
        if self.ended:
            return b""
        if frame.data is None or not frame.data.strip():
            # Comments and bare event names keep a connection awake; the SDKs pass over them.
            return frame.raw
        event = orjson.loads(frame.data)
        if not isinstance(event, dict):
            raise ValueError("an event is not an object")
        match event.get("type") or frame.event:
            case "content_block_delta":
                self._delta(event["delta"])
                if self._lessons < _LESSONS:
                    self._learn(frame.raw, event["delta"])
            case "content_block_start":
                block = event["content_block"]
                text = _EMPTY.get(block["type"])
                self._saw(block.get(text) if text else block)
            case "message_start":
                message = event["message"]
                if isinstance(said_id := message.get("id"), str):
                    if self.upstream_id not in (None, said_id):
                        raise ValueError("an answer begins within another")
                    self.upstream_id = said_id
                self._count(message.get("usage"))
                self._saw(message.get("content"))
                if reason := message.get("stop_reason"):
                    # A turn in which code goes on that calls tools is all there at once.
                    self.finish = reason
                    self.whole = self.visible = True
            case "message_delta":
                self._count(event.get("usage"))
                if reason := event["delta"].get("stop_reason"):
                    self.finish = reason
                    # An answer that ends without a word is an answer.
                    self.whole = self.visible = True
            case "message_stop":
                self.whole = self.ended = self.visible = True
            case "error":
                return self._fail(frame, event)
            case None:
                if not event.get("error"):
                    raise ValueError("an event has no type")
                return self._fail(frame, event)
            case _:
                pass
        return _named(frame, event)

    def like_the_last(self, raw: bytes) -> bool:
        before = self._before
        if not before or not raw.startswith(before) or not raw.endswith(b"}\n\n"):
            return False
        text, quote, rest = raw[len(before) :].partition(b'"')
        # Anthropic pads its frames with blanks.
        if quote and rest[:1] == b"}" and rest[1:-3].strip(b" ") == b"" and _plain(text):
            self.characters += len(text)
            return True
        return False

    def _learn(self, raw: bytes, delta: dict[str, Any]) -> None:
        """Remembers what stands before the text of an ordinary frame."""
        self._lessons += 1
        start = raw.find(_TEXT)
        if start < 0 or delta.get("type") != "text_delta" or not raw.startswith(b"event: "):
            return
        start += len(_TEXT)
        text = raw[start : raw.find(b'"', start)]
        if raw.count(b"\n") == 3 and text and text == str(delta.get("text")).encode():
            self._before = raw[:start]

    def _delta(self, delta: dict[str, Any]) -> None:
        kind = delta.get("type")
        name = _TEXTS.get(kind) if isinstance(kind, str) else None
        if name is not None:
            text = delta.get(name)
            self._saw(text)
            self.characters += len(text) if isinstance(text, str) else 0
        elif kind == "citations_delta":
            self.visible = True

    def _saw(self, what: Any) -> None:
        self.visible = self.visible or bool(what)

    def _count(self, usage: Any) -> None:
        if isinstance(usage, dict):
            self._said |= {name: said for name, said in usage.items() if said is not None}
            self.usage = _counted(self._said)

    def _fail(self, frame: Frame, event: dict[str, Any]) -> bytes:
        # After the stop reason the answer is whole, whatever the vendor adds.
        if self.whole:
            return b""
        self.failure = in_band_failure(event)
        return _named(frame, event, "error")


def read_whole(body: bytes) -> Reading:
    """Usage, stop reason and id of a whole message."""
    answer = orjson.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    if not isinstance(answer.get("content"), list):
        if answer.get("error"):
            raise CallFailed(in_band_failure(answer))
        raise ValueError("the answer has no content")
    return Reading(body, _counted(answer.get("usage")), answer.get("stop_reason"), answer.get("id"))


def _named(frame: Frame, event: dict[str, Any], name: str | None = None) -> bytes:
    """The frame with its event name, which the SDKs go by and some vendors leave out."""
    if frame.event is not None:
        return frame.raw
    name = name or str(event["type"])
    if not name.isprintable():
        raise ValueError("an event has no fit name")
    return b"event: " + name.encode() + b"\n" + frame.raw


def _plain(text: bytes) -> bool:
    """Whether a JSON text stands for itself, character by character."""
    return b"\\" not in text and text.isascii() and text.decode("ascii").isprintable()


def _counted(said: Any) -> Usage | None:
    """What is billed; without prompt and answer, counts of the cache alone are no bill."""
    usage = messages_usage(said)
    if usage is None or (usage.input is None and usage.output is None):
        return None
    return usage
