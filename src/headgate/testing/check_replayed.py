"""What a provider makes of transcripts: as written, torn anywhere, cut short, and mangled."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from headgate.provider.base import Provider
from headgate.provider.call import Call, Target
from headgate.provider.events import Event, Finish, ToolCall, Usage
from headgate.provider.failure import Failure
from headgate.testing.asking import (
    DIALECTS,
    Answer,
    answered,
    asked,
    call_for,
    demand,
    joined,
    lane_of,
    streamed,
    through,
)
from headgate.testing.check_answers import harmless, steady
from headgate.testing.purity import pure
from headgate.testing.transcript import Pair, Transcript, told, told_failure, told_request

#: Longer streams are torn at every so many bytes instead of everywhere.
_MOST_SPLITS = 400
#: So many ways of mangling an answer are tried.
_MOST_MANGLED = 300
_WRONG: tuple[Any, ...] = (None, 5, "x", [], {}, [5], True)
_REASONS = frozenset({"stop", "length", "tool_calls", "content_filter"})


class Replayed:
    """Checks of every transcript; see `headgate.testing.conformance`."""

    provider: Provider

    def test_the_request_is_as_written(self, transcript: Transcript) -> None:
        """The client's call becomes the request that is written down."""
        call, target = _asked_of(transcript)
        request = asked(self.provider, call, target)
        if request is None:
            pytest.fail(f"{transcript.path.name}: the provider refuses this call", pytrace=False)
        transcript.expect("request", told_request(request))

    def test_the_answer_is_as_written(self, transcript: Transcript) -> None:
        """The vendor's answer becomes the events, or the failure, that are written down."""
        call, target = _asked_of(transcript)
        if not _good(transcript):
            with pure():
                failure = self.provider.failure(call, transcript.response)
            transcript.expect("failure", told_failure(failure))
        elif self.provider.relays(call, target):
            usage, finish, failed = _tapped(self.provider, transcript)
            seen = {"usage": told([usage])[0] if usage else None, "finish": finish}
            transcript.expect("events", seen)
            _expect_failure(transcript, failed)
        else:
            answer = _answer(self.provider, transcript)
            transcript.expect("events", told(joined(answer.events)))
            _expect_failure(transcript, answer.failure)

    def test_any_split_gives_the_same(self, transcript: Transcript) -> None:
        """A stream torn at every byte, and byte by byte, is the stream in one piece."""
        call, target = _stream_of(transcript)
        body = transcript.body
        expected = through(self.provider, call, target, [body])
        step = max(1, len(body) // _MOST_SPLITS)
        for cut in range(0, len(body), step):
            demand(
                through(self.provider, call, target, [body[:cut], body[cut:]]) == expected,
                f"{transcript.path.name}: torn at byte {cut} the stream reads differently. The "
                "framer has to keep what is not complete, and a feed must go by frames alone",
            )
        demand(
            through(self.provider, call, target, [body[i : i + 1] for i in range(len(body))])
            == expected,
            f"{transcript.path.name}: byte by byte the stream reads differently; see above",
        )

    def test_a_stream_that_ends_early_is_not_whole(self, transcript: Transcript) -> None:
        """The gateway tells a cut by the Finish that is missing."""
        call, target = _stream_of(transcript)
        lane = lane_of(self.provider, call, target)
        lane.feed(transcript.body[: len(transcript.body) // 3])
        lane.end()
        demand(
            not lane.whole and lane.failure is not None,
            f"{transcript.path.name}: a third of the stream passes for a whole answer. Yield "
            "Finish, and set done, only for what the vendor sends last",
        )

    def test_the_answer_is_complete(self, transcript: Transcript) -> None:
        """Each choice finishes once; usage is a count; tool calls can be answered."""
        answer = _translated_answer(self.provider, transcript)
        events = joined(answer.events)
        if answer.failure is None and any(isinstance(one, Finish | ToolCall) for one in events):
            _check_finishes(transcript, events)
            _check_tools(events)
        for usage in (one for one in events if isinstance(one, Usage)):
            for name, count in usage._asdict().items():
                good = count is None or (type(count) is int and count >= 0)
                demand(good, f"Usage({name}={count!r}): a count is a whole number from 0, or None")

    def test_a_mangled_answer_is_no_crash(self, transcript: Transcript) -> None:
        """With any value gone, or of another type, the answer is read or refused."""
        _translated_answer(self.provider, transcript)
        call, _ = _asked_of(transcript)
        if transcript.stream:
            for body in _mangled_stream(transcript.body):
                steady(self.provider, call, body)
        else:
            for body in _mangled(transcript.body):
                harmless(self.provider, call, body)


class Paired:
    """Checks of an answer that is there whole and streamed."""

    provider: Provider

    def test_whole_and_streamed_cost_the_same(self, pair: Pair) -> None:
        """Usage to the token, and the finish reason, do not depend on `stream`."""
        whole, flow = _outcome(self.provider, pair.whole), _outcome(self.provider, pair.streamed)
        demand(
            whole == flow,
            f"{pair.whole.path.name} and {pair.streamed.path.name} differ:\n  whole    {whole}\n"
            f"  streamed {flow}\nRead usage with one function for both",
        )


def _asked_of(transcript: Transcript) -> tuple[Call, Target]:
    call = call_for(transcript.dialect, transcript.call)
    return call, Target("probe", transcript.model)


def _good(transcript: Transcript) -> bool:
    return 200 <= transcript.status < 300


def _stream_of(transcript: Transcript) -> tuple[Call, Target]:
    if not transcript.stream or not _good(transcript):
        pytest.skip("not a stream")
    return _asked_of(transcript)


def _answer(provider: Provider, transcript: Transcript) -> Answer:
    call, target = _asked_of(transcript)
    if transcript.stream:
        return streamed(provider, call, target, transcript.body)
    return answered(provider, call, target, transcript.response)


def _translated_answer(provider: Provider, transcript: Transcript) -> Answer:
    if not _good(transcript) or provider.relays(*_asked_of(transcript)):
        pytest.skip("no translated answer")
    return _answer(provider, transcript)


def _expect_failure(transcript: Transcript, failure: Failure | None) -> None:
    if failure is not None:
        transcript.expect("failure", told_failure(failure))
    else:
        demand(
            "failure" not in transcript.golden,
            f"{transcript.path.name} says a 'failure', and nothing failed",
        )


def _tapped(
    provider: Provider, transcript: Transcript
) -> tuple[Usage | None, str | None, Failure | None]:
    """Usage, finish reason and failure, read from a relayed answer that goes by."""
    call, target = _asked_of(transcript)
    if not transcript.stream:
        reading = DIALECTS[call.dialect].read(call, transcript.body)
        return reading.usage, reading.finish, None
    lane = lane_of(provider, call, target)
    lane.feed(transcript.body)
    lane.end()
    return lane.usage, lane.finish, lane.failure


def _outcome(provider: Provider, transcript: Transcript) -> tuple[Usage | None, str | None]:
    if provider.relays(*_asked_of(transcript)):
        return _tapped(provider, transcript)[:2]
    events = joined(_answer(provider, transcript).events)
    usage = next((one for one in events if isinstance(one, Usage)), None)
    finish = next((one.reason for one in events if isinstance(one, Finish)), None)
    return usage, finish


def _check_finishes(transcript: Transcript, events: list[Event]) -> None:
    ends = sorted(one.choice for one in events if isinstance(one, Finish))
    demand(
        ends == list(range(len(ends))) and ends,
        f"{transcript.path.name}: Finish came for the choices {ends}: yield one for each, from 0",
    )
    for one in events:
        demand(
            not isinstance(one, Finish) or one.reason in _REASONS,
            f"{one!r}: the reason is one of {', '.join(sorted(_REASONS))}",
        )


def _check_tools(events: list[Event]) -> None:
    tools = [one for one in events if isinstance(one, ToolCall)]
    for choice in {one.choice for one in tools}:
        indexes = [one.index for one in tools if one.choice == choice]
        demand(
            indexes == list(range(len(indexes))),
            f"tool calls have the indexes {indexes}: count them from 0, without a gap",
        )
    ids = [one.id for one in tools]
    demand(all(ids), "a tool call has no id, so it cannot be answered: make one from its index")
    demand(len(set(ids)) == len(ids), f"tool calls share an id: {ids}; answers would be mixed up")
    for one in tools:
        demand(one.name, f"{one!r}: the first piece of a tool call carries its name")
        try:
            fields = json.loads(one.arguments)
        except ValueError as error:
            raise AssertionError(
                f"{one!r}: arguments are a JSON object as text, '{{}}' where there are none"
            ) from error
        demand(isinstance(fields, dict), f"{one!r}: arguments are a JSON object")


def _mangled(body: bytes) -> Iterator[bytes]:
    """The JSON with one value gone or replaced, at every place; spread evenly if there are many."""
    try:
        value = json.loads(body)
    except ValueError:
        return
    ways = [(path, wrong) for path in _paths(value) for wrong in (_GONE, *_WRONG)]
    for path, wrong in ways[:: max(1, -(-len(ways) // _MOST_MANGLED))]:
        yield json.dumps(_with(value, path, wrong)).encode()


def _mangled_stream(body: bytes) -> Iterator[bytes]:
    """The stream with one line's JSON mangled, whether lines are SSE's `data:` or bare."""
    lines = body.splitlines(keepends=True)
    found: list[bytes] = []
    for at, line in enumerate(lines):
        start = line.find(b"{")
        if start < 0 or line[:start].strip() not in (b"", b"data:"):
            continue
        before, after = b"".join(lines[:at]) + line[:start], b"".join(lines[at + 1 :])
        end = line[len(line.rstrip(b"\r\n")) :]
        found += [before + odd + end + after for odd in _mangled(line[start:].strip())]
    yield from found[:: max(1, -(-len(found) // _MOST_MANGLED))]


_GONE = object()


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, one in inner:
        yield (*path, key)
        yield from _paths(one, (*path, key))


def _with(value: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    changed = copy.deepcopy(value)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    if wrong is _GONE:
        del holder[path[-1]]
    else:
        holder[path[-1]] = wrong
    return changed
