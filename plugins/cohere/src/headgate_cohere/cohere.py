"""The provider: which endpoint answers which call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_cohere import embed, rerank
from headgate_cohere.chat_answer import ChatFeed, whole
from headgate_cohere.chat_request import OWN_CHAT_PARAMETERS, chat_body
from headgate_cohere.faults import STATUSES, classified
from headgate_cohere.foreign import items, number, parsed

_MOST_MODELS = 1000


@dataclass(frozen=True)
class Cohere(hg.Provider):
    """api.cohere.com. `input_type` is what embeddings are made for where a call does not say:
    search_document, search_query, classification or clustering.
    """

    kind = "cohere"
    env_key: ClassVar[str | None] = "COHERE_API_KEY"
    env_url: ClassVar[str | None] = "CO_API_URL"
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS, hg.Operation.RERANK}
    )
    says: ClassVar[frozenset[str]] = (
        frozenset(
            {
                *("temperature", "top_p", "top_k", "stop", "seed", "logprobs", "reasoning_effort"),
                *("presence_penalty", "frequency_penalty"),
                *("tools", "tool_choice", "json_object", "json_schema"),
                *("images", "image_urls", "documents"),
                *("dimensions", "top_n", "max_tokens_per_doc"),
            }
        )
        | OWN_CHAT_PARAMETERS
        # Its own `documents` are told apart from those inside messages.
        | {"extras.documents"}
        | embed.OWN_PARAMETERS
        | rerank.OWN_PARAMETERS
    )
    statuses: ClassVar[Mapping[int, hg.Kind]] = STATUSES

    base_url: str = "https://api.cohere.com"
    input_type: str = "search_document"

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        body: dict[str, Any]
        match call.operation:
            case hg.Operation.CHAT:
                path, body = "/v2/chat", chat_body(call.chat)
                body["stream"] = call.stream
            case hg.Operation.EMBEDDINGS:
                path, body = "/v2/embed", embed.body(call.embed, self.input_type)
            case hg.Operation.RERANK:
                path, body = "/v2/rerank", rerank.body(call.rerank)
            case other:
                raise hg.Unsupported(f"cohere does not offer {other} calls")
        return hg.Request(self._url(path), {"model": target.model, **body})

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        answer = parsed(response.body)
        match call.operation:
            case hg.Operation.EMBEDDINGS:
                return embed.events(answer, len(call.embed.inputs))
            case hg.Operation.RERANK:
                return rerank.events(answer, len(call.rerank.documents))
            case _:
                return whole(answer)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        if call.operation is not hg.Operation.CHAT:
            raise hg.Unsupported(f"cohere does not stream {call.operation}", "stream")
        return ChatFeed()

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return classified(hg.by_status(response, self.statuses))

    def listing(self) -> hg.Request | None:
        return hg.Request(self._url(f"/v1/models?page_size={_MOST_MODELS}"), method="GET")

    def listed(self, response: hg.Response) -> Iterator[hg.Listed]:
        for model in items(parsed(response.body), "models"):
            if isinstance(name := model.get("name"), str):
                yield hg.Listed(name, context_window=number(model, "context_length"))

    def _url(self, path: str) -> str:
        return self.base_url.rstrip("/") + path
