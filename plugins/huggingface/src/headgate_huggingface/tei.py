"""Text Embeddings Inference: a server of one's own for embeddings and reranking."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_huggingface.faults import refined, told
from headgate_huggingface.json_values import is_number, json_value

#: Parameters of reranking that a client may send along.
RERANKING = frozenset({"raw_scores", "truncate", "truncation_direction"})


@dataclass(frozen=True)
class TextEmbeddings(hg.Provider):
    """A Text Embeddings Inference server. `truncate` says whether documents that are too long to
    be ranked are cut off, or refused.

    Embeddings are relayed to its path in OpenAI's dialect; reranking is translated.
    """

    kind = "tei"
    speaks: ClassVar[frozenset[str]] = frozenset({"openai_embeddings"})
    offers: ClassVar[frozenset[hg.Operation]] = frozenset({hg.Operation.RERANK})
    says: ClassVar[frozenset[str]] = frozenset({"top_n"}) | RERANKING
    env_url: ClassVar[str | None] = "TEI_BASE_URL"
    keyless: ClassVar[bool] = True
    discovers: ClassVar[bool] = True

    base_url: str = "http://127.0.0.1:8080"
    truncate: bool = True

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        if self.relays(call, target):
            return self._to("/v1/embeddings", {**call.body, "model": target.model})
        rerank = call.rerank
        own = {word: rerank.extras[word] for word in sorted(RERANKING) if word in rerank.extras}
        said = {
            "query": rerank.query,
            "texts": list(rerank.documents),
            "raw_scores": False,
            "return_text": False,
            "truncate": self.truncate,
            **own,
        }
        return self._to("/rerank", said)

    def reply(self, call: hg.Call, target: hg.Target, response: hg.Response) -> Iterable[hg.Event]:
        ranks = _ranks(json_value(response.body), len(call.rerank.documents))
        # The server ranks all it is given; the best are the first.
        events: list[hg.Event] = [*ranks[: call.rerank.top_n]]
        tokens = response.headers.get("x-compute-tokens", "")
        return [*events, hg.Usage(input=int(tokens), output=0)] if tokens.isdecimal() else events

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return refined(super().failure(call, response), response)

    def listing(self) -> hg.Request | None:
        return self._to("/info", None, "GET")

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        said = json_value(response.body)
        name = said.get("model_id") if isinstance(said, dict) else None
        if not isinstance(name, str):
            raise ValueError("the server names no model")
        window = said.get("max_input_length")
        yield hg.Listed(name, context_window=window if type(window) is int else None)

    def _to(self, path: str, body: Mapping[str, Any] | None, method: str = "POST") -> hg.Request:
        root = self.base_url.rstrip("/").removesuffix("/v1").rstrip("/")
        return hg.Request(root + path, body, method)


def _ranks(answer: Any, documents: int) -> list[hg.Ranked]:
    """Every document once, best first."""
    if isinstance(answer, dict) and answer.get("error"):
        raise told(answer)
    if not isinstance(answer, list) or not all(isinstance(rank, dict) for rank in answer):
        raise ValueError("the answer is no list of ranks")
    if any(
        type(rank.get("index")) is not int or not is_number(rank.get("score")) for rank in answer
    ):
        raise ValueError("a rank without an index or a score")
    if sorted(rank["index"] for rank in answer) != list(range(documents)):
        raise ValueError("not every document is ranked once")
    ranks = [hg.Ranked(rank["index"], float(rank["score"])) for rank in answer]
    return sorted(ranks, key=lambda rank: -rank.score)
