"""Writing translated events as OpenAI chat answers, whole and streamed.

Two things have no place in OpenAI's own answers and are said beside them: thinking, in
`reasoning_content`, with its signatures in `reasoning_details`; and a tool call's signature, in
`extra_content`. A client that sends a message back as it got it replays both.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from headgate.dialects.openai_usage import write_usage
from headgate.provider.call import Call
from headgate.provider.events import (
    Event,
    Finish,
    Ranked,
    Reasoning,
    Text,
    TokenLogprob,
    ToolCall,
    Usage,
    Vector,
)


def render_whole(call: Call, events: Iterable[Event], created: int) -> bytes:
    """One `chat.completion` object."""
    choices: dict[int, _Choice] = {}
    usage = Usage()
    for event in events:
        if isinstance(event, Usage):
            usage = usage.updated(event)
        elif not isinstance(event, Vector | Ranked):
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
        self.logprobs: list[dict[str, Any]] = []
        self.reasoning: list[str] = []
        self.details: list[dict[str, Any]] = []
        self.tools: dict[int, dict[str, Any]] = {}
        self.finish = "stop"
        self._block: list[str] = []

    def take(self, event: Text | Reasoning | ToolCall | Finish) -> None:
        match event:
            case Text(text):
                self.text.append(text)
                self.logprobs += map(_logprob, event.logprobs)
            case Reasoning(text):
                self.reasoning.append(text)
                self._block.append(text)
                if detail := _detail(event, "".join(self._block), len(self.details)):
                    self.details.append(detail)
                    self._block.clear()
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
        if any(self.reasoning):
            message["reasoning_content"] = "".join(self.reasoning)
        if self.details:
            message["reasoning_details"] = self.details
        if self.tools:
            message["tool_calls"] = [self.tools[at] for at in sorted(self.tools)]
        return {
            "index": index,
            "message": message,
            "logprobs": {"content": self.logprobs, "refusal": None} if self.logprobs else None,
            "finish_reason": self.finish,
        }


def _detail(event: Reasoning, text: str, index: int) -> dict[str, Any] | None:
    """A block of thinking that must be replayed unchanged."""
    if event.redacted is not None:
        return {"index": index, "type": "reasoning.encrypted", "data": event.redacted}
    if event.signature is not None:
        return {
            "index": index,
            "type": "reasoning.text",
            "text": text,
            "signature": event.signature,
        }
    return None


def _gather(tools: dict[int, dict[str, Any]], event: ToolCall) -> None:
    call = tools.setdefault(
        event.index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
    )
    call["id"] = event.id or call["id"]
    call["function"]["name"] = event.name or call["function"]["name"]
    call["function"]["arguments"] += event.arguments
    if event.signature is not None:
        call["extra_content"] = {"thought_signature": event.signature}


def _logprob(token: TokenLogprob) -> dict[str, Any]:
    return {
        **_likely(token.token, token.logprob),
        "top_logprobs": [_likely(text, logprob) for text, logprob in token.top],
    }


def _likely(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": logprob, "bytes": list(token.encode("utf-8", "replace"))}


class ChatRenderer:
    """One `chat.completion.chunk` an event, the role in the first of each choice."""

    def __init__(self, call: Call, created: int) -> None:
        self._usage_wanted = call.usage_wanted
        self._started: set[int] = set()
        self._blocks: dict[int, list[str]] = {}
        self._details: dict[int, int] = {}
        self._base: dict[str, Any] = {
            "id": f"chatcmpl-{call.id}",
            "object": "chat.completion.chunk",
            "created": created,
            "model": call.model,
        }

    def render(self, event: Event) -> bytes:
        match event:
            case Text(text, choice, logprobs):
                content = [_logprob(token) for token in logprobs]
                return self._chunk(choice, {"content": text}, logprobs=content)
            case Reasoning():
                return self._reasoning(event)
            case ToolCall():
                return self._chunk(event.choice, {"tool_calls": [_tool_delta(event)]})
            case Finish(reason, choice):
                return self._chunk(choice, {}, reason)
            case Usage() | Vector() | Ranked():
                return b""

    def close(self, usage: Usage | None) -> bytes:
        if not self._usage_wanted:
            return b"data: [DONE]\n\n"
        extra = {**self._base, "choices": [], "usage": write_usage(usage or Usage())}
        return b"data: " + orjson.dumps(extra) + b"\n\ndata: [DONE]\n\n"

    def _reasoning(self, event: Reasoning) -> bytes:
        delta: dict[str, Any] = {"reasoning_content": event.text} if event.text else {}
        block = self._blocks.setdefault(event.choice, [])
        block.append(event.text)
        index = self._details.get(event.choice, 0)
        if detail := _detail(event, "".join(block), index):
            self._details[event.choice] = index + 1
            # Whole blocks: a client that puts deltas together need not know how.
            delta["reasoning_details"] = [detail]
            block.clear()
        return self._chunk(event.choice, delta) if delta else b""

    def _chunk(
        self,
        choice: int,
        delta: dict[str, Any],
        finish: str | None = None,
        logprobs: list[dict[str, Any]] | None = None,
    ) -> bytes:
        if choice not in self._started:
            self._started.add(choice)
            delta = {"role": "assistant", **delta}
        body = {
            **self._base,
            "choices": [
                {
                    "index": choice,
                    "delta": delta,
                    "logprobs": {"content": logprobs, "refusal": None} if logprobs else None,
                    "finish_reason": finish,
                }
            ],
        }
        return b"data: " + orjson.dumps(body) + b"\n\n"


def _tool_delta(event: ToolCall) -> dict[str, Any]:
    function: dict[str, str] = {"arguments": event.arguments}
    delta: dict[str, Any] = {"index": event.index, "function": function}
    if event.id is not None:
        delta |= {
            "id": event.id,
            "type": "function",
            "function": {"name": event.name or "", **function},
        }
    if event.signature is not None:
        delta["extra_content"] = {"thought_signature": event.signature}
    return delta
