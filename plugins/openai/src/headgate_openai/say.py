"""A neutral chat said in the words of chat completions, and of the vendors that speak them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import headgate as hg
from headgate_openai.details import spoken

#: File names by media type, for documents that have none: OpenAI wants one.
_NAMES: Mapping[str, str] = {
    "application/pdf": "document.pdf",
    "text/plain": "document.txt",
    "text/markdown": "document.md",
    "text/csv": "document.csv",
    "text/html": "document.html",
}
#: Settings that are called the same here and there.
_SETTINGS = (
    "temperature",
    "top_p",
    "top_k",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
)
#: What OpenAI's clients replay thinking in.
_THINKING_FIELDS = frozenset({"reasoning_content", "reasoning", "reasoning_details"})
#: A longer label of the end user is refused; some clients make one of a whole JSON object.
_MAX_USER = 64
_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _effort(chat: hg.Chat) -> dict[str, Any]:
    return {} if chat.effort is None else {"reasoning_effort": chat.effort}


@dataclass(frozen=True)
class Wording:
    """Where a vendor's words for a chat differ from OpenAI's.

    `limit` names the field for the longest answer. `thinking` says how thinking of earlier turns
    is replayed: under a field of that name, as content `parts`, or not at all (None).
    `thinking_expected`: with tools, no assistant turn may come without it. `names`: messages may
    name their speaker. `signed_calls`: signatures of tool calls are replayed in `extra_content`.
    `cache_control`: cache marks are understood. `documents` is the type of a document's part.
    `named_tools`: a single tool can be demanded by name. `short_ids`: ids of tool calls have nine
    letters or digits. `prefix`: an answer begun by the assistant has to be marked.
    `plain_audio`: audio is its base64 alone. `strict`: a message with a field that the vendor does
    not know is refused. `effort` says the reasoning effort.
    """

    limit: str = "max_tokens"
    thinking: Literal["reasoning_content", "reasoning", "reasoning_details", "parts"] | None = None
    thinking_expected: bool = False
    names: bool = False
    signed_calls: bool = False
    cache_control: bool = False
    documents: Literal["file", "document_url"] = "file"
    named_tools: bool = True
    short_ids: bool = False
    prefix: bool = False
    plain_audio: bool = False
    strict: bool = False
    effort: Callable[[hg.Chat], Mapping[str, Any]] = _effort


def chat_body(chat: hg.Chat, wording: Wording) -> dict[str, Any]:
    """The body of a chat completion, without `model` and `stream`. Raises `Unsupported`."""
    body: dict[str, Any] = {"messages": [_message(m, chat, wording) for m in chat.messages]}
    if wording.prefix and body["messages"] and body["messages"][-1]["role"] == "assistant":
        body["messages"][-1]["prefix"] = True
    body |= {
        name: value for name in _SETTINGS if (value := getattr(chat, name)) not in (None, False)
    }
    body |= labelled(chat)
    if chat.max_tokens is not None:
        body[wording.limit] = chat.max_tokens
    if chat.stop:
        body["stop"] = list(chat.stop)
    if chat.choices > 1:
        body["n"] = chat.choices
    if chat.logit_bias:
        body["logit_bias"] = dict(chat.logit_bias)
    if chat.tools:
        body |= _tools(chat, wording)
    if chat.json_schema is not None:
        body["response_format"] = _format(chat, chat.json_schema)
    return body | dict(wording.effort(chat)) | dict(chat.extras)


def labelled(chat: hg.Chat) -> dict[str, Any]:
    """The end user's label, where it is short enough to be one."""
    return {"user": chat.user} if chat.user and len(chat.user) <= _MAX_USER else {}


def _message(message: hg.Message, chat: hg.Chat, wording: Wording) -> dict[str, Any]:
    match message.role:
        case "assistant":
            return _assistant(message, chat, wording)
        case "tool":
            said: dict[str, Any] = {
                "role": "tool",
                "tool_call_id": _call_id(message.call_id or "", wording),
                "content": message.text,
            }
        case role:
            said = {"role": role, "content": _content(message.parts, wording)}
    if wording.names and message.name and message.role != "tool":
        said["name"] = message.name
    return said


def _content(parts: Iterable[hg.Part], wording: Wording) -> str | list[dict[str, Any]]:
    said = [_part(part, wording) for part in parts]
    if not said:
        return ""
    if len(said) == 1 and said[0].keys() == {"type", "text"}:
        return str(said[0]["text"])
    return said


def _part(part: hg.Part, wording: Wording) -> dict[str, Any]:
    match part:
        case hg.TextPart(text):
            said: dict[str, Any] = {"type": "text", "text": text}
        case hg.ImagePart(url, detail):
            image = {"url": url} if detail is None else {"url": url, "detail": detail}
            said = {"type": "image_url", "image_url": image}
        case hg.AudioPart(data) if wording.plain_audio:
            return {"type": "input_audio", "input_audio": data}
        case hg.AudioPart(data, form):
            return {"type": "input_audio", "input_audio": {"data": data, "format": form}}
        case hg.FilePart():
            said = _document(part, wording)
        case _:
            raise hg.Unsupported("only assistants call tools and think", "messages")
    if wording.cache_control and part.cache:
        mark = {"type": "ephemeral"} | ({"ttl": "1h"} if part.cache == "long" else {})
        said["cache_control"] = mark
    return said


def _document(part: hg.FilePart, wording: Wording) -> dict[str, Any]:
    if part.id is not None:
        return {"type": "file", "file": {"file_id": part.id}}
    data = part.data or part.url or ""
    if wording.documents == "document_url":
        named = {"document_name": part.name} if part.name else {}
        return {"type": "document_url", "document_url": data, **named}
    return {"type": "file", "file": {"filename": part.name or file_name(data), "file_data": data}}


def file_name(data: str) -> str:
    """A name for a document that has none, by the media type of its `data:` URI."""
    content = hg.inline(data)
    return _NAMES.get(content.media_type if content else "", "document.pdf")


def _assistant(message: hg.Message, chat: hg.Chat, wording: Wording) -> dict[str, Any]:
    thoughts = [part for part in message.parts if isinstance(part, hg.ReasoningPart)]
    calls = [part for part in message.parts if isinstance(part, hg.CallPart)]
    rest = [p for p in message.parts if not isinstance(p, hg.ReasoningPart | hg.CallPart)]
    content: Any = message.text
    if not all(isinstance(part, hg.TextPart) for part in rest) or any(
        part.cache for part in rest if wording.cache_control and isinstance(part, hg.TextPart)
    ):
        content = _content(rest, wording)
    said: dict[str, Any] = {"role": "assistant", "content": content or (None if calls else "")}
    if wording.thinking == "parts":
        if thoughts:
            words = [{"type": "text", "text": content}] if content else []
            said["content"] = [*map(_thinking_part, thoughts), *words]
    elif wording.thinking == "reasoning_details":
        if thoughts:
            said["reasoning_details"] = spoken(thoughts)
    elif wording.thinking is not None:
        text = "".join(part.text for part in thoughts)
        if text or (wording.thinking_expected and chat.tools and chat.effort != "none"):
            said[wording.thinking] = text
    if calls:
        said["tool_calls"] = [_call(part, wording) for part in calls]
    if wording.names and message.name:
        said["name"] = message.name
    return said


def _thinking_part(part: hg.ReasoningPart) -> dict[str, Any]:
    signed = {} if part.signature is None else {"signature": part.signature}
    return {"type": "thinking", "thinking": [{"type": "text", "text": part.text}], **signed}


def thinking_in_parts(message: Any) -> Any:
    """A client's own message with its `reasoning_content` as a part of the content."""
    if not isinstance(message, dict) or not message.keys() & _THINKING_FIELDS:
        return message
    said = {name: value for name, value in message.items() if name not in _THINKING_FIELDS}
    text = message.get("reasoning_content") or message.get("reasoning")
    content = message.get("content")
    if not isinstance(text, str) or not text:
        return said
    words = content if isinstance(content, list) else [{"type": "text", "text": content}]
    said["content"] = [_thinking_part(hg.ReasoningPart(text)), *(words if content else ())]
    return said


def without_foreign(message: Any, wording: Wording) -> Any:
    """A client's own message without what the answers of other vendors left in it."""
    if not isinstance(message, dict) or message.get("role") != "assistant":
        return message
    beyond = _THINKING_FIELDS - {wording.thinking}
    said = {name: value for name, value in message.items() if name not in beyond}
    if isinstance(calls := said.get("tool_calls"), list) and not wording.signed_calls:
        said["tool_calls"] = [_unsigned(call) for call in calls]
    return said


def _unsigned(call: Any) -> Any:
    if not isinstance(call, dict) or "extra_content" not in call:
        return call
    return {name: value for name, value in call.items() if name != "extra_content"}


def _call(part: hg.CallPart, wording: Wording) -> dict[str, Any]:
    said: dict[str, Any] = {
        "id": _call_id(part.id, wording),
        "type": "function",
        "function": {"name": part.name, "arguments": part.arguments or "{}"},
    }
    if wording.signed_calls and part.signature is not None:
        said["extra_content"] = {"google": {"thought_signature": part.signature}}
    return said


def _call_id(id_: str, wording: Wording) -> str:
    """The id, or where it has to be short, one that is the same for the call and its result."""
    if not wording.short_ids or (len(id_) == 9 and id_.isascii() and id_.isalnum()):
        return id_
    digest = hashlib.sha256(id_.encode("utf-8", "replace")).digest()
    return "".join(_ALPHABET[byte % len(_ALPHABET)] for byte in digest[:9])


def _tools(chat: hg.Chat, wording: Wording) -> dict[str, Any]:
    said: dict[str, Any] = {"tools": [_tool(tool) for tool in chat.tools]}
    choice = chat.tool_choice
    if choice in ("auto", "none", "required"):
        said["tool_choice"] = choice
    elif choice is not None and wording.named_tools:
        said["tool_choice"] = {"type": "function", "function": {"name": choice}}
    elif choice is not None:
        if [tool.name for tool in chat.tools] != [choice]:
            raise hg.Unsupported("a tool cannot be demanded by name here", "tool_choice")
        said["tool_choice"] = "required"
    if chat.parallel_tool_calls is not None:
        said["parallel_tool_calls"] = chat.parallel_tool_calls
    return said


def _tool(tool: hg.Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        function["description"] = tool.description
    function["parameters"] = parameters(tool)
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}


def parameters(tool: hg.Tool) -> dict[str, Any]:
    """The tool's schema; a tool without any takes an empty object."""
    return dict(tool.parameters) or {"type": "object", "properties": {}}


def _format(chat: hg.Chat, schema: Mapping[str, Any]) -> dict[str, Any]:
    if not schema:
        return {"type": "json_object"}
    described: dict[str, Any] = {"name": chat.json_schema_name or "answer", "schema": dict(schema)}
    if chat.json_schema_strict is not None:
        described["strict"] = chat.json_schema_strict
    return {"type": "json_schema", "json_schema": described}
