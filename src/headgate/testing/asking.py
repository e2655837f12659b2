"""Asks a provider the way the gateway does, with every answer of its watched for purity."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Iterable, Sequence
from typing import Any

from headgate.attempts.lanes import Lane, RelayLane, TranslateLane
from headgate.dialects.anthropic_messages import AnthropicMessages
from headgate.dialects.base import Dialect
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate.dialects.rerank import Reranking
from headgate.provider.base import Provider
from headgate.provider.call import Call, Operation, Target
from headgate.provider.events import Event, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.fit import fitted
from headgate.provider.wire import Request, Response, Script
from headgate.testing.probes import MODEL, Probe
from headgate.testing.purity import pure

DIALECTS: dict[str, Dialect] = {
    one.name: one for one in (OpenAIChat(), OpenAIEmbeddings(), Reranking(), AnthropicMessages())
}
TARGET = Target("probe", MODEL)


class Answer(typing.NamedTuple):
    """What came of an answer: the events before it was over, and its failure, if it had one."""

    events: list[Event]
    failure: Failure | None


def demand(held: object, message: str) -> None:
    """Raises `AssertionError` with `message`, which says what the author should do."""
    __tracebackhide__ = True
    if not held:
        raise AssertionError(message)


def call_for(dialect: str, body: dict[str, Any]) -> Call:
    """A client's body as a call."""
    return DIALECTS[dialect].parse("req_probe", body, {})


def probed(probe: Probe) -> Call:
    """A probe as a call; a fresh one every time."""
    return call_for(probe.dialect, probe.body())


def translated(provider: Provider, call: Call) -> Call | None:
    """The same call from a client whose dialect this provider does not relay, so that it has to
    translate; None for a provider that relays all of them, or does not offer the operation.
    """
    if call.operation not in provider.offers:
        return None
    for dialect in (call.dialect, "anthropic_messages", "elsewhere"):
        foreign = call._replace(dialect=dialect)
        if not provider.relays(foreign, TARGET):
            return foreign
    return None


def asked(provider: Provider, call: Call, target: Target = TARGET) -> Request | Script | None:
    """The request for a call; None where it is refused."""
    try:
        with pure():
            if not provider.relays(call, target):
                call, _ = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
            return provider.request(call, target)
    except Unsupported as refused:
        demand(str(refused), "request() raises Unsupported without a word: say what cannot be said")
        return None
    except CallFailed as failed:
        demand(
            failed.failure.kind is Kind.INVALID_REQUEST,
            f"request() fails with {failed.failure.kind}: raise Unsupported, or CallFailed with "
            "Kind.INVALID_REQUEST where the client's own words are wrong",
        )
        return None


def answered(provider: Provider, call: Call, target: Target, response: Response) -> Answer:
    """What `reply` makes of a whole answer."""
    events: list[Event] = []
    try:
        with pure():
            for event in provider.reply(call, target, response):
                events.append(event)  # noqa: PERF402 - what came before a failure counts
    except CallFailed as failed:
        return Answer(events, failed.failure)
    return Answer(events, None)


def streamed(provider: Provider, call: Call, target: Target, body: bytes) -> Answer:
    """What `feed` makes of a stream, to its end or its failure."""
    events: list[Event] = []
    try:
        with pure():
            framer, feed = provider.framer(call, target), provider.feed(call, target)
            for frame in (*framer.feed(body), *framer.close()):
                for event in feed.frame(frame):
                    events.append(event)  # noqa: PERF402 - as above
                if feed.done:
                    break
    except CallFailed as failed:
        return Answer(events, failed.failure)
    return Answer(events, None)


def lane_of(provider: Provider, call: Call, target: Target) -> Lane:
    """The gateway's own lane for a stream."""
    dialect = DIALECTS.get(call.dialect, DIALECTS["openai_chat"])
    if provider.relays(call, target):
        return RelayLane(call, dialect, provider.framer(call, target))
    return TranslateLane(call, target, dialect, provider, 0)


def through(
    provider: Provider, call: Call, target: Target, pieces: Sequence[bytes]
) -> tuple[Any, ...]:
    """All that is seen of a stream: the client's bytes, failure, usage, finish, wholeness."""
    with pure():
        lane = lane_of(provider, call, target)
        out = b"".join([lane.feed(piece) for piece in pieces if not lane.ended])
        out += lane.end()
    return out, lane.failure, lane.usage, lane.finish, lane.whole


def offers_chat(provider: Provider) -> bool:
    """Whether chats can be asked of it, in OpenAI's dialect."""
    relayed = "openai_chat" in provider.speaks
    return relayed or (Operation.CHAT in provider.offers and not _unwritten(provider))


def _unwritten(provider: Provider) -> bool:
    return type(provider).request is Provider.request


def joined(events: Iterable[Event]) -> list[Event]:
    """Events with neighbouring pieces of the same thing put together, usage last and once.

    Raises `AssertionError` for a piece of a tool call that never began.
    """
    found: list[Event] = []
    begun: dict[tuple[int, int], int] = {}
    usage: Usage | None = None
    for event in events:
        if isinstance(event, Usage):
            usage = event if usage is None else usage.updated(event)
        elif isinstance(event, ToolCall) and (event.index, event.choice) in begun:
            at = begun[event.index, event.choice]
            found[at] = _longer(typing.cast(ToolCall, found[at]), event)
        elif found and _same_stretch(found[-1], event):
            found[-1] = _stretched(found[-1], event)
        else:
            if isinstance(event, ToolCall):
                begun[event.index, event.choice] = len(found)
            found.append(event)
    return [*found, usage] if usage is not None else found


def _longer(before: ToolCall, piece: ToolCall) -> ToolCall:
    demand(
        piece.id is None or piece.id == before.id,
        f"two tool calls have the index {piece.index}: count them from 0, one index a call",
    )
    return dataclasses.replace(
        before,
        arguments=before.arguments + piece.arguments,
        signature=piece.signature or before.signature,
    )


def _same_stretch(last: Event, event: Event) -> bool:
    if type(last) is not type(event) or not hasattr(event, "text"):
        return False
    before, after = typing.cast(Any, last), typing.cast(Any, event)
    if before.choice != after.choice:
        return False
    if hasattr(after, "signature"):
        return before.signature is None and before.redacted is None and after.redacted is None
    return True


def _stretched(last: Event, event: Event) -> Event:
    before, after = typing.cast(Any, last), typing.cast(Any, event)
    changes: dict[str, Any] = {"text": before.text + after.text}
    if hasattr(after, "logprobs"):
        changes["logprobs"] = before.logprobs + after.logprobs
    else:
        changes["signature"] = after.signature
    return typing.cast(Event, dataclasses.replace(before, **changes))
