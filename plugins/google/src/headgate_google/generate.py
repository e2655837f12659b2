"""A chat request as a `generateContent` body."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import headgate as hg
from headgate_google.contents import conversation
from headgate_google.models import BUDGETS, LEVELS, generation
from headgate_google.thinking import thinking

#: Google's own parameters outside of `generationConfig`, by the names a client may give them.
_OWN: Mapping[str, str] = {
    "safety_settings": "safetySettings",
    "safetySettings": "safetySettings",
    "cached_content": "cachedContent",
    "cachedContent": "cachedContent",
    "service_tier": "serviceTier",
    "labels": "labels",
}
#: Tools that run at Google, by the names a client may give them.
_TOOLS: Mapping[str, str] = {
    "google_search": "googleSearch",
    "googleSearch": "googleSearch",
    "url_context": "urlContext",
    "urlContext": "urlContext",
}
_TIERS = frozenset({"flex", "standard", "priority"})

#: What every model can be told; its thinking and media in tool results are for newer ones.
SAYS = frozenset(
    {
        "temperature",
        "top_p",
        "top_k",
        "stop",
        "seed",
        "n",
        "presence_penalty",
        "frequency_penalty",
        "logprobs",
        "top_logprobs",
        "reasoning_effort",
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
        "dimensions",
        *_TOOLS,
        *(name for name in _OWN if name != "labels"),
    }
)
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_MODES: Mapping[str, str] = {"auto": "AUTO", "none": "NONE", "required": "ANY"}
_INT32 = 2**31


def vocabulary(says: frozenset[str], target: hg.Target) -> frozenset[str]:
    """The features out of `says` that a model can be told."""
    known, words = generation(target.model), target.traits.words
    if known < LEVELS:
        says -= {"tool_result_media"}
    if known < BUDGETS:
        says -= {"reasoning_effort"}
    if "no_sampling" in words:
        says -= _SAMPLING
    if "no_forced_tool" in words:
        says -= {"tool_choice"}
    return says


def generate_body(chat: hg.Chat, model: str, files: str) -> dict[str, Any]:
    """The body that asks for an answer. `files` is where Google keeps uploaded files."""
    contents, system = conversation(chat, model, files)
    body: dict[str, Any] = {"contents": contents}
    if system:
        body["systemInstruction"] = {"parts": system}
    if tools := [*_functions(chat.tools), *_own_tools(chat.extras)]:
        body["tools"] = tools
    if chat.tools and chat.tool_choice:
        body["toolConfig"] = {"functionCallingConfig": _calling(chat.tool_choice)}
    if settings := _settings(chat, model):
        body["generationConfig"] = settings
    return body | _own(chat.extras)


def _functions(tools: Iterable[hg.Tool]) -> Iterable[dict[str, Any]]:
    if declared := [_function(tool) for tool in tools]:
        yield {"functionDeclarations": declared}


def _function(tool: hg.Tool) -> dict[str, Any]:
    declared: dict[str, Any] = {"name": tool.name}
    if tool.description:
        declared["description"] = tool.description
    if tool.parameters:
        declared["parametersJsonSchema"] = tool.parameters
    return declared


def _calling(choice: str) -> dict[str, Any]:
    if (mode := _MODES.get(choice)) is not None:
        return {"mode": mode}
    return {"mode": "ANY", "allowedFunctionNames": [choice]}


def _settings(chat: hg.Chat, model: str) -> dict[str, Any]:
    if chat.seed is not None and not -_INT32 <= chat.seed < _INT32:
        raise hg.Unsupported("Google's seeds have 32 bits", "seed")
    said: dict[str, Any] = {
        "temperature": chat.temperature,
        "topP": chat.top_p,
        "topK": chat.top_k,
        "candidateCount": chat.choices if chat.choices > 1 else None,
        "maxOutputTokens": chat.max_tokens,
        "stopSequences": list(chat.stop) or None,
        "seed": chat.seed,
        "presencePenalty": chat.presence_penalty,
        "frequencyPenalty": chat.frequency_penalty,
        "responseMimeType": None if chat.json_schema is None else "application/json",
        "responseJsonSchema": chat.json_schema or None,
        "responseLogprobs": chat.logprobs or None,
        "logprobs": (chat.logprobs and chat.top_logprobs) or None,
        "thinkingConfig": thinking(chat, model),
    }
    return {name: value for name, value in said.items() if value is not None}


def _own_tools(extras: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for name, word in _TOOLS.items():
        if (options := extras.get(name)) in (None, False):
            continue
        if options is not True and not isinstance(options, dict):
            raise hg.Unsupported(f"'{name}' is true or an object", name)
        yield {word: {} if options is True else options}


def _own(extras: Mapping[str, Any]) -> dict[str, Any]:
    tier = extras.get("service_tier")
    if tier is not None and tier not in _TIERS:
        raise hg.Unsupported(f"no service tier {tier!r} here", "service_tier")
    return {word: extras[name] for name, word in _OWN.items() if extras.get(name) is not None}
