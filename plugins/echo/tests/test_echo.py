"""The provider that answers by itself."""

from __future__ import annotations

import ast
import struct
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

import headgate as hg
import headgate_echo
from headgate.dialects.openai_chat import OpenAIChat
from headgate.dialects.openai_embeddings import OpenAIEmbeddings
from headgate_echo import Echo

TOOL = {"type": "function", "function": {"name": "look_up"}}
OTHER = {"type": "function", "function": {"name": "other"}}


TARGET = hg.Target("echo", "echo-1")


def call(text: str = "Hello there", **fields: Any) -> hg.Call:
    body = {"model": "m", "messages": [{"role": "user", "content": text}], **fields}
    return OpenAIChat().parse("r", body, {})


def script(model: str, made: hg.Call | None = None, echo: Echo | None = None) -> hg.Script:
    return (echo or Echo()).request(made or call(stream=True), hg.Target("echo", model))


def events(one: hg.Script, made: hg.Call | None = None) -> list[hg.Event]:
    body = b"".join(step.data for step in one.steps)
    return list(Echo().reply(made or call(), TARGET, hg.Response(one.status, one.headers, body)))


def text(one: hg.Script) -> str:
    return "".join(event.text for event in events(one) if isinstance(event, hg.Text))


@pytest.mark.parametrize("said", ["Hello there", "x", "two  blanks", "é 😀", "line\nbreak", '"q"'])
@pytest.mark.parametrize("stream", [True, False])
def test_what_it_is_told_comes_back(said: str, stream: bool) -> None:
    one = script("echo", call(said, stream=stream))
    assert text(one) == said
    assert events(one)[-2:] == [
        hg.Finish("stop"),
        hg.Usage(input=-(-len(said) // 4), output=-(-len(said) // 4)),
    ]


def test_a_stream_comes_word_by_word_and_a_whole_answer_at_once() -> None:
    assert len(script("echo", call("a b c", stream=True)).steps) == 5
    assert len(script("echo", call("a b c")).steps) == 1


def test_the_last_thing_the_user_said_is_what_counts() -> None:
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "no"},
        {"role": "user", "content": [{"type": "text", "text": "last"}]},
        {"role": "system", "content": "Be brief."},
    ]
    assert text(script("echo", call(messages=messages))) == "last"
    assert text(script("echo", call(messages=messages[1:2]))) == "..."


@pytest.mark.parametrize(
    ("choice", "name"),
    [
        ("required", "look_up"),
        ({"type": "function", "function": {"name": "other"}}, "other"),
    ],
)
def test_it_calls_a_tool_if_it_has_to(choice: Any, name: str) -> None:
    tool, finish, _ = events(script("echo", call("x", tools=[TOOL, OTHER], tool_choice=choice)))
    assert isinstance(tool, hg.ToolCall)
    assert (tool.name, orjson.loads(tool.arguments)) == (name, {"text": "x"})
    assert finish == hg.Finish("tool_calls")


@pytest.mark.parametrize("choice", [None, "auto", "none"])
def test_it_calls_no_tool_if_it_need_not(choice: str | None) -> None:
    assert text(script("echo", call("x", tools=[TOOL], tool_choice=choice))) == "x"


def test_an_answer_is_no_longer_than_allowed() -> None:
    one = script("echo", call("12345678 rest", max_tokens=2))
    assert text(one) == "12345678"
    assert events(one)[-2] == hg.Finish("length")


@pytest.mark.parametrize(
    ("model", "waits"),
    [
        ("echo", [0.0, 0.0, 0.0, 0.0]),
        ("delay=2s", [2.0, 0.0, 0.0, 0.0]),
        ("delay=250ms,gap=50ms", [0.25, 0.05, 0.05, 0.05]),
        ("gap=1", [0.0, 1.0, 1.0, 1.0]),
        ("delay=-5s", [0.0, 0.0, 0.0, 0.0]),
    ],
)
def test_a_models_name_says_how_slow_it_is(model: str, waits: list[float]) -> None:
    assert [step.wait for step in script(model).steps] == waits


def test_the_configuration_says_the_same_and_a_name_overrides_it() -> None:
    slow = Echo(delay=3.0, gap=1.0)
    assert [step.wait for step in script("echo", echo=slow).steps] == [3.0, 1.0, 1.0, 1.0]
    assert [step.wait for step in script("delay=0", echo=slow).steps] == [0.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("chunks", [1, 2, 5])
def test_an_answer_comes_in_as_many_chunks_as_wanted(chunks: int) -> None:
    one = script(f"chunks={chunks}")
    assert sum(isinstance(event, hg.Text) for event in events(one)) == chunks


@pytest.mark.parametrize(
    "model", ["delay=soon", "fail=bad_luck", "speed=9", "delay=1s,x=", "chunks=1.5", "=", "a=b"]
)
def test_a_name_that_makes_no_sense_is_refused(model: str) -> None:
    with pytest.raises(hg.Unsupported):
        script(model)


ANSWERED = {
    "rate_limited": 429,
    "quota_exhausted": 402,
    "credentials": 401,
    "overloaded": 503,
    "server_error": 500,
    "model_not_found": 404,
    "too_large": 413,
    "invalid_request": 400,
    "context_length": 400,
    "content_filter": 400,
}


@pytest.mark.parametrize(("kind", "status"), ANSWERED.items())
def test_a_failure_in_words_is_read_back_as_what_it_is(kind: str, status: int) -> None:
    one = script(f"fail={kind}")
    body = b"".join(step.data for step in one.steps)
    failure = Echo().failure(call(), hg.Response(one.status, one.headers, body))
    assert (one.status, failure.kind, failure.status) == (status, kind, status)
    assert failure.retry_after == (1.0 if kind == "rate_limited" else None)


def test_a_failure_of_the_wire_is_one() -> None:
    assert script("fail=connection").cut
    assert script("fail=connection").steps == ()
    assert script("fail=timeout").steps[0].wait > 3600
    with pytest.raises(ValueError, match="Expecting value"):
        events(script("fail=garbled"))
    with pytest.raises(hg.Unsupported):
        script("fail=unsupported")
    with pytest.raises(RuntimeError):
        script("fail=plugin")


@pytest.mark.parametrize("after", [1, 2])
def test_a_stream_breaks_after_as_many_chunks_as_wanted(after: int) -> None:
    one = script(f"fail=cut,after={after},chunks=5")
    assert one.cut
    assert sum(isinstance(event, hg.Text) for event in events(one)) == after


def test_a_stream_fails_in_the_vendors_words_in_mid_stream() -> None:
    one = script("fail=overloaded,after=1")
    with pytest.raises(hg.CallFailed) as failed:
        events(one)
    assert failed.value.failure.kind is hg.Kind.OVERLOADED
    assert not one.cut


def embedding(value: Any, **fields: Any) -> list[hg.Event]:
    made = OpenAIEmbeddings().parse("r", {"model": "m", "input": value, **fields}, {})
    return events(script("echo", made), made)


def test_the_same_text_has_the_same_vector_and_another_has_another() -> None:
    first, again, other, usage = embedding(["one", "one", "two"])
    assert isinstance(first, hg.Vector)
    assert isinstance(again, hg.Vector)
    assert isinstance(other, hg.Vector)
    assert first.values == again.values != other.values
    assert [first.index, again.index, other.index] == [0, 1, 2]
    assert usage == hg.Usage(input=3, output=0)


@pytest.mark.parametrize("size", [1, 8, 100, 1536])
def test_a_vector_is_as_long_as_wanted_and_exact_in_32_bits(size: int) -> None:
    vector = embedding("x", dimensions=size)[0]
    assert isinstance(vector, hg.Vector)
    assert len(vector.values) == size
    assert struct.unpack(f"<{size}f", struct.pack(f"<{size}f", *vector.values)) == vector.values


def test_nobody_can_keep_the_gateway_busy_with_a_vector_of_a_million_numbers() -> None:
    with pytest.raises(hg.Unsupported) as refused:
        embedding("x", dimensions=2**20)
    assert refused.value.param == "dimensions"


def test_nobody_can_fill_the_memory_by_having_a_long_word_repeated() -> None:
    try:
        size = sum(len(step.data) for step in script("chunks=100000", call("x" * 400)).steps)
    except hg.Unsupported:
        size = 0
    assert size <= 16 * 2**20


def test_the_plugin_stands_on_headgate_and_the_standard_library_alone() -> None:
    for path in Path(headgate_echo.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                ours = name == "headgate" or top == "headgate_echo"
                assert ours or top in sys.stdlib_module_names, f"{path.name} imports {name}"
