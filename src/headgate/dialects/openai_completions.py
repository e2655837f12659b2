"""`POST /v1/completions`, the older way to continue a text, relayed as it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headgate.dialects.base import Reading, Renderer, Tap
from headgate.dialects.fields import (
    boolean,
    check_fields,
    integer,
    invalid,
    mapping,
    model_name,
    number,
    streaming,
    string,
)
from headgate.dialects.openai_chat_tap import ChatTap, read_whole
from headgate.dialects.openai_errors import error_body, error_frame
from headgate.provider.call import Call, Operation
from headgate.provider.events import Event
from headgate.provider.failure import Failure, Unsupported

_MAX_PROMPTS = 2048
_MAX_TOKENS = 10**8
_CHARACTERS_PER_TOKEN = 4

#: None of a text's tokens (it is only measured), some, or -1: as many as fit, for some servers.
_tokens = integer(-1, _MAX_TOKENS)

CHECKS = {
    "stream": boolean,
    "stream_options": mapping,
    "n": integer(1, 128),
    "best_of": integer(1, 128),
    "max_tokens": _tokens,
    "temperature": number(0, 2),
    "top_p": number(0, 1),
    "presence_penalty": number(-2, 2),
    "frequency_penalty": number(-2, 2),
    "seed": integer(-(2**63), 2**63 - 1),
    "logprobs": _tokens,
    "logit_bias": mapping,
    "echo": boolean,
    "suffix": string,
    "user": string,
}


class OpenAICompletions:
    """The dialect of `completions` in every OpenAI SDK."""

    name = "openai_completions"
    operation = Operation.COMPLETIONS
    path = "/v1/completions"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        model = model_name(body)
        check_fields(body, CHECKS)
        prompts, tokens = _survey(body.get("prompt"))
        stream, usage_wanted = streaming(body)
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model=model,
            body=body,
            stream=stream,
            choices=(body.get("n") or 1) * prompts,
            usage_wanted=usage_wanted,
            input_tokens=tokens,
            user=body.get("user"),
            headers=headers,
        )

    def read(self, call: Call, body: bytes) -> Reading:
        return read_whole(body)

    def tap(self, call: Call) -> Tap:
        return CompletionsTap(call.choices, call.usage_wanted)

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        raise Unsupported("text completions are only relayed")

    def renderer(self, call: Call, created: int) -> Renderer:
        raise Unsupported("text completions are only relayed", "stream")

    def end(self) -> bytes:
        return b"data: [DONE]\n\n"

    def error(self, failure: Failure, request_id: str) -> bytes:
        return error_body(failure, request_id)

    def cut(self, failure: Failure, request_id: str) -> bytes:
        return error_frame(failure, request_id)


class CompletionsTap(ChatTap):
    """Reads a `text_completion` stream going by: chat chunks whose choices hold bare text."""

    __slots__ = ()

    def _choose(self, choices: list[Any]) -> bool:
        as_chat = [{**choice, "delta": {"content": choice.get("text")}} for choice in choices]
        return super()._choose(as_chat)


def _survey(prompt: Any) -> tuple[int, int]:
    """Checks `prompt`; returns how many prompts it holds and an estimate of their tokens."""
    if prompt is None:
        raise invalid(
            "prompt", "Missing required parameter: 'prompt'.", "missing_required_parameter"
        )
    if isinstance(prompt, str):
        return 1, len(prompt) // _CHARACTERS_PER_TOKEN + 1
    if not isinstance(prompt, list):
        raise invalid(
            "prompt", "Invalid type for 'prompt': expected a string or an array.", "invalid_type"
        )
    if not prompt:
        raise invalid("prompt", "Invalid 'prompt': the array is empty.", "empty_array")
    if _is_token(prompt[0]):
        _check_tokens("prompt", prompt)
        return 1, len(prompt)
    if len(prompt) > _MAX_PROMPTS:
        raise invalid(
            "prompt",
            f"Invalid 'prompt': expected at most {_MAX_PROMPTS} items, got {len(prompt)}.",
            "array_above_max_length",
        )
    return len(prompt), sum(_survey_one(f"prompt[{at}]", one) for at, one in enumerate(prompt))


def _survey_one(name: str, prompt: Any) -> int:
    if isinstance(prompt, str):
        return len(prompt) // _CHARACTERS_PER_TOKEN + 1
    if not isinstance(prompt, list):
        raise invalid(
            name,
            f"Invalid type for '{name}': expected a string or an array of integers.",
            "invalid_type",
        )
    _check_tokens(name, prompt)
    return len(prompt)


def _check_tokens(name: str, tokens: list[Any]) -> None:
    for at, token in enumerate(tokens):
        if not _is_token(token):
            raise invalid(
                f"{name}[{at}]",
                f"Invalid type for '{name}[{at}]': expected a token, a whole number from 0.",
                "invalid_type",
            )


def _is_token(value: Any) -> bool:
    return type(value) is int and value >= 0
