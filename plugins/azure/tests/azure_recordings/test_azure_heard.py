"""Recorded answers of Azure, read into events."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable
from typing import Any

import pytest

import headgate as hg
from headgate_azure import Azure

from .recorded import Recording, cases, plain, present


def heard(one: Recording, sizes: Iterable[int] = ()) -> list[Any]:
    """The events of an answer, its bytes in pieces of these sizes, as a translation reads them."""
    made = Azure(one.base_url("https://r.test"), api_version=one.version)
    # What was recorded under /responses is read as a chat that goes there.
    words = frozenset({"responses_only"} if one.api == "responses" else ())
    target = hg.Target("azure", one.deployment).knowing(hg.Traits(words=words))
    operation = hg.Operation.EMBEDDINGS if one.api == "embeddings" else hg.Operation.CHAT
    call = hg.Call("r", operation, "another", "m", one.request, stream=one.stream)
    raw_body = one.body.encode()
    if not one.stream:
        return list(made.reply(call, target, hg.Response(200, one.headers, raw_body)))
    feed, framer, found, at = made.feed(call, target), made.framer(call, target), list[Any](), 0
    for size in (*sizes, len(raw_body)):
        for frame in framer.feed(raw_body[at : at + size]):
            found += feed.frame(frame)
        at += size
    return [*found, feed.done]


def summed(events: Iterable[Any]) -> dict[str, Any]:
    """What the events say altogether, in the form of `plain`."""
    said: dict[str, Any] = {"text": "", "calls": [], "finish": None}
    for event in events:
        match event:
            case hg.Text(text):
                said["text"] += text
            case hg.ToolCall():
                if event.id is not None:
                    assert event.index == len(said["calls"])
                    said["calls"].append([event.id, event.name, ""])
                said["calls"][event.index][2] += event.arguments
            case hg.Finish(reason):
                assert said["finish"] is None
                said["finish"] = reason
            case hg.Usage():
                said |= {"prompt": event.prompt, "cached": event.cached_input or 0}
                said |= {"completion": event.completion, "reasoning": event.reasoning or 0}
    return said


@pytest.mark.parametrize("recording", cases())
def test_a_recorded_answer_is_understood(recording: Recording | None) -> None:
    one = present(recording)
    if one.status >= 400:
        made = Azure(one.base_url("https://r.test"), api_version=one.version)
        call = hg.Call("r", hg.Operation.CHAT, "openai_chat", "m", one.request)
        failure = made.failure(call, hg.Response(one.status, one.headers, one.body.encode()))
        kinds = {401: hg.Kind.CREDENTIALS, 404: hg.Kind.MODEL_NOT_FOUND, 429: hg.Kind.RATE_LIMITED}
        assert failure.kind is kinds.get(one.status, failure.kind)
        assert failure.message in one.body
        if one.headers.get("retry-after"):
            assert failure.retry_after == float(one.headers["retry-after"])
        return
    if one.api == "embeddings":
        *vectors, usage = heard(one)
        answer = json.loads(one.body)
        assert [vector.index for vector in vectors] == list(range(len(answer["data"])))
        assert all(len(vector.values) > 100 for vector in vectors)
        assert usage.prompt == answer["usage"]["prompt_tokens"]
        return
    events = heard(one)
    assert summed(events) == plain(one)
    if one.stream:
        assert events[-1] is (one.api == "responses" or "[DONE]" in one.body)


@pytest.mark.parametrize("recording", cases())
def test_a_recorded_stream_may_be_torn_anywhere(recording: Recording | None) -> None:
    one = present(recording)
    if not one.stream or one.status >= 400:
        return
    whole, length = heard(one), len(one.body.encode())
    chance = random.Random(length)
    for cut in chance.sample(range(1, length), 40):
        assert heard(one, (cut,)) == whole
    for most in (1, 7, 400):
        assert heard(one, [chance.randint(1, most) for _ in range(length // most)]) == whole
