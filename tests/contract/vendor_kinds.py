"""Every way in which a chat is said to a vendor: kind, model, and how its body is checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import headgate as hg
from headgate.provider.fit import fitted
from headgate.testing.asking import probed
from headgate.testing.probes import PROBES
from headgate_anthropic import Anthropic
from headgate_azure import Azure
from headgate_bedrock import Bedrock
from headgate_cohere import Cohere
from headgate_google import Gemini, Vertex
from headgate_huggingface import HuggingFace
from headgate_ollama import Ollama
from headgate_openai import OpenAI
from headgate_openai import providers as compatible

from . import vendor_checks as checks
from .vendor_checks import Body, Check, chat_of, own

_KINDS = {made.kind: made for made in compatible()}
_AZURE = "https://resource.openai.azure.com"


class Way(NamedTuple):
    """One way of saying a chat. `words` are the catalogue's of the model."""

    provider: hg.Provider
    model: str
    check: Check
    words: frozenset[str] = frozenset()

    @property
    def target(self) -> hg.Target:
        """The model, as the gateway knows it."""
        return hg.Target("vendor", self.model).knowing(hg.Traits(words=self.words))


_RESPONSES, _TOOLS = frozenset({"responses_only"}), frozenset({"chat_tools_need_responses"})

#: Vendors with an API of their own.
NATIVE: Mapping[str, Way] = {
    **{
        f"anthropic {model}": Way(Anthropic(), model, checks.as_messages)
        for model in ("claude-sonnet-4-5", "claude-opus-4-6", "claude-opus-5", "claude-opus-5-5")
    },
    **{
        f"gemini {model}": Way(Gemini(), model, checks.as_generate)
        for model in ("gemini-2.5-flash", "gemini-3.5-flash")
    },
    "vertex gemini": Way(Vertex(project="p"), "gemini-3.5-flash", checks.as_generate),
    "vertex claude": Way(Vertex(project="p"), "claude-sonnet-5", checks.as_vertex_messages),
    **{
        f"bedrock {name}": Way(Bedrock(), model, checks.as_converse)
        for name, model in (
            ("claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
            ("claude-opus-4-8", "global.anthropic.claude-opus-4-8"),
            ("claude-opus-5-5", "anthropic.claude-opus-5-5"),
            ("nova", "us.amazon.nova-2-lite-v1:0"),
            ("llama", "us.meta.llama4-scout-17b-instruct-v1:0"),
        )
    },
    "cohere": Way(Cohere(), "command-a-03-2025", checks.as_cohere),
    "ollama": Way(Ollama(), "qwen3:4b", checks.as_ollama),
    "openai responses": Way(OpenAI(), "gpt-6", checks.as_responses, _RESPONSES),
    "openai tools": Way(OpenAI(), "gpt-6", checks.as_either, _TOOLS),
    "azure responses": Way(Azure(base_url=_AZURE), "gpt-6", checks.as_responses, _RESPONSES),
}

#: Vendors that speak OpenAI's dialect: relayed to from it, translated to from any other.
COMPATIBLE: Mapping[str, Way] = {
    "openai": Way(OpenAI(), "gpt-4.1", checks.as_chat),
    "azure": Way(Azure(base_url=_AZURE), "gpt-4.1", checks.as_chat),
    "azure dated": Way(Azure(base_url=_AZURE, api_version="2024-10-21"), "gpt-4.1", checks.as_chat),
    "huggingface": Way(HuggingFace(), "org/name", checks.as_chat),
    "mistral": Way(_KINDS["mistral"](), "mistral-large-4", checks.as_mistral),
    "groq": Way(
        _KINDS["groq"](),
        "openai/gpt-oss-120b",
        chat_of(
            own(body="reasoning_format include_reasoning", assistant="reasoning"),
            lacks="n logprobs top_logprobs logit_bias",
        ),
    ),
    "xai": Way(
        _KINDS["xai"](),
        "grok-4.7",
        chat_of(
            own(assistant="reasoning_content"),
            lacks="presence_penalty frequency_penalty stop logprobs",
        ),
    ),
    "deepseek": Way(
        _KINDS["deepseek"](),
        "deepseek-v4-pro",
        chat_of(
            own(body="thinking", assistant="reasoning_content"),
            lacks="n seed logit_bias parallel_tool_calls",
        ),
    ),
    "together": Way(
        _KINDS["together"](),
        "org/name",
        chat_of(
            own(body="top_k reasoning", assistant="reasoning"),
            lacks="parallel_tool_calls logprobs",
        ),
    ),
    "openrouter": Way(
        _KINDS["openrouter"](),
        "org/name",
        chat_of(
            own(
                body="top_k reasoning",
                assistant="reasoning reasoning_details",
                text="cache_control",
            ),
            lacks="reasoning_effort",
        ),
    ),
}


def asked(way: Way, name: str, *, foreign: bool = False) -> Body:
    """The body for a call of the table, made as the gateway has it made. `foreign` puts it in
    another dialect than the vendor's. Raises `Unsupported`.
    """
    call, target, provider = probed(PROBES[name]), way.target, way.provider
    if foreign:
        call = call._replace(dialect="another")
    if not provider.relays(call, target):
        call, dropped = fitted(call, provider.offers, provider.vocabulary(target), drop=False)
        assert not dropped
    request = provider.request(call, target)
    assert isinstance(request, hg.Request)
    assert isinstance(request.body, Mapping)
    return request.body
