"""The Gemini API of Google AI Studio."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

import headgate as hg
from headgate_google.embeddings import batch_body
from headgate_google.generate import generate_body
from headgate_google.google import Google
from headgate_google.reading import count, mapping, mappings, parsed, string

_METHODS = frozenset({"generateContent", "embedContent"})


@dataclass(frozen=True)
class Gemini(Google):
    """generativelanguage.googleapis.com, called with an API key."""

    kind = "gemini"
    aliases: ClassVar[tuple[str, ...]] = ("google",)
    auth_header: ClassVar[tuple[str, str]] = ("x-goog-api-key", "")
    env_key: ClassVar[str | None] = "GEMINI_API_KEY"
    catalogue: ClassVar[str | None] = "gemini"

    base_url: str = "https://generativelanguage.googleapis.com/v1beta"

    def method(self, model: str, verb: str) -> str:
        return f"{self._root}/{_resource(model)}:{verb}"

    @property
    def files(self) -> str:
        return f"{self._root}/files"

    def embedding_request(self, embed: hg.Embed, model: str) -> hg.Request:
        bare = model.removeprefix("models/")
        return hg.Request(self.method(model, "batchEmbedContents"), batch_body(embed, bare))

    def counting_request(self, chat: hg.Chat, model: str) -> hg.Request:
        body = generate_body(chat, model, self.files)
        if body.keys() != {"contents"}:
            # Alone, `contents` may stand by themselves; everything else needs the whole request.
            body = {"generateContentRequest": {"model": _resource(model), **body}}
        return hg.Request(self.method(model, "countTokens"), body)

    def listing(self) -> hg.Request | None:
        return hg.Request(f"{self._root}/models?pageSize=1000", method="GET")

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        for model in mappings(mapping(parsed(response.body)).get("models")):
            name, methods = string(model.get("name")), model.get("supportedGenerationMethods")
            if name is None or (isinstance(methods, list) and _METHODS.isdisjoint(methods)):
                continue
            window = count(model.get("inputTokenLimit")) or None
            yield hg.Listed(name.removeprefix("models/"), 0, window)

    @property
    def _root(self) -> str:
        return self.base_url.rstrip("/")


def _resource(model: str) -> str:
    """`models/gemini-2.5-pro`, or a tuned model's own resource name."""
    folder, _, name = model.rpartition("/")
    if folder not in ("", "models", "tunedModels"):
        raise hg.Unsupported("Gemini has models and tunedModels", "model")
    return f"{folder or 'models'}/{quote(name, safe='')}"
