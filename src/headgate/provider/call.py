"""A call and the target it may go to: the two values every provider question is asked with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cached_property
from types import MappingProxyType
from typing import Any, NamedTuple

from headgate.provider.chat import Chat, Embed


class Operation(StrEnum):
    """What is asked for; a metric label, and what a model's catalogue entry must offer."""

    CHAT = "chat"
    EMBEDDINGS = "embeddings"


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
    reader: Callable[[Mapping[str, Any]], Chat | Embed] | None = None


class Call(_CallFields):
    """One request of a client, parsed and checked, before anything is decided about it.

    `body` is the client's JSON object, every field it sent: it is what gets relayed, and must not
    be changed. `needs` names the capabilities the answer requires (`tools`, `vision`, ...).
    `input_tokens` is an estimate made without a tokenizer, good enough to choose a route by.
    `headers` holds the client's headers that a provider may forward, in lower case.
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


class Target(NamedTuple):
    """A model at a provider: the configured provider's name, and the vendor's name of the model."""

    provider: str
    model: str

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"
