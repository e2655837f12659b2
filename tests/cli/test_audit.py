"""The pure part of `headgate check`: what covers what, and what ends when."""

from __future__ import annotations

import fnmatch
import itertools

import pytest

from headgate.app import build_links, build_table
from headgate.config.load import load_text
from headgate.config.schema import Match
from headgate.registry import discover
from headgate.routing.audit import covers, ending, pattern_covers


@pytest.mark.parametrize(
    ("wide", "narrow", "covered"),
    [
        ({}, {"model": "gpt-5"}, True),
        ({"model": "gpt-5"}, {}, False),
        ({"model": "*"}, {}, True),
        ({"model": ["gpt-*", "o3"]}, {"model": ["o3", "gpt-5-*"]}, True),
        ({"model": ["gpt-*"]}, {"model": ["o3", "gpt-5-*"]}, False),
        ({"team": ["a", "b"]}, {"team": "a"}, True),
        ({"team": "a"}, {"team": ["a", "b"]}, False),
        ({"team": "a"}, {"user": "ann"}, False),
        ({"needs": "tools"}, {"needs": ["tools", "vision"]}, True),
        ({"needs": ["tools", "vision"]}, {"needs": "tools"}, False),
        ({"input_tokens": "<50k"}, {"input_tokens": "<=49999"}, True),
        ({"input_tokens": "<50k"}, {"input_tokens": "<=50000"}, False),
        ({"input_tokens": ">=0"}, {}, True),
        ({"input_tokens": ">10"}, {"input_tokens": "<5"}, False),
        ({"headers": {"X-Tier": "gold"}}, {"headers": {"x-tier": "gold", "a": "b"}}, True),
        ({"headers": {"x-tier": "gold"}}, {"headers": {"x-tier": "tin"}}, False),
        ({"stream": True}, {"stream": True}, True),
        ({"stream": True}, {}, False),
        ({"operation": "chat"}, {"operation": "embeddings"}, False),
        ({}, {"operation": "embeddings", "stream": False}, True),
    ],
)
def test_a_condition_covers_another_only_if_every_call_of_one_is_one_of_the_other(
    wide: dict[str, object], narrow: dict[str, object], covered: bool
) -> None:
    assert covers(Match.model_validate(wide), Match.model_validate(narrow)) is covered


def test_wildcards_cover_only_what_they_match() -> None:
    """Against every short word over two letters: no pattern covers what it does not match."""
    patterns = ["".join(p) for n in range(4) for p in itertools.product("a*?", repeat=n)]
    words = ["".join(p) for n in range(6) for p in itertools.product("ab", repeat=n)]
    matched = {p: {w for w in words if fnmatch.fnmatchcase(w, p)} for p in patterns}
    for wide, narrow in itertools.product(patterns, patterns):
        if pattern_covers(wide, narrow):
            assert matched[narrow] <= matched[wide], (wide, narrow)
    assert pattern_covers("gpt-*", "gpt-*-mini")
    assert pattern_covers("*-mini", "gpt-?-mini")
    assert not pattern_covers("gpt-?", "gpt-*")
    assert pattern_covers("gpt-[45]", "gpt-[45]")
    assert not pattern_covers("gpt-[45]", "gpt-4")


@pytest.mark.parametrize(("today", "said"), [("2020-01-01", "will be"), ("2099-01-01", "was")])
def test_an_announced_shutdown_is_told_in_the_right_tense(today: str, said: str) -> None:
    text = (
        "providers: {openai: {keys: [sk-1]}}\n"
        "routes:\n"
        "- name: a\n"
        "  match: {model: [gpt-5, 'gpt-*']}\n"
        "  targets: [openai/gpt-4o, openai/gpt-6-luna, openai/*]\n"
    )
    loaded = load_text(text, "gateway.yaml", {})
    table = build_table(loaded, build_links(loaded, discover()))
    found = [message for _, message in ending(loaded.config.routes, table, today)]
    assert len(found) == 2
    for message, model in zip(found, ("gpt-4o", "gpt-5"), strict=True):
        assert message.startswith(f"'openai/{model}' {said} shut down on 20")
