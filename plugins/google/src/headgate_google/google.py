"""What the Gemini API and Vertex AI have in common: everything but addresses and identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_google import embeddings
from headgate_google.answers import Answer, Stream
from headgate_google.failures import failed
from headgate_google.generate import SAYS, generate_body, vocabulary
from headgate_google.reading import count, mapping, parsed


@dataclass(frozen=True)
class Google(hg.Provider):
    """Says chats as `generateContent`, and reads what comes back."""

    kind = "google-base"
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS, hg.Operation.COUNT_TOKENS}
    )
    says: ClassVar[frozenset[str]] = SAYS | embeddings.SAYS
    framing: ClassVar[type[hg.Framer]] = Stream

    def method(self, model: str, verb: str) -> str:
        """The address of a method of a model: `.../models/gemini-2.5-pro:countTokens`."""
        raise NotImplementedError

    @property
    def files(self) -> str:
        """The address under which uploaded files are kept; empty where there are none."""
        return ""

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        return vocabulary(self.says, target)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request | hg.Script:
        match call.operation:
            case hg.Operation.EMBEDDINGS:
                _check(call.embed.extras, embeddings.SAYS)
                return self.embedding_request(call.embed, target.model)
            case hg.Operation.COUNT_TOKENS:
                _check(call.chat.extras, self.says - embeddings.SAYS)
                return self.counting_request(call.chat, target.model)
            case hg.Operation.CHAT:
                _check(call.chat.extras, self.says - embeddings.SAYS)
                verb = "streamGenerateContent?alt=sse" if call.stream else "generateContent"
                body = generate_body(call.chat, target.model, self.files)
                return hg.Request(self.method(target.model, verb), body)
            case other:
                raise hg.Unsupported(f"{self.kind} does not offer {other}")

    def embedding_request(self, embed: hg.Embed, model: str) -> hg.Request:
        """What asks for embeddings."""
        raise NotImplementedError

    def counting_request(self, chat: hg.Chat, model: str) -> hg.Request:
        """What asks how many tokens a chat has."""
        raise NotImplementedError

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        match call.operation:
            case hg.Operation.EMBEDDINGS:
                return embeddings.vectors(response)
            case hg.Operation.COUNT_TOKENS:
                return _counted(response)
            case _:
                return Answer(call).whole(response)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return Answer(call)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return failed(response)


def _check(extras: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuses what chats can be told and embeddings cannot, and the other way round."""
    if beyond := sorted(extras.keys() - known):
        raise hg.Unsupported(f"'{beyond[0]}' means nothing here", beyond[0])


def _counted(response: hg.Response) -> Iterable[hg.Event]:
    answer = mapping(parsed(response.body))
    if "totalTokens" not in answer:
        raise ValueError("the answer has no totalTokens")
    yield hg.Usage(input=count(answer["totalTokens"]))
