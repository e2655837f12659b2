"""All recorded traffic, whatever its dialect, and which door of the gateway leads to it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from .recordings import FOLDER, PRESETS

#: APIs whose answers are chats, and the key of the bytes that are no text.
CHATS = frozenset(
    {
        *("chat", "messages", "anthropic-rawPredict", "invoke", "converse"),
        *("generateContent", "chat-v2", "ollama-chat", "responses"),
    }
)
#: Presets that relay Anthropic's dialect: what they answer to it is not in an OpenAI recording.
_SPEAK_ANTHROPIC = frozenset({"deepseek", "llamacpp", "lmstudio", "openrouter", "vllm"})
#: A model that is asked through the Responses API if there are tools, whoever asks.
_RESPONSES_MODEL = "gpt-6-astra"
#: A model of Bedrock's that is asked through Converse, whoever asks.
_CONVERSE_MODEL = "amazon.nova-2-lite-v1:0"
_MODEL = re.compile(r"/(?:models?|deployments)/([^/:?]+(?::\d+)?)")
#: Kinds that a plugin of their own adds, and `custom` where it is not installed.
_PLUGINS = frozenset(entry.name for entry in entry_points(group="headgate.plugins"))
AZURE = "azure" if "azure" in _PLUGINS else "custom"


@dataclass(frozen=True)
class Exchange:
    """One exchange: what somebody asked, and the bytes a vendor answered."""

    id: str
    vendor: str
    api: str
    url: str
    request: Mapping[str, Any]
    stream: bool
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def pair(self) -> tuple[str, str]:
        """Whose and which API."""
        return self.vendor, self.api

    @property
    def failed(self) -> bool:
        """Whether the vendor refused by status."""
        return self.status >= 400

    @property
    def model(self) -> str:
        """The model that was asked for; some vendors name it in the path."""
        named = self.request.get("model")
        if isinstance(named, str) and named:
            return named.removeprefix("models/")
        found = _MODEL.search(unquote(self.url))
        return found[1] if found else "some-model"


@dataclass(frozen=True)
class Place:
    """The provider that makes the gateway ask what was recorded, and the model to ask it for."""

    kind: str
    model: str
    #: What the provider's `base_url` ends with.
    suffix: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    #: Whether the vendor's own bytes reach the client.
    relayed: bool = False


@dataclass(frozen=True)
class Case:
    """An exchange at a door."""

    door: str
    exchange: Exchange
    place: Place

    @property
    def id(self) -> str:
        """Also the name of its provider."""
        return f"{self.door}-{self.exchange.id}"

    @property
    def model(self) -> str:
        """The model's name at the gateway."""
        return f"{self.id}/{self.place.model}"


@cache
def traffic() -> tuple[Exchange, ...]:
    """Everything in the folder; empty without one."""
    files = [*sorted(FOLDER.glob("*.json")), *sorted(FOLDER.glob("response_only/*.json"))]
    return tuple(_read(path) for path in files)


def _read(path: Path) -> Exchange:
    said = json.loads(path.read_text("utf-8"))
    request, response = said["request"] or {}, said["response"]
    if "body_base64" in response:
        body = base64.b64decode(response["body_base64"])
    else:
        body = response["body"].encode("utf-8")
    apart = path.parent != FOLDER
    return Exchange(
        f"response_only-{path.stem}" if apart else path.stem,
        said["provider"] if apart else path.stem.split("__")[0],
        said["api"] if apart else path.stem.split("__")[1],
        request.get("url", ""),
        request.get("body") or {},
        said["streaming"],
        response["status"],
        response["headers"],
        body,
    )


def place(door: str, exchange: Exchange) -> Place | None:
    """Where this door leads to this exchange; None where it cannot."""
    finder = _DOORS[door].get(exchange.api)
    return finder(exchange) if finder else None


def _openai_chat(one: Exchange) -> Place:
    kind = one.vendor if one.vendor in PRESETS | {"huggingface"} else "custom"
    match one.vendor:
        case "azure":
            return Place(AZURE, one.model, relayed=True)
        case "bedrock":
            return Place("bedrock", one.model, relayed=True)
        case "ollama":
            return Place("ollama", one.model, "/v1", relayed=True)
        case _:
            return Place(kind, one.model, "/v1", relayed=True)


def _messages_as_chat(one: Exchange) -> Place:
    kind = one.vendor if one.vendor in (PRESETS | {"huggingface"}) - _SPEAK_ANTHROPIC else "custom"
    options = {"dialects": ["openai_chat"]} if kind == "custom" else {}
    if one.vendor == "azure" and AZURE != "custom":
        return Place(AZURE, one.model)
    return Place(kind, one.model, "/v1", options)


def _google(one: Exchange) -> Place:
    if one.vendor == "vertexai":
        return Place("vertex", one.model, options={"project": "a-project"})
    return Place("gemini", one.model)


def _claude_on_vertex(*, relayed: bool) -> Callable[[Exchange], Place]:
    options = {"project": "a-project"}
    return lambda one: Place("vertex", one.model, options=options, relayed=relayed)


def _itself(kind: str, *, relayed: bool = False) -> Callable[[Exchange], Place]:
    return lambda one: Place(kind, one.model, relayed=relayed)


def _through_responses(one: Exchange) -> Place:
    if one.failed:
        # What a refusal means is up to the vendor; it is refused alike at all of its paths.
        return replace(_messages_as_chat(one), options={})
    return Place("openai", _RESPONSES_MODEL, "/v1")


def _openai_shaped(one: Exchange) -> Place:
    kind = AZURE if one.vendor == "azure" else one.vendor if one.vendor in PRESETS else "custom"
    if one.vendor in ("huggingface", "ollama"):
        kind = one.vendor
    return Place(kind, one.model, "/v1", relayed=True)


def _vectors(one: Exchange) -> Place | None:
    match one.vendor:
        case "gemini" | "vertexai":
            return _google(one)
        case "bedrock":
            return Place("bedrock", one.model)
        case _:
            return _openai_shaped(one)


def _listing(one: Exchange) -> Place:
    options = {"discover": True}
    suffix = "" if one.vendor in ("anthropic", "ollama", "gemini") else "/v1"
    return Place(one.vendor, one.model, suffix, options)


_TRANSLATED: Mapping[str, Callable[[Exchange], Place | None]] = {
    "generateContent": _google,
    "chat-v2": _itself("cohere"),
    "ollama-chat": _itself("ollama"),
    "responses": _through_responses,
}
#: door -> api -> where it leads to
_DOORS: Mapping[str, Mapping[str, Callable[[Exchange], Place | None]]] = {
    "chat": {
        **_TRANSLATED,
        "chat": _openai_chat,
        "messages": _itself("anthropic"),
        "anthropic-rawPredict": _claude_on_vertex(relayed=False),
        "converse": _itself("bedrock"),
    },
    "messages": {
        **_TRANSLATED,
        "chat": _messages_as_chat,
        "messages": _itself("anthropic", relayed=True),
        "anthropic-rawPredict": _claude_on_vertex(relayed=True),
        "invoke": _itself("bedrock", relayed=True),
        "converse": lambda one: Place("bedrock", _CONVERSE_MODEL),
    },
    "responses": {"responses": _openai_shaped},
    "completions": {"completions": _openai_shaped},
    "embeddings": {
        "embeddings": _vectors,
        "embeddings-v1": _itself("cohere"),
        "embeddings-v2": _itself("cohere"),
        "hf-inference": _itself("huggingface"),
    },
    "count": {
        "count_tokens": _itself("anthropic", relayed=True),
        "count-tokens": _itself("bedrock"),
    },
    "models": {"models": _listing},
}
DOORS = tuple(_DOORS)


@cache
def at(door: str) -> tuple[Case, ...]:
    """Everything this door leads to."""
    found = ((one, place(door, one)) for one in traffic())
    return tuple(Case(door, one, where) for one, where in found if where is not None)


def everywhere() -> tuple[Case, ...]:
    """Every exchange at every door that leads to it."""
    return tuple(case for door in DOORS for case in at(door))


def chosen(door: str, wanted: Callable[[Case], bool]) -> Iterable[Any]:
    """Parameters for the fixture `case`; a single empty one where there is none."""
    found = [pytest.param(one, id=one.id) for one in at(door) if wanted(one)]
    return found or [pytest.param(None, id=f"{door}-no-recording")]
