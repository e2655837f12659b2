"""Thinking that another vendor signed.

A conversation that began with another vendor comes here with blocks that Anthropic never made:
thinking without a signature, and marks on tool calls that only their maker can read. Anthropic
would refuse the whole request for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: How the gateway marks another vendor's signature inside a redacted block.
_MARK = "tool_signature:"


def own_blocks(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body without such blocks; the very same object where there are none."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(_foreign_in(one) for one in messages):
        return body
    return {**body, "messages": [_cleaned(one) for one in messages]}


def _foreign_in(message: Any) -> bool:
    return any(_foreign(block) for block in _blocks(message))


def _blocks(message: Any) -> list[Any]:
    content = message.get("content") if isinstance(message, dict) else None
    assistant = isinstance(content, list) and message.get("role") == "assistant"
    return content if assistant and isinstance(content, list) else []


def _foreign(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    if block.get("type") == "thinking":
        return not block.get("signature")
    data = block.get("data")
    return (
        block.get("type") == "redacted_thinking"
        and isinstance(data, str)
        and data.startswith(_MARK)
    )


def _cleaned(message: Any) -> Any:
    if not _foreign_in(message):
        return message
    return {**message, "content": [one for one in _blocks(message) if not _foreign(one)]}
