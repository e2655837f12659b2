"""`POST /v1/messages/count_tokens`: how long a prompt is, without asking it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from headgate.dialects.anthropic_errors import error_body, error_frame, in_band_failure
from headgate.dialects.anthropic_messages import checked_call
from headgate.dialects.base import Reading, Renderer, Tap
from headgate.provider.call import Call, Operation
from headgate.provider.events import Event, Usage
from headgate.provider.failure import CallFailed, Failure, Unsupported


class AnthropicCountTokens:
    """The dialect of `messages.count_tokens` in every Anthropic SDK."""

    name = "anthropic_count_tokens"
    operation = Operation.COUNT_TOKENS
    path = "/v1/messages/count_tokens"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        return checked_call(self.name, self.operation, call_id, body, headers)

    def read(self, call: Call, body: bytes) -> Reading:
        answer = orjson.loads(body.lstrip())
        if not isinstance(answer, dict) or type(answer.get("input_tokens")) is not int:
            if isinstance(answer, dict) and answer.get("error"):
                raise CallFailed(in_band_failure(answer))
            raise ValueError("the answer has no count")
        # The tokens were counted, not used.
        return Reading(body, Usage(input=0, output=0), None, None)

    def tap(self, call: Call) -> Tap:
        raise Unsupported("counts are not streamed", "stream")

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        usage = Usage()
        for event in events:
            if isinstance(event, Usage):
                usage = usage.updated(event)
        return orjson.dumps({"input_tokens": usage.prompt})

    def renderer(self, call: Call, created: int) -> Renderer:
        raise Unsupported("counts are not streamed", "stream")

    def end(self) -> bytes:
        return b""

    def error(self, failure: Failure, request_id: str) -> bytes:
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        return error_frame(failure, request_id)
