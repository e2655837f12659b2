"""Embeddings: what may be asked for, and vectors in the form that was asked for."""

from __future__ import annotations

import base64
import struct
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import CreateEmbeddingResponse

from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.provider.call import Call
from headgate.provider.events import Usage, Vector
from headgate.provider.failure import CallFailed, Kind

DIALECT = OpenAIEmbeddings()


def parse(**fields: Any) -> Call:
    return DIALECT.parse("req_1", {"model": "m", **fields}, {})


def vendors(vector: Any, **fields: Any) -> bytes:
    data = [{"object": "embedding", "index": 0, "embedding": vector}]
    usage = {"prompt_tokens": 3, "total_tokens": 3}
    return orjson.dumps({"object": "list", "data": data, "model": "m", "usage": usage, **fields})


def packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


@pytest.mark.parametrize(
    ("value", "inputs", "tokens"),
    [
        ("12345678", ("12345678",), 3),
        (["a", "b"], ("a", "b"), 2),
        ([1, 2, 3], ((1, 2, 3),), 3),
        ([[1, 2], [3]], ((1, 2), (3,)), 3),
        (["a", [1, 2]], ("a", (1, 2)), 3),
        (["x"] * 2048, ("x",) * 2048, 2048),
    ],
)
def test_texts_and_tokens_may_be_embedded(value: Any, inputs: tuple[Any, ...], tokens: int) -> None:
    call = parse(input=value, dimensions=8)
    assert call.embed.inputs == inputs
    assert call.embed.dimensions == 8
    assert call.input_tokens == tokens


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": {"text": "a"}}, "input"),
        ({"input": ["a", 5]}, "input[1]"),
        ({"input": [1, True]}, "input[0]"),
        ({"input": [["a"]]}, "input[0]"),
        ({"input": ["a"] * 2049}, "input"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "dimensions": "8"}, "dimensions"),
        ({"input": "a", "encoding_format": "hex"}, "encoding_format"),
        ({"input": "a", "encoding_format": ["float"]}, "encoding_format"),
        ({"input": "a", "user": 5}, "user"),
        ({"input": "a", "stream": True}, "stream"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(CallFailed) as refused:
        parse(**fields)
    assert refused.value.failure.kind is Kind.INVALID_REQUEST
    assert refused.value.failure.param == param


floats = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=16)


@settings(max_examples=100, deadline=None)
@given(floats)
def test_a_vector_survives_recoding_bit_for_bit(values: list[float]) -> None:
    as_text = parse(input="a", encoding_format="base64")
    as_list = parse(input="a")
    text = orjson.loads(DIALECT.read(as_text, vendors(values)).body)["data"][0]["embedding"]
    assert text == packed(values)
    again = orjson.loads(DIALECT.read(as_list, vendors(text)).body)["data"][0]["embedding"]
    assert [struct.pack("<f", one) for one in again] == [struct.pack("<f", one) for one in values]


@pytest.mark.parametrize(
    ("form", "vector"), [("float", [0.5, 0.25]), ("base64", packed([0.5])), (None, [1, 2])]
)
def test_a_vector_in_the_right_form_passes_untouched(form: str | None, vector: Any) -> None:
    body = b"\n" + vendors(vector, extra={"kept": True})
    reading = DIALECT.read(parse(input="a", encoding_format=form), body)
    assert reading.body == body
    assert reading.usage == Usage(input=3, output=0)


@pytest.mark.parametrize(
    ("form", "vector"),
    [
        pytest.param("base64", ["a"], id="texts in a vector"),
        pytest.param("base64", [None], id="null in a vector"),
        pytest.param("base64", [1e39], id="larger than 32 bits"),
        pytest.param("float", "AAA=", id="half a number"),
        pytest.param("float", "A", id="not base64"),
        pytest.param("float", "é", id="not ASCII"),
    ],
)
def test_a_vector_that_cannot_be_recoded_is_the_vendors_mistake(form: str, vector: Any) -> None:
    # ValueError is what a reading says about an answer that makes no sense.
    with pytest.raises(ValueError):
        DIALECT.read(parse(input="a", encoding_format=form), vendors(vector))


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data":{}}', b"<html>", b""])
def test_an_answer_without_data_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.read(parse(input="a"), body)


def test_an_error_inside_a_200_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        DIALECT.read(parse(input="a"), b'{"error":{"message":"full","code":429}}')
    assert failed.value.failure.kind is Kind.RATE_LIMITED


@pytest.mark.parametrize("form", ["float", "base64"])
def test_a_translated_answer_is_what_the_sdk_expects(form: str) -> None:
    events = [Vector(0, (0.5, 0.25)), Vector(1, (1.0, 2.0)), Usage(input=7, output=0)]
    body = DIALECT.whole(parse(input=["a", "b"], encoding_format=form), events, 0)
    answer = orjson.loads(body)
    for item in answer["data"]:
        if form == "base64":
            # The SDK asks for base64 by itself and unpacks it before it looks at the types.
            raw = base64.b64decode(item["embedding"])
            item["embedding"] = list(struct.unpack(f"<{len(raw) // 4}f", raw))
    made = CreateEmbeddingResponse.model_validate(answer, strict=True)
    assert made.usage.prompt_tokens == made.usage.total_tokens == 7
    assert [(one.index, one.embedding) for one in made.data] == [(0, [0.5, 0.25]), (1, [1.0, 2.0])]


@pytest.mark.parametrize(
    ("usage", "tokens"), [({"total_tokens": 12}, 12), ({"prompt_tokens": 3, "total_tokens": 3}, 3)]
)
def test_a_total_alone_is_the_prompt(usage: dict[str, int], tokens: int) -> None:
    body = orjson.dumps({"data": [{"index": 0, "embedding": [0.5]}], "usage": usage})
    counted = DIALECT.read(parse(input="a", encoding_format="float"), body).usage
    assert counted is not None
    assert (counted.input, counted.output) == (tokens, 0)
