"""Whether a request can be said to a vendor at all, decided before the plugin is asked.

A provider lists the features it can say (`Provider.says`); what a call uses beyond them is refused
by name, or left out where the operator has chosen that. Meaning is never changed in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from headgate.provider.call import Call, Operation
from headgate.provider.chat import (
    AudioPart,
    Chat,
    Embed,
    FilePart,
    ImagePart,
    Message,
    Rerank,
    inline,
)
from headgate.provider.failure import Unsupported

#: Settings: feature -> the field of `Chat` that holds it. They may be dropped.
_SETTINGS: Mapping[str, str] = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "stop": "stop",
    "seed": "seed",
    "n": "choices",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "logit_bias": "logit_bias",
    "logprobs": "logprobs",
    "top_logprobs": "top_logprobs",
    "parallel_tool_calls": "parallel_tool_calls",
    "reasoning_effort": "reasoning_effort",
}
_UNSET: Mapping[str, Any] = {"stop": (), "choices": 1}

#: Content: what a conversation may hold. Leaving it out would answer another question.
CONTENT = frozenset(
    {
        "tools",
        "tool_choice",
        "json_object",
        "json_schema",
        "images",
        "image_urls",
        "audio",
        "documents",
        "document_urls",
        "file_ids",
        "tool_result_media",
    }
)
#: Every word of a vocabulary that is no vendor's own parameter.
FEATURES = CONTENT | frozenset(_SETTINGS) | {"dimensions", "top_n", "max_tokens_per_doc"}


def used(call: Call) -> dict[str, str]:
    """The features a call uses, each with the parameter that asks for it."""
    match call.operation:
        case Operation.CHAT | Operation.COUNT_TOKENS:
            return _used_by_chat(call.chat)
        case Operation.EMBEDDINGS:
            return _used_by_embed(call.embed)
        case Operation.RERANK:
            return _used_by_rerank(call.rerank)
        case _:
            return {}


def fitted(
    call: Call, offers: frozenset[Operation], vocabulary: frozenset[str], *, drop: bool
) -> tuple[Call, tuple[str, ...]]:
    """The call as this vendor can be told it, and the parameters that were left out.

    Raises `Unsupported` for an operation that is not offered, for content outside of the
    vocabulary, and for any other feature unless `drop` is set.
    """
    if call.operation not in offers or call.reader is None:
        raise Unsupported(f"{call.operation} calls in this dialect are not offered")
    beyond = {name: param for name, param in used(call).items() if name not in vocabulary}
    if beyond.get("reasoning_effort") and call.chat.effort == "none":
        # Nothing is asked of a vendor that has no such thing.
        del beyond["reasoning_effort"]
    if not beyond:
        return call, ()
    for name, param in beyond.items():
        if name in CONTENT or not drop:
            way_out = "" if name in CONTENT else "; drop_unsupported: true would leave it out"
            raise Unsupported(f"'{param}' cannot be said to this vendor{way_out}", param)
    left = _without(call, frozenset(beyond))
    return call._replace(reader=lambda _: left), tuple(beyond.values())


def _used_by_chat(chat: Chat) -> dict[str, str]:
    found = {
        name: name
        for name, field in _SETTINGS.items()
        if getattr(chat, field) != _UNSET.get(field) and getattr(chat, field) is not None
    }
    if chat.reasoning_budget is not None:
        found["reasoning_effort"] = "reasoning_effort"
    if chat.logprobs is False:
        found.pop("logprobs", None)
    if chat.parallel_tool_calls is True or not chat.tools:
        # What every vendor does unless told otherwise, and what says nothing without tools.
        found.pop("parallel_tool_calls", None)
    if chat.tools:
        found["tools"] = "tools"
    if chat.tool_choice not in (None, "auto") and chat.tools:
        found["tool_choice"] = "tool_choice"
    if chat.json_schema is not None:
        found["json_schema" if chat.json_schema else "json_object"] = "response_format"
    for index, message in enumerate(chat.messages):
        _used_by_message(index, message, found)
    return found | _own(chat.extras)


def _own(extras: Mapping[str, Any]) -> dict[str, str]:
    return {_extra(name): name for name in extras}


def _extra(name: str) -> str:
    """The word for a vendor's own parameter; one that is named like a feature is told apart."""
    return f"extras.{name}" if name in FEATURES else name


def _used_by_message(index: int, message: Message, found: dict[str, str]) -> None:
    for at, part in enumerate(message.parts):
        param = f"messages[{index}].content[{at}]"
        match part:
            case ImagePart(id=str()):
                name = "file_ids"
            case ImagePart(url):
                name = "images" if inline(url) else "image_urls"
            case AudioPart():
                name = "audio"
            case FilePart(_, str()):
                name = "file_ids"
            case FilePart(None):
                name = "document_urls"
            case FilePart():
                name = "documents"
            case _:
                continue
        found.setdefault(name, param)
        if message.role == "tool":
            found.setdefault("tool_result_media", param)


def _used_by_embed(embed: Embed) -> dict[str, str]:
    found = _own(embed.extras)
    if embed.dimensions is not None:
        found["dimensions"] = "dimensions"
    return found


def _used_by_rerank(rerank: Rerank) -> dict[str, str]:
    found = _own(rerank.extras)
    if rerank.top_n is not None:
        found["top_n"] = "top_n"
    if rerank.max_tokens_per_doc is not None:
        found["max_tokens_per_doc"] = "max_tokens_per_doc"
    return found


def _without(call: Call, names: frozenset[str]) -> Chat | Embed | Rerank:
    match call.operation:
        case Operation.EMBEDDINGS:
            value: Chat | Embed | Rerank = call.embed
        case Operation.RERANK:
            value = call.rerank
        case _:
            value = call.chat
    extras = {name: said for name, said in value.extras.items() if _extra(name) not in names}
    if isinstance(value, Chat):
        cleared: dict[str, Any] = {
            field: _UNSET.get(field) for name, field in _SETTINGS.items() if name in names
        }
        if "reasoning_effort" in names:
            cleared["reasoning_budget"] = None
        return replace(value, extras=extras, **cleared)
    if isinstance(value, Embed):
        dimensions = None if "dimensions" in names else value.dimensions
        return replace(value, extras=extras, dimensions=dimensions)
    return replace(
        value,
        extras=extras,
        top_n=None if "top_n" in names else value.top_n,
        max_tokens_per_doc=None if "max_tokens_per_doc" in names else value.max_tokens_per_doc,
    )
