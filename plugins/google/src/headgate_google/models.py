"""What a model's name tells of it, where Google's generations differ."""

from __future__ import annotations

import re
from typing import NamedTuple

_NAME = re.compile(r"gemini-(?:(\d+)(?:\.(\d+))?|(?:pro|flash|flash-lite)-latest$)")
#: The generation that `gemini-flash-latest` and its like have reached at least.
_LATEST = (3, 0)


class Generation(NamedTuple):
    """A Gemini generation: 2.5 is `(2, 5)`; names that tell of none are `(0, 0)`."""

    major: int = 0
    minor: int = 0


#: From here on models think, as many tokens as they are given.
BUDGETS = Generation(2, 5)
#: From here on models think at levels, sign and number their tool calls, and look at media in the
#: results.
LEVELS = Generation(3, 0)


def generation(model: str) -> Generation:
    """The generation of a model, by its name."""
    found = _NAME.search(model)
    if found is None:
        return Generation()
    if found[1] is None:
        return Generation(*_LATEST)
    return Generation(int(found[1]), int(found[2] or 0))
