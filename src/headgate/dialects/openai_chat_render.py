"""Writing translated events as OpenAI chat answers, whole and streamed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from headgate.dialects.openai_usage import write_usage
from headgate.provider.call import Call
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage, Vector


def render_whole(call: Call, events: Iterable[Event], created: int) -> bytes:
    """One `chat.completion` object."""
    choices: dict[int, _Choice] = {}
    usage = Usage()
    for event in events:
        if isinstance(event, Usage):
            usage = usage.updated(event)
        elif not isinstance(event, Vector):
            choices.setdefault(event.choice, _Choice()).take(event)
    return orjson.dumps(
        {
            "id": f"chatcmpl-{call.id}",
            "object": "chat.completion",
            "created": created,
            "model": call.model,
            "choices": [choices[index].written(index) for index in sorted(choices)],
            "usage": write_usage(usage),
        }
    )


class _Choice:
    """Collects the pieces of one choice."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self.reasoning: list[str] = []
        self.tools: dict[int, dict[str, Any]] = {}
        self.finish = "stop"

    def take(self, event: Text | Reasoning | ToolCall | Finish) -> None:
        match event:
            case Text(text):
                self.text.append(text)
            case Reasoning(text):
                self.reasoning.append(text)
            case ToolCall():
                _gather(self.tools, event)
            case Finish(reason):
                self.finish = reason

    def written(self, index: int) -> dict[str, Any]:
        message: dict[str, Any] = {
            "role": "assistant",
            "content": "".join(self.text) if self.text or not self.tools else None,
            "refusal": None,
        }
        if self.reasoning:
            message["reasoning_content"] = "".join(self.reasoning)
        if self.tools:
            message["tool_calls"] = [self.tools[at] for at in sorted(self.tools)]
        return {
            "index": index,
            "message": message,
            "logprobs": None,
            "finish_reason": self.finish,
        }


def _gather(tools: dict[int, dict[str, Any]], event: ToolCall) -> None:
    call = tools.setdefault(
        event.index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
    )
    call["id"] = event.id or call["id"]
    call["function"]["name"] = event.name or call["function"]["name"]
    call["function"]["arguments"] += event.arguments


class ChatRenderer:
    """One `chat.completion.chunk` an event, the role in the first of each choice."""

    def __init__(self, call: Call, created: int) -> None:
        self._usage_wanted = call.usage_wanted
        self._started: set[int] = set()
        self._base: dict[str, Any] = {
            "id": f"chatcmpl-{call.id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": call.model,
        }

    def render(self, event: Event) -> bytes:
        match event:
            case Text(text, choice):
                return self._chunk(choice, {"content": text})
            case Reasoning(text, choice):
                return self._chunk(choice, {"reasoning_content": text})
            case ToolCall():
                return self._chunk(event.choice, {"tool_calls": [_tool_delta(event)]})
            case Finish(reason, choice):
                return self._chunk(choice, {}, reason)
            case Usage() | Vector():
                return b""

    def close(self, usage: Usage | None) -> bytes:
        if not self._usage_wanted:
            return b"data: [DONE]\n\n"
        extra = {**self._base, "choices": [], "usage": write_usage(usage or Usage())}
        return b"data: " + orjson.dumps(extra) + b"\n\ndata: [DONE]\n\n"

    def _chunk(self, choice: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        if choice not in self._started:
            self._started.add(choice)
            delta = {"role": "assistant", **delta}
        body = {
            **self._base,
            "choices": [
                {"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish}
            ],
        }
        return b"data: " + orjson.dumps(body) + b"\n\n"


def _tool_delta(event: ToolCall) -> dict[str, Any]:
    function: dict[str, str] = {"arguments": event.arguments}
    if event.id is None:
        return {"index": event.index, "function": function}
    return {
        "index": event.index,
        "id": event.id,
        "type": "function",
        "function": {"name": event.name or "", **function},
    }
