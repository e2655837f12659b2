"""Every recorded call that is no chat through the whole gateway: responses, completions,
embeddings, counted tokens, and lists of models.
"""

from __future__ import annotations

import base64
import json
import struct
import time
from typing import Any

import anthropic
import openai
import pytest

from headgate.testing.gateway import KEY, Gateway

from .any_path import AnyPath
from .asking import PROMPT, Asked, Clients
from .readings import judged, reading, response_object
from .recorded_answer import sse
from .traffic import Case, chosen

_DISCOVERY_SECONDS = 10.0


def ask_other(clients: Clients, case: Case) -> Asked:
    """Makes the call of the case's door; `asked.usage` is all that came back, or its events."""
    asked = Asked()
    try:
        _ASK[case.door](clients, case, asked)
    except (openai.APIError, anthropic.APIError) as error:
        asked.error = error
        response = getattr(error, "response", None)
        if response is not None:
            asked.request_id = response.headers["x-request-id"]
    return asked


def _streamed(asked: Asked, events: Any) -> None:
    asked.request_id = events.response.headers["x-request-id"]
    asked.usage = {"events": [event.to_dict() for event in events]}


def _responses(clients: Clients, case: Case, asked: Asked) -> None:
    create = clients.openai.responses.create
    if case.exchange.stream:
        with create(model=case.model, input=PROMPT, stream=True) as events:
            _streamed(asked, events)
        return
    whole = create(model=case.model, input=PROMPT)
    asked.request_id, asked.usage = whole._request_id or "", whole.to_dict()


def _completions(clients: Clients, case: Case, asked: Asked) -> None:
    create = clients.openai.completions.create
    known = {k: v for k, v in case.exchange.request.items() if k in ("prompt", "n")}
    if case.exchange.stream:
        options: Any = {"include_usage": True}
        with create(model=case.model, **known, stream=True, stream_options=options) as chunks:
            _streamed(asked, chunks)
        return
    whole = create(model=case.model, **known)
    asked.request_id, asked.usage = whole._request_id or "", whole.to_dict()


def _embeddings(clients: Clients, case: Case, asked: Asked) -> None:
    texts = [f"text {at}" for at in range(len(vectors(case)) or 1)]
    whole = clients.openai.embeddings.create(model=case.model, input=texts, encoding_format="float")
    asked.request_id, asked.usage = whole._request_id or "", whole.to_dict()


def _count(clients: Clients, case: Case, asked: Asked) -> None:
    messages: Any = [{"role": "user", "content": PROMPT}]
    counted = clients.anthropic.messages.count_tokens(model=case.model, messages=messages)
    asked.request_id, asked.usage = counted._request_id or "", counted.to_dict()


_ASK = {
    "responses": _responses,
    "completions": _completions,
    "embeddings": _embeddings,
    "count": _count,
}


def vectors(case: Case) -> list[list[float]]:
    """The recorded vectors; none where there are none."""
    if case.exchange.failed:
        return []
    said: Any = json.loads(case.exchange.body)
    if isinstance(said, list):
        return [_values(one) for one in said]
    if "data" in said:
        found = [item["embedding"] for item in said["data"]]
        return [_decoded(one) if isinstance(one, str) else one for one in found]
    if "embedding" in said:
        return [_values(said["embedding"])]
    found = said["embeddings"]
    found = found.get("float", found) if isinstance(found, dict) else found
    return [_values(one) for one in found]


def _values(one: Any) -> list[float]:
    """A vector as it is, or in an object."""
    if isinstance(one, dict):
        one = one.get("values") or one.get("embedding")
    return list(one)


def _decoded(text: str) -> list[float]:
    raw = base64.b64decode(text)
    return list(struct.unpack(f"<{len(raw) // 4}f", raw))


def _single(numbers: list[float]) -> list[float]:
    return list(struct.unpack(f"<{len(numbers)}f", struct.pack(f"<{len(numbers)}f", *numbers)))


def _fine(case: Case) -> bool:
    one = case.exchange
    return not one.failed and (one.api != "responses" or judged(one).error is None)


@pytest.mark.parametrize("case", chosen("responses", _fine), indirect=True)
def test_a_recorded_response(clients: Clients, wide_gateway: Gateway, case: Case) -> None:
    asked, recorded = ask_other(clients, case), response_object(case.exchange)
    assert asked.error is None
    got = asked.usage
    if case.exchange.stream:
        kinds = [event["type"] for event in got["events"]]
        assert kinds == [event["type"] for event in sse(case.exchange.body)]
        got = got["events"][-1]["response"]
    # The gateway's own ids say where the answer is stored.
    assert got["id"] != ""
    assert {**got, "id": ""} == {**_as_sdk(recorded), "id": ""}
    line = wide_gateway.line(asked.request_id)
    tokens = reading(case.exchange).tokens
    assert tokens is not None
    assert line["basis"] == "reported"
    assert line["input_tokens"] == tokens.prompt - tokens.cached - tokens.written
    assert (line["cached_input_tokens"] or 0) == tokens.cached
    assert line["output_tokens"] == tokens.completion - tokens.reasoning
    assert (line["reasoning_tokens"] or 0) == tokens.reasoning


def _as_sdk(recorded: dict[str, Any]) -> dict[str, Any]:
    """What the SDK makes of an answer that nobody stood in between of."""
    made = openai.types.responses.Response.construct(**recorded)
    return made.to_dict()


@pytest.mark.parametrize("case", chosen("completions", _fine), indirect=True)
def test_a_recorded_completion(clients: Clients, wide_gateway: Gateway, case: Case) -> None:
    asked = ask_other(clients, case)
    assert asked.error is None
    stream = case.exchange.stream
    got = asked.usage["events"] if stream else [asked.usage]
    recorded = list(sse(case.exchange.body)) if stream else [json.loads(case.exchange.body)]
    assert _texts(got) == _texts(recorded)
    usage = next(one["usage"] for one in reversed(recorded) if one.get("usage"))
    assert next(one["usage"] for one in reversed(got) if one.get("usage")) == usage
    line = wide_gateway.line(asked.request_id)
    assert (line["basis"], line["operation"]) == ("reported", "completions")
    assert line["input_tokens"] + (line["cached_input_tokens"] or 0) == usage["prompt_tokens"]
    assert line["output_tokens"] == usage.get("completion_tokens", 0)


def _texts(answers: list[dict[str, Any]]) -> dict[int, tuple[str, str | None]]:
    found: dict[int, tuple[str, str | None]] = {}
    for answer in answers:
        for choice in answer["choices"]:
            text, reason = found.get(choice["index"], ("", None))
            said = (text + choice["text"], choice.get("finish_reason") or reason)
            found[choice["index"]] = said
    return found


@pytest.mark.parametrize("case", chosen("embeddings", _fine), indirect=True)
def test_recorded_embeddings(clients: Clients, wide_gateway: Gateway, case: Case) -> None:
    asked = ask_other(clients, case)
    assert asked.error is None
    got = [item["embedding"] for item in asked.usage["data"]]
    assert [item["index"] for item in asked.usage["data"]] == list(range(len(got)))
    assert list(map(_single, got)) == list(map(_single, vectors(case)))
    line = wide_gateway.line(asked.request_id)
    assert line["operation"] == "embeddings"
    assert line["input_tokens"] == _embedded(case) or line["basis"] == "estimated"
    assert (line["basis"] == "reported") == (_embedded(case) is not None)
    if _embedded(case) is not None:
        assert asked.usage["usage"]["prompt_tokens"] == _embedded(case)


def _embedded(case: Case) -> int | None:
    """How many tokens the vendor says it read."""
    said = json.loads(case.exchange.body)
    usage = said.get("usage") or {}
    billed = (said.get("meta") or {}).get("billed_units") or {}
    header = case.exchange.headers.get("x-amzn-bedrock-input-token-count")
    counts = (
        usage.get("prompt_tokens"),
        billed.get("input_tokens"),
        said.get("inputTextTokenCount"),
        said.get("prompt_eval_count"),
        (said.get("usageMetadata") or {}).get("promptTokenCount"),
        int(header) if header else None,
    )
    return next((count for count in counts if count is not None), None)


@pytest.mark.parametrize("case", chosen("count", _fine), indirect=True)
def test_counted_tokens(clients: Clients, case: Case) -> None:
    asked, said = ask_other(clients, case), json.loads(case.exchange.body)
    assert asked.error is None
    assert asked.usage["input_tokens"] == said.get("input_tokens", said.get("inputTokens"))


@pytest.mark.parametrize("case", chosen("models", _fine), indirect=True)
def test_listed_models(clients: Clients, vendor: AnyPath, case: Case) -> None:
    said = json.loads(case.exchange.body)
    entries = said.get("data") or said.get("models")
    names = {f"{case.id}/{one.get('id') or one['name']}" for one in entries}
    until, listed = time.monotonic() + _DISCOVERY_SECONDS, dict[str, Any]()
    while not names <= listed.keys() and time.monotonic() < until:
        listed = {one.id: one.to_dict().get("source") for one in clients.openai.models.list()}
    assert names <= listed.keys()
    # The catalogue knows some of them beforehand, and others of the same vendor.
    ours = {name: source for name, source in listed.items() if name.startswith(f"{case.id}/")}
    assert {name for name, source in ours.items() if source == "discovered"} <= names
    assert {one.id for one in clients.anthropic.models.list(limit=1000)} >= names
    assert vendor.seen(case)


@pytest.mark.parametrize("case", chosen("models", lambda case: case.exchange.failed), indirect=True)
def test_a_vendor_that_refuses_to_list_its_models(wide_gateway: Gateway, case: Case) -> None:
    until = time.monotonic() + _DISCOVERY_SECONDS
    told = f"the models of '{case.id}' cannot be listed"
    while told not in wide_gateway.output and time.monotonic() < until:
        time.sleep(0.05)
    assert told in wide_gateway.output
    assert KEY not in wide_gateway.output
