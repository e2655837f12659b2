"""A secret does not slip out."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from headgate.provider.secret import Secret

TEXT = "sk-canary-0123456789-x7Qa"


def test_a_secret_shows_a_mask_in_every_kind_of_text() -> None:
    secret = Secret(TEXT)
    for shown in (str(secret), repr(secret), f"{secret}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "canary" not in shown
        assert "x7Qa" in shown


@pytest.mark.parametrize("short", ["", "a", "12345678901"])
def test_a_short_secret_shows_nothing_of_itself(short: str) -> None:
    assert Secret(short).masked == "…"


def test_a_secret_is_not_serialised_by_accident() -> None:
    for serialise in (pickle.dumps, json.dumps, copy.copy):
        with pytest.raises(TypeError):
            serialise(Secret(TEXT))


def test_secrets_compare_by_their_text() -> None:
    assert Secret(TEXT) == Secret(TEXT)
    assert Secret(TEXT) != Secret("other")
    assert Secret(TEXT) != TEXT
    assert len({Secret(TEXT), Secret(TEXT)}) == 1
    assert Secret(TEXT).reveal() == TEXT
