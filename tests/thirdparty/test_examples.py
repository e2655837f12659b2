"""A third party's plugin, installed from its own distribution, behaves like one of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest

from headgate.testing.gateway import KEY, Gateway

HELLO = [{"role": "user", "content": "Hello"}]


class Vendor:
    """Listens on a free port and keeps every request it got: path, headers, body."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = json.loads(self.rfile.read(length))
                headers = {name.lower(): value for name, value in self.headers.items()}
                vendor.requests.append((self.path, headers, body))
                status, content_type, pieces = vendor.answer(body)
                self.send_response(status)
                self.send_header("content-type", content_type)
                self.send_header("transfer-encoding", "chunked")
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")

            def log_message(self, *args: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def answer(self, body: dict[str, Any]) -> tuple[int, str, list[bytes]]:
        """Status, content type and the pieces of the body."""
        raise NotImplementedError

    def stop(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class AcmeVendor(Vendor):
    """Speaks OpenAI's dialect and says `Hello`."""

    def answer(self, body: dict[str, Any]) -> tuple[int, str, list[bytes]]:
        usage = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
        if not body.get("stream"):
            message = {"role": "assistant", "content": "Hello"}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            whole = {"id": "acme-1", "object": "chat.completion", "created": 1, "model": "rocket-1"}
            answer = {**whole, "choices": [choice], "usage": usage}
            return 200, "application/json", [json.dumps(answer).encode()]
        chunks = [
            _chunk({"role": "assistant"}),
            _chunk({"content": "Hel"}),
            _chunk({"content": "lo"}),
        ]
        chunks += [_chunk({}, "stop"), {**_chunk({}), "choices": [], "usage": usage}]
        events = [b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks]
        return 200, "text/event-stream", [*events, b"data: [DONE]\n\n"]


def _chunk(delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {
        "id": "acme-1",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "rocket-1",
        "choices": [choice],
    }


class MillraceVendor(Vendor):
    """One JSON object a line. The model `busy` refuses, `faulty` breaks in mid-stream."""

    def answer(self, body: dict[str, Any]) -> tuple[int, str, list[bytes]]:
        fault = {"fault": {"word": "busy", "text": "the millrace is full"}}
        if body["model"] == "busy":
            return 500, "application/json", [json.dumps(fault).encode()]
        end = {"why": "end", "spent": {"in": 3, "out": 2}}
        if not body["stream"]:
            return 200, "application/json", [json.dumps({"say": "Hello", **end}).encode()]
        last = fault if body["model"] == "faulty" else end
        lines = [
            json.dumps(line).encode() + b"\n" for line in ({"say": "Hel"}, {"say": "lo"}, last)
        ]
        # Torn in the middle of a line, as networks do.
        return 200, "application/x-ndjson", [lines[0][:5], lines[0][5:] + lines[1], lines[2]]


Start = Callable[[type[Vendor]], Vendor]


@pytest.fixture
def vendor() -> Iterator[Callable[[type[Vendor]], Vendor]]:
    """Starts a vendor on a free port, and ends it after the test."""
    started: list[Vendor] = []

    def start(cls: type[Vendor]) -> Vendor:
        started.append(cls())
        return started[-1]

    yield start
    for one in started:
        one.stop()


def environment(installed: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(installed)}


def client(gateway: Gateway) -> openai.OpenAI:
    """An SDK client; to be closed, with its connections."""
    return openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, max_retries=0, timeout=20)


def said(gateway: Gateway, model: str, *, stream: bool) -> str:
    """What an OpenAI SDK gets."""
    with client(gateway) as sdk:
        if not stream:
            answer = sdk.chat.completions.create(model=model, messages=HELLO)
            return answer.choices[0].message.content or ""
        with sdk.chat.completions.create(model=model, messages=HELLO, stream=True) as chunks:
            return "".join(
                chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices
            )


def test_a_ten_line_plugin_answers_whole_and_streamed(
    installed: Path, vendor: Start, tmp_path: Path
) -> None:
    acme = vendor(AcmeVendor)
    config = f"providers: {{acme: {{keys: [acme-key-1], base_url: '{acme.url}/v1'}}}}"
    with Gateway(config, tmp_path, environment(installed)) as gateway:
        assert said(gateway, "acme/rocket-1", stream=False) == "Hello"
        assert said(gateway, "acme/rocket-1", stream=True) == "Hello"
        calls = gateway.calls(2)
    for path, headers, body in acme.requests:
        assert path == "/v1/chat/completions"
        assert headers["authorization"] == "Bearer acme-key-1"
        assert body["model"] == "rocket-1"
    assert [(call["input_tokens"], call["basis"]) for call in calls] == [(3, "reported")] * 2


def test_a_plugin_with_its_own_wire_format_answers_whole_and_streamed(
    installed: Path, vendor: Start, tmp_path: Path
) -> None:
    millrace = vendor(MillraceVendor)
    config = f"""
providers: {{mill: {{kind: millrace, keys: [mill-key-1], base_url: '{millrace.url}', region: us}}}}
models: {{mill/brook: {{input_per_mtok: 1, output_per_mtok: 2}}}}
"""
    with Gateway(config, tmp_path, environment(installed)) as gateway:
        assert said(gateway, "mill/brook", stream=False) == "Hello"
        assert said(gateway, "mill/brook", stream=True) == "Hello"
        calls = gateway.calls(2)
    for path, headers, body in millrace.requests:
        assert path == "/talk"
        assert headers["x-millrace-key"] == "mill-key-1"
        assert "authorization" not in headers
        assert body["turns"] == [{"who": "user", "say": "Hello"}]
        assert body["region"] == "us"
    assert [(call["output_tokens"], call["cost_usd"]) for call in calls] == [(2, 7e-06)] * 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_busy_third_party_vendor_is_left_for_the_next_target(
    installed: Path, vendor: Start, tmp_path: Path, stream: bool
) -> None:
    millrace = vendor(MillraceVendor)
    config = f"""
providers: {{millrace: {{keys: [mill-key-1], base_url: '{millrace.url}'}}, echo: {{}}}}
routes: [{{name: any, targets: [millrace/busy, echo/echo], pick: order}}]
"""
    with Gateway(config, tmp_path, environment(installed)) as gateway:
        assert said(gateway, "whatever", stream=stream) == "Hello"
        assert gateway.calls(1)[0]["attempts"] == "millrace/busy:overloaded, echo/echo:ok"


def test_a_fault_in_the_middle_of_a_third_partys_stream_reaches_the_client_as_an_error(
    installed: Path, vendor: Start, tmp_path: Path
) -> None:
    millrace = vendor(MillraceVendor)
    config = f"providers: {{millrace: {{keys: [mill-key-1], base_url: '{millrace.url}'}}}}"
    with (
        Gateway(config, tmp_path, environment(installed)) as gateway,
        pytest.raises(openai.APIError, match="the millrace is full"),
    ):
        said(gateway, "millrace/faulty", stream=True)


def test_what_a_plugin_cannot_say_is_a_400_and_not_a_call_to_its_vendor(
    installed: Path, vendor: Start, tmp_path: Path
) -> None:
    millrace = vendor(MillraceVendor)
    config = f"providers: {{millrace: {{keys: [mill-key-1], base_url: '{millrace.url}'}}}}"
    tool = {"type": "function", "function": {"name": "now", "parameters": {}}}
    with (
        Gateway(config, tmp_path, environment(installed)) as gateway,
        client(gateway) as sdk,
        pytest.raises(openai.BadRequestError) as refused,
    ):
        sdk.chat.completions.create(model="millrace/brook", messages=HELLO, tools=[tool])
    assert refused.value.code == "unsupported_parameter"
    assert millrace.requests == []


def test_a_wrong_option_of_a_third_party_plugin_is_named_with_its_line(
    installed: Path, tmp_path: Path
) -> None:
    file = tmp_path / "gateway.yaml"
    file.write_text("providers:\n  millrace:\n    keys: [k]\n    regoin: us\n")
    done = subprocess.run(
        [sys.executable, "-m", "headgate", "serve", "--config", str(file), "--port", "0"],
        env=environment(installed),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    assert (
        f"{file}:4: unknown key 'regoin' for kind 'millrace'; did you mean 'region'?" in done.stderr
    )


def test_headgate_plugins_lists_installed_third_party_plugins(
    installed: Path, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "headgate", "plugins"],
        env=environment(installed) | {"COLUMNS": "200"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for word in ("headgate-acme", "headgate-millrace", "acme", "millrace"):
        assert word in done.stdout


@pytest.mark.parametrize("name", ["ten-lines", "own-wire"])
def test_the_examples_own_tests_pass_where_the_example_is_installed(
    sources: Path, installed: Path, name: str
) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            str(sources / name / "tests"),
        ],
        env=environment(installed),
        cwd=sources / name,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
