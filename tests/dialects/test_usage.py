"""Token classes do not overlap, whatever way a vendor counts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.openai_usage import write_usage
from headgate.provider.events import Usage
from headgate.provider.usage import chat_usage, responses_usage


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            {
                "prompt_tokens": 1000,
                "completion_tokens": 300,
                "total_tokens": 1300,
                "prompt_tokens_details": {"cached_tokens": 600, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 200},
            },
            Usage(input=400, cached_input=600, output=100, reasoning=200),
            id="openai",
        ),
        pytest.param(
            {
                "prompt_tokens": 1000,
                "completion_tokens": 10,
                "prompt_tokens_details": {
                    "cached_tokens": 100,
                    "cache_write_tokens": 500,
                    "cache_write_tokens_details": {"ttl_12h_tokens": 200},
                },
            },
            Usage(input=400, cached_input=100, cache_write=300, cache_write_long=200, output=10),
            id="openai: cache writes for 30 minutes and 12 hours",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_cache_hit_tokens": 64,
                "prompt_cache_miss_tokens": 36,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(input=36, cached_input=64, output=30, reasoning=20),
            id="deepseek",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 10,
                "total_tokens": 310,
                "completion_tokens_details": {"reasoning_tokens": 200},
                "cost_in_usd_ticks": 12_345_670,
            },
            Usage(input=100, output=10, reasoning=200, cost_nano_usd=1_234_567),
            id="xai: reasoning beside the completion",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cost": 0.00014},
            Usage(input=10, output=5, cost_nano_usd=140_000),
            id="openrouter: cost",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "cost": 0, "is_byok": True},
            Usage(input=10, output=5, cost_nano_usd=0),
            id="openrouter: free",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None},
            Usage(input=10, output=5),
            id="details are null",
        ),
        pytest.param({"prompt_tokens": 10}, Usage(input=10), id="prompt only"),
        pytest.param({"completion_tokens": 5}, Usage(output=5), id="completion only"),
        pytest.param(
            {"prompt_tokens": 0, "completion_tokens": 0},
            Usage(input=0, output=0),
            id="zero is known",
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": -1}, Usage(input=10), id="negative"
        ),
        pytest.param(
            {"prompt_tokens": 10, "completion_tokens": 10**12}, Usage(input=10), id="huge"
        ),
        pytest.param(
            {"prompt_tokens": True, "completion_tokens": 5}, Usage(output=5), id="a boolean"
        ),
        pytest.param(
            {"prompt_tokens": "10", "completion_tokens": 5}, Usage(output=5), id="a string"
        ),
        pytest.param(
            {"prompt_tokens": 10.5, "completion_tokens": 5}, Usage(output=5), id="a fraction"
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 50, "cache_write_tokens": 9},
                "completion_tokens_details": {"reasoning_tokens": 70},
            },
            Usage(input=0, cached_input=10, cache_write=0, output=0, reasoning=5),
            id="parts larger than the whole",
        ),
        pytest.param({"prompt_tokens": 1, "cost": True}, Usage(input=1), id="cost is a boolean"),
        pytest.param({"prompt_tokens": 1, "cost": -1}, Usage(input=1), id="negative cost"),
        pytest.param({"prompt_tokens": 1, "cost": 1e9}, Usage(input=1), id="a cost of a billion"),
        pytest.param(
            {"prompt_tokens": 1, "cost_in_usd_ticks": 10**19},
            Usage(input=1),
            id="ticks of a billion",
        ),
        pytest.param(
            {
                "prompt_tokens": 100,
                "completion_tokens": 90,
                "total_tokens": 190,
                "prompt_tokens_details": {"cached_tokens": 20, "audio_tokens": 70},
                "completion_tokens_details": {"reasoning_tokens": 15, "audio_tokens": 60},
            },
            Usage(
                input=10, cached_input=20, output=15, reasoning=15, audio_input=70, audio_output=60
            ),
            id="openai: audio both ways",
        ),
        pytest.param(
            {
                "prompt_tokens": 30,
                "completion_tokens": 20,
                "total_tokens": 55,
                "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 20},
            },
            Usage(input=30, output=0, reasoning=5, audio_output=20),
            id="audio, and reasoning beside the completion",
        ),
        pytest.param(
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 50},
                "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 50},
            },
            Usage(input=0, cached_input=4, output=0, reasoning=2, audio_input=6, audio_output=3),
            id="more audio than there is room for",
        ),
        pytest.param(
            {"completion_tokens": 5, "prompt_tokens_details": {"audio_tokens": 3}},
            Usage(output=5, audio_input=3),
            id="audio of a prompt nobody counted",
        ),
        pytest.param({}, None, id="empty"),
        pytest.param({"total_tokens": 5}, None, id="a total alone"),
        pytest.param(None, None, id="null"),
        pytest.param([1], None, id="a list"),
        pytest.param("5", None, id="a text"),
    ],
)
def test_a_usage_object_is_read_into_disjoint_classes(said: Any, expected: Usage | None) -> None:
    assert chat_usage(said) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param(
            {
                "input_tokens": 1000,
                "input_tokens_details": {
                    "cached_tokens": 100,
                    "cache_write_tokens": 500,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 300, "ttl_12h_tokens": 200},
                },
                "output_tokens": 50,
                "output_tokens_details": {"reasoning_tokens": 40},
                "total_tokens": 1050,
            },
            Usage(
                input=400,
                cached_input=100,
                cache_write=300,
                cache_write_long=200,
                output=10,
                reasoning=40,
            ),
            id="openai",
        ),
        pytest.param(
            {
                "input_tokens": 303,
                "input_tokens_details": {"cached_tokens": 128},
                "output_tokens": 272,
                "output_tokens_details": {"reasoning_tokens": 257},
                "total_tokens": 575,
                "cost_in_usd_ticks": 9_243_500,
            },
            Usage(input=175, cached_input=128, output=15, reasoning=257, cost_nano_usd=924_350),
            id="xai",
        ),
        pytest.param({"input_tokens": 3, "output_tokens": 0}, Usage(input=3, output=0), id="bare"),
        pytest.param({"total_tokens": 3}, None, id="a total alone"),
        pytest.param({}, None, id="empty"),
        pytest.param(None, None, id="null"),
        pytest.param([1], None, id="a list"),
    ],
)
def test_the_words_of_the_responses_api_mean_the_same(said: Any, expected: Usage | None) -> None:
    assert responses_usage(said) == expected


counts = st.integers(0, 10**6)


@settings(max_examples=300, deadline=None)
@given(counts, counts, st.data())
def test_the_classes_add_up_to_what_the_vendor_said(
    prompt: int, completion: int, data: st.DataObject
) -> None:
    reasoning = data.draw(st.integers(0, completion))
    usage = chat_usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion,
            "prompt_tokens_details": {
                "cached_tokens": data.draw(counts),
                "cache_write_tokens": data.draw(counts),
                "cache_write_tokens_details": {"ttl_12h_tokens": data.draw(counts)},
                "audio_tokens": data.draw(counts),
            },
            "completion_tokens_details": {
                "reasoning_tokens": reasoning,
                "audio_tokens": data.draw(counts),
            },
        }
    )
    assert usage is not None
    assert (usage.prompt, usage.completion) == (prompt, completion)
    assert usage.reasoning == reasoning


@settings(max_examples=100, deadline=None)
@given(counts, counts, st.integers(1, 10**6))
def test_reasoning_beside_the_completion_is_added_to_it(
    prompt: int, completion: int, reasoning: int
) -> None:
    usage = chat_usage(
        {
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": prompt + completion + reasoning,
            "completion_tokens_details": {"reasoning_tokens": reasoning},
        }
    )
    assert usage == Usage(prompt, None, None, None, completion, reasoning)


odd = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3)
NAMES = (
    "prompt_tokens",
    "completion_tokens",
    "total_tokens",
    "cached_tokens",
    "cache_write_tokens",
    "ttl_12h_tokens",
    "reasoning_tokens",
    "audio_tokens",
    "prompt_cache_hit_tokens",
    "cost",
    "cost_in_usd_ticks",
    "prompt_tokens_details",
    "completion_tokens_details",
    "cache_write_tokens_details",
)


@settings(max_examples=300, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(NAMES),
        odd | st.dictionaries(st.sampled_from(NAMES), odd | counts, max_size=4) | counts,
        max_size=8,
    )
)
def test_no_usage_object_makes_a_class_negative(said: dict[str, Any]) -> None:
    usage = chat_usage(said)
    if usage is not None:
        for name in Usage._fields:
            assert getattr(usage, name) is None or getattr(usage, name) >= 0


@settings(max_examples=100, deadline=None)
@given(st.builds(lambda *said: Usage(*said), *[st.none() | counts] * 6))  # noqa: PLW0108 - no others
def test_a_usage_that_is_written_and_read_again_is_the_same_size(usage: Usage) -> None:
    again = chat_usage(write_usage(usage))
    assert again is not None
    assert (again.prompt, again.completion) == (usage.prompt, usage.completion)


def test_audio_is_written_only_where_there_was_some() -> None:
    said = write_usage(Usage(input=10, output=5, audio_input=7, audio_output=3))
    assert (said["prompt_tokens"], said["completion_tokens"], said["total_tokens"]) == (17, 8, 25)
    assert said["prompt_tokens_details"]["audio_tokens"] == 7
    assert said["completion_tokens_details"]["audio_tokens"] == 3
    assert chat_usage(said) == Usage(
        input=10,
        cached_input=0,
        cache_write=0,
        output=5,
        reasoning=0,
        audio_input=7,
        audio_output=3,
    )
    plain = write_usage(Usage(input=10, output=5))
    assert "audio_tokens" not in plain["prompt_tokens_details"]
    assert "audio_tokens" not in plain["completion_tokens_details"]


def test_a_later_usage_replaces_only_what_it_knows() -> None:
    first = Usage(input=10, cached_input=4, output=1)
    assert first.updated(Usage(output=7)) == Usage(input=10, cached_input=4, output=7)
    assert first.updated(Usage(cached_input=0)).cached_input == 0


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # What was heard is counted beside the prompt, and only the total says so.
        (
            {
                "prompt_tokens": 9,
                "completion_tokens": 248,
                "total_tokens": 632,
                "prompt_tokens_details": {"audio_tokens": 375},
            },
            Usage(input=9, output=248, audio_input=375),
        ),
        # Thinking that has no name of its own.
        (
            {"prompt_tokens": 35, "completion_tokens": 12, "total_tokens": 109},
            Usage(input=35, output=12, reasoning=62),
        ),
        (
            {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12, "cached_tokens": 4},
            Usage(input=6, cached_input=4, output=2),
        ),
        (
            {"prompt_tokens": 1, "completion_tokens": 2, "cost": {"total_cost": 0.000006}},
            Usage(input=1, output=2, cost_nano_usd=6000),
        ),
        # A router's fee, and what the user's own key was billed through it.
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "cost": 0,
                "is_byok": True,
                "cost_details": {"upstream_inference_cost": 0.0003253},
            },
            Usage(input=1, output=2, cost_nano_usd=325300),
        ),
        (
            {
                "prompt_tokens": 1,
                "completion_tokens": 2,
                "cost": 0.000001,
                "is_byok": False,
                "cost_details": {"upstream_inference_cost": 0.000001},
            },
            Usage(input=1, output=2, cost_nano_usd=1000),
        ),
    ],
)
def test_what_stands_beside_the_counts_is_found(said: dict[str, Any], expected: Usage) -> None:
    assert chat_usage(said) == expected
