"""Words that the tables of requests are written in, and what makes a request of a call."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from functools import cache
from typing import Any, get_type_hints

from pydantic import TypeAdapter

import headgate as hg
from headgate.dialects.openai_chat import OpenAIChat
from headgate.provider.fit import fitted
from headgate_anthropic import Anthropic

#: id: model, fields of the call, fields of the request (`...`: it must not be there)
Said = dict[str, tuple[str, dict[str, Any], dict[str, Any]]]
#: id: model, fields of the call, the parameter that cannot be said
Refused = dict[str, tuple[str, dict[str, Any], str]]

#: What the newest SDK has no words for: sampling, and what needs a beta header.
BEYOND_THE_SDK = {"temperature", "top_p", "top_k", "mcp_servers", "context_management"}
NEW, ALWAYS, BETWEEN = "claude-opus-5", "claude-opus-5-5", "claude-sonnet-5-5"
MIDDLE, OLD, OLDEST = "claude-opus-4-6", "claude-sonnet-4-5-20250929", "claude-3-5-haiku-20241022"

SHORT: dict[str, Any] = {"type": "ephemeral"}
LONG: dict[str, Any] = {"type": "ephemeral", "ttl": "1h"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
PNG, PDF = "data:image/png;base64,iVBORw0KGgo=", "data:application/pdf;base64,JVBERi0="
NOTE = "data:text/plain;base64," + base64.b64encode("Grüße".encode()).decode()


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}


def user(*content: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(content)}


def tool(name: str = "look", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": SCHEMA, **more}}


def calls(*ids: str, arguments: str = '{"a":"b"}', **more: Any) -> dict[str, Any]:
    function = {"name": "look", "arguments": arguments}
    made = [{"id": one, "type": "function", "function": function} for one in ids]
    return {"role": "assistant", "content": None, "tool_calls": made, **more}


def answers(one: str, content: Any = "found") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": one, "content": content}


def used(one: str, **more: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": one, "name": "look", "input": {"a": "b"}, **more}


def found(one: str, *content: Any, **more: Any) -> dict[str, Any]:
    said = list(content) or [text("found")]
    return {"type": "tool_result", "tool_use_id": one, "content": said, **more}


HELLO = [{"role": "user", "content": "Hello"}]
LOOP = [*HELLO, calls("c1"), answers("c1")]
SIGNED = {"type": "reasoning.text", "text": "Hm.", "signature": "sig"}
CHOICE = {"type": "function", "function": {"name": "look"}}


def parsed(fields: dict[str, Any], headers: dict[str, str] | None = None) -> hg.Call:
    return OpenAIChat().parse("r", {"model": "ours", "messages": HELLO, **fields}, headers or {})


def sent(
    model: str = NEW,
    *,
    traits: hg.Traits | None = None,
    provider: Anthropic | None = None,
    **fields: Any,
) -> dict[str, Any]:
    """The body that goes out, once the gateway has found every feature of the call sayable."""
    provider = provider or Anthropic()
    target = hg.Target("anthropic", model).knowing(traits or hg.Traits())
    call = parsed(fields)
    before = copy.deepcopy(call.body)
    call, dropped = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
    body = provider.request(call, target).body
    assert call.body == before, "the client's body was changed"
    assert not dropped
    assert isinstance(body, dict)
    return body


def settled(value: Any) -> Any:
    """A validated value with every lazily validated part made to speak."""
    if isinstance(value, dict):
        return {name: settled(inner) for name, inner in value.items()}
    if isinstance(value, list) or (isinstance(value, Iterator) and not isinstance(value, str)):
        return [settled(inner) for inner in value]
    return value


@cache
def adapter(type_: Any) -> TypeAdapter[Any]:
    """Kept, because what it validates lazily needs it later."""
    return TypeAdapter(type_)


def check(body: dict[str, Any], type_: Any) -> None:
    """Fails where the SDK's types refuse `body`, or do not know a field of it at any depth."""
    known = {name: value for name, value in body.items() if name not in BEYOND_THE_SDK}
    assert set(known) <= set(get_type_hints(type_))
    assert settled(adapter(type_).validate_python(known)) == known
