"""One call with an official SDK, and what it yielded in the words of `readings`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import anthropic
import openai

from .recorded_answer import Answer, Tokens, parsed
from .traffic import Case

PROMPT = "Say something short."
_SCHEMA = {"type": "object", "properties": {"x": {"type": "string"}}}
_MAX_TOKENS = 1024
_STOP_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@dataclass
class Asked:
    """What a call yielded: an answer, or the SDK's error."""

    answer: Answer = field(default_factory=Answer)
    #: The usage object as the SDK has it.
    usage: dict[str, Any] = field(default_factory=dict)
    error: openai.APIError | anthropic.APIError | None = None
    #: The call's id, by which its log line is found.
    request_id: str = ""


@dataclass(frozen=True)
class Clients:
    """Both SDKs, set up for the gateway."""

    openai: openai.OpenAI
    anthropic: anthropic.Anthropic


def ask(clients: Clients, case: Case, tools: bool) -> Asked:
    """Asks for a chat at the case's door; an error of the API is part of what comes back."""
    ask_one: Callable[[Clients, Case, bool, Asked], None]
    ask_one = _messages if case.door == "messages" else _chat
    asked = Asked()
    try:
        ask_one(clients, case, tools, asked)
    except (openai.APIError, anthropic.APIError) as error:
        asked.error = error
        response = getattr(error, "response", None)
        if response is not None:
            asked.request_id = response.headers["x-request-id"]
    return asked


def _chat(clients: Clients, case: Case, tools: bool, asked: Asked) -> None:
    stream = case.exchange.stream
    body: dict[str, Any] = {
        "model": case.model,
        "messages": [{"role": "user", "content": PROMPT}],
    }
    if tools:
        function = {"name": "some_tool", "description": "A tool.", "parameters": _SCHEMA}
        body["tools"] = [{"type": "function", "function": function}]
    create = clients.openai.chat.completions.create
    if not stream:
        whole = create(**body)
        asked.request_id = whole._request_id or ""
        _chat_whole(asked, whole.to_dict())
        return
    with create(**body, stream=True, stream_options={"include_usage": True}) as chunks:
        asked.request_id = chunks.response.headers["x-request-id"]
        pieces: dict[int, list[str]] = {}
        for chunk in chunks:
            _chat_chunk(asked, pieces, chunk.to_dict())
        for id_, name, arguments in pieces.values():
            asked.answer.calls.append((id_, name, parsed(arguments)))


def _chat_whole(asked: Asked, whole: Mapping[str, Any]) -> None:
    answer, choice = asked.answer, whole["choices"][0]
    message = choice["message"]
    _said(answer, message)
    for call in message.get("tool_calls") or ():
        function = call["function"]
        answer.calls.append((call["id"], function["name"], parsed(function["arguments"])))
    answer.finish = choice["finish_reason"]
    _counted(asked, whole.get("usage"))


def _chat_chunk(asked: Asked, pieces: dict[int, list[str]], chunk: Mapping[str, Any]) -> None:
    for choice in chunk.get("choices") or ():
        if choice.get("index", 0) != 0:
            continue
        delta = choice.get("delta") or {}
        _said(asked.answer, delta)
        for at, call in enumerate(delta.get("tool_calls") or ()):
            # Mistral's first models gave their calls no numbers.
            piece = pieces.setdefault(call.get("index", at), ["", "", ""])
            function = call.get("function") or {}
            piece[0] = piece[0] or call.get("id") or ""
            piece[1] = piece[1] or function.get("name") or ""
            piece[2] += function.get("arguments") or ""
        asked.answer.finish = choice.get("finish_reason") or asked.answer.finish
    _counted(asked, chunk.get("usage"))


def _said(answer: Answer, holder: Mapping[str, Any]) -> None:
    content = holder.get("content")
    for part in content if isinstance(content, list) else [{"text": content}]:
        answer.text += part.get("text") or ""
        answer.reasoning += "".join(one.get("text", "") for one in part.get("thinking") or ())
    answer.text += holder.get("refusal") or ""
    answer.reasoning += holder.get("reasoning_content") or holder.get("reasoning") or ""


def _counted(asked: Asked, usage: Mapping[str, Any] | None) -> None:
    if not usage:
        return
    asked.usage = dict(usage)
    inside = usage.get("prompt_tokens_details") or {}
    outside = usage.get("completion_tokens_details") or {}
    asked.answer.tokens = Tokens(
        usage["prompt_tokens"],
        inside.get("cached_tokens") or 0,
        inside.get("cache_write_tokens") or 0,
        usage.get("completion_tokens") or 0,
        outside.get("reasoning_tokens") or 0,
    )


def _messages(clients: Clients, case: Case, tools: bool, asked: Asked) -> None:
    body: dict[str, Any] = {
        "model": case.model,
        "max_tokens": _MAX_TOKENS,
        "messages": [{"role": "user", "content": PROMPT}],
    }
    if tools:
        body["tools"] = [{"name": "some_tool", "description": "A tool.", "input_schema": _SCHEMA}]
    if case.exchange.stream:
        with clients.anthropic.messages.stream(**body) as events:
            asked.request_id = events.response.headers["x-request-id"]
            message = events.get_final_message()
    else:
        message = clients.anthropic.messages.create(**body)
        asked.request_id = message._request_id or ""
    answer = asked.answer
    for block in message.content:
        match block.type:
            case "text":
                answer.text += block.text
            case "thinking":
                answer.reasoning += block.thinking
            case "tool_use":
                answer.calls.append((block.id, block.name, block.input))
    answer.stop = message.stop_reason
    answer.finish = _STOP_REASONS.get(message.stop_reason or "", message.stop_reason)
    asked.usage = dict(message.usage.to_dict())
    cached: int = asked.usage.get("cache_read_input_tokens") or 0
    written: int = asked.usage.get("cache_creation_input_tokens") or 0
    details = asked.usage.get("output_tokens_details") or {}
    prompt = message.usage.input_tokens + cached + written
    thought = details.get("thinking_tokens") or 0
    answer.tokens = Tokens(prompt, cached, written, message.usage.output_tokens, thought)
