"""Watching a relayed chat answer: the bytes go on untouched, metering reads along."""

from __future__ import annotations

from typing import Any

import orjson

from headgate.dialects.base import Reading
from headgate.dialects.openai_chat_mend import Numbering, mend_delta, mend_message
from headgate.provider.classify import STATUSES, failed_status, from_error
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.usage import chat_usage
from headgate.provider.wire import Frame

#: Fields of a delta that a person would see. `role`, `refusal: null` and the like are not.
_VISIBLE = (
    "content",
    "reasoning_content",
    "reasoning",
    "tool_calls",
    "refusal",
    "audio",
    "function_call",
    "reasoning_details",
)
_CONTENT = b'"content":"'
#: A stream whose chunks are not alike after so many of them never will be.
_LESSONS = 16


class ChatTap:
    """Reads a `chat.completion.chunk` stream going by."""

    __slots__ = (
        "_after",
        "_before",
        "_choices",
        "_finished",
        "_lessons",
        "_numbering",
        "_usage_wanted",
        "characters",
        "ended",
        "failure",
        "finish",
        "upstream_id",
        "usage",
        "visible",
        "whole",
    )

    def __init__(self, choices: int, usage_wanted: bool) -> None:
        self._choices = choices
        self._usage_wanted = usage_wanted
        self._finished: set[int] = set()
        self._numbering: dict[Any, Numbering] = {}
        # What stood around the text of the last ordinary chunk.
        self._before = self._after = b""
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
        data = frame.data
        if data is None:
            # A comment keeps proxies between us and the client awake; an event without data
            # would crash the SDKs, and so would `retry:` or `id:` alone.
            comments = all(line.startswith(b":") for line in frame.raw.splitlines() if line)
            return frame.raw if comments else b""
        if self.ended:
            return b""
        if data[:1] != b"{":
            if data.strip() == b"[DONE]":
                self.whole = self.ended = True
                return frame.raw
            if not data.strip():
                return b""
        chunk = orjson.loads(data)
        if not isinstance(chunk, dict):
            raise ValueError("a chunk is not an object")
        raw = frame.raw
        error = chunk.get("error")
        # Clients look for an error at the top, and nowhere else.
        if not error and (error := _error_elsewhere(frame, chunk)) and not self.whole:
            raw = _rewritten(frame, {**chunk, "error": error})
        elif raw.startswith(b"error:") and not self.whole:
            raw = _rewritten(frame, chunk)
        if error:
            self._fail(error)
        if self.upstream_id is None and (said_id := chunk.get("id")) and isinstance(said_id, str):
            self.upstream_id = said_id
        choices = chunk.get("choices")
        if choices:
            if self._choose(choices):
                raw = _rewritten(frame, chunk)
            elif self._lessons < _LESSONS and frame.raw.endswith(b"\n\n"):
                self._learn(frame.raw, chunk)
        elif choices is None and not error and "usage" not in chunk and "object" not in chunk:
            raise ValueError("a chunk has no choices")
        said = chunk.get("usage")
        if said is None and self.whole:
            said = _beside(chunk, "usage")
        if said is not None and (usage := chat_usage(said)) is not None:
            self.usage = usage if self.usage is None else self.usage.updated(usage)
            # The extra chunk that we asked for and the client did not.
            return raw if choices or self._usage_wanted or error else b""
        return raw

    def like_the_last(self, raw: bytes) -> bool:
        before, after = self._before, self._after
        if (
            before
            and raw.startswith(before)
            and raw.endswith(after)
            and b'"' not in (text := raw[len(before) : -len(after)])
            and b"\\" not in text
            and text.isascii()
            and len(raw) >= len(before) + len(after)
            and text.decode("ascii").isprintable()
        ):
            self.characters += len(text)
            return True
        return False

    def _learn(self, raw: bytes, chunk: dict[str, Any]) -> None:
        """Remembers what surrounds the text of an ordinary chunk: one choice, only content."""
        choices = chunk["choices"]
        delta = choices[0].get("delta")
        self._lessons += 1
        if len(choices) > 1 or not delta or len(delta) > 1 or choices[0].get("finish_reason"):
            return
        if chunk.get("usage") is not None or raw.count(_CONTENT) != 1 or raw.count(b"\n") != 2:
            return
        start = raw.index(_CONTENT) + len(_CONTENT)
        end = raw.find(b'"', start)
        content = delta.get("content")
        if content and isinstance(content, str) and raw[start:end] == content.encode():
            self._before, self._after = raw[:start], raw[end:]

    def _choose(self, choices: list[Any]) -> bool:
        """Takes note of the choices; whether any of them had to be mended."""
        mended = False
        for choice in choices:
            delta = choice.get("delta")
            if delta:
                content = delta.get("content")
                if content:
                    self.visible = True
                    if isinstance(content, str):
                        self.characters += len(content)
                    else:
                        self.characters += _text(content)
                elif any(delta.get(name) for name in _VISIBLE):
                    self.visible = True
                    self.characters += _others(delta)
                if delta.get("tool_calls") or (content and not isinstance(content, str)):
                    mended = self._mend(choice, delta) or mended
            if reason := choice.get("finish_reason"):
                self.finish = reason
                self._finished.add(choice.get("index", 0))
                # An answer that ends without a word (a filter, an empty stop) is an answer.
                self.whole = len(self._finished) >= self._choices
                self.visible = self.visible or self.whole
        return mended

    def _mend(self, choice: dict[str, Any], delta: dict[str, Any]) -> bool:
        number = choice.get("index", 0)
        if (numbering := self._numbering.get(number)) is None:
            numbering = self._numbering[number] = Numbering()
        return mend_delta(delta, numbering)

    def _fail(self, error: Any) -> None:
        # After every choice has finished the answer is whole, whatever the vendor adds.
        if not self.whole and self.failure is None:
            self.failure = in_band_failure(error)


def _error_elsewhere(frame: Frame, chunk: dict[str, Any]) -> Any:
    """An error that is not at the top: a flat object, or in a vendor's own extension."""
    if frame.event == "error" or chunk.get("object") == "error":
        return dict(chunk)
    error = _beside(chunk, "error") if b'"x_' in (frame.data or b"") else None
    return {"message": error} if isinstance(error, str) else error


def _beside(chunk: dict[str, Any], word: str) -> Any:
    """What a vendor says under `word` in an extension of its own (`x_...`)."""
    for name, value in chunk.items():
        if name.startswith("x_") and isinstance(value, dict) and (said := value.get(word)):
            return said
    return None


def in_band_failure(error: Any) -> Failure:
    """An error object inside a 200: for some vendors its code is an HTTP status, others say the
    status beside it, and the rest leave only the type to tell whose fault it was.
    """
    if not isinstance(error, dict):
        return Failure(Kind.SERVER_ERROR, str(error)[:500])
    said = (failed_status(error.get(name)) for name in ("code", "status_code", "status"))
    status = next((code for code in said if code is not None), None)
    kind = STATUSES.get(status or 500, Kind.SERVER_ERROR)
    if status is None and error.get("type") == "invalid_request_error":
        kind = Kind.INVALID_REQUEST
    return from_error(error, kind, status=status)


def read_whole(body: bytes) -> Reading:
    """Usage, finish reason and id of a whole `chat.completion`."""
    # Some vendors send blank lines while they think.
    answer = orjson.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    choices = answer.get("choices")
    if not isinstance(choices, list):
        if (error := answer.get("error")) or answer.get("object") == "error":
            raise CallFailed(in_band_failure(error or answer))
        raise ValueError("the answer has no choices")
    if not choices and (error := answer.get("error")):
        raise CallFailed(in_band_failure(error))
    finish = choices[0].get("finish_reason") if choices else None
    if mend_message(choices):
        body = orjson.dumps(answer)
    return Reading(body, chat_usage(answer.get("usage")), finish, answer.get("id"))


def _rewritten(frame: Frame, chunk: dict[str, Any]) -> bytes:
    name = b"" if frame.event is None else b"event: " + frame.event.encode() + b"\n"
    return name + b"data: " + orjson.dumps(chunk) + b"\n\n"


def _text(content: Any) -> int:
    return sum(len(str(part.get("text") or "")) for part in content if isinstance(part, dict))


def _others(delta: dict[str, Any]) -> int:
    count = 0
    for name in ("reasoning_content", "reasoning", "refusal"):
        if isinstance(value := delta.get(name), str):
            count += len(value)
    for call in delta.get("tool_calls") or ():
        count += len((call.get("function") or {}).get("arguments") or "")
    return count
