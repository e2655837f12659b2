"""Requests in neutral words, for providers that do not speak the client's dialect.

Parsed from the client's body only when a translation needs it (`Call.chat`); a relayed call never
pays for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

Role = Literal["system", "user", "assistant", "tool"]
#: A prompt-cache mark: everything up to here is worth keeping, for minutes or for an hour or more.
Cache = Literal["short", "long"]

#: Thinking tokens an effort stands for, where a vendor counts tokens instead of naming efforts.
_BUDGETS = {
    "none": 0,
    "minimal": 512,
    "low": 1024,
    "medium": 8192,
    "high": 24576,
    "xhigh": 32768,
    "max": 65536,
}


class Inline(NamedTuple):
    """What a `data:` URI holds: its media type (`image/png`) and its bytes as base64."""

    media_type: str
    data: str


def inline(url: str) -> Inline | None:
    """The contents of a base64 `data:` URI; None for any other URL."""
    head, comma, data = url.partition(",")
    if not comma or not head.lower().startswith("data:") or not head.lower().endswith(";base64"):
        return None
    return Inline(head[5:-7].partition(";")[0].strip().lower(), data.strip())


@dataclass(frozen=True, slots=True)
class TextPart:
    """Plain text inside a message."""

    text: str
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class ImagePart:
    """An image: a URL or a `data:` URI, or `id` names a file the vendor already has. `detail` is
    the client's wish for resolution.
    """

    url: str
    detail: str | None = None
    cache: Cache | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class AudioPart:
    """Audio as base64, with its format (`wav`, `mp3`)."""

    data: str
    format: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A document: `data` is a `data:` URI, `url` an address the vendor may fetch, or `id` names a
    file the vendor already has.
    """

    data: str | None = None
    id: str | None = None
    name: str | None = None
    url: str | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class CallPart:
    """A tool call the assistant made in an earlier turn. `arguments` is JSON text.

    `signature` is the vendor's opaque mark on it, to be replayed unchanged.
    """

    id: str
    name: str
    arguments: str
    signature: str | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """Thinking of an earlier turn, replayed. `signature` proves to the vendor that it is its own;
    `redacted` is thinking that only the vendor can read.
    """

    text: str
    signature: str | None = None
    redacted: str | None = None


Part = TextPart | ImagePart | AudioPart | FilePart | CallPart | ReasoningPart


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. A `tool` message is the result of one tool call, the one `call_id` names; `failed`
    says that the tool reported an error. `name` is the speaker's, or the tool's.
    """

    role: Role
    parts: tuple[Part, ...]
    call_id: str | None = None
    name: str | None = None
    failed: bool = False

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
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat request. None means that the client did not say.

    `tool_choice` is `auto`, `none`, `required` or the name of one tool. `json_schema` is None for
    free text, an empty mapping for "any JSON object", a schema otherwise. `reasoning_effort` is
    none, minimal, low, medium, high, xhigh or max; `reasoning_budget` counts tokens. `extras` holds
    the client's fields that have no neutral word: a provider may know them.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    choices: int = 1
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Mapping[str, float] | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    json_schema: Mapping[str, Any] | None = None
    json_schema_name: str | None = None
    json_schema_strict: bool | None = None
    reasoning_effort: str | None = None
    reasoning_budget: int | None = None
    user: str | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def effort(self) -> str | None:
        """The reasoning effort; where the client gave a budget, the effort nearest to it."""
        if self.reasoning_effort is not None or self.reasoning_budget is None:
            return self.reasoning_effort
        budget = self.reasoning_budget
        fitting = (name for name, tokens in _BUDGETS.items() if budget <= tokens)
        return next(fitting, "max")

    @property
    def budget(self) -> int | None:
        """The thinking budget in tokens; where the client gave an effort, what it stands for."""
        if self.reasoning_budget is not None or self.reasoning_effort is None:
            return self.reasoning_budget
        return _BUDGETS.get(self.reasoning_effort)

    @property
    def system(self) -> tuple[Part, ...]:
        """The parts of the system messages that open the conversation."""
        parts: list[Part] = []
        for message in self.messages:
            if message.role != "system":
                break
            parts += message.parts
        return tuple(parts)

    @property
    def turns(self) -> tuple[Message, ...]:
        """The messages after the opening system messages."""
        start = next((at for at, m in enumerate(self.messages) if m.role != "system"), None)
        return () if start is None else self.messages[start:]


@dataclass(frozen=True, slots=True)
class Embed:
    """An embedding request: texts, or inputs that are already token ids."""

    inputs: tuple[str | tuple[int, ...], ...]
    dimensions: int | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)

    @property
    def texts(self) -> tuple[str, ...] | None:
        """The inputs, if all of them are texts."""
        if all(isinstance(item, str) for item in self.inputs):
            return tuple(item for item in self.inputs if isinstance(item, str))
        return None


@dataclass(frozen=True, slots=True)
class Rerank:
    """A question and the documents to order by how well they answer it."""

    query: str
    documents: tuple[str, ...]
    top_n: int | None = None
    max_tokens_per_doc: int | None = None
    extras: Mapping[str, Any] = field(default_factory=dict)
