"""Golden transcripts: what a client asked, what the vendor answered, and what must come of it.

A transcript is a JSON file. Whoever writes it says `call` (the client's body) and `response`
(`status`, `headers`, and `body` as text, JSON or `body_base64`); the rest is filled in by running
the tests once with `HEADGATE_TRANSCRIPTS=write` (in one process: every test adds to the file), read
by a person, and then holds for good.

`hello.json` and `hello-stream.json` are a pair: the same answer whole and streamed. Two files with
other names are one if the streamed says `"pair": "hello"`.
"""

from __future__ import annotations

import base64
import dataclasses
import difflib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from headgate.provider.events import Event, Usage
from headgate.provider.failure import Failure
from headgate.provider.wire import Request, Response, Script

#: Set to `write`, what is expected is written down instead of compared.
SWITCH = "HEADGATE_TRANSCRIPTS"
#: How a streamed transcript's name ends, where the same answer is there whole, too.
_STREAMED = "-stream"
_FIELDS = frozenset(
    {"about", "pair", "dialect", "model", "call", "response", "request", "events", "failure"}
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
            self.path.write_text(_pretty(written) + "\n", "utf-8")
            return
        if name not in self.golden:
            raise AssertionError(
                f"{self.path.name} says no '{name}' yet; found:\n{_pretty(found)}\n"
                f"Run once with {SWITCH}=write, and read what was written."
            )
        if self.golden[name] != found:
            lines = difflib.unified_diff(
                _pretty(self.golden[name]).splitlines(),
                _pretty(found).splitlines(),
                f"{self.path.name}: {name}",
                "what came of it",
                lineterm="",
            )
            raise AssertionError(
                f"{self.path.name}: '{name}' is not as written. If the new one is right, run once "
                f"with {SWITCH}=write.\n" + "\n".join(lines)
            )


class Pair(NamedTuple):
    """The same answer twice."""

    whole: Transcript
    streamed: Transcript

    @property
    def name(self) -> str:
        """The whole one's name."""
        return self.whole.name


def pairs(transcripts: Iterable[Transcript]) -> list[Pair]:
    """The transcripts that belong together. Raises `ValueError` for a `pair` that is not there."""
    named = {one.name: one for one in transcripts}
    found = []
    for one in named.values():
        said = one.golden.get("pair")
        other = said or one.name.removesuffix(_STREAMED)
        if said and (said not in named or not one.stream or named[said].stream):
            raise ValueError(
                f"{one.path}: 'pair' stands in a streamed transcript and names a whole one; "
                f"'{said}' is none"
            )
        if one.stream and other != one.name and other in named and not named[other].stream:
            found.append(Pair(named[other], one))
    return found


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
        return base64.b64decode(response["body_base64"], validate=True)
    body = response.get("body", "")
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def _pretty(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def told(events: Iterable[Event]) -> list[dict[str, Any]]:
    """Events as JSON: the type, and every field that is not its default."""
    return [{"event": type(event).__name__, **_said(event)} for event in events]


def _said(value: Any) -> dict[str, Any]:
    if isinstance(value, Usage):
        return {name: count for name, count in value._asdict().items() if count is not None}
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
