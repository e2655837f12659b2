"""Everything that is said once a call."""

from __future__ import annotations

from .words import ALWAYS, NEW, OLD, OLDEST, SCHEMA, Refused, Said, text, user

SAID: Said = {
    "plain": (NEW, {}, {"model": NEW, "max_tokens": 8192, "messages": [user(text("Hello"))]}),
    "limit": (NEW, {"max_completion_tokens": 50}, {"max_tokens": 50}),
    "old limit": (NEW, {"max_tokens": 50}, {"max_tokens": 50}),
    "stream": (NEW, {"stream": True}, {"stream": True}),
    "whole": (NEW, {"stream": False}, {"stream": ...}),
    "schema": (
        NEW,
        {
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "n", "schema": SCHEMA},
            }
        },
        {"output_config": {"format": {"type": "json_schema", "schema": SCHEMA}}},
    ),
    "sampling": (
        OLD,
        {"temperature": 0.5, "top_k": 5},
        {"temperature": 0.5, "top_k": 5, "top_p": ...},
    ),
    "top_p beside the usual temperature": (
        OLD,
        {"temperature": 1, "top_p": 0.5},
        {"temperature": ..., "top_p": 0.5},
    ),
    "temperature beside the usual top_p": (
        OLD,
        {"temperature": 0.5, "top_p": 1},
        {"temperature": 0.5, "top_p": ...},
    ),
    "temperature and top_p": (
        OLDEST,
        {"temperature": 0.5, "top_p": 0.5},
        {"temperature": 0.5, "top_p": 0.5},
    ),
    "stop": (NEW, {"stop": ["END", "\n\nHuman:"]}, {"stop_sequences": ["END", "\n\nHuman:"]}),
    "one stop": (NEW, {"stop": "END"}, {"stop_sequences": ["END"]}),
    "user": (NEW, {"user": "u-1"}, {"metadata": {"user_id": "u-1"}}),
    "Anthropic's own": (
        NEW,
        {
            "service_tier": "standard_only",
            "speed": "fast",
            "container": "c",
            "inference_geo": "us",
            "output_config": {"effort": "low"},
            "cache_control": {"type": "ephemeral"},
            "mcp_servers": [{"type": "url", "url": "https://x.test", "name": "x"}],
            "context_management": {"edits": []},
        },
        {
            "service_tier": "standard_only",
            "speed": "fast",
            "container": "c",
            "inference_geo": "us",
            "output_config": {"effort": "low"},
            "cache_control": {"type": "ephemeral"},
            "mcp_servers": [{"type": "url", "url": "https://x.test", "name": "x"}],
            "context_management": {"edits": []},
        },
    ),
    "what says nothing": (
        NEW,
        {"store": False, "service_tier": "auto", "metadata": {"a": "b"}, "n": 1, "logprobs": False},
        {"metadata": ..., "service_tier": ...},
    ),
}

REFUSED: Refused = {
    "temperature of a new model": (NEW, {"temperature": 1}, "temperature"),
    "top_p of a new model": (ALWAYS, {"top_p": 0.5}, "top_p"),
    "temperature too high": (OLD, {"temperature": 1.5}, "temperature"),
    "temperature and top_p": (OLD, {"temperature": 0.5, "top_p": 0.5}, "top_p"),
    "n": (NEW, {"n": 2}, "n"),
    "seed": (NEW, {"seed": 1}, "seed"),
    "penalty": (NEW, {"presence_penalty": 1}, "presence_penalty"),
    "logprobs": (NEW, {"logprobs": True}, "logprobs"),
    "bias": (NEW, {"logit_bias": {"1": 1}}, "logit_bias"),
    "any JSON": (NEW, {"response_format": {"type": "json_object"}}, "response_format"),
    "schema of an old model": (
        OLDEST,
        {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
        "response_format",
    ),
    "a stop of nothing": (NEW, {"stop": ["\n"]}, "stop"),
    "a tier of another vendor": (NEW, {"service_tier": "flex"}, "service_tier"),
    "a parameter of another vendor": (NEW, {"safe_prompt": True}, "safe_prompt"),
}
