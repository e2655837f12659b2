"""What Ollama is told: the bodies of `/api/chat` and `/api/embed`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_ollama.json_objects import json_object

#: Ollama's own request fields that a client may send along.
OWN_FIELDS = frozenset({"format", "keep_alive", "options", "shift", "think", "truncate"})
#: Ollama's own model options that a client may send without `options` around them.
OWN_OPTIONS = frozenset({"min_p", "num_ctx", "repeat_last_n", "repeat_penalty"})
_OF_CHATS = frozenset({"format", "shift", "think"})
_PASSED_ON = ("keep_alive", "shift", "truncate")

#: Model option -> the field of `Chat` that says it.
_OPTIONS: Mapping[str, str] = {
    "num_predict": "max_tokens",
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "seed": "seed",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}
#: Reasoning effort -> `think`; two efforts have no level of their own and take the nearest.
_LEVELS: Mapping[str, bool | str] = {
    "none": False,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}


def chat_body(
    chat: hg.Chat, model: str, options: Mapping[str, Any], keep_alive: str | int | None
) -> dict[str, Any]:
    """The body of `/api/chat`, but for `stream`. `options` and `keep_alive` are what holds where
    the client says nothing. Raises `Unsupported`, and `CallFailed` for a malformed field.
    """
    said: dict[str, Any] = {
        "model": model,
        "messages": _messages(chat.messages),
        "tools": _tools(chat),
        "format": _format(chat),
        "think": _think(chat, model),
        "options": _options(chat, options),
        "keep_alive": keep_alive,
        "logprobs": chat.logprobs or None,
        "top_logprobs": chat.top_logprobs,
        **_own(chat.extras),
    }
    return {name: value for name, value in said.items() if value not in (None, [], {})}


def embed_body(
    embed: hg.Embed, model: str, options: Mapping[str, Any], keep_alive: str | int | None
) -> dict[str, Any]:
    """The body of `/api/embed`. Raises as `chat_body` does."""
    if embed.texts is None:
        raise hg.Unsupported("Ollama embeds texts, not token ids", "input")
    for name in _OF_CHATS & embed.extras.keys():
        raise hg.Unsupported(f"'{name}' says nothing about an embedding", name)
    said: dict[str, Any] = {
        "model": model,
        "input": list(embed.texts),
        "dimensions": embed.dimensions,
        "options": {**options, **_own_options(embed.extras)},
        "keep_alive": keep_alive,
        **_own(embed.extras),
    }
    return {name: value for name, value in said.items() if value not in (None, {})}


def _own(extras: Mapping[str, Any]) -> dict[str, Any]:
    return {name: extras[name] for name in _PASSED_ON if extras.get(name) is not None}


def _own_options(extras: Mapping[str, Any]) -> dict[str, Any]:
    together = extras.get("options") or {}
    if not isinstance(together, dict):
        raise _malformed("options", "an object")
    single = {name: extras[name] for name in sorted(OWN_OPTIONS) if extras.get(name) is not None}
    return {**together, **single}


def _options(chat: hg.Chat, defaults: Mapping[str, Any]) -> dict[str, Any]:
    named = {option: getattr(chat, name) for option, name in _OPTIONS.items()}
    if chat.stop:
        named["stop"] = list(chat.stop)
    said = {option: value for option, value in named.items() if value is not None}
    return {**defaults, **_own_options(chat.extras), **said}


def _think(chat: hg.Chat, model: str) -> bool | str | None:
    """`think`, in the client's own words where it says it in Ollama's."""
    think: bool | str | None
    if (own := chat.extras.get("think")) is not None:
        param, think = "think", _own_think(own)
    elif chat.effort is not None:
        param, think = "reasoning_effort", _LEVELS.get(chat.effort)
        if think is None:
            raise hg.Unsupported(f"Ollama has no reasoning effort {chat.effort!r}", param)
    else:
        return None
    if "gpt-oss" not in model:
        return think
    # These models have three levels, and cannot but think.
    if think is False:
        raise hg.Unsupported(f"{model} always thinks", param)
    return "high" if think == "max" else think


def _own_think(said: object) -> bool | str:
    if isinstance(said, bool) or (isinstance(said, str) and said in _LEVELS.values()):
        return said
    raise _malformed("think", "true, false, low, medium, high or max")


def _format(chat: hg.Chat) -> str | Mapping[str, Any] | None:
    if chat.json_schema is not None:
        return chat.json_schema or "json"
    own = chat.extras.get("format")
    if own is not None and not isinstance(own, dict) and own not in ("", "json"):
        raise _malformed("format", "'json' or a JSON Schema")
    return own or None


def _tools(chat: hg.Chat) -> list[dict[str, Any]]:
    if chat.tool_choice == "none":
        # Without tools none can be called, which is all that is asked for.
        return []
    if chat.tools and chat.tool_choice not in (None, "auto"):
        raise hg.Unsupported("Ollama cannot be made to call a tool", "tool_choice")
    return [{"type": "function", "function": _function(tool)} for tool in chat.tools]


def _function(tool: hg.Tool) -> dict[str, Any]:
    said: dict[str, Any] = {"name": tool.name}
    if tool.description:
        said["description"] = tool.description
    # A function without parameters: Ollama wants a schema all the same.
    return {**said, "parameters": tool.parameters or {"type": "object", "properties": {}}}


def _messages(messages: tuple[hg.Message, ...]) -> list[dict[str, Any]]:
    said: list[dict[str, Any]] = []
    names: dict[str, str] = {}
    for index, message in enumerate(messages):
        said.append(_message(index, message, names))
    return said


def _message(index: int, message: hg.Message, names: dict[str, str]) -> dict[str, Any]:
    """One turn. `names` holds the tools called so far by the id of the call, and is added to."""
    said: dict[str, Any] = {"role": message.role, "content": message.text}
    if message.role == "tool":
        if tool := names.get(message.call_id or "") or message.name:
            said["tool_name"] = tool
        if message.call_id:
            said["tool_call_id"] = message.call_id
    thinking, images, calls = [], [], []
    for part in message.parts:
        match part:
            case hg.TextPart():
                pass
            case hg.ReasoningPart(text):
                # What only its vendor can read has no text.
                thinking.append(text)
            case hg.ImagePart(url):
                images.append(_image(index, url))
            case hg.CallPart(id_, name):
                names[id_] = name
                calls.append(_call(index, part))
            case _:
                raise hg.Unsupported("Ollama reads texts and images", f"messages[{index}].content")
    if text := "".join(thinking):
        said["thinking"] = text
    if images:
        said["images"] = images
    if calls:
        said["tool_calls"] = calls
    return said


def _image(index: int, url: str) -> str:
    image = hg.inline(url)
    if image is None:
        raise hg.Unsupported("Ollama fetches no images", f"messages[{index}].content")
    return image.data


def _call(index: int, part: hg.CallPart) -> dict[str, Any]:
    try:
        arguments = json_object(part.arguments)
    except ValueError as error:
        param = f"messages[{index}].tool_calls"
        raise hg.Unsupported("arguments of an earlier call are no JSON object", param) from error
    said: dict[str, Any] = {"function": {"name": part.name, "arguments": arguments}}
    return {"id": part.id, **said} if part.id else said


def _malformed(param: str, expected: str) -> hg.CallFailed:
    return hg.CallFailed(
        hg.Failure(hg.Kind.INVALID_REQUEST, f"'{param}' must be {expected}.", param=param)
    )
