"""The base of every provider that speaks OpenAI's dialect."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import headgate as hg
from headgate_openai import faults, hear, responses_hear, vectors
from headgate_openai.responses_say import responses_body
from headgate_openai.say import Wording, chat_body, thinking_in_parts, without_foreign

#: dialect -> path under base_url
PATHS: Mapping[str, str] = {
    "openai_chat": "/chat/completions",
    "openai_embeddings": "/embeddings",
    "openai_completions": "/completions",
    "openai_responses": "/responses",
    "anthropic_messages": "/messages",
    "anthropic_count_tokens": "/messages/count_tokens",
    "rerank": "/rerank",
}
#: What a chat can say in OpenAI's own words.
CHAT_SAYS = frozenset(
    {
        *("temperature", "top_p", "stop", "seed", "n", "presence_penalty", "frequency_penalty"),
        *("logit_bias", "logprobs", "top_logprobs", "parallel_tool_calls", "reasoning_effort"),
        *("tools", "tool_choice", "json_object", "json_schema", "images", "image_urls", "audio"),
        *("documents", "file_ids", "dimensions"),
    }
)
#: What models that are described so cannot be told.
_PECULIAR: Mapping[str, frozenset[str]] = {
    "no_sampling": frozenset({"temperature", "top_p", "top_k"}),
    "no_sampling_when_reasoning": frozenset({"temperature", "top_p", "logprobs", "top_logprobs"}),
    "no_forced_tool": frozenset({"tool_choice"}),
}
#: Streams of these dialects report usage only where it is asked for.
_USAGE_ASKED = frozenset({"openai_chat", "openai_completions"})
#: Where vendors say how long a prompt may be.
_WINDOWS = ("context_length", "max_model_len", "max_context_length", "context_window")


@dataclass(frozen=True)
class OpenAICompatible(hg.Provider):
    """Relays a call as it is: `model` replaced, usage asked for, everything else untouched. Calls
    in other dialects are translated to chat completions.

    A subclass names its `kind` and its `base_url`; the class variables say where a vendor
    departs from OpenAI. `headers` are sent with every request.
    """

    speaks: ClassVar[frozenset[str]] = frozenset(
        {"openai_chat", "openai_embeddings", "openai_completions"}
    )
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS, hg.Operation.RERANK}
    )
    says: ClassVar[frozenset[str]] = CHAT_SAYS
    #: The vendor's words for a translated chat.
    wording: ClassVar[Wording] = Wording()
    #: Paths that differ from OpenAI's, by dialect.
    paths: ClassVar[Mapping[str, str]] = {}
    #: Request fields this vendor calls otherwise, and fields it refuses although they change
    #: nothing about the answer.
    renames: ClassVar[Mapping[str, str]] = {}
    drops: ClassVar[frozenset[str]] = frozenset()
    #: Whether usage in a stream has to be asked for.
    asks_usage: ClassVar[bool] = True
    #: Messages that say more than their status.
    clues: ClassVar[tuple[faults.Clue, ...]] = ()

    #: Fields put into every request that does not say them itself.
    defaults: Mapping[str, Any] = field(default_factory=dict, hash=False)
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    # Hooks, in the order they are asked.

    def chat_api(
        self, call: hg.Call, target: hg.Target
    ) -> Literal["openai_chat", "openai_responses"]:
        """The API through which this chat is asked."""
        return "openai_chat"

    def address(self, dialect: str, target: hg.Target) -> str:
        """Where calls of a dialect go."""
        path = self.paths.get(dialect) or PATHS[dialect]
        return self.base_url.rstrip("/") + path

    def adapt(self, body: dict[str, Any], call: hg.Call) -> None:
        """Says `body` (a copy of the client's) in this vendor's words."""
        messages = body.get("messages")
        if self.wording.thinking == "parts" and isinstance(messages, list):
            messages = [thinking_in_parts(message) for message in messages]
        if self.wording.strict and isinstance(messages, list):
            body["messages"] = [without_foreign(one, self.wording) for one in messages]
        reworded(body, self.renames, self.drops)

    def account(self) -> Mapping[str, str]:
        """The headers of every request, beside the credentials."""
        return self.headers

    # The interface of a provider.

    def relays(self, call: hg.Call, target: hg.Target) -> bool:
        if call.dialect == "openai_chat" and self.chat_api(call, target) != "openai_chat":
            return False
        return call.dialect in self.speaks

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        return sayable(self.says, target)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if self.relays(call, target):
            return self._relayed(call, target)
        if call.reader is None:
            raise hg.Unsupported(f"{self.kind} does not offer {call.operation} calls of this kind")
        match call.operation:
            case hg.Operation.CHAT:
                dialect: str = self.chat_api(call, target)
                body = self.said(call, target)
            case hg.Operation.EMBEDDINGS:
                dialect, body = "openai_embeddings", vectors.embed_body(call.embed)
            case hg.Operation.RERANK:
                dialect, body = "rerank", vectors.rerank_body(call.rerank)
            case _:
                dialect, body = "", {}
        if dialect not in self.speaks:
            raise hg.Unsupported(f"{self.kind} does not offer {call.operation} calls of this kind")
        body = {**self.defaults, **body, "model": target.model}
        if call.stream:
            body["stream"] = True
        return self._finished(call, target, dialect, body)

    def said(self, call: hg.Call, target: hg.Target) -> dict[str, Any]:
        """A translated chat in the words of its API."""
        if self.chat_api(call, target) == "openai_responses":
            return responses_body(call.chat)
        return chat_body(call.chat, self.wording)

    def _relayed(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if call.resource is not None:
            return self._stored(call, target, call.resource)
        body = {**self.defaults, **call.body, "model": target.model}
        return self._finished(call, target, call.dialect, body)

    def _finished(
        self, call: hg.Call, target: hg.Target, dialect: str, body: dict[str, Any]
    ) -> hg.Request:
        if call.stream and self.asks_usage and dialect in _USAGE_ASKED:
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        self.adapt(body, call)
        url = self.address(dialect, target)
        return hg.Request(url, body, headers=self._headers(call, dialect))

    def _stored(self, call: hg.Call, target: hg.Target, resource: hg.Resource) -> hg.Request:
        """A request about a stored answer. Only what is posted has a body."""
        address, mark, query = self.address(call.dialect, target).partition("?")
        queries = "&".join(filter(None, (query if mark else "", resource.query)))
        url = address + resource.path + (f"?{queries}" if queries else "")
        body: dict[str, Any] | None = None
        if resource.method not in ("GET", "DELETE"):
            body = {**call.body, "model": target.model} if "model" in call.body else {**call.body}
        return hg.Request(url, body, resource.method, self._headers(call, call.dialect))

    def _headers(self, call: hg.Call, dialect: str) -> Mapping[str, str]:
        if not dialect.startswith("anthropic_"):
            return self.account()
        version = {"anthropic-version": call.headers.get("anthropic-version") or "2023-06-01"}
        beta = call.headers.get("anthropic-beta")
        return {**version, **({"anthropic-beta": beta} if beta else {}), **self.account()}

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        match call.operation:
            case hg.Operation.EMBEDDINGS:
                return vectors.embeddings(response.body)
            case hg.Operation.RERANK:
                return vectors.rankings(response.body)
        if self.chat_api(call, target) == "openai_responses":
            return responses_hear.whole(response.body)
        return hear.whole(call, response.body)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        if self.chat_api(call, target) == "openai_responses":
            return responses_hear.ResponsesFeed()
        return hear.ChatFeed(call)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        failure = faults.read(response, self.statuses, self.clues)
        if call.resource is not None and response.status == 404:
            return replace(failure, kind=hg.Kind.NOT_FOUND)
        return failure

    def listing(self) -> hg.Request | None:
        url = self.base_url.rstrip("/") + "/models"
        return hg.Request(url, method="GET", headers=self.account())

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        answer = json.loads(response.body)
        entries = answer.get("data") if isinstance(answer, dict) else answer
        if not isinstance(entries, list):
            raise ValueError("the answer lists no models")
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
                raise ValueError("a model has no id")
            windows = (entry.get(name) for name in _WINDOWS)
            created = entry.get("created")
            yield hg.Listed(
                entry["id"],
                created if type(created) is int else 0,
                next((size for size in windows if type(size) is int and size > 0), None),
            )


def sayable(says: frozenset[str], target: hg.Target) -> frozenset[str]:
    """What of `says` this model can be told, as far as it is described."""
    for word in target.traits.words & _PECULIAR.keys():
        says -= _PECULIAR[word]
    return says


def reworded(body: dict[str, Any], renames: Mapping[str, str], drops: Iterable[str]) -> None:
    """Leaves fields out and gives others their vendor's name, unless that is there already."""
    for name in drops:
        body.pop(name, None)
    for name, theirs in renames.items():
        if name in body:
            value = body.pop(name)
            body.setdefault(theirs, value)
