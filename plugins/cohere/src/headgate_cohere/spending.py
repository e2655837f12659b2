"""What a call used, and what was billed.

Cohere counts twice. `tokens` is what the model processed, its chat template included, which may be
a thousand tokens for a question of ten; `cached_tokens` is a part of it. `billed_units` is what is
paid for, and what prices hold for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_cohere.foreign import inside, number


def spent(usage: Mapping[str, Any]) -> hg.Usage | None:
    """The usage of a chat; None where nothing is said of it."""
    billed, processed = inside(usage, "billed_units"), inside(usage, "tokens")
    paid_prompt, paid_completion = number(billed, "input_tokens"), number(billed, "output_tokens")
    prompt, completion = number(processed, "input_tokens"), number(processed, "output_tokens")
    if prompt is None and completion is None:
        prompt, completion = paid_prompt, paid_completion
    if prompt is None and completion is None:
        return None
    cached = number(usage, "cached_tokens")
    if cached is not None and prompt is not None:
        cached = min(cached, prompt)
        prompt -= cached
    reasoning = number(processed, "reasoning_tokens")
    if reasoning is not None and completion is not None:
        reasoning = min(reasoning, completion)
        completion -= reasoning
    return hg.Usage(
        input=prompt,
        cached_input=cached,
        output=completion,
        reasoning=reasoning,
        searches=number(billed, "search_units"),
        billed_input=paid_prompt,
        billed_output=paid_completion,
    )


def spent_on_inputs(meta: Mapping[str, Any]) -> hg.Usage | None:
    """The usage of an embedding or a ranking, which have no output."""
    billed = inside(meta, "billed_units")
    tokens, searches = number(billed, "input_tokens"), number(billed, "search_units")
    if tokens is not None:
        tokens += number(billed, "image_tokens") or 0
    if tokens is None and searches is None:
        return None
    return hg.Usage(input=tokens, output=0, searches=searches)
