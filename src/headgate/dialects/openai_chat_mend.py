"""What some vendors say otherwise in OpenAI's dialect, put the way its SDKs read it.

Clients put a streamed answer together by rules that leave no room: content is text, arguments are
JSON text, every piece of a tool call has its index, and indexes are dense. Where a vendor departs
from that, and only there, its message is written anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson


class Numbering:
    """The tool calls of one streamed choice, numbered from 0 in the order they begin."""

    __slots__ = ("_by_index", "_ids")

    def __init__(self) -> None:
        self._ids: list[str | None] = []
        self._by_index: dict[Any, int] = {}

    def of(self, call: dict[str, Any]) -> int:
        """The number of the call that this piece belongs to."""
        index, said = call.get("index"), call.get("id") or None
        known = self._by_index.get(index)
        name = (call.get("function") or {}).get("name")
        begins = known is None and (said or name or index is not None or not self._ids)
        if known is not None and said is not None:
            # Some vendors give every call the same index, or none.
            begins = self._ids[known] not in (None, said)
        elif known is not None and index is None:
            begins = bool(name)
        if begins:
            known = self._by_index[index] = len(self._ids)
            self._ids.append(said)
        elif known is None:
            known = len(self._ids) - 1
        return known


def mend_message(choices: Iterable[Any]) -> bool:
    """Mends the messages of a whole answer; whether there was anything to mend."""
    mended = False
    for choice in choices:
        said = choice.get("message")
        if isinstance(said, dict) and ("tool_calls" in said or type(said.get("content")) is list):
            mended = _plain_words(said) or mended
            changed = [_text_of_arguments(call) or _no_arguments(call) for call in _calls(said)]
            mended = any(changed) or mended
    return mended


def mend_delta(delta: dict[str, Any], numbering: Numbering) -> bool:
    """Mends one piece of a streamed choice; whether there was anything to mend."""
    mended = _plain_words(delta)
    for call in _calls(delta):
        number = numbering.of(call)
        if call.get("index") != number:
            call["index"] = number
            mended = True
        mended = _text_of_arguments(call) or mended
    return mended


def _calls(said: dict[str, Any]) -> list[dict[str, Any]]:
    calls = said.get("tool_calls")
    return [one for one in calls if isinstance(one, dict)] if isinstance(calls, list) else []


def _text_of_arguments(call: dict[str, Any]) -> bool:
    function = call.get("function")
    if not isinstance(function, dict) or not isinstance(function.get("arguments"), dict):
        return False
    function["arguments"] = orjson.dumps(function["arguments"]).decode()
    return True


def _no_arguments(call: dict[str, Any]) -> bool:
    """Puts an empty object where a vendor leaves the arguments of a whole call out."""
    function = call.get("function")
    if not isinstance(function, dict) or function.get("arguments") is not None:
        return False
    function["arguments"] = "{}"
    return True


def _plain_words(said: dict[str, Any]) -> bool:
    """Puts a list of thinking and text parts into the two texts that clients expect.

    A list with other parts (references, images) has no such form and stays as it is.
    """
    content = said.get("content")
    if not content or not isinstance(content, list) or not all(map(_is_words, content)):
        return False
    thoughts = [part["thinking"] for part in content if part["type"] == "thinking"]
    said["content"] = "".join(part["text"] for part in content if part["type"] == "text")
    if thoughts:
        said["reasoning_content"] = "".join(
            piece["text"] for pieces in thoughts for piece in pieces
        )
    return True


def _is_words(part: Any) -> bool:
    match part:
        case {"type": "thinking", "thinking": [*pieces]}:
            return all(map(_is_text, pieces))
        case _:
            return _is_text(part)


def _is_text(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") == "text" and type(part.get("text")) is str
