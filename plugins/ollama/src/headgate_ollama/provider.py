"""The provider: which call goes where, and who reads the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Literal

import headgate as hg
from headgate_ollama.answers import ChatFeed, read_chat, read_vectors
from headgate_ollama.faults import refused
from headgate_ollama.json_objects import json_object
from headgate_ollama.requests import OWN_FIELDS, OWN_OPTIONS, chat_body, embed_body

#: What Ollama answers in dialects that are not its own, by path.
_FOREIGN: Mapping[str, str] = {
    "openai_responses": "/v1/responses",
    "openai_completions": "/v1/completions",
}
#: The same for the dialects that are translated unless its OpenAI API is what is configured.
_OPENAI: Mapping[str, str] = {
    "openai_chat": "/v1/chat/completions",
    "openai_embeddings": "/v1/embeddings",
}
_ASKED_FOR_USAGE = frozenset({"openai_chat", "openai_completions"})


@dataclass(frozen=True)
class Ollama(hg.Provider):
    """An Ollama server, or ollama.com with a key.

    `options` are model options for every call that does not say them itself (`num_ctx`, ...), and
    `keep_alive` is how long a model stays in memory (`"10m"`, seconds, -1 for ever): both apply to
    chats and embeddings in Ollama's own dialect. `api: openai`, or a `base_url` that ends in `/v1`,
    relays chats and embeddings to the paths in OpenAI's dialect instead, where neither can be said.
    """

    kind = "ollama"
    speaks: ClassVar[frozenset[str]] = frozenset(_FOREIGN)
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS}
    )
    says: ClassVar[frozenset[str]] = (
        frozenset(
            {
                "temperature",
                "top_p",
                "top_k",
                "stop",
                "seed",
                "presence_penalty",
                "frequency_penalty",
                "logprobs",
                "top_logprobs",
                "reasoning_effort",
                "tools",
                "tool_choice",
                "json_object",
                "json_schema",
                "images",
                "dimensions",
            }
        )
        | OWN_FIELDS
        | OWN_OPTIONS
    )
    env_url: ClassVar[str | None] = "OLLAMA_BASE_URL"
    keyless: ClassVar[bool] = True
    discovers: ClassVar[bool] = True

    base_url: str = "http://127.0.0.1:11434"
    api: Literal["native", "openai"] | None = None
    keep_alive: str | int | None = None
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if self.relays(call, target):
            return self._relayed(call, target)
        settings = (self.options, self.keep_alive)
        if call.operation is hg.Operation.EMBEDDINGS:
            return self._to("/api/embed", embed_body(call.embed, target.model, *settings))
        body = chat_body(call.chat, target.model, *settings)
        return self._to("/api/chat", {**body, "stream": call.stream})

    def relays(self, call: hg.Call, target: hg.Target) -> bool:
        return call.dialect in self.speaks or (self._openai and call.dialect in _OPENAI)

    @property
    def _openai(self) -> bool:
        if self.api is not None:
            return self.api == "openai"
        return self.base_url.rstrip("/").endswith("/v1")

    def framer(self, call: hg.Call, target: hg.Target) -> hg.Framer:
        return hg.SSE() if self.relays(call, target) else hg.NDJSON()

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        if call.operation is hg.Operation.EMBEDDINGS:
            return read_vectors(response.body, len(call.embed.inputs))
        return read_chat(response.body, call.id)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return ChatFeed(call.id)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return refused(response)

    def listing(self) -> hg.Request | None:
        return self._to("/api/tags", None, "GET")

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        models = json_object(response.body).get("models")
        if not isinstance(models, list):
            raise ValueError("the listing has no models")
        for model in models:
            if isinstance(model, dict) and (name := model.get("name") or model.get("model")):
                yield hg.Listed(str(name), _seconds(model.get("modified_at")))

    def _relayed(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if call.resource is not None:
            raise hg.Unsupported("Ollama stores no answers")
        body = {**call.body, "model": target.model}
        if call.stream and call.dialect in _ASKED_FOR_USAGE:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        return self._to({**_FOREIGN, **_OPENAI}[call.dialect], body)

    def _to(self, path: str, body: Mapping[str, Any] | None, method: str = "POST") -> hg.Request:
        # Many have the address of the OpenAI dialect at hand; the others are beside it.
        root = self.base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        return hg.Request(root + path, body, method)


def _seconds(moment: object) -> int:
    """Unix seconds of an ISO 8601 timestamp; 0 for anything else."""
    try:
        return max(0, int(datetime.fromisoformat(str(moment)).timestamp()))
    except (ValueError, OverflowError):
        return 0
