"""Bedrock's errors, as answers and as messages of a stream."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import headgate as hg

#: The names of exceptions, in lower case and without that word.
_KINDS: Mapping[str, hg.Kind] = {
    "accessdenied": hg.Kind.CREDENTIALS,
    "expiredtoken": hg.Kind.CREDENTIALS,
    "unrecognizedclient": hg.Kind.CREDENTIALS,
    "invalidsignature": hg.Kind.CREDENTIALS,
    "incompletesignature": hg.Kind.CREDENTIALS,
    "missingauthenticationtoken": hg.Kind.CREDENTIALS,
    "notauthorized": hg.Kind.CREDENTIALS,
    "throttling": hg.Kind.RATE_LIMITED,
    "toomanyrequests": hg.Kind.RATE_LIMITED,
    "modelnotready": hg.Kind.OVERLOADED,
    "servicequotaexceeded": hg.Kind.QUOTA_EXHAUSTED,
    "validation": hg.Kind.INVALID_REQUEST,
    "conflict": hg.Kind.INVALID_REQUEST,
    "resourcenotfound": hg.Kind.MODEL_NOT_FOUND,
    "unknownoperation": hg.Kind.MODEL_NOT_FOUND,
    "modeltimeout": hg.Kind.TIMEOUT,
    "modelerror": hg.Kind.SERVER_ERROR,
    "modelstreamerror": hg.Kind.SERVER_ERROR,
    "internalserver": hg.Kind.SERVER_ERROR,
    "internalfailure": hg.Kind.SERVER_ERROR,
    "serviceunavailable": hg.Kind.OVERLOADED,
}
#: What a refusal means more exactly, told by its words alone. The first that fits counts.
_SAID: tuple[tuple[hg.Kind, tuple[str, ...]], ...] = (
    (
        hg.Kind.CONTEXT_LENGTH,
        (
            "input is too long",
            "prompt is too long",
            "maximum context",
            "context length",
            "context window",
            "too many input tokens",
            "input tokens exceeded",
            "exceeds the maximum number of tokens",
            "exceed context limit",
        ),
    ),
    (hg.Kind.CONTENT_FILTER, ("content filtering policy", "blocked by our content filters")),
    (
        hg.Kind.MODEL_NOT_FOUND,
        (
            "model identifier is invalid",
            "on-demand throughput isn",
            "model is not supported in this region",
            "isn't supported on this route",
        ),
    ),
    (hg.Kind.UNSUPPORTED, ("model doesn't support", "model does not support")),
)
_NO_ACCESS_TO_MODEL = "access to the model"
_MAX_MESSAGE = 2000


def answer_failure(response: hg.Response) -> hg.Failure:
    """What an answer that is not 2xx means."""
    body = _object(response.body)
    name = response.headers.get("x-amzn-errortype") or body.get("__type")
    generic = hg.by_status(response)
    if not isinstance(name, str) and "error" in body:
        # The paths of other vendors' dialects answer in their words.
        return generic
    kind = _KINDS.get(_plain(name), generic.kind) if isinstance(name, str) else generic.kind
    message = _message(body) or generic.message
    return hg.Failure(
        _exactly(kind, message),
        message,
        status=response.status,
        retry_after=hg.retry_after(response.headers),
        code=_short(name) if isinstance(name, str) else None,
    )


def stream_failure(exception: str, payload: bytes) -> hg.Failure:
    """What an exception in the middle of a stream means."""
    kind = _KINDS.get(_plain(exception), hg.Kind.SERVER_ERROR)
    body = _object(payload)
    message = _message(body) or f"the model's stream failed ({exception})"
    status = body.get("originalStatusCode")
    return hg.Failure(
        _exactly(kind, message),
        message,
        status=status if type(status) is int else None,
        code=exception,
    )


def _exactly(kind: hg.Kind, message: str) -> hg.Kind:
    lowered = message.lower()
    if kind is hg.Kind.CREDENTIALS and _NO_ACCESS_TO_MODEL in lowered:
        # The key is good; this account has not been given this one model.
        return hg.Kind.MODEL_NOT_FOUND
    if kind in (hg.Kind.INVALID_REQUEST, hg.Kind.TOO_LARGE):
        for better, words in _SAID:
            if any(word in lowered for word in words):
                return better
    return kind


def _short(name: str) -> str:
    """`ns#ThrottlingException:http://...` -> `ThrottlingException`."""
    return name.partition(":")[0].rpartition("#")[2]


def _plain(name: str) -> str:
    return _short(name).lower().removesuffix("exception")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _message(body: Mapping[str, Any]) -> str:
    for name in ("message", "Message", "originalMessage"):
        if isinstance(text := body.get(name), str) and text:
            return text[:_MAX_MESSAGE]
    return ""
