"""One call with the Python SDK, and everything it yielded."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from openai import APIError, AsyncOpenAI, OpenAI
from openai.resources.chat import Completions
from openai.resources.embeddings import Embeddings

_KNOWN = {
    "chat": frozenset(inspect.signature(Completions.create).parameters),
    "embeddings": frozenset(inspect.signature(Embeddings.create).parameters),
}


@dataclass
class Outcome:
    """What a call yielded: one object, or the chunks of a stream; and what it ended with."""

    got: list[dict[str, Any]] = field(default_factory=list)
    error: APIError | None = None


def arguments(api: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A request body as the SDK's own parameters, and `extra_body` for what it has none for."""
    known = {name: value for name, value in body.items() if name in _KNOWN[api]}
    extra = {name: value for name, value in body.items() if name not in _KNOWN[api]}
    return {**known, "extra_body": extra} if extra else known


def ask(client: OpenAI, api: str, body: Mapping[str, Any]) -> Outcome:
    """Makes the call; an error of the API is part of the outcome."""
    outcome = Outcome()
    resource = client.chat.completions if api == "chat" else client.embeddings
    try:
        answer: Any = resource.create(**arguments(api, body))
        if body.get("stream"):
            for chunk in answer:
                outcome.got.append(_dumped(chunk))
        else:
            outcome.got.append(_dumped(answer))
    except APIError as error:
        outcome.error = error
    return outcome


async def ask_async(client: AsyncOpenAI, api: str, body: Mapping[str, Any]) -> Outcome:
    """The same with the asynchronous client."""
    outcome = Outcome()
    resource = client.chat.completions if api == "chat" else client.embeddings
    try:
        answer: Any = await resource.create(**arguments(api, body))
        if body.get("stream"):
            async for chunk in answer:
                outcome.got.append(_dumped(chunk))
        else:
            outcome.got.append(_dumped(answer))
    except APIError as error:
        outcome.error = error
    return outcome


def _dumped(value: Any) -> dict[str, Any]:
    # Vendors put values of other types than OpenAI's into known fields; they are kept as they are.
    dumped: dict[str, Any] = value.model_dump(warnings=False)
    return dumped


def said(error: APIError | None) -> Any:
    """The vendor's own words in an error, which the SDK wraps in a sentence of its own."""
    return error.body.get("message") if error and isinstance(error.body, dict) else None
