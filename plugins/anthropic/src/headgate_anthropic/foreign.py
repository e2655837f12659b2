"""Thinking that another vendor signed.

A conversation that began with another vendor comes here with blocks that Anthropic never made:
thinking without a signature, and marks on tool calls that only their maker can read. Anthropic
would refuse the whole request for them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What Claude's own seals never begin with: the gateway's mark on another vendor's signature, and
#: JSON, which other vendors' sealed thinking is kept in.
_MARKS = ("tool_signature:", "{")
#: Type of block -> the field that holds its seal.
_SEALS: Mapping[str, str] = {"thinking": "signature", "redacted_thinking": "data"}


def own_blocks(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The body without such blocks; the very same object where there are none."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(_foreign_in(one) for one in messages):
        return body
    return {**body, "messages": [_cleaned(one) for one in messages]}


def sealed_elsewhere(seal: str | None) -> bool:
    """Whether a signature, or the data of a redacted block, cannot be Claude's."""
    return not seal or seal.startswith(_MARKS)


def _foreign_in(message: Any) -> bool:
    return any(_foreign(block) for block in _blocks(message))


def _blocks(message: Any) -> list[Any]:
    content = message.get("content") if isinstance(message, dict) else None
    assistant = isinstance(content, list) and message.get("role") == "assistant"
    return content if assistant and isinstance(content, list) else []


def _foreign(block: Any) -> bool:
    if not isinstance(block, dict):
        return False
    field = _SEALS.get(str(block.get("type")))
    seal = block.get(field) if field else None
    return field is not None and (seal is None or isinstance(seal, str)) and sealed_elsewhere(seal)


def _cleaned(message: Any) -> Any:
    if not _foreign_in(message):
        return message
    return {**message, "content": [one for one in _blocks(message) if not _foreign(one)]}
