"""Streams after their first word: whole, or broken and honest about it."""

from __future__ import annotations

import time
import zlib

import openai
import pytest

from headgate.testing.gateway import KEY
from headgate.testing.upstream_scenarios import (
    DONE,
    TEXTS,
    Framing,
    cut,
    error_event,
    event,
    events,
    head,
    in_chunk,
    invalid_utf8,
    large_event,
    malformed_event,
    piece,
    raw,
    spliced,
    stall,
    stream,
    streamed,
    whole,
    zipped,
    zipped_stream,
)
from headgate.testing.upstream_script import Close, Hang, Reset, Scenario, Send

from .conftest import House
from .wire import MESSAGES, Answer, chat

TEXT = "".join(TEXTS)


def sdk(house: House, model: str, **options: object) -> list[str]:
    """The texts the official SDK yields; raises what it raises."""
    with openai.OpenAI(
        base_url=f"{house.gateway.url}/v1", api_key=KEY, max_retries=0, timeout=10
    ) as client:
        chunks = client.chat.completions.create(
            model=model, messages=MESSAGES, stream=True, **options
        )
        return [c.choices[0].delta.content or "" for c in chunks if c.choices]


def call(house: House, name: str, scenario: Scenario, provider: str = "first") -> Answer:
    model = name.replace(" ", "-")
    house.first.script(model, scenario)
    house.second.script(model, stream(("never", "spliced")))
    answer = chat(house.gateway, f"{provider}/{model}", stream=True)
    assert len(house.first.of(model)) == 1, "a stream that had begun was tried again"
    return answer


def flushed(data: bytes) -> bytes:
    """The start of a gzip stream, as far as it can be read at once."""
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)


BROKEN = {
    "cut": (cut(2), "upstream_stream_cut"),
    "cut without framing": (cut(2, framing="close"), "upstream_stream_cut"),
    "reset": (cut(2, how="reset"), "upstream_stream_cut"),
    "ended without a finish": (stream(finish=None, done=False), "upstream_stream_cut"),
    "half an event at the end": (
        streamed("half", [*events()[:3], b'data: {"choices": [{"del']),
        "upstream_stream_cut",
    ),
    "malformed": (malformed_event(2), "bad_upstream_response"),
    "invalid UTF-8": (invalid_utf8(2), "bad_upstream_response"),
    "an event that is no object": (spliced("number", 2, b"data: 42\n\n"), "bad_upstream_response"),
    "bad chunk size": (
        streamed("bad chunk", [*events()[:3], Send(b"zz\r\nwhat\r\n", 0.1), Close()]),
        None,
    ),
    "gzip cut short": (zipped_stream(truncated=True), "upstream_stream_cut"),
    "gzip broken": (
        streamed(
            "broken gzip",
            [flushed(b"".join(events()[:3])), Send(in_chunk(b"\xff" * 300), 0.1)],
            headers={"Content-Encoding": "gzip"},
        ),
        None,
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_stream_that_breaks_after_its_first_word_ends_with_an_error_event(
    house: House, name: str
) -> None:
    scenario, code = BROKEN[name]
    errors = house.gateway.metric("headgate_errors_total", provider="first")
    answer = call(house, f"broken {name}", scenario)
    assert answer.status == 200
    assert TEXT.startswith(answer.text[:2])
    assert "never" not in answer.text
    error = answer.events[-1]["error"]
    assert error["code"] == code or code is None
    assert error["message"]
    assert error["request_id"] == answer.headers["x-request-id"]
    assert "[DONE]" not in answer.datas
    assert sum("error" in found for found in answer.events) == 1
    assert house.gateway.metric("headgate_errors_total", provider="first") == errors + 1


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("cut", cut(2)),
        ("reset", cut(2, how="reset")),
        ("error event", error_event(2)),
        ("malformed", malformed_event(2)),
    ],
)
def test_the_official_sdk_raises_on_a_stream_that_broke(
    house: House, name: str, scenario: Scenario
) -> None:
    model = f"sdk-{name}".replace(" ", "-")
    house.first.script(model, scenario)
    with pytest.raises(openai.APIError):
        sdk(house, f"first/{model}")


def test_a_vendors_error_event_in_mid_stream_is_passed_on_and_nothing_follows(
    house: House,
) -> None:
    answer = call(house, "told", error_event(2, "the model fell over"))
    assert answer.text == "".join(TEXTS[:2])
    assert answer.events[-1]["error"]["message"] == "the model fell over"
    assert "[DONE]" not in answer.datas


def test_a_stream_that_stalls_is_cut_after_the_idle_time(house: House) -> None:
    answer = call(house, "stalls", stall(2), provider="hasty")
    assert answer.text == "".join(TEXTS[:2])
    assert answer.events[-1]["error"]["code"] == "upstream_timeout"
    (visit,) = house.first.of("stalls")
    assert house.first.wait(lambda: visit.left_at, 1)
    assert 0.35 < visit.left_at - visit.first_byte < 1.5


def test_heartbeats_keep_a_stream_alive(house: House) -> None:
    first, second, *rest = events()
    pings = [Send(in_chunk(b": ping\n\n"), 0.2)] * 4
    answer = call(house, "pings", streamed("pings", [first, second, *pings, *rest]), "hasty")
    assert answer.text == TEXT
    assert answer.datas[-1] == "[DONE]"


GOOD = {
    "plain": stream(),
    "without DONE": stream(done=False),
    "without DONE and framing": stream(done=False, framing="close"),
    "without DONE, reset": streamed(
        "reset", [*events(done=False), Send(b"", 0.05), Reset()], usage=(5, 2)
    ),
    "without DONE and usage": stream(done=False, usage=None),
    "DONE twice": streamed("twice", [*events(), DONE]),
    "words after DONE": streamed("after", [*events(), piece({"content": "late"})]),
    "open after DONE": streamed("open", [*events(), Hang()]),
    "one large event": large_event(),
    "gzip": zipped_stream(),
    "all in one piece": streamed("one piece", [b"".join(events())]),
    "CRLF": streamed("CRLF", [b"".join(events()).replace(b"\n\n", b"\r\n\r\n")]),
    "byte by byte": streamed("bytes", [bytes([byte]) for byte in b"".join(events())]),
    "BOM": streamed("BOM", [b"\xef\xbb\xbf", *events()]),
    "comments and blank lines": streamed(
        "noise", [b": hi\n\n", b"\n\n\n", *events()[:3], b"retry: 1\n\n", *events()[3:]]
    ),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_whole_stream_reaches_the_official_sdk_whole(house: House, name: str) -> None:
    model = f"good-{name}".replace(" ", "-").replace(",", "")
    house.first.script(model, GOOD[name])
    expected = {"one large event": "x" * 700_000, "gzip": TEXT * 50}.get(name, TEXT)
    assert "".join(sdk(house, f"first/{model}")) == expected


@pytest.mark.parametrize("name", GOOD)
def test_a_whole_stream_ends_with_exactly_one_done(house: House, name: str) -> None:
    answer = call(house, f"done {name}", GOOD[name])
    assert answer.datas[-1] == "[DONE]"
    assert answer.datas.count("[DONE]") == 1
    assert not any("error" in found for found in answer.events)
    line = house.gateway.line(answer.headers["x-request-id"])
    assert line["status"] == 200


def test_an_error_after_the_finish_is_relayed_as_the_vendor_sent_it_and_counts_as_whole(
    house: House,
) -> None:
    """The client sees what it would have seen directly; the answer was complete and is billed."""
    answer = call(house, "error after the finish", error_event(-1))
    assert any("error" in found for found in answer.events)
    assert house.gateway.line(answer.headers["x-request-id"])["outcome"] == "ok"


@pytest.mark.parametrize("wanted", [False, True])
def test_usage_is_always_asked_for_and_shown_only_to_those_who_asked(
    house: House, wanted: bool
) -> None:
    model = f"usage-{wanted}"
    house.first.script(model, stream())
    options = {"stream_options": {"include_usage": True}} if wanted else {}
    answer = chat(house.gateway, f"first/{model}", stream=True, **options)
    assert any(found.get("usage") for found in answer.events) is wanted
    (visit,) = house.first.of(model)
    assert visit.body["stream_options"]["include_usage"] is True


@pytest.mark.parametrize("framing", ["chunked", "close"])
def test_a_stream_is_passed_on_as_it_comes(house: House, framing: Framing) -> None:
    """The vendor's bytes reach the client before the vendor has finished."""
    model = f"flowing-{framing}"
    house.first.script(model, streamed("flow", [*events()[:3], Hang()], framing=framing))
    with openai.OpenAI(base_url=f"{house.gateway.url}/v1", api_key=KEY) as client:
        chunks = client.chat.completions.create(
            model=f"first/{model}", messages=MESSAGES, stream=True
        )
        seen = [next(iter(chunks)).choices[0].delta.content for _ in range(3)]
        chunks.close()
    assert "".join(seen) == "".join(TEXTS[:2])


def test_a_client_need_not_wait_for_a_vendor_that_does_not_hang_up(house: House) -> None:
    said = head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
    house.first.script("lingers", raw(said + b"".join(map(in_chunk, events())), Hang()))
    began = time.monotonic()
    answer = chat(house.gateway, "first/lingers", stream=True)
    assert time.monotonic() - began < 0.4
    assert answer.text == TEXT
    assert answer.datas[-1] == "[DONE]"
    line = house.gateway.line(answer.headers["x-request-id"])
    assert (line["status"], line["outcome"]) == (200, "ok")


def test_a_field_nobody_here_has_heard_of_passes_both_ways(house: House) -> None:
    future = {"id": "x", "object": "chat.completion.chunk", "choices": [], "thought": {"a": [1]}}
    house.first.script("future", spliced("future", 1, event(future)))
    answer = chat(house.gateway, "first/future", stream=True, warp_factor={"nine": [9, None]})
    assert future in answer.events
    assert house.first.of("future")[0].body["warp_factor"] == {"nine": [9, None]}


def test_gzip_nobody_asked_for_is_read_all_the_same(house: House) -> None:
    house.first.script("zipped", zipped())
    assert chat(house.gateway, "first/zipped").text == "Hello"


def test_connections_to_a_vendor_are_used_again(house: House) -> None:
    house.first.script("again", whole())
    for _ in range(5):
        assert chat(house.gateway, "first/again").status == 200
    assert len({visit.connection for visit in house.first.of("again")}) <= 2


def test_a_vendor_that_closes_idle_connections_costs_no_call(house: House) -> None:
    polite = streamed("polite", events(), framing="close")
    house.first.script("closing", polite)
    for _ in range(20):
        assert chat(house.gateway, "first/closing", stream=True).text == TEXT
    answer = Scenario("rude", (*whole(TEXT).steps, Close()))
    house.first.script("rude", answer)
    attempts = house.gateway.metric("headgate_attempts_total", provider="first", outcome="ok")
    for _ in range(20):
        assert chat(house.gateway, "first/rude").text == TEXT
    now = house.gateway.metric("headgate_attempts_total", provider="first", outcome="ok")
    assert now == attempts + 20
