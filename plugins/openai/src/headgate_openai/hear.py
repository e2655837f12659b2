"""Chat answers in OpenAI's shape, whole and streamed, read into events.

A whole answer is read as a stream of one chunk: what a vendor may do in one it may do in the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg
from headgate_openai.calls import Calls
from headgate_openai.details import Blocks
from headgate_openai.faults import in_band

#: Finish reasons in OpenAI's words; an unknown one is an ordinary end.
_REASONS: Mapping[str, str] = {
    "stop": "stop",
    "eos": "stop",
    "end_turn": "stop",
    "length": "length",
    "model_length": "length",
    "max_tokens": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "tool_use": "tool_calls",
    "content_filter": "content_filter",
    "safety": "content_filter",
}
#: Ends that are no answers.
_FAILURES: Mapping[str, hg.Failure] = {
    "error": hg.Failure(hg.Kind.SERVER_ERROR, "the model failed while it answered"),
    "abort": hg.Failure(hg.Kind.SERVER_ERROR, "the server aborted the answer"),
    "insufficient_system_resource": hg.Failure(
        hg.Kind.OVERLOADED, "the provider ran out of resources while it answered"
    ),
}


def whole(call: hg.Call, body: bytes) -> Iterable[hg.Event]:
    """The events of one `chat.completion`. Raises `CallFailed` for an error dressed as a 200."""
    # Some vendors send blank lines while they think.
    answer = json.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    choices = answer.get("choices")
    if not choices and (error := answer.get("error")):
        raise in_band(error)
    if not isinstance(choices, list):
        if answer.get("object") == "error":
            raise in_band(answer)
        raise ValueError("the answer has no choices")
    turns: dict[int, _Turn] = {}
    for at, choice in enumerate(choices):
        index = _index(choice, at)
        message = choice.get("message")
        if not isinstance(message, dict):
            raise ValueError("a choice has no message")
        turn = turns.setdefault(index, _Turn(index, call.id))
        reason = choice.get("finish_reason")
        reason = reason if isinstance(reason, str) else ""
        yield from turn.read(message, choice.get("logprobs"))
        yield from turn.finish(reason, answer.get("error"))
    if usage := hg.chat_usage(answer.get("usage")):
        yield usage


class ChatFeed:
    """Decodes a stream of `chat.completion.chunk` events."""

    def __init__(self, call: hg.Call) -> None:
        self.done = False
        self._call = call
        self._turns: dict[int, _Turn] = {}
        self._counted = False

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        data = (frame.data or b"").strip()
        if self.done or not data:
            return
        if data.startswith(b"[DONE]"):
            # Some vendors end without a reason.
            for turn in self._turns.values():
                yield from turn.finish("", None)
            self.done = True
            return
        chunk = json.loads(data)
        if not isinstance(chunk, dict):
            raise ValueError("a chunk is not an object")
        yield from self._chunk(chunk, flat_error=frame.event == "error")

    def _chunk(self, chunk: Mapping[str, Any], *, flat_error: bool) -> Iterable[hg.Event]:
        groq = chunk.get("x_groq")
        groq = groq if isinstance(groq, dict) else {}
        error = chunk.get("error") or groq.get("error")
        if not error and (flat_error or chunk.get("object") == "error"):
            error = chunk
        choices = chunk.get("choices")
        if isinstance(choices, list):
            for at, choice in enumerate(choices):
                yield from self._choice(choice, at, error)
        elif not error and "usage" not in chunk and "object" not in chunk:
            raise ValueError("a chunk has no choices")
        # After every choice has finished the answer is whole, whatever the vendor adds.
        if error and not self._whole:
            raise in_band(error)
        usage = hg.chat_usage(chunk.get("usage"))
        if usage is None and not self._counted:
            usage = hg.chat_usage(groq.get("usage"))
        if usage is not None:
            self._counted = True
            yield usage

    def _choice(self, choice: Any, at: int, error: Any) -> Iterable[hg.Event]:
        index = _index(choice, at)
        turn = self._turns.get(index)
        if turn is None:
            turn = self._turns[index] = _Turn(index, self._call.id)
        delta = choice.get("delta")
        if isinstance(delta, dict) and not turn.finished:
            yield from turn.read(delta, choice.get("logprobs"))
        reason = choice.get("finish_reason")
        # xAI ends a turn of tool calls with an empty reason.
        if isinstance(reason, str) and (reason or turn.called):
            yield from turn.finish(reason, error)

    @property
    def _whole(self) -> bool:
        finished = sum(turn.finished for turn in self._turns.values())
        return finished >= max(self._call.choices, 1)


class _Turn:
    """One choice: what it said so far, as far as later pieces depend on it."""

    __slots__ = ("_blocks", "_calls", "_index", "_plain", "finished")

    def __init__(self, index: int, call_id: str) -> None:
        self.finished = False
        self._index = index
        self._calls = Calls(call_id, index)
        self._blocks = Blocks()
        # Whether thinking comes as plain text; its details then only sign it.
        self._plain = False

    @property
    def called(self) -> bool:
        """Whether a tool was called."""
        return self._calls.count > 0

    def read(self, said: Mapping[str, Any], logprobs: Any) -> Iterable[hg.Event]:
        """The events of a delta, or of a whole message."""
        index = self._index
        details = said.get("reasoning_details")
        yield from self._thinking(said, details)
        content = said.get("content")
        if content or said.get("tool_calls"):
            yield from self._blocks.close(index)
        tokens = _logprobs(logprobs)
        if isinstance(content, str):
            if content or tokens:
                yield hg.Text(content, index, tokens)
        elif isinstance(content, list):
            yield from _parts(content, index)
        refusal = said.get("refusal")
        if isinstance(refusal, str) and refusal:
            yield hg.Text(refusal, index)
        calls = said.get("tool_calls")
        if isinstance(calls, list):
            yield from self._calls.take(calls)
        elif isinstance(legacy := said.get("function_call"), dict) and any(legacy.values()):
            yield from self._calls.take([{"index": 0, "function": legacy}])

    def _thinking(self, said: Mapping[str, Any], details: Any) -> Iterable[hg.Event]:
        names = ("reasoning_content", "reasoning")
        plain = next((said[n] for n in names if isinstance(said.get(n), str) and said[n]), "")
        whole_blocks = isinstance(details, list) and _text_of(details) == plain
        if plain and not (whole_blocks and not self._plain):
            self._plain = True
            yield hg.Reasoning(plain, self._index)
        if details:
            yield from self._blocks.take(details, self._index, text=not self._plain)

    def finish(self, reason: str, error: Any) -> Iterable[hg.Event]:
        """The end of the choice, said once."""
        if self.finished:
            return
        if reason in _FAILURES:
            raise in_band(error) if error else hg.CallFailed(_FAILURES[reason])
        yield from self._blocks.close(self._index)
        self._calls.check()
        self.finished = True
        ends = _REASONS.get(reason.lower(), "stop")
        # Some local servers say `stop` after tool calls.
        yield hg.Finish("tool_calls" if ends == "stop" and self.called else ends, self._index)


def _index(choice: Any, at: int) -> int:
    if not isinstance(choice, dict):
        raise ValueError("a choice is not an object")
    index = choice.get("index", at)
    return index if type(index) is int and index >= 0 else at


def _text_of(details: list[Any]) -> str:
    texts = (d.get("text") or d.get("summary") for d in details if isinstance(d, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _parts(content: list[Any], index: int) -> Iterable[hg.Event]:
    """Content as a list of parts: text, and Mistral's thinking."""
    for part in content:
        if isinstance(part, str):
            yield hg.Text(part, index)
            continue
        if not isinstance(part, dict):
            raise ValueError("a part of the content is not an object")
        if part.get("type") == "thinking":
            thoughts = part.get("thinking")
            listed = thoughts if isinstance(thoughts, list) else []
            text = thoughts if isinstance(thoughts, str) else _text_of(listed)
            signature = part.get("signature")
            signed = signature if isinstance(signature, str) else None
            if text or signed:
                yield hg.Reasoning(text, index, signed)
        elif isinstance(said := part.get("text"), str) and said:
            yield hg.Text(said, index)


def _logprobs(logprobs: Any) -> tuple[hg.TokenLogprob, ...]:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return token_logprobs(content)


def token_logprobs(content: Any) -> tuple[hg.TokenLogprob, ...]:
    """The tokens in a list of `{token, logprob, top_logprobs}`; entries of other shapes are left
    out.
    """
    return tuple(
        hg.TokenLogprob(
            entry["token"],
            float(entry["logprob"]),
            tuple(
                (top["token"], float(top["logprob"]))
                for top in entry.get("top_logprobs") or ()
                if _is_logprob(top)
            ),
        )
        for entry in (content if isinstance(content, list) else ())
        if _is_logprob(entry)
    )


def _is_logprob(entry: Any) -> bool:
    return (
        isinstance(entry, dict)
        and isinstance(entry.get("token"), str)
        and isinstance(entry.get("logprob"), int | float)
    )
