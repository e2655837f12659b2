"""What errors mean in Hugging Face's own servers and behind its router.

The router passes on what its vendors say, in OpenAI's shape or in its own: `{"error": "text"}`,
with `error_type` from the inference servers and `estimated_time` while a model is being loaded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import headgate as hg
from headgate_huggingface.json_values import is_number, json_value

#: `error_type` of the inference servers; `type` on their paths in OpenAI's dialect.
_TYPES: Mapping[str, hg.Kind] = {
    "overloaded": hg.Kind.OVERLOADED,
    "unhealthy": hg.Kind.OVERLOADED,
    "backend": hg.Kind.SERVER_ERROR,
    "generation": hg.Kind.SERVER_ERROR,
    "incomplete_generation": hg.Kind.SERVER_ERROR,
}
_CODES: Mapping[str, hg.Kind] = {"model_not_supported": hg.Kind.MODEL_NOT_FOUND}
#: Sentences that say more than their status, found by words of theirs.
_SENTENCES: tuple[tuple[str, hg.Kind], ...] = (
    ("must have less than", hg.Kind.CONTEXT_LENGTH),
    ("maximum allowed batch size", hg.Kind.TOO_LARGE),
    ("not supported by any provider", hg.Kind.MODEL_NOT_FOUND),
)
#: `RateLimit: "api";r=0;t=55`: nothing remains, and a new window begins in 55 seconds.
_WINDOW = re.compile(r";\s*t=(\d{1,4})\b")
_MAX_MESSAGE = 2000
_LONGEST_WAIT = 3600.0


def refined(failure: hg.Failure, response: hg.Response) -> hg.Failure:
    """`failure` with what the body says beyond OpenAI's shape."""
    body = _object(response.body)
    message = _text(body, response) or failure.message
    type_ = body.get("error_type")
    failure = replace(
        failure, message=message, type=type_ if isinstance(type_, str) else failure.type
    )
    kind = _TYPES.get(failure.type or "") or _CODES.get(failure.code or "") or failure.kind
    if kind is hg.Kind.INVALID_REQUEST:
        said = message.lower()
        kind = next((kind for words, kind in _SENTENCES if words in said), kind)
    failure = replace(failure, kind=kind)
    if failure.retry_after is not None:
        return failure
    if is_number(wait := body.get("estimated_time")) and 0 <= wait <= _LONGEST_WAIT:
        # The model is being loaded, and the server guesses for how long.
        return replace(failure, kind=hg.Kind.OVERLOADED, retry_after=float(wait))
    if kind is hg.Kind.RATE_LIMITED and (window := _WINDOW.search(_limits(response))):
        return replace(failure, retry_after=float(window[1]))
    return failure


def told(answer: Mapping[str, Any]) -> hg.CallFailed:
    """The failure that `{"error": ...}` in a 200 stands for."""
    message = _sentence(answer.get("error")) or "the provider reports an error"
    kind = _TYPES.get(str(answer.get("error_type")), hg.Kind.SERVER_ERROR)
    return hg.CallFailed(hg.Failure(kind, message))


def _limits(response: hg.Response) -> str:
    return response.headers.get("ratelimit", "")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json_value(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _text(body: Mapping[str, Any], response: hg.Response) -> str | None:
    """The vendor's words where they are not where OpenAI puts them."""
    if body:
        return _sentence(body.get("error"))
    if not response.headers.get("content-type", "").startswith("text/plain"):
        return None
    return response.body.decode("utf-8", "replace").strip()[:_MAX_MESSAGE]


def _sentence(error: object) -> str | None:
    """A text, or the texts of a list, as one."""
    if isinstance(error, list):
        error = "; ".join(item for item in error if isinstance(item, str))
    return error[:_MAX_MESSAGE] if isinstance(error, str) else None
