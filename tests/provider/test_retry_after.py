"""How long a vendor asks us to wait, in all the ways they say it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.provider.classify import by_status, reset_after, retry_after
from headgate.provider.wire import Response

DATE = "Fri, 20 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"retry-after": "7"}, 7.0, id="seconds"),
        pytest.param({"retry-after": "0"}, 0.0, id="zero"),
        pytest.param({"retry-after": "1.5"}, 1.5, id="a fraction"),
        pytest.param({"retry-after": " 2 "}, 2.0, id="blanks"),
        pytest.param({"retry-after-ms": "250"}, 0.25, id="milliseconds"),
        pytest.param({"retry-after-ms": "250", "retry-after": "9"}, 0.25, id="the finer one"),
        pytest.param({"retry-after-ms": "soon", "retry-after": "9"}, 9.0, id="the readable one"),
        pytest.param(
            {"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": DATE}, 30.0, id="a date"
        ),
        pytest.param(
            {"retry-after": "Fri, 20 Nov 2026 09:00:00 GMT", "date": DATE}, 0.0, id="a past date"
        ),
        pytest.param({"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT"}, None, id="no date to it"),
        pytest.param(
            {"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": "today"}, None, id="bad date"
        ),
        pytest.param({"retry-after": "NaN"}, None, id="NaN"),
        pytest.param({"retry-after": "inf"}, None, id="infinity"),
        pytest.param({"retry-after": "-5"}, None, id="negative"),
        pytest.param({"retry-after": "1e9"}, None, id="thirty years"),
        pytest.param(
            {"retry-after": "Mon, 20 Nov 2999 10:00:00 GMT", "date": DATE}, None, id="a far date"
        ),
        pytest.param({"retry-after": "5, 10"}, None, id="two values in one"),
        pytest.param({"retry-after": "soon"}, None, id="a word"),
        pytest.param({"retry-after": ""}, None, id="empty"),
        pytest.param({"retry-after": "2m59.56s"}, None, id="a duration"),
    ],
)
def test_a_wait_is_understood_or_left_out(headers: dict[str, str], expected: float | None) -> None:
    assert retry_after(headers) == expected
    assert by_status(Response(429, headers, b"")).retry_after == expected


def test_a_date_is_measured_from_the_moment_given() -> None:
    headers = {"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}
    assert retry_after(headers, now=40.0) == 60.0


DATES = (
    "Fri, 20 Nov 99999999999999999999 10:00:30 GMT",
    "Fri, 20 Nov 0001 00:00:00 -0000",
    "Fri, 20 Nov 9999 23:59:59 -2359",
    "Fri, 99 Nov 2026 10:00:30 GMT",
    "20 Nov",
    " ",
    ",",
    "\x00",
)


@pytest.mark.parametrize("text", DATES)
@pytest.mark.parametrize("header", ["retry-after", "date"])
def test_an_impossible_date_is_left_out(text: str, header: str) -> None:
    headers = {"retry-after": "Fri, 20 Nov 2026 10:00:30 GMT", "date": DATE, header: text}
    wait = retry_after(headers)
    assert wait is None or wait >= 0


@settings(max_examples=300, deadline=None)
@given(
    st.text(max_size=30)
    | st.from_regex(r"[A-Z][a-z]{2}, \d{1,30} [A-Z][a-z]{2} \d{1,30} \d\d:\d\d:\d\d [+-]?\w{1,5}")
)
def test_no_text_is_too_odd_to_be_a_retry_after(text: str) -> None:
    wait = retry_after({"retry-after": text, "date": DATE})
    assert wait is None or wait >= 0


DATE = "Fri, 20 Nov 2026 14:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m12s"}, 72.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "120ms"}, 0.12),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "2m59.56s"}, 179.56),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "6m0s"}, 360.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1d2h"}, 93600.0),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "30"}, 30.0),
        ({"x-ratelimit-remaining-tokens": "5", "x-ratelimit-reset-tokens": "30"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "soon"}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": ""}, None),
        ({"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1795183200"}, None),
        ({"x-ratelimit-remaining-tokens": "0"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795183230", "date": DATE}, 30.0),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795183230000", "date": DATE}, 30.0),
        (
            {
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": "1s",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "5s",
            },
            5.0,
        ),
        (
            {
                "acme-ratelimit-input-tokens-remaining": "0",
                "acme-ratelimit-input-tokens-reset": "2026-11-20T14:00:20Z",
                "date": DATE,
            },
            20.0,
        ),
        (
            {
                "acme-ratelimit-tokens-remaining": "0",
                "acme-ratelimit-tokens-reset": "2026-11-20T14:00:20Z",
            },
            None,
        ),
    ],
)
def test_a_used_up_limit_says_when_it_is_fresh_again(
    headers: dict[str, str], seconds: float | None
) -> None:
    found = reset_after(headers)
    assert found == (None if seconds is None else pytest.approx(seconds))
    assert by_status(Response(429, headers, b"")).retry_after == found
    assert by_status(Response(429, {**headers, "retry-after": "3"}, b"")).retry_after == 3
    assert by_status(Response(503, headers, b"")).retry_after is None
