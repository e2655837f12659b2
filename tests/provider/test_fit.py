"""What a call uses, and what becomes of the part that a vendor has no word for."""

from __future__ import annotations

from typing import Any

import pytest

from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.dialects.rerank import Reranking
from headgate.provider.call import Call, Operation
from headgate.provider.failure import Unsupported
from headgate.provider.fit import CONTENT, FEATURES, fitted, used

CHAT = frozenset({Operation.CHAT})
PIXEL = "data:image/png;base64,AAAA"
TOOL = {"type": "function", "function": {"name": "now"}}


def call(**fields: Any) -> Call:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    return OpenAIChat().parse("req_1", body, {})


def said(*parts: dict[str, Any], role: str = "user") -> list[dict[str, Any]]:
    return [{"role": role, "content": list(parts), "tool_call_id": "c"}]


FEATURES_OF = [
    ({}, set()),
    ({"temperature": 0}, {"temperature"}),
    ({"top_p": 0.1, "top_k": 3}, {"top_p", "top_k"}),
    ({"stop": "x"}, {"stop"}),
    ({"stop": []}, set()),
    ({"seed": 0}, {"seed"}),
    ({"n": 1}, set()),
    ({"n": 2}, {"n"}),
    ({"presence_penalty": 0, "frequency_penalty": 0}, set()),
    ({"presence_penalty": 1, "frequency_penalty": 1}, {"presence_penalty", "frequency_penalty"}),
    ({"logit_bias": {}}, set()),
    ({"logit_bias": {"1": 1}}, {"logit_bias"}),
    ({"logprobs": False}, set()),
    ({"logprobs": True, "top_logprobs": 2}, {"logprobs", "top_logprobs"}),
    ({"tools": [TOOL]}, {"tools"}),
    ({"tools": [TOOL], "tool_choice": "auto"}, {"tools"}),
    ({"tools": [TOOL], "tool_choice": "required"}, {"tools", "tool_choice"}),
    ({"tools": [TOOL], "parallel_tool_calls": True}, {"tools"}),
    ({"tools": [TOOL], "parallel_tool_calls": False}, {"tools", "parallel_tool_calls"}),
    ({"parallel_tool_calls": False}, set()),
    ({"response_format": {"type": "text"}}, set()),
    ({"response_format": {"type": "json_object"}}, {"json_object"}),
    (
        {"response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}},
        {"json_schema"},
    ),
    ({"reasoning_effort": "low"}, {"reasoning_effort"}),
    ({"user": "u", "metadata": {"a": "b"}, "store": False, "prediction": {}}, set()),
    ({"store": True}, {"store"}),
    ({"service_tier": "auto"}, set()),
    ({"service_tier": "flex"}, {"service_tier"}),
    ({"web_search_options": {}}, {"web_search_options"}),
    ({"messages": said({"type": "image_url", "image_url": {"url": PIXEL}})}, {"images"}),
    ({"messages": said({"type": "image_url", "image_url": {"url": "http://x/"}})}, {"image_urls"}),
    ({"messages": said({"type": "input_audio", "input_audio": {}})}, {"audio"}),
    ({"messages": said({"type": "file", "file": {"file_data": "AAAA"}})}, {"documents"}),
    ({"messages": said({"type": "file", "file": {"file_id": "f"}})}, {"file_ids"}),
    (
        {"messages": said({"type": "image_url", "image_url": {"url": PIXEL}}, role="tool")},
        {"images", "tool_result_media"},
    ),
]


@pytest.mark.parametrize(("fields", "features"), FEATURES_OF)
def test_what_a_chat_uses(fields: dict[str, Any], features: set[str]) -> None:
    assert set(used(call(**fields))) == features


@pytest.mark.parametrize(
    ("fields", "features"), [case for case in FEATURES_OF if case[1] and len(case[1]) == 1]
)
def test_what_cannot_be_said_is_refused_by_name(fields: dict[str, Any], features: set[str]) -> None:
    everything = FEATURES | {"store", "service_tier", "web_search_options"}
    assert fitted(call(**fields), CHAT, everything, drop=False)[1] == ()
    (name,) = features
    with pytest.raises(Unsupported) as refused:
        fitted(call(**fields), CHAT, everything - features, drop=False)
    assert refused.value.param
    assert refused.value.param in str(refused.value)
    if name in CONTENT:
        with pytest.raises(Unsupported):
            fitted(call(**fields), CHAT, everything - features, drop=True)
    else:
        kept, dropped = fitted(call(**fields), CHAT, everything - features, drop=True)
        assert dropped == (name,)
        assert used(kept) == {}
        assert kept.body == call(**fields).body


def test_what_is_said_beside_stays() -> None:
    kept, dropped = fitted(
        call(temperature=0.5, seed=1, min_p=0.1, top_a=2),
        CHAT,
        frozenset({"seed", "top_a"}),
        drop=True,
    )
    assert set(dropped) == {"temperature", "min_p"}
    assert (kept.chat.temperature, kept.chat.seed, dict(kept.chat.extras)) == (
        None,
        1,
        {"top_a": 2},
    )


def test_an_operation_that_is_not_offered_is_refused() -> None:
    embed = OpenAIEmbeddings().parse("req_1", {"model": "m", "input": "x", "dimensions": 3}, {})
    with pytest.raises(Unsupported, match="embeddings"):
        fitted(embed, CHAT, FEATURES, drop=False)
    both = CHAT | {Operation.EMBEDDINGS}
    assert fitted(embed, both, FEATURES, drop=False)[0].embed.dimensions == 3
    with pytest.raises(Unsupported, match="dimensions"):
        fitted(embed, both, frozenset(), drop=False)
    kept, dropped = fitted(embed, both, frozenset(), drop=True)
    assert (kept.embed.dimensions, dropped) == (None, ("dimensions",))


def test_a_rerank_is_fitted_too() -> None:
    body = {"model": "m", "query": "q", "documents": ["a"], "top_n": 1, "max_tokens_per_doc": 9}
    rerank = Reranking().parse("req_1", body, {})
    kept, dropped = fitted(rerank, frozenset({Operation.RERANK}), frozenset(), drop=True)
    assert set(dropped) == {"top_n", "max_tokens_per_doc"}
    assert kept.rerank.top_n is None
