"""What recorded bytes say, read here once more and in another way than the gateway reads them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from botocore.eventstream import ParserError  # type: ignore[import-untyped]

from . import native_readings as native
from .recorded_answer import Answer, Tokens, parsed, sse
from .traffic import Exchange


def reading(exchange: Exchange) -> Answer:
    """The answer in an exchange of a chat."""
    return _READERS[exchange.api](exchange)


def judged(exchange: Exchange) -> Answer:
    """The same; an empty answer where it cannot be read, so that only its own test fails."""
    try:
        return reading(exchange)
    except (ValueError, LookupError, TypeError, AttributeError, ParserError):
        return Answer()


# OpenAI's chat completions.

_CHAT_FINISH = {"eos": "stop", "model_length": "length", "function_call": "tool_calls"}


def _chat(exchange: Exchange) -> Answer:
    answer, pieces = Answer(), dict[int, list[Any]]()
    events = list(sse(exchange.body)) if exchange.stream else [json.loads(exchange.body)]
    for event in events:
        groq = event.get("x_groq") or {}
        if error := event.get("error") or groq.get("error"):
            answer.error = error if isinstance(error, str) else error["message"]
            answer.late = answer.finish is not None
        usage = event.get("usage") or groq.get("usage")
        if usage:
            answer.tokens = _openai_tokens(usage)
        for choice in event.get("choices") or ():
            if choice.get("index", 0) == 0:
                said = choice.get("delta" if exchange.stream else "message") or {}
                _chat_piece(answer, pieces, said)
                answer.finish = choice.get("finish_reason") or answer.finish
    for id_, name, arguments in pieces.values():
        answer.calls.append((id_, name, parsed(arguments)))
    answer.stop = answer.finish
    answer.finish = _CHAT_FINISH.get(answer.finish or "", answer.finish)
    if answer.calls and answer.finish in ("stop", None):
        answer.finish = "tool_calls"
    return answer


def _chat_piece(answer: Answer, pieces: dict[int, list[Any]], said: Mapping[str, Any]) -> None:
    content: Any = said.get("content")
    for part in content if isinstance(content, list) else [{"type": "text", "text": content}]:
        if part["type"] == "thinking":
            answer.reasoning += "".join(one.get("text", "") for one in part["thinking"])
        elif part["type"] == "text":
            answer.text += part["text"] or ""
    answer.text += said.get("refusal") or ""
    answer.reasoning += said.get("reasoning_content") or said.get("reasoning") or ""
    for at, call in enumerate(said.get("tool_calls") or ()):
        piece = pieces.setdefault(call.get("index", at), [None, "", ""])
        function = call.get("function") or {}
        piece[0] = piece[0] or call.get("id")
        piece[1] = piece[1] or function.get("name") or ""
        piece[2] += function.get("arguments") or ""


def _openai_tokens(usage: Mapping[str, Any]) -> Tokens:
    inside = usage.get("prompt_tokens_details") or usage.get("input_tokens_details") or {}
    outside = usage.get("completion_tokens_details") or usage.get("output_tokens_details") or {}
    prompt = usage.get("prompt_tokens", usage.get("input_tokens"))
    completion = usage.get("completion_tokens", usage.get("output_tokens")) or 0
    reasoning = outside.get("reasoning_tokens") or 0
    # Thinking that is counted beside the answer shows in the total, if nowhere else.
    beside = (usage.get("total_tokens") or 0) - prompt - completion
    if beside > 0 and reasoning in (0, beside):
        reasoning = beside
        completion += beside
    cached = inside.get("cached_tokens")
    if cached is None:
        cached = usage.get("prompt_cache_hit_tokens") or usage.get("num_cached_tokens") or 0
    return Tokens(
        prompt,
        min(cached, prompt),
        inside.get("cache_write_tokens") or 0,
        completion,
        min(reasoning, completion),
        inside.get("audio_tokens") or 0,
        outside.get("audio_tokens") or 0,
    )


# OpenAI's Responses.


def response_object(exchange: Exchange) -> dict[str, Any]:
    """The answer at the end of a stream, or the whole answer."""
    if not exchange.stream:
        whole: dict[str, Any] = json.loads(exchange.body)
        return whole
    last = list(sse(exchange.body))[-1]
    end: dict[str, Any] = last.get("response") or {}
    return end


def _responses(exchange: Exchange) -> Answer:
    response, answer = response_object(exchange), Answer()
    errors = [event for event in sse(exchange.body) if event["type"] == "error"]
    said = errors[0].get("error") or errors[0] if errors else response.get("error")
    if said:
        answer.error = said["message"]
        return answer
    for item in response["output"]:
        match item["type"]:
            case "message":
                for part in item["content"]:
                    answer.text += part.get("text") or part.get("refusal") or ""
            case "reasoning":
                parts = [*(item.get("summary") or ()), *(item.get("content") or ())]
                answer.reasoning += "\n\n".join(part["text"] for part in parts)
            case "function_call":
                call = (item["call_id"], item["name"], parsed(item["arguments"]))
                answer.calls.append(call)
    answer.finish = "tool_calls" if answer.calls else "stop"
    if response["status"] == "incomplete":
        why = response["incomplete_details"]["reason"]
        answer.finish = "content_filter" if why == "content_filter" else "length"
    answer.tokens = _openai_tokens(response["usage"])
    return answer


_READERS: Mapping[str, Callable[[Exchange], Answer]] = {
    "chat": _chat,
    "messages": native.messages,
    "anthropic-rawPredict": native.messages,
    "invoke": native.messages,
    "generateContent": native.gemini,
    "converse": native.converse,
    "chat-v2": native.cohere,
    "ollama-chat": native.ollama,
    "responses": _responses,
}
