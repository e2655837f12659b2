"""Anthropic's own dialect, spoken to Claude through InvokeModel."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import headgate as hg
from headgate_anthropic import own_blocks
from headgate_bedrock.eventstream import EventStream
from headgate_bedrock.failures import stream_failure

_VERSION = "bedrock-2023-05-31"
_METRICS = "amazon-bedrock-invocationMetrics"
#: Anthropic's words for what goes wrong.
_TYPES: Mapping[hg.Kind, str] = {
    hg.Kind.RATE_LIMITED: "rate_limit_error",
    hg.Kind.QUOTA_EXHAUSTED: "rate_limit_error",
    hg.Kind.OVERLOADED: "overloaded_error",
    hg.Kind.INVALID_REQUEST: "invalid_request_error",
    hg.Kind.CONTEXT_LENGTH: "invalid_request_error",
    hg.Kind.CONTENT_FILTER: "invalid_request_error",
    hg.Kind.UNSUPPORTED: "invalid_request_error",
    hg.Kind.CREDENTIALS: "authentication_error",
    hg.Kind.MODEL_NOT_FOUND: "not_found_error",
    hg.Kind.TIMEOUT: "timeout_error",
}


def invoke_body(call: hg.Call) -> dict[str, Any]:
    """The client's body as InvokeModel takes it: the model and whether to stream are in the path,
    versions in the body.
    """
    said = own_blocks(call.body)
    body = {name: value for name, value in said.items() if name not in ("model", "stream")}
    body["anthropic_version"] = _VERSION
    asked = call.headers.get("anthropic-beta") or ""
    betas = [beta for said in asked.split(",") if (beta := said.strip())]
    if betas:
        given = body.get("anthropic_beta")
        body["anthropic_beta"] = list(
            dict.fromkeys([*(given if isinstance(given, list) else ()), *betas])
        )
    return body


class ClaudeEvents:
    """Anthropic's events out of an InvokeModel stream, each as the server-sent event it would be
    at Anthropic's.
    """

    __slots__ = ("_messages",)

    def __init__(self) -> None:
        self._messages = EventStream()

    def feed(self, data: bytes) -> list[hg.Frame]:
        """The events that `data` completes. Raises `ValueError` for what is none."""
        frames = (_event(message) for message in self._messages.feed(data))
        return [frame for frame in frames if frame is not None]

    def close(self) -> list[hg.Frame]:
        """Nothing: every event ends with its message."""
        self._messages.close()
        return []


def _event(message: hg.Frame) -> hg.Frame | None:
    name = message.event or ""
    if name.endswith("Exception"):
        failure = stream_failure(name, message.data or b"")
        error = {"type": _TYPES.get(failure.kind, "api_error"), "message": failure.message}
        return _frame("error", _compact({"type": "error", "error": error}))
    if name != "chunk":
        return None
    try:
        data = base64.b64decode(json.loads(message.data or b"{}")["bytes"], validate=True)
        event = json.loads(data)
        kind = event["type"]
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError("a chunk holds no event") from error
    if not isinstance(kind, str) or not kind.isprintable():
        raise ValueError("an event has no type")
    if _METRICS in event or b"\n" in data or b"\r" in data:
        # The metrics are Bedrock's own addition; a line break would end the event early.
        data = _compact({key: value for key, value in event.items() if key != _METRICS})
    return _frame(kind, data)


def _frame(kind: str, data: bytes) -> hg.Frame:
    return hg.Frame(data, kind, b"event: " + kind.encode() + b"\ndata: " + data + b"\n\n")


def _compact(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
