"""No recording is left out in silence: those that no door leads to are named here, with why."""

from __future__ import annotations

from .recordings import FOLDER, absent
from .traffic import CHATS, DOORS, at, place, traffic

#: (vendor, api) -> why no call to the gateway asks for it
UNREACHABLE = {
    ("openai", "moderations"): "the gateway relays no moderations",
    ("ollama", "ollama-generate"): "texts are continued through Ollama's /v1/completions",
}
#: (door, api) -> why a chat of this API is not asked for at this door
ONE_DOOR = {
    ("chat", "invoke"): "chats in OpenAI's words go to Claude on Bedrock through Converse",
}


def test_every_recording_can_be_asked_for_or_it_is_said_why_not() -> None:
    if not traffic():
        absent(f"no recordings in {FOLDER.name}")
    reached = {case.exchange.id for door in DOORS for case in at(door)}
    left = {one.pair for one in traffic() if one.id not in reached}
    assert left == {one.pair for one in traffic()} & UNREACHABLE.keys()
    assert {one.pair for one in traffic() if one.id in reached}.isdisjoint(UNREACHABLE)


def test_every_chat_is_asked_for_with_both_sdks_or_it_is_said_why_not() -> None:
    left = {
        (door, one.api)
        for door in ("chat", "messages")
        for one in traffic()
        if one.api in CHATS and place(door, one) is None
    }
    apis = {one.api for one in traffic()}
    assert left == {pair for pair in ONE_DOOR if pair[1] in apis}
