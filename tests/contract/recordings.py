"""Recorded traffic of real vendors, as far as it is OpenAI-shaped."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
)

#: The provider kinds that have a preset; every other vendor is a `custom` one.
PRESETS = frozenset(
    {
        "cerebras",
        "deepseek",
        "groq",
        "llamacpp",
        "lmstudio",
        "mistral",
        "openai",
        "openrouter",
        "perplexity",
        "together",
        "vllm",
        "xai",
    }
)
VENDORS = PRESETS | {"azure", "bedrock", "crusoe", "gemini", "huggingface", "ollama", "zai"}

#: The gateway answers `/v1/models` from its own tables, so no recorded listing can pass through it.
_PATHS = re.compile(r"/(chat/completions|embeddings)(?:\?|$)")


@dataclass(frozen=True)
class Recording:
    """One exchange: what a client asked, and the bytes a vendor answered."""

    id: str
    vendor: str
    api: str
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: bytes
    #: Where in the body the vendor falls silent until the client has read what came before; 0 for
    #: nowhere.
    silent_at: int = 0

    @property
    def kind(self) -> str:
        """The provider kind to configure for it."""
        return self.vendor if self.vendor in PRESETS else "custom"

    @property
    def model(self) -> str:
        """The model that was asked for."""
        return str(self.request["model"])

    @property
    def through(self) -> str:
        """The same model's name at the gateway, which has one provider a recording."""
        return f"{self.id}/{self.model}"

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.request.get("stream") is True

    @property
    def failed(self) -> bool:
        """Whether the vendor refused by status."""
        return self.status >= 400

    @property
    def path(self) -> str:
        """The path under `/v1`."""
        return "/chat/completions" if self.api == "chat" else "/embeddings"

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The JSON of every event of a stream; some vendors set it off by CRLF."""
        lines = (line.strip() for line in self.body.decode().splitlines())
        data = (line.removeprefix("data:").strip() for line in lines if line.startswith("data:"))
        return [json.loads(text) for text in data if text != "[DONE]"]

    @property
    def usage_apart(self) -> bool:
        """Whether usage comes in a chunk of its own, as it does for those who asked for it."""
        return self.stream and any(not c.get("choices") and c.get("usage") for c in self.chunks)

    @property
    def errs_in_band(self) -> bool:
        """Whether the vendor reports an error inside a 200."""
        return self.stream and not self.failed and any(c.get("error") for c in self.chunks)


@cache
def recordings() -> tuple[Recording, ...]:
    """Everything in the folder that the OpenAI SDK could have sent; empty without a folder."""
    found = (_read(path) for path in sorted(FOLDER.glob("*.json")))
    return tuple(recording for recording in found if recording is not None)


def _read(path: Path) -> Recording | None:
    vendor, api = path.stem.split("__")[:2]
    if vendor not in VENDORS or api not in ("chat", "embeddings"):
        return None
    exchange = json.loads(path.read_text("utf-8"))
    request, response = exchange["request"], exchange["response"]
    if not _PATHS.search(request["url"]) or "body" not in response:
        return None
    return Recording(
        path.stem,
        vendor,
        api,
        request["body"],
        response["status"],
        response["headers"],
        response["body"].encode("utf-8"),
    )


def cases(wanted: Callable[[Recording], bool]) -> Iterable[Any]:
    """Parameters for the fixture `recording`; a single empty one where there is no recording."""
    found = [pytest.param(one, id=one.id) for one in recordings() if wanted(one)]
    return found or [pytest.param(None, id="no-recording")]


def answered(recording: Recording) -> bool:
    """A whole or streamed chat answer without any error in it."""
    return recording.api == "chat" and not recording.failed and not recording.errs_in_band


def as_it_came(recording: Recording) -> bool:
    """An answer of which the client gets every field as the vendor sent it. Content that is a list
    of thinking and text parts is put into OpenAI's words instead, and tool calls are numbered.
    """
    if not answered(recording) or b'"thinking":[' in recording.body.replace(b" ", b""):
        return False
    deltas = [one["delta"] for c in recording.chunks for one in c["choices"]]
    calls = [call for delta in deltas for call in delta.get("tool_calls") or ()]
    return all("index" in call for call in calls)


def absent(what: str) -> NoReturn:
    """Skips with a reason, except where nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and CI must run every test")
    pytest.skip(what)
