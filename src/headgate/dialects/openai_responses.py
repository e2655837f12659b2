"""`POST /v1/responses`, relayed to vendors that speak it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from headgate.dialects.base import Reading, Renderer, Tap
from headgate.dialects.fields import (
    array,
    boolean,
    check_fields,
    integer,
    invalid,
    limit,
    mapping,
    model_name,
    number,
    string,
)
from headgate.dialects.openai_errors import error_body, error_object
from headgate.dialects.openai_responses_tap import ResponsesTap, read_answer, read_stored
from headgate.dialects.response_ids import opened
from headgate.provider.call import Call, Operation, Pin
from headgate.provider.events import Event
from headgate.provider.failure import Failure, Unsupported

_MAX_ITEMS = 100_000
_MAX_TOKENS = 10**8
#: Roughly what an image or a document costs a prompt; the estimate only chooses routes.
_PART_TOKENS = 800
_CHARACTERS_PER_TOKEN = 4

CHECKS = {
    "instructions": string,
    "previous_response_id": string,
    "prompt": mapping,
    "stream": boolean,
    "stream_options": mapping,
    "background": boolean,
    "store": boolean,
    "include": array(64, str),
    "max_output_tokens": limit(_MAX_TOKENS),
    "max_tool_calls": integer(0, _MAX_TOKENS),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "top_logprobs": integer(0, 20),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "tools": array(1024, dict),
    "parallel_tool_calls": boolean,
    "text": mapping,
    "reasoning": mapping,
    "context_management": array(64, dict),
    "truncation": string,
    "metadata": mapping,
    "service_tier": string,
    "user": string,
    "safety_identifier": string,
    "prompt_cache_key": string,
    "prompt_cache_options": mapping,
}
_ITEMS = array(_MAX_ITEMS, dict)

#: Fields that stand in for `input`: there is something to answer without it.
_INSTEAD_OF_INPUT = ("previous_response_id", "conversation", "prompt")
#: Content part types that need a capability of the model.
_PART_NEEDS = {
    "input_image": "vision",
    "computer_screenshot": "vision",
    "input_audio": "audio",
    "input_file": "pdf",
}
#: Tools that the client runs; the vendor runs the others, and they need nothing of the model.
_CLIENTS_TOOLS = frozenset({"function", "custom", "namespace"})
#: Where an item or a part keeps its text, and where an item keeps its parts.
_TEXTS = ("text", "refusal", "arguments", "input", "stdout", "stderr")
_CONTENTS = ("content", "output", "summary")


class OpenAIResponses:
    """The dialect of `responses` in every OpenAI SDK."""

    name = "openai_responses"
    operation = Operation.RESPONSES
    path = "/v1/responses"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        model = model_name(body)
        check_fields(body, CHECKS)
        needs: set[str] = set()
        characters, parts = _survey(body, needs)
        known, pin = _unsealed(body)
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model=model,
            body=known,
            stream=body.get("stream") is True,
            needs=frozenset(needs),
            input_tokens=characters // _CHARACTERS_PER_TOKEN + parts * _PART_TOKENS,
            user=body.get("user"),
            headers=headers,
            pin=pin,
        )

    def read(self, call: Call, body: bytes) -> Reading:
        return read_answer(call, body) if call.resource is None else read_stored(call, body)

    def tap(self, call: Call) -> Tap:
        return ResponsesTap(call)

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        raise Unsupported("responses are only relayed")

    def renderer(self, call: Call, created: int) -> Renderer:
        raise Unsupported("responses are only relayed", "stream")

    def end(self) -> bytes:
        return b""

    def error(self, failure: Failure, request_id: str) -> bytes:
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        """Says the error twice: SDKs raise what they find under `error`, readers of events look
        beside it. The number is no event's: whoever resumes after it starts anew.
        """
        error = error_object(failure, request_id)
        event = {
            "type": "error",
            "error": error,
            "code": error["code"],
            "message": error["message"],
            "param": error["param"],
            "sequence_number": 0,
        }
        return b"event: error\ndata: " + orjson.dumps(event) + b"\n\n"


def _unsealed(body: dict[str, Any]) -> tuple[dict[str, Any], Pin | None]:
    """The body with the vendor's own ids in place of ours, and where they live."""
    found = opened(body.get("previous_response_id") or "")
    pin = None
    if found is not None:
        upstream_id, pin = found
        body = {**body, "previous_response_id": upstream_id}
    # A mere diagnosis: it decides where the call goes only if nothing else does.
    cache = body.get("prompt_cache_options") or {}
    compared = cache.get("comparison_response_id")
    if isinstance(compared, str) and (found := opened(compared)) is not None:
        upstream_id, where = found
        body = {**body, "prompt_cache_options": {**cache, "comparison_response_id": upstream_id}}
        pin = pin or where
    return body, pin


def _survey(body: Mapping[str, Any], needs: set[str]) -> tuple[int, int]:
    """Checks the input; returns characters of text and other parts, and notes what they need."""
    characters, parts = len(body.get("instructions") or ""), 0
    match body.get("input"):
        case str(text):
            characters += len(text)
        case [*items]:
            _ITEMS("input", items)
            for index, item in enumerate(items):
                seen, others = _survey_item(f"input[{index}]", item, needs)
                characters, parts = characters + seen, parts + others
        case None:
            pass
        case _:
            raise invalid(
                "input",
                "Invalid type for 'input': expected a string or an array of items.",
                "invalid_type",
            )
    if body.get("input") in (None, []) and not any(body.get(one) for one in _INSTEAD_OF_INPUT):
        raise invalid("input", "Missing required parameter: 'input'.", "missing_required_parameter")
    if any(str(tool.get("type")) in _CLIENTS_TOOLS for tool in body.get("tools") or ()):
        needs.add("tools")
    form = (body.get("text") or {}).get("format")
    if form is not None:
        mapping("text.format", form)
        if form.get("type") == "json_schema":
            needs.add("json_schema")
    return characters, parts


def _survey_item(name: str, item: Mapping[str, Any], needs: set[str]) -> tuple[int, int]:
    for field in ("type", "role"):
        if (word := item.get(field)) is not None:
            string(f"{name}.{field}", word)
    _check_content(f"{name}.content", item.get("content"))
    characters, parts = _survey_part(item, needs)
    for field in _CONTENTS:
        content = item.get(field)
        if isinstance(content, str):
            characters += len(content)
            continue
        for part in content if isinstance(content, list) else (content,):
            if isinstance(part, dict):
                seen, others = _survey_part(part, needs)
                characters, parts = characters + seen, parts + others
    return characters, parts


def _check_content(name: str, content: Any) -> None:
    if content is None or isinstance(content, str):
        return
    if not isinstance(content, list):
        raise invalid(
            name,
            f"Invalid type for '{name}': expected a string or an array of parts.",
            "invalid_type",
        )
    for at, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise invalid(
                f"{name}[{at}]",
                f"'{name}[{at}]' must be an object with a 'type'.",
                "invalid_type",
            )


def _survey_part(part: Mapping[str, Any], needs: set[str]) -> tuple[int, int]:
    """Characters of text in a part or item, and 1 if it is something other than text."""
    need = _PART_NEEDS.get(str(part.get("type")))
    if need is not None:
        needs.add(need)
        return 0, 1
    return sum(len(text) for name in _TEXTS if isinstance(text := part.get(name), str)), 0
