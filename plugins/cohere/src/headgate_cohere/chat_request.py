"""A chat in the words of `POST /v2/chat`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_cohere.messages import message_of
from headgate_cohere.parameters import own

OWN_CHAT_PARAMETERS = frozenset(
    {"documents", "citation_options", "safety_mode", "strict_tools", "thinking", "priority"}
)

#: Neutral setting -> Cohere's name for it.
_SETTINGS: Mapping[str, str] = {
    "max_tokens": "max_tokens",
    "temperature": "temperature",
    "top_p": "p",
    "top_k": "k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logprobs": "logprobs",
}
#: What Cohere takes is narrower than what other vendors do.
_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (0, 1),
    "presence_penalty": (0, 1),
    "frequency_penalty": (0, 1),
    "top_k": (0, 500),
}
_MOST_STOPS = 5
_CHOICES: Mapping[str | None, str | None] = {
    None: None,
    "auto": None,
    "none": "NONE",
    "required": "REQUIRED",
}
#: Efforts that mean "as much as it takes", which is what no budget says.
_UNLIMITED = frozenset({"xhigh", "max"})


def chat_body(chat: hg.Chat) -> dict[str, Any]:
    """The request without its model. Raises `Unsupported`."""
    body: dict[str, Any] = {
        "messages": [message_of(index, one) for index, one in enumerate(chat.messages)]
    }
    body.update(_settings(chat))
    body.update(_tools(chat))
    if (thinking := _thinking(chat)) is not None:
        body["thinking"] = thinking
    body.update(own(chat.extras, OWN_CHAT_PARAMETERS))
    if documents := list(_documents(chat)):
        given = body.get("documents", [])
        if not isinstance(given, list):
            raise hg.Unsupported("'documents' must be an array", "documents")
        body["documents"] = given + documents
    if chat.json_schema is not None:
        if chat.tools or body.get("documents"):
            raise hg.Unsupported(
                "cohere cannot combine a response format with tools or documents",
                "response_format",
            )
        body["response_format"] = _response_format(chat.json_schema)
    return body


def _settings(chat: hg.Chat) -> Iterator[tuple[str, Any]]:
    for name, theirs in _SETTINGS.items():
        if (value := getattr(chat, name)) is None:
            continue
        if name in _RANGES:
            low, high = _RANGES[name]
            if not isinstance(value, int | float) or not low <= value <= high:
                raise hg.Unsupported(f"cohere takes '{name}' from {low} to {high}", name)
        yield theirs, value
    if len(chat.stop) > _MOST_STOPS:
        raise hg.Unsupported(f"cohere takes at most {_MOST_STOPS} stop sequences", "stop")
    if chat.stop:
        yield "stop_sequences", list(chat.stop)


def _tools(chat: hg.Chat) -> Iterator[tuple[str, Any]]:
    if not chat.tools:
        return
    yield "tools", [_tool(tool) for tool in chat.tools]
    if (choice := _tool_choice(chat)) is not None:
        yield "tool_choice", choice
    if any(tool.strict for tool in chat.tools):
        # It holds for all tools at once; arguments that fit their schema are no less for it.
        yield "strict_tools", True


def _tool(tool: hg.Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    # Cohere wants a schema even of a tool that takes nothing.
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    return {"type": "function", "function": function}


def _tool_choice(chat: hg.Chat) -> str | None:
    if chat.tool_choice in _CHOICES:
        return _CHOICES[chat.tool_choice]
    if [tool.name for tool in chat.tools] == [chat.tool_choice]:
        return "REQUIRED"
    raise hg.Unsupported(
        "cohere can be made to use a tool, but not which of several", "tool_choice"
    )


def _thinking(chat: hg.Chat) -> dict[str, Any] | None:
    if chat.reasoning_budget is None and chat.reasoning_effort in _UNLIMITED:
        return {"type": "enabled"}
    budget = chat.budget
    if budget is None:
        if chat.reasoning_effort is None:
            return None
        raise hg.Unsupported(f"no effort {chat.reasoning_effort!r}", "reasoning_effort")
    if budget <= 0:
        return {"type": "disabled"}
    return {"type": "enabled", "token_budget": budget}


def _response_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    if not schema:
        return {"type": "json_object"}
    return {"type": "json_object", "json_schema": schema}


def _documents(chat: hg.Chat) -> Iterator[dict[str, Any]]:
    """Text files of the conversation. Cohere reads documents beside the messages, and as text."""
    for index, message in enumerate(chat.messages):
        for at, part in enumerate(message.parts):
            if not isinstance(part, hg.FilePart):
                continue
            text = _text_of(part, f"messages[{index}].content[{at}]")
            name = {"title": part.name} if part.name else {}
            yield {"data": {**name, "text": text}}


def _text_of(file: hg.FilePart, where: str) -> str:
    held = hg.inline(file.data or "")
    if held is None or not held.media_type.startswith("text/"):
        raise hg.Unsupported("cohere reads text files, no other documents", where)
    try:
        return base64.b64decode(held.data, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise hg.Unsupported("the file is not text in UTF-8", where) from None
