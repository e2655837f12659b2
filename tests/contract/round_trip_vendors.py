"""All vendors on one socket: each answers under an address of its own, and checks what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self

from . import vendor_checks as checks
from .replay import torn
from .round_trip_google import GENERATE, GENERATE_OLD
from .round_trip_openai import RESPONSES, chat
from .round_trip_story import Answer, Json, Told, Wire
from .round_trip_wires import (
    COHERE,
    CONVERSE,
    CONVERSE_PLAIN,
    INVOKE,
    MESSAGES,
    OLLAMA,
    OLLAMA_OLD,
    RAW_PREDICT,
)
from .vendor_checks import Check
from .vendor_kinds import COMPATIBLE

_CLAUDE, _BEDROCK_CLAUDE = "claude-opus-5", "global.anthropic.claude-opus-4-8"
#: OpenAI's clients are sent there with their tools by this model.
_RESPONSES_MODEL = "gpt-6-astra"


class Vendor(NamedTuple):
    """A vendor as a client of OpenAI's finds it: kind, model, the API it is asked in.

    `path` is part of the address; `messages` is the API for clients of Anthropic's, where that is
    another one, with its path. `check` holds a translated body against the vendor's own types.
    """

    kind: str
    model: str
    wire: Wire
    path: str
    suffix: str = ""
    options: Mapping[str, Any] = {}
    messages: tuple[Wire, str] | None = None
    check: Check | None = None
    #: Whether a client of OpenAI's gets the vendor's own bytes.
    relayed: bool = False


def _compatible(kind: str, thinking: Any = None, **more: Any) -> Vendor:
    wire = chat(thinking, short_ids=more.pop("short_ids", False), signed=more.pop("signed", False))
    check = COMPATIBLE[kind].check if kind in COMPATIBLE else None
    return Vendor(kind, "m", wire, "/v1/chat/completions", "/v1", check=check, relayed=True, **more)


VENDORS: Mapping[str, Vendor] = {
    "anthropic": Vendor("anthropic", _CLAUDE, MESSAGES, "/v1/messages", check=checks.as_messages),
    "gemini": Vendor(
        "gemini", "gemini-3.5-flash", GENERATE, "/models/gemini", check=checks.as_generate
    ),
    "gemini-2": Vendor(
        "gemini", "gemini-2.5-flash", GENERATE_OLD, "/models/gemini", check=checks.as_generate
    ),
    "vertex": Vendor(
        "vertex",
        "gemini-3.5-flash",
        GENERATE,
        "/publishers/google/models/gemini",
        options={"project": "p"},
        check=checks.as_generate,
    ),
    "vertex-claude": Vendor(
        "vertex",
        _CLAUDE,
        RAW_PREDICT,
        "/publishers/anthropic/models/claude",
        options={"project": "p"},
        check=checks.as_vertex_messages,
    ),
    "bedrock-claude": Vendor(
        "bedrock",
        _BEDROCK_CLAUDE,
        CONVERSE,
        "/converse",
        messages=(INVOKE, "/invoke"),
        check=checks.as_converse,
    ),
    "bedrock-nova": Vendor(
        "bedrock",
        "us.amazon.nova-2-lite-v1:0",
        CONVERSE_PLAIN,
        "/converse",
        check=checks.as_converse,
    ),
    "cohere": Vendor("cohere", "command-a-03-2025", COHERE, "/v2/chat", check=checks.as_cohere),
    "ollama": Vendor("ollama", "qwen3:4b", OLLAMA, "/api/chat", check=checks.as_ollama),
    "ollama-old": Vendor("ollama", "qwen3:4b", OLLAMA_OLD, "/api/chat", check=checks.as_ollama),
    "openai-responses": Vendor(
        "openai", _RESPONSES_MODEL, RESPONSES, "/v1/responses", "/v1", check=checks.as_responses
    ),
    "azure-responses": Vendor(
        "azure", _RESPONSES_MODEL, RESPONSES, "/openai/v1/responses", check=checks.as_responses
    ),
    "azure": Vendor(
        "azure", "m", chat(), "/openai/v1/chat/completions", check=checks.as_chat, relayed=True
    ),
    "azure-dated": Vendor(
        "azure",
        "m",
        chat(),
        "/openai/deployments/m/chat/completions",
        options={"api_version": "2024-10-21"},
        check=checks.as_chat,
        relayed=True,
    ),
    "azure-foundry": Vendor(
        "azure",
        "m",
        chat(),
        "/models/chat/completions",
        "/models",
        check=checks.as_chat,
        relayed=True,
    ),
    "openai": _compatible("openai"),
    "huggingface": _compatible("huggingface"),
    "mistral": _compatible("mistral", "parts", short_ids=True),
    "groq": _compatible("groq", "reasoning"),
    "xai": _compatible("xai", "reasoning_content"),
    "deepseek": _compatible("deepseek", "reasoning_content"),
    "together": _compatible("together", "reasoning"),
    "openrouter": _compatible("openrouter", "details"),
    "fireworks": _compatible("fireworks", "reasoning_content"),
    "cerebras": _compatible("cerebras", "reasoning"),
    "lmstudio": _compatible("lmstudio"),
    "vllm": _compatible("vllm", "reasoning"),
    "llamacpp": _compatible("llamacpp", "reasoning_content"),
    "custom": _compatible("custom", "reasoning_content", signed=True),
}


class Visit(NamedTuple):
    """A request that arrived: which turn it was, and what was wrong with it."""

    turn: int
    stream: bool
    told: list[Told]
    problem: str | None


class Vendors:
    """The server, in threads of its own."""

    def __init__(self) -> None:
        self._visits: list[Visit] = []
        self._lock = threading.Lock()
        self._server = _Server(self)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def url(self, door: str, name: str) -> str:
        """The base URL of a vendor, for clients that come through `door`."""
        root = f"http://127.0.0.1:{self._server.server_port}/{door}/{name}"
        return root + VENDORS[name].suffix

    def taken(self) -> list[Visit]:
        """The visits since the last time."""
        with self._lock:
            taken, self._visits = self._visits, []
            return taken

    def visited(self, door: str, name: str, path: str, body: Json) -> Answer | None:
        """What a vendor answers; None if it is told nonsense."""
        vendor = VENDORS[name]
        wire, place = vendor.wire, vendor.path
        if door == "messages" and vendor.messages is not None:
            wire, place = vendor.messages
        stream, told, turn = wire.stream(path, body), list[Told](), 1
        try:
            told = wire.told(body)
            turn = 2 if told else 1
            problem = _problem(door, vendor, path, body)
            if problem is None and place not in path:
                problem = f"{path}: not the address of {place}"
        except (AssertionError, LookupError, TypeError, ValueError) as error:
            problem = f"{error!r} in {json.dumps(body)}"
        if problem is None and turn == 2 and told != wire.expected:
            problem = "told something else than was called and answered"
        with self._lock:
            self._visits.append(Visit(turn, stream, told, problem))
        return None if problem else wire.answer(turn, stream)


def _problem(door: str, vendor: Vendor, path: str, body: Json) -> str | None:
    relayed = vendor.relayed if door == "chat" else vendor.messages is not None
    return None if relayed or vendor.check is None else vendor.check(body)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, vendors: Vendors) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.vendors = vendors

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that the gateway drops as it ends; what went wrong is in the journal."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30.0
    server: _Server

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        door, name, path = self.path.removeprefix("/").split("/", 2)
        answer = self.server.vendors.visited(door, name, "/" + path, json.loads(raw))
        if answer is None:
            self._send(400, Answer("application/json", b'{"message": "wrong"}'))
        else:
            self._send(200, answer)

    def do_GET(self) -> None:
        self._send(404, Answer("application/json", b"{}"))

    def _send(self, status: int, answer: Answer) -> None:
        self.send_response(status)
        self.send_header("Content-Type", answer.content_type)
        if answer.content_type == "application/json":
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in torn(answer.body):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's own word
        """The journal is the log."""
