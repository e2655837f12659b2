"""How hard a model shall think: an effort or a budget of tokens, as its generation has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_anthropic.models import Model, Thinking

#: The least that can be thought, in tokens.
LEAST_BUDGET = 1024
#: Anthropic's efforts begin at low.
_EFFORTS: Mapping[str, str] = {
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def budget_of(chat: hg.Chat, model: Model) -> int | None:
    """The tokens to think with, where this model is told tokens; None where it is not."""
    counted = model.thinking is Thinking.BUDGET or (
        model.thinking is Thinking.EITHER and chat.reasoning_budget is not None
    )
    if not counted or "thinking" in chat.extras or not chat.budget or _lost_its_thread(chat):
        return None
    return max(chat.budget, LEAST_BUDGET)


def thinking_of(chat: hg.Chat, model: Model, budget: int | None, limit: int) -> dict[str, Any]:
    """The fields of a request that say it: `thinking`, and `output_config` with an effort.

    `limit` is the request's `max_tokens`, within which there is to be thought and answered.
    """
    if budget is not None:
        if limit <= LEAST_BUDGET:
            raise hg.Unsupported(
                f"thinking takes more than the {limit} tokens of this answer", "reasoning_effort"
            )
        return {"thinking": {"type": "enabled", "budget_tokens": min(budget, _room(chat, limit))}}
    effort = chat.effort
    if effort is None or model.thinking in (Thinking.BUDGET, Thinking.NEVER):
        return {}
    if effort == "none":
        return {"thinking": {"type": _off(model)}}
    return {"thinking": {"type": "adaptive"}, "output_config": {"effort": _named(effort, model)}}


def thinking_type(body: Mapping[str, Any]) -> str | None:
    """The kind of thinking that a request asks for, in Anthropic's word; None for none."""
    said = body.get("thinking")
    word = said.get("type") if isinstance(said, Mapping) else None
    return None if word == "disabled" else word


def _room(chat: hg.Chat, limit: int) -> int:
    # A budget in tokens is meant as it is said; an effort leaves room for the answer.
    if chat.reasoning_budget is not None:
        return limit - 1
    return max(LEAST_BUDGET, limit * 4 // 5)


def _off(model: Model) -> str:
    if model.thinking is Thinking.ALWAYS:
        raise hg.Unsupported("this model always thinks", "reasoning_effort")
    return "between_tools" if model.thinking is Thinking.BETWEEN_TOOLS else "disabled"


def _named(effort: str, model: Model) -> str:
    name = _EFFORTS.get(effort)
    if name is None or (name == "xhigh" and model.thinking is Thinking.EITHER):
        raise hg.Unsupported(f"this model knows no effort '{effort}'", "reasoning_effort")
    return name


def _lost_its_thread(chat: hg.Chat) -> bool:
    # A tool loop is one train of thought. Where the client did not keep its beginning, the vendor
    # wants the loop finished without thinking; the next turn thinks again.
    in_loop = False
    for message in reversed(chat.messages):
        if message.role == "assistant":
            return in_loop and not any(
                isinstance(part, hg.ReasoningPart) and (part.signature or part.redacted)
                for part in message.parts
            )
        in_loop = in_loop or message.role == "tool"
    return False
