"""`POST /v1/chat/completions`: from the client's JSON to a checked `Call`, and its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

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
    streaming,
    string,
)
from headgate.dialects.openai_chat_read import read_chat
from headgate.dialects.openai_chat_render import ChatRenderer, render_whole
from headgate.dialects.openai_chat_tap import ChatTap, read_whole
from headgate.dialects.openai_errors import error_body, error_frame
from headgate.provider.call import Call, Operation
from headgate.provider.events import Event
from headgate.provider.failure import Failure

_MAX_MESSAGES = 100_000
_MAX_TOKENS = 10**8
#: Roughly what an image or a document costs a prompt; the estimate only chooses routes.
_PART_TOKENS = 800
_CHARACTERS_PER_TOKEN = 4

CHECKS = {
    "messages": array(_MAX_MESSAGES, dict),
    "stream": boolean,
    "stream_options": mapping,
    "n": integer(1, 128),
    "max_tokens": limit(_MAX_TOKENS),
    "max_completion_tokens": limit(_MAX_TOKENS),
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "seed": integer(-(2**63), 2**63 - 1),
    "logprobs": boolean,
    "top_logprobs": integer(0, 20),
    "logit_bias": mapping,
    "tools": array(1024, dict),
    "functions": array(1024, dict),
    "parallel_tool_calls": boolean,
    "response_format": mapping,
    "user": string,
    "metadata": mapping,
    "store": boolean,
    "service_tier": string,
    "reasoning_effort": string,
    "safety_identifier": string,
    "prompt_cache_key": string,
}

#: Content part types that need a capability of the model.
_PART_NEEDS = {"image_url": "vision", "input_audio": "audio", "file": "pdf"}


class OpenAIChat:
    """The dialect of `chat.completions` in every OpenAI SDK."""

    name = "openai_chat"
    operation = Operation.CHAT
    path = "/v1/chat/completions"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        model = model_name(body)
        check_fields(body, CHECKS)
        characters, parts, needs = _survey(body)
        stream, usage_wanted = streaming(body)
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model=model,
            body=body,
            stream=stream,
            choices=body.get("n") or 1,
            usage_wanted=usage_wanted,
            needs=frozenset(needs),
            input_tokens=characters // _CHARACTERS_PER_TOKEN + parts * _PART_TOKENS,
            user=body.get("user"),
            headers=headers,
            reader=read_chat,
        )

    def read(self, call: Call, body: bytes) -> Reading:
        return read_whole(body)

    def tap(self, call: Call) -> Tap:
        return ChatTap(call.choices, call.usage_wanted)

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        return render_whole(call, events, created)

    def renderer(self, call: Call, created: int) -> Renderer:
        return ChatRenderer(call, created)

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def error(self, failure: Failure, request_id: str) -> bytes:
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        return error_frame(failure, request_id)


def _survey(body: Mapping[str, Any]) -> tuple[int, int, set[str]]:
    """Checks the messages; returns characters of text, other parts, and capabilities needed."""
    messages = body.get("messages")
    if not messages:
        raise invalid(
            "messages",
            "Missing required parameter: 'messages'."
            if messages is None
            else "Invalid 'messages': expected at least one message.",
            "missing_required_parameter" if messages is None else "empty_array",
        )
    characters, parts = 0, 0
    needs: set[str] = set()
    for index, message in enumerate(messages):
        if not isinstance(message.get("role"), str):
            raise invalid(f"messages[{index}].role", f"'messages[{index}].role' must be a string.")
        content = message.get("content")
        if isinstance(content, str):
            characters += len(content)
        elif isinstance(content, list):
            seen, others = _survey_parts(index, content, needs)
            characters, parts = characters + seen, parts + others
        elif content is not None:
            raise invalid(
                f"messages[{index}].content",
                f"Invalid type for 'messages[{index}].content': "
                "expected a string or an array of parts.",
                "invalid_type",
            )
    if body.get("tools") or body.get("functions"):
        needs.add("tools")
    form = body.get("response_format")
    if form is not None and form.get("type") == "json_schema":
        needs.add("json_schema")
    return characters, parts, needs


def _survey_parts(index: int, content: list[Any], needs: set[str]) -> tuple[int, int]:
    characters, parts = 0, 0
    for at, part in enumerate(content):
        if not isinstance(part, dict) or not isinstance(part.get("type"), str):
            raise invalid(
                f"messages[{index}].content[{at}]",
                f"'messages[{index}].content[{at}]' must be an object with a 'type'.",
                "invalid_type",
            )
        text = part.get("text")
        if isinstance(text, str):
            characters += len(text)
        elif (need := _PART_NEEDS.get(part["type"])) is not None:
            needs.add(need)
            parts += 1
    return characters, parts
