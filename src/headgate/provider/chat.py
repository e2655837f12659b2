"""A chat request in neutral words, for providers that do not speak the client's dialect.

Parsed from the client's body only when a translation needs it (`Call.chat`); a relayed call never
pays for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class TextPart:
    """Plain text inside a message."""

    text: str


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image: a URL or a `data:` URI. `detail` is the client's wish for resolution."""

    url: str
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Audio as base64, with its format (`wav`, `mp3`)."""

    data: str
    format: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A document: `data` is a `data:` URI, or `id` names a file the vendor already has."""

    data: str | None = None
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class CallPart:
    """A tool call the assistant made in an earlier turn. `arguments` is JSON text."""

    id: str
    name: str
    arguments: str


Part = TextPart | ImagePart | AudioPart | FilePart | CallPart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. `call_id` names the tool call that a `tool` message answers."""

    role: Role
    parts: tuple[Part, ...]
    call_id: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The text parts, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call. `parameters` is a JSON Schema."""

    name: str
    description: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat request. None means that the client did not say.

    `tool_choice` is `auto`, `none`, `required` or the name of one tool. `json_schema` is None for
    free text, an empty mapping for "any JSON object", a schema otherwise.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    json_schema: Mapping[str, Any] | None = None
    reasoning_effort: str | None = None


@dataclass(frozen=True, slots=True)
class Embed:
    """An embedding request: texts, or inputs that are already token ids."""

    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None
