"""Measures Headgate beside the least possible aiohttp proxy, each alone on one core.

The fake vendor (nginx) and the load (wrk) share the other core. Rounds alternate between the two
subjects, so that a machine whose speed drifts does not favour one of them; what counts is the ratio
of the medians within one run, never an absolute time.

    run.py [--seconds 4] [--rounds 5] [--json FILE] [--short]

Exit code 1 where a figure is over its limit (not with --short, which only proves that it runs).
"""

import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TICK = os.sysconf("SC_CLK_TCK")
MODULES = os.environ.get("NGINX_MODULES", "/usr/lib/nginx/modules")
CHUNKS = 200
FLOOR, HEADGATE = "aiohttp_floor", "headgate"

#: figure -> (limit on the ratio to the floor, whether more is better)
RATIOS = {
    "cpu_us_per_request": (1.25, False),
    "cpu_us_per_chunk": (1.25, False),
    "added_p50_us": (1.5, False),
    "requests_per_second": (0.8, True),
}
#: figure -> absolute limit
LIMITS = {"idle_mib": 90.0, "start_s": 1.0}

CONFIG = """
access: {{keys: [{{name: bench, key: sk-bench}}]}}
providers:
  up: {{kind: custom, base_url: "{upstream}/v1", keys: [sk-upstream-000000]}}
models:
  up/mock-0: {{input_per_mtok: 1, output_per_mtok: 2}}
routes:
  - {{name: mock, match: {{model: "mock-*"}}, targets: [{{to: "up/*"}}]}}
"""


@dataclass
class Subject:
    """One proxy under measurement, and what was measured of it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, figure: str, value: float) -> None:
        self.figures.setdefault(figure, []).append(value)

    def median(self, figure: str) -> float:
        return statistics.median(self.figures[figure])


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=int, default=4)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--json", type=Path)
    options.add_argument("--short", action="store_true")
    asked = options.parse_args()
    if asked.short:
        asked.seconds, asked.rounds = 1, 1
    missing = [tool for tool in ("wrk", "nginx", "taskset") if shutil.which(tool) is None]
    if missing:
        print(f"not found: {', '.join(missing)}", file=sys.stderr)
        return 2
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        upstream = stack.enter_context(vendor(work))
        subjects = [
            stack.enter_context(s) for s in (floor(work, upstream), headgate(work, upstream))
        ]
        for _ in range(asked.rounds):
            for subject in subjects:
                measure(subject, upstream, asked.seconds)
    return report(subjects, asked.json, strict=not asked.short)


def measure(subject: Subject, upstream: int, seconds: int) -> None:
    pid = subject.process.pid
    base = load(upstream, "mock-0", 1, seconds)["p50"]
    subject.note("added_p50_us", load(subject.port, "mock-0", 1, seconds)["p50"] - base)
    before = cpu_us(pid)
    done = load(subject.port, "mock-0", 64, seconds)
    subject.note("cpu_us_per_request", (cpu_us(pid) - before) / max(done["n"], 1))
    subject.note("requests_per_second", done["rps"])
    before = cpu_us(pid)
    streams = load(subject.port, f"mock-{CHUNKS}", 32, seconds, stream=True)
    subject.note("cpu_us_per_chunk", (cpu_us(pid) - before) / max(streams["n"] * (CHUNKS + 2), 1))
    subject.note("failed", done["failed"] + streams["failed"])


def load(
    port: int, model: str, connections: int, seconds: int, *, stream: bool = False
) -> dict[str, float]:
    done = subprocess.run(
        [
            *("taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"),
            *("--timeout", "30s", "-s", str(HERE / "load.lua")),
            f"http://127.0.0.1:{port}/v1/chat/completions",
        ],
        env={**os.environ, "MODEL": model, "STREAM": "1" if stream else "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"RESULT (\d+) (\d+) (\d+) ([\d.]+)", done.stdout)
    if found is None:
        raise SystemExit(f"wrk said nothing useful: {done.stdout}{done.stderr}")
    n, microseconds, failed, p50 = map(float, found.groups())
    return {"n": n, "rps": n / (microseconds / 1e6), "failed": failed, "p50": p50}


@contextmanager
def vendor(work: Path) -> Iterator[int]:
    port = free_port()
    text = (HERE / "upstream.conf").read_text()
    for mark, value in (("@DIR@", str(work)), ("@PORT@", str(port)), ("@MODULES@", MODULES)):
        text = text.replace(mark, value)
    (work / "upstream.conf").write_text(text)
    with running(["taskset", "-c", "1", "nginx", "-c", str(work / "upstream.conf")], work):
        wait_for(port)
        yield port


@contextmanager
def floor(work: Path, upstream: int) -> Iterator[Subject]:
    port = free_port()
    url = f"http://127.0.0.1:{upstream}"
    with started(FLOOR, port, [sys.executable, str(HERE / "floor.py"), url, str(port)], work) as s:
        yield s


@contextmanager
def headgate(work: Path, upstream: int) -> Iterator[Subject]:
    port = free_port()
    file = work / "gateway.yaml"
    file.write_text(CONFIG.format(upstream=f"http://127.0.0.1:{upstream}"))
    command = [sys.executable, "-m", "headgate", "serve", "--quiet", "-c", str(file)]
    with started(HEADGATE, port, [*command, "--port", str(port)], work) as subject:
        yield subject


@contextmanager
def started(name: str, port: int, command: list[str], work: Path) -> Iterator[Subject]:
    began = time.monotonic()
    with running(["taskset", "-c", "0", *command], work) as process:
        wait_for(port)
        subject = Subject(name, port, process)
        subject.note("start_s", time.monotonic() - began)
        subject.note("idle_mib", rss_mib(process.pid))
        load(port, "mock-0", 16, 1)
        yield subject


@contextmanager
def running(command: list[str], work: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (work / "output.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=work)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def wait_for(port: int, seconds: float = 20.0) -> None:
    """Returns once a chat completion is answered."""
    body = json.dumps({"model": "mock-0", "messages": [{"role": "user", "content": "hi"}]})
    headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench"}
    url = f"http://127.0.0.1:{port}/v1/chat/completions"
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body.encode(), headers)):
                return
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"nothing answered on port {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_us(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1e6 / TICK


def rss_mib(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def report(subjects: list[Subject], file: Path | None, *, strict: bool) -> int:
    least, ours = subjects
    bad = [s.name for s in subjects if sum(s.figures["failed"])]
    rows: dict[str, dict[str, float]] = {}
    print(f"{'figure':22}{'floor':>10}{'headgate':>10}{'ratio':>8}{'must be':>10}")
    for figure, (limit, more) in RATIOS.items():
        ratio = ours.median(figure) / least.median(figure)
        kept = ratio >= limit if more else ratio <= limit
        bad += [] if kept else [figure]
        rows[figure] = {
            "floor": least.median(figure),
            "headgate": ours.median(figure),
            "ratio": ratio,
        }
        sign = ">=" if more else "<="
        print(
            f"{figure:22}{least.median(figure):10.1f}{ours.median(figure):10.1f}"
            f"{ratio:8.2f}{sign:>6}{limit:5.2f}{'' if kept else '  !'}"
        )
    for figure, limit in LIMITS.items():
        value = ours.median(figure)
        bad += [] if value <= limit else [figure]
        rows[figure] = {"floor": least.median(figure), "headgate": value}
        print(f"{figure:22}{least.median(figure):10.2f}{value:10.2f}{'':8}{'<=':>6}{limit:5.1f}")
    if file is not None:
        file.write_text(json.dumps(rows, indent=1))
    if bad:
        print(f"over the limit: {', '.join(bad)}")
    return 1 if strict and bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
