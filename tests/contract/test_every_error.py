"""Every recorded refusal through the whole gateway, as the SDKs raise it."""

from __future__ import annotations

import json
import re
from typing import Any

import anthropic
import openai
import pytest

from headgate.testing.gateway import Gateway

from .asking import Asked, Clients, ask
from .readings import judged, reading
from .test_every_other import ask_other
from .traffic import CHATS, Case, chosen

#: What the recording says -> what the client is told: status and kind of failure.
_TOLD: dict[int, tuple[int, frozenset[str]]] = {
    400: (400, frozenset({"invalid_request", "context_length", "unsupported"})),
    401: (502, frozenset({"credentials"})),
    403: (502, frozenset({"credentials"})),
    402: (502, frozenset({"quota_exhausted"})),
    404: (404, frozenset({"model_not_found"})),
    413: (413, frozenset({"too_large"})),
    422: (422, frozenset({"invalid_request"})),
    429: (429, frozenset({"rate_limited"})),
    500: (502, frozenset({"server_error"})),
    503: (503, frozenset({"overloaded"})),
    529: (503, frozenset({"overloaded"})),
}
#: Refusals whose words mean something else than their status.
_MEANT: tuple[tuple[str, int, str], ...] = (
    ("API key not valid", 502, "credentials"),
    ("Incorrect API key provided", 502, "credentials"),
    ("platform.openai.com/docs/guides/error-codes/api-errors", 502, "quota_exhausted"),
    ("access to the model with the specified model ID", 404, "model_not_found"),
    ("provided model identifier is invalid", 404, "model_not_found"),
    ("model doesn't support counting tokens", 400, "unsupported"),
)
_OPENAI_CLASSES: dict[int, type[openai.APIStatusError]] = {
    400: openai.BadRequestError,
    404: openai.NotFoundError,
    422: openai.UnprocessableEntityError,
    429: openai.RateLimitError,
    413: openai.APIStatusError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
}
_ANTHROPIC_CLASSES: dict[int, tuple[type[anthropic.APIStatusError], str]] = {
    400: (anthropic.BadRequestError, "invalid_request_error"),
    404: (anthropic.NotFoundError, "not_found_error"),
    413: (anthropic.RequestTooLargeError, "request_too_large"),
    503: (anthropic.ServiceUnavailableError, "overloaded_error"),
    422: (anthropic.UnprocessableEntityError, "invalid_request_error"),
    429: (anthropic.RateLimitError, "rate_limit_error"),
    502: (anthropic.InternalServerError, "api_error"),
}
#: Failures that are told in the vendor's words: they are about what the client said.
_CALLERS = frozenset({"invalid_request", "context_length", "unsupported", "model_not_found"})


def _words(case: Case) -> str:
    """What the vendor says, whatever the shape."""
    text = case.exchange.body.decode()
    try:
        said = json.loads(text)
    except ValueError:
        return text
    said = said[0] if isinstance(said, list) else said
    error = said.get("error", said)
    if isinstance(error, str):
        return error
    words = error.get("message") or error.get("detail")
    return words if isinstance(words, str) else json.dumps(words)


def _expected(case: Case) -> tuple[int, frozenset[str]]:
    words = _words(case)
    for said, status, kind in _MEANT:
        if said in words:
            return status, frozenset({kind})
    return _TOLD[case.exchange.status]


def _refused(case: Case) -> bool:
    return case.exchange.failed


def _check(gateway: Gateway, case: Case, asked: Asked) -> str:
    """What the log and the SDK have in common; the message."""
    status, kinds = _expected(case)
    error: Any = asked.error
    assert error is not None
    assert error.status_code == status
    line = gateway.line(asked.request_id)
    assert line["error"] in kinds
    assert line["status"] == status
    assert not line["input_tokens"]
    assert line["basis"] == "none"
    body: dict[str, Any] = error.response.json()
    message: str = body["error"]["message"]
    if line["error"] in _CALLERS and "*" not in _words(case) and case.exchange.body[:1] == b"{":
        assert message == _words(case)
    # Vendors quote keys; whoever calls the gateway has not sent them.
    assert not re.search(r"\S*\*{3,}\S*", message)
    return message


@pytest.mark.parametrize("door", ["chat", "responses", "completions", "embeddings"])
def test_there_is_a_class_for_every_status(door: str) -> None:
    told = {_expected(case)[0] for _, case in _cases(door)}
    assert told <= _OPENAI_CLASSES.keys()


def _cases(door: str) -> list[tuple[str, Case]]:
    params = [param.values[0] for param in chosen(door, _refused)]
    return [(case.id, case) for case in params if case is not None]


@pytest.mark.parametrize("case", chosen("chat", _refused), indirect=True)
def test_a_refused_chat_with_openais_sdk(
    clients: Clients, wide_gateway: Gateway, case: Case
) -> None:
    asked = ask(clients, case, case.exchange.api == "responses")
    _check(wide_gateway, case, asked)
    assert type(asked.error) is _OPENAI_CLASSES[_expected(case)[0]]


@pytest.mark.parametrize("case", chosen("messages", _refused), indirect=True)
def test_a_refused_chat_with_anthropics_sdk(
    clients: Clients, wide_gateway: Gateway, case: Case
) -> None:
    asked = ask(clients, case, case.exchange.api == "responses")
    _check(wide_gateway, case, asked)
    class_, type_ = _ANTHROPIC_CLASSES[_expected(case)[0]]
    assert type(asked.error) is class_
    body = asked.error.response.json()
    assert body["type"] == "error"
    assert body["error"]["type"] == type_
    assert body["request_id"] == asked.request_id


@pytest.mark.parametrize(
    "case",
    [
        param
        for door in ("responses", "completions", "embeddings", "count")
        for param in chosen(door, _refused)
        if param.values[0] is not None
    ],
    indirect=True,
)
def test_any_other_call_that_was_refused(
    clients: Clients, wide_gateway: Gateway, case: Case
) -> None:
    asked = ask_other(clients, case)
    _check(wide_gateway, case, asked)
    status = _expected(case)[0]
    if case.door == "count":
        assert type(asked.error) is _ANTHROPIC_CLASSES[status][0]
    else:
        assert type(asked.error) is _OPENAI_CLASSES[status]


def _errs_inside(case: Case) -> bool:
    one = case.exchange
    if one.api not in CHATS or one.failed:
        return False
    answer = judged(one)
    return answer.error is not None and (case.place.relayed or not answer.late)


@pytest.mark.parametrize("case", chosen("chat", _errs_inside), indirect=True)
def test_an_error_inside_an_answer_with_openais_sdk(clients: Clients, case: Case) -> None:
    asked = ask(clients, case, case.exchange.api == "responses")
    _same_words(asked, case)
    assert isinstance(asked.error, openai.APIError)


@pytest.mark.parametrize("case", chosen("messages", _errs_inside), indirect=True)
def test_an_error_inside_an_answer_with_anthropics_sdk(clients: Clients, case: Case) -> None:
    asked = ask(clients, case, case.exchange.api == "responses")
    _same_words(asked, case)
    assert isinstance(asked.error, anthropic.APIError)


@pytest.mark.parametrize("case", chosen("responses", _errs_inside), indirect=True)
def test_an_error_inside_a_response(clients: Clients, case: Case) -> None:
    asked = ask_other(clients, case)
    assert isinstance(asked.error, openai.APIError)
    _same_words(asked, case)


def _same_words(asked: Asked, case: Case) -> None:
    error: Any = asked.error
    assert error is not None
    words = reading(case.exchange).error or ""
    if any(said in words for said, status, _ in _MEANT if status == 502):
        ours = ("the provider refused the gateway's own key", "has no quota left")
        assert any(words in str(error.body or error.message) for words in ours)
        return
    assert words in str(error.body or error.message)
