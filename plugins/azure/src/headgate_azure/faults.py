"""What Azure's errors mean, where they say more, or less, than OpenAI's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import headgate as hg
from headgate_openai import Clue

CLUES = (
    # A deployment, or a version, that does not serve what is asked: another target may.
    Clue(400, "deploymentnotfound", hg.Kind.MODEL_NOT_FOUND),
    Clue(400, "unknown_model", hg.Kind.MODEL_NOT_FOUND),
    Clue(400, "unavailable_model", hg.Kind.MODEL_NOT_FOUND),
    Clue(400, "operationnotsupported", hg.Kind.MODEL_NOT_FOUND),
    Clue(400, "api version not supported", hg.Kind.MODEL_NOT_FOUND),
    Clue(400, "only for api versions", hg.Kind.MODEL_NOT_FOUND),
    Clue(413, "tokens_limit_reached", hg.Kind.CONTEXT_LENGTH),
    Clue(None, "call volume quota", hg.Kind.QUOTA_EXHAUSTED),
    # Azure's own lack of machines, not a limit of this subscription.
    Clue(429, "high demand", hg.Kind.OVERLOADED),
    Clue(429, "nocapacity", hg.Kind.OVERLOADED),
    Clue(429, "no_capacity", hg.Kind.OVERLOADED),
)
_FILTERED = "ResponsibleAIPolicyViolation"
_ASKED = re.compile(r"(?:retry after|try again in) (\d{1,6}) seconds?", re.IGNORECASE)
_WAITING = (hg.Kind.RATE_LIMITED, hg.Kind.OVERLOADED)


def understood(failure: hg.Failure, response: hg.Response) -> hg.Failure:
    """The failure, with what only Azure says in that way."""
    if _is_filtered(hg.error_object(response.body)):
        return replace(failure, kind=hg.Kind.CONTENT_FILTER)
    if failure.kind in _WAITING and not failure.retry_after:
        wait = _seconds(response.headers, failure.message)
        return replace(failure, retry_after=failure.retry_after if wait is None else wait)
    return failure


def _is_filtered(error: Mapping[str, Any]) -> bool:
    """Whether the content filter is the reason, whatever the error itself is called."""
    inner = (error.get(name) for name in ("innererror", "inner_error"))
    return any(isinstance(one, dict) and one.get("code") == _FILTERED for one in inner)


def _seconds(headers: Mapping[str, str], message: str) -> float | None:
    """How long to wait, where `retry-after-ms` is 0 or missing.

    Foundry sends 0 milliseconds together with a `retry-after` that means it.
    """
    coarse = {name: value for name, value in headers.items() if name != "retry-after-ms"}
    if wait := hg.retry_after(coarse):
        return wait
    asked = _ASKED.search(message)
    return float(asked[1]) if asked else None
