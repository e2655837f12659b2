"""Answers, whole and streamed, as events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import headgate as hg
from headgate_anthropic.faults import failure_in_stream
from headgate_anthropic.foreign_json import as_object, count, mapping, string

#: Any other reason is a plain stop. A paused turn is not over, so it is no stop.
_REASONS: Mapping[str, str] = {
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "compaction": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def read_message(body: bytes) -> Iterator[hg.Event]:
    """The events of a whole answer in JSON. Raises `ValueError` for what is none, and
    `CallFailed` for an error in its place.
    """
    return message_events(as_object(json.loads(body)))


def message_events(answer: Mapping[str, Any]) -> Iterator[hg.Event]:
    """The events of a whole `message` object."""
    if answer.get("type") == "error":
        raise hg.CallFailed(failure_in_stream(answer))
    content = answer.get("content")
    if not isinstance(content, list):
        raise ValueError("the answer has no content")
    yield from _blocks(content)
    yield read_usage(mapping(answer.get("usage")))
    yield _finish(answer)


def _blocks(content: list[Any]) -> Iterator[hg.Event]:
    """The events of blocks that are whole."""
    tools = 0
    for block in map(as_object, content):
        match block.get("type"):
            case "text" if text := string(block, "text"):
                yield hg.Text(text)
            case "thinking":
                signature = string(block, "signature")
                yield hg.Reasoning(string(block, "thinking"), signature=signature or None)
            case "redacted_thinking":
                yield hg.Reasoning(redacted=string(block, "data"))
            case "tool_use":
                yield replace(_tool(block, tools), arguments=_arguments(block))
                tools += 1


def read_count(body: bytes) -> Iterator[hg.Event]:
    """The event of a token count."""
    tokens = count(as_object(json.loads(body)), "input_tokens")
    if tokens is None:
        raise ValueError("the answer counts no tokens")
    yield hg.Usage(input=tokens)


def read_usage(usage: Mapping[str, Any]) -> hg.Usage:
    """The token classes of an answer; nothing is known of one that does not say."""
    return hg.messages_usage(usage) or hg.Usage()


@dataclass(slots=True)
class _Open:
    """A block that is still being written. `tool` is its tool call, if it is one."""

    tool: hg.ToolCall | None = None
    #: The arguments to fall back on, as long as no piece of them has come.
    arguments: str = ""
    signature: list[str] = field(default_factory=list)


class MessagesFeed:
    """Reads one stream: `message_start`, blocks that start, grow and stop, `message_delta`,
    `message_stop`.
    """

    __slots__ = ("_begun", "_finished", "_open", "_tools", "_usage", "done")

    def __init__(self) -> None:
        self.done = False
        #: The ids of the answers that have begun; more than one is none.
        self._begun: set[str] = set()
        self._finished = False
        self._open: dict[int, _Open] = {}
        self._tools = 0
        self._usage: dict[str, Any] = {}

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        """The events in one frame."""
        if not frame.data:
            return ()
        message = as_object(json.loads(frame.data))
        match message.get("type"):
            case "message_start":
                return self._begin(as_object(message.get("message")))
            case "content_block_start":
                return self._start(_index(message), as_object(message.get("content_block")))
            case "content_block_delta":
                return self._grow(_index(message), as_object(message.get("delta")))
            case "content_block_stop":
                return self._stop(_index(message))
            case "message_delta":
                return self._close(message)
            case "message_stop":
                if not self._finished:
                    raise ValueError("the answer stops without a reason")
                self.done = True
            case "error":
                raise hg.CallFailed(failure_in_stream(message))
        return ()

    def _begin(self, message: Mapping[str, Any]) -> Iterator[hg.Event]:
        said_id = string(message, "id")
        if said_id in self._begun:
            return
        if self._begun:
            raise ValueError("an answer begins within another")
        self._begun.add(said_id)
        usage = self._counted(message)
        # A turn in which code goes on that calls tools is all there at once.
        content = message.get("content")
        for event in _blocks(content if isinstance(content, list) else []):
            self._tools += isinstance(event, hg.ToolCall)
            yield event
        if message.get("stop_reason") is None:
            # What is said of the output before there is any is not yet true.
            yield usage._replace(output=None, reasoning=None)
        else:
            self._finished = True
            yield usage
            yield _finish(message)

    def _start(self, index: int, block: Mapping[str, Any]) -> Iterator[hg.Event]:
        opened = self._open[index] = _Open()
        match block.get("type"):
            case "text" if text := string(block, "text"):
                yield hg.Text(text)
            case "thinking":
                opened.signature.append(string(block, "signature"))
                if text := string(block, "thinking"):
                    yield hg.Reasoning(text)
            case "redacted_thinking":
                yield hg.Reasoning(redacted=string(block, "data"))
            case "tool_use":
                opened.tool, opened.arguments = _tool(block, self._tools), _arguments(block)
                self._tools += 1
                yield opened.tool

    def _grow(self, index: int, delta: Mapping[str, Any]) -> Iterator[hg.Event]:
        block = self._block(index)
        match delta.get("type"):
            case "text_delta":
                yield hg.Text(string(delta, "text"))
            case "thinking_delta":
                yield hg.Reasoning(string(delta, "thinking"))
            case "signature_delta":
                block.signature.append(string(delta, "signature"))
            # The tools that the vendor itself runs are called the same way.
            case "input_json_delta" if block.tool and (piece := string(delta, "partial_json")):
                block.arguments = ""
                yield hg.ToolCall(block.tool.index, arguments=piece)

    def _stop(self, index: int) -> Iterator[hg.Event]:
        block = self._block(index)
        del self._open[index]
        if block.tool and block.arguments:
            yield hg.ToolCall(block.tool.index, arguments=block.arguments)
        if signature := "".join(block.signature):
            yield hg.Reasoning(signature=signature)

    def _close(self, message: Mapping[str, Any]) -> Iterator[hg.Event]:
        yield self._counted(message)
        delta = mapping(message.get("delta"))
        if delta.get("stop_reason") is not None and not self._finished:
            self._finished = True
            yield _finish(delta)

    def _counted(self, holder: Mapping[str, Any]) -> hg.Usage:
        # Counts are totals so far; what a message leaves out is as it was.
        said = mapping(holder.get("usage"))
        self._usage |= {name: value for name, value in said.items() if value is not None}
        return read_usage(self._usage)

    def _block(self, index: int) -> _Open:
        if index not in self._open:
            raise ValueError(f"block {index} has not started")
        return self._open[index]


def _finish(holder: Mapping[str, Any]) -> hg.Finish:
    reason = _REASONS.get(string(holder, "stop_reason"), "stop")
    return hg.Finish(reason, stop_sequence=string(holder, "stop_sequence") or None)


def _tool(block: Mapping[str, Any], index: int) -> hg.ToolCall:
    return hg.ToolCall(index, string(block, "id"), string(block, "name"))


def _arguments(block: Mapping[str, Any]) -> str:
    return json.dumps(mapping(block.get("input")), ensure_ascii=False, separators=(",", ":"))


def _index(message: Mapping[str, Any]) -> int:
    index = message.get("index")
    if not isinstance(index, int):
        raise ValueError("a block without an index")
    return index
