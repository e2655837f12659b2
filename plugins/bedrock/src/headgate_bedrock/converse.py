"""A chat as the body of a Converse request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_bedrock.content import Block, Scribe
from headgate_bedrock.families import Model, described
from headgate_bedrock.thinking import Thinking, thinking

#: Bedrock's own parameters, each under its own name and in the spelling of OpenAI's.
_OWN: Mapping[str, str] = {
    "guardrailConfig": "guardrailConfig",
    "guardrail_config": "guardrailConfig",
    "performanceConfig": "performanceConfig",
    "performance_config": "performanceConfig",
    "requestMetadata": "requestMetadata",
    "request_metadata": "requestMetadata",
}
_TIERS = frozenset({"priority", "default", "flex", "reserved"})
_NO_PARAMETERS = {"type": "object", "properties": {}}
#: The fields of a Converse body that count in a request to count tokens.
_COUNTED = ("messages", "system", "toolConfig", "additionalModelRequestFields")


def converse_body(chat: hg.Chat, target: hg.Target) -> dict[str, Any]:
    """The body of a Converse or ConverseStream request. Raises `Unsupported`."""
    model = described(target)
    plan = thinking(chat, model, target.traits.max_output_tokens)
    tools = bool(chat.tools) and chat.tool_choice != "none"
    scribe = Scribe(model, tools=tools)
    system, messages = _conversation(chat, model, scribe)
    more = {**_further(chat, model), **plan.fields}
    body: dict[str, Any] = {
        "messages": messages,
        "system": system,
        "inferenceConfig": _inference(chat, model, plan),
        "toolConfig": _tool_config(chat, model, scribe, more) if tools else None,
        "outputConfig": _output(chat, plan),
        "additionalModelResponseFieldPaths": ["/stop_sequence"]
        if chat.stop and model.claude
        else None,
        "serviceTier": _tier(chat.extras),
        **{theirs: chat.extras[ours] for ours, theirs in _OWN.items() if ours in chat.extras},
    }
    body["additionalModelRequestFields"] = more
    return {name: value for name, value in body.items() if value or name == "messages"}


def count_body(chat: hg.Chat, target: hg.Target) -> dict[str, Any]:
    """The body of a CountTokens request."""
    body = converse_body(chat, target)
    return {"input": {"converse": {name: body[name] for name in _COUNTED if name in body}}}


def _conversation(
    chat: hg.Chat, model: Model, scribe: Scribe
) -> tuple[list[Block], list[dict[str, Any]]]:
    """The system blocks, and turns that start with the user and alternate."""
    opening = len(chat.messages) - len(chat.turns) if chat.turns else len(chat.messages)
    system: list[Block] = []
    turns: list[tuple[str, list[Block]]] = []
    for message in chat.messages[:opening]:
        system += scribe.system(message)
    for message in chat.messages[opening:]:
        match message.role:
            case "system" if not model.knows_late_system:
                system += scribe.system(message)
                continue
            case "system":
                role, blocks = "system", list(scribe.system(message))
            case "tool":
                role, blocks = "user", list(scribe.result(message))
            case _:
                role, blocks = message.role, list(scribe.blocks(message))
        if blocks and turns and turns[-1][0] == role:
            turns[-1][1].extend(blocks)
        elif blocks:
            turns.append((role, blocks))
    if not turns and system:
        # Instructions alone: someone has to speak first, and nobody else did.
        return [], [{"role": "user", "content": system}]
    if turns and turns[-1][0] == "assistant" and not model.continues:
        raise hg.Unsupported("this model does not continue an assistant message", "messages")
    if turns and turns[0][0] != "user":
        turns.insert(0, ("user", [{"text": "..."}]))
    return system, [{"role": role, "content": _ordered(blocks)} for role, blocks in turns]


def _ordered(blocks: list[Block]) -> list[Block]:
    """Results of tools go before anything else the user says, each with its cache point."""
    results: list[Block] = []
    others: list[Block] = []
    into = others
    for block in blocks:
        if "cachePoint" not in block:
            into = results if "toolResult" in block else others
        into.append(block)
    return results + others


def _inference(chat: hg.Chat, model: Model, plan: Thinking) -> dict[str, Any]:
    temperature, top_p = chat.temperature, chat.top_p
    if temperature is not None and temperature > 1:
        raise hg.Unsupported("temperatures end at 1 here", "temperature")
    if model.claude and model.version >= (4, 5) and None not in (temperature, top_p):
        # Only one of the two may be said, and 1 is what either is when it is not said.
        temperature, top_p = (None, top_p) if temperature == 1 else (temperature, top_p)
        top_p = None if temperature is not None and top_p == 1 else top_p
        if None not in (temperature, top_p):
            raise hg.Unsupported("this model takes temperature or top_p, not both", "top_p")
    said = {
        "maxTokens": plan.max_tokens,
        "temperature": temperature,
        "topP": top_p,
        "stopSequences": list(chat.stop) or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def _tool_config(
    chat: hg.Chat, model: Model, scribe: Scribe, more: dict[str, Any]
) -> dict[str, Any]:
    """The tools, and which of them has to be called; puts into `more` what Converse has no word
    for.
    """
    tools: list[Block] = []
    for tool in chat.tools:
        spec: Block = {
            "name": tool.name,
            "inputSchema": {"json": tool.parameters or _NO_PARAMETERS},
        }
        if tool.description:
            spec["description"] = tool.description
        if tool.strict and model.schemas:
            spec["strict"] = True
        tools.append({"toolSpec": spec})
        if model.claude:
            tools += scribe.point(tool.cache)
    config: dict[str, Any] = {"tools": tools}
    choice = chat.tool_choice
    forced = choice not in (None, "auto")
    if forced and model.chooses_freely:
        raise hg.Unsupported("this model cannot be made to call a tool", "tool_choice")
    if chat.parallel_tool_calls is False:
        named = {"type": "any"} if choice == "required" else {"type": "tool", "name": choice}
        more["tool_choice"] = {
            **(named if forced else {"type": "auto"}),
            "disable_parallel_tool_use": True,
        }
    elif choice is not None:
        config["toolChoice"] = {"auto": {}} if choice == "auto" else {"any": {}}
        if forced and choice != "required":
            if not (model.claude or model.nova or model.vendor == ""):
                raise hg.Unsupported("this model cannot be made to call one tool", "tool_choice")
            config["toolChoice"] = {"tool": {"name": choice}}
    return config


def _output(chat: hg.Chat, plan: Thinking) -> dict[str, Any]:
    said: dict[str, Any] = {"effort": plan.effort} if plan.effort else {}
    if chat.json_schema is not None:
        form = {"schema": json.dumps(chat.json_schema, ensure_ascii=False)}
        if chat.json_schema_name:
            form["name"] = chat.json_schema_name
        said["textFormat"] = {"type": "json_schema", "structure": {"jsonSchema": form}}
    return said


def _further(chat: hg.Chat, model: Model) -> dict[str, Any]:
    """Parameters of the model that Converse itself has no word for."""
    extras = chat.extras
    name = "additionalModelRequestFields"
    given = extras.get(name, extras.get("additional_model_request_fields")) or {}
    if not isinstance(given, Mapping):
        raise hg.Unsupported(f"'{name}' has to be an object", name)
    more = dict(given)
    for own in ("thinking", "anthropic_beta"):
        if own in extras:
            more[own] = extras[own]
    if chat.top_k is not None and model.nova:
        inner = more.get("inferenceConfig") or {}
        more["inferenceConfig"] = {**inner, "topK": chat.top_k}
    elif chat.top_k is not None:
        more["top_k"] = chat.top_k
    return more


def _tier(extras: Mapping[str, Any]) -> Mapping[str, Any] | None:
    tier = extras.get("serviceTier", extras.get("service_tier"))
    if tier is None or isinstance(tier, Mapping):
        return tier
    if tier not in _TIERS:
        raise hg.Unsupported(f"no service tier '{tier}' here", "service_tier")
    return {"type": tier}
