"""The parts of a message as Converse content blocks."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_anthropic import sealed_elsewhere
from headgate_bedrock.families import Model

Block = dict[str, Any]

_IMAGES: Mapping[str, str] = {
    "image/png": "png",
    "image/jpeg": "jpeg",
    "image/jpg": "jpeg",
    "image/gif": "gif",
    "image/webp": "webp",
}
_DOCUMENTS: Mapping[str, str] = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
_EXTENSIONS = frozenset(_DOCUMENTS.values())
_AUDIO = frozenset({"mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "m4a", "pcm", "webm"})
_NOT_IN_A_NAME = re.compile(r"[^0-9A-Za-z()\[\]-]+")
_LONGEST_NAME = 200
#: Narrower than Bedrock's own pattern, because Claude's is.
_NOT_IN_AN_ID = re.compile(r"[^a-zA-Z0-9_-]")
_LONGEST_ID = 64


class Scribe:
    """Writes blocks for one model and one request. It remembers the names of documents, which
    have to differ.
    """

    def __init__(self, model: Model, *, tools: bool) -> None:
        """`tools` says whether the model is told of any: without, it refuses to be told of calls
        that were made, so that those are put as text.
        """
        self._model = model
        self._tools = tools
        self._names: set[str] = set()

    def blocks(self, message: hg.Message) -> Iterator[Block]:
        """The blocks of one message of a user or an assistant."""
        documents, texts = [], False
        for part in message.parts:
            block = self._block(part)
            if block is None:
                continue
            yield block
            texts = texts or "text" in block
            documents += [block["document"]["name"]] if "document" in block else []
            yield from self._mark(part)
        if documents and not texts:
            # A document is refused in a turn without text; its name adds nothing that is not there.
            yield {"text": ", ".join(documents)}

    def system(self, message: hg.Message) -> Iterator[Block]:
        """The blocks of a system message, which may hold text alone."""
        for part in message.parts:
            if not isinstance(part, hg.TextPart):
                raise hg.Unsupported("a system message holds text alone here", "messages")
            if part.text.strip():
                yield {"text": part.text}
                yield from self._mark(part)

    def result(self, message: hg.Message) -> Iterator[Block]:
        """The result of a tool call."""
        if not self._tools:
            told = "failed" if message.failed else "returned"
            yield {"text": f"The tool call {message.call_id} {told}: {message.text}"}
            return
        inside = [block for part in message.parts if (block := self._block(part)) is not None]
        result: Block = {"toolUseId": fitted_id(message.call_id or ""), "content": inside}
        if message.failed:
            result["status"] = "error"
        yield {"toolResult": result}
        for part in message.parts:
            yield from self._mark(part)

    def point(self, cache: str | None) -> Iterator[Block]:
        """The cache point a mark asks for, where the model has a cache."""
        if cache is None or not self._model.caches:
            return
        long = cache == "long" and self._model.claude and self._model.version >= (4, 5)
        yield {"cachePoint": {"type": "default"} | ({"ttl": "1h"} if long else {})}

    def _mark(self, part: hg.Part) -> Iterator[Block]:
        return self.point(getattr(part, "cache", None))

    def _block(self, part: hg.Part) -> Block | None:
        match part:
            case hg.TextPart():
                # A blank text is refused, and says nothing.
                return {"text": part.text} if part.text.strip() else None
            case hg.ImagePart():
                return _image(part)
            case hg.FilePart():
                return self._document(part)
            case hg.AudioPart():
                return _audio(part)
            case hg.ReasoningPart():
                return _reasoning(part)
            case hg.CallPart():
                return _call(part) if self._tools else _told_call(part)

    def _document(self, part: hg.FilePart) -> Block:
        file = hg.inline(part.data or "")
        if file is None:
            raise hg.Unsupported("documents have to be inside the request here", "messages")
        stem, dot, extension = (part.name or "").rpartition(".")
        extension = extension.lower() if dot else ""
        format_ = _DOCUMENTS.get(file.media_type)
        if format_ is None and extension in _EXTENSIONS:
            format_ = extension
        if format_ is None:
            raise hg.Unsupported(f"no documents of type '{file.media_type}' here", "messages")
        name = self._name(stem if extension in _EXTENSIONS else part.name or "")
        return {"document": {"format": format_, "name": name, "source": {"bytes": file.data}}}

    def _name(self, wanted: str) -> str:
        """A name of the characters that are allowed, that no other document has."""
        base = _NOT_IN_A_NAME.sub(" ", wanted).strip()[: _LONGEST_NAME - 8].strip() or "Document"
        name, number = base, 1
        while name in self._names:
            number += 1
            name = f"{base} {number}"
        self._names.add(name)
        return name


def fitted_id(id_: str) -> str:
    """The id of a tool call within the pattern that is allowed: the same for the same id, and
    different for different ones.
    """
    fitting = _NOT_IN_AN_ID.sub("_", id_)
    if fitting == id_ and 0 < len(id_) <= _LONGEST_ID:
        return id_
    mark = hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{fitting[: _LONGEST_ID - 17]}-{mark}"


def _image(part: hg.ImagePart) -> Block:
    image = hg.inline(part.url)
    if image is None or image.media_type not in _IMAGES:
        raise hg.Unsupported("images have to be PNG, JPEG, GIF or WebP data URIs here", "messages")
    return {"image": {"format": _IMAGES[image.media_type], "source": {"bytes": image.data}}}


def _audio(part: hg.AudioPart) -> Block:
    if part.format not in _AUDIO:
        raise hg.Unsupported(f"no audio in the format '{part.format}' here", "messages")
    return {"audio": {"format": part.format, "source": {"bytes": part.data}}}


def _reasoning(part: hg.ReasoningPart) -> Block | None:
    if sealed_elsewhere(part.signature if part.redacted is None else part.redacted):
        # Thinking that nothing proves to be the model's own is refused.
        return None
    if part.redacted is not None:
        return {"reasoningContent": {"redactedContent": part.redacted}}
    proven = {"text": part.text, "signature": part.signature}
    return {"reasoningContent": {"reasoningText": proven}}


def _call(part: hg.CallPart) -> Block:
    try:
        arguments = json.loads(part.arguments or "{}")
    except ValueError:
        arguments = None
    if not isinstance(arguments, dict):
        raise hg.Unsupported("the arguments of a tool call are no JSON object", "messages")
    return {
        "toolUse": {"toolUseId": fitted_id(part.id), "name": part.name, "input": arguments},
    }


def _told_call(part: hg.CallPart) -> Block:
    return {"text": f"The tool call {part.id}: {part.name}({part.arguments})"}
