"""A recorded answer, put together, and the pieces that all vendors' answers are read with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Tokens:
    """Usage as a vendor means it; None where it says nothing of it."""

    #: All of the prompt, and the parts of it that came from a cache or went into one.
    prompt: int = 0
    cached: int = 0
    written: int = 0
    #: All of the answer, and the thinking in it.
    completion: int = 0
    reasoning: int = 0
    #: What was heard, of the prompt, and spoken, of the answer.
    heard: int = field(default=0, compare=False)
    spoken: int = field(default=0, compare=False)


@dataclass
class Answer:
    """One answer, put together."""

    text: str = ""
    reasoning: str = ""
    #: Id (None where the vendor gives none), name, arguments.
    calls: list[tuple[str | None, str, Any]] = field(default_factory=list)
    #: Why it ended: in OpenAI's words, and in the vendor's own.
    finish: str | None = None
    stop: str | None = None
    tokens: Tokens | None = None
    #: What an error inside a success says, and whether it came after the end of the answer.
    error: str | None = None
    late: bool = False


def sse(body: bytes) -> Iterator[dict[str, Any]]:
    """The JSON in every server-sent event."""
    for line in body.decode().replace("\r\n", "\n").split("\n"):
        if line.startswith("data:") and line[5:].strip() not in ("", "[DONE]"):
            yield json.loads(line[5:])


def parsed(arguments: str) -> Any:
    return json.loads(arguments) if arguments.strip() else {}
