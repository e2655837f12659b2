"""One table of calls, said to every vendor: in a body that the vendor's own SDK describes, or not
at all and by name.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

import headgate as hg
from headgate.testing.probes import CHATS, PROBES

from .vendor_kinds import COMPATIBLE, NATIVE, Way, asked

#: What only OpenAI's own chat completions know.
_OPENAIS = frozenset({"two choices", "logit_bias", "logprobs", "unknown parameter"})
_CLAUDE = _OPENAIS | {"seed", "penalties", "json object", "audio"}
_UNSAMPLED = frozenset({"temperature", "top_p", "top_k"})
_NO_PREFILL = frozenset({"assistant last"})
_UNFORCED = frozenset({"tool required", "tool named"})
_CONVERSE = _CLAUDE | {"image by address"}
_GEMINI = frozenset({"logit_bias", "one tool at a time", "unknown parameter"})
_RESPONSES = frozenset(
    {
        *("top_k", "stop", "stops", "seed", "two choices", "penalties", "logit_bias", "audio"),
        "unknown parameter",
    }
)
_UNKNOWN = frozenset({"unknown parameter"})

#: The calls that a vendor, or this model of its, cannot be told.
REFUSED: Mapping[str, frozenset[str]] = {
    "anthropic claude-sonnet-4-5": _CLAUDE,
    "anthropic claude-opus-4-6": _CLAUDE | _NO_PREFILL,
    "anthropic claude-opus-5": _CLAUDE | _NO_PREFILL | _UNSAMPLED,
    "anthropic claude-opus-5-5": _CLAUDE | _NO_PREFILL | _UNSAMPLED | _UNFORCED | {"no reasoning"},
    "gemini gemini-2.5-flash": _GEMINI,
    "gemini gemini-3.5-flash": _GEMINI,
    "vertex gemini": _GEMINI,
    "vertex claude": _CLAUDE | _NO_PREFILL | _UNSAMPLED,
    "bedrock claude-sonnet-4-5": _CONVERSE,
    "bedrock claude-opus-4-8": _CONVERSE | _NO_PREFILL | _UNSAMPLED,
    "bedrock claude-opus-5-5": _CONVERSE | _NO_PREFILL | _UNSAMPLED | _UNFORCED | {"no reasoning"},
    "bedrock nova": _CONVERSE | {"one tool at a time", "json schema"},
    "bedrock llama": _CONVERSE
    | {"one tool at a time", "tool named", "json schema", "top_k", "reasoning"},
    "cohere": _OPENAIS | {"one tool at a time", "document", "audio"},
    "ollama": (_OPENAIS - {"logprobs"})
    | _UNFORCED
    | {"one tool at a time", "image by address", "document", "audio"},
    "openai responses": _RESPONSES,
    # Without tools, the client's own words are relayed to the API that it meant.
    "openai tools": frozenset(),
    "azure responses": _RESPONSES,
}
#: The same where a call has to be translated to a vendor that speaks OpenAI's dialect.
REFUSED_FOREIGN: Mapping[str, frozenset[str]] = {
    "openai": _UNKNOWN | {"top_k"},
    "azure": _UNKNOWN | {"top_k"},
    "azure dated": _UNKNOWN | {"top_k", "document"},
    "huggingface": _UNKNOWN | {"top_k"},
    "mistral": _UNKNOWN | {"logit_bias"},
    "groq": _OPENAIS | {"top_k", "document", "audio"},
    "xai": (_OPENAIS - {"two choices"})
    | {"top_k", "stop", "stops", "penalties", "document", "audio"},
    "deepseek": (_OPENAIS - {"logprobs"})
    | {"top_k", "seed", "one tool at a time", "json schema", "document", "audio"},
    "together": _UNKNOWN | {"logprobs", "one tool at a time", "document", "audio"},
    "openrouter": _UNKNOWN,
}

_PLAIN = frozenset({"top_k", "cache mark", "reasoning replayed", "unknown parameter"})
#: Relayed calls whose words the vendor does not know: they are the client's own, and stay.
CLIENTS_OWN: Mapping[str, frozenset[str]] = {
    "openai": _PLAIN,
    "azure": _PLAIN,
    "azure dated": _PLAIN,
    "huggingface": _PLAIN,
    "mistral": _UNKNOWN
    | {"developer", "logit_bias", "tool without parameters", "document", "audio", "cache mark"},
    "groq": (_PLAIN - {"reasoning replayed"}) | {"two choices", "logit_bias", "logprobs"},
    "xai": _PLAIN | {"stop", "stops", "penalties", "logprobs"},
    "deepseek": _PLAIN | {"seed", "two choices", "logit_bias", "one tool at a time"},
    "together": (_PLAIN - {"top_k"}) | {"logprobs", "one tool at a time"},
    "openrouter": _UNKNOWN | {"reasoning", "no reasoning", "reasoning replayed"},
}
#: Fields of a relayed body that the vendor would refuse, under the names it has for them.
_LIMIT: Mapping[str, str | None] = {"max_completion_tokens": "max_tokens"}
_RENAMED: Mapping[str, Mapping[str, str | None]] = {
    "mistral": {**_LIMIT, "seed": "random_seed", "user": None, "safety_identifier": None},
    "deepseek": _LIMIT,
    "together": _LIMIT,
}
#: Said to the gateway, or by it: the name of the model, and that usage be counted.
_OURS = frozenset({"model", "stream_options"})


def said(way: Way, *, foreign: bool = False) -> tuple[dict[str, str], set[str]]:
    """What is wrong with the bodies of all calls, and the calls that are refused."""
    complaints: dict[str, str] = {}
    refused: set[str] = set()
    for name in CHATS:
        try:
            body = asked(way, name, foreign=foreign)
        except hg.Unsupported as unsupported:
            refused.add(name if unsupported.param else f"{name}, without saying why")
            continue
        if (complaint := way.check(body)) is not None:
            complaints[name] = complaint
    return complaints, refused


@pytest.mark.parametrize("name", [name for name in NATIVE if name != "openai tools"])
def test_a_vendor_would_take_what_it_is_told(name: str) -> None:
    complaints, refused = said(NATIVE[name])
    assert complaints == {}
    assert refused == REFUSED[name]


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_foreign_call_is_translated_so_that_the_vendor_would_take_it(name: str) -> None:
    complaints, refused = said(COMPATIBLE[name], foreign=True)
    assert complaints == {}
    assert refused == REFUSED_FOREIGN[name]


@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_relayed_call_is_the_clients_own_whatever_the_vendor_knows(name: str) -> None:
    complaints, refused = said(COMPATIBLE[name])
    assert refused == set()
    assert set(complaints) == CLIENTS_OWN[name], complaints


@pytest.mark.parametrize("probe", CHATS)
@pytest.mark.parametrize("name", COMPATIBLE)
def test_a_relayed_call_keeps_every_field(name: str, probe: str) -> None:
    body, names = PROBES[probe].body(), _RENAMED.get(name, {})
    wanted = {names.get(field, field): body[field] for field in body if field not in _OURS}
    wanted.pop(None, None)
    sent = {k: v for k, v in asked(COMPATIBLE[name], probe).items() if k not in _OURS}
    if (name, probe) == ("mistral", "reasoning replayed"):
        # Its own way of giving thinking back.
        assert sent["messages"][1]["content"][0]["type"] == "thinking"
        return
    if (name, probe) == ("groq", "reasoning replayed"):
        # Thinking under another vendor's name is refused there.
        assert sent["messages"][1] == {"role": "assistant", "content": "Cold."}
        return
    assert sent == wanted


def test_a_model_that_takes_tools_elsewhere_is_asked_there() -> None:
    way = NATIVE["openai tools"]
    complaints, refused = said(way)
    tools = {name for name in CHATS if "input" in asked(way, name)}
    assert tools == {name for name, fields in CHATS.items() if "tools" in fields}
    assert set(complaints) == _PLAIN
    assert refused == REFUSED["openai tools"]


#: way, call, where something wrong is put, and what. `...` takes away what is there.
_PLANTED: list[tuple[str, str, tuple[str | int, ...], Any]] = [
    ("anthropic claude-opus-5", "plain", ("seed",), 7),
    ("anthropic claude-opus-5", "plain", ("max_tokens",), ...),
    ("anthropic claude-opus-5", "plain", ("messages", 0, "content", 0, "txt"), "x"),
    ("anthropic claude-opus-5", "tools", ("tools", 0, "parameters"), {}),
    ("anthropic claude-opus-5", "tool required", ("tool_choice", "type"), "required"),
    ("anthropic claude-opus-5", "tool results", ("messages", 2, "content", 1), ...),
    ("anthropic claude-sonnet-4-5", "reasoning", ("max_tokens",), 1024),
    ("gemini gemini-3.5-flash", "plain", ("model",), "m"),
    ("gemini gemini-3.5-flash", "plain", ("contents", 0, "parts", 0, "txt"), "x"),
    ("gemini gemini-3.5-flash", "max_tokens", ("generationConfig", "maxTokens"), 5),
    ("gemini gemini-3.5-flash", "tool named", ("toolConfig", "functionCallingConfig", "x"), 1),
    ("vertex claude", "plain", ("anthropic_version",), ...),
    ("vertex claude", "plain", ("model",), "claude-sonnet-5"),
    ("bedrock nova", "plain", ("modelName",), "m"),
    ("bedrock nova", "max_tokens", ("inferenceConfig", "maxTokens"), 0),
    ("bedrock nova", "tools", ("toolConfig", "tools", 0, "toolSpec", "parameters"), {}),
    ("bedrock nova", "tool results", ("toolConfig",), ...),
    ("bedrock nova", "tool results", ("messages", 2, "content", 1), ...),
    ("bedrock nova", "image", ("messages", 0, "content", 1, "image", "format"), 1),
    ("cohere", "plain", ("n",), 2),
    ("cohere", "plain", ("messages", 0, "name"), "ann"),
    ("cohere", "tools", ("tools", 0, "function", "strict"), True),
    ("ollama", "plain", ("tool_choice",), "auto"),
    ("ollama", "plain", ("options", "max_tokens"), 5),
    ("ollama", "tools", ("tools", 0, "function", "strict"), True),
    ("openai responses", "plain", ("messages",), []),
    ("openai responses", "max_tokens", ("max_tokens",), 5),
    ("openai responses", "tools", ("tools", 0, "function"), {}),
    ("openai", "plain", ("input",), ""),
    ("openai", "tools", ("tools", 0, "function", "schema"), {}),
    ("openai", "tool results", ("messages", 2, "call_id"), "x"),
    ("mistral", "seed", ("seed",), 7),
    ("mistral", "plain", ("messages", 0, "names"), "ann"),
    ("mistral", "tools", ("tools", 0, "function", "schema"), {}),
    ("groq", "plain", ("logit_bias",), {}),
    ("groq", "plain", ("thinking",), {}),
    ("xai", "plain", ("stop",), "END"),
    ("deepseek", "plain", ("messages", 0, "reasoning_details"), []),
    ("together", "plain", ("logprobs",), True),
    ("openrouter", "plain", ("reasoning_effort",), "low"),
]


@pytest.mark.parametrize(
    ("name", "probe", "place", "value"),
    _PLANTED,
    ids=[f"{case[0]}-{'.'.join(map(str, case[2]))}" for case in _PLANTED],
)
def test_a_check_sees_what_is_wrong(
    name: str, probe: str, place: tuple[str | int, ...], value: Any
) -> None:
    way = {**NATIVE, **COMPATIBLE}[name]
    body = copy.deepcopy(dict(asked(way, probe, foreign=name in COMPATIBLE)))
    assert way.check(body) is None
    holder: Any = body
    for step in place[:-1]:
        holder = holder.setdefault(step, {}) if isinstance(holder, dict) else holder[step]
    if value is ...:
        del holder[place[-1]]
    else:
        holder[place[-1]] = value
    assert way.check(body) is not None
