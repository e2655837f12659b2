"""Content blocks between Anthropic's words and neutral ones: what a client sends of itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, TypeVar

import orjson

from headgate.provider.chat import (
    Cache,
    CallPart,
    FilePart,
    ImagePart,
    Part,
    ReasoningPart,
    TextPart,
)
from headgate.provider.failure import Unsupported

#: A tool call's signature has no place in a `tool_use` block. It travels in front of it, as
#: redacted thinking, which every client sends back untouched.
TOOL_SIGNATURE = "tool_signature:"


T = TypeVar("T")


def of(kind: type[T], value: Any) -> T | None:
    """The value where it is of this type, or None where it is null. Raises `TypeError`."""
    if value is None or isinstance(value, kind):
        return value
    raise TypeError(f"not a {kind.__name__}")


def cache_mark(holder: Mapping[str, Any]) -> Cache | None:
    """The prompt-cache mark of a block or a tool."""
    mark = holder.get("cache_control")
    if not isinstance(mark, dict):
        return None
    return "long" if mark.get("ttl") == "1h" else "short"


def read_parts(where: str, content: Any, *, without: str = "") -> tuple[Part, ...]:
    """The parts of a message's, a system prompt's or a tool result's content.

    `where` is the path of the content in the body; blocks of the type `without` are passed over.
    Raises `Unsupported` for a block that only Anthropic has.
    """
    if isinstance(content, str):
        return (TextPart(content),) if content else ()
    parts: list[Part] = []
    signature: str | None = None
    for at, block in enumerate(content or ()):
        if (said := _tool_signature(block)) is not None:
            signature = said
        if said is not None or block["type"] == without:
            continue
        for part in _parts(f"{where}.{at}", block):
            if isinstance(part, CallPart):
                parts.append(replace(part, signature=signature))
                signature = None
            else:
                parts.append(part)
    return tuple(parts)


def marked(parts: tuple[Part, ...], cache: Cache | None) -> tuple[Part, ...]:
    """The parts with a mark on the last one that can carry it."""
    if cache is None or not parts or not isinstance(parts[-1], TextPart | ImagePart | FilePart):
        return parts
    return (*parts[:-1], replace(parts[-1], cache=cache))


def _tool_signature(block: Mapping[str, Any]) -> str | None:
    data = block.get("data") if block["type"] == "redacted_thinking" else None
    if not isinstance(data, str) or not data.startswith(TOOL_SIGNATURE):
        return None
    return data.removeprefix(TOOL_SIGNATURE)


def _parts(where: str, block: Mapping[str, Any]) -> Iterable[Part]:
    cache = cache_mark(block)
    match block["type"]:
        case "text":
            return (TextPart(block["text"], cache),)
        case "image":
            return (_image(where, block["source"], cache),)
        case "document":
            return _document(where, block, cache)
        case "search_result":
            return _search_result(where, block, cache)
        case "tool_use":
            arguments = orjson.dumps(of(dict, block.get("input")) or {}).decode()
            return (CallPart(str(block["id"]), str(block["name"]), arguments, cache=cache),)
        case "thinking":
            signature = of(str, block.get("signature")) or None
            return (ReasoningPart(of(str, block.get("thinking")) or "", signature),)
        case "redacted_thinking":
            return (ReasoningPart("", redacted=str(block.get("data") or "")),)
        case other:
            raise Unsupported(f"{where}.type: no content block {other!r} here", f"{where}.type")


def _image(where: str, source: Mapping[str, Any], cache: Cache | None) -> ImagePart | FilePart:
    match source.get("type"):
        case "base64":
            return ImagePart(_data_uri(source), cache=cache)
        case "url":
            return ImagePart(str(source["url"]), cache=cache)
        case "file":
            return ImagePart("", cache=cache, id=str(source["file_id"]))
        case other:
            raise _no_source(where, other)


def _document(where: str, block: Mapping[str, Any], cache: Cache | None) -> Iterator[Part]:
    _refuse_citations(where, block)
    source, title, context = block["source"], of(str, block.get("title")), block.get("context")
    kind = source.get("type")
    if title and kind in ("text", "content"):
        yield TextPart(f"{title}\n")
    if context:
        yield TextPart(f"{context}\n")
    match kind:
        case "base64":
            yield FilePart(_data_uri(source), name=title, cache=cache)
        case "url":
            yield FilePart(url=str(source["url"]), name=title, cache=cache)
        case "file":
            yield FilePart(id=str(source["file_id"]), name=title, cache=cache)
        case "text":
            yield TextPart(str(source["data"]), cache)
        case "content":
            yield from marked(read_parts(f"{where}.source.content", source["content"]), cache)
        case other:
            raise _no_source(where, other)


def _search_result(where: str, block: Mapping[str, Any], cache: Cache | None) -> Iterator[Part]:
    _refuse_citations(where, block)
    yield TextPart(f"{block['title']}\n{block['source']}\n")
    yield from marked(read_parts(f"{where}.content", block["content"]), cache)


def _refuse_citations(where: str, block: Mapping[str, Any]) -> None:
    # They change what the answer is made of.
    if (block.get("citations") or {}).get("enabled"):
        raise Unsupported(f"{where}.citations: there are none here", f"{where}.citations")


def _data_uri(source: Mapping[str, Any]) -> str:
    return f"data:{source['media_type']};base64,{source['data']}"


def _no_source(where: str, kind: Any) -> Unsupported:
    return Unsupported(f"{where}.source.type: no source {kind!r} here", f"{where}.source.type")
