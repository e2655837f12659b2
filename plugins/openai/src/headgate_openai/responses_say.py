"""A neutral chat said in the words of OpenAI's Responses API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import headgate as hg
from headgate_openai.details import unsealed
from headgate_openai.say import file_name, labelled, parameters

#: What a chat can say through this API.
SAYS = frozenset(
    {
        "temperature",
        "top_p",
        "logprobs",
        "top_logprobs",
        "parallel_tool_calls",
        "reasoning_effort",
        "tools",
        "tool_choice",
        "json_object",
        "json_schema",
        "images",
        "image_urls",
        "documents",
        "document_urls",
        "file_ids",
        "tool_result_media",
        "verbosity",
        "service_tier",
        "store",
    }
)


def responses_body(chat: hg.Chat, summary: str | None = None) -> dict[str, Any]:
    """The body of a Responses call, without `model` and `stream`.

    Nothing is stored unless the client asks for it: thinking comes back encrypted instead, to be
    replayed. `summary` asks for thinking in words.
    """
    body: dict[str, Any] = {
        "input": [item for message in chat.messages for item in _items(message)],
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    body |= {
        name: value
        for name in ("temperature", "top_p", "top_logprobs")
        if (value := getattr(chat, name)) is not None
    }
    body |= labelled(chat)
    if chat.logprobs:
        body["include"].append("message.output_text.logprobs")
    if chat.max_tokens is not None:
        body["max_output_tokens"] = chat.max_tokens
    reasoning = {"effort": chat.effort, "summary": summary}
    if reasoning := {name: value for name, value in reasoning.items() if value is not None}:
        body["reasoning"] = reasoning
    if chat.tools:
        body |= _tools(chat)
    extras = dict(chat.extras)
    text: dict[str, Any] = {"format": form} if (form := _format(chat)) else {}
    if (verbosity := extras.pop("verbosity", None)) is not None:
        text["verbosity"] = verbosity
    if text:
        body["text"] = text
    return body | extras


def _items(message: hg.Message) -> Iterable[dict[str, Any]]:
    match message.role:
        case "assistant":
            yield from _turn(message)
        case "tool":
            output: Any = [_part(part) for part in message.parts]
            if all(isinstance(part, hg.TextPart) for part in message.parts):
                output = message.text
            yield {
                "type": "function_call_output",
                "call_id": message.call_id or "",
                "output": output,
            }
        case role:
            content = [_part(part) for part in message.parts]
            yield {"type": "message", "role": role, "content": content or ""}


def _turn(message: hg.Message) -> Iterable[dict[str, Any]]:
    """An assistant's turn as items, in its own order: thinking belongs before what it led to."""
    words: list[str] = []
    for part in message.parts:
        if isinstance(part, hg.TextPart):
            words.append(part.text)
            continue
        if words:
            yield _said(words)
            words = []
        if isinstance(part, hg.CallPart):
            yield {
                "type": "function_call",
                "call_id": part.id,
                "name": part.name,
                "arguments": part.arguments or "{}",
            }
        elif isinstance(part, hg.ReasoningPart):
            # Thinking in plain words, or another vendor's, cannot be given back.
            item = unsealed(part.redacted)
            if item is not None and item["type"] == "reasoning":
                yield item
    if words:
        yield _said(words)


def _said(words: list[str]) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": "".join(words)}


def _part(part: hg.Part) -> dict[str, Any]:
    match part:
        case hg.TextPart(text):
            return {"type": "input_text", "text": text}
        case hg.ImagePart(url, detail):
            return {"type": "input_image", "image_url": url, "detail": detail or "auto"}
        case hg.FilePart(_, str(id_)):
            return {"type": "input_file", "file_id": id_}
        case hg.FilePart(None, None, _, str(url)):
            return {"type": "input_file", "file_url": url}
        case hg.FilePart(data, None, name):
            data = data or ""
            return {"type": "input_file", "filename": name or file_name(data), "file_data": data}
        case _:
            raise hg.Unsupported("this cannot be said through the Responses API", "messages")


def _tools(chat: hg.Chat) -> dict[str, Any]:
    said: dict[str, Any] = {"tools": [_tool(tool) for tool in chat.tools]}
    if chat.tool_choice in ("auto", "none", "required"):
        said["tool_choice"] = chat.tool_choice
    elif chat.tool_choice is not None:
        said["tool_choice"] = {"type": "function", "name": chat.tool_choice}
    if chat.parallel_tool_calls is not None:
        said["parallel_tool_calls"] = chat.parallel_tool_calls
    return said


def _tool(tool: hg.Tool) -> dict[str, Any]:
    # A tool is strict here unless it says otherwise; in chat completions it is the other way.
    said: dict[str, Any] = {
        "type": "function",
        "name": tool.name,
        "parameters": parameters(tool),
        "strict": bool(tool.strict),
    }
    return said if tool.description is None else said | {"description": tool.description}


def _format(chat: hg.Chat) -> dict[str, Any] | None:
    if chat.json_schema is None:
        return None
    if not chat.json_schema:
        return {"type": "json_object"}
    said: dict[str, Any] = {
        "type": "json_schema",
        "name": chat.json_schema_name or "answer",
        "schema": dict(chat.json_schema),
    }
    if chat.json_schema_strict is not None:
        said["strict"] = chat.json_schema_strict
    return said
