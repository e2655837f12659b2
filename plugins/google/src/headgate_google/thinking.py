"""How much a model thinks: token budgets in generation 2.5, named levels from 3 on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_google.models import LEVELS, generation

#: The levels of a model family, by what its name holds; the first that fits counts.
_LEVELS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("gemini-3-pro", ("low", "high")),
    ("-pro", ("low", "medium", "high")),
    ("gemini-3.7-flash", ("low", "medium", "high")),
    ("gemini-3.8-flash", ("low", "medium", "high")),
    ("", ("minimal", "low", "medium", "high")),
)
_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")

#: The least and the most tokens, and whether thinking can be switched off.
_BUDGETS: tuple[tuple[str, tuple[int, int, bool]], ...] = (
    ("-flash-lite", (512, 24_576, True)),
    ("-flash", (1, 24_576, True)),
    ("", (128, 32_768, False)),
)


def thinking(chat: hg.Chat, model: str) -> Mapping[str, Any] | None:
    """The `thinkingConfig` for what the client asked; None where it asked nothing.

    A model that cannot be kept from thinking thinks as little as it can. Raises `Unsupported` for
    an effort that nobody has heard of.
    """
    effort = chat.effort
    if effort is None:
        return None
    if effort not in _ORDER:
        raise hg.Unsupported(f"no reasoning effort {effort!r} here", "reasoning_effort")
    amount = (
        {"thinkingLevel": _level(effort, model)}
        if generation(model) >= LEVELS
        else {"thinkingBudget": _budget(chat.budget or 0, model)}
    )
    return amount if effort == "none" else {**amount, "includeThoughts": True}


def _level(effort: str, model: str) -> str:
    """The level of the model that is nearest, the higher one where two are."""
    levels = next(levels for part, levels in _LEVELS if part in model)
    wanted = _ORDER.index(effort)
    return next((name for name in levels if _ORDER.index(name) >= wanted), levels[-1])


def _budget(tokens: int, model: str) -> int:
    least, most, can_rest = next(limits for part, limits in _BUDGETS if part in model)
    return 0 if can_rest and tokens <= 0 else min(max(tokens, least), most)
