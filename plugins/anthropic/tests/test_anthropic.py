"""Addresses, headers, errors and the plugin's own shape."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import headgate as hg
import headgate_anthropic
from headgate_anthropic import Anthropic, MessagesFeed, providers
from headgate_anthropic.foreign import own_blocks

TARGET = hg.Target("anthropic", "claude-opus-5")
BODY = {"model": "ours", "max_tokens": 5, "messages": [], "x_new": {"a": [1]}, "stream": True}


class Headers(dict[str, str]):
    """Headers whose names are found in any case."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def relayed(dialect: str, **headers: str) -> hg.Call:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return hg.Call("r", hg.Operation.CHAT, dialect, "ours", BODY, headers=named)


@pytest.mark.parametrize("base", ["http://x.test", "http://x.test/", "http://x.test/v1"])
@pytest.mark.parametrize(
    ("dialect", "path"),
    [
        ("anthropic_messages", "/v1/messages"),
        ("anthropic_count_tokens", "/v1/messages/count_tokens"),
    ],
)
def test_a_call_in_its_own_dialect_goes_out_as_it_came(base: str, dialect: str, path: str) -> None:
    provider, call = Anthropic(base_url=base), relayed(dialect)
    assert provider.relays(call, TARGET)
    request = provider.request(call, TARGET)
    assert (request.method, request.url) == ("POST", "http://x.test" + path)
    assert request.body == {**BODY, "model": "claude-opus-5"}
    assert BODY["model"] == "ours"
    assert request.headers == {"anthropic-version": "2023-06-01"}


def test_the_clients_own_version_and_betas_go_through() -> None:
    call = relayed(
        "anthropic_messages", anthropic_version="2026-10-21", anthropic_beta="a,b", accept="x"
    )
    assert Anthropic().request(call, TARGET).headers == {
        "anthropic-version": "2026-10-21",
        "anthropic-beta": "a,b",
    }


def test_a_translated_call_keeps_the_betas_but_not_the_version() -> None:
    chat = hg.Chat((hg.Message("user", (hg.TextPart("Hello"),)),))
    call = relayed("openai_chat", anthropic_version="2026-10-21", anthropic_beta="a")
    request = Anthropic().request(call._replace(reader=lambda body: chat), TARGET)
    assert request.headers == {"anthropic-version": "2023-06-01", "anthropic-beta": "a"}
    assert not Anthropic().relays(call, TARGET)


def test_models_are_listed() -> None:
    listing = Anthropic().listing()
    assert listing is not None
    assert listing.url == "https://api.anthropic.com/v1/models?limit=1000"
    assert (listing.method, listing.body) == ("GET", None)
    assert listing.headers == {"anthropic-version": "2023-06-01"}
    answer = {
        "data": [
            {
                "type": "model",
                "id": "claude-a",
                "created_at": "2026-01-01T00:00:00Z",
                "max_input_tokens": 1000,
                "lifecycle": "active",
            },
            {"type": "model", "id": "claude-b", "created_at": None},
            {"type": "model", "id": "claude-c", "lifecycle": "retired"},
        ]
    }
    response = hg.Response(200, {}, json.dumps(answer).encode())
    assert list(Anthropic().listed(response)) == [
        hg.Listed("claude-a", 1767225600, 1000),
        hg.Listed("claude-b"),
    ]


LONG = "prompt is too long: 210000 tokens > 200000 maximum"
BROKE = "Your credit balance is too low to access the Anthropic API."
CAPPED = "You have reached your specified API usage limits. You will regain access on 2026-12-01."
FULL = "input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000"
FILTERED = "Output blocked by content filtering policy"
ERRORS: list[tuple[int, str, str, hg.Kind]] = [
    (400, "invalid_request_error", "messages: field required", hg.Kind.INVALID_REQUEST),
    (400, "invalid_request_error", LONG, hg.Kind.CONTEXT_LENGTH),
    (400, "invalid_request_error", FULL, hg.Kind.CONTEXT_LENGTH),
    (400, "invalid_request_error", BROKE, hg.Kind.QUOTA_EXHAUSTED),
    (400, "invalid_request_error", CAPPED, hg.Kind.QUOTA_EXHAUSTED),
    (400, "invalid_request_error", FILTERED, hg.Kind.CONTENT_FILTER),
    (401, "authentication_error", "invalid x-api-key", hg.Kind.CREDENTIALS),
    (402, "billing_error", "pay", hg.Kind.QUOTA_EXHAUSTED),
    (403, "permission_error", "no", hg.Kind.CREDENTIALS),
    (404, "not_found_error", "model: claude-x", hg.Kind.MODEL_NOT_FOUND),
    (409, "conflict_error", "again", hg.Kind.OVERLOADED),
    (413, "request_too_large", "Request exceeds the maximum size", hg.Kind.TOO_LARGE),
    (413, "request_too_large", "Prompt is too long", hg.Kind.CONTEXT_LENGTH),
    (429, "rate_limit_error", "slow down", hg.Kind.RATE_LIMITED),
    (500, "api_error", "Internal server error", hg.Kind.SERVER_ERROR),
    (504, "timeout_error", "too slow", hg.Kind.SERVER_ERROR),
    (529, "overloaded_error", "Overloaded", hg.Kind.OVERLOADED),
]


def failed(status: int, body: bytes, headers: dict[str, str] | None = None) -> hg.Failure:
    return Anthropic().failure(
        relayed("anthropic_messages"), hg.Response(status, headers or {}, body)
    )


@pytest.mark.parametrize(
    ("status", "type_", "message", "kind"), ERRORS, ids=[f"{e[0]} {e[2][:16]}" for e in ERRORS]
)
def test_errors_are_told_apart(status: int, type_: str, message: str, kind: hg.Kind) -> None:
    error = {"type": "error", "error": {"type": type_, "message": message}, "request_id": "req_1"}
    body = json.dumps(error).encode()
    failure = failed(status, body, {"retry-after": "7"})
    assert failure == hg.Failure(kind, message, status=status, retry_after=7, type=type_)
    frame = hg.Frame(body, "error")
    with pytest.raises(hg.CallFailed) as raised:
        list(MessagesFeed().frame(frame))
    assert raised.value.failure == hg.Failure(kind, message, type=type_)


def test_a_spend_limit_is_no_rate_limit() -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    error = {"type": "rate_limit_error", "message": "stop", "details": details}
    failure = failed(429, json.dumps({"type": "error", "error": error}).encode())
    assert failure.kind is hg.Kind.QUOTA_EXHAUSTED
    assert failure.code == "enforced_spend_limit_reached"


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (502, b"<html>Bad Gateway</html>", hg.Kind.SERVER_ERROR),
        (529, b"", hg.Kind.OVERLOADED),
        (413, b"<html>413</html>", hg.Kind.TOO_LARGE),
        (400, b'{"error":{"type":7,"message":[],"details":"x"}}', hg.Kind.INVALID_REQUEST),
        (400, b"[]", hg.Kind.INVALID_REQUEST),
    ],
)
def test_errors_of_those_in_between_are_read_by_status(
    status: int, body: bytes, kind: hg.Kind
) -> None:
    assert failed(status, body).kind is kind


def test_an_error_without_words_gets_some() -> None:
    with pytest.raises(hg.CallFailed) as raised:
        list(MessagesFeed().frame(hg.Frame(b'{"type":"error"}')))
    assert raised.value.failure.kind is hg.Kind.SERVER_ERROR
    assert raised.value.failure.message == "the provider broke the answer off with an error"


def test_the_plugin_says_what_it_is() -> None:
    (kind,) = providers()
    assert kind is Anthropic
    assert headgate_anthropic.headgate_api == hg.API_VERSION
    assert (kind.kind, kind.env_key) == ("anthropic", "ANTHROPIC_API_KEY")
    assert kind.auth_header == ("x-api-key", "")
    assert hash(Anthropic()) == hash(Anthropic())


def test_it_needs_nothing_but_the_standard_library_and_headgate() -> None:
    allowed = {*sys.stdlib_module_names, "headgate", "headgate_anthropic"}
    for path in Path(headgate_anthropic.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").partition(".")[0] in allowed
            elif isinstance(node, ast.Import):
                assert all(name.name.partition(".")[0] in allowed for name in node.names)


def test_another_vendors_thinking_is_not_relayed() -> None:
    asked = {"role": "user", "content": "Hi"}
    tool = {"type": "tool_use", "id": "t", "name": "now", "input": {}}
    ours = {"type": "thinking", "thinking": "Hm", "signature": "c2ln"}
    foreign = [
        {"type": "thinking", "thinking": "Hm", "signature": ""},
        {"type": "redacted_thinking", "data": "tool_signature:abc"},
    ]
    body = {"messages": [asked, {"role": "assistant", "content": [ours, *foreign, tool]}]}
    assert own_blocks(body) == {"messages": [asked, {"role": "assistant", "content": [ours, tool]}]}
    clean = {"messages": [asked, {"role": "assistant", "content": [ours, tool]}]}
    assert own_blocks(clean) is clean
