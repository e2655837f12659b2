"""Acme through a real gateway, against a vendor on a loopback socket."""
# ruff: noqa: INP001, S101 - a test module: it stands alone, and it asserts

import json
from pathlib import Path
from urllib.request import Request, urlopen

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import whole


def test_acme_answers_through_the_gateway(tmp_path: Path) -> None:
    with FakeUpstream({"rocket-1": whole("Hi")}) as vendor:
        config = f"providers: {{acme: {{keys: [acme-key], base_url: '{vendor.url}'}}}}"
        with Gateway(config, tmp_path) as gateway:
            message = {"role": "user", "content": "Hello"}
            request = Request(  # noqa: S310 - the address is the gateway's
                f"{gateway.url}/v1/chat/completions",
                json.dumps({"model": "acme/rocket-1", "messages": [message]}).encode(),
                {"authorization": f"Bearer {KEY}", "content-type": "application/json"},
            )
            with urlopen(request, timeout=10) as answer:  # noqa: S310 - as above
                said = json.load(answer)["choices"][0]["message"]["content"]
            assert said == "Hi"
            assert gateway.metric("headgate_requests_total", provider="acme", status="200") == 1
