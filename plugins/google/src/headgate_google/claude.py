"""Anthropic's models on Vertex AI: the Messages API at addresses of Google's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import headgate as hg
from headgate_anthropic import (
    MessagesFeed,
    count_body,
    failure_of,
    own_blocks,
    read_message,
    request_body,
)
from headgate_google.reading import count, mapping, parsed

_VERSION = "vertex-2023-10-16"
#: Dialects whose bodies are Anthropic's own.
DIALECTS = frozenset({"anthropic_messages", "anthropic_count_tokens"})
#: Counting has an address of its own, and names the model in its body.
_COUNTER = "count-tokens"


class Asked(NamedTuple):
    """A request: the model and the method in its address, its body, and its headers."""

    model: str
    verb: str
    body: Mapping[str, Any]
    headers: Mapping[str, str]


def serves(model: str) -> bool:
    """Whether a model of Vertex AI is one of Anthropic's."""
    return model.startswith("claude-")


def asked(call: hg.Call, target: hg.Target) -> Asked:
    """What to ask for a call, in Anthropic's dialect or in any other."""
    counting = call.operation is hg.Operation.COUNT_TOKENS
    body = {"anthropic_version": _VERSION, **_body(call, target, counting=counting)}
    beta = call.headers.get("anthropic-beta") if call.dialect in DIALECTS else None
    headers = {"anthropic-beta": beta} if beta else {}
    if counting:
        return Asked(_COUNTER, "rawPredict", {**body, "model": target.model}, headers)
    body.pop("model", None)
    verb = "streamRawPredict" if call.stream else "rawPredict"
    return Asked(target.model, verb, body, headers)


def _body(call: hg.Call, target: hg.Target, *, counting: bool) -> Mapping[str, Any]:
    if call.dialect in DIALECTS:
        return own_blocks(call.body)
    if counting:
        return count_body(call.chat, target)
    return request_body(call.chat, target, stream=call.stream)


def events(call: hg.Call, response: hg.Response) -> Iterable[hg.Event]:
    """The events of a whole answer."""
    if call.operation is not hg.Operation.COUNT_TOKENS:
        return read_message(response.body)
    answer = mapping(parsed(response.body))
    if "input_tokens" not in answer:
        raise ValueError("the answer has no input_tokens")
    return (hg.Usage(input=count(answer["input_tokens"])),)


def feed() -> hg.Feed:
    """A decoder for one stream."""
    return MessagesFeed()


def failed(response: hg.Response) -> hg.Failure:
    """What an error in Anthropic's shape means."""
    return failure_of(response)
