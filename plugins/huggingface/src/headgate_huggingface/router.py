"""Inference Providers: many vendors behind one router in OpenAI's dialect."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

import headgate as hg
from headgate_huggingface.faults import refined, told
from headgate_huggingface.json_values import json_value, vector
from headgate_openai import OpenAICompatible

#: Parameters of feature extraction that a client may send along.
EXTRACTION = frozenset({"normalize", "prompt_name", "truncate", "truncation_direction"})
#: What may stand behind the colon of a model that this one vendor has to answer for.
_WHOSE = frozenset({"", "cheapest", "fastest", "hf-inference", "preferred"})


@dataclass(frozen=True)
class HuggingFace(OpenAICompatible):
    """router.huggingface.co. `bill_to` is the organisation, or the id of the resource group, that
    pays.

    Chats and responses are relayed, chats in other dialects translated. Embeddings are asked of
    hf-inference, Hugging Face's own vendor behind the router, as feature extraction.
    """

    kind = "huggingface"
    speaks: ClassVar[frozenset[str]] = frozenset({"openai_chat", "openai_responses"})
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS}
    )
    # A feature has as many dimensions as the model gives it.
    says: ClassVar[frozenset[str]] = (OpenAICompatible.says - {"dimensions"}) | EXTRACTION
    env_key: ClassVar[str | None] = "HF_TOKEN"

    base_url: str = "https://router.huggingface.co/v1"
    bill_to: str | None = None

    def account(self) -> Mapping[str, str]:
        payer = {"X-HF-Bill-To": self.bill_to} if self.bill_to else {}
        return {**super().account(), **payer}

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if call.operation is hg.Operation.EMBEDDINGS:
            return self._extraction(call.embed, target.model)
        return super().request(call, target)

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        if call.operation is hg.Operation.EMBEDDINGS:
            return _features(json_value(response.body), len(call.embed.inputs))
        return super().reply(call, target, response)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return refined(super().failure(call, response), response)

    def _extraction(self, embed: hg.Embed, model: str) -> hg.Request:
        if embed.texts is None:
            raise hg.Unsupported("Hugging Face embeds texts, not token ids", "input")
        name, _, whose = model.partition(":")
        if whose not in _WHOSE:
            raise hg.Unsupported(f"only hf-inference embeds, not {whose}", "model")
        own = {word: embed.extras[word] for word in sorted(EXTRACTION) if word in embed.extras}
        root = self.base_url.rstrip("/").removesuffix("/v1")
        path = f"/hf-inference/models/{quote(name, safe='/')}/pipeline/feature-extraction"
        said = {"inputs": list(embed.texts), **own}
        return hg.Request(root + path, said, headers=self.account())


def _features(answer: Any, wanted: int) -> list[hg.Event]:
    """One vector an input. Tokens are not counted there."""
    if isinstance(answer, dict) and answer.get("error"):
        raise told(answer)
    if not isinstance(answer, list) or len(answer) != wanted:
        raise ValueError("not one embedding an input")
    if any(isinstance(row, list) and row and isinstance(row[0], list) for row in answer):
        # A model that was not made for sentences: a vector a token, not said how to join.
        raise hg.CallFailed(
            hg.Failure(hg.Kind.UNSUPPORTED, "the model embeds tokens, not texts", param="model")
        )
    return [hg.Vector(index, vector(row)) for index, row in enumerate(answer)]
