"""The base of every provider that speaks OpenAI's dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import headgate as hg

#: dialect -> path under base_url
PATHS: Mapping[str, str] = {
    "openai_chat": "/chat/completions",
    "openai_embeddings": "/embeddings",
}


@dataclass(frozen=True)
class OpenAICompatible(hg.Provider):
    """Relays a call as it is: `model` replaced, usage asked for, everything else untouched.

    A subclass names its `kind` and its `base_url`; the class variables say where a vendor
    departs from OpenAI.
    """

    speaks: ClassVar[frozenset[str]] = frozenset(PATHS)
    #: Paths that differ from OpenAI's, by dialect.
    paths: ClassVar[Mapping[str, str]] = {}
    #: Request fields this vendor calls otherwise, and fields it refuses although they change
    #: nothing about the answer.
    renames: ClassVar[Mapping[str, str]] = {}
    drops: ClassVar[frozenset[str]] = frozenset()
    #: Whether usage in a stream has to be asked for.
    asks_usage: ClassVar[bool] = True

    #: Fields put into every request that does not say them itself.
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if call.dialect not in self.speaks:
            raise hg.Unsupported(f"{self.kind} does not offer {call.operation} calls of this kind")
        body = {**self.defaults, **call.body, "model": target.model}
        if call.stream and self.asks_usage:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        self.adapt(body, call)
        path = self.paths.get(call.dialect) or PATHS[call.dialect]
        return hg.Request(self.base_url.rstrip("/") + path, body)

    def adapt(self, body: dict[str, Any], call: hg.Call) -> None:
        """Says `body` (a copy of the client's) in this vendor's words."""
        reworded(body, self.renames, self.drops)

    def listing(self) -> hg.Request | None:
        return hg.Request(self.base_url.rstrip("/") + "/models", method="GET")


def reworded(body: dict[str, Any], renames: Mapping[str, str], drops: Iterable[str]) -> None:
    """Leaves fields out and gives others their vendor's name, unless that is there already."""
    for name in drops:
        body.pop(name, None)
    for name, theirs in renames.items():
        if name in body:
            value = body.pop(name)
            body.setdefault(theirs, value)
