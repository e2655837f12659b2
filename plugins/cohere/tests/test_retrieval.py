"""Embeddings, rankings, the list of models, and what errors mean."""

from __future__ import annotations

from typing import Any

import cohere
import httpx
import orjson
import pytest

import headgate as hg
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.dialects.rerank import Reranking
from headgate.provider.fit import fitted
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized
from headgate_cohere import Cohere, providers

TARGET = hg.Target("cohere", "theirs")
EMBED = OpenAIEmbeddings()
RERANK = Reranking()


def embedding(texts: Any, **fields: Any) -> hg.Call:
    def read(body: Any) -> hg.Embed:
        inputs = tuple(one if isinstance(one, str) else tuple(one) for one in texts)
        return hg.Embed(inputs, fields.get("dimensions"), fields.get("extras", {}))

    return hg.Call("r", hg.Operation.EMBEDDINGS, "openai_embeddings", "m", {}, reader=read)


def ranking(**fields: Any) -> hg.Call:
    body = {"model": "m", "query": "Which?", "documents": ["a", {"text": "b"}], **fields}
    provider = Cohere()
    made, _ = fitted(
        RERANK.parse("r", body, {}), provider.offers, provider.vocabulary(TARGET), drop=False
    )
    return made


def sent(call: hg.Call, provider: Cohere | None = None) -> tuple[str, Any]:
    request = (provider or Cohere()).request(call, TARGET)
    assert request.url.startswith("https://api.cohere.com/")
    return request.url.removeprefix("https://api.cohere.com"), request.body


def events(call: hg.Call, answer: Any) -> list[hg.Event]:
    return list(Cohere().reply(call, TARGET, hg.Response(200, {}, orjson.dumps(answer))))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, {"input_type": "search_document"}),
        ({"dimensions": 512}, {"input_type": "search_document", "output_dimension": 512}),
        (
            {"extras": {"input_type": "search_query", "truncate": "NONE", "priority": 1}},
            {"input_type": "search_query", "truncate": "NONE", "priority": 1},
        ),
    ],
)
def test_texts_to_embed_are_sent_as_coheres_own_sdk_sends_them(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    path, body = sent(embedding(["a", "b"], **fields))
    assert body == {
        "model": "theirs",
        "texts": ["a", "b"],
        "embedding_types": ["float"],
        **expected,
    }
    answer = orjson.dumps({"id": "1", "embeddings": {"float": [[0.5], [1]]}, "texts": ["a", "b"]})
    with FakeUpstream({"theirs": raw(sized(200, answer))}) as vendor, httpx.Client() as http:
        client = cohere.ClientV2("k", base_url=vendor.url.removesuffix("/v1"), httpx_client=http)
        client.embed(model="theirs", texts=["a", "b"], embedding_types=["float"], **expected)
        assert (vendor.visits[0].path, vendor.visits[0].body) == (path, body)


def test_an_operator_says_what_embeddings_are_for() -> None:
    provider = Cohere(input_type="clustering")
    assert sent(embedding(["a"]), provider)[1]["input_type"] == "clustering"
    said = embedding(["a"], extras={"input_type": "search_query"})
    assert sent(said, provider)[1]["input_type"] == "search_query"


@pytest.mark.parametrize(
    ("texts", "extras", "param"),
    [
        ([[1, 2]], {}, "input"),
        (["a", [1]], {}, "input"),
        (["a"] * 97, {}, "input"),
        (["a"], {"safety_mode": "OFF"}, "safety_mode"),
    ],
)
def test_what_cannot_be_embedded_is_refused(texts: Any, extras: Any, param: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        sent(embedding(texts, extras=extras))
    assert refused.value.param == param


def test_96_texts_go_in_one_call() -> None:
    assert len(sent(embedding(["a"] * 96))[1]["texts"]) == 96


def test_vectors_and_their_price_are_read() -> None:
    answer = {
        "id": "1",
        "embeddings": {"float": [[0.5, 1], [-2, 0.25]]},
        "meta": {"billed_units": {"input_tokens": 7, "image_tokens": 2}},
    }
    assert events(embedding(["a", "b"]), answer) == [
        hg.Vector(0, (0.5, 1.0)),
        hg.Vector(1, (-2.0, 0.25)),
        hg.Usage(input=9, output=0),
    ]
    del answer["meta"]
    assert len(events(embedding(["a", "b"]), answer)) == 2


@pytest.mark.parametrize(
    "embeddings", [None, [], {}, {"float": []}, {"float": [[1.0], ["a"]]}, {"float": [[1.0], None]}]
)
def test_vectors_that_make_no_sense_are_a_value_error(embeddings: Any) -> None:
    with pytest.raises(ValueError, match="vector"):
        events(embedding(["a", "b"]), {"embeddings": embeddings})


@pytest.mark.parametrize(
    "fields", [{}, {"top_n": 1}, {"top_n": 1, "max_tokens_per_doc": 9, "priority": 2}]
)
def test_documents_to_rank_are_sent_as_coheres_own_sdk_sends_them(fields: dict[str, Any]) -> None:
    path, body = sent(ranking(**fields))
    assert body == {"model": "theirs", "query": "Which?", "documents": ["a", "b"], **fields}
    with FakeUpstream({"theirs": raw(sized(200, b'{"results":[]}'))}) as vendor:
        with httpx.Client() as http:
            base_url = vendor.url.removesuffix("/v1")
            client = cohere.ClientV2("k", base_url=base_url, httpx_client=http)
            client.rerank(model="theirs", query="Which?", documents=["a", "b"], **fields)
        assert (vendor.visits[0].path, vendor.visits[0].body) == (path, body)


@pytest.mark.parametrize("name", ["rank_fields", "relevant_spans", "input_type"])
def test_what_a_ranking_cannot_say_is_refused(name: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        sent(ranking(**{name: ["x"]}))
    assert refused.value.param == name


@pytest.mark.parametrize(
    ("billed", "usage"),
    [
        ({"search_units": 1}, [hg.Usage(output=0, searches=1)]),
        ({"input_tokens": 12}, [hg.Usage(input=12, output=0)]),
        ({}, []),
    ],
)
def test_a_ranking_is_read(billed: Any, usage: list[hg.Usage]) -> None:
    answer = {
        "id": "1",
        "results": [{"index": 1, "relevance_score": 0.75}, {"index": 0, "relevance_score": 0}],
        "meta": {"api_version": {"version": "2"}, "billed_units": billed},
    }
    call = ranking()
    found = events(call, answer)
    assert found == [hg.Ranked(1, 0.75), hg.Ranked(0, 0.0), *usage]
    written = orjson.loads(RERANK.whole(call, found, 0))
    assert written["results"] == answer["results"]


@pytest.mark.parametrize(
    "results",
    [
        None,
        {},
        [5],
        [{"index": 2, "relevance_score": 1}],
        [{"index": -1, "relevance_score": 1}],
        [{"index": True, "relevance_score": 1}],
        [{"index": 0}],
        [{"index": 0, "relevance_score": False}],
    ],
)
def test_a_ranking_that_makes_no_sense_is_a_value_error(results: Any) -> None:
    with pytest.raises(ValueError, match="result"):
        events(ranking(), {"results": results})


def test_the_models_are_asked_for_and_read() -> None:
    provider = Cohere(base_url="http://127.0.0.1:1/")
    listing = provider.listing()
    assert listing == hg.Request("http://127.0.0.1:1/v1/models?page_size=1000", method="GET")
    body = orjson.dumps(
        {
            "models": [
                {"name": "command-a", "endpoints": ["chat"], "context_length": 256000.0},
                {"name": "rerank-v3.5", "context_length": None},
                {"endpoints": []},
                5,
            ],
            "next_page_token": None,
        }
    )
    assert list(provider.listed(hg.Response(200, {}, body))) == [
        hg.Listed("command-a", context_window=256000),
        hg.Listed("rerank-v3.5"),
    ]


LONG = "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 4292."
OUTPUT = "too many tokens: max tokens must be less than or equal to 4096 - received 8192."
TRIAL = "You are using a Trial key, which is limited to"


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "invalid request: query must not be empty", hg.Kind.INVALID_REQUEST),
        (400, LONG, hg.Kind.CONTEXT_LENGTH),
        (422, LONG.capitalize(), hg.Kind.CONTEXT_LENGTH),
        (400, OUTPUT, hg.Kind.INVALID_REQUEST),
        (401, "Incorrect API key provided", hg.Kind.CREDENTIALS),
        (402, "Please add or update your payment method", hg.Kind.QUOTA_EXHAUSTED),
        (403, "forbidden", hg.Kind.CREDENTIALS),
        (404, "model 'x' not found", hg.Kind.MODEL_NOT_FOUND),
        (413, "too large", hg.Kind.TOO_LARGE),
        (422, "unprocessable", hg.Kind.INVALID_REQUEST),
        (429, f"{TRIAL} 40 API calls / minute.", hg.Kind.RATE_LIMITED),
        (429, f"{TRIAL} 1000 API calls / month.", hg.Kind.QUOTA_EXHAUSTED),
        (429, "trial token rate limit exceeded, limit is 9 per minute", hg.Kind.RATE_LIMITED),
        (498, "invalid token", hg.Kind.CREDENTIALS),
        (499, "request cancelled", hg.Kind.OVERLOADED),
        (500, "internal server error", hg.Kind.SERVER_ERROR),
        (501, "unimplemented", hg.Kind.SERVER_ERROR),
        (503, "overloaded", hg.Kind.OVERLOADED),
        (504, "gateway timeout", hg.Kind.SERVER_ERROR),
    ],
)
def test_an_error_is_known_by_status_and_words(status: int, message: str, kind: hg.Kind) -> None:
    body = orjson.dumps({"id": "1", "message": message})
    response = hg.Response(status, {"retry-after": "7"}, body)
    failure = Cohere().failure(embedding(["a"]), response)
    assert failure == hg.Failure(kind, message, status=status, retry_after=7.0)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b'{"message": 5}', b"\xff"])
def test_an_error_without_words_is_known_by_its_status(body: bytes) -> None:
    failure = Cohere().failure(embedding(["a"]), hg.Response(503, {}, body))
    assert (failure.kind, failure.status) == (hg.Kind.OVERLOADED, 503)


def test_what_is_not_offered_is_no_vendors_failure() -> None:
    call = hg.Call("r", hg.Operation.RESPONSES, "openai_responses", "m", {})
    with pytest.raises(hg.Unsupported):
        Cohere().request(call, TARGET)
    with pytest.raises(hg.Unsupported):
        Cohere().feed(embedding(["a"]), TARGET)


def test_the_plugin_gives_one_kind_that_is_a_value() -> None:
    assert list(providers()) == [Cohere]
    assert Cohere() == Cohere()
    assert hash(Cohere()) == hash(Cohere())
    assert (Cohere.kind, Cohere.env_key) == ("cohere", "COHERE_API_KEY")
