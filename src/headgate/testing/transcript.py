"""Golden transcripts: what a client asked, what the vendor answered, and what must come of it.

A transcript is a JSON file. Whoever writes it says `call` (the client's body) and `response`
(`status`, `headers`, and `body` as text, JSON or `body_base64`); the rest is filled in by running
the tests once with `HEADGATE_TRANSCRIPTS=write`, read by a person, and then holds for good.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headgate.provider.events import Event
from headgate.provider.failure import Failure
from headgate.provider.wire import Request, Response, Script

#: Set to `write`, what is expected is written down instead of compared.
SWITCH = "HEADGATE_TRANSCRIPTS"
_FIELDS = frozenset(
    {"about", "dialect", "model", "call", "response", "request", "events", "failure"}
)


@dataclass
class Transcript:
    """One exchange. `request`, `events` and `failure` are None until they are written."""

    path: Path
    call: dict[str, Any]
    status: int
    headers: Mapping[str, str]
    body: bytes
    model: str
    dialect: str = "openai_chat"
    golden: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem

    @property
    def stream(self) -> bool:
        """Whether a stream was asked for."""
        return self.call.get("stream") is True

    @property
    def response(self) -> Response:
        """The answer, as a provider gets it."""
        lowered = {name.lower(): value for name, value in self.headers.items()}
        return Response(self.status, lowered, self.body)

    def expect(self, name: str, found: Any) -> None:
        """Compares what came of it with what is written, or writes it. Raises `AssertionError`."""
        found = json.loads(json.dumps(found))
        if os.environ.get(SWITCH) == "write":
            written = json.loads(self.path.read_text("utf-8"))
            written[name] = found
            self.path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", "utf-8")
            return
        if name not in self.golden:
            raise AssertionError(
                f"{self.path.name} says no '{name}' yet; found: {json.dumps(found)}\n"
                f"Run once with {SWITCH}=write, and read what was written."
            )
        if self.golden[name] != found:
            raise AssertionError(
                f"{self.path.name}: '{name}' is\n{json.dumps(found)}\nand should be\n"
                f"{json.dumps(self.golden[name])}"
            )


def load(folder: Path) -> list[Transcript]:
    """Every transcript of a folder, by name. Raises `ValueError` naming the file."""
    return [_load(path) for path in sorted(folder.glob("*.json"))]


def _load(path: Path) -> Transcript:
    try:
        written = json.loads(path.read_text("utf-8"))
        if unknown := set(written) - _FIELDS:
            raise ValueError(f"unknown key '{min(unknown)}'")
        response = written["response"]
        return Transcript(
            path,
            written["call"],
            response.get("status", 200),
            response.get("headers", {}),
            _body(response),
            written.get("model") or written["call"]["model"],
            written.get("dialect", "openai_chat"),
            written,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: not a transcript: {error!r}") from error


def _body(response: Mapping[str, Any]) -> bytes:
    if "body_base64" in response:
        return base64.b64decode(response["body_base64"])
    body = response.get("body", "")
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def told(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as JSON: the type, and every field that is not its default."""
    return [{"event": type(event).__name__, **_said(event)} for event in events]


def _said(value: Any) -> dict[str, Any]:
    return {
        one.name: said
        for one in dataclasses.fields(value)
        if (said := getattr(value, one.name)) != one.default
    }


def told_request(request: Request | Script) -> dict[str, Any]:
    """A request as JSON."""
    if isinstance(request, Script):
        return {"script": [step.data.decode("utf-8", "replace") for step in request.steps]}
    body = request.body
    if isinstance(body, bytes):
        body = {"base64": base64.b64encode(body).decode("ascii")}
    return {
        "method": request.method,
        "url": request.url,
        "headers": dict(request.headers),
        "body": body,
    }


def told_failure(failure: Failure) -> dict[str, Any]:
    """A failure as JSON."""
    return {**_said(failure), "kind": failure.kind.value}
