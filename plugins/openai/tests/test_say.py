"""Neutral chats said in the vendors' words, checked against the vendors' own types."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, NotRequired, Required, Union, get_args, get_origin

import openai.types.chat.completion_create_params as chat_params
import openai.types.responses.response_create_params as responses_params
import pytest
from mistralai.client.models import ChatCompletionRequest
from typing_extensions import get_type_hints, is_typeddict

import headgate as hg
from headgate_openai import Custom, OpenAI, providers

KINDS = {cls.kind: cls for cls in providers() if cls is not Custom}
PNG, PDF = "data:image/png;base64,aGk=", "data:application/pdf;base64,JVBERg=="
WEATHER = hg.Tool("weather", "The weather", {"type": "object", "properties": {"in": {}}})
RESPONSES_ONLY = hg.Traits(words=frozenset({"responses_only"}))


def text(*words: str) -> tuple[hg.Part, ...]:
    return tuple(map(hg.TextPart, words))


def user(*parts: hg.Part) -> hg.Message:
    return hg.Message("user", parts or text("Hi"))


def asked(**fields: Any) -> hg.Chat:
    return hg.Chat(**{"messages": (user(),), **fields})


SIGNED = hg.CallPart("toolu_01", "weather", '{"in":"Rome"}', signature="sig")
LOOP = (
    hg.Message("system", text("Be brief.")),
    user(),
    hg.Message("assistant", (hg.ReasoningPart("Hm.", "seal"), hg.TextPart("Wait."), SIGNED)),
    hg.Message("tool", text("sunny"), "toolu_01"),
    user(hg.TextPart("And?")),
)
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
CHATS: dict[str, hg.Chat] = {
    "plain": asked(),
    "system": asked(messages=(hg.Message("system", text("a", "b")), user())),
    "late system": asked(messages=(user(), hg.Message("system", text("now")), user())),
    "named": asked(messages=(hg.Message("user", text("Hi"), name="ann"),)),
    "empty": asked(messages=(hg.Message("user", ()),)),
    "two texts": asked(messages=(user(*text("a", "b")),)),
    "answered": asked(messages=(user(), hg.Message("assistant", text("a", "b")), user())),
    "silent answer": asked(messages=(user(), hg.Message("assistant", ()), user())),
    "loop": asked(messages=LOOP, tools=(WEATHER,)),
    "loop without tools": asked(messages=LOOP),
    "empty result": asked(messages=(*LOOP[:3], hg.Message("tool", (), "toolu_01"))),
    "two calls": asked(
        messages=(
            user(),
            hg.Message("assistant", (SIGNED, hg.CallPart("b", "weather", ""))),
            hg.Message("tool", text("x"), "toolu_01"),
            hg.Message("tool", text("y"), "b", failed=True),
        ),
        tools=(WEATHER,),
    ),
    "image": asked(messages=(user(hg.TextPart("What?"), hg.ImagePart(PNG)),)),
    "image url": asked(messages=(user(hg.ImagePart("https://a.example/b.png", "low")),)),
    "pdf": asked(messages=(user(hg.FilePart(PDF)),)),
    "named pdf": asked(messages=(user(hg.FilePart(PDF, name="a.pdf")),)),
    "tool": asked(tools=(WEATHER,)),
    "bare tool": asked(tools=(hg.Tool("now"),)),
    "strict tool": asked(tools=(hg.Tool("now", strict=True),)),
    "auto": asked(tools=(WEATHER,), tool_choice="auto"),
    "none": asked(tools=(WEATHER,), tool_choice="none"),
    "required": asked(tools=(WEATHER,), tool_choice="required"),
    "one tool": asked(tools=(WEATHER, hg.Tool("now")), tool_choice="weather"),
    "one by one": asked(tools=(WEATHER,), parallel_tool_calls=False),
    "json": asked(json_schema={}),
    "schema": asked(json_schema=SCHEMA, json_schema_name="it", json_schema_strict=True),
    "nameless schema": asked(json_schema=SCHEMA),
    "limit": asked(max_tokens=50),
    "sampling": asked(temperature=0.0, top_p=0.5),
    "effort": asked(reasoning_effort="high"),
    "budget": asked(reasoning_budget=5000),
    "user": asked(user="ann"),
    "several words": asked(max_tokens=5, temperature=1.0, reasoning_effort="low", user="u"),
}
ONLY_CHAT: dict[str, hg.Chat] = {
    "stop": asked(stop=("END", "FIN")),
    "seed": asked(seed=7),
    "three": asked(choices=3),
    "penalties": asked(presence_penalty=0.5, frequency_penalty=-0.5),
    "bias": asked(logit_bias={"50256": -100}),
    "logprobs": asked(logprobs=True, top_logprobs=2),
    "audio": asked(messages=(user(hg.AudioPart("aGk=", "wav")),)),
    "file id": asked(messages=(user(hg.FilePart(id="file-1")),)),
    "verbosity": asked(extras={"verbosity": "low", "service_tier": "flex", "store": True}),
}
ONLY_RESPONSES: dict[str, hg.Chat] = {
    "document url": asked(messages=(user(hg.FilePart(url="https://a.example/a.pdf")),)),
    "media result": asked(
        messages=(*LOOP[:3], hg.Message("tool", (hg.ImagePart(PNG),), "toolu_01"))
    ),
    "logprobs": asked(logprobs=True, top_logprobs=2),
    "verbosity": asked(extras={"verbosity": "low", "service_tier": "flex"}),
}


def body(
    chat: hg.Chat,
    made: hg.Provider | None = None,
    traits: hg.Traits | None = None,
    *,
    stream: bool = False,
) -> dict[str, Any]:
    call = hg.Call(
        "r", hg.Operation.CHAT, "another", "ours", {}, stream=stream, reader=lambda _: chat
    )
    target = hg.Target("p", "theirs").knowing(traits or hg.Traits())
    request = (made or OpenAI()).request(call, target)
    assert isinstance(request, hg.Request)
    assert isinstance(request.body, dict)
    # What is sent is JSON: what only Python can hold would not arrive.
    said: dict[str, Any] = json.loads(json.dumps(request.body))
    assert said == request.body
    return said


def fits(value: Any, hint: Any) -> bool:
    """Whether JSON is what a type of the SDK describes, without any field it does not know.

    Pydantic would check an iterable only when somebody looks into it.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any or hint is object:
        return True
    if origin in (Required, NotRequired, Annotated):
        return fits(value, inner[0])
    if origin in (Union, UnionType):
        return any(fits(value, one) for one in inner)
    if origin is Literal:
        return value in inner
    if is_typeddict(hint):
        hints = get_type_hints(hint)
        return (
            isinstance(value, dict)
            and hint.__required_keys__ <= value.keys() <= hints.keys()
            and all(fits(said, hints[name]) for name, said in value.items())
        )
    if origin in (dict, Mapping):
        return isinstance(value, dict) and all(fits(said, inner[1]) for said in value.values())
    if origin in (list, Iterable, Sequence):
        return isinstance(value, list) and all(fits(said, inner[0]) for said in value)
    if hint is float:
        return type(value) in (int, float)
    return type(value) is hint


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ({"input": [{"role": "user", "content": 3}]}, {"input": [{"role": "user", "content": ""}]}),
        ({"tools": [{"type": "function", "nam": ""}]}, {"tools": []}),
        ({"temperature": "1"}, {"temperature": 1}),
        ({"truncation": "never"}, {"truncation": "auto"}),
    ],
)
def test_the_check_sees_what_is_wrong(wrong: dict[str, Any], right: dict[str, Any]) -> None:
    assert not fits(wrong, responses_params.ResponseCreateParamsNonStreaming)
    assert fits(right, responses_params.ResponseCreateParamsNonStreaming)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", [*CHATS, *ONLY_CHAT])
def test_openai_would_take_every_chat(name: str, stream: bool) -> None:
    said = body((CHATS | ONLY_CHAT)[name], stream=stream)
    kind = (
        chat_params.CompletionCreateParamsStreaming
        if stream
        else chat_params.CompletionCreateParamsNonStreaming
    )
    assert fits(said, kind)
    assert said["model"] == "theirs"
    assert ("stream_options" in said) is stream


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", [*CHATS, *ONLY_RESPONSES])
def test_openai_would_take_every_chat_through_responses(name: str, stream: bool) -> None:
    said = body((CHATS | ONLY_RESPONSES)[name], traits=RESPONSES_ONLY, stream=stream)
    kind = (
        responses_params.ResponseCreateParamsStreaming
        if stream
        else responses_params.ResponseCreateParamsNonStreaming
    )
    assert fits(said, kind)
    assert said["store"] is False
    assert "stream_options" not in said


@pytest.mark.parametrize("name", [*CHATS, "stop", "seed", "three", "penalties"])
def test_mistral_would_take_every_chat(name: str) -> None:
    said = body((CHATS | ONLY_CHAT)[name], KINDS["mistral"]())
    ChatCompletionRequest.model_validate(said)
    known = {field.alias or n for n, field in ChatCompletionRequest.model_fields.items()}
    assert set(said) <= known, "a field Mistral answers with a 422"


@pytest.mark.parametrize(
    ("kind", "fields", "expected"),
    [
        ("openai", {"max_tokens": 5}, {"max_completion_tokens": 5}),
        ("deepseek", {"max_tokens": 5}, {"max_tokens": 5}),
        ("mistral", {"max_tokens": 5, "seed": 1, "user": "u"}, {"max_tokens": 5, "random_seed": 1}),
        ("openai", {"reasoning_budget": 5000}, {"reasoning_effort": "medium"}),
        ("openrouter", {"reasoning_budget": 5000}, {"reasoning": {"max_tokens": 5000}}),
        ("openrouter", {"reasoning_effort": "max"}, {"reasoning": {"effort": "xhigh"}}),
        ("deepseek", {"reasoning_effort": "none"}, {"thinking": {"type": "disabled"}}),
        (
            "deepseek",
            {"reasoning_effort": "high"},
            {"thinking": {"type": "enabled"}, "reasoning_effort": "high"},
        ),
        ("together", {"reasoning_effort": "none"}, {"reasoning": {"enabled": False}}),
        ("together", {"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        ("vllm", {"top_k": 3, "extras": {"min_p": 0.1}}, {"top_k": 3, "min_p": 0.1}),
    ],
)
def test_a_setting_in_a_vendors_words(
    kind: str, fields: dict[str, Any], expected: dict[str, Any]
) -> None:
    said = body(asked(**fields), KINDS[kind]())
    assert said == {
        "model": "theirs",
        "messages": [{"role": "user", "content": "Hi"}],
        **expected,
    }


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("openai", {"content": "Wait."}),
        ("deepseek", {"content": "Wait.", "reasoning_content": "Hm."}),
        ("vllm", {"content": "Wait.", "reasoning": "Hm."}),
        (
            "openrouter",
            {
                "content": "Wait.",
                "reasoning_details": [
                    {"type": "reasoning.text", "text": "Hm.", "signature": "seal", "index": 0}
                ],
            },
        ),
        (
            "mistral",
            {
                "content": [
                    {
                        "type": "thinking",
                        "thinking": [{"type": "text", "text": "Hm."}],
                        "signature": "seal",
                    },
                    {"type": "text", "text": "Wait."},
                ]
            },
        ),
    ],
)
def test_thinking_is_replayed_where_it_can_be(kind: str, expected: dict[str, Any]) -> None:
    turn = body(asked(messages=LOOP, tools=(WEATHER,)), KINDS[kind]())["messages"][2]
    calls = turn.pop("tool_calls")
    assert turn == {"role": "assistant", **expected}
    assert calls[0]["function"] == {"name": "weather", "arguments": '{"in":"Rome"}'}
    assert "extra_content" not in calls[0]


def test_deepseek_wants_thinking_with_every_turn_once_there_are_tools() -> None:
    forgetful = (user(), hg.Message("assistant", (SIGNED,)), hg.Message("tool", (), "toolu_01"))
    made = KINDS["deepseek"]()
    with_tools = body(asked(messages=forgetful, tools=(WEATHER,)), made)["messages"][1]
    assert with_tools["reasoning_content"] == ""
    without = body(asked(messages=forgetful), made)["messages"][1]
    assert "reasoning_content" not in without


def test_a_server_of_ones_own_gets_signatures_back() -> None:
    said = body(asked(messages=LOOP), Custom(base_url="http://127.0.0.1:1"))
    call = said["messages"][2]["tool_calls"][0]
    assert call["extra_content"] == {"google": {"thought_signature": "sig"}}


def test_mistrals_ids_are_short_and_the_same_for_call_and_result() -> None:
    messages = body(asked(messages=LOOP), KINDS["mistral"]())["messages"]
    id_ = messages[2]["tool_calls"][0]["id"]
    assert messages[3]["tool_call_id"] == id_
    assert len(id_) == 9
    assert id_.isalnum()


def test_mistral_is_told_of_an_answer_that_has_begun() -> None:
    begun = asked(messages=(user(), hg.Message("assistant", text("Once"))))
    assert body(begun, KINDS["mistral"]())["messages"][-1]["prefix"] is True


@pytest.mark.parametrize(("names", "choice"), [(("a",), "required"), (("a", "b"), None)])
def test_one_of_several_tools_cannot_be_demanded_of_lmstudio(
    names: tuple[str, ...], choice: str | None
) -> None:
    chat = asked(tools=tuple(map(hg.Tool, names)), tool_choice="a")
    if choice is None:
        with pytest.raises(hg.Unsupported) as refused:
            body(chat, KINDS["lmstudio"]())
        assert refused.value.param == "tool_choice"
    else:
        assert body(chat, KINDS["lmstudio"]())["tool_choice"] == choice


def test_cache_marks_reach_openrouter() -> None:
    marked = asked(messages=(user(hg.TextPart("a", "long"), hg.TextPart("b", "short")),))
    content = body(marked, KINDS["openrouter"]())["messages"][0]["content"]
    assert content[0]["cache_control"] == {"type": "ephemeral", "ttl": "1h"}
    assert content[1]["cache_control"] == {"type": "ephemeral"}
    assert body(marked)["messages"][0]["content"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_encrypted_thinking_goes_back_through_responses_in_its_place() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "xyz"}
    thought = hg.ReasoningPart("", redacted=json.dumps(item))
    foreign = hg.ReasoningPart("", redacted="another vendor's")
    turn = hg.Message("assistant", (foreign, thought, hg.TextPart("Wait."), SIGNED))
    said = body(asked(messages=(user(), turn), tools=(WEATHER,)), traits=RESPONSES_ONLY)
    assert said["input"][1:] == [
        item,
        {"type": "message", "role": "assistant", "content": "Wait."},
        {
            "type": "function_call",
            "call_id": "toolu_01",
            "name": "weather",
            "arguments": '{"in":"Rome"}',
        },
    ]
    assert said["tools"][0]["strict"] is False


def test_embeddings_and_rankings_are_said_too() -> None:
    embed, rerank = hg.Embed(("a", (1, 2)), 256), hg.Rerank("q", ("x", "y"), 1)
    call = hg.Call("r", hg.Operation.EMBEDDINGS, "another", "m", {}, reader=lambda _: embed)
    request = KINDS["mistral"]().request(call, hg.Target("p", "theirs"))
    assert isinstance(request, hg.Request)
    assert request.url == "https://api.mistral.ai/v1/embeddings"
    assert request.body == {
        "model": "theirs",
        "input": ["a", [1, 2]],
        "encoding_format": "float",
        "output_dimension": 256,
    }
    call = call._replace(operation=hg.Operation.RERANK, reader=lambda _: rerank)
    request = KINDS["together"]().request(call, hg.Target("p", "theirs"))
    assert isinstance(request, hg.Request)
    assert request.url == "https://api.together.ai/v1/rerank"
    with pytest.raises(hg.Unsupported):
        KINDS["groq"]().request(call, hg.Target("p", "theirs"))


def test_a_ranking_of_which_only_the_total_is_said_has_a_prompt_and_a_price() -> None:
    body = (
        b'{"results":[{"index":0,"relevance_score":0.5}],"usage":{"total_tokens":17,"cost":3.4e-7}}'
    )
    call = hg.Call("r", hg.Operation.RERANK, "another", "ours", {})
    events = list(OpenAI().reply(call, hg.Target("p", "m"), hg.Response(200, {}, body)))
    assert events == [hg.Ranked(0, 0.5), hg.Usage(input=17, output=0, cost_nano_usd=340)]
