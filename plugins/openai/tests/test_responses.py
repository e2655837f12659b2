"""Answers of the Responses API, whole and streamed, read into the events of a chat."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

import headgate as hg
from headgate_openai import OpenAI

TARGET = hg.Target("p", "m").knowing(hg.Traits(words=frozenset({"responses_only"})))
CALL = hg.Call("r1", hg.Operation.CHAT, "another", "ours", {}, stream=True)
#: What is wrong is said in words of ours, or in the JSON decoder's.
SENSELESS = r"^(an? |the |arguments of |Expect)"


def sse(*chunks: Any) -> bytes:
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\n\n" for chunk in chunks)


def response(status: str = "completed", *output: Any, **fields: Any) -> dict[str, Any]:
    return {"object": "response", "status": status, "output": list(output), **fields}


def event(type_: str, at: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": f"response.{type_}", "output_index": at, **fields}


def through(events: Iterable[Any]) -> tuple[list[hg.Event], bool]:
    feed, framer = OpenAI().feed(CALL, TARGET), hg.SSE()
    return [e for f in framer.feed(sse(*events)) for e in feed.frame(f)], feed.done


CALLED = {"type": "function_call", "call_id": "a", "name": "f", "arguments": "{}"}
THOUGHT = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "One."}, {"type": "summary_text", "text": "Two."}],
    "encrypted_content": "zzz",
    "status": "completed",
}
SAID = {"type": "message", "content": [{"type": "output_text", "text": "Hi"}]}
COUNTED = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 5,
    "output_tokens_details": {"reasoning_tokens": 3},
    "total_tokens": 15,
}
USAGE = hg.Usage(input=6, cached_input=4, output=2, reasoning=3)


def test_an_answer_of_responses_is_the_same_whole_streamed_and_in_items_alone() -> None:
    end = response("completed", THOUGHT, SAID, CALLED, usage=COUNTED)
    begun = {**CALLED, "arguments": ""}
    stream = [
        event("created", response=response("in_progress")),
        event("output_item.added", 0, item={"type": "reasoning"}),
        event("reasoning_summary_text.delta", 0, summary_index=0, delta="One."),
        event("reasoning_summary_text.delta", 0, summary_index=1, delta="Two."),
        event("output_item.done", 0, item=THOUGHT),
        event("output_text.delta", 1, delta="H", logprobs=[]),
        event("output_text.delta", 1, delta="i"),
        event("output_text.done", 1, text="Hi"),
        event("output_item.done", 1, item=SAID),
        event("output_item.added", 2, item=begun),
        event("function_call_arguments.delta", 2, delta="{}"),
        event("something.new", 2, delta="?"),
        event("output_item.done", 2, item=CALLED),
        event("completed", response=end),
    ]
    body = json.dumps(end).encode()
    whole = list(OpenAI().reply(CALL, TARGET, hg.Response(200, {}, body)))
    items = [event("output_item.done", at, item=item) for at, item in enumerate(end["output"])]
    for events, done in (through(stream), through([*items, stream[-1]]), (whole, True)):
        assert done
        assert "".join(e.text for e in events if isinstance(e, hg.Reasoning)) == "One.\n\nTwo."
        sealed = next(e.redacted for e in events if isinstance(e, hg.Reasoning) and e.redacted)
        assert json.loads(sealed) == {k: v for k, v in THOUGHT.items() if k != "status"}
        assert "".join(e.text for e in events if isinstance(e, hg.Text)) == "Hi"
        calls = [e for e in events if isinstance(e, hg.ToolCall)]
        assert (calls[0].index, calls[0].id, calls[0].name) == (0, "a", "f")
        assert "".join(e.arguments for e in calls) == "{}"
        assert events[-2:] == [USAGE, hg.Finish("tool_calls")]


@pytest.mark.parametrize(
    ("why", "ends"),
    [("max_output_tokens", "length"), ("content_filter", "content_filter"), (None, "length")],
)
def test_an_incomplete_answer_says_why(why: str | None, ends: str) -> None:
    end = response("incomplete", SAID, incomplete_details={"reason": why})
    assert through([event("incomplete", response=end)]) == ([hg.Text("Hi"), hg.Finish(ends)], True)


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ({"type": "error", "code": "server_error", "message": "x"}, hg.Kind.SERVER_ERROR),
        ({"type": "error", "error": {"code": "insufficient_quota"}}, hg.Kind.QUOTA_EXHAUSTED),
        (
            event("failed", response=response("failed", error={"code": "rate_limit_exceeded"})),
            hg.Kind.RATE_LIMITED,
        ),
        (event("cancelled", response=response("cancelled")), hg.Kind.SERVER_ERROR),
    ],
)
def test_a_failed_answer_of_responses_is_a_failure(last: dict[str, Any], kind: hg.Kind) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        through([event("output_text.delta", delta="H"), last])
    assert failed.value.failure.kind is kind


@pytest.mark.parametrize(
    "wrong",
    [
        3,
        event("completed"),
        event("completed", response={"status": "completed"}),
        event("function_call_arguments.delta", delta="{"),
        event("output_item.added", item={"type": "function_call"}),
    ],
)
def test_an_event_that_makes_no_sense_is_a_value_error(wrong: Any) -> None:
    with pytest.raises(ValueError, match=SENSELESS):
        through([wrong])


def test_a_message_is_said_once_though_the_end_leaves_items_out() -> None:
    first, second = ({**SAID, "id": id_} for id_ in ("msg_1", "msg_2"))
    end = response("completed", first, second, usage=COUNTED)
    events, done = through(
        [
            event("output_text.delta", 0, item_id="msg_1", delta="Hi"),
            event("output_item.done", 0, item=first),
            event("output_text.delta", 2, item_id="msg_2", delta="Hi"),
            event("output_item.done", 2, item=second),
            event("completed", response=end),
        ]
    )
    assert done
    assert "".join(one.text for one in events if isinstance(one, hg.Text)) == "HiHi"
