"""What of a call each vendor can be told: found out by asking the plugins themselves."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from headgate.app import DIALECTS
from headgate.catalogue.facts import load
from headgate.dialects.base import Dialect
from headgate.provider.base import Provider
from headgate.provider.call import Operation, Target
from headgate.provider.failure import Unsupported
from headgate.provider.fit import FEATURES, fitted
from reference.markdown import code, table, words
from reference.tables import ours

#: Every feature of a chat: in the words of OpenAI's dialect, and of Anthropic's.
CHAT: Mapping[str, tuple[str, str]] = {
    "temperature": ("`temperature`", "`temperature`"),
    "top_p": ("`top_p`", "`top_p`"),
    "top_k": ("`top_k`", "`top_k`"),
    "stop": ("`stop`", "`stop_sequences`"),
    "seed": ("`seed`", ""),
    "n": ("`n`", ""),
    "presence_penalty": ("`presence_penalty`", ""),
    "frequency_penalty": ("`frequency_penalty`", ""),
    "logit_bias": ("`logit_bias`", ""),
    "logprobs": ("`logprobs`", ""),
    "top_logprobs": ("`top_logprobs`", ""),
    "reasoning_effort": ("`reasoning_effort`", "`thinking`, `output_config.effort`"),
    "parallel_tool_calls": (
        "`parallel_tool_calls: false`",
        "`tool_choice.disable_parallel_tool_use`",
    ),
    "tools": ("`tools`", "`tools`"),
    "tool_choice": ("`tool_choice` but `auto`", "`tool_choice` but `auto`"),
    "tool_result_media": ("images and files in `tool` messages", "the same in `tool_result`"),
    "json_object": ("`response_format: json_object`", ""),
    "json_schema": ("`response_format: json_schema`", "`output_config.format`"),
    "images": ("`image_url` with a `data:` URI", "`image`, `base64`"),
    "image_urls": ("`image_url` with an address", "`image`, `url`"),
    "audio": ("`input_audio`", ""),
    "documents": ("`file` with `file_data`", "`document`, `base64`"),
    "document_urls": ("", "`document`, `url`"),
    "file_ids": ("`file` with `file_id`", "`image` or `document`, `file`"),
}
#: Features of calls that are no chats.
OTHERS: Mapping[str, Operation] = {
    "dimensions": Operation.EMBEDDINGS,
    "top_n": Operation.RERANK,
    "max_tokens_per_doc": Operation.RERANK,
}
_MODES = {Operation.EMBEDDINGS: "embedding", Operation.RERANK: "rerank"}
_PRESETS = "headgate_openai.presets"
#: Options that have to be given, for a provider that is only asked what it can do.
_GIVEN = {"base_url": "https://vendor.openai.azure.com", "project": "my-project"}
_HELLO = [{"role": "user", "content": "Hello"}]
#: The least that can be asked in each dialect.
_LEAST: Mapping[str, Mapping[str, Any]] = {
    "openai_chat": {"messages": _HELLO},
    "openai_responses": {"input": "Hello"},
    "openai_completions": {"prompt": "Hello"},
    "openai_embeddings": {"input": "Hello"},
    "rerank": {"query": "Hello", "documents": ["one", "two"]},
    "anthropic_messages": {"messages": _HELLO, "max_tokens": 100},
    "anthropic_count_tokens": {"messages": _HELLO},
}


def ways() -> str:
    """How a call in each client dialect gets to each kind."""
    rows = []
    for kind, cls in ours().items():
        provider = example(cls)
        rows.append((code(kind), *(_way(provider, dialect) for dialect in DIALECTS)))
    return table(("kind", *(code(dialect.path) for dialect in DIALECTS)), rows)


def features() -> str:
    """What each vendor's models can be told in a chat that is translated."""
    if unknown := FEATURES ^ CHAT.keys() ^ OTHERS.keys():
        raise RuntimeError(f"features and rows differ in {sorted(unknown)}")
    return _features(
        kind
        for kind, cls in ours().items()
        if cls.__module__ != _PRESETS and Operation.CHAT in cls.offers and not cls.always_on
    )


def preset_features() -> str:
    """The same for the vendors and servers that speak OpenAI's dialect."""
    return _features(kind for kind, cls in ours().items() if cls.__module__ == _PRESETS)


def words_of_chats() -> str:
    """The features of a chat in the words of both dialects."""
    rows = ((code(name), *said) for name, said in CHAT.items())
    return table(("feature", "OpenAI's dialect", "Anthropic's dialect"), rows)


def own_parameters() -> str:
    """The parameters of their own that vendors are told."""
    rows = (
        (code(kind), words(sorted(example(cls).says - FEATURES)))
        for kind, cls in ours().items()
        if example(cls).says - FEATURES
    )
    return table(("kind", "its own parameters"), rows)


@cache
def example(cls: type[Provider]) -> Provider:
    """A provider of this kind with nothing but what has to be given."""
    needed = {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    return cls(**{name: _GIVEN[name] for name in needed & _GIVEN.keys()})


def _features(of: Iterable[str]) -> str:
    kinds = list(of)
    told = [_told(example(ours()[kind])) for kind in kinds]
    rows = [(code(name), *(each.get(name, "") for each in told)) for name in CHAT]
    return table(("feature", *map(code, kinds)), rows)


def _told(provider: Provider) -> dict[str, str]:
    """Feature -> whether all models can be told it, or some."""
    each = [provider.vocabulary(target) for target in _models(provider, Operation.CHAT)]
    everywhere = frozenset.intersection(*each)
    return {
        name: "x" if name in everywhere else "some" for name in frozenset.union(*each) & CHAT.keys()
    }


def _way(provider: Provider, dialect: Dialect) -> str:
    found = {_asked(provider, dialect, target) for target in _models(provider, dialect.operation)}
    by_model = " (by model)" if len(found) > 1 else ""
    return " or ".join(sorted(found - {""})) + by_model


def _asked(provider: Provider, dialect: Dialect, target: Target) -> str:
    call = dialect.parse("req_0", {"model": target.model, **_LEAST[dialect.name]}, {})
    try:
        relayed = provider.relays(call, target)
        if not relayed:
            vocabulary = provider.vocabulary(target)
            call, _ = fitted(call, provider.offers, vocabulary, drop=False)
        provider.request(call, target)
    except Unsupported:
        return "estimated" if dialect.operation is Operation.COUNT_TOKENS else ""
    return "relayed" if relayed else "translated"


@cache
def _models(provider: Provider, operation: Operation) -> tuple[Target, ...]:
    """The catalogue's models for an operation; one nobody knows where it has none."""
    mode = _MODES.get(operation, "chat")
    known = load().of(type(provider).catalogue or provider.kind)
    found = [
        Target(provider.kind, facts.model).knowing(facts.traits)
        for facts in known
        if facts.mode == mode
    ]
    return tuple(found) or (Target(provider.kind, "some-model"),)
