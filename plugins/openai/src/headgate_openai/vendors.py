"""What the vendors and servers differ in, one row each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import headgate as hg
from headgate_openai.compatible import CHAT_SAYS, OpenAICompatible
from headgate_openai.faults import Clue
from headgate_openai.say import Wording

_CHAT = ("openai_chat",)
_MAX_TOKENS = {"max_completion_tokens": "max_tokens"}
_LOGPROBS = frozenset({"logprobs", "top_logprobs"})
_PENALTIES = frozenset({"presence_penalty", "frequency_penalty"})
_FILES = frozenset({"audio", "documents", "file_ids"})
_LOCAL = ("openai_responses",)


@dataclass(frozen=True)
class Preset:
    """What one vendor differs in. `env_key` None: a server of your own, called without a key."""

    kind: str
    base_url: str
    env_key: str | None = None
    env_url: str | None = None
    catalogue: str | None = None
    speaks: tuple[str, ...] = tuple(sorted(OpenAICompatible.speaks))
    says: frozenset[str] = CHAT_SAYS
    wording: Wording = OpenAICompatible.wording
    paths: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    asks_usage: bool = True
    statuses: Mapping[int, hg.Kind] = field(default_factory=dict)
    clues: tuple[Clue, ...] = ()


def _thinking_switch(chat: hg.Chat) -> dict[str, Any]:
    """DeepSeek: thinking is switched on and off beside the effort."""
    if chat.effort is None:
        return {}
    if chat.effort == "none":
        return {"thinking": {"type": "disabled"}}
    return {"thinking": {"type": "enabled"}, "reasoning_effort": chat.effort}


def _reasoning_enabled(chat: hg.Chat) -> dict[str, Any]:
    """Together: efforts, and a switch for none at all."""
    if chat.effort == "none":
        return {"reasoning": {"enabled": False}}
    return {} if chat.effort is None else {"reasoning_effort": chat.effort}


def _reasoning_object(chat: hg.Chat) -> dict[str, Any]:
    """OpenRouter: an effort or a number of tokens. Its highest effort is called xhigh."""
    if chat.reasoning_effort is None and chat.reasoning_budget:
        return {"reasoning": {"max_tokens": chat.reasoning_budget}}
    effort = "xhigh" if chat.effort == "max" else chat.effort
    return {} if effort is None else {"reasoning": {"effort": effort}}


GROQ = Preset(
    "groq",
    "https://api.groq.com/openai/v1",
    "GROQ_API_KEY",
    speaks=_CHAT,
    says=CHAT_SAYS - _LOGPROBS - _FILES - {"n", "logit_bias", "dimensions"}
    | {"service_tier", "reasoning_format", "include_reasoning", "search_settings"}
    | {"citation_options", "compound_custom", "disable_tool_validation"},
    wording=Wording(limit="max_completion_tokens", thinking="reasoning", strict=True),
    clues=(Clue(400, "decommissioned", hg.Kind.MODEL_NOT_FOUND),),
)
XAI = Preset(
    "xai",
    "https://api.x.ai/v1",
    "XAI_API_KEY",
    speaks=("openai_chat", "openai_responses"),
    says=CHAT_SAYS - _LOGPROBS - _PENALTIES - _FILES - {"stop", "logit_bias", "dimensions"},
    wording=Wording(limit="max_completion_tokens", thinking="reasoning_content", names=True),
    clues=(
        # A wrong key is a 400 there.
        Clue(400, "api key", hg.Kind.CREDENTIALS),
        Clue(403, "credits", hg.Kind.QUOTA_EXHAUSTED),
        Clue(403, "spending limit", hg.Kind.QUOTA_EXHAUSTED),
        Clue(403, "usage guidelines", hg.Kind.CONTENT_FILTER),
        Clue(403, "content violates", hg.Kind.CONTENT_FILTER),
    ),
)
# Unknown fields are refused with a 422; usage comes in the last chunk without asking.
MISTRAL = Preset(
    "mistral",
    "https://api.mistral.ai/v1",
    "MISTRAL_API_KEY",
    speaks=("openai_chat", "openai_embeddings"),
    says=CHAT_SAYS - {"logit_bias", "file_ids"}
    | {"document_urls", "top_k", "safe_prompt", "prompt_mode", "min_tokens", "guardrails"}
    | {"repetition_penalty", "prompt_logprobs", "service_tier", "output_dtype"},
    wording=Wording(
        thinking="parts",
        documents="document_url",
        short_ids=True,
        prefix=True,
        plain_audio=True,
        strict=True,
    ),
    renames=_MAX_TOKENS | {"seed": "random_seed", "dimensions": "output_dimension"},
    drops=frozenset({"user", "stream_options", "store", "safety_identifier"}),
    asks_usage=False,
    clues=(
        Clue(400, "invalid_model", hg.Kind.MODEL_NOT_FOUND),
        Clue(400, "invalid model", hg.Kind.MODEL_NOT_FOUND),
    ),
)
DEEPSEEK = Preset(
    "deepseek",
    "https://api.deepseek.com",
    "DEEPSEEK_API_KEY",
    speaks=("openai_chat", "openai_responses"),
    says=_LOGPROBS
    | _PENALTIES
    | {"temperature", "top_p", "stop", "reasoning_effort", "tools", "tool_choice", "json_object"}
    | {"images", "image_urls", "thinking"},
    wording=Wording(
        thinking="reasoning_content", thinking_expected=True, names=True, effort=_thinking_switch
    ),
    renames=_MAX_TOKENS,
    clues=(Clue(400, "model not exist", hg.Kind.MODEL_NOT_FOUND),),
)
TOGETHER = Preset(
    "together",
    "https://api.together.ai/v1",
    "TOGETHER_API_KEY",
    speaks=("openai_chat", "openai_embeddings", "openai_completions", "rerank"),
    says=CHAT_SAYS - _LOGPROBS - _FILES - {"parallel_tool_calls", "dimensions"}
    | {"top_k", "min_p", "repetition_penalty", "context_length_exceeded_behavior", "top_n"}
    | {"safety_model", "reasoning", "chat_template_kwargs", "compliance"},
    wording=Wording(thinking="reasoning", names=True, effort=_reasoning_enabled),
    renames=_MAX_TOKENS,
    clues=(
        Clue(403, "token", hg.Kind.CONTEXT_LENGTH),
        Clue(403, "context", hg.Kind.CONTEXT_LENGTH),
        Clue(400, "max_new_tokens", hg.Kind.CONTEXT_LENGTH),
        Clue(422, "max_new_tokens", hg.Kind.CONTEXT_LENGTH),
    ),
)
OPENROUTER = Preset(
    "openrouter",
    "https://openrouter.ai/api/v1",
    "OPENROUTER_API_KEY",
    speaks=(*("openai_chat", "openai_embeddings", "openai_completions", "openai_responses"),),
    says=CHAT_SAYS - {"file_ids"}
    | {"document_urls", "top_k", "top_a", "min_p", "repetition_penalty", "verbosity", "models"}
    | {"provider", "reasoning", "transforms", "plugins", "route", "usage", "service_tier"},
    wording=Wording(
        thinking="reasoning_details", names=True, cache_control=True, effort=_reasoning_object
    ),
    clues=(
        Clue(403, "moderation", hg.Kind.CONTENT_FILTER),
        Clue(403, "flagged", hg.Kind.CONTENT_FILTER),
        Clue(400, "not a valid model", hg.Kind.MODEL_NOT_FOUND),
    ),
)
PERPLEXITY = Preset(
    "perplexity",
    "https://api.perplexity.ai",
    "PERPLEXITY_API_KEY",
    speaks=_CHAT,
    says=_PENALTIES
    | {"temperature", "top_p", "top_k", "json_schema", "images", "image_urls", "reasoning_effort"}
    | {"search_mode", "search_domain_filter", "search_recency_filter", "web_search_options"}
    | {"search_after_date_filter", "search_before_date_filter", "return_images"}
    | {"return_related_questions", "disable_search", "enable_search_classifier"},
    renames=_MAX_TOKENS,
    clues=(Clue(400, "invalid model", hg.Kind.MODEL_NOT_FOUND),),
)
FIREWORKS = Preset(
    "fireworks",
    "https://api.fireworks.ai/inference/v1",
    "FIREWORKS_API_KEY",
    says=CHAT_SAYS - _FILES
    | {"top_k", "min_p", "repetition_penalty", "context_length_exceeded_behavior"},
    wording=Wording(thinking="reasoning_content"),
)
CEREBRAS = Preset(
    "cerebras",
    "https://api.cerebras.ai/v1",
    "CEREBRAS_API_KEY",
    speaks=("openai_chat", "openai_completions"),
    says=CHAT_SAYS - _PENALTIES - _FILES - {"logit_bias", "n", "images", "image_urls", "dimensions"}
    | {"service_tier"},
    wording=Wording(limit="max_completion_tokens", thinking="reasoning", strict=True),
)
LMSTUDIO = Preset(
    "lmstudio",
    "http://127.0.0.1:1234/v1",
    env_url="LMSTUDIO_BASE_URL",
    speaks=("openai_chat", "openai_embeddings", "openai_completions", *_LOCAL),
    says=_PENALTIES
    | {"temperature", "top_p", "top_k", "stop", "seed", "logit_bias", "tools", "tool_choice"}
    | {"json_schema", "images", "repeat_penalty", "ttl"},
    wording=Wording(named_tools=False),
    renames=_MAX_TOKENS,
)
VLLM = Preset(
    "vllm",
    "http://127.0.0.1:8000/v1",
    env_url="VLLM_BASE_URL",
    speaks=("openai_chat", "openai_embeddings", "openai_completions", *_LOCAL, "rerank"),
    says=CHAT_SAYS - {"documents", "file_ids"}
    | {"top_k", "min_p", "repetition_penalty", "length_penalty", "stop_token_ids", "ignore_eos"}
    | {"min_tokens", "bad_words", "allowed_token_ids", "truncate_prompt_tokens", "top_n"}
    | {"chat_template", "chat_template_kwargs", "add_generation_prompt", "priority"}
    | {"continue_final_message", "mm_processor_kwargs", "structured_outputs", "cache_salt"}
    | {"thinking_token_budget", "include_reasoning"},
    wording=Wording(thinking="reasoning", names=True),
)
LLAMACPP = Preset(
    "llamacpp",
    "http://127.0.0.1:8080/v1",
    env_url="LLAMACPP_BASE_URL",
    speaks=(
        *("openai_chat", "openai_embeddings", "openai_completions", *_LOCAL),
        "rerank",
    ),
    says=CHAT_SAYS - {"documents", "file_ids", "n", "dimensions"}
    | {"top_k", "min_p", "typical_p", "repeat_penalty", "grammar", "cache_prompt", "id_slot"}
    | {"n_probs", "mirostat", "mirostat_tau", "mirostat_eta", "reasoning_format", "top_n"}
    | {"chat_template_kwargs"},
    wording=Wording(thinking="reasoning_content"),
    # What it was not started for.
    statuses={501: hg.Kind.INVALID_REQUEST},
)
TABLE = (
    *(GROQ, XAI, MISTRAL, DEEPSEEK, TOGETHER, OPENROUTER, PERPLEXITY, FIREWORKS, CEREBRAS),
    *(LMSTUDIO, VLLM, LLAMACPP),
)
