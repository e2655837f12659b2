"""Vertex AI: Google's models, and Anthropic's, on Google Cloud."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

import headgate as hg
from headgate_anthropic import SAYS as CLAUDE_SAYS
from headgate_anthropic import vocabulary as claude_vocabulary
from headgate_google import claude
from headgate_google.embeddings import embed_body, predict_body
from headgate_google.failures import failed
from headgate_google.generate import generate_body, vocabulary
from headgate_google.google import Google
from headgate_google.identity import fetch_token
from headgate_google.reading import mapping, mappings, parsed, string

#: Locations of several regions have a host of their own kind.
_HOSTS = {
    "global": "aiplatform.googleapis.com",
    "us": "aiplatform.us.rep.googleapis.com",
    "eu": "aiplatform.eu.rep.googleapis.com",
}
#: The last of Google's embedding models that is asked by `:predict`.
_LAST_PREDICTED = "gemini-embedding-001"
#: What counting takes of a request; the rest is about the answer.
_COUNTED = frozenset({"contents", "systemInstruction", "tools", "generationConfig"})
_GEMINI_SAYS = Google.says | {"labels"}


@dataclass(frozen=True, kw_only=True)
class Vertex(Google):
    """aiplatform.googleapis.com, called with a Google Cloud identity.

    `project` is whose quota and bill it is, `location` the region (or `global`, `us`, `eu`) that
    answers. `credentials_file` names the JSON file of a service account or of an authorised user;
    without one, the machine's own identity is asked of its metadata server. `base_url` replaces
    the address up to and including the version.
    """

    kind = "vertex"
    aliases: ClassVar[tuple[str, ...]] = ("vertexai",)
    speaks: ClassVar[frozenset[str]] = claude.DIALECTS
    says: ClassVar[frozenset[str]] = _GEMINI_SAYS | CLAUDE_SAYS
    keyless: ClassVar[bool] = True
    catalogue: ClassVar[str | None] = "vertex"

    project: str
    location: str = "global"
    credentials_file: str = ""
    base_url: str = ""

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        if claude.serves(target.model):
            return claude_vocabulary(target)
        return vocabulary(_GEMINI_SAYS, target)

    def relays(self, call: hg.Call, target: hg.Target) -> bool:
        return call.dialect in self.speaks and claude.serves(target.model)

    def method(self, model: str, verb: str) -> str:
        return self._address("google", model, verb)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request | hg.Script:
        if not claude.serves(target.model):
            return super().request(call, target)
        if call.operation is hg.Operation.EMBEDDINGS:
            raise hg.Unsupported("Claude makes no embeddings")
        asked = claude.asked(call, target)
        url = self._address("anthropic", asked.model, asked.verb)
        return hg.Request(url, asked.body, headers=asked.headers)

    def embedding_request(self, embed: hg.Embed, model: str) -> hg.Request:
        if not model.startswith("gemini-embedding-") or model == _LAST_PREDICTED:
            return hg.Request(self.method(model, "predict"), predict_body(embed))
        verb = "embedContent" if len(embed.inputs) == 1 else "batchEmbedContents"
        return hg.Request(self.method(model, verb), embed_body(embed))

    def counting_request(self, chat: hg.Chat, model: str) -> hg.Request:
        body = generate_body(chat, model, self.files)
        return hg.Request(
            self.method(model, "countTokens"),
            {name: value for name, value in body.items() if name in _COUNTED},
        )

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        if claude.serves(target.model):
            return claude.events(call, response)
        return super().reply(call, target, response)

    def feed(self, call: hg.Call, target: hg.Target) -> hg.Feed:
        return claude.feed() if claude.serves(target.model) else super().feed(call, target)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        # Google's own front door refuses in its own words, whoever made the model.
        ours = string(hg.error_object(response.body).get("status")) is not None
        return failed(response) if ours else claude.failed(response)

    def token(self, now: float) -> Generator[hg.Request, hg.Response, hg.Token] | None:
        return fetch_token(self.credentials_file, now)

    def listing(self) -> hg.Request | None:
        # The catalogue of models is there in the beta version of the API only.
        root = f"{self._root.removesuffix('/v1')}/v1beta1" if not self.base_url else self._root
        return hg.Request(f"{root}/publishers/google/models?pageSize=1000", method="GET")

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        for model in mappings(mapping(parsed(response.body)).get("publisherModels")):
            if (name := string(model.get("name"))) is not None:
                yield hg.Listed(name.rpartition("/")[2])

    @property
    def _root(self) -> str:
        host = _HOSTS.get(self.location, f"{self.location}-aiplatform.googleapis.com")
        return self.base_url.rstrip("/") or f"https://{host}/v1"

    def _address(self, publisher: str, model: str, verb: str) -> str:
        root = self._root
        place = f"projects/{quote(self.project, safe=':')}/locations/{quote(self.location)}"
        name = quote(model, safe="@")
        return f"{root}/{place}/publishers/{publisher}/models/{name}:{verb}"
