"""A real nginx with our configuration in front of a real gateway."""

from __future__ import annotations

import http.client
import json
import os
import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from headgate.testing.gateway import KEY, Gateway

from .programs import DEPLOY, Background, free_port, program, run, wait_for

NAME = "gateway.example.com"


@dataclass(frozen=True)
class Edge:
    """An nginx in front of a gateway: its two ports, and what its clients trust."""

    gateway: Gateway
    plain: int
    secure: int
    trust: ssl.SSLContext

    def connection(self) -> http.client.HTTPSConnection:
        """A connection to the secure port."""
        return http.client.HTTPSConnection("127.0.0.1", self.secure, context=self.trust, timeout=15)


def main_file(folder: Path, site: Path) -> Path:
    """The nginx.conf around ours: no daemon, nothing outside `folder`.

    Our gateway asks proxies not to buffer; here nginx does not listen to that, so that a stream
    flows because of our configuration and of nothing else.
    """
    folders = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "\n".join(f"    {name}_temp_path {folder / name};" for name in folders)
    # A worker of another user could not reach the folder of the tests.
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"""{user}
daemon off;
pid {folder / "pid"};
error_log {folder / "error.log"} warn;
events {{}}
http {{
    access_log off;
{temporary}
    proxy_ignore_headers X-Accel-Buffering;
    include {site};
}}
""",
        "utf-8",
    )
    return file


def site_file(folder: Path, gateway: str, plain: int, secure: int) -> Path:
    """Our configuration with addresses and a certificate of the test."""
    text = (DEPLOY / "nginx" / "headgate.conf").read_text("utf-8")
    for written, meant in (
        ("server 127.0.0.1:8080;", f"server {gateway};"),
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{secure} ssl;"),
        ("/etc/nginx/tls", str(folder)),
    ):
        assert written in text
        text = text.replace(written, meant)
    file = folder / "headgate.conf"
    file.write_text(text, "utf-8")
    return file


def certificate(folder: Path) -> Path:
    """A certificate of its own making, for the name in the configuration."""
    made = run(
        program("openssl"), "req", "-x509", "-nodes", "-days", "2", "-subj", f"/CN={NAME}",
        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
        "-addext", f"subjectAltName=DNS:{NAME},IP:127.0.0.1",
        "-keyout", folder / "privkey.pem", "-out", folder / "fullchain.pem",
    )  # fmt: skip
    assert made.returncode == 0, made.stdout.decode()
    return folder / "fullchain.pem"


@pytest.fixture(scope="module")
def edge(gateway: Gateway, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    nginx = program("nginx")
    folder = tmp_path_factory.mktemp("nginx")
    trust = ssl.create_default_context(cafile=certificate(folder))
    plain, secure = free_port(), free_port()
    site = site_file(folder, f"127.0.0.1:{gateway.port}", plain, secure)
    command: list[str | Path] = [nginx, "-c", main_file(folder, site), "-p", folder]
    with Background(command, folder / "output.log", secure):
        yield Edge(gateway, plain, secure, trust)


def chat(model: str, *, stream: bool, text: str = "one two three four") -> tuple[str, bytes]:
    """The path and the body of a call."""
    message = {"role": "user", "content": text}
    body: dict[str, Any] = {"model": model, "stream": stream, "messages": [message]}
    return "/v1/chat/completions", json.dumps(body).encode()


HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}


def test_nginx_accepts_the_configuration_without_a_warning(tmp_path: Path) -> None:
    nginx = program("nginx")
    certificate(tmp_path)
    site = site_file(tmp_path, "127.0.0.1:8080", free_port(), free_port())
    done = run(nginx, "-t", "-c", main_file(tmp_path, site), "-p", tmp_path)
    assert done.returncode == 0, done.stdout.decode()
    assert b"[warn]" not in done.stdout


def test_the_first_word_arrives_long_before_the_last(edge: Edge) -> None:
    connection = edge.connection()
    try:
        connection.request("POST", *chat("echo/gap=250ms,chunks=4", stream=True), HEADERS)
        response = connection.getresponse()
        words = []
        while line := response.readline():
            if b'"content":"' in line:
                words.append(time.monotonic())
    finally:
        connection.close()
    assert len(words) >= 4
    assert words[-1] - words[0] > 0.5


def test_a_whole_answer_arrives(edge: Edge) -> None:
    connection = edge.connection()
    try:
        connection.request("POST", *chat("echo/echo", stream=False), HEADERS)
        response = connection.getresponse()
        answer = json.loads(response.read())
    finally:
        connection.close()
    assert response.status == 200
    assert response.headers["x-headgate-provider"] == "echo"
    assert answer["choices"][0]["message"]["content"] == "one two three four"


def test_a_client_that_leaves_ends_its_call(edge: Edge) -> None:
    connection = edge.connection()
    connection.request("POST", *chat("echo/gap=200ms,chunks=100", stream=True), HEADERS)
    assert connection.getresponse().readline()
    connection.close()

    def ended() -> list[dict[str, Any]]:
        return [line for line in edge.gateway.calls() if "chunks=100" in line["asked"]]

    statuses = [line["status"] for line in wait_for(ended, "the call's end")]
    assert statuses == [499]


def test_a_prompt_of_two_megabytes_goes_through(edge: Edge) -> None:
    connection = edge.connection()
    try:
        path, body = chat("echo/echo", stream=False, text="x" * 2_000_000)
        connection.request("POST", path, body, HEADERS)
        response = connection.getresponse()
        response.read()
    finally:
        connection.close()
    assert response.status == 200


def test_a_body_the_gateway_would_refuse_is_refused_at_the_edge(edge: Edge) -> None:
    connection = edge.connection()
    try:
        connection.putrequest("POST", "/v1/chat/completions")
        connection.putheader("Content-Length", str(32 * 2**20 + 1))
        connection.endheaders()
        assert connection.getresponse().status == 413
    finally:
        connection.close()


@pytest.mark.parametrize("headers", [{}, HEADERS], ids=["without a key", "with one"])
def test_metrics_are_not_shown_to_the_world(edge: Edge, headers: dict[str, str]) -> None:
    connection = edge.connection()
    try:
        connection.request("GET", "/metrics", headers=headers)
        assert connection.getresponse().status == 404
    finally:
        connection.close()


def test_plain_http_is_sent_to_https_with_its_method_kept(edge: Edge) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.plain, timeout=10)
    try:
        connection.request("POST", "/v1/chat/completions?a=b", b"{}", {"Host": NAME})
        response = connection.getresponse()
    finally:
        connection.close()
    assert response.status == 308
    assert response.headers["Location"] == f"https://{NAME}/v1/chat/completions?a=b"


def test_nginx_is_more_patient_than_the_gateway() -> None:
    text = (DEPLOY / "nginx" / "headgate.conf").read_text("utf-8")
    seconds = {name: int(value) for name, value in re.findall(r"(\w+timeout)\s+(\d+)s;", text)}
    assert seconds["proxy_read_timeout"] > 600
    assert seconds["keepalive_timeout"] < 75
