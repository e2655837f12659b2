"""What is sent to vendors that speak OpenAI's dialect."""

from __future__ import annotations

import ast
import copy
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import headgate as hg
import headgate_openai
from headgate_openai import Custom, OpenAI, OpenAICompatible, providers
from headgate_openai.presets import PRESETS, TABLE

KINDS = {cls.kind: cls for cls in providers()}
HELLO = [{"role": "user", "content": "Hello"}]
TARGET = hg.Target("p", "theirs")


def call(body: dict[str, Any], dialect: str = "openai_chat", **fields: Any) -> hg.Call:
    operation = hg.Operation.CHAT if dialect == "openai_chat" else hg.Operation.EMBEDDINGS
    stream = body.get("stream") is True
    return hg.Call("r", operation, dialect, "ours", body, stream=stream, **fields)


def sent(provider: hg.Provider, dialect: str = "openai_chat", **fields: Any) -> dict[str, Any]:
    body = {"model": "ours", "messages": HELLO, **fields}
    before = copy.deepcopy(body)
    request = provider.request(call(body, dialect), TARGET)
    assert body == before, "the client's body was changed"
    assert isinstance(request, hg.Request)
    assert isinstance(request.body, dict)
    return request.body


def make(kind: str) -> OpenAICompatible:
    if kind == "custom":
        return Custom(base_url="http://127.0.0.1:1/v1")
    made = KINDS[kind]()
    assert isinstance(made, OpenAICompatible)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_made_without_options(kind: str) -> None:
    made = make(kind)
    assert made.kind == kind
    assert made.base_url.startswith(("https://", "http://127.0.0.1"))
    assert made == make(kind)
    assert made.keyless == (made.env_key is None)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_value_that_can_be_hashed(kind: str) -> None:
    assert hash(KINDS[kind]) == hash(KINDS[kind])
    assert hash(make(kind)) == hash(make(kind))


def test_every_preset_has_a_name_and_a_variable_of_its_own() -> None:
    assert len(KINDS) == len(providers()) == len(TABLE) + 2  # type: ignore[arg-type]
    variables = [cls.env_key or cls.env_url for cls in (OpenAI, *PRESETS)]
    assert None not in variables
    assert len(set(variables)) == len(variables)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("dialect", "path"),
    [("openai_chat", "/chat/completions"), ("openai_embeddings", "/embeddings")],
)
def test_a_call_goes_to_its_path_below_the_base_url(kind: str, dialect: str, path: str) -> None:
    made = make(kind)
    if dialect not in made.speaks:
        with pytest.raises(hg.Unsupported):
            made.request(call({"model": "ours"}, dialect), TARGET)
        return
    request = made.request(call({"model": "ours"}, dialect), TARGET)
    assert isinstance(request, hg.Request)
    assert request.url == made.base_url + path
    assert request.method == "POST"
    listing = made.listing()
    assert listing is not None
    assert (listing.method, listing.url) == ("GET", made.base_url + "/models")


def test_a_slash_at_the_end_of_the_base_url_does_not_matter() -> None:
    request = OpenAI(base_url="http://127.0.0.1:1/v1/").request(call({"model": "x"}), TARGET)
    assert request.url == "http://127.0.0.1:1/v1/chat/completions"


def test_a_dialect_that_is_not_spoken_is_not_a_vendors_failure() -> None:
    with pytest.raises(hg.Unsupported):
        OpenAI().request(call({}, "openai_images"), TARGET)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
unknown = st.dictionaries(
    st.text(max_size=8).map(lambda name: "x_" + name), json_values, max_size=4
)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(KINDS)), unknown)
def test_fields_nobody_here_has_heard_of_pass_untouched(kind: str, fields: dict[str, Any]) -> None:
    assert sent(make(kind), **fields) == {"model": "theirs", "messages": HELLO, **fields}


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"mistral"}))
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (None, {"include_usage": True}),
        ({}, {"include_usage": True}),
        ({"include_usage": False}, {"include_usage": True}),
        (
            {"include_obfuscation": False},
            {"include_obfuscation": False, "include_usage": True},
        ),
    ],
)
def test_usage_is_asked_for_in_every_stream(
    kind: str, options: dict[str, Any] | None, expected: dict[str, Any]
) -> None:
    body = sent(make(kind), stream=True, stream_options=options)
    assert body["stream_options"] == expected


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_asked_for_where_nothing_is_streamed(kind: str) -> None:
    assert "stream_options" not in sent(make(kind))
    assert "stream_options" not in sent(make(kind), stream=False)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"max_completion_tokens": 5}, {"max_tokens": 5}),
        ({"max_completion_tokens": 5, "max_tokens": 7}, {"max_tokens": 7}),
        ({"seed": 1}, {"random_seed": 1}),
        ({"user": "ann", "store": True}, {}),
        ({"stream": True, "stream_options": {"include_usage": True}}, {"stream": True}),
        ({"temperature": 0.5}, {"temperature": 0.5}),
    ],
)
def test_mistral_is_spoken_to_in_its_own_words(
    fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert sent(make("mistral"), **fields) == {"model": "theirs", "messages": HELLO, **expected}


def test_mistral_gets_replayed_thinking_as_parts() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    turn = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."}
    calls = {"role": "assistant", "content": None, "tool_calls": [], "reasoning_details": []}
    body = sent(make("mistral"), messages=[*HELLO, turn, calls])
    assert body["messages"] == [
        *HELLO,
        {"role": "assistant", "content": [thinking, {"type": "text", "text": "Yes."}]},
        {"role": "assistant", "content": None, "tool_calls": []},
    ]


def test_defaults_fill_in_what_a_request_does_not_say() -> None:
    made = OpenAI(defaults={"temperature": 0.1, "service_tier": "flex", "model": "never"})
    body = sent(made, temperature=0.9)
    assert (body["temperature"], body["service_tier"], body["model"]) == (0.9, "flex", "theirs")


@pytest.mark.parametrize(
    ("options", "headers"),
    [
        ({}, {}),
        ({"organization": "org-1"}, {"OpenAI-Organization": "org-1"}),
        (
            {"organization": "org-1", "project": "proj-1"},
            {"OpenAI-Organization": "org-1", "OpenAI-Project": "proj-1"},
        ),
    ],
)
def test_an_openai_call_may_go_on_an_account(
    options: dict[str, str], headers: dict[str, str]
) -> None:
    assert OpenAI(**options).request(call({"model": "x"}), TARGET).headers == headers


def custom(**options: Any) -> Custom:
    return Custom(base_url="http://127.0.0.1:1/v1", **options)


def test_a_custom_server_is_adapted_in_the_configuration() -> None:
    made = custom(rename={"max_tokens": "max_new_tokens"}, drop=("user",), headers={"x-team": "a"})
    body = sent(made, max_tokens=5, user="ann", seed=1)
    assert body == {"model": "theirs", "messages": HELLO, "max_new_tokens": 5, "seed": 1}
    assert made.request(call({"model": "x"}), TARGET).headers == {"x-team": "a"}


@pytest.mark.parametrize(("wanted", "asked"), [(False, False), (True, True)])
def test_a_custom_server_is_asked_for_usage_only_if_it_may_be_or_the_client_does(
    wanted: bool, asked: bool
) -> None:
    body = {"model": "ours", "stream": True}
    if wanted:
        body["stream_options"] = {"include_usage": True}
    request = custom(ask_usage=False).request(call(body, usage_wanted=wanted), TARGET)
    assert isinstance(request.body, dict)
    assert ("stream_options" in request.body) is asked


def test_the_plugin_stands_on_headgate_and_the_standard_library_alone() -> None:
    for path in Path(headgate_openai.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                top = name.split(".")[0]
                ours = name == "headgate" or top == "headgate_openai"
                assert ours or top in sys.stdlib_module_names, f"{path.name} imports {name}"
