"""A translated stream: a vendor's frames in, the client's frames out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import orjson
import pytest

from headgate.attempts.lanes import TranslateLane
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider import framing
from headgate.provider.base import Feed, Provider
from headgate.provider.call import Call, Target
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.framing import NDJSON, SSE
from headgate.provider.wire import Frame

DIALECT = OpenAIChat()
DONE = b"data: [DONE]\n\n"


class Lines:
    """Understands one word a line."""

    def __init__(self) -> None:
        self.done = False

    def frame(self, frame: Frame) -> Iterable[Event]:
        word = (frame.data or b"").decode()
        match word.partition(" ")[::2]:
            case "say", text:
                yield Text(text)
            case "think", text:
                yield Reasoning(text)
            case "call", name:
                yield ToolCall(0, "c1", name, "{}")
            case "count", number:
                yield Usage(input=1, output=int(number))
            case "finish", reason:
                yield Finish(reason)
            case "bye", _:
                self.done = True
            case "break", kind:
                yield Text("last words")
                raise CallFailed(Failure(Kind(kind), "it broke"))
            case "stumble", _:
                raise ZeroDivisionError("canary")
            case _:
                raise ValueError(word)


@dataclass(frozen=True)
class Vendor(Provider):
    """A vendor with its own wire format."""

    kind = "vendor"
    framing = NDJSON

    def feed(self, call: Call, target: Target) -> Feed:
        return Lines()


def lane(n: int = 1) -> TranslateLane:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "n": n,
    }
    return TranslateLane(
        DIALECT.parse("req_1", body, {}), Target("millrace", "m"), DIALECT, Vendor(), 0
    )


def text(raw: bytes) -> str:
    """What a client reads in the frames."""
    frames = [one.data for one in SSE().feed(raw) if one.data and one.data != b"[DONE]"]
    deltas = [choice["delta"] for one in frames for choice in orjson.loads(one)["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)


def test_a_whole_stream_is_translated_and_ended() -> None:
    one = lane()
    out = one.feed(b"think Hm\nsay Hel\nsay lo\nfinish stop\ncount 2\nbye\n")
    assert text(out) == "Hello"
    assert out.endswith(DONE)
    assert b'"completion_tokens":2' in out
    assert one.failure is None
    assert (one.whole, one.ended, one.visible, one.settled) == (True, True, True, True)
    assert (one.usage, one.characters, one.finish) == (Usage(input=1, output=2), 7, "stop")


@pytest.mark.parametrize("word", [b"say Hi\n", b"think Hi\n", b"call f\n", b"finish stop\n"])
def test_the_first_word_makes_it_visible(word: bytes) -> None:
    one = lane()
    one.feed(b"count 0\nsay \n")
    assert not one.visible
    one.feed(word)
    assert one.visible


def test_a_finished_answer_without_the_vendors_goodbye_is_whole() -> None:
    one = lane()
    out = one.feed(b"say Hi\nfinish stop\n")
    assert DONE not in out
    assert one.end().endswith(DONE)
    assert one.failure is None


@pytest.mark.parametrize("stream", [b"", b"say Hi\n", b"say Hi\ncount 2\n"])
def test_a_stream_that_ends_before_its_answer_is_cut(stream: bytes) -> None:
    one = lane()
    one.feed(stream)
    assert one.end() == b""
    assert one.failure is not None
    assert one.failure.kind is Kind.CUT


def test_every_choice_has_to_finish() -> None:
    one = lane(n=2)
    one.feed(b"say Hi\nfinish stop\n")
    assert not one.whole
    one.end()
    assert one.failure is not None
    assert one.failure.kind is Kind.CUT


def test_an_unterminated_last_line_counts_if_the_format_allows_it() -> None:
    one = lane()
    one.feed(b"say Hi\nfinish stop\nbye")
    assert one.end().endswith(DONE)
    assert one.failure is None


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (b"break overloaded\n", Kind.OVERLOADED),
        (b"what\n", Kind.GARBLED),
        (b"stumble\n", Kind.PLUGIN),
    ],
)
def test_what_came_before_a_failure_still_goes_out(line: bytes, kind: Kind) -> None:
    one = lane()
    out = one.feed(b"say Hi.\n" + line + b"say more\n")
    assert text(out).startswith("Hi.")
    assert "more" not in text(out)
    assert one.failure is not None
    assert (one.failure.kind, one.told, one.settled) == (kind, False, True)


def test_a_mistake_of_a_plugin_names_the_plugin_and_keeps_its_words_to_itself() -> None:
    one = lane()
    one.feed(b"stumble\n")
    assert one.failure is not None
    assert "'vendor'" in one.failure.message
    assert "ZeroDivisionError" in one.failure.message
    assert "canary" not in one.failure.message


def test_nothing_follows_the_end() -> None:
    one = lane()
    out = one.feed(b"say Hi\nfinish stop\nbye\nsay more\n")
    assert text(out) == "Hi"
    assert one.end() == b""


def test_an_endless_line_is_garbled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_FRAME", 1000)
    one = lane()
    assert one.feed(b"x" * 2000) == b""
    assert one.failure is not None
    assert (one.failure.kind, one.settled) == (Kind.GARBLED, True)


def test_any_split_gives_the_same_bytes() -> None:
    stream = b"think Hm\nsay Hel\nsay lo\nfinish stop\ncount 2\nbye\n"
    expected = lane().feed(stream)
    for cut in range(len(stream)):
        one = lane()
        assert one.feed(stream[:cut]) + one.feed(stream[cut:]) + one.end() == expected
