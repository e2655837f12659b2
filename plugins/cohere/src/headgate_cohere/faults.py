"""Cohere's errors, `{"id", "message"}`: told apart by status and, where need be, by words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import headgate as hg

STATUSES: Mapping[int, hg.Kind] = {
    498: hg.Kind.CREDENTIALS,  # the token is invalid
    499: hg.Kind.OVERLOADED,  # they cancelled it
}

#: What a status means, the words that make it mean something else, and what.
_WORDS = (
    # Both begin with "too many tokens": this one is about the limit of the answer.
    (hg.Kind.INVALID_REQUEST, "max tokens must be", hg.Kind.INVALID_REQUEST),
    (hg.Kind.INVALID_REQUEST, "too many tokens", hg.Kind.CONTEXT_LENGTH),
    (hg.Kind.TOO_LARGE, "too many tokens", hg.Kind.CONTEXT_LENGTH),
    (hg.Kind.SERVER_ERROR, "too many tokens", hg.Kind.CONTEXT_LENGTH),
    # A trial key's calls of a whole month: waiting a minute does not help.
    (hg.Kind.RATE_LIMITED, "/ month", hg.Kind.QUOTA_EXHAUSTED),
    (hg.Kind.RATE_LIMITED, "per month", hg.Kind.QUOTA_EXHAUSTED),
)


def classified(failure: hg.Failure) -> hg.Failure:
    """The failure with the kind that its message gives it."""
    said = failure.message.lower()
    for before, words, kind in _WORDS:
        if failure.kind is before and words in said:
            return replace(failure, kind=kind)
    return failure


def failed(message: str, kind: hg.Kind = hg.Kind.SERVER_ERROR) -> hg.CallFailed:
    """An error inside of an answer that began as a success."""
    return hg.CallFailed(classified(hg.from_error({"message": message}, kind)))
