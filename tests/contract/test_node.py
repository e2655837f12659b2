"""The same contract with the Node SDK, which passes on what it reads without a model of it."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import pytest

from headgate.testing.gateway import KEY

from .conftest import DIRECT_KEY, Doors
from .node_sdk import SOURCE, installed, run
from .recordings import Recording, answered, as_it_came, cases, recordings

HELLO = [{"role": "user", "content": "Hello there, world"}]
UNASKED = " without stream_options"

#: name -> (api, model, body, key), for what needs no vendor
ECHO: dict[str, tuple[str, str, dict[str, Any], str]] = {
    "whole": ("chat", "echo/echo", {"messages": HELLO}, KEY),
    "stream": ("chat", "echo/echo", {"messages": HELLO, "stream": True}, KEY),
    "cut": ("chat", "echo/chunks=9,fail=cut,after=3", {"messages": HELLO, "stream": True}, KEY),
    "vectors": ("embeddings", "echo/vectors", {"input": ["one"]}, KEY),
    "floats": ("embeddings", "echo/vectors", {"input": ["one"], "encoding_format": "float"}, KEY),
    "models": ("models", "", {}, KEY),
    "model": ("model", "echo/priced", {}, KEY),
    "wrong key": ("chat", "echo/echo", {"messages": HELLO}, "hg-not-the-key"),
    "unknown model": ("chat", "gtp-5", {"messages": HELLO}, KEY),
    "bad parameter": ("chat", "echo/echo", {"messages": HELLO, "temperature": 3}, KEY),
}


@pytest.fixture(scope="session")
def results(doors: Doors, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything the Node SDK yielded, in one run."""
    folder = installed(tmp_path_factory.mktemp("contract"))
    asked = [_case(doors, one, one.id, one.request) for one in recordings()]
    for one in recordings():
        if answered(one) and one.usage_apart:
            body = {name: v for name, v in one.request.items() if name != "stream_options"}
            asked.append(_case(doors, one, one.id + UNASKED, body))
    for name, (api, model, body, key) in ECHO.items():
        through = {"baseURL": f"{doors.gateway.url}/v1", "apiKey": key, "model": model}
        asked.append({"name": name, "api": api, "direct": None, "through": through, "body": body})
    return run(folder, asked)


def _case(doors: Doors, recording: Recording, name: str, body: Any) -> dict[str, Any]:
    direct = {
        "baseURL": doors.replay.url("direct", recording),
        "apiKey": DIRECT_KEY,
        "model": recording.model,
    }
    through = {"baseURL": f"{doors.gateway.url}/v1", "apiKey": KEY, "model": recording.through}
    return {
        "name": name,
        "api": recording.api,
        "direct": direct,
        "through": through,
        "body": dict(body),
    }


@pytest.mark.parametrize("recording", cases(as_it_came), indirect=True)
def test_node_yields_the_vendors_own_answer(results: dict[str, Any], recording: Recording) -> None:
    outcome = results[recording.id]
    assert outcome["direct"]["error"] is None
    assert outcome["direct"]["got"]
    assert outcome["through"] == outcome["direct"]


@pytest.mark.parametrize(
    "recording", cases(lambda one: answered(one) and one.usage_apart), indirect=True
)
def test_node_gets_no_chunk_of_usage_that_was_not_asked_for(
    results: dict[str, Any], recording: Recording
) -> None:
    outcome = results[recording.id + UNASKED]
    assert outcome["through"]["error"] is None
    assert outcome["through"]["got"] == [
        chunk for chunk in outcome["direct"]["got"] if chunk["choices"] or not chunk.get("usage")
    ]


@pytest.mark.parametrize(
    "recording", cases(lambda one: one.status in (400, 404, 422, 429)), indirect=True
)
def test_node_throws_a_refusal_as_the_vendor_said_it(
    results: dict[str, Any], recording: Recording
) -> None:
    direct, through = (results[recording.id][door]["error"] for door in ("direct", "through"))
    told = ["name", "status", "vendor"]
    if direct["vendor"] is None:
        # A flat error object, which the SDK cannot read; the gateway puts it right.
        told.remove("vendor")
        assert through["vendor"] == json.loads(recording.body)["message"]
    assert [through[word] for word in told] == [direct[word] for word in told]


@pytest.mark.parametrize("recording", cases(lambda one: one.status in (401, 403)), indirect=True)
def test_node_never_gets_the_vendors_401(results: dict[str, Any], recording: Recording) -> None:
    error = results[recording.id]["through"]["error"]
    assert (error["name"], error["status"]) == ("InternalServerError", 502)
    assert error["code"] == "upstream_credentials_exhausted"


@pytest.mark.parametrize("recording", cases(lambda one: one.errs_in_band), indirect=True)
def test_node_throws_an_error_inside_a_stream(
    results: dict[str, Any], recording: Recording
) -> None:
    outcome = results[recording.id]
    assert outcome["direct"]["error"]["name"] == "APIError"
    assert outcome["through"] == outcome["direct"]


@pytest.mark.parametrize(
    "recording",
    cases(lambda one: one.api == "embeddings" and not one.failed),
    indirect=True,
)
def test_node_decodes_every_vendors_vectors(results: dict[str, Any], recording: Recording) -> None:
    """It decodes base64 without looking, unless the user chose a format himself."""
    (answer,) = results[recording.id]["through"]["got"]
    recorded = json.loads(recording.body)["data"]
    for mine, theirs in zip(answer["data"], recorded, strict=True):
        if recording.request.get("encoding_format") == "base64":
            assert mine["embedding"] == theirs["embedding"]
        else:
            assert _floats(mine["embedding"]) == _floats(theirs["embedding"])


def _floats(vector: Any) -> tuple[float, ...]:
    """A vector of either form, in single precision."""
    raw = (
        base64.b64decode(vector)
        if isinstance(vector, str)
        else struct.pack(f"<{len(vector)}f", *vector)
    )
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def test_node_reads_whole_and_streamed_answers(results: dict[str, Any]) -> None:
    (whole,) = results["whole"]["through"]["got"]
    assert whole["choices"][0]["message"]["content"] == "Hello there, world"
    chunks = results["stream"]["through"]["got"]
    text = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert text == "Hello there, world"


def test_node_throws_when_a_stream_is_cut(results: dict[str, Any]) -> None:
    outcome = results["cut"]["through"]
    assert len(outcome["got"]) == 3
    assert outcome["error"]["code"] == "upstream_stream_cut"


def test_node_gets_the_same_vector_in_both_forms(results: dict[str, Any]) -> None:
    default, floats = (results[name]["through"]["got"][0] for name in ("vectors", "floats"))
    assert len(floats["data"][0]["embedding"]) > 1
    assert default == floats


def test_node_lists_and_retrieves_models(results: dict[str, Any]) -> None:
    listed = {model["id"]: model for model in results["models"]["through"]["got"]}
    assert {"house", "echo/priced", "echo/vectors"} <= listed.keys()
    assert results["model"]["through"]["got"] == [listed["echo/priced"]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("wrong key", ("AuthenticationError", 401, "invalid_api_key", None)),
        ("unknown model", ("NotFoundError", 404, "model_not_found", "model")),
        ("bad parameter", ("BadRequestError", 400, None, "temperature")),
    ],
)
def test_node_throws_the_gateways_own_errors(
    results: dict[str, Any], name: str, expected: tuple[str, int, str | None, str | None]
) -> None:
    error = results[name]["through"]["error"]
    class_name, status, code, param = expected
    assert (error["name"], error["status"], error["param"]) == (class_name, status, param)
    assert code is None or error["code"] == code


def test_the_lock_file_pins_the_sdk_and_names_no_registry() -> None:
    lock = json.loads((SOURCE / "package-lock.json").read_text("utf-8"))
    assert lock["packages"]["node_modules/openai"]["version"] == "6.49.0"
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")
    assert "://" not in json.dumps(lock)
