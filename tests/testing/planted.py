"""A good provider, and what may be wrong with one: each defect is one change of its source."""

from __future__ import annotations

import json
from pathlib import Path

GOOD = """
import json
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import headgate as hg


@dataclass(frozen=True)
class Mill(hg.Provider):
    kind = "mill"
    says = frozenset({"temperature", "tools", "tool_choice"})

    base_url: str = "https://mill.example"
    region: str = "eu"

    def request(self, call, target):
        chat = call.chat
        body = {
            "model": target.model,
            "stream": call.stream,
            "region": self.region,
            "turns": [[one.role, one.text] for one in chat.messages],
            "temperature": chat.temperature,
            "tools": [one.name for one in chat.tools],
            "choice": str(chat.tool_choice),
        }
        return hg.Request(f"{self.base_url}/talk", body)

    def framer(self, call, target):
        return hg.SSE()

    def reply(self, call, target, response):
        answer = json.loads(response.body)
        if not isinstance(answer, dict) or "end" not in answer:
            raise ValueError("no answer")
        yield from said(answer, 0)

    def feed(self, call, target):
        return Events()

    def failure(self, call, response):
        return hg.by_status(response)


def count(value):
    return value if type(value) is int and value >= 0 else None


def said(answer, calls):
    if isinstance(text := answer.get("text"), str):
        yield hg.Text(text)
    for at, tool in enumerate(answer["tools"] if isinstance(answer.get("tools"), list) else ()):
        if not isinstance(tool, list) or len(tool) != 2 or not all(isinstance(t, str) for t in tool):
            raise ValueError("no tool")
        yield hg.ToolCall(calls + at, f"call_{calls + at}", tool[0], tool[1])
    if isinstance(answer.get("end"), str):
        spent = answer.get("spent")
        if isinstance(spent, list) and len(spent) == 2:
            yield hg.Usage(input=count(spent[0]), output=count(spent[1]))
        yield hg.Finish("tool_calls" if answer["end"] == "tools" else "stop")


class Events:
    done = False

    def __init__(self):
        self.calls = 0

    def frame(self, frame):
        piece = json.loads(frame.data or b"{}")
        if not isinstance(piece, dict):
            raise ValueError("no object")
        for event in said(piece, self.calls):
            self.calls += isinstance(event, hg.ToolCall)
            yield event
        self.done = self.done or isinstance(piece.get("end"), str)
"""

_ENDED = "self.done = self.done or isinstance(piece.get"
_REQUEST = 'return hg.Request(f"{self.base_url}/talk", body)'

#: defect -> (what is replaced, by what), the test that sees it, and the words it says.
DEFECTS: dict[str, tuple[tuple[str, str], str, str]] = {
    "reads the clock": (
        ("chat = call.chat", "import time; chat = call.chat; time.time()"),
        "test_a_call_is_said_or_refused_by_name",
        "the provider calls time.time(): it may only compute",
    ),
    "imports the clock": (
        ("import json\n", "import json\nfrom time import time\n"),
        "test_it_imports_nothing_that_acts",
        "import time",
    ),
    "asks a type for the time": (
        ("import json\n", "import json, datetime\ndef now():\n    datetime.datetime.now()\n"),
        "test_it_imports_nothing_that_acts",
        "datetime.datetime.now",
    ),
    "rolls dice": (
        (_REQUEST, "import uuid; body['id'] = str(uuid.uuid4()); " + _REQUEST),
        "test_a_call_is_said_or_refused_by_name",
        "the provider calls uuid.uuid4()",
    ),
    "writes a log": (
        ("return hg.by_status", "print('oh'); return hg.by_status"),
        "test_any_error_is_classified",
        "the provider calls print()",
    ),
    "changes the client's body": (
        ("chat = call.chat", "chat = call.chat; call.body['x'] = 1"),
        "test_a_call_is_said_or_refused_by_name",
        "request() changed call.body",
    ),
    "keeps state between calls": (
        (_REQUEST, "globals().setdefault('N', []).append(1); body['n'] = len(N); " + _REQUEST),
        "test_a_call_is_said_or_refused_by_name",
        "request() gave two answers to one call",
    ),
    "sends what is no JSON": (
        ('"stream": call.stream', '"stream": {1, 2}'),
        "test_a_call_is_said_or_refused_by_name",
        "the body is no JSON",
    ),
    "sends a header of the gateway's": (
        ('/talk", body)', "/talk\", body, headers={'Host': 'mill'})"),
        "test_a_call_is_said_or_refused_by_name",
        "the header 'Host' is the gateway's own",
    ),
    "refuses what all can say": (
        (_REQUEST, "if len(chat.messages) > 1: raise hg.Unsupported('no')\n        " + _REQUEST),
        "test_the_plainest_calls_are_said",
        "every chat provider can say this",
    ),
    "refuses without a word": (
        (_REQUEST, "if chat.tools: raise hg.Unsupported('')\n        " + _REQUEST),
        "test_a_call_is_said_or_refused_by_name",
        "raises Unsupported without a word",
    ),
    "drops what it claims to say": (
        ('"temperature": chat.temperature', '"x": 1'),
        "test_what_it_claims_to_say_it_says",
        "says holds 'temperature', but request() leaves it out",
    ),
    "claims an unknown feature": (
        ('"tool_choice"}', '"tool-choice"}'),
        "test_its_description_is_complete",
        "says holds 'tool-choice', which is no feature; is 'tool_choice' meant?",
    ),
    "is no frozen dataclass": (
        ("@dataclass(frozen=True)\nclass Mill", "class Mill"),
        "test_its_description_is_complete",
        "must be decorated with @dataclass(frozen=True)",
    ),
    "has an option that takes anything": (
        ('region: str = "eu"', 'region: Any = "eu"'),
        "test_its_options_are_checked",
        "the option 'region' takes anything",
    ),
    "has a default of another type": (
        ('region: str = "eu"', "region: str = None"),
        "test_its_options_are_checked",
        "the default of option 'region' does not fit its own type",
    ),
    "has an address of its own": (
        ("{self.base_url}/talk", "https://mill.example/talk"),
        "test_its_address_is_an_option",
        "begin every URL with self.base_url",
    ),
    "sends the client's name of the model": (
        ('"model": target.model', '"model": call.model'),
        "test_the_vendors_name_of_the_model_is_said",
        "send target.model",
    ),
    "loses fields of relayed calls": (
        (
            _REQUEST,
            _REQUEST.replace("body)", "{'model': target.model})")
            + "\n    speaks = {'openai_chat'}",
        ),
        "test_a_relayed_call_keeps_every_field",
        "a relayed call loses fields",
    ),
    "takes every error for its own fault": (
        ("return hg.by_status(response)", "return hg.Failure(hg.Kind.INVALID_REQUEST, 'bad')"),
        "test_any_error_is_classified",
        "failure() makes invalid_request of status 401",
    ),
    "trips over an error body": (
        ("return hg.by_status", "json.loads(response.body)['error']; return hg.by_status"),
        "test_any_error_is_classified",
        "it has to return a Failure for any body",
    ),
    "forgets Retry-After": (
        (
            "return hg.by_status(response)",
            "return replace(hg.by_status(response), retry_after=None)",
        ),
        "test_a_vendor_that_asks_to_wait_is_heard",
        "failure() makes retry_after=None of 'Retry-After: 7'",
    ),
    "KeyError on garbage": (
        ('or "end" not in answer:', 'or answer["end"] is None:'),
        "test_garbage_is_no_answer",
        "reply() raises KeyError for the body b'{}'",
    ),
    "KeyError on a stream of garbage": (
        (_ENDED, "piece['end']; " + _ENDED),
        "test_a_stream_of_garbage_is_no_answer",
        "feed() crashes on the stream",
    ),
    "takes garbage for an answer": (
        (_ENDED, "yield hg.Finish('stop'); " + _ENDED),
        "test_a_stream_of_garbage_is_no_answer",
        "passes for a whole answer",
    ),
    "TypeError on a mangled answer": (
        ("isinstance(spent, list) and len(spent) == 2", "len(spent)"),
        "test_a_mangled_answer_is_no_crash",
        "raises TypeError for the body",
    ),
    "another request than written": (
        ('"region": self.region', '"area": self.region'),
        "test_the_request_is_as_written",
        '-    "region": "eu",',
    ),
    "another answer than written": (
        ("yield hg.Text(text)", "yield hg.Text(text.lower())"),
        "test_the_answer_is_as_written",
        '+    "text": "hel',
    ),
    "wrong usage in a stream": (
        ("yield event", "yield hg.Usage(input=9) if isinstance(event, hg.Usage) else event"),
        "test_whole_and_streamed_cost_the_same",
        "Read usage with one function for both",
    ),
    "usage that is no count": (
        ("input=count(spent[0])", "input=spent[0] / 2"),
        "test_the_answer_is_complete",
        "a count is a whole number from 0",
    ),
    "a gap in the indexes": (
        ("hg.ToolCall(calls + at,", "hg.ToolCall(2 * (calls + at),"),
        "test_the_answer_is_complete",
        "count them from 0, without a gap",
    ),
    "one index for all tools": (
        ("hg.ToolCall(calls + at,", "hg.ToolCall(0,"),
        "test_the_answer_is_complete",
        "two tool calls have the index 0",
    ),
    "a tool call without an id": (
        ('f"call_{calls + at}", tool[0]', "None, tool[0]"),
        "test_the_answer_is_complete",
        "a tool call has no id",
    ),
    "one id for all tools": (
        ('f"call_{calls + at}"', '"call"'),
        "test_the_answer_is_complete",
        "tool calls share an id",
    ),
    "arguments that are no JSON": (
        ("tool[0], tool[1])", "tool[0], tool[1] + '}')"),
        "test_the_answer_is_complete",
        "arguments are a JSON object as text",
    ),
    "a reason of its own": (
        ('else "stop")', 'else "end_turn")'),
        "test_the_answer_is_complete",
        "the reason is one of content_filter, length, stop, tool_calls",
    ),
    "finishes twice": (
        ("yield event", "yield event\n            if isinstance(event, hg.Finish): yield event"),
        "test_the_answer_is_complete",
        "yield one for each, from 0",
    ),
    "finishes before the end": (
        ("yield event", "yield event\n            yield hg.Finish('stop')"),
        "test_a_stream_that_ends_early_is_not_whole",
        "a third of the stream passes for a whole answer",
    ),
    "a framer that depends on the splits": (
        (
            "return hg.SSE()",
            (
                "feed = lambda self, data: (hg.SSE.feed(self, data), setattr(self, 'rest', b''))[0]"
                "\n        return type('Greedy', (hg.SSE,), {'feed': feed})()"
            ),
        ),
        "test_any_split_gives_the_same",
        "the framer has to keep what is not complete",
    ),
}

_SAID = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
_TOOLS = [["weather", '{"city": "Oslo"}'], ["weather", '{"city": "Rome"}']]
_REPLIES = {
    "hello": (
        {"text": "Hello!", "end": "end", "spent": [3, 2]},
        [{"text": "Hel"}, {"text": "lo!"}],
    ),
    "tools": (
        {"tools": _TOOLS, "end": "tools", "spent": [5, 9]},
        [{"tools": [one]} for one in _TOOLS],
    ),
}


def write_transcripts(folder: Path) -> None:
    """Two pairs and an error, without anything that is expected."""
    folder.mkdir()
    for name, (whole, pieces) in _REPLIES.items():
        last = {key: value for key, value in whole.items() if key in ("end", "spent")}
        stream = "".join(f"data: {json.dumps(one)}\n\n" for one in [*pieces, last])
        _write(folder / f"{name}.json", _SAID, {"body": whole})
        _write(folder / f"{name}-stream.json", {**_SAID, "stream": True}, {"body": stream})
    _write(
        folder / "busy.json", _SAID, {"status": 429, "headers": {"Retry-After": "2"}, "body": {}}
    )


def _write(path: Path, call: dict[str, object], response: dict[str, object]) -> None:
    path.write_text(json.dumps({"call": call, "response": response}), "utf-8")
