"""Calls for the tests, and bodies held against AWS's own description of the operations."""

from __future__ import annotations

import base64
import copy
import json
from functools import cache
from typing import Any

import botocore.session
from bedrock_wire import chat, target
from botocore.model import Shape
from botocore.validate import ParamValidator

import headgate as hg
from headgate.provider.fit import fitted
from headgate_bedrock import Bedrock

SONNET = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
OPUS = "global.anthropic.claude-opus-4-8"
NEWEST = "anthropic.claude-opus-5-5"
NOVA = "us.amazon.nova-2-lite-v1:0"
LLAMA = "us.meta.llama4-scout-17b-instruct-v1:0"
PNG = "data:image/png;base64,iVBORw0KGgo="
PDF = "data:application/pdf;base64,JVBERi0="
TOOL = {
    "type": "function",
    "function": {
        "name": "look_up",
        "description": "Looks up.",
        "parameters": {"type": "object", "properties": {"q": {"type": "string"}}},
    },
}
CALLED = [
    {"role": "user", "content": "Weather?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "look_up", "arguments": '{"q": "Rome"}'},
            },
            {"id": "call_2", "type": "function", "function": {"name": "look_up", "arguments": ""}},
        ],
    },
    {"role": "tool", "tool_call_id": "call_1", "content": "Sunny"},
    {"role": "tool", "tool_call_id": "call_2", "content": ""},
    {"role": "user", "content": "And?"},
]
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": False}
FORMAT = {
    "type": "json_schema",
    "json_schema": {"name": "thing", "schema": SCHEMA, "strict": True},
}


@cache
def shape(operation: str) -> Shape:
    model = botocore.session.Session().get_service_model("bedrock-runtime")
    return model.operation_model(operation).input_shape


def as_python(value: Any, described: Shape, where: str = "") -> Any:
    """A JSON value as botocore takes it: bytes instead of base64. Unknown members are refused."""
    if described.type_name == "structure" and not getattr(described, "is_document_type", False):
        unknown = set(value) - set(described.members)
        assert not unknown, f"{where}: {unknown}"
        return {
            name: as_python(inner, described.members[name], f"{where}.{name}")
            for name, inner in value.items()
        }
    if described.type_name == "list":
        return [as_python(inner, described.member, where) for inner in value]
    if described.type_name == "blob":
        return base64.b64decode(value, validate=True)
    return value


def checked(body: dict[str, Any], operation: str = "Converse") -> dict[str, Any]:
    said = as_python(json.loads(json.dumps(body)), shape(operation)) | {"modelId": "m"}
    report = ParamValidator().validate(said, shape(operation))
    assert not report.has_errors(), report.generate_report()
    return body


def asked(model: str, traits: hg.Traits | None = None, **fields: Any) -> dict[str, Any]:
    """The body for a call that the gateway found sayable, checked."""
    bedrock, call, to = Bedrock(), chat(**fields), target(model, traits)
    before = copy.deepcopy(call.body)
    call, dropped = fitted(call, bedrock.offers, bedrock.vocabulary(to), drop=False)
    assert not dropped
    request = bedrock.request(call, to)
    assert isinstance(request.body, dict)
    assert call.body == before
    return checked(request.body)


def user(*parts: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": list(parts)}]


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def file(data: str, name: str | None = None) -> dict[str, Any]:
    return {"type": "file", "file": {"file_data": data, "filename": name}}


TURN = [{"role": "user", "content": [{"text": "Hello"}]}]
LOOK_UP = {
    "toolSpec": {
        "name": "look_up",
        "description": "Looks up.",
        "inputSchema": {"json": TOOL["function"]["parameters"]},  # type: ignore[index]
    }
}
POINT = {"cachePoint": {"type": "default"}}
SHORT, LONG = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


def says(body: dict[str, Any], fields: dict[str, Any], expected: dict[str, Any]) -> None:
    """Whether a body says what is expected of it; the conversation is the usual one unless the
    call has another.
    """
    if "messages" not in expected and "messages" not in fields:
        expected = {"messages": TURN, **expected}
    assert {key: value for key, value in body.items() if key in expected} == expected
    if set(expected) == {"messages"} and "messages" not in fields:
        assert body == expected
