"""What Ollama answers, as events. A whole answer is a stream of one line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_ollama.faults import told
from headgate_ollama.json_objects import json_object


def read_chat(body: bytes, call_id: str) -> list[hg.Event]:
    """The events of a whole answer of `/api/chat`. Raises `CallFailed` and `ValueError`."""
    feed = ChatFeed(call_id)
    events = list(feed.frame(hg.Frame(body)))
    if not feed.done:
        raise ValueError("the answer is not complete")
    return events


def read_vectors(body: bytes, wanted: int) -> list[hg.Event]:
    """The events of an answer of `/api/embed` to `wanted` inputs. Raises as `read_chat` does."""
    answer = json_object(body)
    if answer.get("error"):
        raise told(answer)
    # The older `/api/embeddings` answers with the one vector by itself.
    vectors = answer.get("embeddings") or [answer.get("embedding")]
    if not isinstance(vectors, list) or len(vectors) != wanted:
        raise ValueError("not one embedding an input")
    events: list[hg.Event] = [
        hg.Vector(index, _vector(vector)) for index, vector in enumerate(vectors)
    ]
    return [*events, hg.Usage(input=_count(answer, "prompt_eval_count"), output=0)]


class ChatFeed:
    """Reads one stream of `/api/chat`, a JSON object a line."""

    def __init__(self, call_id: str) -> None:
        """`call_id` names the call: what tool calls without an id of their own are called after."""
        self.done = False
        self._call_id = call_id
        self._tools = 0

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        if frame.data is None:
            return
        line = json_object(frame.data)
        if line.get("error"):
            raise told(line)
        message = line.get("message")
        if isinstance(message, dict):
            yield from self._message(message, line.get("logprobs"))
        if line.get("done") is True:
            yield hg.Usage(
                # Left out where the whole prompt was in the cache, or nothing was generated.
                input=_count(line, "prompt_eval_count"),
                output=_count(line, "eval_count"),
            )
            yield hg.Finish(self._reason(line.get("done_reason")))
            self.done = True

    def _message(self, message: Mapping[str, Any], logprobs: object) -> Iterator[hg.Event]:
        if thinking := _text(message, "thinking"):
            yield hg.Reasoning(thinking)
        if content := _text(message, "content"):
            yield hg.Text(content, logprobs=_logprobs(logprobs))
        calls = message.get("tool_calls") or ()
        if not isinstance(calls, list | tuple):
            raise ValueError("tool calls are no list")
        for call in calls:
            yield self._tool_call(call)

    def _tool_call(self, call: object) -> hg.ToolCall:
        function = call.get("function") if isinstance(call, dict) else None
        if not isinstance(call, dict) or not isinstance(function, dict):
            raise ValueError("a tool call without a function")
        if not (name := _text(function, "name")):
            raise ValueError("a tool call without a name")
        # Calls come whole, and their own `index` may begin anew with every line.
        index, self._tools = self._tools, self._tools + 1
        return hg.ToolCall(
            index,
            _text(call, "id") or f"call_{self._call_id}_{index}",
            name,
            _arguments(function.get("arguments")),
        )

    def _reason(self, said: object) -> str:
        if said == "length":
            return "length"
        # `load` and `unload` answer an empty conversation: nothing was cut off.
        return "tool_calls" if self._tools else "stop"


def _text(holder: Mapping[str, Any], name: str) -> str:
    value = holder.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value or ""


def _count(holder: Mapping[str, Any], name: str) -> int:
    value = holder.get(name)
    return value if type(value) is int and value >= 0 else 0


def _arguments(said: object) -> str:
    """The arguments of a tool call as JSON text."""
    if isinstance(said, str):
        return said or "{}"
    return json.dumps({} if said is None else said, ensure_ascii=False, allow_nan=False)


def _logprobs(said: object) -> tuple[hg.TokenLogprob, ...]:
    return tuple(
        hg.TokenLogprob(*_likely(token), tuple(map(_likely, _objects(token.get("top_logprobs")))))
        for token in _objects(said)
    )


def _objects(said: object) -> list[dict[str, Any]]:
    return [item for item in said if isinstance(item, dict)] if isinstance(said, list) else []


def _likely(token: Mapping[str, Any]) -> tuple[str, float]:
    logprob = token.get("logprob")
    if isinstance(logprob, bool) or not isinstance(logprob, int | float):
        raise ValueError("a token without a logprob")
    return _text(token, "token"), float(logprob)


def _vector(said: object) -> tuple[float, ...]:
    if not isinstance(said, list) or not all(type(value) in (float, int) for value in said):
        raise ValueError("an embedding is no list of numbers")
    return tuple(said)
