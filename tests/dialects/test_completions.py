"""`/v1/completions`: what may be asked for, and what is read from the answers going by."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion

from headgate.attempts.lanes import RelayLane
from headgate.dialects.openai_completions import CHECKS, OpenAICompletions
from headgate.provider.call import Call, Operation
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Failure, Kind, Unsupported
from headgate.provider.framing import SSE

FOLDER = Path(
    os.environ.get("HEADGATE_RECORDINGS")
    or Path(__file__).resolve().parents[2].parent / "shared" / "recordings"
)
DIALECT = OpenAICompletions()
USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def parse(**fields: Any) -> Call:
    return DIALECT.parse("req_1", {"model": "m", **fields}, {})


@pytest.mark.parametrize(
    ("prompt", "prompts", "tokens"),
    [
        ("12345678", 1, 3),
        ("", 1, 1),
        (["a", "b"], 2, 2),
        ([1, 2, 3], 1, 3),
        ([[1, 2], [3]], 2, 3),
        (["a", [1, 2]], 2, 3),
    ],
)
@pytest.mark.parametrize("n", [None, 1, 3])
def test_every_prompt_is_continued_n_times(
    n: int | None, prompt: Any, prompts: int, tokens: int
) -> None:
    call = parse(prompt=prompt, n=n)
    assert (call.choices, call.input_tokens) == (prompts * (n or 1), tokens)
    assert (call.operation, call.dialect) == (Operation.COMPLETIONS, "openai_completions")
    assert (call.reader, call.needs) == (None, frozenset())


def test_a_request_is_relayed_with_every_field_it_had() -> None:
    body = {"model": "m", "prompt": "a", "min_p": 0.1, "stop": ["\n"], "user": "u"}
    kept = copy.deepcopy(body)
    call = DIALECT.parse("req_1", body, {})
    assert call.body == body == kept
    assert call.user == "u"


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"stream": True}, False),
        ({"stream": True, "stream_options": {}}, False),
        ({"stream": True, "stream_options": {"include_usage": True}}, True),
    ],
)
def test_usage_goes_to_who_asks_for_it(fields: dict[str, Any], wanted: bool) -> None:
    call = parse(prompt="a", **fields)
    assert (call.usage_wanted, call.stream) == (wanted, "stream" in fields)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": None}, "prompt"),
        ({"prompt": []}, "prompt"),
        ({"prompt": 5}, "prompt"),
        ({"prompt": {"a": 1}}, "prompt"),
        ({"prompt": [1, "a"]}, "prompt[1]"),
        ({"prompt": [1, True]}, "prompt[1]"),
        ({"prompt": ["a", 5]}, "prompt[1]"),
        ({"prompt": [True]}, "prompt[0]"),
        ({"prompt": [[1], ["a"]]}, "prompt[1][0]"),
        ({"prompt": [-1]}, "prompt[0]"),
        ({"prompt": ["a"] * 2049}, "prompt"),
        ({"n": 0}, "n"),
        ({"n": "2"}, "n"),
        ({"best_of": 0}, "best_of"),
        ({"max_tokens": -2}, "max_tokens"),
        ({"max_tokens": "9"}, "max_tokens"),
        ({"logprobs": True}, "logprobs"),
        ({"temperature": 2.5}, "temperature"),
        ({"echo": 1}, "echo"),
        ({"suffix": 5}, "suffix"),
        ({"stream": 1}, "stream"),
        ({"stream_options": {}}, "stream_options"),
        ({"stream_options": [], "stream": True}, "stream_options"),
        ({"logit_bias": []}, "logit_bias"),
        ({"user": 5}, "user"),
        ({"model": 5}, "model"),
    ],
)
def test_a_bad_field_is_refused_by_its_name(fields: dict[str, Any], param: str) -> None:
    with pytest.raises(CallFailed) as refused:
        parse(**{"prompt": "a", **fields})
    assert refused.value.failure.kind is Kind.INVALID_REQUEST
    assert refused.value.failure.param == param


@pytest.mark.parametrize("count", [-1, 0, 16])
def test_no_tokens_some_or_all_that_fit(count: int) -> None:
    assert parse(prompt="a", max_tokens=count, logprobs=count).body["max_tokens"] == count


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from((*CHECKS, "prompt")), odd))
def test_any_body_is_parsed_or_refused_by_name(fields: dict[str, Any]) -> None:
    try:
        parse(**fields)
    except CallFailed as error:
        refused = error.failure
    else:
        return
    assert refused.kind is Kind.INVALID_REQUEST
    assert refused.param


def test_completions_are_never_translated() -> None:
    call = parse(prompt="a")
    with pytest.raises(Unsupported):
        DIALECT.whole(call, [], 0)
    with pytest.raises(Unsupported):
        DIALECT.renderer(call, 0)


def data(value: Any) -> bytes:
    return b"data: " + orjson.dumps(value) + b"\n\n"


def chunk(text: str, finish: str | None = None, index: int = 0, **more: Any) -> bytes:
    choice = {"text": text, "index": index, "logprobs": None, "finish_reason": finish}
    return data({"id": "cmpl-1", "object": "text_completion", "choices": [choice], **more})


EXTRA = data({"id": "cmpl-1", "object": "text_completion", "choices": [], "usage": USAGE})
DONE = b"data: [DONE]\n\n"
WHOLE = chunk("Hel") + chunk("lo", usage=None) + chunk("", "stop")


def lane(usage: bool = False, prompt: Any = "a") -> RelayLane:
    options = {"stream": True, "stream_options": {"include_usage": usage}}
    return RelayLane(parse(prompt=prompt, **options), DIALECT, SSE())


def test_a_stream_passes_byte_for_byte() -> None:
    relay = lane(usage=True)
    stream = b": ping\n\n" + WHOLE + EXTRA + DONE
    assert relay.feed(stream) + relay.end() == stream
    assert (relay.whole, relay.ended, relay.failure) == (True, True, None)
    assert (relay.usage, relay.characters) == (Usage(input=5, output=2), 5)
    assert (relay.finish, relay.upstream_id) == ("stop", "cmpl-1")


def test_usage_that_the_client_did_not_ask_for_is_read_and_withheld() -> None:
    relay = lane()
    assert relay.feed(WHOLE + EXTRA + DONE) + relay.end() == WHOLE + DONE
    assert relay.usage == Usage(input=5, output=2)


def test_a_stream_is_whole_when_every_prompt_is() -> None:
    relay = lane(prompt=["a", "b"])
    relay.feed(chunk("", "stop", 1))
    assert (relay.visible, relay.whole) == (False, False)
    relay.feed(chunk("a", "length", 0))
    assert (relay.visible, relay.whole, relay.finish) == (True, True, "length")
    assert relay.end() == DONE


def test_a_stream_that_stops_early_is_cut() -> None:
    relay = lane()
    assert relay.feed(chunk("Hel")) + relay.end() == chunk("Hel")
    assert relay.failure is not None
    assert relay.failure.kind is Kind.CUT


def test_an_error_inside_a_stream_is_told_to_the_client() -> None:
    relay = lane()
    error = data({"error": {"message": "no", "code": 503}})
    assert relay.feed(chunk("Hel") + error + chunk("lo")) == chunk("Hel") + error
    assert relay.failure is not None
    assert (relay.failure.kind, relay.told) == (Kind.OVERLOADED, True)


def test_the_cut_is_an_error_without_an_end_marker() -> None:
    said = DIALECT.cut(Failure(Kind.CUT, "it broke off"), "req_1")
    assert orjson.loads(said.removeprefix(b"data: "))["error"]["message"] == "it broke off"
    assert b"[DONE]" not in said


def results(relay: RelayLane, out: bytes) -> tuple[Any, ...]:
    end = relay.end() if relay.failure is None else b""
    return (
        *(out + end, relay.failure, relay.told, relay.visible, relay.whole, relay.ended),
        *(relay.usage, relay.characters, relay.finish, relay.upstream_id),
    )


def torn(stream: bytes, at: int) -> tuple[Any, ...]:
    relay = lane()
    out = relay.feed(stream[:at])
    return results(relay, out + relay.feed(stream[at:]) if relay.failure is None else out)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(("choices", "text", "finish_reason", "index", "usage", "error", "id")),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@settings(max_examples=400, deadline=None)
@given(
    st.lists(
        values.map(data)
        | st.fixed_dictionaries({"choices": st.lists(values, max_size=2)}).map(data)
        | st.sampled_from((WHOLE, EXTRA, DONE, b": ping\n\n", b"\n", b"data: {\n\n")),
        max_size=6,
    ),
    st.integers(0, 400),
)
def test_whatever_a_vendor_sends_the_lane_does_not_raise(made: list[bytes], cut: int) -> None:
    stream = b"".join(made)
    assert torn(stream, cut) == torn(stream, 0)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"choices":{}}'])
def test_what_is_no_completion_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        DIALECT.read(parse(prompt="a"), body)


def test_an_error_dressed_as_success_is_an_error() -> None:
    with pytest.raises(CallFailed) as failed:
        DIALECT.read(parse(prompt="a"), b'{"error":{"message":"full","code":429}}')
    assert failed.value.failure.kind is Kind.RATE_LIMITED


def _recordings() -> list[Any]:
    found = [pytest.param(p, id=p.stem) for p in sorted(FOLDER.glob("*__completions__*.json"))]
    return found or [pytest.param(None, id="no-recording")]


@pytest.mark.parametrize("path", _recordings())
def test_recorded_completions_pass_and_are_read(path: Path | None) -> None:
    if path is None:
        if os.environ.get("CI") == "true":
            pytest.fail("no recordings are here, and CI must run every test")
        pytest.skip("no recordings are here")
    exchange = json.loads(path.read_text("utf-8"))
    request, body = exchange["request"]["body"], exchange["response"]["body"].encode()
    if exchange["response"]["status"] != 200:
        pytest.skip("an error, not a completion")
    call = DIALECT.parse("req_1", request, {})
    if not call.stream:
        said = json.loads(body)
        reading = DIALECT.read(call, body)
        assert (reading.body, reading.upstream_id) == (body, said["id"])
        assert call.choices == len(said["choices"])
        assert reading.finish == said["choices"][0]["finish_reason"]
        usage, counted = reading.usage, said["usage"]
        Completion.model_validate(json.loads(reading.body))
    else:
        events = [json.loads(line[6:]) for line in body.splitlines() if line[:7] == b"data: {"]
        text = "".join(choice["text"] for event in events for choice in event["choices"])
        counted = next(event["usage"] for event in reversed(events) if event.get("usage"))
        one = RelayLane(call, DIALECT, SSE())
        expected = results(one, one.feed(body))
        assert expected[0] == body
        assert (one.characters, one.failure, one.ended) == (len(text), None, True)
        usage = one.usage
        for at in range(0, len(body), 7):
            two = RelayLane(call, DIALECT, SSE())
            assert results(two, two.feed(body[:at]) + two.feed(body[at:])) == expected
    assert usage is not None
    assert usage.prompt == counted["prompt_tokens"]
    assert usage.completion == counted["completion_tokens"]
