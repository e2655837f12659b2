"""What every provider has to hold, as tests to run on yours.

    from headgate.testing.conformance import suite
    TestMillrace = suite(Millrace(), "tests/transcripts")

The class asks the provider to say forty calls, one feature at a time; feeds it garbage; checks its
error classification, its options and that it computes and does nothing else; and replays your
transcripts, streams torn at every boundary.
"""

from __future__ import annotations

import copy
import dataclasses
import json
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import TypeAdapter

from headgate.attempts.lanes import Lane, RelayLane, TranslateLane
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.base import Dialect
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.dialects.rerank import Reranking
from headgate.provider.base import Provider
from headgate.provider.call import Call, Target
from headgate.provider.events import Event, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.fit import CONTENT, FEATURES, fitted
from headgate.provider.wire import Request, Response, Script
from headgate.testing.probes import CHATS, MODEL, chat
from headgate.testing.purity import pure
from headgate.testing.transcript import Transcript, load, told, told_failure, told_request

_DIALECTS: dict[str, Dialect] = {
    one.name: one for one in (OpenAIChat(), OpenAIEmbeddings(), Reranking(), AnthropicMessages())
}
_TARGET = Target("probe", MODEL)
#: Longer streams are torn at every so many bytes instead of everywhere.
_MOST_SPLITS = 400
_STATUSES = {
    401: (Kind.CREDENTIALS,),
    429: (Kind.RATE_LIMITED, Kind.QUOTA_EXHAUSTED, Kind.OVERLOADED),
    500: (Kind.SERVER_ERROR, Kind.OVERLOADED),
    503: (Kind.OVERLOADED, Kind.SERVER_ERROR),
}
_JUNK = (b"", b"{}", b"[]", b"null", b"<html>Bad Gateway</html>", b'{"error": 5}', b"\xff\xfe{")


def suite(provider: Provider, transcripts: str | Path | None = None) -> type:
    """A test class for pytest. `transcripts` is a folder; see `headgate.testing.transcript`."""
    found = [] if transcripts is None else load(Path(transcripts))
    if transcripts is not None and not found:
        raise ValueError(f"there is no transcript in {transcripts}")
    bases = (_Suite, _Replayed) if found else (_Suite,)
    members = {"provider": provider, "transcripts": tuple(found)}
    return type(f"Test{type(provider).__name__}", bases, members)


class _Suite:
    provider: Provider
    transcripts: tuple[Transcript, ...] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Gives the tests their parameters; pytest asks the class for them."""
        if "transcript" in metafunc.fixturenames:
            metafunc.parametrize("transcript", self.transcripts, ids=lambda one: one.name)
        if "probe" in metafunc.fixturenames:
            metafunc.parametrize("probe", sorted(CHATS))

    def test_its_description_is_complete(self) -> None:
        cls = type(self.provider)
        assert cls.kind
        assert cls.kind.isascii()
        assert self.provider.base_url or cls.always_on, "there is no base_url to send to"
        hints = typing.get_type_hints(cls)
        for one in dataclasses.fields(cls):
            TypeAdapter(hints[one.name])
        strange = {name for name in cls.says if name in CONTENT and name not in FEATURES}
        assert not strange

    def test_a_call_is_said_or_refused_by_name(self, probe: str) -> None:
        call = _call(chat(probe))
        before = copy.deepcopy(dict(call.body))
        first = _asked(self.provider, call)
        assert dict(call.body) == before, "request() changed the client's own body"
        if first is None:
            return
        second = _asked(self.provider, _call(chat(probe)))
        assert second is not None
        assert told_request(first) == told_request(second), "request() depends on something else"
        if isinstance(first, Request):
            _sendable(first)

    def test_what_it_says_is_not_refused_by_itself(self, probe: str) -> None:
        call = _call(chat(probe))
        if self.provider.relays(call, _TARGET):
            pytest.skip("relayed as it is")
        if probe in ("plain", "stream", "system", "many turns", "max_tokens"):
            assert _asked(self.provider, call) is not None, "every chat provider can say this"

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 529])
    def test_any_error_is_classified(self, status: int) -> None:
        call = _call(chat("plain"))
        for body in _JUNK:
            with pure():
                failure = self.provider.failure(call, Response(status, {}, body))
            assert isinstance(failure, Failure)
            assert failure.kind in _STATUSES.get(status, tuple(Kind))
            assert failure.message

    def test_garbage_is_no_answer(self) -> None:
        call = _call(chat("plain"))
        if self.provider.relays(call, _TARGET):
            pytest.skip("relayed as it is")
        for body in (*_JUNK, b'{"choices": 1}', b'{"message": {"content": 5}}'):
            try:
                with pure():
                    list(self.provider.reply(call, _TARGET, Response(200, {}, body)))
            except (ValueError, CallFailed, Unsupported):
                continue

    def test_a_stream_of_garbage_is_no_answer(self) -> None:
        for body in (*_JUNK, b"data: {}\n\n", b"data: x\n\n", b"\x00" * 64, b"{}\n{}\n"):
            lane = _lane(self.provider, _call(chat("stream")), _TARGET)
            lane.feed(body)
            lane.end()
            assert lane.failure is not None
            assert lane.failure.kind is not Kind.PLUGIN, f"{body!r}: {lane.failure.message}"


class _Replayed:
    provider: Provider

    def test_the_request_is_as_written(self, transcript: Transcript) -> None:
        request = _asked(self.provider, _made(transcript), _target(transcript))
        assert request is not None, "the provider refuses this call"
        transcript.expect("request", told_request(request))

    def test_the_answer_is_as_written(self, transcript: Transcript) -> None:
        call, target = _made(transcript), _target(transcript)
        if not 200 <= transcript.status < 300:
            with pure():
                failure = self.provider.failure(call, transcript.response)
            transcript.expect("failure", told_failure(failure))
        elif self.provider.relays(call, target):
            transcript.expect("events", _tapped(self.provider, call, target, transcript))
        elif transcript.stream:
            transcript.expect(
                "events", told(joined(_streamed(self.provider, call, target, transcript)))
            )
        else:
            with pure():
                events = list(self.provider.reply(call, target, transcript.response))
            transcript.expect("events", told(joined(events)))

    def test_any_split_gives_the_same(self, transcript: Transcript) -> None:
        if not transcript.stream or transcript.status >= 300:
            pytest.skip("not a stream")
        call, target, body = _made(transcript), _target(transcript), transcript.body
        expected = _through(self.provider, call, target, [body])
        step = max(1, len(body) // _MOST_SPLITS)
        for cut in range(0, len(body), step):
            torn = _through(self.provider, call, target, [body[:cut], body[cut:]])
            assert torn == expected, f"torn at byte {cut}"
        assert (
            _through(self.provider, call, target, [body[i : i + 1] for i in range(len(body))])
            == expected
        )

    def test_a_stream_that_ends_early_is_not_whole(self, transcript: Transcript) -> None:
        if not transcript.stream or transcript.status >= 300:
            pytest.skip("not a stream")
        call, target = _made(transcript), _target(transcript)
        lane = _lane(self.provider, call, target)
        lane.feed(transcript.body[: len(transcript.body) // 3])
        lane.end()
        assert not lane.whole
        assert lane.failure is not None

    def test_tool_calls_are_complete(self, transcript: Transcript) -> None:
        call, target = _made(transcript), _target(transcript)
        if transcript.status >= 300 or self.provider.relays(call, target):
            pytest.skip("no translated answer")
        if transcript.stream:
            events = _streamed(self.provider, call, target, transcript)
        else:
            events = list(self.provider.reply(call, target, transcript.response))
        tools = [one for one in joined(events) if isinstance(one, ToolCall)]
        assert [one.index for one in tools] == list(range(len(tools)))
        for one in tools:
            assert one.id, "a tool call without an id cannot be answered"
            assert one.name
            json.loads(one.arguments)


def joined(events: Iterable[Event]) -> list[Event]:
    """Events with neighbouring pieces of the same thing put together, usage last and once."""
    found: list[Event] = []
    usage: Usage | None = None
    for event in events:
        if isinstance(event, Usage):
            usage = event if usage is None else usage.updated(event)
            continue
        if isinstance(event, ToolCall) and event.id is None:
            at = next(
                i
                for i in range(len(found) - 1, -1, -1)
                if isinstance(one := found[i], ToolCall)
                and (one.index, one.choice) == (event.index, event.choice)
            )
            begun = typing.cast(ToolCall, found[at])
            found[at] = dataclasses.replace(
                begun,
                arguments=begun.arguments + event.arguments,
                signature=event.signature or begun.signature,
            )
            continue
        found.append(event)
    merged: list[Event] = []
    for event in found:
        last = merged[-1] if merged else None
        if _same_stretch(last, event):
            both = typing.cast(Any, last)
            changes = {"text": both.text + typing.cast(Any, event).text}
            if hasattr(event, "logprobs"):
                changes["logprobs"] = both.logprobs + event.logprobs
            else:
                changes["signature"] = typing.cast(Any, event).signature
            merged[-1] = dataclasses.replace(both, **changes)
        else:
            merged.append(event)
    return [*merged, usage] if usage is not None else merged


def _same_stretch(last: Event | None, event: Event) -> bool:
    if type(last) is not type(event) or not hasattr(event, "text"):
        return False
    before, after = typing.cast(Any, last), typing.cast(Any, event)
    if before.choice != after.choice:
        return False
    if hasattr(after, "signature"):
        return before.signature is None and before.redacted is None and after.redacted is None
    return True


def _call(body: dict[str, Any]) -> Call:
    return OpenAIChat().parse("req_probe", body, {})


def _made(transcript: Transcript) -> Call:
    return _DIALECTS[transcript.dialect].parse("req_probe", transcript.call, {})


def _target(transcript: Transcript) -> Target:
    return Target("probe", transcript.model)


def _asked(provider: Provider, call: Call, target: Target = _TARGET) -> Request | Script | None:
    """The request for a call, made the way the gateway makes it; None where it is refused."""
    try:
        with pure():
            if not provider.relays(call, target):
                call, _ = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
            return provider.request(call, target)
    except Unsupported as refused:
        assert str(refused), "a refusal says what cannot be said"
        return None
    except CallFailed as failed:
        assert failed.failure.kind is Kind.INVALID_REQUEST
        return None


def _sendable(request: Request) -> None:
    parts = urlsplit(request.url)
    assert parts.scheme in ("http", "https")
    assert parts.netloc
    assert " " not in request.url
    if not isinstance(request.body, bytes) and request.body is not None:
        json.dumps(request.body)
    for name, value in request.headers.items():
        assert name.isascii()
        assert value.isprintable()


def _lane(provider: Provider, call: Call, target: Target) -> Lane:
    dialect = _DIALECTS[call.dialect]
    if provider.relays(call, target):
        return RelayLane(call, dialect, provider.framer(call, target))
    return TranslateLane(call, target, dialect, provider, 0)


def _through(
    provider: Provider, call: Call, target: Target, pieces: list[bytes]
) -> tuple[Any, ...]:
    lane = _lane(provider, call, target)
    with pure():
        out = b"".join([lane.feed(piece) for piece in pieces if not lane.ended])
        out += lane.end()
    return out, lane.failure, lane.usage, lane.finish, lane.whole


def _streamed(
    provider: Provider, call: Call, target: Target, transcript: Transcript
) -> list[Event]:
    framer, feed = provider.framer(call, target), provider.feed(call, target)
    events: list[Event] = []
    with pure():
        for frame in (*framer.feed(transcript.body), *framer.close()):
            events += feed.frame(frame)
    return events


def _tapped(provider: Provider, call: Call, target: Target, transcript: Transcript) -> Any:
    """What is read from a relayed answer that goes by."""
    if not transcript.stream:
        reading = _DIALECTS[call.dialect].read(call, transcript.body)
        usage, finish = reading.usage, reading.finish
    else:
        lane = _lane(provider, call, target)
        lane.feed(transcript.body)
        lane.end()
        usage, finish = lane.usage, lane.finish
    return {"usage": told([usage])[0] if usage else None, "finish": finish}
