"""Rankings: what may be asked for, and answers in the words the client knows."""

from __future__ import annotations

from typing import Any

import cohere
import orjson
import pytest

from headgate.dialects.rerank import Reranking
from headgate.provider.call import Call, Operation
from headgate.provider.chat import Rerank
from headgate.provider.events import Ranked, Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported

DIALECT = Reranking()
ASKED: dict[str, Any] = {"query": "Which?", "documents": ["a", {"text": "bb"}, "ccc"]}
RANKED = [Ranked(2, 0.9), Ranked(0, 0.5), Ranked(1, 0.0)]


def parse(**fields: Any) -> Call:
    return DIALECT.parse("req_1", {"model": "m", **fields}, {})


def written(events: list[Any], **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = orjson.loads(DIALECT.whole(parse(**ASKED, **fields), events, 0))
    return answer


def test_texts_and_objects_with_a_text_may_be_ranked() -> None:
    call = parse(**ASKED)
    assert (call.operation, call.dialect, call.model) == (Operation.RERANK, "rerank", "m")
    assert call.rerank == Rerank("Which?", ("a", "bb", "ccc"))
    assert call.input_tokens == (6 + 1 + 2 + 3) // 4 + 1
    assert not call.stream


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"top_n": 2}, {"top_n": 2}),
        ({"max_tokens_per_doc": 512}, {"max_tokens_per_doc": 512}),
        ({"top_n": None, "max_tokens_per_doc": None, "rank_fields": None}, {}),
        ({"return_documents": True, "user": "ann", "stream": False}, {}),
        (
            {"rank_fields": ["a"], "truncation": False},
            {"extras": {"rank_fields": ["a"], "truncation": False}},
        ),
    ],
)
def test_every_field_has_its_place(fields: dict[str, Any], expected: dict[str, Any]) -> None:
    assert parse(**ASKED, **fields).rerank == Rerank("Which?", ("a", "bb", "ccc"), **expected)


def test_a_user_is_known_by_name() -> None:
    assert parse(**ASKED, user="ann").user == "ann"
    assert parse(**ASKED).user is None


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": None}, "model"),
        ({"model": 5}, "model"),
        ({"query": None}, "query"),
        ({"query": ""}, "query"),
        ({"query": " \n"}, "query"),
        ({"query": ["a"]}, "query"),
        ({"query": {"text": "a"}}, "query"),
        ({"documents": None}, "documents"),
        ({"documents": []}, "documents"),
        ({"documents": "a"}, "documents"),
        ({"documents": {"text": "a"}}, "documents"),
        ({"documents": ["a", 5]}, "documents[1]"),
        ({"documents": ["a", None]}, "documents[1]"),
        ({"documents": [["a"]]}, "documents[0]"),
        ({"documents": [{"title": "a"}]}, "documents[0].text"),
        ({"documents": [{"text": 5}]}, "documents[0].text"),
        ({"documents": ["a"] * 100_001}, "documents"),
        ({"top_n": 0}, "top_n"),
        ({"top_n": "1"}, "top_n"),
        ({"top_n": True}, "top_n"),
        ({"max_tokens_per_doc": 0}, "max_tokens_per_doc"),
        ({"return_documents": "yes"}, "return_documents"),
        ({"user": 5}, "user"),
        ({"stream": True}, "stream"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(CallFailed) as refused:
        parse(**{**ASKED, **fields})
    failure = refused.value.failure
    assert (failure.kind, failure.param) == (Kind.INVALID_REQUEST, param)
    assert param.split("[", 1)[0] in failure.message or param == "stream"


@pytest.mark.parametrize(
    ("fields", "usage"),
    [
        ({}, None),
        ({"meta": {"billed_units": {"search_units": 2}}}, Usage(searches=2)),
        ({"meta": {"billed_units": {"search_units": 2.0}}}, Usage(searches=2)),
        ({"meta": {"billed_units": {"input_tokens": 9}}}, Usage(input=9, output=0)),
        (
            {"meta": {"tokens": {"input_tokens": 9}, "billed_units": {"search_units": 1}}},
            Usage(input=9, output=0, searches=1),
        ),
        ({"usage": {"total_tokens": 9}}, Usage(input=9, output=0)),
        ({"usage": {"prompt_tokens": 8, "total_tokens": 9}}, Usage(input=8, output=0)),
        (
            {"usage": {"prompt_tokens": 8, "completion_tokens": 0, "total_tokens": 8}},
            Usage(input=8, output=0),
        ),
        ({"usage": {"total_tokens": -1}, "meta": 5}, None),
        ({"usage": None, "meta": {"billed_units": {"search_units": True}}}, None),
    ],
)
def test_usage_is_read_wherever_a_vendor_puts_it(
    fields: dict[str, Any], usage: Usage | None
) -> None:
    answer = {"id": "v1", "results": [{"index": 0, "relevance_score": 1}], **fields}
    body = b"\n" + orjson.dumps(answer)
    reading = DIALECT.read(parse(**ASKED), body)
    assert reading.body == body
    assert (reading.usage, reading.finish, reading.upstream_id) == (usage, None, "v1")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"results":{}}', b"<html>", b"", b'{"data":[]}'])
def test_an_answer_without_results_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.read(parse(**ASKED), body)


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        DIALECT.read(parse(**ASKED), b'{"error":{"message":"full","code":429}}')
    assert failed.value.failure.kind is Kind.RATE_LIMITED


def test_a_translated_answer_holds_the_ranking_in_order() -> None:
    assert written(RANKED) == {
        "id": "rerank-req_1",
        "model": "m",
        "results": [
            {"index": 2, "relevance_score": 0.9},
            {"index": 0, "relevance_score": 0.5},
            {"index": 1, "relevance_score": 0.0},
        ],
    }


@pytest.mark.parametrize(("top_n", "indexes"), [(None, [2, 0, 1]), (2, [2, 0]), (9, [2, 0, 1])])
def test_no_more_results_come_than_were_asked_for(top_n: int | None, indexes: list[int]) -> None:
    answer = written(RANKED, top_n=top_n)
    assert [one["index"] for one in answer["results"]] == indexes


@pytest.mark.parametrize(
    ("wanted", "documents"),
    [
        (True, [{"text": "ccc"}, {"text": "a"}, {"text": "bb"}]),
        (False, [None, None, None]),
        (None, [None, None, None]),
    ],
)
def test_documents_come_back_to_those_who_want_them(
    wanted: bool | None, documents: list[Any]
) -> None:
    answer = written(RANKED, return_documents=wanted)
    assert [one.get("document") for one in answer["results"]] == documents


@pytest.mark.parametrize(
    ("usages", "expected"),
    [
        ([], {}),
        ([Usage(output=0, searches=1)], {"meta": {"billed_units": {"search_units": 1}}}),
        (
            [Usage(input=7, output=0)],
            {
                "usage": {"prompt_tokens": 7, "total_tokens": 7},
                "meta": {"billed_units": {"input_tokens": 7}},
            },
        ),
        (
            [Usage(input=7), Usage(searches=2)],
            {
                "usage": {"prompt_tokens": 7, "total_tokens": 7},
                "meta": {"billed_units": {"search_units": 2, "input_tokens": 7}},
            },
        ),
    ],
)
def test_usage_is_told_as_far_as_it_is_known(usages: list[Usage], expected: Any) -> None:
    answer = written([*RANKED, *usages])
    assert {name: answer[name] for name in ("usage", "meta") if name in answer} == expected


def test_coheres_sdk_reads_a_translated_answer() -> None:
    answer = written([*RANKED, Usage(searches=1)], return_documents=True)
    made = cohere.V2RerankResponse.model_validate(answer)
    assert [(one.index, one.relevance_score) for one in made.results] == [
        (2, 0.9),
        (0, 0.5),
        (1, 0.0),
    ]
    assert made.meta is not None
    assert made.meta.billed_units is not None
    assert made.meta.billed_units.search_units == 1


def test_a_ranking_is_never_streamed() -> None:
    call = parse(**ASKED)
    with pytest.raises(Unsupported):
        DIALECT.tap(call)
    with pytest.raises(Unsupported):
        DIALECT.renderer(call, 0)
    assert DIALECT.end() == b""


def test_errors_are_said_as_openai_says_them() -> None:
    failure = Failure(Kind.INVALID_REQUEST, "no", param="query")
    error = orjson.loads(DIALECT.error(failure, "req_1"))["error"]
    assert error == {
        "message": "no",
        "type": "invalid_request_error",
        "param": "query",
        "code": None,
        "request_id": "req_1",
    }
    assert DIALECT.cut(failure, "req_1").startswith(b'data: {"error":')
