"""What Google is asked for a client's chat, checked against the types of Google's own SDK."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from google.genai import types
from pydantic import TypeAdapter

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.fit import fitted
from headgate_google import Gemini

PIECES: dict[str, Any] = {
    "contents": list[types.Content],
    "systemInstruction": types.Content,
    "tools": list[types.Tool],
    "toolConfig": types.ToolConfig,
    "generationConfig": types.GenerationConfig,
    "safetySettings": list[types.SafetySetting],
    "cachedContent": str,
    "serviceTier": types.ServiceTier,
    "labels": dict[str, str],
}


def requested(body: dict[str, Any], model: str = "gemini-3.5-flash") -> hg.Request:
    """The request for a chat in OpenAI's words. Google's types allow no field they do not know."""
    before = copy.deepcopy(body)
    provider, target = Gemini(), hg.Target("g", model)
    call = OpenAIChat().parse("r", {"model": "m", **body}, {})
    call, _ = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
    made = provider.request(call, target)
    assert body == before, "the client's body was changed"
    assert isinstance(made, hg.Request)
    assert isinstance(made.body, dict)
    for name, value in made.body.items():
        TypeAdapter(PIECES[name]).validate_json(json.dumps(value))
    return made


@pytest.fixture
def ask() -> Callable[..., hg.Request]:
    """`requested`, where tests of several modules find it."""
    return requested


@pytest.fixture
def sent() -> Callable[..., Any]:
    """The body of the same request."""
    return lambda body, model="gemini-3.5-flash": requested(body, model).body
