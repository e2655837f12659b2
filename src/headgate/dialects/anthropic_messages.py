"""`POST /v1/messages`: from the client's JSON to a checked `Call`, and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headgate.dialects.anthropic_errors import error_body, error_frame, invalid, renamed
from headgate.dialects.anthropic_read import read_chat
from headgate.dialects.anthropic_render import MessageRenderer, render_whole
from headgate.dialects.anthropic_survey import survey
from headgate.dialects.anthropic_tap import MESSAGE_STOP, MessageTap, read_whole
from headgate.dialects.base import Reading, Renderer, Tap
from headgate.dialects.fields import (
    array,
    boolean,
    check_fields,
    integer,
    mapping,
    model_name,
    number,
    string,
)
from headgate.provider.call import Call, Operation
from headgate.provider.events import Event
from headgate.provider.failure import CallFailed, Failure

_MAX_MESSAGES = 100_000
_MAX_TOKENS = 10**8
_MAX_TOOLS = 10_000
_MAX_STOPS = 10_000

CHECKS = {
    "messages": array(_MAX_MESSAGES),
    # 0 asks for no answer: it only fills the vendor's cache.
    "max_tokens": integer(0, _MAX_TOKENS),
    "stream": boolean,
    "stop_sequences": array(_MAX_STOPS, str),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "top_k": integer(-1),
    "tools": array(_MAX_TOOLS),
    "tool_choice": mapping,
    "thinking": mapping,
    "output_config": mapping,
    "metadata": mapping,
    "service_tier": string,
}


class AnthropicMessages:
    """The dialect of `messages` in every Anthropic SDK."""

    name = "anthropic_messages"
    operation = Operation.CHAT
    path = "/v1/messages"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        call = checked_call(self.name, self.operation, call_id, body, headers)
        if body.get("max_tokens") is None:
            raise invalid("max_tokens", "Field required")
        return call._replace(stream=body.get("stream") is True)

    def read(self, call: Call, body: bytes) -> Reading:
        return read_whole(body)

    def tap(self, call: Call) -> Tap:
        return MessageTap()

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        return render_whole(call, events)

    def renderer(self, call: Call, created: int) -> Renderer:
        return MessageRenderer(call)

    def end(self) -> bytes:
        return MESSAGE_STOP

    def error(self, failure: Failure, request_id: str) -> bytes:
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        return error_frame(failure, request_id)


def checked_call(
    dialect: str,
    operation: Operation,
    call_id: str,
    body: dict[str, Any],
    headers: Mapping[str, str],
) -> Call:
    """A call with everything that counting tokens and answering have in common.

    Raises `CallFailed` naming the field.
    """
    try:
        model = model_name(body)
        check_fields(body, CHECKS)
    except CallFailed as failed:
        raise CallFailed(renamed(failed.failure)) from None
    found = survey(body)
    user = (body.get("metadata") or {}).get("user_id")
    if user is not None and not isinstance(user, str):
        raise invalid("metadata.user_id", "Input should be a valid string")
    return Call(
        id=call_id,
        operation=operation,
        dialect=dialect,
        model=model,
        body=body,
        needs=frozenset(found.needs),
        input_tokens=found.tokens,
        user=user,
        headers=headers,
        reader=read_chat,
    )
