"""The provider itself: which call goes where, and who reads the answer."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import headgate as hg
from headgate_bedrock.answer import ConverseFeed, as_list, as_object, counted, whole_answer
from headgate_bedrock.claude import ClaudeEvents, invoke_body
from headgate_bedrock.converse import converse_body, count_body
from headgate_bedrock.eventstream import EventStream
from headgate_bedrock.failures import answer_failure
from headgate_bedrock.families import EVERYTHING, described, foundation, vocabulary
from headgate_bedrock.signing import Signer
from headgate_bedrock.vectors import embed_body, ranks, rerank_body, vectors

#: Paths of OpenAI's dialect, which OpenAI's models are spoken to in.
_OPENAI: Mapping[str, str] = {
    "openai_chat": "/openai/v1/chat/completions",
    "openai_responses": "/openai/v1/responses",
}
_ANTHROPIC = "anthropic_messages"
_JSON = {"Content-Type": "application/json"}
#: InvokeModel hands this on to the model, which knows no other type.
_INVOKE = {**_JSON, "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Bedrock(hg.Provider):
    """Amazon Bedrock's runtime.

    `region` is where calls go and what they are signed for. `base_url` is needed only for an
    address of your own, such as a VPC endpoint. Without a key, calls are signed with the AWS
    credentials of `profile`, or of the usual chain where there is none.
    """

    kind = "bedrock"
    speaks: ClassVar[frozenset[str]] = frozenset({*_OPENAI, _ANTHROPIC})
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {
            hg.Operation.CHAT,
            hg.Operation.COUNT_TOKENS,
            hg.Operation.EMBEDDINGS,
            hg.Operation.RERANK,
        }
    )
    says: ClassVar[frozenset[str]] = EVERYTHING
    framing: ClassVar[type[hg.Framer]] = EventStream
    env_key: ClassVar[str | None] = "AWS_BEARER_TOKEN_BEDROCK"
    keyless: ClassVar[bool] = True

    base_url: str = ""
    region: str = "us-east-1"
    profile: str | None = None

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if self.relays(call, target):
            return self._relayed(call, target)
        match call.operation:
            case hg.Operation.CHAT:
                path = "converse-stream" if call.stream else "converse"
                return self._asked(target.model, path, converse_body(call.chat, target))
            case hg.Operation.COUNT_TOKENS:
                # Tokens are counted by a model, not by a profile over several regions.
                model = foundation(target.model)
                return self._asked(model, "count-tokens", count_body(call.chat, target))
            case hg.Operation.EMBEDDINGS:
                body = embed_body(call.embed, target)
                return self._asked(target.model, "invoke", body, _INVOKE)
            case hg.Operation.RERANK:
                body = rerank_body(call.rerank, target)
                return self._asked(target.model, "invoke", body, _INVOKE)
            case _:
                raise hg.Unsupported(f"bedrock does not offer {call.operation} calls of this kind")

    def relays(self, call: hg.Call, target: hg.Target) -> bool:
        model = described(target)
        if call.dialect == _ANTHROPIC:
            return model.claude
        return call.dialect in _OPENAI and model.gpt and not target.model.startswith("arn:")

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        return vocabulary(described(target))

    def framer(self, call: hg.Call, target: hg.Target) -> hg.Framer:
        if not self.relays(call, target):
            return EventStream()
        return ClaudeEvents() if call.dialect == _ANTHROPIC else hg.SSE()

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        match call.operation:
            case hg.Operation.COUNT_TOKENS:
                return (counted(response.body),)
            case hg.Operation.EMBEDDINGS:
                return vectors(call.embed, response)
            case hg.Operation.RERANK:
                return ranks(call.rerank, response)
            case _:
                return whole_answer(response.body)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return ConverseFeed()

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return answer_failure(response)

    def credentials(self) -> hg.Credentials:
        return Signer(self.region, self.profile)

    def listing(self) -> hg.Request:
        base = self.base_url or f"https://bedrock.{self.region}.amazonaws.com"
        return hg.Request(base.rstrip("/") + "/foundation-models", method="GET")

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        answer = as_object(json.loads(response.body))
        for summary in as_list(answer.get("modelSummaries")):
            yield hg.Listed(str(as_object(summary).get("modelId") or ""))

    def _relayed(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if call.dialect == _ANTHROPIC:
            path = "invoke-with-response-stream" if call.stream else "invoke"
            return self._asked(target.model, path, invoke_body(call), _INVOKE)
        url = self._base + _OPENAI[call.dialect]
        if (stored := call.resource) is not None:
            url += stored.path + (f"?{stored.query}" if stored.query else "")
            return hg.Request(url, dict(call.body) or None, stored.method, _JSON)
        body = {**call.body, "model": target.model}
        if call.stream and call.dialect == "openai_chat":
            body["stream_options"] = {**(body.get("stream_options") or {}), "include_usage": True}
        return hg.Request(url, body, headers=_JSON)

    def _asked(
        self, model: str, path: str, body: dict[str, Any], headers: Mapping[str, str] = _JSON
    ) -> hg.Request:
        # Slashes and colons of an ARN are part of the name: both are encoded.
        return hg.Request(
            f"{self._base}/model/{quote(model, safe='')}/{path}", body, "POST", headers
        )

    @property
    def _base(self) -> str:
        base = self.base_url or f"https://bedrock-runtime.{self.region}.amazonaws.com"
        return base.rstrip("/")
