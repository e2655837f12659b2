"""A streamed answer on its way to the client: held back, committed, passed on, ended."""

from __future__ import annotations

import time

from headgate.attempts.exchange import Exchange
from headgate.attempts.lanes import Lane, RelayLane, TranslateLane
from headgate.attempts.reply import Reply
from headgate.attempts.whole import presented, read_whole, waiting
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.upstream.answer import Answer
from headgate.upstream.clocks import Watch
from headgate.upstream.failures import timeout_of

#: After the answer is complete, its vendor has this long for the usage and the terminal message.
_LAST_WORDS = 5.0
#: A stream is committed at the latest after so many frames or bytes without anything visible.
HELD_FRAMES, HELD_BYTES = 64, 256 * 1024


def _lane(ex: Exchange) -> Lane:
    target, provider = ex.planned.target, ex.link.provider
    if not ex.relayed:
        return TranslateLane(ex.call, target, ex.dialect, provider, ex.created)
    return RelayLane(ex.call, ex.dialect, provider.framer(ex.call, target), ex.secrets)


async def stream(ex: Exchange, answer: Answer, reply: Reply, watch: Watch) -> None:
    """Passes a stream on to the client, from its first bytes to its end. Raises `CallFailed` for
    what is no stream, and whatever the connection raises.
    """
    content_type = answer.headers.get("content-type", "")
    if ex.relayed and ("json" in content_type or "html" in content_type):
        # A whole answer, or an error page, where a stream was asked for.
        read_whole(ex, await waiting(ex, answer, watch))
        raise CallFailed(Failure(Kind.GARBLED, "the provider did not stream"))
    lane = ex.lane = _lane(ex)
    if not await _until_committed(ex, lane, answer, reply, watch):
        return
    out = b""
    now, began = time.monotonic, time.monotonic()
    while not lane.ended:
        data = await answer.chunk()
        then = now()
        ex.waited += then - began
        watch.progressed(then)
        out = lane.feed(data) if data else lane.end()
        if lane.settled or not data:
            # Seldom: the last words are near, or there is nothing more to come.
            if lane.failure is not None or lane.ended or not data:
                break
            watch.enter("idle", _LAST_WORDS)
        if out and reply.write(out):
            await reply.drain()
        out, began = b"", now()
    await _finish_stream(ex, lane, out, reply)
    ex.delivered = ex.failure is None and lane.ended


async def _until_committed(
    ex: Exchange, lane: Lane, answer: Answer, reply: Reply, watch: Watch
) -> bool:
    """Holds a stream back until something of it is visible, then begins the reply.

    Until then any failure is noted in `ex` and can be made good by another attempt. True if more
    of the stream is to come.
    """
    now = time.monotonic
    held = b""
    while True:
        began = now()
        data = await answer.chunk()
        ex.waited += now() - began
        held += lane.feed(data) if data else lane.end()
        if lane.visible and ex.first_token is None:
            ex.first_token = now()
        if lane.failure is not None:
            ex.failure = presented(ex, lane.failure)
            return False
        if _ready(ex, lane, len(held)):
            watch.enter("idle", _LAST_WORDS if lane.whole else ex.clocks.idle)
            ex.committed = True
            reply.begin(ex.head._replace(dropped=ex.dropped) if ex.dropped else ex.head)
            if reply.write(held):
                await reply.drain()
            return bool(data)


def _ready(ex: Exchange, lane: Lane, held: int) -> bool:
    """Whether the stream may be committed."""
    if ex.hold:
        return lane.whole
    return lane.visible or lane.whole or lane.frames >= HELD_FRAMES or held >= HELD_BYTES


async def _finish_stream(ex: Exchange, lane: Lane, out: bytes, reply: Reply) -> None:
    """The end of a committed stream: its last bytes, and the error where it failed."""
    if lane.failure is not None:
        ex.failure = presented(ex, lane.failure)
        if not lane.told:
            out += ex.dialect.cut(ex.failure, ex.call.id)
    if out and reply.write(out):
        await reply.drain()


async def broke_off(ex: Exchange, reply: Reply) -> None:
    """The connection broke in mid-stream: whole all the same, or cut."""
    lane = ex.lane
    if lane is None or not ex.committed:
        return
    ex.failure = None
    await _finish_stream(ex, lane, lane.end(), reply)


def ran_out(ex: Exchange, phase: str, reply: Reply) -> None:
    """A clock ran out: an answer that only lacked its last words is whole."""
    ex.failure = timeout_of(phase)
    tell(ex, reply)


def tell(ex: Exchange, reply: Reply) -> None:
    """A committed stream failed outside its lane: it is whole all the same, or says so."""
    lane = ex.lane
    if lane is None or not ex.committed or ex.failure is None:
        return
    if lane.whole:
        ex.failure = None
        reply.write(lane.end())
    else:
        reply.write(ex.dialect.cut(ex.failure, ex.call.id))
