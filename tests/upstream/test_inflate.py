"""Answers that come compressed although nobody asked for it."""

from __future__ import annotations

import gzip
import zlib

import pytest

from headgate.provider.failure import CallFailed, Kind
from headgate.upstream.answer import _Inflate

TEXT = b'data: {"choices":[]}\n\n' * 500
PACKED = {
    "gzip": gzip.compress(TEXT, mtime=0),
    "x-gzip": gzip.compress(TEXT, mtime=0),
    "deflate": zlib.compress(TEXT),
}


@pytest.mark.parametrize("encoding", [*PACKED, "GZIP", "Deflate"])
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_a_compressed_answer_is_unpacked_piece_by_piece(encoding: str, size: int) -> None:
    packed = PACKED[encoding.lower()]
    inflate = _Inflate(encoding)
    pieces = [inflate.feed(packed[at : at + size]) for at in range(0, len(packed), size)]
    assert b"".join(pieces) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress"])
def test_an_encoding_that_is_not_known_is_the_vendors_mistake(encoding: str) -> None:
    with pytest.raises(CallFailed) as failed:
        _Inflate(encoding)
    assert failed.value.failure.kind is Kind.GARBLED


@pytest.mark.parametrize(
    "data",
    [b"{}", b"\x1f\x8b\x08\x00junkjunkjunkjunk", PACKED["gzip"][:-8] + b"\x00" * 8],
    ids=["not packed", "junk inside", "wrong checksum"],
)
def test_bad_compression_is_the_vendors_mistake(data: bytes) -> None:
    with pytest.raises(CallFailed) as failed:
        _Inflate("gzip").feed(data)
    assert failed.value.failure.kind is Kind.GARBLED


def test_an_answer_that_unpacks_without_end_is_refused() -> None:
    bomb = gzip.compress(b"\x00" * (64 * 2**20), mtime=0)
    with pytest.raises(CallFailed) as failed:
        _Inflate("gzip").feed(bomb)
    assert failed.value.failure.kind is Kind.GARBLED


def test_a_small_answer_may_be_packed_as_tightly_as_it_likes() -> None:
    plain = b"\x00" * 2**19
    assert _Inflate("gzip").feed(gzip.compress(plain, mtime=0)) == plain
