"""A chat body read into neutral words, for the providers that do not speak it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from headgate.provider.chat import (
    AudioPart,
    CallPart,
    Chat,
    FilePart,
    ImagePart,
    Message,
    Part,
    Role,
    TextPart,
    Tool,
)
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported

_ROLES: Mapping[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


def read_chat(body: Mapping[str, Any]) -> Chat:
    """The neutral chat. Raises `Unsupported` for what has no neutral words, and `CallFailed` for
    a field of a type that no vendor would accept.
    """
    try:
        return _chat(body)
    except (TypeError, AttributeError, ValueError) as error:
        raise CallFailed(
            Failure(Kind.INVALID_REQUEST, "A field of the request has the wrong type.")
        ) from error


def _chat(body: Mapping[str, Any]) -> Chat:
    stop = body.get("stop")
    return Chat(
        messages=tuple(_message(index, m) for index, m in enumerate(body["messages"])),
        tools=tuple(_tool(index, t) for index, t in enumerate(body.get("tools") or ())),
        tool_choice=_tool_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls"),
        max_tokens=_limit(body),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        seed=body.get("seed"),
        choices=body.get("n") or 1,
        json_schema=_schema(body.get("response_format")),
        reasoning_effort=body.get("reasoning_effort"),
    )


def _limit(body: Mapping[str, Any]) -> int | None:
    most: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return most if most is not None and most > 0 else None


def _message(index: int, message: Mapping[str, Any]) -> Message:
    role = _ROLES.get(message["role"])
    if role is None:
        raise Unsupported(f"no role {message['role']!r} here", f"messages[{index}].role")
    content = message.get("content")
    parts: list[Part] = []
    if isinstance(content, str):
        parts.append(TextPart(content))
    elif content:
        parts += [_part(f"messages[{index}].content[{at}]", p) for at, p in enumerate(content)]
    for call in message.get("tool_calls") or ():
        function = call.get("function") or {}
        parts.append(
            CallPart(
                call.get("id") or "", function.get("name") or "", function.get("arguments") or "{}"
            )
        )
    return Message(role, tuple(parts), message.get("tool_call_id"), message.get("name"))


def _part(where: str, part: Mapping[str, Any]) -> Part:
    match part["type"]:
        case "text" | "refusal":
            return TextPart(str(part.get("text") or part.get("refusal") or ""))
        case "image_url":
            image = part.get("image_url") or {}
            if isinstance(image, str):
                return ImagePart(image)
            return ImagePart(str(image.get("url") or ""), image.get("detail"))
        case "input_audio":
            audio = part.get("input_audio") or {}
            return AudioPart(str(audio.get("data") or ""), str(audio.get("format") or ""))
        case "file":
            file = part.get("file") or {}
            return FilePart(file.get("file_data"), file.get("file_id"), file.get("filename"))
        case other:
            raise Unsupported(f"no content part {other!r} here", where)


def _tool(index: int, tool: Mapping[str, Any]) -> Tool:
    function = tool.get("function")
    if tool.get("type") != "function" or not isinstance(function, dict):
        raise Unsupported(f"only function tools, not {tool.get('type')!r}", f"tools[{index}].type")
    return Tool(
        str(function.get("name") or ""),
        function.get("description"),
        function.get("parameters") or {},
        function.get("strict"),
    )


def _tool_choice(choice: Any) -> str | None:
    if choice is None or isinstance(choice, str):
        return choice
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict):
        raise Unsupported("only 'auto', 'none', 'required' or a function", "tool_choice")
    return str(function.get("name") or "")


def _schema(form: Any) -> Mapping[str, Any] | None:
    match (form or {}).get("type"):
        case "json_object":
            return {}
        case "json_schema":
            schema = (form.get("json_schema") or {}).get("schema")
            return schema if isinstance(schema, dict) else {}
        case _:
            return None
