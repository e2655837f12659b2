"""A real gateway in a process of its own, for tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.request import Request, urlopen

_LISTENING = re.compile(r"listening on (http://\S+)")
_START_SECONDS, _STOP_SECONDS = 20.0, 20.0

#: The key of a gateway whose configuration has no `access` of its own.
KEY = "hg-test-key-0000000000000000"


class Gateway:
    """`headgate serve` with a configuration given as text, on a free port.

    with Gateway("providers: {echo: {}}", folder=tmp_path) as gateway:
        gateway.url   # http://127.0.0.1:41234
    """

    def __init__(
        self, config: str, folder: Path, environment: Mapping[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._file = folder / "gateway.yaml"
        if "access:" not in config:
            config += f"\naccess: {{keys: [{{name: test, key: {KEY}, role: admin}}]}}\n"
        self._file.write_text(config, "utf-8")
        self._environment = {**os.environ, "HEADGATE_HOME": str(folder / "home")}
        self._environment.update(environment or {})
        self._output: list[str] = []
        self._listening = threading.Event()
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "headgate", "serve", "--config", str(self._file), "--port", "0"],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._listening.wait(_START_SECONDS) or not self.url:
            self.stop()
            raise RuntimeError("the gateway did not start:\n" + self.output)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self._output.append(line)
            if match := _LISTENING.search(line):
                self.url = match[1]
                self._listening.set()
        self._listening.set()

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self.url.rsplit(":", 1)[1])

    @property
    def pid(self) -> int:
        """The process, for signals and for looking at its memory."""
        if self._process is None:
            raise RuntimeError("the gateway is not running")
        return self._process.pid

    @property
    def output(self) -> str:
        """Everything it has printed so far."""
        return "".join(self._output)

    def calls(self, at_least: int = 0, seconds: float = 5.0, **fields: Any) -> list[dict[str, Any]]:
        """The log lines of calls whose `fields` are these, oldest first.

        Lines are written a moment after their call: waits until there are `at_least` so many.
        """
        until = time.monotonic() + seconds
        while True:
            lines = [json.loads(line) for line in list(self._output) if line.startswith("{")]
            found = [
                line
                for line in lines
                if line.get("event") == "call"
                and all(line.get(name) == value for name, value in fields.items())
            ]
            if len(found) >= at_least or time.monotonic() > until:
                return found
            time.sleep(0.02)

    def line(self, request_id: str) -> dict[str, Any]:
        """The log line of one call."""
        found = self.calls(1, request_id=request_id)
        if not found:
            raise LookupError(f"no call {request_id} in the log")
        return found[0]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's series that carry `labels`; 0 where there is none."""
        request = Request(f"{self.url}/metrics")
        with urlopen(request, timeout=10) as response:
            text = response.read().decode()
        total = 0.0
        for line in text.splitlines():
            series, _, value = line.rpartition(" ")
            found, _, rest = series.partition("{")
            if found == name and all(f'{key}="{word}"' in rest for key, word in labels.items()):
                total += float(value)
        return total

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = _STOP_SECONDS) -> int:
        """The exit code, once the process has ended."""
        if self._process is None:
            raise RuntimeError("the gateway is not running")
        return self._process.wait(seconds)

    def stop(self) -> None:
        """Ends the process: politely, then not."""
        process = self._process
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._reader is not None:
            self._reader.join(_STOP_SECONDS)
        if process.stdout is not None:
            process.stdout.close()
