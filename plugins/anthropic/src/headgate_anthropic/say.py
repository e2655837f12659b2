"""A neutral chat as the body of a Messages request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import headgate as hg
from headgate_anthropic.blocks import Block, blocks, mark, result, texts
from headgate_anthropic.models import OWN, Model, model_of
from headgate_anthropic.thinking import budget_of, thinking_of, thinking_type

#: So many places of one prompt may be marked for the cache.
_MOST_MARKS = 4
#: What counting takes of a request; the rest is about the answer.
_COUNTED = frozenset(
    {
        "model",
        "messages",
        "system",
        "tools",
        "tool_choice",
        "thinking",
        "output_config",
        "cache_control",
        "speed",
        "mcp_servers",
        "context_management",
    }
)


def request_body(
    chat: hg.Chat, target: hg.Target, *, stream: bool = False, max_tokens: int = 8192
) -> dict[str, Any]:
    """The body of `POST /v1/messages`. `max_tokens` bounds an answer of which neither the client
    nor the catalogue says how long it may be. Raises `Unsupported`.
    """
    model = model_of(target)
    budget = budget_of(chat, model)
    limit = chat.max_tokens or target.traits.max_output_tokens or max_tokens + (budget or 0)
    body: dict[str, Any] = {"model": target.model, "max_tokens": limit}
    if system := list(texts(_instructions(chat, model))):
        body["system"] = system
    body["messages"] = _turns(chat, model)
    if chat.tools:
        body["tools"] = [_tool(tool, model) for tool in chat.tools]
    body |= thinking_of(chat, model, budget, limit)
    body |= _own(chat, body)
    thinking = thinking_type(body)
    if choice := _tool_choice(chat, forced=model.forced_tool and thinking != "enabled"):
        body["tool_choice"] = choice
    body |= _sampling(chat, model, thinking=thinking is not None)
    if chat.stop:
        body["stop_sequences"] = _stops(chat.stop)
    if stream:
        body["stream"] = True
    _settle_marks(body)
    return body


def count_body(chat: hg.Chat, target: hg.Target, *, max_tokens: int = 8192) -> dict[str, Any]:
    """The body of `POST /v1/messages/count_tokens` for the same request."""
    body = request_body(chat, target, max_tokens=max_tokens)
    return {name: value for name, value in body.items() if name in _COUNTED}


def _instructions(chat: hg.Chat, model: Model) -> Iterator[hg.Part]:
    yield from chat.system
    if not model.system_turns:
        # The vendor's own layer for OpenAI's clients moves later instructions to the top, too.
        for message in chat.turns:
            if message.role == "system":
                yield from message.parts


def _turns(chat: hg.Chat, model: Model) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for message in chat.turns:
        if message.role == "system" and not model.system_turns:
            continue
        role = "user" if message.role == "tool" else message.role
        content = _content(message)
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += content
        elif content:
            turns.append({"role": role, "content": content})
    if not turns:
        raise hg.Unsupported("Claude needs something to answer besides instructions", "messages")
    if turns[-1]["role"] == "assistant" and not model.prefill:
        raise hg.Unsupported("this model does not continue an assistant message", "messages")
    for turn in turns:
        # Results come before anything else the user says; otherwise the order stays.
        turn["content"].sort(key=lambda block: block["type"] != "tool_result")
    return turns


def _content(message: hg.Message) -> list[Block]:
    match message.role:
        case "tool":
            return [result(message)]
        case "system":
            return list(texts(message.parts))
        case _:
            return list(blocks(message.parts))


def _tool(tool: hg.Tool, model: Model) -> dict[str, Any]:
    said: dict[str, Any] = {"name": tool.name}
    if tool.description:
        said["description"] = tool.description
    said["input_schema"] = {"type": "object", **tool.parameters}
    if tool.strict and model.schemas:
        said["strict"] = True
    return said | mark(tool.cache)


def _tool_choice(chat: hg.Chat, *, forced: bool) -> dict[str, Any] | None:
    if not chat.tools:
        return None
    single = {"disable_parallel_tool_use": True} if chat.parallel_tool_calls is False else {}
    match chat.tool_choice:
        case None | "auto":
            return {"type": "auto", **single} if single or chat.tool_choice else None
        case "none":
            return {"type": "none"}
        case _ if not forced:
            raise hg.Unsupported("this model cannot be made to call a tool here", "tool_choice")
        case "required":
            return {"type": "any", **single}
        case name:
            return {"type": "tool", "name": name, **single}


def _sampling(chat: hg.Chat, model: Model, *, thinking: bool) -> dict[str, Any]:
    temperature, top_p, top_k = chat.temperature, chat.top_p, chat.top_k
    if temperature is not None and temperature > 1:
        raise hg.Unsupported("Claude's temperature goes from 0 to 1", "temperature")
    if None not in (temperature, top_p) and not model.sampling_pair:
        # One of them can be told; the other can go unsaid where it says the default.
        if top_p == 1:
            top_p = None
        elif temperature == 1:
            temperature = None
        else:
            raise hg.Unsupported("this model takes temperature or top_p, not both", "top_p")
    if thinking:
        _check_sampling_while_thinking(temperature, top_p, top_k)
    said = {"temperature": temperature, "top_p": top_p, "top_k": top_k}
    return {name: value for name, value in said.items() if value is not None}


def _check_sampling_while_thinking(
    temperature: float | None, top_p: float | None, top_k: int | None
) -> None:
    if temperature not in (None, 1):
        raise hg.Unsupported("a model that thinks takes no temperature", "temperature")
    if top_p is not None and top_p < 0.95:
        raise hg.Unsupported("a model that thinks takes no top_p below 0.95", "top_p")
    if top_k is not None:
        raise hg.Unsupported("a model that thinks takes no top_k", "top_k")


def _stops(stop: tuple[str, ...]) -> list[str]:
    if not all(text.strip() for text in stop):
        raise hg.Unsupported("Claude cannot be stopped by white space", "stop")
    return list(stop)


def _own(chat: hg.Chat, body: dict[str, Any]) -> dict[str, Any]:
    """Anthropic's own parameters; a client that uses them knows better than we do."""
    own = {name: value for name, value in chat.extras.items() if name in OWN}
    if own.get("service_tier") not in (None, "auto", "standard_only"):
        raise hg.Unsupported(f"no service tier '{own['service_tier']}' here", "service_tier")
    output = dict(body.get("output_config") or {})
    if chat.json_schema:
        output["format"] = {"type": "json_schema", "schema": dict(chat.json_schema)}
    for name, ours in (("output_config", output), ("metadata", _metadata(chat))):
        theirs = own.pop(name, {})
        if merged := {**ours, **theirs} if isinstance(theirs, Mapping) else theirs:
            own[name] = merged
    return own


def _metadata(chat: hg.Chat) -> dict[str, str]:
    return {"user_id": chat.user} if chat.user else {}


def _settle_marks(body: dict[str, Any]) -> None:
    """Keeps the last of too many cache marks, and long-lived ones before short-lived: anything
    else is refused, and a mark is only a hint.
    """
    prompt = [*body.get("tools", ()), *body.get("system", ())]
    prompt += [block for turn in body["messages"] for block in turn["content"]]
    marked = [block for block in prompt if "cache_control" in block]
    most = _MOST_MARKS - ("cache_control" in body)
    for block in marked[: max(0, len(marked) - most)]:
        del block["cache_control"]
    short = False
    for block in marked[-most:]:
        if short:
            block["cache_control"].pop("ttl", None)
        short = "ttl" not in block["cache_control"]
