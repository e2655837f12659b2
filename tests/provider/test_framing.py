"""Frames do not depend on how the network cut the bytes, and follow the standard."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.provider import framing
from headgate.provider.framing import NDJSON, SSE, Framer, FrameTooLarge
from headgate.provider.wire import Frame

Said = tuple[bytes | None, str | None]

#: Pieces that meet each other in every order.
PIECES = (
    b"data: x",
    b"data:y",
    b"data:  z",
    b"data",
    b"data: \xc3\xa9",
    b"event: error",
    b": comment",
    b"id: 1",
    b"retry: 5",
    b"\xef\xbb\xbf",
    b"\n",
    b"\n",
    b"\r",
    b"\r\n",
)
streams = st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join)


def frames(framer: Framer, chunks: list[bytes]) -> list[Frame]:
    found: list[Frame] = []
    for chunk in chunks:
        found += framer.feed(chunk)
    return found + framer.close()


def said(found: list[Frame]) -> list[Said]:
    return [(frame.data, frame.event) for frame in found]


def by_the_standard(stream: bytes) -> list[Said]:
    """The event stream grammar of the HTML standard, line by line."""
    *lines, _unfinished = re.split(rb"\r\n|\n|\r", stream.removeprefix(b"\xef\xbb\xbf"))
    found: list[Said] = []
    block: list[bytes] = []
    for line in lines:
        if line:
            block.append(line)
        elif block:
            fields = [one.split(b":", 1) if b":" in one else [one, b""] for one in block]
            data = [value.removeprefix(b" ") for name, value in fields if name == b"data"]
            events = [value.removeprefix(b" ") for name, value in fields if name == b"event"]
            found.append(
                (b"\n".join(data) if data else None, events[-1].decode() if events else None)
            )
            block = []
    return found


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b"data: a\n\n", [(b"a", None)], id="LF"),
        pytest.param(b"data: a\r\n\r\n", [(b"a", None)], id="CRLF"),
        pytest.param(b"data: a\r\r", [(b"a", None)], id="CR, the last byte too"),
        pytest.param(b"data: a\n\r\ndata: b\r\n\n", [(b"a", None), (b"b", None)], id="mixed"),
        pytest.param(b"\xef\xbb\xbfdata: a\n\n", [(b"a", None)], id="leading BOM"),
        pytest.param(
            b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [(b"a", None), (None, None)], id="BOM later"
        ),
        pytest.param(b": ping\n\n", [(None, None)], id="comment"),
        pytest.param(b": ping\ndata: a\n\n", [(b"a", None)], id="comment before data"),
        pytest.param(b"data: a\ndata: b\n\n", [(b"a\nb", None)], id="two data lines"),
        pytest.param(b"data: a\rdata: b\r\r", [(b"a\nb", None)], id="two data lines with CR"),
        pytest.param(b"data\ndata\n\n", [(b"\n", None)], id="data without a colon"),
        pytest.param(b"event: error\ndata: {}\n\n", [(b"{}", "error")], id="event name"),
        pytest.param(b"event: x\n\n", [(None, "x")], id="event without data"),
        pytest.param(b"data:a\n\n", [(b"a", None)], id="no space"),
        pytest.param(b"data:  a\n\n", [(b" a", None)], id="only one space belongs to the field"),
        pytest.param(b"data:\n\n", [(b"", None)], id="empty data"),
        pytest.param(b"data: a:b\n\n", [(b"a:b", None)], id="colon inside"),
        pytest.param(b" data: a\n\n", [(None, None)], id="a field name is not stripped"),
        pytest.param(b"Data: a\n\n", [(None, None)], id="field names know their case"),
        pytest.param(b"\n\n\ndata: a\n\n\n\n", [(b"a", None)], id="surplus blank lines"),
        pytest.param(b"data: a", [], id="unfinished line"),
        pytest.param(b"data: a\n", [], id="unfinished block"),
        pytest.param(b"data: a\n\ndata: b\n", [(b"a", None)], id="unfinished second block"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_an_event_stream_is_read_by_the_standard_whatever_the_split(
    stream: bytes, expected: list[Said]
) -> None:
    assert by_the_standard(stream) == expected
    for cut in range(len(stream) + 1):
        assert said(frames(SSE(), [stream[:cut], stream[cut:]])) == expected, f"cut at {cut}"
    assert said(frames(SSE(), [stream[at : at + 1] for at in range(len(stream))])) == expected


@settings(max_examples=400, deadline=None)
@given(streams, st.lists(st.integers(0, 200), max_size=8))
def test_any_event_stream_in_any_pieces_gives_the_frames_of_the_standard(
    stream: bytes, cuts: list[int]
) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    chunks = [stream[a:b] for a, b in pairwise(places)]
    assert said(frames(SSE(), chunks)) == by_the_standard(stream)


blocks = st.tuples(
    st.lists(st.sampled_from(PIECES[:9]), min_size=1, max_size=3),
    st.sampled_from((b"\n", b"\r\n", b"\r")),
).map(lambda made: made[1].join(made[0]) + made[1] * 2)


@settings(max_examples=200, deadline=None)
@given(st.lists(blocks, max_size=5), st.sampled_from((b"", b"data: rest", b"da")), st.data())
def test_no_byte_of_a_stream_is_lost_or_made_up(
    made: list[bytes], rest: bytes, data: st.DataObject
) -> None:
    stream = b"".join(made) + rest
    cut = data.draw(st.integers(0, len(stream)))
    framer = SSE()
    raw = [frame.raw for part in (stream[:cut], stream[cut:]) for frame in framer.feed(part)]
    assert b"".join(raw) + framer.rest == stream


def test_an_event_of_700_kb_passes_whole_in_small_reads() -> None:
    picture = b"x" * 700_000
    stream = b"data: " + picture + b"\n\ndata: b\n\n"
    chunks = [stream[at : at + 16_384] for at in range(0, len(stream), 16_384)]
    assert said(frames(SSE(), chunks)) == [(picture, None), (b"b", None)]


@pytest.mark.parametrize("framer", [SSE, NDJSON])
@pytest.mark.parametrize("start", [b"data: a\n\n", b"data: a\r\n\r\n"])
def test_an_event_without_end_is_refused(
    framer: type[Framer], start: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    endless = framer()
    endless.feed(start)
    endless.feed(b"x" * 900)
    with pytest.raises(FrameTooLarge):
        endless.feed(b"x" * 200)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param(b'{"a":1}\n{"b":2}\n', [b'{"a":1}', b'{"b":2}'], id="two lines"),
        pytest.param(b'{"a":1}\r\n', [b'{"a":1}'], id="CRLF"),
        pytest.param(b'{"a":1}\n\n  \n{"b":2}\n', [b'{"a":1}', b'{"b":2}'], id="heartbeats"),
        pytest.param(b'{"a":1}\n{"b":2}', [b'{"a":1}', b'{"b":2}'], id="no newline at the end"),
        pytest.param(b'{"a":1}\n  ', [b'{"a":1}'], id="blanks at the end"),
        pytest.param(b"", [], id="nothing"),
    ],
)
def test_ndjson_is_a_value_a_line_whatever_the_split(stream: bytes, expected: list[bytes]) -> None:
    for cut in range(len(stream) + 1):
        found = frames(NDJSON(), [stream[:cut], stream[cut:]])
        assert [frame.data for frame in found] == expected, f"cut at {cut}"


lines = st.lists(
    st.sampled_from((b'{"a":1}', b"[]", b'"\xe2\x80\xa8"', b" ", b"\r", b"\n", b"\n")), max_size=16
).map(b"".join)


@settings(max_examples=200, deadline=None)
@given(lines, st.integers(0, 100))
def test_any_ndjson_in_two_pieces_gives_the_same_frames(stream: bytes, cut: int) -> None:
    whole = [frame.data for frame in frames(NDJSON(), [stream])]
    assert [frame.data for frame in frames(NDJSON(), [stream[:cut], stream[cut:]])] == whole
