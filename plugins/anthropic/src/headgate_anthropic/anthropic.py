"""The provider: which address, which headers, and who reads the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

import headgate as hg
from headgate_anthropic.faults import failure_of
from headgate_anthropic.foreign import own_blocks
from headgate_anthropic.hear import MessagesFeed, read_count, read_message
from headgate_anthropic.models import SAYS, vocabulary
from headgate_anthropic.say import count_body, request_body

#: The version of the API that this plugin's words belong to.
VERSION = "2023-06-01"

_MESSAGES = "/v1/messages"
_COUNT = "/v1/messages/count_tokens"
#: dialect -> path, for bodies that go out as the client wrote them
_PATHS: Mapping[str, str] = {"anthropic_messages": _MESSAGES, "anthropic_count_tokens": _COUNT}


@dataclass(frozen=True)
class Anthropic(hg.Provider):
    """api.anthropic.com. `max_tokens` bounds answers where neither the client nor the catalogue
    says a limit: Anthropic wants one in every request.
    """

    kind = "anthropic"
    speaks: ClassVar[frozenset[str]] = frozenset(_PATHS)
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.COUNT_TOKENS}
    )
    says: ClassVar[frozenset[str]] = SAYS
    auth_header: ClassVar[tuple[str, str]] = ("x-api-key", "")
    env_key: ClassVar[str | None] = "ANTHROPIC_API_KEY"
    env_url: ClassVar[str | None] = "ANTHROPIC_BASE_URL"

    base_url: str = "https://api.anthropic.com"
    max_tokens: int = 8192

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if (path := _PATHS.get(call.dialect)) is not None:
            headers = _headers(call, call.headers.get("anthropic-version"))
            body = {**own_blocks(call.body), "model": target.model}
            return hg.Request(self._url(path), body, headers=headers)
        if call.operation is hg.Operation.COUNT_TOKENS:
            body = count_body(call.chat, target, max_tokens=self.max_tokens)
            return hg.Request(self._url(_COUNT), body, headers=_headers(call))
        body = request_body(call.chat, target, stream=call.stream, max_tokens=self.max_tokens)
        return hg.Request(self._url(_MESSAGES), body, headers=_headers(call))

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        return vocabulary(target, self.says)

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        if call.operation is hg.Operation.COUNT_TOKENS:
            return read_count(response.body)
        return read_message(response.body)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return MessagesFeed()

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return failure_of(response)

    def listing(self) -> hg.Request | None:
        return hg.Request(
            self._url("/v1/models?limit=1000"),
            method="GET",
            headers={"anthropic-version": VERSION},
        )

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        for entry in json.loads(response.body)["data"]:
            if entry.get("lifecycle") != "retired":
                window = entry.get("max_input_tokens")
                created = _unix(entry.get("created_at"))
                yield hg.Listed(str(entry["id"]), created, window or None)

    def _url(self, path: str) -> str:
        # Some tools want the base URL with the version, others without; both are given.
        return self.base_url.rstrip("/").removesuffix("/v1") + path


def _headers(call: hg.Call, version: str | None = None) -> dict[str, str]:
    headers = {"anthropic-version": version or VERSION}
    if beta := call.headers.get("anthropic-beta"):
        headers["anthropic-beta"] = beta
    return headers


def _unix(moment: Any) -> int:
    try:
        return int(datetime.fromisoformat(moment).timestamp())
    except (TypeError, ValueError):
        return 0
