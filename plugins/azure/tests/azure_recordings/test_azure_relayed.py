"""Recorded answers of Azure, relayed by a gateway to OpenAI's SDK."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest

from headgate.testing.gateway import KEY, Gateway
from headgate.testing.upstream import FakeUpstream
from headgate.testing.upstream_scenarios import raw, sized
from headgate.testing.upstream_script import Scenario

from .recorded import Recording, cases, plain, present, recordings

_STORED = re.compile(r"resp_[A-Za-z0-9_-]+")


@dataclass(frozen=True)
class House:
    """A gateway with one provider a recording, and the vendor behind all of them."""

    vendor: FakeUpstream
    client: openai.OpenAI


def options(one: Recording, host: str) -> dict[str, Any]:
    """The provider that asks what was recorded, at another host."""
    return {
        "kind": "azure",
        "base_url": one.base_url(host),
        "keys": ["azure-test-key"],
        "deployments": {"ours": one.deployment},
        **({"api_version": one.version} if one.version else {}),
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with FakeUpstream() as vendor:
        config = {one.id: options(one, vendor.url.removesuffix("/v1")) for one in recordings()}
        folder = tmp_path_factory.mktemp("gateway")
        with Gateway(f"providers: {json.dumps(config)}\n", folder) as gateway:
            client = openai.OpenAI(
                base_url=gateway.url + "/v1", api_key=KEY, max_retries=0, timeout=20
            )
            with client:
                yield House(vendor, client)


def played(one: Recording) -> Scenario:
    """The recorded answer, byte for byte."""
    headers = {name.title(): value for name, value in one.headers.items()}
    return raw(sized(one.status, one.body.encode(), headers))


def asked(client: openai.OpenAI, one: Recording, *, whole: bool) -> Any:
    """The recorded request, made with the SDK: the bytes of its answer, or what the SDK reads."""
    resources: dict[str, Any] = {
        "chat": client.chat.completions,
        "embeddings": client.embeddings,
        "responses": client.responses,
    }
    fields = {**one.request, "model": f"{one.id}/ours"}
    if not whole:
        return resources[one.api].create(**fields)
    with resources[one.api].with_streaming_response.create(**fields) as response:
        return b"".join(response.iter_bytes())


@pytest.mark.parametrize("recording", cases())
def test_a_gateway_relays_what_was_recorded(
    recording: Recording | None, request: pytest.FixtureRequest
) -> None:
    one = present(recording)
    house: House = request.getfixturevalue("house")
    house.vendor.script(one.deployment, played(one))
    if one.status >= 400:
        with pytest.raises(openai.APIStatusError) as failed:
            asked(house.client, one, whole=False)
        # A refused key is the operator's, not the client's.
        assert failed.value.status_code == (502 if one.status in (401, 403) else one.status)
    else:
        said = comparable(one, asked(house.client, one, whole=True).decode())
        assert said == comparable(one, one.body)
        read(one, asked(house.client, one, whole=False))
    visit = house.vendor.of(one.deployment)[-1]
    assert visit.path == "/" + one.url.split("/", 3)[3]
    assert visit.headers["api-key"] == "azure-test-key"
    assert "authorization" not in visit.headers
    assert ("extra-parameters" in visit.headers) is one.path.startswith("/models/")
    assert visit.body == {**one.request, "model": one.deployment}


def comparable(one: Recording, body: str) -> Any:
    """An answer without what the gateway may change: the ids under which it finds stored
    responses again, and the last words that some streams lack.
    """
    body = _STORED.sub("resp", body)
    return body.removesuffix("data: [DONE]\n\n") if one.stream else json.loads(body)


def read(one: Recording, answer: Any) -> None:
    """Compares what the SDK makes of the relayed answer with what was recorded."""
    if one.api == "embeddings":
        assert len(answer.data) == len(json.loads(one.body)["data"])
    elif one.api == "responses":
        last = list(answer)[-1].response if one.stream else answer
        assert last.output_text == plain(one)["text"]
        assert last.usage.output_tokens == plain(one)["completion"]
    elif not one.stream:
        assert (answer.choices[0].message.content or "") == plain(one)["text"]
        assert answer.usage.completion_tokens == plain(one)["completion"]
    else:
        chunks = list(answer)
        pieces = (c.choices[0].delta.content or "" for c in chunks if c.choices)
        assert "".join(pieces) == plain(one)["text"]
        assert chunks[0].choices == []
        assert chunks[0].prompt_filter_results
