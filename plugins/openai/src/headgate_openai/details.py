"""Thinking that has to be replayed unchanged: OpenRouter's `reasoning_details`.

A block may carry an id, a format and a signature, or be readable by the vendor alone. Headgate
hands one opaque text to the client and gets it back; it holds the block as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg

_ENCRYPTED, _SUMMARY, _TEXT = "reasoning.encrypted", "reasoning.summary", "reasoning.text"
#: Fields that say which block a piece belongs to, or what it says, but not how to replay it.
_PASSING = frozenset({"index", "text", "summary"})


class Blocks:
    """Puts the pieces of one choice's blocks together. `text` False: the text came elsewhere."""

    __slots__ = ("_open", "_place")

    def __init__(self) -> None:
        self._open: dict[str, Any] = {}
        self._place: tuple[Any, Any] | None = None

    def take(self, details: Any, choice: int, *, text: bool) -> Iterable[hg.Reasoning]:
        """The events in the `reasoning_details` of one delta or message."""
        for detail in details if isinstance(details, list) else ():
            if not isinstance(detail, dict):
                continue
            place = (detail.get("index"), detail.get("type"))
            if place != self._place:
                yield from self.close(choice)
                self._place = place
            if detail.get("type") == _ENCRYPTED or detail.get("data"):
                yield hg.Reasoning("", choice, redacted=_sealed(detail))
                continue
            said = detail.get("text") or detail.get("summary")
            if text and isinstance(said, str):
                yield hg.Reasoning(said, choice)
            self._open.update(
                {k: v for k, v in detail.items() if k not in _PASSING and v is not None}
            )

    def close(self, choice: int) -> Iterable[hg.Reasoning]:
        """Ends the open block, with what has to be replayed beside its text."""
        marks, self._open, self._place = self._open, {}, None
        if set(marks) == {"type", "signature"} and marks["type"] == _TEXT:
            yield hg.Reasoning("", choice, signature=str(marks["signature"]))
        elif set(marks) - {"type"} or marks.get("type") == _SUMMARY:
            yield hg.Reasoning("", choice, signature=_sealed(marks))


def spoken(parts: Iterable[hg.ReasoningPart]) -> list[dict[str, Any]]:
    """The `reasoning_details` that say these parts again."""
    own = (part for part in parts if not _is_item(part.redacted))
    return [_detail(part, index) for index, part in enumerate(own)]


def _is_item(sealed: str | None) -> bool:
    """Whether this is an item of the Responses API, which is no block of OpenRouter's."""
    return (unsealed(sealed) or {}).get("type") == "reasoning"


def _detail(part: hg.ReasoningPart, index: int) -> dict[str, Any]:
    if part.redacted is not None:
        sealed = {"type": _ENCRYPTED, "data": part.redacted}
        return {**(unsealed(part.redacted) or sealed), "index": index}
    marks = unsealed(part.signature)
    if marks is None:
        signed = {} if part.signature is None else {"signature": part.signature}
        return {"type": _TEXT, "text": part.text, **signed, "index": index}
    field = "summary" if marks.get("type") == _SUMMARY else "text"
    return {**marks, field: part.text, "index": index}


def _sealed(detail: Mapping[str, Any]) -> str:
    return json.dumps(detail, separators=(",", ":"), ensure_ascii=False)


def unsealed(text: str | None) -> dict[str, Any] | None:
    """The block that an opaque text of ours holds; None for any other text."""
    if text is None or not text.startswith("{"):
        return None
    try:
        value = json.loads(text)
    except ValueError:
        return None
    known = isinstance(value, dict) and str(value.get("type", "")).startswith("reasoning")
    return value if known else None
