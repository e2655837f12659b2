"""Ids that clients get for stored answers: they lead back, and nowhere else."""

from __future__ import annotations

import base64
import re

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headgate.dialects.response_ids import opened, sealed
from headgate.provider.call import Pin

HERE = Pin("openai", "k3f9")
VENDORS = "resp_09c69534b7f6ae190169fb7cdd53f0819296f3fd18b341a414"


def spelt(value: object) -> str:
    return "resp_" + base64.urlsafe_b64encode(orjson.dumps(value)).decode().rstrip("=")


@pytest.mark.parametrize(
    "upstream_id",
    [
        pytest.param(VENDORS, id="openai"),
        pytest.param("9c595721-e638-9f12-b71f-db50f0badd43", id="xai"),
        pytest.param("resp.1:a_b", id="other punctuation"),
        pytest.param("r", id="one letter"),
    ],
)
@pytest.mark.parametrize("pin", [HERE, Pin("local", None), Pin("eu/büro", "")])
def test_a_sealed_id_opens_to_what_it_was_made_of(upstream_id: str, pin: Pin) -> None:
    text = sealed(upstream_id, pin)
    assert re.fullmatch(r"resp_[A-Za-z0-9_-]+", text)
    assert text != upstream_id
    assert opened(text) == (upstream_id, pin)


def test_a_gateway_behind_a_gateway_seals_what_is_sealed() -> None:
    inner = sealed(VENDORS, Pin("openai", "k1"))
    outer = sealed(inner, Pin("other-gateway", "k2"))
    assert opened(outer) == (inner, Pin("other-gateway", "k2"))
    assert opened(inner) == (VENDORS, Pin("openai", "k1"))


@pytest.mark.parametrize("odd", ["", "../files", "a/b", "a?b", "a b", "a\n", "é", ".", "x" * 1000])
def test_an_id_that_could_lead_elsewhere_is_not_sealed(odd: str) -> None:
    assert sealed(odd, HERE) == odd


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("resp_", id="prefix alone"),
        pytest.param(VENDORS, id="a vendor's"),
        pytest.param("resp_abc", id="short"),
        pytest.param("resp_é", id="not ASCII"),
        pytest.param(sealed(VENDORS, HERE).removeprefix("resp_"), id="no prefix"),
        pytest.param(sealed(VENDORS, HERE) + "=", id="padded"),
        pytest.param(sealed(VENDORS, HERE) + "!", id="a character more"),
        pytest.param(sealed(VENDORS, HERE)[:-2], id="cut"),
        pytest.param(spelt([2, "openai", "k3f9", VENDORS]), id="another version"),
        pytest.param(spelt([True, "openai", "k3f9", VENDORS]), id="a boolean version"),
        pytest.param(spelt([1, "openai", "k3f9", "../files/file-1"]), id="a path"),
        pytest.param(spelt([1, "openai", "k3f9", ".."]), id="a parent"),
        pytest.param(spelt([1, "openai", "k3f9", "r?x=1"]), id="a query"),
        pytest.param(spelt([1, "openai", 5, VENDORS]), id="a number for a key"),
        pytest.param(spelt([1, None, "k", VENDORS]), id="no provider"),
        pytest.param(spelt([1, "openai", "k3f9"]), id="too little"),
        pytest.param(spelt({"id": VENDORS}), id="an object"),
        pytest.param(spelt([1, "p" * 900, "k", "r"]), id="too long"),
        pytest.param("resp_" + "A" * 10**6, id="a million letters"),
    ],
)
def test_what_is_not_ours_does_not_open(text: str) -> None:
    assert opened(text) is None


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80).map(lambda tail: "resp_" + tail) | st.text(max_size=40))
def test_no_text_makes_trouble(text: str) -> None:
    assert opened(text) is None


@settings(max_examples=300, deadline=None)
@given(
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,200}", fullmatch=True),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
)
def test_every_id_and_place_makes_the_round_trip(
    upstream_id: str, provider: str, key: str | None
) -> None:
    text = sealed(upstream_id, Pin(provider, key))
    assert len(text) <= 1024
    assert opened(text) == (upstream_id, Pin(provider, key))
