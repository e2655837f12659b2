"""`POST /v1/rerank`: documents in the order of how well they answer a question.

Nobody owns this dialect: it is what the vendors and servers that rank have in common.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from headgate.dialects.base import Reading
from headgate.dialects.fields import boolean, check_fields, integer, invalid, model_name, string
from headgate.dialects.openai_chat_tap import in_band_failure
from headgate.dialects.unstreamed import Unstreamed
from headgate.provider.call import Call, Operation
from headgate.provider.chat import Rerank
from headgate.provider.events import Event, Ranked, Usage
from headgate.provider.failure import CallFailed
from headgate.provider.usage import chat_usage

_MAX_DOCUMENTS = 100_000
_CHARACTERS_PER_TOKEN = 4
#: A count above this is a vendor's mistake, not a bill.
_SANE = 10**9

CHECKS = {
    "query": string,
    "top_n": integer(1),
    "max_tokens_per_doc": integer(1),
    "return_documents": boolean,
    "user": string,
}

#: Fields with a neutral word of their own, and those that only say how to write the answer.
_KNOWN = frozenset(
    {
        "model",
        "query",
        "documents",
        "top_n",
        "max_tokens_per_doc",
        "return_documents",
        "user",
        "stream",
    }
)


class Reranking(Unstreamed):
    """The dialect of `rerank`: `{query, documents}` in, `{results: [{index, relevance_score}]}`
    out.
    """

    name = "rerank"
    operation = Operation.RERANK
    path = "/v1/rerank"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        model = model_name(body)
        check_fields(body, CHECKS)
        if body.get("stream"):
            raise invalid("stream", "A ranking cannot be streamed.")
        characters = _survey_query(body.get("query")) + _survey_documents(body.get("documents"))
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model=model,
            body=body,
            needs=frozenset(),
            input_tokens=characters // _CHARACTERS_PER_TOKEN + 1,
            user=body.get("user"),
            headers=headers,
            reader=_read_rerank,
        )

    def read(self, call: Call, body: bytes) -> Reading:
        answer = orjson.loads(body.lstrip())
        if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
            if isinstance(answer, dict) and (error := answer.get("error")):
                raise CallFailed(in_band_failure(error))
            raise ValueError("the answer has no results")
        return Reading(body, _read_spent(answer), None, answer.get("id"))

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        usage, ranked = Usage(), []
        for event in events:
            if isinstance(event, Usage):
                usage = usage.updated(event)
            elif isinstance(event, Ranked):
                ranked.append(event)
        texts = call.rerank.documents if call.body.get("return_documents") else None
        # The client's own limit: it holds even for a vendor that has none and ranks everything.
        best = ranked[: call.body.get("top_n")]
        return orjson.dumps(
            {
                "id": f"rerank-{call.id}",
                "model": call.model,
                "results": [_result(one, texts) for one in best],
                **_written_spent(usage),
            }
        )


def _survey_query(query: str | None) -> int:
    if query is None:
        raise invalid("query", "Missing required parameter: 'query'.", "missing_required_parameter")
    if not query.strip():
        raise invalid("query", "Invalid 'query': the text is empty.", "empty_string")
    return len(query)


def _survey_documents(documents: Any) -> int:
    """Checks `documents`; returns how many characters they have."""
    if documents is None:
        raise invalid(
            "documents", "Missing required parameter: 'documents'.", "missing_required_parameter"
        )
    if not isinstance(documents, list):
        raise invalid(
            "documents", "Invalid type for 'documents': expected an array.", "invalid_type"
        )
    if not documents:
        raise invalid("documents", "Invalid 'documents': the array is empty.", "empty_array")
    if len(documents) > _MAX_DOCUMENTS:
        raise invalid(
            "documents",
            f"Invalid 'documents': expected at most {_MAX_DOCUMENTS} items, got {len(documents)}.",
            "array_above_max_length",
        )
    characters = 0
    for index, document in enumerate(documents):
        if isinstance(document, dict):
            string(f"documents[{index}].text", document.get("text"))
            characters += len(document["text"])
        elif isinstance(document, str):
            characters += len(document)
        else:
            raise invalid(
                f"documents[{index}]",
                f"Invalid type for 'documents[{index}]': expected a string or an object with "
                "a 'text'.",
                "invalid_type",
            )
    return characters


def _read_rerank(body: Mapping[str, Any]) -> Rerank:
    return Rerank(
        query=body["query"],
        documents=tuple(
            document if isinstance(document, str) else document["text"]
            for document in body["documents"]
        ),
        top_n=body.get("top_n"),
        max_tokens_per_doc=body.get("max_tokens_per_doc"),
        extras={
            name: value for name, value in body.items() if name not in _KNOWN and value is not None
        },
    )


def _read_spent(answer: Mapping[str, Any]) -> Usage | None:
    """Search units and tokens, wherever this vendor puts them; None where it says nothing."""
    meta = _object(answer, "meta")
    billed, usage = _object(meta, "billed_units"), _object(answer, "usage")
    searches = _count(billed, "search_units")
    tokens = _count(billed, "input_tokens")
    if tokens is None:
        tokens = _count(_object(meta, "tokens"), "input_tokens")
    if tokens is None:
        # A ranking has no completion: where only the total is said, it is the prompt.
        said = {"prompt_tokens": usage.get("total_tokens"), "completion_tokens": 0, **usage}
        spent = chat_usage(said) if _count(said, "prompt_tokens") is not None else None
    else:
        spent = Usage(input=tokens, output=0)
    if searches is None:
        return spent
    return (spent or Usage()).updated(Usage(searches=searches))


def _written_spent(usage: Usage) -> dict[str, Any]:
    billed: dict[str, int] = {}
    written: dict[str, Any] = {}
    if usage.searches is not None:
        billed["search_units"] = usage.searches
    if usage.input is not None:
        billed["input_tokens"] = usage.prompt
        written["usage"] = {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt}
    if billed:
        written["meta"] = {"billed_units": billed}
    return written


def _result(one: Ranked, texts: tuple[str, ...] | None) -> dict[str, Any]:
    result: dict[str, Any] = {"index": one.index, "relevance_score": one.score}
    if texts is not None:
        result["document"] = {"text": texts[one.index]}
    return result


def _object(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _count(holder: Mapping[str, Any], name: str) -> int | None:
    value = holder.get(name)
    # Some vendors count in floats; `type() is` keeps out booleans.
    if type(value) is float and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= _SANE else None
