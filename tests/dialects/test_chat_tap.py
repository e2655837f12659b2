"""What is read from a relayed stream while it goes by."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from headgate.dialects.openai_chat_tap import ChatTap, in_band_failure, read_whole
from headgate.provider.events import Usage
from headgate.provider.failure import CallFailed, Kind
from headgate.provider.wire import Frame

USAGE = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def frame(value: Any, event: str | None = None) -> Frame:
    data = value if isinstance(value, bytes) else orjson.dumps(value)
    return Frame(data, event, b"data: " + data + b"\n\n")


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **extra: Any) -> Frame:
    choice = {"index": 0, "delta": delta or {}, "finish_reason": finish}
    return frame({"id": "c-1", "object": "chat.completion.chunk", "choices": [choice], **extra})


def seen(*frames: Frame, choices: int = 1, usage_wanted: bool = True) -> tuple[ChatTap, list[bool]]:
    tap = ChatTap(choices, usage_wanted)
    return tap, [bool(tap.see(one)) for one in frames]


DONE = frame(b"[DONE]")
COMMENT = Frame(None, None, b": OPENROUTER PROCESSING\n\n")


@pytest.mark.parametrize(
    ("delta", "visible", "characters"),
    [
        pytest.param({"role": "assistant"}, False, 0, id="role"),
        pytest.param({"role": "assistant", "content": ""}, False, 0, id="role and empty content"),
        pytest.param({"content": None, "refusal": None}, False, 0, id="nulls"),
        pytest.param({}, False, 0, id="empty delta"),
        pytest.param({"tool_calls": []}, False, 0, id="no tool calls"),
        pytest.param({"content": "Hel"}, True, 3, id="content"),
        pytest.param({"content": " "}, True, 1, id="a blank"),
        pytest.param({"reasoning_content": "Hmm"}, True, 3, id="reasoning of DeepSeek"),
        pytest.param({"reasoning": "Hmm"}, True, 3, id="reasoning of Groq and vLLM"),
        pytest.param({"content": "", "reasoning": "Hmm"}, True, 3, id="reasoning, empty content"),
        pytest.param(
            {"reasoning_details": [{"type": "reasoning.encrypted"}]}, True, 0, id="encrypted"
        ),
        pytest.param({"refusal": "No."}, True, 3, id="refusal"),
        pytest.param(
            {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]},
            True,
            0,
            id="tool call",
        ),
        pytest.param(
            {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]},
            True,
            7,
            id="a piece of arguments",
        ),
        pytest.param({"tool_calls": [{"function": None}]}, True, 0, id="a bare tool call"),
        pytest.param({"content": [{"type": "text", "text": "Hi"}]}, True, 2, id="Mistral's list"),
        pytest.param(
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
            True,
            0,
            id="Mistral's thinking",
        ),
        pytest.param({"audio": {"id": "a"}}, True, 0, id="audio"),
    ],
)
def test_a_stream_is_visible_from_its_first_word(
    delta: dict[str, Any], visible: bool, characters: int
) -> None:
    tap, passed = seen(chunk(delta))
    assert passed == [True]
    assert (tap.visible, tap.characters) == (visible, characters)
    assert not tap.whole


def test_comments_pass_and_say_nothing() -> None:
    tap, passed = seen(COMMENT)
    assert passed == [True]
    assert not tap.visible


def test_an_event_without_data_is_kept_from_the_client() -> None:
    bare = [
        Frame(None, "ping", b"event: ping\n\n"),
        Frame(None, None, b"retry: 5\n\n"),
        frame(b" "),
    ]
    assert seen(*bare)[1] == [False, False, False]


@pytest.mark.parametrize(
    ("frames", "choices", "whole"),
    [
        pytest.param([chunk(finish="stop")], 1, True, id="finish"),
        pytest.param([chunk({"content": "a"}, "length")], 1, True, id="content and finish"),
        pytest.param([chunk(finish="")], 1, False, id="an empty finish"),
        pytest.param([chunk(finish="stop")], 2, False, id="one of two"),
        pytest.param([chunk(finish="stop"), chunk(finish="stop")], 2, False, id="one of two twice"),
        pytest.param(
            [chunk(finish="stop"), frame({"choices": [{"index": 1, "finish_reason": "stop"}]})],
            2,
            True,
            id="both",
        ),
        pytest.param([chunk(finish="stop"), DONE], 2, True, id="[DONE] says so"),
        pytest.param([DONE], 1, True, id="[DONE] alone"),
        pytest.param([chunk({"content": "a"})], 1, False, id="no end"),
    ],
)
def test_an_answer_is_whole_when_every_choice_is_or_the_protocol_says_so(
    frames: list[Frame], choices: int, whole: bool
) -> None:
    assert seen(*frames, choices=choices)[0].whole is whole


def test_a_filtered_answer_without_a_word_is_an_answer() -> None:
    tap, _ = seen(chunk({"role": "assistant"}), chunk(finish="content_filter"))
    assert tap.visible
    assert tap.whole
    assert tap.failure is None
    assert tap.finish == "content_filter"


def test_nothing_passes_after_the_end() -> None:
    tap, passed = seen(chunk(finish="stop"), DONE, DONE, chunk({"content": "more"}), frame(b"junk"))
    assert passed == [True, True, False, False, False]
    assert tap.ended
    assert tap.characters == 0


EXTRA = frame({"id": "c-1", "object": "chat.completion.chunk", "choices": [], "usage": USAGE})


@pytest.mark.parametrize(("wanted", "passes"), [(True, True), (False, False)])
def test_the_extra_usage_chunk_goes_only_to_a_client_that_asked(wanted: bool, passes: bool) -> None:
    tap, passed = seen(chunk(finish="stop"), EXTRA, DONE, usage_wanted=wanted)
    assert passed == [True, passes, True]
    assert tap.usage == Usage(input=5, output=2)


def test_usage_beside_content_does_not_withhold_the_content() -> None:
    tap, passed = seen(chunk({"content": "a"}, usage=USAGE), usage_wanted=False)
    assert passed == [True]
    assert tap.usage == Usage(input=5, output=2)


def test_of_running_usage_the_last_counts() -> None:
    later = {**USAGE, "completion_tokens": 9}
    tap, _ = seen(chunk({"content": "a"}, usage=USAGE), chunk(finish="stop", usage=later))
    assert tap.usage == Usage(input=5, output=9)


FILTERS = {"id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": []}


def test_a_first_chunk_without_choices_says_nothing_yet() -> None:
    tap, passed = seen(frame(FILTERS), usage_wanted=False)
    assert passed == [True]
    assert not tap.visible


def test_the_vendors_id_is_the_first_one_it_gives() -> None:
    assert seen(chunk(), frame({"id": "c-2", "choices": []}))[0].upstream_id == "c-1"


def test_an_empty_id_is_no_id() -> None:
    # Azure's first chunk carries filter results and empty names.
    assert seen(frame(FILTERS), chunk({"content": "a"}))[0].upstream_id == "c-1"


ERRORS = [
    pytest.param(
        frame({"error": {"message": "no", "code": 429}}), Kind.RATE_LIMITED, id="int code"
    ),
    pytest.param(
        frame({"error": {"message": "no", "code": "rate_limit_exceeded"}}),
        Kind.RATE_LIMITED,
        id="code",
    ),
    pytest.param(
        frame({"error": {"message": "no", "type": "overloaded_error"}}), Kind.OVERLOADED, id="type"
    ),
    pytest.param(frame({"error": {"message": "no"}}), Kind.SERVER_ERROR, id="message only"),
    pytest.param(frame({"error": "no"}), Kind.SERVER_ERROR, id="a text"),
    pytest.param(
        frame({"error": {"message": "no", "code": 503}}, "error"), Kind.OVERLOADED, id="event"
    ),
    pytest.param(
        frame({"message": "no", "code": 503}, "error"), Kind.OVERLOADED, id="event with a flat body"
    ),
    pytest.param(
        frame({"object": "error", "message": "no", "code": 503}), Kind.OVERLOADED, id="flat"
    ),
    pytest.param(
        frame(
            {
                "id": "g",
                "object": "chat.completion.chunk",
                "error": {"code": 502, "message": "no"},
                "choices": [{"index": 0, "delta": {"content": ""}, "finish_reason": "error"}],
            }
        ),
        Kind.SERVER_ERROR,
        id="OpenRouter's",
    ),
]


@pytest.mark.parametrize(("error", "kind"), ERRORS)
@pytest.mark.parametrize("before", [(), (chunk({"role": "assistant"}), chunk({"content": "a"}))])
def test_an_error_inside_a_stream_is_a_failure_in_the_vendors_words(
    error: Frame, kind: Kind, before: tuple[Frame, ...]
) -> None:
    tap, passed = seen(*before, error)
    assert tap.failure is not None
    assert (tap.failure.kind, tap.failure.message) == (kind, "no")
    assert passed[-1]


def test_an_error_after_the_answer_is_complete_changes_nothing() -> None:
    tap, _ = seen(chunk({"content": "a"}, "stop"), frame({"error": {"message": "late"}}))
    assert tap.whole
    assert tap.failure is None


@pytest.mark.parametrize(
    "data",
    [b"{", b"junk", b"[1]", b'"text"', b"5", b'{"a":1}', b'{"choices":5}', b'{"choices":["x"]}'],
)
def test_what_is_no_chunk_is_refused(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        seen(frame(data))


def answer(**fields: Any) -> bytes:
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return orjson.dumps({"id": "c-1", "choices": [choice], "usage": USAGE, **fields})


@pytest.mark.parametrize("padding", [b"", b"\n\n  \r\n"])
def test_a_whole_answer_passes_untouched(padding: bytes) -> None:
    # DeepSeek sends blank lines while it thinks.
    body = padding + answer(field_of_tomorrow=1)
    reading = read_whole(body)
    assert reading.body == body
    assert (reading.usage, reading.finish) == (Usage(input=5, output=2), "stop")
    assert reading.upstream_id == "c-1"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"error": {"message": "no", "code": 429}}, Kind.RATE_LIMITED),
        ({"error": "no", "choices": None}, Kind.SERVER_ERROR),
        ({"error": {"message": "no", "code": 503}, "choices": []}, Kind.OVERLOADED),
        ({"object": "error", "message": "no", "code": 401}, Kind.CREDENTIALS),
    ],
)
def test_an_error_dressed_as_success_is_an_error(body: Any, kind: Kind) -> None:
    with pytest.raises(CallFailed) as failed:
        read_whole(orjson.dumps(body))
    assert (failed.value.failure.kind, failed.value.failure.message) == (kind, "no")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"<html>", b'{"choices":{}}', b'{"id":"x"}'])
def test_what_is_no_completion_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_whole(body)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            {"message": "m", "type": "invalid_request_error", "code": "tool_use_failed"},
            "invalid_request",
        ),
        ({"message": "m", "status_code": 429}, "rate_limited"),
        ({"message": "m", "code": 503}, "overloaded"),
        ({"message": "m", "type": "api_error"}, "server_error"),
    ],
)
def test_an_error_in_a_stream_is_told_by_status_or_type(
    error: dict[str, object], kind: str
) -> None:
    assert in_band_failure(error).kind == kind
