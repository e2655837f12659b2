"""A whole answer, or the refusal of one: read, and put into the client's words."""

from __future__ import annotations

import time

from headgate.attempts.exchange import Exchange
from headgate.attempts.lanes import plugin_failure
from headgate.attempts.wording import about_our_key, presentable
from headgate.provider.events import Event, Finish, Reasoning, Text, ToolCall, Usage
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.wire import Response
from headgate.upstream.answer import Answer
from headgate.upstream.client import lowered
from headgate.upstream.clocks import Watch


async def waiting(ex: Exchange, answer: Answer, watch: Watch) -> Response:
    """All of an answer. Raises `CallFailed` where it is too large."""
    # Before its first byte a whole answer may take as long as it takes; a body that has begun and
    # stops is another matter.
    began = time.monotonic()
    try:
        body = await answer.read(lambda: watch.enter("idle", ex.clocks.idle))
    finally:
        ex.waited += time.monotonic() - began
    return Response(answer.status, answer.headers, body)


async def refusal(ex: Exchange, answer: Answer, watch: Watch) -> Failure:
    """What an answer that is not 2xx means, in words that may leave the gateway."""
    response = await waiting(ex, answer, watch)
    response = Response(response.status, lowered(response.headers), response.body)
    try:
        return presented(ex, ex.link.provider.failure(ex.call, response))
    except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
        ex.cause = error
        return plugin_failure(ex.link.provider.kind, error)


def presented(ex: Exchange, failure: Failure) -> Failure:
    """A failure without our secrets; what is said of our own key is kept for the log."""
    if about_our_key(failure):
        ex.vendor_message = failure.message
    return presentable(failure, ex.secrets)


def read_whole(ex: Exchange, response: Response) -> None:
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
