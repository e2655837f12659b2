"""What recorded bytes say in the vendors' own words."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

from botocore.eventstream import EventStreamBuffer  # type: ignore[import-untyped]

from .recorded_answer import Answer, Tokens, parsed, sse
from .traffic import Exchange


def _aws(body: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    for message in buffer:
        yield message.headers[":event-type"], json.loads(message.payload)


# Anthropic's Messages, also as Bedrock and Vertex AI hand them on.

_CLAUDE_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


def messages(exchange: Exchange) -> Answer:
    if not exchange.stream:
        message = json.loads(exchange.body)
    else:
        message = _assembled(_claude_events(exchange))
    answer = Answer(finish=_CLAUDE_FINISH[message["stop_reason"]], stop=message["stop_reason"])
    for block in message["content"]:
        match block["type"]:
            case "text":
                answer.text += block["text"]
            case "thinking":
                answer.reasoning += block["thinking"]
            case "tool_use":
                answer.calls.append((block["id"], block["name"], block["input"]))
    usage = message["usage"]
    cached, written = (
        usage.get(f"cache_{word}_input_tokens") or 0 for word in ("read", "creation")
    )
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    prompt = usage["input_tokens"] + cached + written
    answer.tokens = Tokens(prompt, cached, written, usage["output_tokens"], thought)
    return answer


def _claude_events(exchange: Exchange) -> Iterator[dict[str, Any]]:
    if exchange.api != "invoke":
        yield from sse(exchange.body)
        return
    for type_, payload in _aws(exchange.body):
        if type_ == "chunk":
            yield json.loads(base64.b64decode(payload["bytes"]))


def _assembled(events: Iterator[dict[str, Any]]) -> dict[str, Any]:
    message: dict[str, Any] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = event["message"]
            case "content_block_start":
                block = event["content_block"]
                message["content"].append({**block, "json": ""})
            case "content_block_delta":
                block, delta = message["content"][event["index"]], dict(event["delta"])
                delta.pop("type")
                for name, piece in delta.items():
                    if isinstance(piece, str):
                        word = "json" if name == "partial_json" else name
                        block[word] = (block.get(word) or "") + piece
            case "content_block_stop":
                block = message["content"][event["index"]]
                if block["type"] == "tool_use":
                    block["input"] = parsed(block["json"])
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= {k: v for k, v in event["usage"].items() if v is not None}
    return message


# Gemini's generateContent.

_GEMINI_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "length"}
_GEMINI_NUMBERS = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION"}


def gemini(exchange: Exchange) -> Answer:
    answer, usage = Answer(), dict[str, Any]()
    for event in list(sse(exchange.body)) if exchange.stream else [json.loads(exchange.body)]:
        usage |= event.get("usageMetadata") or {}
        for candidate in event.get("candidates") or ():
            for part in (candidate.get("content") or {}).get("parts") or ():
                if called := part.get("functionCall"):
                    answer.calls.append((called.get("id"), called["name"], called.get("args", {})))
                elif part.get("thought"):
                    answer.reasoning += part.get("text", "")
                else:
                    answer.text += part.get("text", "")
            reason = candidate.get("finishReason")
            reason = _GEMINI_NUMBERS.get(reason, reason)
            if reason:
                answer.finish = _GEMINI_FINISH.get(reason, "content_filter")
        if (event.get("promptFeedback") or {}).get("blockReason"):
            answer.finish = "content_filter"
    if answer.calls and answer.finish == "stop":
        answer.finish = "tool_calls"
    thought = usage.get("thoughtsTokenCount", 0)
    heard, spoken = (
        sum(part["tokenCount"] for part in usage.get(name, ()) if part["modality"] == "AUDIO")
        for name in ("promptTokensDetails", "candidatesTokensDetails")
    )
    answer.tokens = Tokens(
        usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0),
        usage.get("cachedContentTokenCount", 0),
        0,
        usage.get("candidatesTokenCount", 0) + thought,
        thought,
        heard,
        spoken,
    )
    return answer


# Bedrock's Converse.

_CONVERSE_FINISH = _CLAUDE_FINISH | {
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}


def converse(exchange: Exchange) -> Answer:
    if exchange.stream:
        blocks, stop, usage = _converse_stream(exchange.body)
    else:
        whole = json.loads(exchange.body)
        blocks = whole["output"]["message"]["content"]
        stop, usage = whole["stopReason"], whole["usage"]
    answer = Answer(finish=_CONVERSE_FINISH[stop])
    for block in blocks:
        answer.text += block.get("text", "")
        thought = block.get("reasoningContent") or {}
        answer.reasoning += (thought.get("reasoningText") or thought).get("text", "")
        if (call := block.get("toolUse")) and call.get("type") != "server_tool_use":
            said = call["input"]
            arguments = parsed(said) if isinstance(said, str) else said
            answer.calls.append((call["toolUseId"], call["name"], arguments))
    cached, written = (usage.get(f"cache{word}InputTokens") or 0 for word in ("Read", "Write"))
    prompt = usage["inputTokens"] + cached + written
    answer.tokens = Tokens(prompt, cached, written, usage["outputTokens"])
    return answer


def _converse_stream(body: bytes) -> tuple[list[dict[str, Any]], str, dict[str, Any]]:
    blocks: dict[int, dict[str, Any]] = {}
    stop, usage = "", {}
    for type_, said in _aws(body):
        block = blocks.setdefault(said.get("contentBlockIndex", -1), {})
        match type_:
            case "contentBlockStart":
                if start := said["start"].get("toolUse"):
                    block["toolUse"] = {**start, "input": ""}
            case "contentBlockDelta":
                delta = said["delta"]
                block["text"] = block.get("text", "") + delta.get("text", "")
                if thought := delta.get("reasoningContent"):
                    kept = block.setdefault("reasoningContent", {"text": ""})
                    kept["text"] += thought.get("text", "")
                if call := delta.get("toolUse"):
                    block["toolUse"]["input"] += call["input"]
            case "messageStop":
                stop = said["stopReason"]
            case "metadata":
                usage = said["usage"]
    return list(blocks.values()), stop, usage


# Cohere's chat, version 2.

_COHERE_FINISH = {
    "COMPLETE": "stop",
    "STOP_SEQUENCE": "stop",
    "MAX_TOKENS": "length",
    "TOOL_CALL": "tool_calls",
}


def cohere(exchange: Exchange) -> Answer:
    answer = Answer()
    if exchange.stream:
        end = _cohere_stream(answer, exchange.body)
    else:
        end = json.loads(exchange.body)
        message = end["message"]
        answer.reasoning += message.get("tool_plan") or ""
        for block in message.get("content") or ():
            answer.text += block.get("text", "")
            answer.reasoning += block.get("thinking", "")
        for call in message.get("tool_calls") or ():
            function = call["function"]
            answer.calls.append((call["id"], function["name"], parsed(function["arguments"])))
    answer.finish = _COHERE_FINISH[end["finish_reason"]]
    usage = end["usage"]
    tokens, cached = usage["tokens"], usage.get("cached_tokens") or 0
    # The answers differ in whether numbers are whole or not.
    answer.tokens = Tokens(
        int(tokens["input_tokens"]),
        int(cached),
        0,
        int(tokens["output_tokens"]),
        int(tokens.get("reasoning_tokens") or 0),
    )
    return answer


def _cohere_stream(answer: Answer, body: bytes) -> dict[str, Any]:
    calls: dict[int, list[str]] = {}
    end: dict[str, Any] = {}
    for event in sse(body):
        message = (event.get("delta") or {}).get("message") or {}
        match event["type"]:
            case "content-start" | "content-delta":
                answer.text += message["content"].get("text", "")
                answer.reasoning += message["content"].get("thinking", "")
            case "tool-plan-delta":
                answer.reasoning += message["tool_plan"]
            case "tool-call-start":
                call = message["tool_calls"]
                function = call["function"]
                calls[event["index"]] = [call["id"], function["name"], function["arguments"]]
            case "tool-call-delta":
                calls[event["index"]][2] += message["tool_calls"]["function"]["arguments"]
            case "message-end":
                end = event["delta"]
    answer.calls = [(id_, name, parsed(arguments)) for id_, name, arguments in calls.values()]
    return end


# Ollama's own chat.


def ollama(exchange: Exchange) -> Answer:
    answer = Answer()
    for line in exchange.body.decode().splitlines():
        if not line.strip():
            continue
        said = json.loads(line)
        message = said.get("message") or {}
        answer.text += message.get("content") or ""
        answer.reasoning += message.get("thinking") or ""
        for call in message.get("tool_calls") or ():
            function = call["function"]
            answer.calls.append((call.get("id"), function["name"], function["arguments"]))
        if said.get("done"):
            answer.finish = said["done_reason"]
            counts = (said.get(name) or 0 for name in ("prompt_eval_count", "eval_count"))
            prompt, completion = counts
            answer.tokens = Tokens(prompt, completion=completion)
    if answer.calls and answer.finish == "stop":
        answer.finish = "tool_calls"
    return answer
