"""`stream: {hold: true}`: the client gets a whole answer or another vendor's, never a part."""

import pytest

from headgate.testing.upstream_scenarios import (
    TEXTS,
    completion,
    cut,
    head,
    malformed_event,
    raw,
    stall,
    stream,
    whole,
)
from headgate.testing.upstream_script import Hang, Scenario

from .conftest import House
from .wire import chat

TEXT = "".join(TEXTS)


@pytest.mark.parametrize(
    "first", [cut(2), malformed_event(2)], ids=["cut in the middle", "malformed in the middle"]
)
def test_a_held_stream_that_breaks_is_answered_by_the_next_target(
    house: House, first: Scenario
) -> None:
    model = f"held-{first.name}".replace(" ", "-")
    house.first.script(model, first)
    house.second.script(model, stream(("other", " words")))
    answer = chat(house.gateway, model, stream=True)
    assert answer.text == "other words"
    assert answer.headers["x-headgate-provider"] == "second"


@pytest.mark.parametrize("done", [True, False])
def test_a_held_stream_ends_with_exactly_one_done(house: House, done: bool) -> None:
    model = f"held-done-{done}"
    house.first.script(model, stream(done=done))
    answer = chat(house.gateway, model, stream=True)
    assert answer.text == TEXT
    assert answer.datas.count("[DONE]") == 1


def test_a_whole_answer_that_stops_in_the_middle_gives_way_after_the_idle_limit(
    house: House,
) -> None:
    body = completion(TEXT, (5, 2), "stop")
    fields = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    house.first.script("hasty-stopped", raw(head(200, fields) + body[:40], Hang()))
    house.second.script("hasty-stopped", whole("rescued"))
    answer = chat(house.gateway, "hasty-stopped")
    assert answer.text == "rescued"
    assert "hasty/hasty-stopped:timeout" in answer.headers["x-headgate-attempts"]


def test_a_stream_that_stalls_before_its_first_word_gives_way(house: House) -> None:
    house.first.script("hasty-mute", stall(0))
    house.second.script("hasty-mute", stream())
    assert chat(house.gateway, "hasty-mute", stream=True).text == TEXT
