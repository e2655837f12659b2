"""Vendors and servers that speak OpenAI's dialect, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_openai.compatible import OpenAICompatible, reworded


@dataclass(frozen=True)
class Preset:
    """What one vendor differs in. `env_key` None: a server of your own, called without a key."""

    kind: str
    base_url: str
    env_key: str | None = None
    env_url: str | None = None
    catalogue: str | None = None
    paths: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    drops: frozenset[str] = frozenset()
    asks_usage: bool = True
    statuses: Mapping[int, hg.Kind] = field(default_factory=dict)


TABLE = (
    Preset("groq", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
    # A wrong key is a 400 there, without a code to tell it by.
    Preset("xai", "https://api.x.ai/v1", "XAI_API_KEY"),
    # Unknown fields are refused with a 422; usage comes in the last chunk without asking.
    Preset(
        "mistral",
        "https://api.mistral.ai/v1",
        "MISTRAL_API_KEY",
        renames={"max_completion_tokens": "max_tokens", "seed": "random_seed"},
        drops=frozenset({"user", "stream_options", "store"}),
        asks_usage=False,
    ),
    Preset("deepseek", "https://api.deepseek.com", "DEEPSEEK_API_KEY"),
    Preset("together", "https://api.together.ai/v1", "TOGETHER_API_KEY"),
    Preset("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
    Preset("perplexity", "https://api.perplexity.ai", "PERPLEXITY_API_KEY"),
    Preset("fireworks", "https://api.fireworks.ai/inference/v1", "FIREWORKS_API_KEY"),
    Preset("cerebras", "https://api.cerebras.ai/v1", "CEREBRAS_API_KEY"),
    Preset("lmstudio", "http://127.0.0.1:1234/v1", env_url="LMSTUDIO_BASE_URL"),
    Preset("vllm", "http://127.0.0.1:8000/v1", env_url="VLLM_BASE_URL"),
    Preset("llamacpp", "http://127.0.0.1:8080/v1", env_url="LLAMACPP_BASE_URL"),
)


def _provider(preset: Preset) -> type[OpenAICompatible]:
    """The provider class of a preset: its base_url is the default, everything else is fixed."""
    return make_dataclass(
        preset.kind.title(),
        [("base_url", str, field(default=preset.base_url))],
        bases=(OpenAICompatible,),
        frozen=True,
        namespace={
            "__module__": __name__,
            "__doc__": f"{preset.kind}: {preset.base_url}",
            "kind": preset.kind,
            "env_key": preset.env_key,
            "env_url": preset.env_url,
            "catalogue": preset.catalogue,
            "keyless": preset.env_key is None,
            "paths": preset.paths,
            "renames": preset.renames,
            "drops": preset.drops,
            "asks_usage": preset.asks_usage,
            "statuses": preset.statuses,
        },
    )


PRESETS = tuple(_provider(preset) for preset in TABLE)


@dataclass(frozen=True)
class Custom(OpenAICompatible):
    """Any server with OpenAI's dialect, described in gateway.yaml alone.

    `rename` and `drop` adapt request fields; `ask_usage: false` is for servers that refuse
    `stream_options`.
    """

    kind = "custom"
    keyless: ClassVar[bool] = True

    base_url: str
    rename: Mapping[str, str] = field(default_factory=dict, hash=False)
    drop: tuple[str, ...] = ()
    ask_usage: bool = True
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        request = super().request(call, target)
        if not self.headers:
            return request
        return hg.Request(request.url, request.body, headers=self.headers)

    def adapt(self, body: dict[str, Any], call: hg.Call) -> None:
        if not self.ask_usage and not call.usage_wanted:
            body.pop("stream_options", None)
        reworded(body, self.rename, self.drop)
