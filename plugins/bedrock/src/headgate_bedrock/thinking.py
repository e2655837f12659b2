"""How much a model is to think, in the words of its generation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import headgate as hg
from headgate_bedrock.families import Model

_SMALLEST_BUDGET = 1024
#: Room for an answer after the thinking, where nobody has said how long it may be.
_ROOM = 4096

#: Efforts a model has no word for go by the nearest it has.
_PLANNED: Mapping[str, str] = {"minimal": "low"}
_PLANNED_4_6: Mapping[str, str] = {"minimal": "low", "xhigh": "high"}
_THREE: Mapping[str, str] = {"minimal": "low", "xhigh": "high", "max": "high"}


@dataclass(frozen=True, slots=True)
class Thinking:
    """What a request says of thinking: the fields of the model's own, Converse's effort, and how
    many tokens the answer may have, thinking included.
    """

    max_tokens: int | None
    fields: Mapping[str, Any] = field(default_factory=dict)
    effort: str | None = None


def thinking(chat: hg.Chat, model: Model, most: int | None) -> Thinking:
    """What to say of thinking; `most` is the longest answer of the model, where that is known.

    Raises `Unsupported` for what cannot go together.
    """
    effort = chat.effort
    if effort is None:
        return Thinking(chat.max_tokens)
    if effort == "none":
        return _none(chat, model)
    if model.plans_thinking:
        words = _PLANNED_4_6 if model.version == (4, 6) else _PLANNED
        return Thinking(
            chat.max_tokens, {"thinking": {"type": "adaptive"}}, words.get(effort, effort)
        )
    if model.budgets_thinking:
        return _budgeted(chat, most)
    named = _THREE.get(effort, effort)
    if model.nova_2:
        return _nova(chat, named)
    return Thinking(chat.max_tokens, {"reasoning_effort": named})


def _none(chat: hg.Chat, model: Model) -> Thinking:
    if model.always_thinks or model.gpt:
        raise hg.Unsupported("this model always thinks", "reasoning_effort")
    if model.plans_thinking and model.version >= (5, 0):
        return Thinking(chat.max_tokens, {"thinking": {"type": "disabled"}})
    # Everywhere else no thinking is what there is without asking for it.
    return Thinking(chat.max_tokens)


def _budgeted(chat: hg.Chat, most: int | None) -> Thinking:
    if chat.tools and chat.tool_choice not in (None, "auto", "none"):
        raise hg.Unsupported("a model that thinks cannot be made to call a tool", "tool_choice")
    if chat.temperature not in (None, 1):
        raise hg.Unsupported("a model that thinks takes no temperature", "temperature")
    if chat.top_k is not None:
        raise hg.Unsupported("a model that thinks takes no top_k", "top_k")
    budget = max(chat.budget or 0, _SMALLEST_BUDGET)
    limit = chat.max_tokens or most or budget + _ROOM
    if limit <= _SMALLEST_BUDGET:
        raise hg.Unsupported(
            f"thinking takes more than {_SMALLEST_BUDGET} tokens", "reasoning_effort"
        )
    budget = min(budget, limit - 1)
    return Thinking(limit, {"thinking": {"type": "enabled", "budget_tokens": budget}})


def _nova(chat: hg.Chat, effort: str) -> Thinking:
    if effort == "high":
        for name in ("temperature", "top_p", "max_tokens"):
            if getattr(chat, name) is not None:
                raise hg.Unsupported("a model that thinks this hard takes no such limit", name)
    return Thinking(
        chat.max_tokens, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": effort}}
    )
