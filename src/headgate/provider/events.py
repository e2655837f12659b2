"""The vocabulary between two wire formats.

A provider reads a vendor's answer into these values; a dialect writes them in the client's words.
Five say a chat answer (`Text`, `Reasoning`, `ToolCall`, `Usage`, `Finish`), `Vector` says an
embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer. `choice` counts the alternatives of `n > 1` from 0."""

    text: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Reasoning:
    """A piece of the model's thinking. `signature` is opaque and must be replayed unchanged."""

    text: str
    choice: int = 0
    signature: str | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of tool number `index`, or a further piece of its `arguments` (JSON text).

    The first piece carries `id` and `name`; later ones leave them None.
    """

    index: int
    id: str | None = None
    name: str | None = None
    arguments: str = ""
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens in classes that do not overlap; `None` means unknown, which is not zero.

    The prompt is `input + cached_input + cache_write + cache_write_long`; the completion is
    `output + reasoning`. `cache_write_long` is the dearer, longer-lived cache entry (1 h, 12 h).
    `cost_nano_usd` is what the vendor itself says the call cost, where it says so.
    """

    input: int | None = None
    cached_input: int | None = None
    cache_write: int | None = None
    cache_write_long: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost_nano_usd: int | None = None

    @property
    def prompt(self) -> int:
        """All prompt tokens."""
        return (
            (self.input or 0)
            + (self.cached_input or 0)
            + (self.cache_write or 0)
            + (self.cache_write_long or 0)
        )

    @property
    def completion(self) -> int:
        """All completion tokens."""
        return (self.output or 0) + (self.reasoning or 0)

    def updated(self, later: Usage) -> Usage:
        """A usage with every field that `later` knows replaced: vendors count cumulatively."""
        return Usage(
            **{
                f.name: new
                if (new := getattr(later, f.name)) is not None
                else getattr(self, f.name)
                for f in fields(self)
            }
        )


@dataclass(frozen=True, slots=True)
class Finish:
    """Choice `choice` is complete. `reason` in OpenAI's words: stop, length, tool_calls, ..."""

    reason: str
    choice: int = 0


@dataclass(frozen=True, slots=True)
class Vector:
    """One embedding, for input number `index`."""

    index: int
    values: tuple[float, ...]


Event = Text | Reasoning | ToolCall | Usage | Finish | Vector
