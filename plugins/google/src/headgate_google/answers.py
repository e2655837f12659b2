"""`generateContent` answers, whole and streamed: the same objects, read by the same reader."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg
from headgate_google.failures import error_failure
from headgate_google.reading import count, mapping, mappings, parsed, string
from headgate_google.usage import read_usage

#: Google's words for why an answer ended. Whatever is not here, it ended by itself.
_FINISH: Mapping[str, str] = {
    "MAX_TOKENS": "length",
    "CONTINUATION": "length",
    **dict.fromkeys(
        (
            "SAFETY",
            "RECITATION",
            "LANGUAGE",
            "OTHER",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "IMAGE_SAFETY",
            "IMAGE_PROHIBITED_CONTENT",
            "IMAGE_OTHER",
            "IMAGE_RECITATION",
            "NO_IMAGE",
            "MODEL_ARMOR",
            "ESCALATION",
            "PUP_LIMITED_DISABLED",
        ),
        "content_filter",
    ),
}
#: The model's own accidents: an answer without anything in it may go better a second time.
_ACCIDENTS = frozenset(
    {
        "MALFORMED_FUNCTION_CALL",
        "UNEXPECTED_TOOL_CALL",
        "TOO_MANY_TOOL_CALLS",
        "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE",
    }
)
#: The same words as numbers, which is what clients with protocol buffers ask for.
_NUMBERS: Mapping[int, str] = dict(
    enumerate(
        (
            "STOP",
            "MAX_TOKENS",
            "SAFETY",
            "RECITATION",
            "OTHER",
            "LANGUAGE",
            "BLOCKLIST",
            "PROHIBITED_CONTENT",
            "SPII",
            "MALFORMED_FUNCTION_CALL",
            "IMAGE_SAFETY",
        ),
        start=1,
    )
)


class Stream(hg.SSE):
    """Server-sent events, and an error that Google puts into the stream as plain JSON."""

    __slots__ = ()

    def close(self) -> list[hg.Frame]:
        frames, rest = super().close(), self.rest.strip()
        return [*frames, hg.Frame(rest, None, rest)] if rest.startswith((b"{", b"[")) else frames


class Answer:
    """Reads one answer, whole or in pieces. `done` stays False: the end of the stream ends it."""

    done = False

    def __init__(self, call: hg.Call) -> None:
        self._choices = range(call.choices)
        #: What makes tool ids unlike those of other answers, where Google gives none.
        self._salt = call.id
        self._usage: dict[str, Any] = {}
        self._calls: dict[int, int] = {}
        self._begun: set[int] = set()
        self._finished: set[int] = set()

    def frame(self, frame: hg.Frame) -> Iterable[hg.Event]:
        """The events of one piece: an answer object, or an array of them."""
        data = frame.data
        if data is None and frame.raw.lstrip().startswith((b"{", b"[")):
            data = frame.raw
        if data is None or not data.strip():
            return
        value = parsed(data)
        for piece in value if isinstance(value, list) else [value]:
            if not isinstance(piece, dict):
                raise ValueError("an answer must be an object")
            yield from self._piece(piece)

    def whole(self, response: hg.Response) -> Iterable[hg.Event]:
        """The events of an answer that came in one piece."""
        yield from self.frame(hg.Frame(response.body))
        if not self._begun and not self._finished:
            raise ValueError("the answer has no candidates")
        for choice in sorted(self._begun - self._finished):
            yield self._finish(choice, "STOP")

    def _piece(self, piece: dict[str, Any]) -> Iterable[hg.Event]:
        if error := piece.get("error"):
            raise hg.CallFailed(error_failure(mapping(error), None))
        self._salt = string(piece.get("responseId")) or self._salt
        if metadata := mapping(piece.get("usageMetadata")):
            self._usage.update(metadata)
            yield read_usage(self._usage)
        candidates = mappings(piece.get("candidates"))
        for candidate in candidates:
            yield from self._candidate(candidate)
        if not candidates and mapping(piece.get("promptFeedback")).get("blockReason"):
            for choice in self._choices:
                if choice not in self._finished:
                    yield self._finish(choice, "SAFETY")

    def _candidate(self, candidate: dict[str, Any]) -> Iterable[hg.Event]:
        choice = count(candidate.get("index"))
        tokens = _logprobs(mapping(candidate.get("logprobsResult")))
        for part in mappings(mapping(candidate.get("content")).get("parts")):
            for event in self._part(part, choice, tokens):
                self._begun.add(choice)
                if isinstance(event, hg.Text):
                    tokens = ()
                yield event
        if tokens:
            yield hg.Text("", choice, tokens)
        reason = candidate.get("finishReason")
        if isinstance(reason, int):
            reason = _NUMBERS.get(reason, "STOP")
        if isinstance(reason, str) and choice not in self._finished:
            yield self._ended(choice, reason, string(candidate.get("finishMessage")))

    def _part(
        self, part: dict[str, Any], choice: int, tokens: tuple[hg.TokenLogprob, ...]
    ) -> Iterable[hg.Event]:
        signature = string(part.get("thoughtSignature"))
        if called := mapping(part.get("functionCall")):
            yield self._call(called, choice, signature)
            return
        text = string(part.get("text")) or ""
        if part.get("thought") is True:
            if text or signature:
                yield hg.Reasoning(text, choice, signature)
            return
        if text:
            yield hg.Text(text, choice, tokens)
        if signature:
            yield hg.Reasoning("", choice, signature)

    def _call(self, called: dict[str, Any], choice: int, signature: str | None) -> hg.ToolCall:
        name = string(called.get("name"))
        if name is None:
            raise ValueError("a tool call must name its tool")
        index = self._calls.get(choice, 0)
        self._calls[choice] = index + 1
        return hg.ToolCall(
            index,
            string(called.get("id")) or f"call_{choice}_{index}_{self._salt}",
            name,
            json.dumps(mapping(called.get("args")), separators=(",", ":"), ensure_ascii=False),
            choice,
            signature,
        )

    def _ended(self, choice: int, reason: str, message: str | None) -> hg.Finish:
        if reason in _ACCIDENTS and choice not in self._begun:
            raise hg.CallFailed(
                hg.Failure(
                    hg.Kind.SERVER_ERROR, message or f"the model ended with {reason}", code=reason
                )
            )
        return self._finish(choice, reason)

    def _finish(self, choice: int, reason: str) -> hg.Finish:
        self._finished.add(choice)
        by_itself = "tool_calls" if self._calls.get(choice) else "stop"
        return hg.Finish(_FINISH.get(reason, by_itself), choice)


def _logprobs(result: dict[str, Any]) -> tuple[hg.TokenLogprob, ...]:
    tops = [_likely(top.get("candidates")) for top in mappings(result.get("topCandidates"))]
    return tuple(
        hg.TokenLogprob(token, logprob, tops[at] if at < len(tops) else ())
        for at, (token, logprob) in enumerate(_likely(result.get("chosenCandidates")))
    )


def _likely(tokens: object) -> tuple[tuple[str, float], ...]:
    found = ((token.get("token"), token.get("logProbability", 0.0)) for token in mappings(tokens))
    return tuple(
        (token if isinstance(token, str) else "", float(logprob))
        for token, logprob in found
        if isinstance(logprob, int | float)
    )
