"""Request bodies that are not plain, strict JSON are refused with the client's 400 or 413."""

from __future__ import annotations

import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.body import MAX_DEPTH, MAX_VALUES, decode
from headgate.provider.failure import CallFailed, Kind


def nested(levels: int) -> bytes:
    """An object with `levels` levels in all."""
    return b'{"a":' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="1 empty"),
        pytest.param(b"  ", id="1 blank"),
        pytest.param(b'{"a":1', id="2 truncated"),
        pytest.param(b'{"a":1} x', id="2 trailing garbage"),
        pytest.param(b'{"a":1}{"a":2}', id="2 two objects"),
        pytest.param(b'{"a":1,}', id="2 trailing comma"),
        pytest.param(b"{'a':1}", id="2 single quotes"),
        pytest.param(b'{"a":"\xff"}', id="3 invalid UTF-8"),
        pytest.param(b'\xef\xbb\xbf{"a":1}', id="3 BOM"),
        pytest.param('{"a":1}'.encode("utf-16"), id="3 UTF-16"),
        pytest.param(b'{"a":"\\ud800"}', id="4 lone surrogate, escaped"),
        pytest.param('{"a":"\ud800"}'.encode("utf-8", "surrogatepass"), id="4 lone surrogate"),
        pytest.param(b'{"a":NaN}', id="5 NaN"),
        pytest.param(b'{"a":-Infinity}', id="5 Infinity"),
        pytest.param(b'{"a":1e400}', id="5 1e400"),
        pytest.param(b'{"a":' + b"9" * 5000 + b"}", id="6 5000 digits"),
        pytest.param(b'{"a":18446744073709551616}', id="6 2**64"),
        pytest.param(b'{"a":-9223372036854775809}', id="6 -2**63 - 1"),
        pytest.param(b'{"a":[{"b":99999999999999999999}]}', id="6 deep inside"),
        pytest.param(nested(MAX_DEPTH + 1), id="9 one level too deep"),
        pytest.param(nested(1000), id="9 1000 levels"),
        pytest.param(nested(100_000), id="9 100000 levels"),
        pytest.param(b'{"a":' * 200 + b"1" + b"}" * 200, id="9 objects"),
        pytest.param(b"[1]", id="an array"),
        pytest.param(b'"text"', id="a string"),
        pytest.param(b"null", id="null"),
    ],
)
def test_what_is_not_a_strict_json_object_is_the_clients_mistake(raw: bytes) -> None:
    with pytest.raises(CallFailed) as refused:
        decode(raw)
    assert refused.value.failure.kind is Kind.INVALID_REQUEST


def test_a_syntax_error_is_located_and_the_body_is_not_quoted() -> None:
    with pytest.raises(CallFailed) as refused:
        decode(b'{"secret": canary}')
    message = refused.value.failure.message
    assert "at byte 11" in message
    assert "canary" not in message
    assert "secret" not in message


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":18446744073709551615}',
        b'{"a":-9223372036854775808}',
        b'{"a":1234567890123456789}',
        b'{"a":"99999999999999999999999"}',
        b'{"a":0.12345678901234567890123}',
        b'{"a":12345678901234567890.5}',
        b' \n{"a":1}\n ',
        b'{"a":"\\ud83d\\ude00 \\u0000"}',
        nested(MAX_DEPTH),
        b'{"a":"' + b"[" * 1000 + b'"}',
        b"{}",
    ],
)
def test_unusual_but_valid_bodies_pass_unchanged(raw: bytes) -> None:
    assert decode(raw) == orjson.loads(raw)


def test_of_two_equal_names_one_survives_and_only_that_one_is_sent_on() -> None:
    assert decode(b'{"model":"cheap","model":"dear"}') == {"model": "dear"}


def test_names_know_their_case() -> None:
    assert decode(b'{"Model":"a","MODEL":"b"}') == {"Model": "a", "MODEL": "b"}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b'{"a":[' + b"1," * (MAX_VALUES + 1) + b"1]}", id="an array"),
        pytest.param(
            b"{" + b",".join(b'"%d":1' % n for n in range(MAX_VALUES // 2 + 2)) + b"}", id="keys"
        ),
    ],
)
def test_a_million_values_are_refused_before_they_cost_anything(raw: bytes) -> None:
    began = time.process_time()
    with pytest.raises(CallFailed) as refused:
        decode(raw)
    assert refused.value.failure.kind is Kind.TOO_LARGE
    assert time.process_time() - began < 0.5


def test_a_long_text_full_of_commas_is_one_value() -> None:
    text = '1,"2\\,' * (MAX_VALUES // 2 + 1)
    assert decode(orjson.dumps({"a": text})) == {"a": text}


json_objects = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**63), 2**64 - 1)
        | st.text(max_size=8)
        | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(json_objects)
def test_every_json_object_comes_back_as_it_was(value: dict[str, object]) -> None:
    assert decode(orjson.dumps(value)) == value


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=40) | st.text('{}[]":,0123456789.eE-+ax\\u', max_size=40).map(str.encode))
def test_any_bytes_give_an_object_or_a_refusal(raw: bytes) -> None:
    try:
        kind = None if isinstance(decode(raw), dict) else Kind.GARBLED
    except CallFailed as refused:
        kind = refused.failure.kind
    assert kind in (None, Kind.INVALID_REQUEST)
