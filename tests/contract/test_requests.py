"""What the vendor sees is what the client sent, less the gateway's own key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from headgate.testing.gateway import KEY

from .conftest import DIRECT_KEY, VENDOR_KEY, Doors
from .made_up import PLAIN
from .recordings import Recording, cases
from .sdk import ask

#: Mistral refuses unknown fields; what it calls otherwise, and what says nothing to it.
_MISTRAL_NAMES = {"max_completion_tokens": "max_tokens", "seed": "random_seed"}
_MISTRAL_LACKS = frozenset({"user", "store", "stream_options"})

_PIXEL = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="
)


def expected(recording: Recording, body: Mapping[str, Any]) -> dict[str, Any]:
    """The client's body as the vendor of this recording has to get it."""
    wanted = {**body, "model": recording.model}
    if recording.kind == "mistral":
        kept = {name: value for name, value in wanted.items() if name not in _MISTRAL_LACKS}
        return {_MISTRAL_NAMES.get(name, name): value for name, value in kept.items()}
    if recording.stream:
        wanted["stream_options"] = {**(wanted.get("stream_options") or {}), "include_usage": True}
    return wanted


def exact(body: Mapping[str, Any]) -> str:
    """Text in which 1, 1.0 and true differ, as they do to a vendor."""
    return json.dumps(body, sort_keys=True)


@pytest.mark.parametrize("recording", cases(lambda one: True), indirect=True)
def test_the_vendor_sees_the_clients_own_request(doors: Doors, recording: Recording) -> None:
    ask(doors.direct(recording), recording.api, recording.request)
    ask(doors.through, recording.api, {**recording.request, "model": recording.through})
    sent = doors.replay.last("direct", recording).body
    assert exact(doors.replay.last("gateway", recording).body) == exact(expected(recording, sent))


@pytest.mark.parametrize(
    "recording", cases(lambda one: one.stream and not one.failed), indirect=True
)
def test_usage_is_asked_for_where_the_client_did_not(doors: Doors, recording: Recording) -> None:
    body = {name: v for name, v in recording.request.items() if name != "stream_options"}
    ask(doors.through, "chat", {**body, "model": recording.through})
    options = doors.replay.last("gateway", recording).body.get("stream_options")
    assert options == (None if recording.kind == "mistral" else {"include_usage": True})


@pytest.mark.parametrize(
    "recording",
    cases(lambda one: one.kind == "mistral" and one.stream and not one.failed),
    indirect=True,
)
def test_mistral_gets_its_own_words(doors: Doors, recording: Recording) -> None:
    said = {
        "model": recording.through,
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 20,
        "seed": 7,
        "user": "someone",
        "store": False,
        "safe_prompt": True,
    }
    assert ask(doors.through, "chat", said).error is None
    assert doors.replay.last("gateway", recording).body == {
        "model": recording.model,
        "messages": [{"role": "user", "content": "Hello"}],
        "stream": True,
        "max_tokens": 20,
        "random_seed": 7,
        "safe_prompt": True,
    }


def test_the_vendor_sees_its_own_key_and_never_the_clients(doors: Doors) -> None:
    ask(doors.direct(PLAIN), "chat", PLAIN.request)
    ask(doors.through, "chat", {**PLAIN.request, "model": PLAIN.through})
    direct, through = (doors.replay.last(door, PLAIN) for door in ("direct", "gateway"))
    assert direct.headers["authorization"] == f"Bearer {DIRECT_KEY}"
    assert through.headers["authorization"] == f"Bearer {VENDOR_KEY}"
    assert KEY not in repr(through)


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{_PIXEL}"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "UklGRiQAAABXQVZF", "format": "wav"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,JVBERi0=", "n": 1}},
        {"type": "of_tomorrow", "of_tomorrow": {"nobody": ["has", "heard", None, 1.0, 10**15]}},
    ],
    ids=["image", "image-url", "audio", "file", "unknown"],
)
def test_a_content_part_of_any_type_reaches_the_vendor_unchanged(
    doors: Doors, part: dict[str, Any]
) -> None:
    content = [{"type": "text", "text": "What is this? \u2028 é 🜂"}, part]
    body = {"model": PLAIN.through, "messages": [{"role": "user", "content": content}]}
    assert ask(doors.through, "chat", body).error is None
    seen = doors.replay.last("gateway", PLAIN).body
    assert exact(seen) == exact({**body, "model": PLAIN.model})


def test_a_field_nobody_has_heard_of_reaches_the_vendor(doors: Doors) -> None:
    new = {"of_tomorrow": {"level": 3, "exact": 0.1, "off": None}, "another": [True, "x"]}
    assert (
        ask(doors.through, "chat", {**PLAIN.request, "model": PLAIN.through, **new}).error is None
    )
    seen = doors.replay.last("gateway", PLAIN).body
    assert exact({name: seen[name] for name in new}) == exact(new)
