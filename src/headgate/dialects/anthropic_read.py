"""A Messages body read into neutral words, for the providers that do not speak it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from headgate.dialects.anthropic_blocks import cache_mark, marked, of, read_parts
from headgate.provider.chat import Chat, Message, Tool
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported

#: Fields with a neutral word of their own.
_KNOWN = frozenset(
    {
        "messages",
        "model",
        "system",
        "tools",
        "tool_choice",
        "max_tokens",
        "temperature",
        "top_p",
        "top_k",
        "stop_sequences",
        "thinking",
        "output_config",
        "output_format",
        "stream",
    }
)
#: Fields that change nothing about the answer itself: labels, and hints about speed and price.
_SILENT = frozenset(
    {
        "metadata",
        "cache_control",
        "inference_geo",
        "betas",
        "diagnostics",
        "speed",
        "user_profile_id",
        "workspace_id",
    }
)
#: Values that say what every vendor does anyway.
_USUAL: Mapping[str, tuple[Any, ...]] = {
    "service_tier": ("auto", "standard_only"),
    "mcp_servers": ([],),
}


def read_chat(body: Mapping[str, Any]) -> Chat:
    """The neutral chat. Raises `Unsupported` for what has no neutral words, and `CallFailed` for
    a field of a type that no vendor would accept.
    """
    try:
        return _chat(body)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CallFailed(
            Failure(Kind.INVALID_REQUEST, "A field of the request is missing or of the wrong type.")
        ) from error


def _chat(body: Mapping[str, Any]) -> Chat:
    output = body.get("output_config") or {}
    choice = body.get("tool_choice") or {}
    thinking = body.get("thinking") or {}
    schema = _schema(output.get("format") or body.get("output_format"))
    top_k = body.get("top_k")
    return Chat(
        messages=tuple(_messages(body)),
        tools=tuple(_tool(index, tool) for index, tool in enumerate(body.get("tools") or ())),
        tool_choice=_tool_choice(choice),
        parallel_tool_calls=False if choice.get("disable_parallel_tool_use") else None,
        max_tokens=_limit(body),
        temperature=body.get("temperature"),
        top_p=body.get("top_p"),
        top_k=None if top_k == -1 else top_k,
        stop=tuple(body.get("stop_sequences") or ()),
        json_schema=schema,
        json_schema_strict=None if schema is None else True,
        reasoning_effort=_effort(thinking, of(str, output.get("effort"))),
        reasoning_budget=_budget(thinking),
        user=(body.get("metadata") or {}).get("user_id"),
        extras=_extras(body, output),
    )


def _extras(body: Mapping[str, Any], output: Mapping[str, Any]) -> dict[str, Any]:
    extras = {name: value for name, value in body.items() if _is_extra(name, value)}
    others = {name: output[name] for name in output if name not in ("effort", "format")}
    return extras | {"output_config": others} if others else extras


def _is_extra(name: str, value: Any) -> bool:
    if name in _KNOWN or name in _SILENT or value is None:
        return False
    if name == "context_management":
        # How much old thinking the vendor forgets; other edits take from the conversation.
        edits = value.get("edits") or ()
        return not all(str(edit.get("type")).startswith("clear_thinking") for edit in edits)
    return value not in _USUAL.get(name, ())


def _limit(body: Mapping[str, Any]) -> int | None:
    most: int | None = body.get("max_tokens")
    if most == 0:
        raise Unsupported("max_tokens: 0 fills a cache that is not there", "max_tokens")
    return most


def _messages(body: Mapping[str, Any]) -> Iterator[Message]:
    if system := read_parts("system", body.get("system")):
        yield Message("system", system)
    for index, message in enumerate(body["messages"]):
        where, content = f"messages.{index}.content", message["content"]
        if message["role"] != "user" or isinstance(content, str):
            yield Message(message["role"], read_parts(where, content))
        else:
            yield from _user_turn(where, content)


def _user_turn(where: str, content: list[Any]) -> Iterator[Message]:
    """The results of tools as messages of their own, then the rest of the turn."""
    results = [block["type"] == "tool_result" for block in content]
    for at, block in enumerate(content):
        if results[at]:
            parts = read_parts(f"{where}.{at}.content", block.get("content"))
            yield Message(
                "tool",
                marked(parts, cache_mark(block)),
                call_id=str(block["tool_use_id"]),
                failed=block.get("is_error") is True,
            )
    if not all(results) or not content:
        yield Message("user", read_parts(where, content, without="tool_result"))


def _tool(index: int, tool: Mapping[str, Any]) -> Tool:
    if tool.get("type") not in (None, "custom"):
        where = f"tools.{index}.type"
        raise Unsupported(f"{where}: only custom tools here, not {tool['type']!r}", where)
    return Tool(
        str(tool["name"]),
        of(str, tool.get("description")) or None,
        of(dict, tool.get("input_schema")) or {},
        of(bool, tool.get("strict")),
        cache_mark(tool),
    )


def _tool_choice(choice: Mapping[str, Any]) -> str | None:
    match choice.get("type"):
        case "any":
            return "required"
        case "tool":
            return str(choice["name"])
        case "auto" | "none" | None as said:
            return said
        case other:
            where = "tool_choice.type"
            raise Unsupported(f"{where}: only auto, any, tool and none, not {other!r}", where)


def _effort(thinking: Mapping[str, Any], effort: str | None) -> str | None:
    match thinking.get("type"):
        case "disabled":
            return "none"
        case "between_tools":
            return effort or "low"
        case _:
            return effort


def _budget(thinking: Mapping[str, Any]) -> int | None:
    return of(int, thinking["budget_tokens"]) if thinking.get("type") == "enabled" else None


def _schema(form: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if not form:
        return None
    if form.get("type") != "json_schema":
        where = "output_config.format.type"
        raise Unsupported(f"{where}: only json_schema, not {form.get('type')!r}", where)
    return of(dict, form["schema"])
