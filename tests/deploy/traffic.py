"""A gateway with something of everything: answers, streams, failures, fallbacks, dead keys."""

from __future__ import annotations

import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from headgate.testing.gateway import KEY, Gateway

CONFIG = """
providers:
  echo: {}
  slow: {kind: echo, delay: 0.02, gap: 0.005}
  keyed: {kind: echo, keys: [good-key-0000000000]}
  spent: {kind: echo, keys: [spent-key-000000000]}
models:
  echo/echo: {input_per_mtok: 100000, output_per_mtok: 200000}
routes:
  - name: rescue
    match: {model: rescue}
    targets:
      - {to: "echo/fail=overloaded", priority: 10}
      - {to: slow/echo, priority: 1}
"""

#: model, streamed
CALLS = (
    ("echo/echo", False),
    ("echo/echo", True),
    ("slow/anything", True),
    ("keyed/echo", False),
    ("rescue", False),
    ("rescue", True),
    # Its circuit may be open, but it is the only target: it is asked all the same.
    ("echo/fail=overloaded", False),
    ("echo/fail=cut,after=2", True),
    ("echo/fail=invalid_request", False),
    ("spent/fail=credentials", False),
    ("no-such-model", False),
)
#: After five failures in a row the circuit of the route's first target is open.
RESCUES = 3


def call(gateway: Gateway, model: str, *, stream: bool = False) -> int:
    """One call to its end; the status of its answer."""
    body = {
        "model": model,
        "stream": stream,
        "messages": [{"role": "user", "content": "one two three four five"}],
    }
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    request = Request(
        f"{gateway.url}/v1/chat/completions", json.dumps(body).encode(), headers, method="POST"
    )
    try:
        with urlopen(request, timeout=20) as response:
            response.read()
            return int(response.status)
    except HTTPError as error:
        with error:
            return error.code


def busy_minute(gateway: Gateway) -> None:
    """Something of everything, in a second or two."""
    for model, stream in CALLS:
        call(gateway, model, stream=stream)
    for _ in range(RESCUES):
        call(gateway, "rescue")
