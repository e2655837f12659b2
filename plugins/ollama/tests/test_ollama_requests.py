"""What Ollama is told, and that its own client would have accepted it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ollama import _types as theirs

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.fit import fitted
from headgate_ollama import Ollama, providers

PIXEL = "iVBORw0KGgo="
ASK = {"role": "user", "content": "Hello"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
TOOL = {
    "type": "function",
    "function": {"name": "add", "description": "Adds", "strict": True, "parameters": SCHEMA},
}
SAID_TOOL = {
    "type": "function",
    "function": {"name": "add", "description": "Adds", "parameters": SCHEMA},
}


def tool_call(id_: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": id_, "type": "function", "function": {"name": name, "arguments": arguments}}


def asked(body: dict[str, Any], model: str = "qwen3:4b", **options: Any) -> dict[str, Any]:
    """The body of `/api/chat` for an OpenAI one, as the gateway would have it made."""
    made, target = Ollama(**options), hg.Target("ollama", model)
    whole = {"model": "ollama/x", "messages": [ASK], **body}
    before = copy.deepcopy(whole)
    call, dropped = fitted(
        OpenAIChat().parse("req_1", whole, {}), made.offers, made.vocabulary(target), drop=False
    )
    request = made.request(call, target)
    assert (dropped, whole) == ((), before)
    assert request.url == "http://127.0.0.1:11434/api/chat"
    assert isinstance(request.body, dict)
    return request.body


def option(name: str, value: Any) -> dict[str, Any]:
    return {"options": {name: value}}


SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("nothing", {}, {}),
    ("stream", {"stream": True}, {"stream": True}),
    ("max_tokens", {"max_tokens": 5}, option("num_predict", 5)),
    ("max_completion_tokens", {"max_completion_tokens": 6}, option("num_predict", 6)),
    ("temperature", {"temperature": 0}, option("temperature", 0)),
    ("top_p", {"top_p": 0.5}, option("top_p", 0.5)),
    ("top_k", {"top_k": 40}, option("top_k", 40)),
    ("seed", {"seed": 0}, option("seed", 0)),
    ("presence", {"presence_penalty": 0.5}, option("presence_penalty", 0.5)),
    ("frequency", {"frequency_penalty": -1}, option("frequency_penalty", -1)),
    ("one-stop", {"stop": "END"}, option("stop", ["END"])),
    ("stops", {"stop": ["a", "b"]}, option("stop", ["a", "b"])),
    ("json", {"response_format": {"type": "json_object"}}, {"format": "json"}),
    (
        "schema",
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
            }
        },
        {"format": SCHEMA},
    ),
    ("text", {"response_format": {"type": "text"}}, {}),
    ("logprobs", {"logprobs": True, "top_logprobs": 2}, {"logprobs": True, "top_logprobs": 2}),
    ("no-logprobs", {"logprobs": False}, {}),
    ("effort-none", {"reasoning_effort": "none"}, {"think": False}),
    ("effort-minimal", {"reasoning_effort": "minimal"}, {"think": "low"}),
    ("effort-medium", {"reasoning_effort": "medium"}, {"think": "medium"}),
    ("effort-xhigh", {"reasoning_effort": "xhigh"}, {"think": "max"}),
    ("think", {"think": True}, {"think": True}),
    ("think-level", {"think": "high", "reasoning_effort": "low"}, {"think": "high"}),
    ("format", {"format": "json"}, {"format": "json"}),
    ("keep_alive", {"keep_alive": 0}, {"keep_alive": 0}),
    ("truncate", {"truncate": False, "shift": False}, {"truncate": False, "shift": False}),
    ("num_ctx", {"num_ctx": 8192, "min_p": 0.1}, {"options": {"num_ctx": 8192, "min_p": 0.1}}),
    (
        "options",
        {"options": {"num_ctx": 1, "top_k": 9}, "repeat_penalty": 1.1, "temperature": 0.3},
        {"options": {"num_ctx": 1, "top_k": 9, "repeat_penalty": 1.1, "temperature": 0.3}},
    ),
    ("tools", {"tools": [TOOL], "tool_choice": "auto"}, {"tools": [SAID_TOOL]}),
    ("no-tools", {"tools": [TOOL], "tool_choice": "none"}, {}),
    (
        "tool-without-parameters",
        {"tools": [{"type": "function", "function": {"name": "now"}}]},
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "now", "parameters": {"type": "object", "properties": {}}},
                }
            ]
        },
    ),
    ("labels", {"user": "ann", "metadata": {"a": "b"}, "store": False}, {}),
]

CONVERSATIONS: list[tuple[str, list[dict[str, Any]], list[dict[str, Any]]]] = [
    (
        "roles",
        [
            {"role": "developer", "content": "Be brief"},
            ASK,
            {"role": "assistant", "content": "Hi"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}],
            },
        ],
        [
            {"role": "system", "content": "Be brief"},
            ASK,
            {"role": "assistant", "content": "Hi"},
            {"role": "user", "content": "ab"},
        ],
    ),
    (
        "image",
        [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}},
                ],
            }
        ],
        [{"role": "user", "content": "What is it?", "images": [PIXEL]}],
    ),
    (
        "tool-round",
        [
            ASK,
            {
                "role": "assistant",
                "content": None,
                "reasoning_content": "two sums",
                "tool_calls": [tool_call("c1", "add", '{"a": 1}'), tool_call("c2", "sub", "")],
            },
            {"role": "tool", "tool_call_id": "c2", "content": "0"},
            {"role": "tool", "tool_call_id": "c1", "content": "2"},
            {"role": "tool", "tool_call_id": "lost", "name": "mul", "content": "4"},
            {"role": "tool", "tool_call_id": "gone", "content": "5"},
        ],
        [
            ASK,
            {
                "role": "assistant",
                "content": "",
                "thinking": "two sums",
                "tool_calls": [
                    {"id": "c1", "function": {"name": "add", "arguments": {"a": 1}}},
                    {"id": "c2", "function": {"name": "sub", "arguments": {}}},
                ],
            },
            {"role": "tool", "content": "0", "tool_name": "sub", "tool_call_id": "c2"},
            {"role": "tool", "content": "2", "tool_name": "add", "tool_call_id": "c1"},
            {"role": "tool", "content": "4", "tool_name": "mul", "tool_call_id": "lost"},
            {"role": "tool", "content": "5", "tool_call_id": "gone"},
        ],
    ),
    (
        "an-id-used-again",
        [
            {"role": "assistant", "tool_calls": [tool_call("c", "add", "{}")]},
            {"role": "tool", "tool_call_id": "c", "content": "1"},
            {"role": "assistant", "tool_calls": [tool_call("c", "sub", "{}")]},
            {"role": "tool", "tool_call_id": "c", "content": "2"},
        ],
        [
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "c", "function": {"name": "add", "arguments": {}}}],
            },
            {"role": "tool", "content": "1", "tool_name": "add", "tool_call_id": "c"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"id": "c", "function": {"name": "sub", "arguments": {}}}],
            },
            {"role": "tool", "content": "2", "tool_name": "sub", "tool_call_id": "c"},
        ],
    ),
    (
        "thinking-of-another-vendor",
        [{"role": "assistant", "content": "Hi", "reasoning_details": [{"data": "sealed"}]}, ASK],
        [{"role": "assistant", "content": "Hi"}, ASK],
    ),
]


def check_against_their_client(body: dict[str, Any]) -> None:
    """Their request types take it, and know every field of it (two are newer than they are)."""
    theirs.ChatRequest.model_validate(body)
    assert set(body) <= {*theirs.ChatRequest.model_fields, "truncate", "shift"}
    theirs.Options.model_validate(body.get("options", {}))
    assert set(body.get("options", {})) <= {*theirs.Options.model_fields, "min_p"}
    for message in body["messages"]:
        images = [{"value": image} for image in message.get("images", ())]
        read = theirs.Message.model_validate({**message, "images": images})
        assert set(message) <= {*theirs.Message.model_fields, "tool_call_id"}
        assert [image.model_dump() for image in read.images or ()] == message.get("images", [])
    for tool in body.get("tools", ()):
        assert theirs.Tool.model_validate(tool).function is not None


@pytest.mark.parametrize(
    ("body", "expected"), [case[1:] for case in SETTINGS], ids=[case[0] for case in SETTINGS]
)
def test_settings(body: dict[str, Any], expected: dict[str, Any]) -> None:
    said = asked(body)
    assert said == {"model": "qwen3:4b", "messages": [ASK], "stream": False, **expected}
    check_against_their_client(said)


@pytest.mark.parametrize(
    ("messages", "expected"),
    [case[1:] for case in CONVERSATIONS],
    ids=[case[0] for case in CONVERSATIONS],
)
def test_conversations(messages: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    said = asked({"messages": messages})
    assert said["messages"] == expected
    check_against_their_client(said)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": [TOOL], "tool_choice": "required"}, "tool_choice"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "add"}}},
            "tool_choice",
        ),
        ({"n": 2}, "n"),
        ({"logit_bias": {"1": 1}}, "logit_bias"),
        ({"tools": [TOOL], "parallel_tool_calls": False}, "parallel_tool_calls"),
        ({"reasoning_effort": "utmost"}, "reasoning_effort"),
        ({"mirostat": 1}, "mirostat"),
        (
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "image_url", "image_url": {"url": "https://x.example/a.png"}}
                        ],
                    }
                ]
            },
            "messages[0].content[0]",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [tool_call("c", "add", "[1")]}]},
            "messages[0].tool_calls",
        ),
        (
            {"messages": [{"role": "assistant", "tool_calls": [tool_call("c", "add", "[1]")]}]},
            "messages[0].tool_calls",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_said_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    with pytest.raises(hg.Unsupported) as refused:
        asked(body)
    assert refused.value.param == param


@pytest.mark.parametrize(
    ("param", "value"),
    [("think", "hard"), ("think", 0), ("think", ["low"]), ("options", [1]), ("format", "xml")],
)
def test_a_malformed_field_of_ollamas_own_is_the_callers_mistake(param: str, value: Any) -> None:
    with pytest.raises(hg.CallFailed) as failed:
        asked({param: value})
    failure = failed.value.failure
    assert (failure.kind, failure.param) == (hg.Kind.INVALID_REQUEST, param)


@pytest.mark.parametrize(
    ("effort", "think"), [("minimal", "low"), ("high", "high"), ("xhigh", "high"), ("max", "high")]
)
def test_gpt_oss_has_three_levels(effort: str, think: str) -> None:
    assert asked({"reasoning_effort": effort}, "gpt-oss:20b")["think"] == think


@pytest.mark.parametrize("body", [{"reasoning_effort": "none"}, {"think": False}], ids=str)
def test_gpt_oss_cannot_but_think(body: dict[str, Any]) -> None:
    with pytest.raises(hg.Unsupported, match="always thinks") as refused:
        asked(body, "gpt-oss:20b")
    assert refused.value.param == next(iter(body))


def test_options_of_the_configuration_hold_where_a_call_says_nothing() -> None:
    options = {"num_ctx": 32768, "temperature": 0.7}
    said = asked({"temperature": 0.1}, options=options, keep_alive="30m")
    assert said["options"] == {"num_ctx": 32768, "temperature": 0.1}
    assert said["keep_alive"] == "30m"
    assert asked({"num_ctx": 4096}, options=options)["options"]["num_ctx"] == 4096
    assert asked({"keep_alive": "1m"}, keep_alive=-1)["keep_alive"] == "1m"
    assert options == {"num_ctx": 32768, "temperature": 0.7}


RELAYED = {
    "openai_responses": "/v1/responses",
    "openai_completions": "/v1/completions",
    "openai_chat": "/v1/chat/completions",
    "openai_embeddings": "/v1/embeddings",
}


def foreign(dialect: str, **fields: Any) -> hg.Call:
    body = {"model": "ollama/x", "anything": [1]}
    return hg.Call("r", hg.Operation.CHAT, dialect, "ollama/x", body, **fields)


@pytest.mark.parametrize(("dialect", "path"), RELAYED.items())
def test_other_dialects_are_relayed_as_they_are(dialect: str, path: str) -> None:
    target = hg.Target("ollama", "qwen3:4b")
    made = Ollama(api="openai")
    assert made.relays(foreign(dialect), target)
    request = made.request(foreign(dialect), target)
    assert request.url == "http://127.0.0.1:11434" + path
    assert request.body == {"model": "qwen3:4b", "anything": [1]}
    assert isinstance(made.framer(foreign(dialect), target), hg.SSE)
    streamed = made.request(foreign(dialect, stream=True), target).body
    assert isinstance(streamed, dict)
    assert ("stream_options" in streamed) is (dialect in ("openai_chat", "openai_completions"))


@pytest.mark.parametrize("dialect", RELAYED)
def test_openais_chats_and_embeddings_are_translated_unless_told_otherwise(dialect: str) -> None:
    target, made = hg.Target("ollama", "x"), Ollama()
    translated = dialect in ("openai_chat", "openai_embeddings")
    assert made.relays(foreign(dialect), target) is not translated
    assert isinstance(made.framer(foreign(dialect), target), hg.NDJSON) is translated


def test_ollama_stores_no_answers() -> None:
    call = foreign("openai_responses", resource=hg.Resource("GET", "/resp_1"))
    with pytest.raises(hg.Unsupported):
        Ollama().request(call, hg.Target("ollama", "x"))


@pytest.mark.parametrize(
    "url", ["http://h:1", "http://h:1/", "http://h:1/v1", "http://h:1/v1/"], ids=str
)
def test_any_form_of_the_address_will_do(url: str) -> None:
    listing = Ollama(base_url=url).listing()
    assert listing is not None
    assert (listing.method, listing.url, listing.body) == ("GET", "http://h:1/api/tags", None)


def test_the_plugin_is_one_kind_that_needs_no_key() -> None:
    assert list(providers()) == [Ollama]
    assert (Ollama.kind, Ollama.keyless, Ollama.discovers) == ("ollama", True, True)
    assert (Ollama.env_key, Ollama.env_url) == (None, "OLLAMA_BASE_URL")
    assert hash(Ollama(options={"num_ctx": 1})) == hash(Ollama(options={"num_ctx": 2}))
