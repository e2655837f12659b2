"""Other people's programs: finding them, running them to their end, and running them for a while."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

Value = TypeVar("Value")
DEPLOY = Path(__file__).parents[2] / "deploy"
#: Debian keeps servers out of an ordinary user's PATH.
_SERVERS = "/usr/local/sbin:/usr/sbin:/sbin"


def program(name: str, *, optional: bool = False) -> str:
    """The path of an installed program. Where it is missing the test is skipped, and fails in CI:
    there a skipped check is one that nobody made.
    """
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_SERVERS}")
    if found is not None:
        return found
    if os.environ.get("CI") == "true" and not optional:
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def run(*command: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """A program that ends by itself, with its output and errors together."""
    return subprocess.run(
        command,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
        check=False,
    )


def free_port() -> int:
    """A port nobody listens on. Somebody else may take it: `Background` says so if they do."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def wait_for(look: Callable[[], Value], what: str, seconds: float = 15.0) -> Value:
    """The first true value `look` gives."""
    until = time.monotonic() + seconds
    while True:
        if value := look():
            return value
        if time.monotonic() > until:
            pytest.fail(f"{what}: not within {seconds:g} s")
        time.sleep(0.05)


class Background:
    """A server of somebody else's, from `with` to the end of it."""

    def __init__(self, command: Sequence[str | Path], log: Path, port: int) -> None:
        self._command, self._log, self.port = command, log, port
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(self._command, stdout=log, stderr=log)
        try:
            wait_for(self._ready, f"{self._command[0]} being ready")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            pytest.fail(f"{self._command[0]} ended:\n{self._log.read_text()}")
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Prometheus(Background):
    """A real Prometheus with one of our configurations, hurried: it scrapes every second."""

    def __init__(self, config: Path, folder: Path, targets: Sequence[str], key: str = "") -> None:
        settings = yaml.safe_load(config.read_text("utf-8"))
        settings["global"] = dict.fromkeys(settings["global"], "1s")
        (job,) = settings["scrape_configs"]
        job["static_configs"] = [{"targets": list(targets)}]
        if "authorization" in job:
            (folder / "key").write_text(key, "ascii")
            job["authorization"]["credentials_file"] = str(folder / "key")
        shutil.copy(DEPLOY / "prometheus" / "alerts.yml", folder)
        file = folder / "prometheus.yml"
        file.write_text(yaml.safe_dump(settings), "utf-8")
        port = free_port()
        command = [
            program("prometheus"),
            f"--config.file={file}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=warn",
        ]
        super().__init__(command, folder / "prometheus.log", port)

    def _ready(self) -> bool:
        # It listens before it answers.
        if not super()._ready():
            return False
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=5) as response:
                return bool(response.status == 200)
        except HTTPError as not_yet:
            not_yet.close()
        except URLError:
            pass
        return False

    def ask(self, path: str, **parameters: str) -> Any:
        """The `data` of an answer of its API."""
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urlencode(parameters)}"
        try:
            with urlopen(url, timeout=10) as response:
                return json.load(response)["data"]
        except HTTPError as error:
            pytest.fail(f"{parameters}: {error.read().decode()}")

    def query(self, expression: str) -> list[dict[str, Any]]:
        """The series an expression gives now: each a `metric` and a `value`."""
        result = self.ask("query", query=expression)["result"]
        assert isinstance(result, list)
        return result

    def wait_until(self, expression: str) -> None:
        """Waits until an expression gives something."""

        wait_for(lambda: self.query(expression), expression)
