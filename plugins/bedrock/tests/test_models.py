"""What depends on the model: its family, its generation, where its calls go."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import headgate as hg
from headgate_bedrock import Bedrock
from headgate_bedrock.content import fitted_id
from headgate_bedrock.families import foundation, model_of

sys.path.insert(0, str(Path(__file__).parent))
from bedrock_calls import (
    LOOK_UP,
    NEWEST,
    NOVA,
    PNG,
    POINT,
    SHORT,
    SONNET,
    TOOL,
    TURN,
    asked,
    checked,
    text,
    user,
)
from bedrock_wire import chat, target, words


def test_words_of_the_catalogue_count_for_models_whose_name_says_nothing() -> None:
    profile = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123"
    assert "temperature" in Bedrock().vocabulary(target(profile))
    assert "temperature" not in Bedrock().vocabulary(target(profile, words("no_sampling")))
    with pytest.raises(hg.Unsupported):
        asked(profile, words("no_forced_tool"), tools=[TOOL], tool_choice="required")
    body = asked(profile, words("cache"), messages=user(text("A", cache_control=SHORT)))
    assert body["messages"][0]["content"] == [{"text": "A"}, POINT]


def test_a_known_limit_leaves_room_to_think() -> None:
    body = asked(SONNET, hg.Traits(max_output_tokens=64000), reasoning_effort="high")
    assert body["inferenceConfig"] == {"maxTokens": 64000}
    assert body["additionalModelRequestFields"]["thinking"]["budget_tokens"] == 24576


def test_a_failed_tool_and_its_picture() -> None:
    picture = hg.ImagePart(PNG)
    turns = (
        hg.Message("user", (hg.TextPart("Go"),)),
        hg.Message("assistant", (hg.CallPart("a/b", "look_up", "{}"),)),
        hg.Message("tool", (picture,), call_id="a/b", failed=True),
    )
    said = hg.Chat(turns, (hg.Tool("look_up"),))
    call = hg.Call("r", hg.Operation.CHAT, "other", "m", {}, reader=lambda _: said)
    body = checked(dict(Bedrock().request(call, target(SONNET)).body or {}))  # type: ignore[arg-type]
    (result,) = body["messages"][2]["content"]
    assert result["toolResult"]["status"] == "error"
    assert "image" in result["toolResult"]["content"][0]
    made = body["messages"][1]["content"][0]["toolUse"]["toolUseId"]
    assert result["toolResult"]["toolUseId"] == made != "a/b"


@pytest.mark.parametrize("id_", ["call_1", "a" * 64, "a" * 65, "", "a/b", "a:b", "é", "\ud800"])
def test_an_id_that_fits_stays_and_any_other_is_made_to_fit(id_: str) -> None:
    fitted_one = fitted_id(id_)
    assert fitted_one == fitted_id(id_)
    assert 1 <= len(fitted_one) <= 64
    assert fitted_one.replace("-", "").replace("_", "").isalnum()
    assert (fitted_one == id_) is (id_ in ("call_1", "a" * 64))


def test_ids_that_differ_stay_different() -> None:
    assert len({fitted_id(one) for one in ("a/b", "a:b", "a_b", "x" * 65, "x" * 66)}) == 5


def test_tokens_are_counted_by_the_model_and_not_by_its_profile() -> None:
    call = chat(tools=[TOOL], max_tokens=5)._replace(operation=hg.Operation.COUNT_TOKENS)
    request = Bedrock().request(call, target(SONNET))
    assert request.url.endswith("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens")
    assert isinstance(request.body, dict)
    body = checked(request.body, "CountTokens")
    assert body["input"]["converse"] == {"messages": TURN, "toolConfig": {"tools": [LOOK_UP]}}


@pytest.mark.parametrize(
    ("model", "itself"),
    [
        ("us.anthropic.claude-opus-5-5", "anthropic.claude-opus-5-5"),
        ("global.zai.glm-5.3", "zai.glm-5.3"),
        ("zai.glm-5.3", "zai.glm-5.3"),
        ("deepseek.v3.2", "deepseek.v3.2"),
        ("arn:aws:bedrock:eu-west-1:1:inference-profile/eu.a.b",) * 2,
    ],
)
def test_a_profile_names_the_model_itself(model: str, itself: str) -> None:
    assert foundation(model) == itself


@pytest.mark.parametrize(
    ("model", "version"),
    [
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", ("sonnet", (4, 0))),
        ("anthropic.claude-opus-4-1-20250805-v1:0", ("opus", (4, 1))),
        ("global.anthropic.claude-opus-4-6-v1", ("opus", (4, 6))),
        ("anthropic.claude-sonnet-5", ("sonnet", (5, 0))),
        ("anthropic.claude-fable-5-1", ("fable", (5, 1))),
        ("us.anthropic.claude-3-7-sonnet-20250219-v1:0", ("sonnet", (3, 7))),
        ("anthropic.claude-3-haiku-20240307-v1:0", ("haiku", (3, 0))),
        ("anthropic.claude-v2:1", ("", (2, 0))),
        (
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-haiku-4-5-20251001-v1:0",
            ("haiku", (4, 5)),
        ),
        ("amazon.nova-pro-v1:0", ("", (0, 0))),
    ],
)
def test_which_claude_an_id_names(model: str, version: tuple[str, tuple[int, int]]) -> None:
    found = model_of(model)
    assert (found.series, found.version) == version
    assert found.claude is ("claude" in model)


@pytest.mark.parametrize(
    ("dialect", "model", "relayed"),
    [
        ("openai_chat", "openai.gpt-oss-20b-1:0", True),
        ("openai_chat", "global.openai.gpt-6-sol", True),
        ("openai_responses", "openai.gpt-oss-20b-1:0", True),
        ("openai_responses", SONNET, False),
        ("openai_chat", SONNET, False),
        ("anthropic_messages", SONNET, True),
        ("anthropic_messages", NEWEST, True),
        ("anthropic_messages", NOVA, False),
        ("anthropic_messages", "openai.gpt-oss-20b-1:0", False),
        ("anthropic_count_tokens", SONNET, False),
    ],
)
def test_who_is_relayed_to(dialect: str, model: str, relayed: bool) -> None:
    assert Bedrock().relays(chat()._replace(dialect=dialect), target(model)) is relayed


def test_a_stored_answer_is_asked_for_by_its_path() -> None:
    stored = hg.Resource("GET", "/resp_1", "include=a")
    call = chat()._replace(dialect="openai_responses", resource=stored, body={})
    request = Bedrock().request(call, target("openai.gpt-oss-20b-1:0"))
    assert (request.method, request.body) == ("GET", None)
    assert request.url.endswith("/openai/v1/responses/resp_1?include=a")


@pytest.mark.parametrize(
    ("model", "encoded"),
    [
        (SONNET, "us.anthropic.claude-sonnet-4-5-20250929-v1%3A0"),
        (
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.meta.x",
            "arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fus.meta.x",
        ),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_where_a_chat_goes(model: str, encoded: str, stream: bool) -> None:
    path = "converse-stream" if stream else "converse"
    request = Bedrock(region="eu-west-1").request(chat(stream=stream), target(model))
    host = "https://bedrock-runtime.eu-west-1.amazonaws.com"
    assert (request.method, request.url) == ("POST", f"{host}/model/{encoded}/{path}")
    mine = Bedrock(base_url="http://127.0.0.1:1/x/").request(chat(stream=stream), target(model))
    assert mine.url == f"http://127.0.0.1:1/x/model/{encoded}/{path}"
