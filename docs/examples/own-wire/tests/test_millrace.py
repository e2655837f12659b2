"""Millrace's wire format, checked without any network."""
# ruff: noqa: INP001, S101 - a test module: it stands alone, and it asserts

import pytest
from headgate_millrace import Millrace

import headgate as hg

CALL = hg.Call(
    id="req_1",
    operation=hg.Operation.CHAT,
    dialect="openai_chat",
    model="brook",
    body={},
    reader=lambda body: hg.Chat((hg.Message("user", (hg.TextPart("Hello"),)),)),
)
TARGET = hg.Target("millrace", "brook-2")
STREAM = b'{"say": "He"}\n\n{"say": "llo"}\n{"why": "end", "spent": {"in": 3, "out": 2}}\n'


def test_a_chat_is_said_in_millraces_words() -> None:
    request = Millrace(region="us").request(CALL, TARGET)
    assert request.url == "https://api.millrace.example/talk"
    assert request.body == {
        "model": "brook-2",
        "stream": False,
        "region": "us",
        "turns": [{"who": "user", "say": "Hello"}],
    }


@pytest.mark.parametrize("size", [1, 7, len(STREAM)])
def test_a_stream_reads_the_same_however_it_is_split(size: int) -> None:
    framer, feed = hg.NDJSON(), Millrace().feed(CALL, TARGET)
    pieces = [STREAM[at : at + size] for at in range(0, len(STREAM), size)]
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    events = [event for frame in frames for event in feed.frame(frame)]
    assert events == [
        hg.Text("He"),
        hg.Text("llo"),
        hg.Usage(input=3, output=2),
        hg.Finish("stop"),
    ]
    assert feed.done


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (500, b'{"fault": {"word": "busy", "text": "come back later"}}', hg.Kind.OVERLOADED),
        (400, b'{"fault": {"word": "too_long", "text": "too long"}}', hg.Kind.CONTEXT_LENGTH),
        (429, b'{"fault": {"word": "slow", "text": "slow down"}}', hg.Kind.RATE_LIMITED),
        (502, b"<html>Bad Gateway</html>", hg.Kind.SERVER_ERROR),
    ],
)
def test_millraces_faults_are_put_into_headgates_kinds(
    status: int, body: bytes, kind: hg.Kind
) -> None:
    assert Millrace().failure(CALL, hg.Response(status, {}, body)).kind is kind
