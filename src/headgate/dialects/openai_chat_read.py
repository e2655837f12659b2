"""A chat body read into neutral words, for the providers that do not speak it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headgate.provider.chat import (
    AudioPart,
    Cache,
    CallPart,
    Chat,
    FilePart,
    ImagePart,
    Message,
    Part,
    ReasoningPart,
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
}
#: Fields with a neutral word of their own.
_KNOWN = frozenset(
    {
        "messages",
        "model",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "max_tokens",
        "max_completion_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "n",
        "presence_penalty",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "top_logprobs",
        "response_format",
        "reasoning_effort",
        "user",
        "stream",
        "stream_options",
    }
)
#: Fields that change nothing about the answer itself: labels, and hints about speed and price.
_SILENT = frozenset(
    {
        "metadata",
        "safety_identifier",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "prediction",
    }
)
#: Values that say what every vendor does anyway.
_USUAL: Mapping[str, tuple[Any, ...]] = {
    "store": (False,),
    "service_tier": ("auto", "default"),
    "modalities": (["text"],),
    "functions": ([],),
}
_LONG = frozenset({"1h", "12h", "24h"})


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
    form = body.get("response_format") or {}
    described = form.get("json_schema") or {}
    return Chat(
        messages=tuple(_message(index, m) for index, m in enumerate(body["messages"])),
        tools=tuple(_tool(index, t) for index, t in enumerate(body.get("tools") or ())),
        tool_choice=_tool_choice(body.get("tool_choice")),
        parallel_tool_calls=body.get("parallel_tool_calls"),
        max_tokens=_limit(body),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        top_k=body.get("top_k"),
        stop=(stop,) if isinstance(stop, str) else tuple(stop or ()),
        seed=body.get("seed"),
        choices=body.get("n") or 1,
        presence_penalty=body.get("presence_penalty") or None,
        frequency_penalty=body.get("frequency_penalty") or None,
        logit_bias=body.get("logit_bias") or None,
        logprobs=body.get("logprobs"),
        top_logprobs=body.get("top_logprobs"),
        json_schema=_schema(form, described),
        json_schema_name=described.get("name"),
        json_schema_strict=described.get("strict"),
        reasoning_effort=body.get("reasoning_effort"),
        user=body.get("user"),
        extras={name: value for name, value in body.items() if _is_extra(name, value)},
    )


def _is_extra(name: str, value: Any) -> bool:
    if name in _KNOWN or name in _SILENT or value is None:
        return False
    return value not in _USUAL.get(name, ())


def _limit(body: Mapping[str, Any]) -> int | None:
    most: int | None = body.get("max_completion_tokens") or body.get("max_tokens")
    return most if most is not None and most > 0 else None


def _message(index: int, message: Mapping[str, Any]) -> Message:
    role = _ROLES.get(message["role"])
    if role is None:
        raise Unsupported(f"no role {message['role']!r} here", f"messages[{index}].role")
    content = message.get("content")
    parts: list[Part] = []
    if role == "assistant":
        parts += _reasoning(message)
    if isinstance(content, str):
        if content:
            parts.append(TextPart(content, _cache(message)))
    elif content:
        parts += [_part(f"messages[{index}].content[{at}]", p) for at, p in enumerate(content)]
    if message.get("refusal"):
        parts.append(TextPart(message["refusal"]))
    for call in message.get("tool_calls") or ():
        if call.get("type", "function") != "function":
            raise Unsupported("only function calls here", f"messages[{index}].tool_calls")
        function = call.get("function") or {}
        parts.append(
            CallPart(
                call.get("id") or "",
                function.get("name") or "",
                function.get("arguments") or "{}",
                _signature(call.get("extra_content")),
            )
        )
    if message.get("function_call"):
        raise Unsupported("use tool_calls", f"messages[{index}].function_call")
    return Message(role, tuple(parts), message.get("tool_call_id"), message.get("name"))


def _reasoning(message: Mapping[str, Any]) -> Iterable[ReasoningPart]:
    """Thinking that the client replays: with its signatures, or as plain text."""
    details = message.get("reasoning_details")
    if details:
        for detail in details:
            if data := detail.get("data"):
                yield ReasoningPart("", redacted=str(data))
            else:
                yield ReasoningPart(str(detail.get("text") or ""), detail.get("signature"))
        return
    for name in ("reasoning_content", "reasoning"):
        if isinstance(text := message.get(name), str) and text:
            yield ReasoningPart(text)
            return


def _signature(extra: Any) -> str | None:
    """The signature beside a tool call: ours, or under the name of the vendor that made it."""
    if not isinstance(extra, dict):
        return None
    for holder in (extra, *extra.values()):
        if isinstance(holder, dict) and isinstance(said := holder.get("thought_signature"), str):
            return said
    return None


def _cache(holder: Mapping[str, Any]) -> Cache | None:
    mark = holder.get("prompt_cache_breakpoint") or holder.get("cache_control")
    if not isinstance(mark, dict):
        return None
    return "long" if mark.get("ttl") in _LONG else "short"


def _part(where: str, part: Mapping[str, Any]) -> Part:
    cache = _cache(part)
    match part["type"]:
        case "text" | "refusal":
            return TextPart(str(part.get("text") or part.get("refusal") or ""), cache)
        case "image_url":
            image = part.get("image_url") or {}
            if isinstance(image, str):
                return ImagePart(image, cache=cache)
            return ImagePart(str(image.get("url") or ""), image.get("detail"), cache)
        case "input_audio":
            audio = part.get("input_audio") or {}
            return AudioPart(str(audio.get("data") or ""), str(audio.get("format") or ""))
        case "file":
            file = part.get("file") or {}
            data = file.get("file_data")
            if data is not None and not data.startswith("data:"):
                data = f"data:application/pdf;base64,{data}"
            return FilePart(data, file.get("file_id"), file.get("filename"), cache=cache)
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
        _cache(tool),
    )


def _tool_choice(choice: Any) -> str | None:
    if choice is None or isinstance(choice, str):
        return choice
    function = choice.get("function") if isinstance(choice, dict) else None
    if not isinstance(function, dict):
        raise Unsupported("only 'auto', 'none', 'required' or a function", "tool_choice")
    return str(function.get("name") or "")


def _schema(form: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any] | None:
    match form.get("type"):
        case "json_object":
            return {}
        case "json_schema":
            schema = described.get("schema")
            return schema if isinstance(schema, dict) else {}
        case _:
            return None
