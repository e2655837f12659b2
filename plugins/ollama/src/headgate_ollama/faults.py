"""What Ollama's errors mean: mostly a status and one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import headgate as hg

#: Sentences that say more than their status, found by words of theirs.
_SENTENCES: tuple[tuple[str, hg.Kind], ...] = (
    ("context length", hg.Kind.CONTEXT_LENGTH),
    # "... does not support tools": the model cannot, another one may.
    ("does not support", hg.Kind.UNSUPPORTED),
    ("server busy", hg.Kind.OVERLOADED),
)
_VAGUE = frozenset({hg.Kind.INVALID_REQUEST, hg.Kind.SERVER_ERROR})


def refused(response: hg.Response) -> hg.Failure:
    """The failure that an unsuccessful answer stands for."""
    failure = hg.by_status(response)
    if failure.kind not in _VAGUE:
        return failure
    said = failure.message.lower()
    kind = next((kind for words, kind in _SENTENCES if words in said), failure.kind)
    return replace(failure, kind=kind)


def told(line: Mapping[str, Any]) -> hg.CallFailed:
    """The failure that a line `{"error": ...}` inside a 200 stands for."""
    failure = refused(hg.Response(500, {}, json.dumps({"error": line["error"]}).encode()))
    return hg.CallFailed(replace(failure, status=None))
