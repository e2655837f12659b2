"""Answers of `/v2/chat`, whole and streamed.

What Cohere calls a tool plan is thinking aloud before a tool is called; clients get it as
reasoning. Citations have no place in other dialects and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_cohere.faults import failed
from headgate_cohere.foreign import inside, items, parsed, text
from headgate_cohere.spending import spent

_FINISHES: Mapping[str, str] = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}
_FAULTS: Mapping[str, hg.Kind] = {
    "ERROR": hg.Kind.SERVER_ERROR,
    "TIMEOUT": hg.Kind.TIMEOUT,
}


def whole(answer: Mapping[str, Any]) -> Iterator[hg.Event]:
    """The events of a whole answer. Raises `CallFailed` for an error dressed as success."""
    message = answer.get("message")
    if isinstance(message, str):
        raise failed(message)
    if not isinstance(message, dict):
        raise ValueError("the answer has no message")
    blocks = list(items(message, "content"))
    for block in blocks:
        if thought := text(block, "thinking"):
            yield hg.Reasoning(thought)
    if plan := text(message, "tool_plan"):
        yield hg.Reasoning(plan)
    likelihoods = _likelihoods(answer)
    for block in blocks:
        if said := text(block, "text"):
            yield hg.Text(said, logprobs=likelihoods)
            likelihoods = ()
    for index, call in enumerate(items(message, "tool_calls")):
        function = inside(call, "function")
        arguments = _said(function) or "{}"
        yield hg.ToolCall(index, text(call, "id"), text(function, "name"), arguments)
    yield from _end(answer, text(answer, "error"))


def _end(holder: Mapping[str, Any], error: str) -> Iterator[hg.Event]:
    """Usage and finish reason. The former comes first: a call that failed is billed, too."""
    if (usage := spent(inside(holder, "usage"))) is not None:
        yield usage
    reason = text(holder, "finish_reason")
    if reason in _FAULTS:
        raise failed(error or f"the model stopped with {reason}", _FAULTS[reason])
    if error:
        raise failed(error)
    if not reason:
        raise ValueError("the answer has no finish reason")
    yield hg.Finish(_FINISHES.get(reason, "stop"))


def _likelihoods(holder: Mapping[str, Any]) -> tuple[hg.TokenLogprob, ...]:
    """One entry a piece of text: where a piece is several tokens, theirs are multiplied."""
    found = []
    for item in items(holder, "logprobs"):
        logprobs = item.get("logprobs")
        if isinstance(logprobs, list) and all(type(one) in (int, float) for one in logprobs):
            found.append(hg.TokenLogprob(text(item, "text"), float(sum(logprobs))))
    return tuple(found)


class ChatFeed:
    """Decodes one stream of server-sent events; `message-end` is its last."""

    def __init__(self) -> None:
        self.done = False
        self._calls = 0
        #: Cohere's number of a tool call -> ours, which has no gaps.
        self._indexes: dict[int, int] = {}
        #: Calls whose arguments have not begun.
        self._bare: set[int] = set()

    def frame(self, frame: hg.Frame) -> Iterator[hg.Event]:
        """The events in one frame; frames of unknown types say nothing."""
        if not frame.data or frame.data.strip() == b"[DONE]":
            return
        event = parsed(frame.data)
        match text(event, "type") or frame.event:
            case "content-start" | "content-delta":
                yield from self._content(event)
            case "tool-plan-delta":
                yield from self._plan(event)
            case "tool-call-start":
                yield from self._call(event)
            case "tool-call-delta":
                yield from self._arguments(event)
            case "tool-call-end":
                yield from self._call_end(event)
            case "message-end":
                yield from self._message_end(event)
            case _:
                # No event of an answer has a text there: it is an error body.
                if message := text(event, "message"):
                    raise failed(message)

    def _content(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        content = inside(event, "delta", "message", "content")
        if thought := text(content, "thinking"):
            yield hg.Reasoning(thought)
        if said := text(content, "text"):
            yield hg.Text(said, logprobs=_likelihoods(event))

    def _plan(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        if plan := text(inside(event, "delta", "message"), "tool_plan"):
            yield hg.Reasoning(plan)

    def _call(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        for call in items(inside(event, "delta", "message"), "tool_calls"):
            index = self._indexes[_number(event)] = self._calls
            self._calls += 1
            function = inside(call, "function")
            arguments = _said(function)
            if not arguments:
                self._bare.add(index)
            yield hg.ToolCall(index, text(call, "id"), text(function, "name"), arguments)

    def _arguments(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        for call in items(inside(event, "delta", "message"), "tool_calls"):
            index, function = self._index(event), inside(call, "function")
            if piece := _said(function) if index in self._bare else text(function, "arguments"):
                self._bare.discard(index)
                yield hg.ToolCall(index, arguments=piece)

    def _call_end(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        index = self._index(event)
        if index in self._bare:
            self._bare.discard(index)
            yield hg.ToolCall(index, arguments="{}")

    def _message_end(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        for index in sorted(self._bare):
            yield hg.ToolCall(index, arguments="{}")
        delta = inside(event, "delta")
        yield from _end(delta, text(delta, "error"))
        self.done = True

    def _index(self, event: Mapping[str, Any]) -> int:
        index = self._indexes.get(_number(event))
        if index is None:
            raise ValueError("arguments of a tool call that has not begun")
        return index


def _said(function: Mapping[str, Any]) -> str:
    """The arguments of a call as far as there are any: a tool without parameters gets `null`."""
    arguments = text(function, "arguments")
    return "" if arguments.strip() == "null" else arguments


def _number(event: Mapping[str, Any]) -> int:
    index = event.get("index")
    return index if type(index) is int else 0
