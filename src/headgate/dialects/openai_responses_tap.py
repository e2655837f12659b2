"""Watching a relayed answer of the Responses API; only its ids are rewritten on the way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson

from headgate.dialects.base import Reading
from headgate.dialects.openai_chat_tap import in_band_failure
from headgate.dialects.response_ids import sealed
from headgate.provider.call import Call, Pin
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.usage import responses_usage
from headgate.provider.wire import Frame

#: What a stored answer costs to look at: it was billed when it was made.
NOTHING = Usage(input=0, output=0)

#: Events after which nothing of the answer follows. They carry all of it.
_TERMINAL = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled"}
)
#: States of an answer that is being made in the background, whose usage is not known yet.
_PENDING = frozenset({"queued", "in_progress"})
#: Output items that wait for the client to do something; others are tools of the vendor's own.
_CLIENTS_TURN = frozenset(
    {
        "function_call",
        "custom_tool_call",
        "computer_call",
        "local_shell_call",
        "shell_call",
        "apply_patch_call",
        "mcp_approval_request",
    }
)
#: Whose fault a failed answer is, by the code of its error; the rest is the vendor's.
_FAULTS: Mapping[str, Kind] = {
    "invalid_prompt": Kind.INVALID_REQUEST,
    "data_residency_mismatch": Kind.INVALID_REQUEST,
    "bio_policy": Kind.CONTENT_FILTER,
    "misalignment_policy_violation": Kind.CONTENT_FILTER,
    "image_content_policy_violation": Kind.CONTENT_FILTER,
    "vector_store_timeout": Kind.TIMEOUT,
    "invalid_image": Kind.INVALID_REQUEST,
    "invalid_image_format": Kind.INVALID_REQUEST,
    "invalid_base64_image": Kind.INVALID_REQUEST,
    "invalid_image_url": Kind.INVALID_REQUEST,
    "invalid_image_mode": Kind.INVALID_REQUEST,
    "image_too_large": Kind.TOO_LARGE,
    "image_too_small": Kind.INVALID_REQUEST,
    "image_parse_error": Kind.INVALID_REQUEST,
    "image_file_too_large": Kind.TOO_LARGE,
    "unsupported_image_media_type": Kind.UNSUPPORTED_MEDIA,
    "empty_image_file": Kind.INVALID_REQUEST,
    "failed_to_download_image": Kind.INVALID_REQUEST,
    "image_file_not_found": Kind.INVALID_REQUEST,
}


class ResponsesTap:
    """Reads a stream of response events going by. A terminal event ends it, no `[DONE]` does."""

    __slots__ = (
        "_pin",
        "_replayed",
        "characters",
        "ended",
        "failure",
        "finish",
        "upstream_id",
        "usage",
        "visible",
        "whole",
    )

    def __init__(self, call: Call) -> None:
        self._pin = call.pin
        self._replayed = call.resource is not None
        self.visible = False
        self.whole = False
        self.ended = False
        self.usage: Usage | None = NOTHING if self._replayed else None
        self.characters = 0
        self.finish: str | None = None
        self.upstream_id: str | None = None
        self.failure: Failure | None = None

    def like_the_last(self, raw: bytes) -> bool:
        # Every event has a sequence number of its own.
        return False

    def see(self, frame: Frame) -> bytes:
        data = frame.data
        if data is None:
            # A comment keeps the connection awake; an event without data would crash the SDKs.
            comments = all(line.startswith(b":") for line in frame.raw.splitlines() if line)
            return frame.raw if comments else b""
        if self.ended or data.strip() in (b"", b"[DONE]"):
            return b""
        event = orjson.loads(data)
        if not isinstance(event, dict):
            raise ValueError("an event is not an object")
        kind = event.get("type") or frame.event
        if event.get("error") or "error" in (kind, frame.event):
            self.failure = _told(event.get("error") or event)
            return frame.raw
        if not isinstance(kind, str):
            raise ValueError("an event has no type")
        answer = event.get("response")
        if isinstance(answer, dict):
            return self._state(frame, event, kind, answer)
        if kind in _TERMINAL:
            raise ValueError("a terminal event has no response")
        self._piece(kind, event)
        return frame.raw

    def _state(
        self, frame: Frame, event: dict[str, Any], kind: str, answer: dict[str, Any]
    ) -> bytes:
        """An event that carries the whole answer as it stands."""
        if self.upstream_id is None and isinstance(answer.get("id"), str):
            self.upstream_id = answer["id"]
        if kind in _TERMINAL:
            self._end(kind, answer)
        if not _sealed_in(answer, self._pin):
            return frame.raw
        name = b"" if frame.event is None else b"event: " + frame.event.encode() + b"\n"
        return name + b"data: " + orjson.dumps(event) + b"\n\n"

    def _end(self, kind: str, answer: dict[str, Any]) -> None:
        if not self._replayed:
            self.usage = responses_usage(answer.get("usage"))
            if kind == "response.failed":
                self.failure = _told(answer.get("error"))
                return
        # That a stored answer once failed is what a client asks to see, and no failure now.
        self.finish = _finish(answer, kind.removeprefix("response."))
        self.visible = self.whole = self.ended = True

    def _piece(self, kind: str, event: dict[str, Any]) -> None:
        """An event that carries a piece of the answer."""
        if delta := event.get("delta"):
            self.visible = True
            if isinstance(delta, str) and kind != "response.audio.delta":
                self.characters += len(delta)
        elif kind == "response.output_item.added":
            item = event.get("item")
            self.visible = self.visible or (
                isinstance(item, dict) and str(item.get("type")).endswith("_call")
            )
        elif event.get("partial_image_b64"):
            self.visible = True


def read_answer(call: Call, body: bytes) -> Reading:
    """Usage, finish reason and id of a whole `response`."""
    answer = orjson.loads(body.lstrip())
    if not isinstance(answer, dict):
        raise ValueError("the answer is not an object")
    error = answer.get("error")
    if answer.get("object") != "response":
        if error or answer.get("object") == "error":
            raise CallFailed(_told(error or answer))
        raise ValueError("the answer is not a response")
    status = answer.get("status")
    if status == "failed":
        raise CallFailed(_told(error))
    usage = responses_usage(answer.get("usage"))
    if status in _PENDING:
        usage = usage or NOTHING
    upstream_id = answer.get("id")
    if _sealed_in(answer, call.pin):
        body = orjson.dumps(answer)
    return Reading(body, usage, _finish(answer, status), upstream_id)


def read_stored(call: Call, body: bytes) -> Reading:
    """What a vendor says of a stored answer: the answer, the items it was made from, or that it
    is gone.
    """
    said = orjson.loads(body.lstrip())
    if not isinstance(said, dict):
        raise ValueError("the answer is not an object")
    upstream_id = said.get("id")
    if said.get("object") in ("response", "response.deleted") and _sealed_in(said, call.pin):
        body = orjson.dumps(said)
    return Reading(body, NOTHING, None, upstream_id if isinstance(upstream_id, str) else None)


def _sealed_in(answer: dict[str, Any], pin: Pin | None) -> bool:
    """Puts the ids that clients may come back with in our form; whether there were any."""
    if pin is None:
        return False
    changed = False
    for name in ("id", "previous_response_id"):
        if isinstance(said := answer.get(name), str):
            answer[name] = sealed(said, pin)
            changed = changed or answer[name] != said
    return changed


def _finish(answer: Mapping[str, Any], status: object) -> str | None:
    """How the answer ended, in the words of chat completions; None if it has not."""
    match status:
        case "completed":
            output = answer.get("output")
            return "tool_calls" if _waiting(output if isinstance(output, list) else []) else "stop"
        case "incomplete":
            details = answer.get("incomplete_details")
            reason = details.get("reason") if isinstance(details, dict) else None
            return "content_filter" if reason == "content_filter" else "length"
        case _:
            return None


def _waiting(output: list[Any]) -> bool:
    """Whether anything in the answer is for the client to do. Of the tools that may run at the
    vendor, those have run after which the model speaks on.
    """
    waiting = False
    for item in output:
        kind = str(item.get("type")) if isinstance(item, dict) else ""
        if kind == "function_call":
            return True
        if kind == "message" or kind.endswith("_output"):
            waiting = False
        elif kind in _CLIENTS_TURN or (
            kind == "tool_search_call" and item.get("execution") == "client"
        ):
            waiting = True
    return waiting


def _told(error: Any) -> Failure:
    """The failure that an error inside an answer stands for."""
    if not error:
        return Failure(Kind.SERVER_ERROR, "the provider says that the answer failed")
    if isinstance(error, dict) and error.get("type") == "error":
        # A flat error event; that is its own type, not the error's.
        error = {**error, "type": None}
    failure = in_band_failure(error)
    return replace(failure, kind=_FAULTS.get(failure.code or "", failure.kind))
