"""Event streams, however they arrive, and however they are damaged."""

from __future__ import annotations

import random
import struct
import sys
import time
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
from headgate_bedrock.eventstream import MAX_MESSAGE, EventStream

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_wire import event, exception, message, text_header

SMALL = (
    event("messageStart", role="assistant")
    + event("contentBlockDelta", contentBlockIndex=0, delta={"text": "Hé 😀"})
    + exception("throttlingException", message="slow down")
)


def frames(*pieces: bytes) -> list[hg.Frame]:
    framer = EventStream()
    found = [frame for piece in pieces for frame in framer.feed(piece)]
    return found + framer.close()


def test_a_message_becomes_a_frame() -> None:
    first, second, third = frames(SMALL)
    assert first == hg.Frame(
        b'{"role": "assistant"}', "messageStart", event("messageStart", role="assistant")
    )
    assert second.event == "contentBlockDelta"
    assert third[:2] == (b'{"message": "slow down"}', "throttlingException")


def test_the_same_frames_for_every_way_of_splitting_in_two() -> None:
    whole = frames(SMALL)
    for at in range(len(SMALL) + 1):
        assert frames(SMALL[:at], SMALL[at:]) == whole


def test_the_same_frames_byte_by_byte() -> None:
    assert frames(*(bytes([byte]) for byte in SMALL)) == frames(SMALL)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6), st.randoms(use_true_random=False))
def test_any_payloads_in_any_pieces(payloads: list[bytes], chance: random.Random) -> None:
    data = b"".join(message(one, text_header(":event-type", "e")) for one in payloads)
    cuts = sorted(chance.randrange(len(data) + 1) for _ in range(5))
    pieces = [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    assert [frame.data for frame in frames(*pieces)] == payloads


def test_no_flipped_bit_goes_unnoticed() -> None:
    whole = frames(SMALL)
    for at in range(len(SMALL)):
        for bit in range(8):
            broken = bytearray(SMALL)
            broken[at] ^= 1 << bit
            framer, found = EventStream(), []
            with pytest.raises(ValueError, match="message"):
                found.extend(frame for byte in broken for frame in framer.feed(bytes([byte])))
            assert found == whole[: len(found)]


def test_a_cut_stream_gives_what_was_whole_and_no_more() -> None:
    ends = [0]
    for frame in frames(SMALL):
        ends.append(ends[-1] + len(frame.raw))
    for at in range(len(SMALL)):
        assert len(frames(SMALL[:at])) == sum(end <= at for end in ends[1:])


def prelude(total: int, headers: int) -> bytes:
    start = struct.pack(">II", total, headers)
    return start + struct.pack(">I", zlib.crc32(start))


@pytest.mark.parametrize(
    ("total", "headers"),
    [(0, 0), (15, 0), (16, 1), (100, 85), (MAX_MESSAGE + 1, 0), (2**32 - 1, 2**32 - 1)],
)
def test_lengths_that_make_no_sense_are_refused_at_once(total: int, headers: int) -> None:
    with pytest.raises(ValueError, match="lengths"):
        EventStream().feed(prelude(total, headers))


def test_the_longest_message_is_waited_for() -> None:
    assert EventStream().feed(prelude(MAX_MESSAGE, 0)) == []


TYPES = [
    b"\x01a\x00",
    b"\x01a\x01",
    b"\x01a\x02\x01",
    b"\x01a\x03\x00\x01",
    b"\x01a\x04\x00\x00\x00\x01",
    b"\x01a\x05" + bytes(8),
    b"\x01a\x06\x00\x03abc",
    b"\x01a\x08" + bytes(8),
    b"\x01a\x09" + bytes(16),
]


@pytest.mark.parametrize("header", TYPES, ids=range(len(TYPES)))
def test_headers_of_every_type_are_stepped_over(header: bytes) -> None:
    (frame,) = frames(message(b"{}", header, text_header(":event-type", "e"), header))
    assert frame.event == "e"


@pytest.mark.parametrize(
    "header",
    [
        b"\x01a",
        b"\x05a",
        b"\x01a\x07",
        b"\x01a\x07\x00",
        b"\x01a\x07\x00\x05abc",
        b"\x01a\x05\x00",
        b"\x01a\x0a",
        b"\x01\xff\x00",
        b"\x01a\x07\x00\x01\xff",
    ],
)
def test_headers_that_make_no_sense_are_refused(header: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        frames(message(b"{}", header))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ((":event-type=chunk",), ("{}", "chunk")),
        ((":message-type=event",), ("{}", None)),
        (
            (":message-type=error", ":error-code=InternalError", ":error-message=Oh no"),
            ('{"message": "Oh no"}', "InternalErrorException"),
        ),
        ((":message-type=error",), ('{"message": ""}', "Exception")),
        (
            (":message-type=exception", ":exception-type=modelStreamErrorException"),
            ("{}", "modelStreamErrorException"),
        ),
    ],
)
def test_what_a_message_is_called(headers: tuple[str, ...], expected: tuple[str, str]) -> None:
    named = [text_header(*header.split("=")) for header in headers]
    (frame,) = frames(message(b"{}", *named))
    assert ((frame.data or b"").decode(), frame.event) == expected


def test_a_long_message_in_small_pieces_takes_time_in_proportion() -> None:
    def seconds(size: int) -> float:
        data = message(b"x" * size, text_header(":event-type", "e"))
        framer, start = EventStream(), time.process_time()
        count = sum(len(framer.feed(data[at : at + 256])) for at in range(0, len(data), 256))
        assert count == 1
        return time.process_time() - start

    small, large = min(seconds(500_000) for _ in range(3)), seconds(4_000_000)
    assert large < max(small, 0.005) * 40
