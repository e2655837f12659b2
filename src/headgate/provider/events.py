"""The vocabulary between two wire formats.

A provider reads a vendor's answer into these values; a dialect writes them in the client's words.
Five say a chat answer (`Text`, `Reasoning`, `ToolCall`, `Usage`, `Finish`), `Vector` says an
embedding, `Ranked` a document in its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class TokenLogprob(NamedTuple):
    """A token of the answer and the logarithm of its probability; `top` holds the alternatives."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer. `choice` counts the alternatives of `n > 1` from 0."""

    text: str
    choice: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking. `signature` is opaque, ends a block of thinking and must be
    replayed unchanged; `redacted` is a whole block that only the vendor can read.
    """

    text: str = ""
    choice: int = 0
    signature: str | None = None
    redacted: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of tool number `index`, or a further piece of its `arguments` (JSON text).

    The first piece carries `id` and `name`; later ones leave them None. Indexes are dense from 0
    within a choice. `signature` is the vendor's opaque mark, to be replayed with the call.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    choice: int = 0
    signature: str | None = None


class Usage(NamedTuple):
    """Tokens in classes that do not overlap; `None` means unknown, which is not zero.

    The prompt is `input + cached_input + cache_write + cache_write_long + audio_input`; the
    completion is `output + reasoning + audio_output`. `cache_write_long` is the dearer,
    longer-lived cache entry (1 h, 12 h). `searches` counts a rerank's billed units. A vendor that
    processes more tokens than it bills says the latter in `billed_input` and `billed_output`.
    `cost_nano_usd` is what the vendor itself says the call cost, where it says so.
    """

    input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_long: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost_nano_usd: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    searches: int | None = None
    billed_input: int | None = None
    billed_output: int | None = None

    @property
    def prompt(self) -> int:
        """All prompt tokens."""
        return (
            (self.input or 0)
            + (self.cached_input or 0)
            + (self.cache_write or 0)
            + (self.cache_write_long or 0)
            + (self.audio_input or 0)
        )

    @property
    def completion(self) -> int:
        """All completion tokens."""
        return (self.output or 0) + (self.reasoning or 0) + (self.audio_output or 0)

    def updated(self, later: Usage) -> Usage:
        """A usage with every field that `later` knows replaced: vendors count cumulatively."""
        pairs = zip(self, later, strict=True)
        return Usage(*(old if new is None else new for old, new in pairs))


@dataclass(frozen=True, slots=True)
class Finish:
    """Choice `choice` is complete.

    `reason` in OpenAI's words: stop, length, tool_calls, content_filter. `stop_sequence` is the
    text that ended the answer, where the vendor says which.
    """

    reason: str
    choice: int = 0
    stop_sequence: str | None = None


@dataclass(frozen=True, slots=True)
class Vector:
    """One embedding, for input number `index`."""

    index: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Ranked:
    """Document number `index` with its relevance; given in order, best first."""

    index: int
    score: float


Event = Text | Reasoning | ToolCall | Usage | Finish | Vector | Ranked
