"""What the Python SDK yields for a recorded answer, directly and through the gateway."""

from __future__ import annotations

import asyncio
import base64
import struct
from typing import Any

import pytest
from openai import AsyncOpenAI

from .conftest import DIRECT_KEY, Doors
from .recordings import Recording, answered, as_it_came, cases
from .sdk import Outcome, ask, ask_async


def _whole(recording: Recording) -> bool:
    return as_it_came(recording) and not recording.stream


def _streamed(recording: Recording) -> bool:
    return as_it_came(recording) and recording.stream


def _embedded(recording: Recording) -> bool:
    return recording.api == "embeddings" and not recording.failed


def both(doors: Doors, recording: Recording, **changes: Any) -> tuple[Outcome, Outcome]:
    """The recorded request with `changes`, directly and through the gateway."""
    body = {**recording.request, **changes}
    direct = ask(doors.direct(recording), recording.api, body)
    through = ask(doors.through, recording.api, {**body, "model": recording.through})
    return direct, through


def single(numbers: list[float]) -> tuple[float, ...]:
    """Numbers in single precision, which is all that base64 vectors have."""
    return struct.unpack(f"<{len(numbers)}f", struct.pack(f"<{len(numbers)}f", *numbers))


def without_vectors(dumped: dict[str, Any]) -> dict[str, Any]:
    """Everything of an embeddings answer but the vectors."""
    data = [{name: v for name, v in item.items() if name != "embedding"} for item in dumped["data"]]
    return {**dumped, "data": data}


def vectors(dumped: dict[str, Any]) -> list[Any]:
    """The vectors of an embeddings answer."""
    return [item["embedding"] for item in dumped["data"]]


@pytest.mark.parametrize("recording", cases(_whole), indirect=True)
def test_a_whole_answer_is_the_vendors_own(doors: Doors, recording: Recording) -> None:
    direct, through = both(doors, recording)
    assert (direct.error, through.error) == (None, None)
    assert through.got == direct.got


@pytest.mark.parametrize("recording", cases(_streamed), indirect=True)
def test_a_stream_has_the_vendors_own_chunks(doors: Doors, recording: Recording) -> None:
    direct, through = both(doors, recording)
    assert (direct.error, through.error) == (None, None)
    assert direct.got
    assert through.got == direct.got


@pytest.mark.parametrize("recording", cases(as_it_came), indirect=True)
def test_the_asynchronous_sdk_yields_the_same(
    doors: Doors, recording: Recording, async_client: AsyncOpenAI, runner: asyncio.Runner
) -> None:
    async def exchange() -> tuple[Outcome, Outcome]:
        vendor = async_client.with_options(
            base_url=doors.replay.url("direct", recording), api_key=DIRECT_KEY
        )
        body = recording.request
        direct = await ask_async(vendor, recording.api, body)
        through = await ask_async(async_client, recording.api, {**body, "model": recording.through})
        return direct, through

    direct, through = runner.run(exchange())
    assert (direct.error, through.error) == (None, None)
    assert direct.got
    assert through.got == direct.got


@pytest.mark.parametrize(
    "recording", cases(lambda one: answered(one) and one.usage_apart), indirect=True
)
def test_a_client_that_did_not_ask_for_usage_gets_no_chunk_of_it(
    doors: Doors, recording: Recording
) -> None:
    body = {name: v for name, v in recording.request.items() if name != "stream_options"}
    direct = ask(doors.direct(recording), "chat", body)
    through = ask(doors.through, "chat", {**body, "model": recording.through})
    assert through.error is None
    assert through.got == [chunk for chunk in direct.got if chunk["choices"] or not chunk["usage"]]
    assert len(through.got) == len(direct.got) - 1


@pytest.mark.parametrize(
    "recording", cases(lambda one: answered(one) and one.usage_apart), indirect=True
)
def test_a_client_that_asked_for_usage_gets_its_numbers(doors: Doors, recording: Recording) -> None:
    _, through = both(doors, recording, stream_options={"include_usage": True})
    told = [chunk["usage"] for chunk in through.got if chunk["usage"]]
    recorded = [chunk["usage"] for chunk in recording.chunks if chunk.get("usage")]
    assert told[-1]["total_tokens"] == recorded[-1]["total_tokens"]


@pytest.mark.parametrize("recording", cases(_embedded), indirect=True)
def test_embeddings_are_the_vendors_own(doors: Doors, recording: Recording) -> None:
    direct, through = both(doors, recording)
    assert (direct.error, through.error) == (None, None)
    ours, theirs = through.got[0], direct.got[0]
    assert without_vectors(ours) == without_vectors(theirs)
    for mine, vendors in zip(vectors(ours), vectors(theirs), strict=True):
        # Unless told otherwise the SDK asks for base64. A vendor that answers with numbers all the
        # same is put right by the gateway, which costs the digits that base64 has no room for.
        assert mine == vendors or single(mine) == single(vendors)


@pytest.mark.parametrize("recording", cases(_embedded), indirect=True)
def test_a_client_that_asks_for_numbers_gets_numbers(doors: Doors, recording: Recording) -> None:
    direct, through = both(doors, recording, encoding_format="float")
    for mine, vendors in zip(vectors(through.got[0]), vectors(direct.got[0]), strict=True):
        if isinstance(vendors, str):
            raw = base64.b64decode(vendors)
            assert mine == list(struct.unpack(f"<{len(raw) // 4}f", raw))
        else:
            assert mine == vendors
