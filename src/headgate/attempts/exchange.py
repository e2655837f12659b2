"""One attempt from the request to the end of the answer: a thin driver around a lane."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import dataclass, field

from headgate.attempts.attempt import Attempt
from headgate.attempts.lanes import Lane, RelayLane, TranslateLane, plugin_failure
from headgate.attempts.link import Link
from headgate.attempts.reply import ClientGone, Head, Reply
from headgate.attempts.wording import about_our_key, presentable, secrets_told
from headgate.dialects.base import Dialect
from headgate.provider.call import Call, Operation
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.fit import fitted
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Response, Script, Step
from headgate.routing.rule import Clocks, Planned
from headgate.upstream.answer import Answer
from headgate.upstream.client import Client, lowered
from headgate.upstream.clocks import Watch
from headgate.upstream.credential import Credential
from headgate.upstream.failures import failure_of, timeout_of

#: After the answer is complete, its vendor has this long for the usage and the terminal message.
_LAST_WORDS = 5.0
#: After the terminal message, the connection has this long to end, so that it can be used again.
_LINGER = 0.5
#: A stream is committed at the latest after so many frames or bytes without anything visible.
HELD_FRAMES, HELD_BYTES = 64, 256 * 1024


@dataclass(slots=True)
class Exchange:
    """One attempt in progress. `attempt()` says what is known of it at any time."""

    id: str
    call: Call
    dialect: Dialect
    planned: Planned
    head: Head
    link: Link
    key: int | None
    clocks: Clocks
    deadline: float
    created: int
    hold: bool
    started: float
    #: Whether vendor and client speak the same dialect.
    relayed: bool = True
    #: The answer is the gateway's own estimate.
    estimated: bool = False
    #: Parameters that were left out because this vendor has no word for them.
    dropped: tuple[str, ...] = ()
    sent: bool = False
    failure: Failure | None = None
    cancelled: bool = False
    #: All of a stream has been written to the client.
    delivered: bool = False
    committed: bool = False
    first_token: float | None = None
    waited: float = 0.0
    usage: Usage | None = None
    characters: int = 0
    finish: str | None = None
    upstream_id: str | None = None
    body: bytes = b""
    lane: Lane | None = None
    #: What the vendor is told and nobody else may know: the key, and headers that hold one.
    secrets: tuple[Secret, ...] = ()
    #: What a vendor said of our key, for the log.
    vendor_message: str | None = None
    #: The plugin's or driver's own exception, for the log.
    cause: Exception | None = field(default=None, repr=False)

    def attempt(self, now: float) -> Attempt:
        """What happened, as a value."""
        if (lane := self.lane) is not None:
            self.usage, self.characters = lane.usage, lane.characters
            self.finish, self.upstream_id = lane.finish, lane.upstream_id
        key = self.link.keyring.secret(self.key)
        return Attempt(
            self.id,
            self.planned,
            self.started,
            now,
            self.sent,
            self.failure,
            self.cancelled,
            self.committed,
            self.first_token,
            self.waited,
            self.usage,
            self.characters,
            self.finish,
            self.upstream_id,
            None if key is None else key.masked,
            self.dropped,
        )


async def perform(ex: Exchange, client: Client, reply: Reply) -> None:
    """Makes the attempt; everything that comes of it is noted in `ex`.

    Raises only `ClientGone` and a cancellation that is not our own clock's.
    """
    watch = Watch(ex.deadline, lambda: reply.blocked)
    answer: Answer | None = None
    try:
        request = _request(ex)
        watch.enter("first_token" if ex.call.stream else "total", _first_limit(ex))
        began = time.monotonic()
        try:
            answer = await _sending(ex, client, request)
        finally:
            ex.waited += time.monotonic() - began
        if not 200 <= answer.status < 300:
            ex.failure = await _refusal(ex, answer, watch)
        elif ex.call.stream:
            await _stream(ex, answer, reply, watch)
        else:
            _read_whole(ex, await _waiting(ex, answer, watch))
    except CallFailed as failed:
        ex.failure = _presentable(ex, failed.failure)
        _tell(ex, reply)
    except Unsupported as refused:
        message = f"{ex.link.name}: {refused}"
        ex.failure = Failure(Kind.UNSUPPORTED, message, param=refused.param)
    except ClientGone:
        ex.cancelled = True
        raise
    except asyncio.CancelledError:
        phase = watch.expired()
        if phase is None:
            # SDKs hang up at the last event, and may do so before the vendor does.
            ex.cancelled = not ex.delivered
            raise
        _ran_out(ex, phase, reply)
    except Exception as error:  # noqa: BLE001 - the border where foreign exceptions end
        ex.failure = failure_of(error)
        if ex.failure is None:
            ex.cause, ex.failure = error, plugin_failure(ex.link.provider.kind, error)
        elif ex.lane is not None and ex.failure.kind in (Kind.CUT, Kind.CONNECTION):
            ex.failure = Failure(Kind.CUT, "the provider's stream broke off")
            await _broke_off(ex, reply)
        else:
            _tell(ex, reply)
    finally:
        watch.close()
        if answer is not None:
            answer.close()


def _request(ex: Exchange) -> Request | Script:
    provider, target = ex.link.provider, ex.planned.target
    try:
        ex.relayed = provider.relays(ex.call, target)
        if not ex.relayed:
            ex.call, ex.dropped = fitted(
                ex.call,
                provider.offers,
                provider.vocabulary(target),
                drop=ex.link.drop_unsupported,
            )
        return provider.request(ex.call, target)
    except Unsupported:
        if ex.call.operation is not Operation.COUNT_TOKENS:
            raise
        # Clients count before they call; a vendor that cannot is helped out with an estimate.
        ex.relayed, ex.estimated = False, True
        return Script((Step(b"{}"),))
    except CallFailed:
        raise
    except Exception as error:
        ex.cause = error
        raise CallFailed(plugin_failure(ex.link.provider.kind, error)) from error


def _sending(ex: Exchange, client: Client, request: Request | Script) -> Awaitable[Answer]:
    key, credential = ex.link.keyring.secret(ex.key), ex.link.credential
    if key is None and credential is not None and not isinstance(request, Script):
        return _send_granted(ex, client, request, credential)
    ex.secrets = secrets_told(key, request)
    ex.sent = True
    return client.send(request, ex.link.provider.auth_header, key, ex.clocks.connect or 5.0)


async def _send_granted(
    ex: Exchange, client: Client, request: Request, credential: Credential
) -> Answer:
    token, signer = await credential.obtain(client.ask)
    ex.secrets = secrets_told(token, request)
    ex.sent = True
    header, connect = ex.link.provider.token_header, ex.clocks.connect or 5.0
    return await client.send(request, header, token, connect, signer)


def _first_limit(ex: Exchange) -> float | None:
    return ex.clocks.first_token if ex.call.stream else ex.clocks.total


async def _waiting(ex: Exchange, answer: Answer, watch: Watch) -> Response:
    # Before its first byte a whole answer may take as long as it takes; a body that has begun and
    # stops is another matter.
    began = time.monotonic()
    try:
        body = await answer.read(lambda: watch.enter("idle", ex.clocks.idle))
    finally:
        ex.waited += time.monotonic() - began
    return Response(answer.status, answer.headers, body)


async def _refusal(ex: Exchange, answer: Answer, watch: Watch) -> Failure:
    response = await _waiting(ex, answer, watch)
    response = Response(response.status, lowered(response.headers), response.body)
    try:
        return _presentable(ex, ex.link.provider.failure(ex.call, response))
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
        ex.cause = error
        return plugin_failure(ex.link.provider.kind, error)


def _presentable(ex: Exchange, failure: Failure) -> Failure:
    if about_our_key(failure):
        ex.vendor_message = failure.message
    return presentable(failure, ex.secrets)


def _read_whole(ex: Exchange, response: Response) -> None:
    """A whole answer: relayed as it is where the provider speaks the dialect, translated
    otherwise.
    """
    if ex.relayed:
        try:
            reading = ex.dialect.read(ex.call, response.body)
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise CallFailed(
                Failure(Kind.GARBLED, "the provider's answer is not what was asked for")
            ) from error
        ex.usage, ex.finish, ex.upstream_id = reading.usage, reading.finish, reading.upstream_id
        ex.body = reading.body
        return
    try:
        events = _events(ex, response)
    except ValueError as error:
        raise CallFailed(
            Failure(Kind.GARBLED, "the provider's answer is not what was asked for")
        ) from error
    for event in events:
        match event:
            case Usage():
                ex.usage = event if ex.usage is None else ex.usage.updated(event)
            case Text(text) | Reasoning(text):
                ex.characters += len(text)
            case ToolCall():
                ex.characters += len(event.arguments)
            case Finish(reason):
                ex.finish = reason
            case _:
                pass
    ex.body = ex.dialect.whole(ex.call, events, ex.created)


def _events(ex: Exchange, response: Response) -> list[Event]:
    if ex.estimated:
        return [Usage(input=ex.call.input_tokens)]
    return list(ex.link.provider.reply(ex.call, ex.planned.target, response))


def _lane(ex: Exchange) -> Lane:
    target, provider = ex.planned.target, ex.link.provider
    if not ex.relayed:
        return TranslateLane(ex.call, target, ex.dialect, provider, ex.created)
    return RelayLane(ex.call, ex.dialect, provider.framer(ex.call, target), ex.secrets)


async def _stream(ex: Exchange, answer: Answer, reply: Reply, watch: Watch) -> None:
    content_type = answer.headers.get("content-type", "")
    if ex.relayed and ("json" in content_type or "html" in content_type):
        # A whole answer, or an error page, where a stream was asked for.
        _read_whole(ex, await _waiting(ex, answer, watch))
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
    ex.delivered = ex.failure is None
    if lane.ended:
        await _linger(answer)


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
            ex.failure = _presentable(ex, lane.failure)
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
        ex.failure = _presentable(ex, lane.failure)
        if not lane.told:
            out += ex.dialect.cut(ex.failure, ex.call.id)
    if out and reply.write(out):
        await reply.drain()


async def _broke_off(ex: Exchange, reply: Reply) -> None:
    """The connection broke in mid-stream: whole all the same, or cut."""
    lane = ex.lane
    if lane is None or not ex.committed:
        return
    ex.failure = None
    await _finish_stream(ex, lane, lane.end(), reply)


def _ran_out(ex: Exchange, phase: str, reply: Reply) -> None:
    """A clock ran out: an answer that only lacked its last words is whole."""
    ex.failure = timeout_of(phase)
    _tell(ex, reply)


def _tell(ex: Exchange, reply: Reply) -> None:
    """A committed stream failed outside its lane: it is whole all the same, or says so."""
    lane = ex.lane
    if lane is None or not ex.committed or ex.failure is None:
        return
    if lane.whole:
        ex.failure = None
        reply.write(lane.end())
    else:
        reply.write(ex.dialect.cut(ex.failure, ex.call.id))


async def _linger(answer: Answer) -> None:
    """Reads to the end of the body, so that the connection can be used again."""
    try:
        async with asyncio.timeout(_LINGER):
            while await answer.chunk():
                pass
    except Exception:  # noqa: BLE001 - the answer is complete; its connection is just dropped
        return
