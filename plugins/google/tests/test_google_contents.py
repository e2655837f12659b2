"""Conversations in Google's shape."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

import headgate as hg
from headgate_google import Gemini

HELLO = [{"role": "user", "content": "Hello"}]
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
SIGNATURE = base64.b64encode(b"signed").decode()
Sent = Callable[..., Any]


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ({"type": "text", "text": "Hi"}, {"text": "Hi"}),
        (
            {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
            {"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "https://a.example/b.JPG?x=1"}},
            {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://a.example/b.JPG?x=1"}},
        ),
        (
            {"type": "image_url", "image_url": {"url": "gs://bucket/b"}},
            {"fileData": {"fileUri": "gs://bucket/b"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
            {"inlineData": {"mimeType": "audio/mpeg", "data": "AAAA"}},
        ),
        (
            {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "flac"}},
            {"inlineData": {"mimeType": "audio/flac", "data": "AAAA"}},
        ),
        (
            {"type": "file", "file": {"file_data": PDF, "filename": "a.pdf"}},
            {"inlineData": {"mimeType": "application/pdf", "data": "JVBERi0="}},
        ),
        (
            {"type": "file", "file": {"file_id": "files/abc"}},
            {"fileData": {"fileUri": "https://generativelanguage.googleapis.com/v1beta/files/abc"}},
        ),
    ],
)
def test_content_parts(sent: Sent, part: dict[str, Any], expected: dict[str, Any]) -> None:
    [content] = sent({"messages": [{"role": "user", "content": [part]}]})["contents"]
    assert content == {"role": "user", "parts": [expected]}


def test_turns_of_one_role_are_one_content(sent: Sent) -> None:
    body = sent(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": "a"},
                {"role": "user", "content": "b"},
                {"role": "assistant", "content": "c"},
                {"role": "assistant", "content": ""},
                {"role": "system", "content": "In French."},
                {"role": "user", "content": "d"},
            ]
        }
    )
    assert body == {
        "systemInstruction": {
            "parts": [{"text": "Be brief."}, {"text": "Be kind."}, {"text": "In French."}]
        },
        "contents": [
            {"role": "user", "parts": [{"text": "a"}, {"text": "b"}]},
            {"role": "model", "parts": [{"text": "c"}]},
            {"role": "user", "parts": [{"text": "d"}]},
        ],
    }


def test_instructions_alone_are_something_to_answer(sent: Sent) -> None:
    assert sent({"messages": [{"role": "system", "content": "Say hi."}]}) == {
        "contents": [{"role": "user", "parts": [{"text": "Say hi."}]}]
    }


def called(id_: str, arguments: str = '{"x": 1}', signature: str | None = None) -> dict[str, Any]:
    call: dict[str, Any] = {
        "id": id_,
        "type": "function",
        "function": {"name": "look", "arguments": arguments},
    }
    return {**call, "extra_content": {"thought_signature": signature}} if signature else call


def said_call(
    id_: dict[str, str], args: Any = None, signature: str | None = None
) -> dict[str, Any]:
    made = {"functionCall": {"name": "look", "args": {"x": 1} if args is None else args, **id_}}
    return {**made, "thoughtSignature": signature} if signature else made


@pytest.mark.parametrize(
    ("model", "signature", "expected"),
    [
        ("gemini-3.5-flash", SIGNATURE, SIGNATURE),
        ("gemini-3.5-flash", None, "skip_thought_signature_validator"),
        ("gemini-2.5-flash", SIGNATURE, SIGNATURE),
        ("gemini-2.5-flash", None, None),
    ],
)
def test_a_tool_round_trip_keeps_signatures(
    sent: Sent, model: str, signature: str | None, expected: str | None
) -> None:
    numbered = "gemini-3" in model
    a, b = ({"id": "a"}, {"id": "b"}) if numbered else ({}, {})
    messages = [
        {"role": "user", "content": "Look"},
        {
            "role": "assistant",
            "content": "Wait.",
            "tool_calls": [called("a", signature=signature), called("b", "")],
        },
        {"role": "tool", "tool_call_id": "a", "content": '{"seen": 1}'},
        {"role": "tool", "tool_call_id": "b", "content": "[1, 2]"},
        {"role": "user", "content": "And?"},
    ]
    turns = sent({"messages": messages}, model)["contents"]
    assert turns[1:] == [
        {
            "role": "model",
            "parts": [{"text": "Wait."}, said_call(a, signature=expected), said_call(b, {})],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "look", "response": {"seen": 1}, **a}},
                {"functionResponse": {"name": "look", "response": {"result": "[1, 2]"}, **b}},
            ],
        },
        {"role": "user", "parts": [{"text": "And?"}]},
    ]


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (
            {"content": "Hi", "reasoning_details": [{"text": "Hm", "signature": SIGNATURE}]},
            [{"text": "Hm", "thought": True}, {"text": "Hi", "thoughtSignature": SIGNATURE}],
        ),
        (
            {"content": "Hi", "reasoning_details": [{"text": "", "signature": SIGNATURE}]},
            [{"text": "Hi", "thoughtSignature": SIGNATURE}],
        ),
        (
            {"reasoning_details": [{"text": "Hm", "signature": SIGNATURE}]},
            [{"text": "Hm", "thought": True, "thoughtSignature": SIGNATURE}],
        ),
        ({"content": "Hi", "reasoning_details": [{"data": "opaque"}]}, [{"text": "Hi"}]),
        (
            {"content": "Hi", "reasoning_content": "Hm"},
            [{"text": "Hm", "thought": True}, {"text": "Hi"}],
        ),
        (
            {"content": "Hi", "reasoning_details": [{"text": "Hm", "signature": "not base64!"}]},
            [{"text": "Hm", "thought": True}, {"text": "Hi"}],
        ),
    ],
)
def test_thoughts_are_replayed(
    sent: Sent, message: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    messages = [*HELLO, {"role": "assistant", **message}, *HELLO]
    turns = sent({"messages": messages})["contents"]
    assert turns[1] == {"role": "model", "parts": expected}


def test_what_a_failed_tool_said_is_an_error_and_media_stand_beside_the_result() -> None:
    call = hg.Message("assistant", (hg.CallPart("a", "look", "{}"),))
    parts = (hg.TextPart("no"), hg.ImagePart(PNG))
    chat = hg.Chat((call, hg.Message("tool", parts, "a", failed=True)))
    made = Gemini().request(
        hg.Call("r", hg.Operation.CHAT, "x", "m", {}, reader=lambda body: chat),
        hg.Target("g", "gemini-3.5-flash"),
    )
    assert isinstance(made, hg.Request)
    assert isinstance(made.body, dict)
    assert made.body["contents"][1]["parts"] == [
        {
            "functionResponse": {
                "name": "look",
                "id": "a",
                "response": {"error": "no"},
                "parts": [{"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}],
            }
        }
    ]
