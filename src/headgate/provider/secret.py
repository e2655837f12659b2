"""A secret that cannot be printed, pickled or serialised by accident."""

from __future__ import annotations

import hashlib
from typing import Never


class Secret:
    """Holds a credential. `str`, `repr` and logging show a mask; only `reveal()` gives the text."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The secret itself. Called where a header is written, nowhere else."""
        return self._text

    @property
    def masked(self) -> str:
        """At most the last four characters, enough to tell two keys apart: `…x7Qa`."""
        return f"…{self._text[-4:]}" if len(self._text) >= 12 else "…"

    @property
    def fingerprint(self) -> str:
        """Names the key without telling it: 12 hexadecimal digits of its SHA-256."""
        return hashlib.sha256(self._text.encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"Secret({self.masked})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> Never:
        raise TypeError("a Secret cannot be pickled")
