"""Tokens of Entra ID, one request after the other."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import headgate as hg
from headgate_azure import Azure

RESOURCE = "https://r.openai.azure.com"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMED = {"tenant_id": "tenant", "client_id": "client"}


def flow(**options: Any) -> Generator[hg.Request, hg.Response, hg.Token]:
    found = Azure(RESOURCE, **options).token(0.0)
    assert found is not None
    return found


def given(said: Any) -> hg.Response:
    raw = said if isinstance(said, bytes) else json.dumps(said).encode()
    return hg.Response(200, {}, raw)


def end(running: Generator[hg.Request, hg.Response, hg.Token], said: Any) -> hg.Token:
    with pytest.raises(StopIteration) as stopped:
        running.send(given(said))
    token = stopped.value.value
    assert isinstance(token, hg.Token)
    return token


def form(request: hg.Request) -> dict[str, str]:
    assert isinstance(request.body, bytes)
    assert request.method == "POST"
    assert request.headers == FORM
    return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}


def test_an_application_proves_itself_by_its_secret() -> None:
    running = flow(**NAMED, client_secret="s&+ s")
    request = next(running)
    assert request.url == "https://login.microsoftonline.com/tenant/oauth2/v2.0/token"
    assert form(request) == {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_secret": "s&+ s",
        "scope": "https://cognitiveservices.azure.com/.default",
    }
    answer = {"token_type": "Bearer", "expires_in": 3599, "access_token": "eyJ"}
    assert end(running, answer) == hg.Token("eyJ", 3599.0)


def test_a_workload_proves_itself_by_a_file() -> None:
    running = flow(
        **NAMED,
        federated_token_file="/var/run/a token",
        authority="https://login.microsoftonline.us/",
        scope="https://cognitiveservices.azure.us/.default",
    )
    assert next(running).url == "file:///var/run/a%20token"
    request = running.send(given(b"proof\n"))
    assert request.url == "https://login.microsoftonline.us/tenant/oauth2/v2.0/token"
    assert form(request) == {
        "grant_type": "client_credentials",
        "client_id": "client",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": "proof",
        "scope": "https://cognitiveservices.azure.us/.default",
    }
    assert end(running, {"access_token": "eyJ", "expires_in": 60}) == hg.Token("eyJ", 60.0)


@pytest.mark.parametrize("client", [None, "chosen"])
def test_a_machine_asks_its_own_service(client: str | None) -> None:
    running = flow(managed_identity=True, client_id=client)
    request = next(running)
    address, asked = request.url.split("?")
    assert address == "http://169.254.169.254/metadata/identity/oauth2/token"
    assert parse_qs(asked) == {
        "api-version": ["2018-02-01"],
        "resource": ["https://cognitiveservices.azure.com"],
        **({"client_id": [client]} if client else {}),
    }
    assert (request.method, request.body) == ("GET", None)
    assert request.headers == {"Metadata": "true"}
    # The machine's service writes numbers as texts.
    answer = {"access_token": "eyJ", "expires_in": "86399", "expires_on": "1790000000"}
    assert end(running, answer) == hg.Token("eyJ", 86399.0)


def test_an_application_goes_before_the_machine() -> None:
    request = next(flow(**NAMED, client_secret="s", managed_identity=True))
    assert urlsplit(request.url).hostname == "login.microsoftonline.com"


def test_without_an_identity_no_token_is_fetched() -> None:
    assert Azure(RESOURCE).token(0.0) is None
    empty = {"tenant_id": "", "client_id": "", "client_secret": "", "federated_token_file": ""}
    assert Azure(RESOURCE, **empty).token(0.0) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("life", [None, "soon", True, [3600]])
def test_a_life_that_is_not_said_is_an_hour(life: Any) -> None:
    running = flow(**NAMED, client_secret="s")
    next(running)
    assert end(running, {"access_token": "eyJ", "expires_in": life}) == hg.Token("eyJ", 3600.0)


@pytest.mark.parametrize(
    "answer", [b"", b"<html>", b"[]", {}, {"access_token": ""}, {"access_token": 5}]
)
def test_an_answer_without_a_token_is_refused(answer: Any) -> None:
    running = flow(**NAMED, client_secret="hush")
    next(running)
    with pytest.raises(hg.CallFailed) as failed:
        running.send(given(answer))
    assert failed.value.failure.kind is hg.Kind.CREDENTIALS
    assert "hush" not in failed.value.failure.message


def test_an_empty_file_proves_nothing() -> None:
    running = flow(**NAMED, federated_token_file="/f")
    next(running)
    with pytest.raises(hg.CallFailed, match="is empty"):
        running.send(given(b"\n"))
