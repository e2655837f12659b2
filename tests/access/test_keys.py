"""Who is calling: one key a request, wherever a client puts it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multidict import CIMultiDict

from headgate.access.keys import Keys, build_keys, digest, new_key, presented
from headgate.config.schema import Key
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Kind

Headers = list[tuple[str, str]]


def read(headers: Headers) -> str:
    return presented(CIMultiDict(headers).getall)


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Bearer hg-a")],
        [("Authorization", "bearer hg-a")],
        [("authorization", "BEARER  hg-a ")],
        [("Authorization", "hg-a")],
        [("x-api-key", "hg-a")],
        [("X-API-Key", " hg-a ")],
        [("api-key", "hg-a")],
        [("Authorization", "Bearer hg-a"), ("x-api-key", "hg-a")],
        [("Authorization", "Bearer hg-a"), ("Authorization", "Bearer hg-a")],
        [("Authorization", "Bearer hg-a"), ("api-key", "hg-a"), ("x-api-key", "hg-a")],
    ],
)
def test_a_key_is_found_wherever_an_sdk_puts_it(headers: Headers) -> None:
    assert read(headers) == "hg-a"


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "Bearer hg-a"), ("Authorization", "Bearer hg-b")],
        [("Authorization", "Bearer hg-a"), ("x-api-key", "hg-b")],
        [("Authorization", "Bearer hg-a"), ("api-key", "hg-b")],
        [("x-api-key", "hg-a"), ("x-api-key", "hg-b")],
        [("x-api-key", "hg-a"), ("api-key", "hg-b")],
        [("Authorization", "Bearer hg-a"), ("Authorization", "Basic hg-a")],
    ],
)
def test_two_different_keys_are_refused_whatever_carries_them(headers: Headers) -> None:
    with pytest.raises(CallFailed) as refused:
        read(headers)
    assert refused.value.failure.kind is Kind.INVALID_REQUEST
    assert "hg-" not in refused.value.failure.message


@pytest.mark.parametrize(
    "headers",
    [[], [("Authorization", "")], [("Authorization", "Bearer")], [("x-api-key", "  ")]],
)
def test_a_request_without_a_key_is_told_how_to_send_one(headers: Headers) -> None:
    with pytest.raises(CallFailed) as refused:
        read(headers)
    assert refused.value.failure.kind is Kind.UNAUTHENTICATED
    assert "Authorization: Bearer" in refused.value.failure.message


KEYS = build_keys(
    [Key(name="ann", key="hg-a", team="web"), Key(name="bob", key="hg-b", role="admin")]
)


def test_a_key_belongs_to_its_caller() -> None:
    assert KEYS.find("hg-a") == Caller("ann", "user", "web")
    assert KEYS.find("hg-b") == Caller("bob", "admin")
    assert len(KEYS) == 2


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(max_codepoint=0xFF), max_size=20))
def test_any_other_text_belongs_to_nobody(text: str) -> None:
    assert text in ("hg-a", "hg-b") or KEYS.find(text) is None


@pytest.mark.parametrize("text", ["", "hg-a ", "HG-A", "hg-aa", "x" * 10**6, "\udcff"])
def test_a_key_that_is_nearly_right_is_wrong(text: str) -> None:
    assert KEYS.find(text) is None


def test_keys_are_kept_as_hashes() -> None:
    assert Keys({digest("hg-a"): Caller("ann")}).find("hg-a") == Caller("ann")
    assert "hg-a" not in repr(vars(KEYS))


def test_new_keys_are_long_and_differ() -> None:
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    assert all(key.startswith("hg-") and len(key) >= 43 for key in made)
