"""A call and the target it may go to: the two values every provider question is asked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from headgate.provider.chat import Chat, Embed, Rerank


class Operation(StrEnum):
    """What is asked for; a metric label, and what a model's catalogue entry must offer."""

    CHAT = "chat"
    RESPONSES = "responses"
    COMPLETIONS = "completions"
    COUNT_TOKENS = "count_tokens"
    EMBEDDINGS = "embeddings"
    RERANK = "rerank"


class Resource(NamedTuple):
    """A stored answer that a call is about, instead of a new one.

    `path` follows the dialect's own path (`/resp_1/cancel`), `query` is the client's, without `?`.
    """

    method: str
    path: str
    query: str = ""


class Pin(NamedTuple):
    """Where state that a call refers to lives: the configured provider, and the fingerprint of the
    key that made it (None: the provider was called without a key).
    """

    provider: str
    key: str | None = None


class _CallFields(NamedTuple):
    id: str
    operation: Operation
    dialect: str
    model: str
    body: Mapping[str, Any]
    stream: bool = False
    choices: int = 1
    usage_wanted: bool = True
    needs: frozenset[str] = frozenset()
    input_tokens: int = 0
    user: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    reader: Callable[[Mapping[str, Any]], Chat | Embed | Rerank] | None = None
    resource: Resource | None = None
    pin: Pin | None = None


class Call(_CallFields):
    """One request of a client, parsed and checked, before anything is decided about it.

    `body` is the client's JSON object, every field it sent: it is what gets relayed, and must not
    be changed. `needs` names the capabilities the answer requires (`tools`, `vision`, ...).
    `input_tokens` is an estimate made without a tokenizer, good enough to choose a route by.
    `headers` holds the client's headers, whose names are found in any case.
    """

    @cached_property
    def chat(self) -> Chat:
        """The request in neutral words, read on first use. Raises `Unsupported`."""
        value = self.reader(self.body) if self.reader else None
        if not isinstance(value, Chat):
            raise TypeError(f"a {self.operation} call has no chat")
        return value

    @cached_property
    def embed(self) -> Embed:
        """The embedding request in neutral words, read on first use."""
        value = self.reader(self.body) if self.reader else None
        if not isinstance(value, Embed):
            raise TypeError(f"a {self.operation} call has no embedding inputs")
        return value

    @cached_property
    def rerank(self) -> Rerank:
        """The rerank request in neutral words, read on first use."""
        value = self.reader(self.body) if self.reader else None
        if not isinstance(value, Rerank):
            raise TypeError(f"a {self.operation} call has nothing to rank")
        return value


class Traits(NamedTuple):
    """What the catalogue, or the operator, says of a model. Sizes in tokens.

    `words` holds its capabilities and peculiarities (`tools`, `no_sampling`, ...); empty for a
    model nobody has described.
    """

    max_output_tokens: int | None = None
    context_window: int | None = None
    words: frozenset[str] = frozenset()


UNKNOWN = Traits()


class _TargetFields(NamedTuple):
    provider: str
    model: str


class Target(_TargetFields):
    """A model at a provider: the configured provider's name, and the vendor's name of the model.

    `traits` is what is known of that model. It is no part of the target's identity.
    """

    traits: Traits = UNKNOWN

    def knowing(self, traits: Traits) -> Target:
        """The same target with its traits."""
        target = Target(*self)
        target.traits = traits
        return target

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"
