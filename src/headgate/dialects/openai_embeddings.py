"""`POST /v1/embeddings`: vectors as floats or base64, as the client asked."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from headgate.dialects.base import Reading
from headgate.dialects.fields import check_fields, integer, invalid, model_name, one_of, string
from headgate.dialects.openai_chat_tap import in_band_failure
from headgate.dialects.unstreamed import Unstreamed
from headgate.provider.call import Call, Operation
from headgate.provider.chat import Embed
from headgate.provider.events import Event, Usage, Vector
from headgate.provider.failure import CallFailed
from headgate.provider.usage import chat_usage

_MAX_INPUTS = 2048
#: Fields with a neutral word of their own, and those that only say how to write the answer.
_KNOWN = frozenset({"model", "input", "dimensions", "encoding_format", "user", "stream"})
_CHARACTERS_PER_TOKEN = 4

CHECKS = {
    "dimensions": integer(1, 2**20),
    "encoding_format": one_of("float", "base64"),
    "user": string,
}


class OpenAIEmbeddings(Unstreamed):
    """The dialect of `embeddings` in every OpenAI SDK."""

    name = "openai_embeddings"
    operation = Operation.EMBEDDINGS
    path = "/v1/embeddings"

    def parse(self, call_id: str, body: dict[str, Any], headers: Mapping[str, str]) -> Call:
        model = model_name(body)
        check_fields(body, CHECKS)
        if body.get("stream"):
            raise invalid("stream", "Embeddings cannot be streamed.")
        return Call(
            id=call_id,
            operation=self.operation,
            dialect=self.name,
            model=model,
            body=body,
            needs=frozenset(),
            input_tokens=_survey(body.get("input")),
            user=body.get("user"),
            headers=headers,
            reader=_read_embed,
        )

    def read(self, call: Call, body: bytes) -> Reading:
        answer = orjson.loads(body.lstrip())
        if not isinstance(answer, dict) or not isinstance(answer.get("data"), list):
            if isinstance(answer, dict) and (error := answer.get("error")):
                raise CallFailed(in_band_failure(error))
            raise ValueError("the answer has no data")
        usage = answer.get("usage")
        if isinstance(usage, dict):
            # All tokens of an embedding are the prompt's; some vendors say only the total.
            read = usage.get("prompt_tokens", usage.get("total_tokens"))
            counts = {"completion_tokens": 0, **usage, "prompt_tokens": read}
            usage = counts if type(read) is int else None
        if _recode(answer["data"], call.body.get("encoding_format") == "base64"):
            body = orjson.dumps(answer)
        return Reading(body, chat_usage(usage), None, answer.get("id"))

    def whole(self, call: Call, events: Iterable[Event], created: int) -> bytes:
        usage, data = Usage(), []
        for event in events:
            if isinstance(event, Usage):
                usage = usage.updated(event)
            elif isinstance(event, Vector):
                data.append(
                    {"object": "embedding", "index": event.index, "embedding": list(event.values)}
                )
        _recode(data, call.body.get("encoding_format") == "base64")
        return orjson.dumps(
            {
                "object": "list",
                "data": data,
                "model": call.model,
                "usage": {"prompt_tokens": usage.prompt, "total_tokens": usage.prompt},
            }
        )


def _recode(data: list[Any], as_base64: bool) -> bool:
    """Puts each vector in the form that was asked for, where the vendor chose the other.

    The Node SDK decodes whatever it gets as base64 if it asked for it. Little-endian float32.
    """
    changed = False
    for item in data:
        vector = item.get("embedding") if isinstance(item, dict) else None
        if as_base64 and isinstance(vector, list):
            try:
                packed = struct.pack(f"<{len(vector)}f", *vector)
            except (struct.error, OverflowError) as error:
                raise ValueError("a vector is not 32-bit floats") from error
            item["embedding"] = base64.b64encode(packed).decode("ascii")
            changed = True
        elif not as_base64 and isinstance(vector, str):
            raw = base64.b64decode(vector)
            if len(raw) % 4:
                raise ValueError("a vector is not 32-bit floats")
            item["embedding"] = list(struct.unpack(f"<{len(raw) // 4}f", raw))
            changed = True
    return changed


def _survey(value: Any) -> int:
    """Checks `input`; returns an estimate of its tokens."""
    if value is None:
        raise invalid("input", "Missing required parameter: 'input'.", "missing_required_parameter")
    if isinstance(value, str):
        if not value:
            raise invalid("input", "Invalid 'input': the text is empty.", "empty_string")
        return len(value) // _CHARACTERS_PER_TOKEN + 1
    if not isinstance(value, list):
        raise invalid("input", "Invalid type for 'input': expected a string or an array.")
    if not value:
        raise invalid("input", "Invalid 'input': the array is empty.", "empty_array")
    if all(isinstance(item, int) and not isinstance(item, bool) for item in value):
        return len(value)
    if len(value) > _MAX_INPUTS:
        raise invalid(
            "input",
            f"Invalid 'input': expected at most {_MAX_INPUTS} items, got {len(value)}.",
            "array_above_max_length",
        )
    tokens = 0
    for index, item in enumerate(value):
        if isinstance(item, str):
            tokens += len(item) // _CHARACTERS_PER_TOKEN + 1
        elif isinstance(item, list) and all(
            isinstance(token, int) and not isinstance(token, bool) for token in item
        ):
            tokens += len(item)
        else:
            raise invalid(
                f"input[{index}]",
                f"Invalid type for 'input[{index}]': expected a string or an array of integers.",
                "invalid_type",
            )
    return tokens


def _read_embed(body: Mapping[str, Any]) -> Embed:
    value = body["input"]
    if isinstance(value, str):
        inputs: tuple[str | tuple[int, ...], ...] = (value,)
    elif value and isinstance(value[0], int):
        inputs = (tuple(value),)
    else:
        inputs = tuple(item if isinstance(item, str) else tuple(item) for item in value)
    extras = {name: v for name, v in body.items() if name not in _KNOWN and v is not None}
    return Embed(inputs, body.get("dimensions"), extras)
