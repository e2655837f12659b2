"""Recorded answers of Azure's three APIs, and what each of them says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[4].parent / "shared" / "recordings"
)
_ENDS = ("/chat/completions", "/embeddings", "/responses")


@dataclass(frozen=True)
class Recording:
    """One exchange; `root` is its address up to what a provider adds to `base_url`."""

    id: str
    api: str
    url: str
    request: Mapping[str, Any]
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.request.get("stream") is True

    @property
    def path(self) -> str:
        """The path without the host."""
        return urlsplit(self.url).path

    @property
    def version(self) -> str | None:
        """The version in the address."""
        return dict(parse_qsl(urlsplit(self.url).query)).get("api-version")

    @property
    def deployment(self) -> str:
        """The name in the address, or else in the body."""
        _, mark, rest = self.path.partition("/deployments/")
        return rest.split("/")[0] if mark else str(self.request["model"])

    def base_url(self, host: str) -> str:
        """The option under which the same path is asked at another host."""
        return host + ("/models" if self.path.startswith("/models/") else "")

    @property
    def chunks(self) -> list[dict[str, Any]]:
        """The JSON of every event of a stream."""
        lines = (line.removeprefix("data:").strip() for line in self.body.splitlines() if line)
        return [json.loads(line) for line in lines if line.startswith("{")]


@cache
def recordings() -> tuple[Recording, ...]:
    """Every recording of Azure's; empty without the folder."""
    found = []
    for path in sorted(FOLDER.glob("azure__*.json")):
        exchange = json.loads(path.read_text("utf-8"))
        request, response = exchange["request"], exchange["response"]
        if urlsplit(request["url"]).path.endswith(_ENDS) and "body" in response:
            api = path.stem.split("__")[1]
            found.append(
                Recording(
                    path.stem,
                    api,
                    request["url"],
                    request["body"],
                    response["status"],
                    response["headers"],
                    response["body"],
                )
            )
    return tuple(found)


def cases() -> Iterable[Any]:
    """Parameters for `recording`; a single empty one where there is none."""
    found = [pytest.param(one, id=one.id) for one in recordings()]
    return found or [pytest.param(None, id="no-recording")]


def present(recording: Recording | None) -> Recording:
    """The recording; skips where there is none, except where nothing may be missing."""
    if recording is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings, and CI must run every test")
        pytest.skip("no recordings here")
    return recording


def plain(one: Recording) -> dict[str, Any]:
    """What an answer says, read without any of the project's code."""
    if one.api == "responses":
        return _plain_response(one.chunks[-1]["response"] if one.stream else json.loads(one.body))
    chunks = one.chunks if one.stream else [json.loads(one.body)]
    text, finish, usage, calls = "", None, None, list[list[str]]()
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            said = choice.get("message") or choice.get("delta") or {}
            text += said.get("content") or ""
            finish = choice.get("finish_reason") or finish
            for call in said.get("tool_calls") or ():
                if call.get("id"):
                    calls.append([call["id"], call["function"]["name"], ""])
                calls[-1][2] += call["function"]["arguments"]
    assert usage is not None
    inside, outside = usage["prompt_tokens_details"] or {}, usage["completion_tokens_details"] or {}
    return {
        "text": text,
        "calls": calls,
        "finish": finish,
        "prompt": usage["prompt_tokens"],
        # The one vendor that counts more cached tokens than the prompt has is behind Foundry.
        "cached": min(inside.get("cached_tokens") or 0, usage["prompt_tokens"]),
        "completion": usage["completion_tokens"],
        "reasoning": outside.get("reasoning_tokens") or 0,
    }


def _plain_response(answer: dict[str, Any]) -> dict[str, Any]:
    parts = [part for item in answer["output"] for part in item.get("content") or ()]
    called = [item for item in answer["output"] if item["type"] == "function_call"]
    usage = answer["usage"]
    return {
        "text": "".join(part["text"] for part in parts if part["type"] == "output_text"),
        "calls": [[item["call_id"], item["name"], item["arguments"]] for item in called],
        "finish": "tool_calls" if called else "stop",
        "prompt": usage["input_tokens"],
        "cached": usage["input_tokens_details"]["cached_tokens"],
        "completion": usage["output_tokens"],
        "reasoning": usage["output_tokens_details"]["reasoning_tokens"],
    }
