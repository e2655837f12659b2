"""Answers of the Responses API, whole and streamed, read into the events of a chat."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg
from headgate_openai.faults import in_band
from headgate_openai.hear import token_logprobs

_TEXT_DELTAS = frozenset({"response.output_text.delta", "response.refusal.delta"})
_THINKING_DELTAS = frozenset(
    {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
)
_ENDS = frozenset(
    {
        "response.completed",
        "response.incomplete",
        "response.failed",
        "response.cancelled",
    }
)


def whole(body: bytes) -> Iterable[hg.Event]:
    """The events of one `response` object. Raises `CallFailed` for one that failed."""
    answer = json.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    yield from _Reading().end(answer)


class ResponsesFeed:
    """Decodes a stream of Responses events."""

    def __init__(self) -> None:
        self.done = False
        self._reading = _Reading()

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        data = (frame.data or b"").strip()
        if self.done or not data or data.startswith(b"[DONE]"):
            return
        event = json.loads(data)
        if not isinstance(event, dict):
            raise ValueError("an event is not an object")
        type_ = event.get("type") or frame.event
        if type_ == "error" or (type_ is None and event.get("error")):
            raise in_band(event.get("error") or event)
        if type_ in _ENDS:
            response = event.get("response")
            if not isinstance(response, dict):
                raise ValueError("the end of the answer holds no answer")
            yield from self._reading.end(response)
            self.done = True
        else:
            yield from self._reading.event(str(type_), event)


class _Reading:
    """What of an answer has been said, so that nothing is said twice and nothing left out.

    Every item comes three times: in deltas, when it is done, and in the answer at the end. Vendors
    leave out one or the other.
    """

    def __init__(self) -> None:
        #: Items that are said, by their place; those still open have only been begun.
        self._done: set[int] = set()
        #: The same by their ids: an answer may leave out items, and then its places are others.
        #: Some vendors give an item a new id every time, so that neither is enough.
        self._ids: set[str] = set()
        self._texts: dict[int, list[str]] = {}
        self._calls: dict[int, _Called] = {}
        self._paragraphs: dict[int, Any] = {}

    def event(self, type_: str, event: Mapping[str, Any]) -> Iterable[hg.Event]:
        """The events in one delta, or in one item that began or ended."""
        at, delta, item = event.get("output_index"), event.get("delta"), event.get("item")
        at = at if type(at) is int else 0
        if type_ in _TEXT_DELTAS and isinstance(delta, str):
            self._texts.setdefault(at, []).append(delta)
            yield hg.Text(delta, logprobs=token_logprobs(event.get("logprobs")))
        elif type_ in _THINKING_DELTAS and isinstance(delta, str):
            yield hg.Reasoning(self._thought(at, event, delta))
        elif type_ == "response.function_call_arguments.delta" and isinstance(delta, str):
            called = self._calls.get(at)
            if called is None:
                raise ValueError("arguments of a call that has not begun")
            called.arguments += delta
            yield hg.ToolCall(called.number, arguments=delta)
        elif type_ == "response.output_item.added" and isinstance(item, dict):
            if item.get("type") == "function_call":
                yield self._begun(at, item)
        elif type_ == "response.output_item.done" and isinstance(item, dict):
            yield from self._item(at, item)

    def end(self, response: Mapping[str, Any]) -> Iterable[hg.Event]:
        """Everything in the whole answer that has not been said, its usage and its end."""
        status, error = response.get("status"), response.get("error")
        if error or status in ("failed", "cancelled"):
            raise in_band(error or {"message": f"the answer was {status}"})
        output = response.get("output")
        if not isinstance(output, list):
            raise ValueError("the answer has no output")
        for at, item in enumerate(output):
            if isinstance(item, dict):
                yield from self._item(at, item)
        if usage := hg.responses_usage(response.get("usage")):
            yield usage
        yield hg.Finish(self._reason(response))

    def _reason(self, response: Mapping[str, Any]) -> str:
        if response.get("status") == "incomplete":
            details = response.get("incomplete_details")
            why = details.get("reason") if isinstance(details, dict) else None
            return "content_filter" if why == "content_filter" else "length"
        return "tool_calls" if self._calls else "stop"

    def _item(self, at: int, item: Mapping[str, Any]) -> Iterable[hg.Event]:
        id_ = item.get("id")
        id_ = id_ if isinstance(id_, str) else ""
        if at in self._done or id_ in self._ids:
            return
        self._done.add(at)
        if id_:
            self._ids.add(id_)
        match item.get("type"):
            case "message":
                yield from self._message(at, item)
            case "reasoning":
                yield from self._reasoning(at, item)
            case "function_call":
                yield from self._call(at, item)
            case _:
                pass

    def _message(self, at: int, item: Mapping[str, Any]) -> Iterable[hg.Event]:
        if at in self._texts:
            return
        for part in _objects(item.get("content")):
            text = part.get("text") or part.get("refusal")
            if isinstance(text, str) and text:
                yield hg.Text(text, logprobs=token_logprobs(part.get("logprobs")))

    def _reasoning(self, at: int, item: Mapping[str, Any]) -> Iterable[hg.Event]:
        if at not in self._paragraphs:
            parts = [*_objects(item.get("summary")), *_objects(item.get("content"))]
            text = "\n\n".join(p["text"] for p in parts if isinstance(p.get("text"), str))
            if text:
                yield hg.Reasoning(text)
        if item.get("encrypted_content"):
            # What a later call has to give back, without what only answers may say.
            kept = {k: v for k, v in item.items() if k not in ("status", "content") and v}
            block = {"summary": [], **kept}
            yield hg.Reasoning(redacted=json.dumps(block, separators=(",", ":")))

    def _call(self, at: int, item: Mapping[str, Any]) -> Iterable[hg.Event]:
        called = self._calls.get(at)
        if called is None:
            yield self._begun(at, item)
            called = self._calls[at]
        arguments = item.get("arguments")
        if isinstance(arguments, str) and arguments and not called.arguments:
            called.arguments = arguments
            yield hg.ToolCall(called.number, arguments=arguments)

    def _begun(self, at: int, item: Mapping[str, Any]) -> hg.ToolCall:
        name, id_ = item.get("name"), item.get("call_id") or item.get("id")
        if not isinstance(name, str) or not isinstance(id_, str):
            raise ValueError("a function call has no name or id")
        called = self._calls[at] = _Called(len(self._calls))
        return hg.ToolCall(called.number, id_, name)

    def _thought(self, at: int, event: Mapping[str, Any], delta: str) -> str:
        """The delta, set off from the paragraph before it."""
        paragraph = event.get("summary_index", event.get("content_index"))
        new = at in self._paragraphs and self._paragraphs[at] != paragraph
        self._paragraphs[at] = paragraph
        return "\n\n" + delta if new else delta


class _Called:
    """A function call that has begun."""

    __slots__ = ("arguments", "number")

    def __init__(self, number: int) -> None:
        self.number = number
        self.arguments = ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
