"""The parts of a message as Anthropic's content blocks."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import headgate as hg
from headgate_anthropic.foreign import sealed_elsewhere

Block = dict[str, Any]

_IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
_FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


def blocks(parts: Iterable[hg.Part]) -> Iterator[Block]:
    """The blocks of one message, in order. Blank text is left out: the vendor refuses it."""
    for part in parts:
        match part:
            case hg.TextPart(text, cache):
                if text.strip():
                    yield {"type": "text", "text": text, **mark(cache)}
            case hg.ImagePart(id=str(id_), cache=cache):
                source = {"type": "file", "file_id": id_}
                yield {"type": "image", "source": source, **mark(cache)}
            case hg.ImagePart(url, cache=cache):
                yield {"type": "image", "source": _image(url), **mark(cache)}
            case hg.FilePart():
                yield _file(part)
            case hg.CallPart():
                yield _call(part)
            case hg.ReasoningPart():
                yield from _thought(part)
            case hg.AudioPart():
                raise hg.Unsupported("Claude does not listen to audio", "messages")


def texts(parts: Iterable[hg.Part]) -> Iterator[Block]:
    """The blocks of instructions, which are text and nothing else."""
    for block in blocks(parts):
        if block["type"] != "text":
            raise hg.Unsupported("instructions to Claude are text", "messages")
        yield block


def result(message: hg.Message) -> Block:
    """What a tool answered. A cache mark on any part of it holds for the whole."""
    content = list(blocks(message.parts))
    marks = [said for block in content if (said := block.pop("cache_control", None))]
    block: Block = {"type": "tool_result", "tool_use_id": tool_id(message.call_id or "")}
    if content:
        block["content"] = content
    if message.failed:
        block["is_error"] = True
    if marks:
        block["cache_control"] = marks[-1]
    return block


def mark(cache: str | None) -> Block:
    """A prompt-cache mark, as the field that a block carries it in."""
    if cache is None:
        return {}
    return {"cache_control": {"type": "ephemeral", **({"ttl": "1h"} if cache == "long" else {})}}


def tool_id(said: str) -> str:
    """A tool call's id in the letters that are allowed; other vendors use more."""
    fitting = _FOREIGN.sub("_", said)
    if said and fitting == said:
        return said
    # Two ids that differ only in what was replaced still have to differ.
    return f"{fitting}_{hashlib.sha256(said.encode()).hexdigest()[:8]}"


def _call(part: hg.CallPart) -> Block:
    try:
        arguments = json.loads(part.arguments) if part.arguments.strip() else {}
    except ValueError as error:
        raise hg.Unsupported("a tool call's arguments are not JSON", "messages") from error
    if not isinstance(arguments, dict):
        raise hg.Unsupported("a tool call's arguments are not an object", "messages")
    block = {"type": "tool_use", "id": tool_id(part.id), "name": part.name, "input": arguments}
    return block | mark(part.cache)


def _thought(part: hg.ReasoningPart) -> Iterator[Block]:
    # Thinking without its signature is not Claude's, or cannot be shown to be.
    if sealed_elsewhere(part.signature if part.redacted is None else part.redacted):
        return
    if part.redacted is not None:
        yield {"type": "redacted_thinking", "data": part.redacted}
    elif part.signature is not None:
        yield {"type": "thinking", "thinking": part.text, "signature": part.signature}


def _image(url: str) -> Block:
    if (held := hg.inline(url)) is None:
        return _fetched(url)
    if held.media_type not in _IMAGES:
        raise hg.Unsupported(f"Claude sees no images of type {held.media_type}", "messages")
    return {"type": "base64", "media_type": held.media_type, "data": held.data}


def _fetched(url: str) -> Block:
    if not url.startswith(("https://", "http://")):
        raise hg.Unsupported("neither an address nor a base64 data URI", "messages")
    return {"type": "url", "url": url}


def _file(part: hg.FilePart) -> Block:
    held = hg.inline(part.data) if part.data else None
    if held is not None and held.media_type in _IMAGES:
        return {"type": "image", "source": _image(part.data or ""), **mark(part.cache)}
    title = {"title": part.name} if part.name else {}
    return {"type": "document", "source": _document(part), **title, **mark(part.cache)}


def _document(part: hg.FilePart) -> Block:
    if part.id is not None:
        return {"type": "file", "file_id": part.id}
    if (held := hg.inline(part.data or "")) is None:
        return _fetched(part.url or part.data or "")
    if held.media_type == "application/pdf":
        return {"type": "base64", "media_type": held.media_type, "data": held.data}
    if not held.media_type.startswith("text/"):
        raise hg.Unsupported(f"Claude reads no files of type {held.media_type}", "messages")
    try:
        text = base64.b64decode(held.data).decode()
    except ValueError as error:
        raise hg.Unsupported("a text file is not base64 of UTF-8", "messages") from error
    return {"type": "text", "media_type": "text/plain", "data": text}
