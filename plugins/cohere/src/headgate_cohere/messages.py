"""The turns of a conversation in Cohere's words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import headgate as hg

_DETAILS = frozenset({"auto", "low", "high"})


def message_of(index: int, message: hg.Message) -> dict[str, Any]:
    """Message number `index` of a chat. Raises `Unsupported`, naming the part."""
    match message.role:
        case "assistant":
            return _assistant(index, message)
        case "tool":
            return {
                "role": "tool",
                "tool_call_id": message.call_id or "",
                "content": _content(index, message),
            }
        case role:
            return {"role": role, "content": _content(index, message)}


def _assistant(index: int, message: hg.Message) -> dict[str, Any]:
    calls = [part for part in message.parts if isinstance(part, hg.CallPart)]
    thoughts = "".join(part.text for part in message.parts if isinstance(part, hg.ReasoningPart))
    content = _content(index, message)
    said: dict[str, Any] = {"role": "assistant"}
    if calls:
        # What a model thinks before it calls a tool has a place of its own.
        if thoughts:
            said["tool_plan"] = thoughts
        said["tool_calls"] = [_call(part) for part in calls]
        return {**said, "content": content} if content else said
    if thoughts:
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        content = [{"type": "thinking", "thinking": thoughts}, *blocks]
    return {**said, "content": content}


def _call(part: hg.CallPart) -> dict[str, Any]:
    return {
        "id": part.id,
        "type": "function",
        "function": {"name": part.name, "arguments": part.arguments},
    }


def _content(index: int, message: hg.Message) -> str | list[dict[str, Any]]:
    """Plain text where that says all there is, else a list of blocks."""
    blocks = list(_blocks(index, message))
    if not blocks:
        return ""
    if len(blocks) == 1 and blocks[0]["type"] == "text":
        return str(blocks[0]["text"])
    return blocks


def _blocks(index: int, message: hg.Message) -> Iterable[dict[str, Any]]:
    for at, part in enumerate(message.parts):
        match part:
            case hg.TextPart(text):
                yield {"type": "text", "text": text}
            case hg.ImagePart(url, detail) if message.role == "user":
                hint = {"detail": detail} if detail in _DETAILS else {}
                yield {"type": "image_url", "image_url": {"url": url, **hint}}
            case hg.ReasoningPart() | hg.CallPart() | hg.FilePart():
                # Said elsewhere: beside the content, or beside the messages.
                continue
            case _:
                raise hg.Unsupported(
                    f"cohere takes no such part from '{message.role}'",
                    f"messages[{index}].content[{at}]",
                )
