"""Converse answers, whole and streamed, as events."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_bedrock.failures import stream_failure

_FINISHES: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
#: The model said something that its own grammar does not allow: there is no answer.
_MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})
#: A tool that Bedrock itself runs: its calls and results are none of the client's.
_SERVER_TOOL = "server_tool_use"


def whole_answer(body: bytes) -> Iterator[hg.Event]:
    """The events of a Converse answer. Raises `ValueError` for what is none."""
    answer = as_object(json.loads(body))
    message = as_object(as_object(answer.get("output")).get("message"))
    tools = 0
    for block in as_list(message.get("content")):
        for event in _block(as_object(block), tools):
            tools += isinstance(event, hg.ToolCall)
            yield event
    yield _usage(answer.get("usage"))
    yield _finish(answer, tools)


def counted(body: bytes) -> hg.Usage:
    """The usage in the answer to a CountTokens request."""
    return hg.Usage(input=_count(as_object(json.loads(body)), "inputTokens", needed=True))


class ConverseFeed:
    """Decodes one ConverseStream. Usage comes last, after the reason why the model stopped."""

    def __init__(self) -> None:
        self.done = False
        #: Bedrock's number of a content block -> the index of its tool call.
        self._tools: dict[int, int] = {}
        self._silent: set[int] = set()
        #: Tool calls whose arguments have begun.
        self._begun: set[int] = set()
        self._signature: list[str] = []
        self._stopped = self._counted = False

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        """The events in one message."""
        event = frame.event or ""
        if event.endswith("Exception"):
            raise hg.CallFailed(stream_failure(event, frame.data or b""))
        if (read := getattr(self, f"_on_{event}", None)) is None:
            return ()
        events: Iterable[hg.Event] = read(as_object(json.loads(frame.data or b"{}")))
        return events

    def _on_contentBlockStart(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:  # noqa: N802
        at, start = _index(event), as_object(event.get("start") or {})
        if not start:
            return
        if "toolUse" not in start:
            self._silent.add(at)
            return
        use = as_object(start["toolUse"])
        if use.get("type") == _SERVER_TOOL:
            self._silent.add(at)
            return
        self._tools[at] = len(self._tools)
        yield hg.ToolCall(self._tools[at], _text(use, "toolUseId"), _text(use, "name"))

    def _on_contentBlockDelta(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:  # noqa: N802
        at, delta = _index(event), as_object(event.get("delta"))
        if at in self._silent:
            return
        if isinstance(text := delta.get("text"), str) and text:
            yield hg.Text(text)
        if "toolUse" in delta:
            if at not in self._tools:
                raise ValueError("arguments of a tool call that has not begun")
            if fragment := _text(as_object(delta["toolUse"]), "input"):
                self._begun.add(at)
                yield hg.ToolCall(self._tools[at], arguments=fragment)
        if "reasoningContent" in delta:
            yield from self._reasoning(as_object(delta["reasoningContent"]))

    def _reasoning(self, piece: Mapping[str, Any]) -> Iterator[hg.Event]:
        if isinstance(text := piece.get("text"), str) and text:
            yield hg.Reasoning(text)
        if isinstance(redacted := piece.get("redactedContent"), str) and redacted:
            yield hg.Reasoning(redacted=redacted)
        if isinstance(signature := piece.get("signature"), str) and signature:
            self._signature.append(signature)

    def _on_contentBlockStop(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:  # noqa: N802
        at = _index(event)
        if self._signature:
            yield hg.Reasoning(signature="".join(self._signature))
            self._signature.clear()
        if at in self._tools and at not in self._begun:
            # A call without arguments has no delta; an empty text would be no JSON.
            yield hg.ToolCall(self._tools[at], arguments="{}")

    def _on_messageStop(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:  # noqa: N802
        yield _finish(event, len(self._tools))
        self._stopped = True
        self.done = self._counted

    def _on_metadata(self, event: Mapping[str, Any]) -> Iterator[hg.Event]:
        yield _usage(event.get("usage"))
        self._counted = True
        self.done = self._stopped


def _block(block: Mapping[str, Any], tools: int) -> Iterator[hg.Event]:
    """The events of one content block; `tools` calls came before it."""
    if isinstance(text := block.get("text"), str) and text:
        yield hg.Text(text)
    elif "toolUse" in block:
        use = as_object(block["toolUse"])
        if use.get("type") != _SERVER_TOOL:
            arguments = json.dumps(use.get("input") or {}, ensure_ascii=False)
            yield hg.ToolCall(tools, _text(use, "toolUseId"), _text(use, "name"), arguments)
    elif "reasoningContent" in block:
        thought = as_object(block["reasoningContent"])
        if isinstance(redacted := thought.get("redactedContent"), str) and redacted:
            yield hg.Reasoning(redacted=redacted)
        elif "reasoningText" in thought:
            said = as_object(thought["reasoningText"])
            yield hg.Reasoning(_text(said, "text"), signature=_text(said, "signature") or None)
    elif "citationsContent" in block:
        for piece in as_list(as_object(block["citationsContent"]).get("content") or []):
            if cited := _text(as_object(piece), "text"):
                yield hg.Text(cited)


def _finish(holder: Mapping[str, Any], tools: int) -> hg.Finish:
    stopped = _text(holder, "stopReason")
    if stopped in _MALFORMED:
        raise hg.CallFailed(
            hg.Failure(hg.Kind.GARBLED, f"the model's answer was malformed ({stopped})")
        )
    reason = _FINISHES.get(stopped, "stop")
    if reason == "stop" and tools:
        # Some models end their turn on a tool call without saying so.
        reason = "tool_calls"
    fields = holder.get("additionalModelResponseFields")
    by = fields.get("stop_sequence") if isinstance(fields, dict) else None
    return hg.Finish(reason, stop_sequence=by if isinstance(by, str) else None)


def _usage(said: Any) -> hg.Usage:
    usage = said if isinstance(said, dict) else {}
    written = _count(usage, "cacheWriteInputTokens")
    details = usage.get("cacheDetails")
    long = sum(
        _count(entry, "inputTokens") or 0
        for entry in (details if isinstance(details, list) else ())
        if isinstance(entry, dict) and entry.get("ttl") == "1h"
    )
    long = min(long, written or 0)
    return hg.Usage(
        input=_count(usage, "inputTokens"),
        cached_input=_count(usage, "cacheReadInputTokens"),
        cache_write=None if written is None else written - long,
        cache_write_long=long or None,
        output=_count(usage, "outputTokens"),
    )


def as_object(value: Any) -> Mapping[str, Any]:
    """`value`, if it is a JSON object. Raises `ValueError`."""
    if not isinstance(value, dict):
        raise ValueError("the answer has no object where one has to be")
    return value


def as_list(value: Any) -> list[Any]:
    """`value`, if it is a JSON array. Raises `ValueError`."""
    if not isinstance(value, list):
        raise ValueError("the answer has no array where one has to be")
    return value


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name, "")
    if not isinstance(value, str):
        raise ValueError(f"'{name}' is no text")
    return value


def _count(holder: Mapping[str, Any], name: str, *, needed: bool = False) -> int | None:
    value = holder.get(name)
    if type(value) is int and value >= 0:
        return value
    if needed:
        raise ValueError(f"'{name}' is no number of tokens")
    return None


def _index(event: Mapping[str, Any]) -> int:
    value = event.get("contentBlockIndex")
    if type(value) is not int:
        raise ValueError("a content block has no number")
    return value
