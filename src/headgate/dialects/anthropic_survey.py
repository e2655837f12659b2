"""One walk over a Messages body: what no vendor would accept, what it needs, how long it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from headgate.dialects.anthropic_errors import invalid

_ROLES = ("user", "assistant", "system")
#: Roughly what an image or a document costs a prompt; the estimate only chooses routes.
_MEDIA_TOKENS = 800
_CHARACTERS_PER_TOKEN = 4
#: Sources of documents that are not text already.
_BINARY = ("base64", "url", "file")


@dataclass(slots=True)
class Survey:
    """What was found in a body: capabilities needed, characters of text, images and documents."""

    needs: set[str] = field(default_factory=set)
    characters: int = 0
    media: int = 0

    @property
    def tokens(self) -> int:
        """An estimate of the prompt's tokens."""
        return self.characters // _CHARACTERS_PER_TOKEN + self.media * _MEDIA_TOKENS


def survey(body: Mapping[str, Any]) -> Survey:
    """Checks system, messages and tools. Raises `CallFailed` naming the field."""
    found = Survey()
    messages = body.get("messages")
    if messages is None:
        raise invalid("messages", "Field required")
    if not messages:
        raise invalid("messages", "at least one message is required")
    _content("system", body.get("system") or "", found)
    for index, message in enumerate(messages):
        where = f"messages.{index}"
        if not isinstance(message, dict):
            raise invalid(where, "Input should be an object")
        if message.get("role") not in _ROLES:
            raise invalid(f"{where}.role", "Input should be 'user', 'assistant' or 'system'")
        if message.get("content") is None:
            raise invalid(f"{where}.content", "Field required")
        _content(f"{where}.content", message["content"], found)
    _tools(body.get("tools") or (), found)
    form = (body.get("output_config") or {}).get("format") or body.get("output_format")
    if isinstance(form, dict) and form.get("type") == "json_schema":
        found.needs.add("json_schema")
    return found


def _content(where: str, content: Any, found: Survey) -> None:
    if isinstance(content, str):
        found.characters += len(content)
        return
    if not isinstance(content, list):
        raise invalid(where, "Input should be a valid string or an array of content blocks")
    for at, block in enumerate(content):
        if not isinstance(block, dict) or not isinstance(block.get("type"), str):
            raise invalid(f"{where}.{at}", "Input should be an object with a 'type'")
        _block(f"{where}.{at}", block, found)


def _block(where: str, block: Mapping[str, Any], found: Survey) -> None:
    match block["type"]:
        case "text":
            if not isinstance(text := block.get("text"), str):
                raise invalid(f"{where}.text", "Input should be a valid string")
            found.characters += len(text)
        case "image":
            found.needs.add("vision")
            found.media += 1
        case "document":
            _document(where, block, found)
        case "tool_use" | "server_tool_use" | "mcp_tool_use":
            found.characters += _length(block.get("input"))
        case "thinking":
            found.characters += len(str(block.get("thinking") or ""))
        case _:
            if isinstance(inner := block.get("content"), str | list):
                _content(f"{where}.content", inner, found)


def _document(where: str, block: Mapping[str, Any], found: Survey) -> None:
    source = block.get("source")
    if not isinstance(source, dict):
        raise invalid(f"{where}.source", "Input should be an object")
    if source.get("type") in _BINARY:
        found.needs.add("pdf")
        found.media += 1
    elif isinstance(inner := source.get("content"), str | list):
        _content(f"{where}.source.content", inner, found)
    else:
        found.characters += len(str(source.get("data") or ""))


def _tools(tools: Any, found: Survey) -> None:
    for index, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise invalid(f"tools.{index}", "Input should be an object")
        found.characters += _length(tool.get("description")) + _length(tool.get("input_schema"))
    if tools:
        found.needs.add("tools")


def _length(value: Any) -> int:
    return 0 if value is None else len(orjson.dumps(value))
