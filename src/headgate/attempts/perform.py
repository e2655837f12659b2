"""One attempt from the request to the end of the answer: a thin driver around a lane."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable

from headgate.attempts.exchange import Exchange
from headgate.attempts.lanes import plugin_failure
from headgate.attempts.reply import ClientGone, Reply
from headgate.attempts.streaming import broke_off, ran_out, stream, tell
from headgate.attempts.whole import presented, read_whole, refusal, waiting
from headgate.attempts.wording import secrets_told
from headgate.provider.call import Operation
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.fit import fitted
from headgate.provider.wire import Request, Script, Step
from headgate.upstream.answer import Answer
from headgate.upstream.client import Client
from headgate.upstream.clocks import Watch
from headgate.upstream.credential import Credential
from headgate.upstream.failures import failure_of


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
            ex.failure = await refusal(ex, answer, watch)
        elif ex.call.stream:
            await stream(ex, answer, reply, watch)
        else:
            read_whole(ex, await waiting(ex, answer, watch))
    except CallFailed as failed:
        ex.failure = presented(ex, failed.failure)
        tell(ex, reply)
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
        ran_out(ex, phase, reply)
    except Exception as error:  # noqa: BLE001 - the border where foreign exceptions end
        ex.failure = failure_of(error)
        if ex.failure is None:
            ex.cause, ex.failure = error, plugin_failure(ex.link.provider.kind, error)
        elif ex.lane is not None and ex.failure.kind in (Kind.CUT, Kind.CONNECTION):
            ex.failure = Failure(Kind.CUT, "the provider's stream broke off")
            await broke_off(ex, reply)
        else:
            tell(ex, reply)
    finally:
        watch.close()
        if answer is not None and ex.delivered:
            client.see_out(answer)
        elif answer is not None:
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
