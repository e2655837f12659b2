"""Which model an id names, and what that model can be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import headgate as hg

#: Vendors whose models differ in what they can be told.
_VENDOR = re.compile(r"(?:^|[./])(anthropic|amazon|cohere|openai|meta|mistral|deepseek)\.(.+)$")
#: `us.`, `global.` and the like: an inference profile over several regions.
_PROFILE = re.compile(r"^(?:global|us-gov|us|eu|apac|jp|au|ca|sa|me|in|il|kr|mx|uk)\.")
_CLAUDE = re.compile(r"claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?:-(\d{1,2}))?(?!\d)")
_CLAUDE_3 = re.compile(r"claude-(\d)(?:-(\d))?-([a-z]+)")

_CHAT = frozenset(
    {
        "temperature",
        "top_p",
        "stop",
        "tools",
        "tool_choice",
        "images",
        "documents",
        "tool_result_media",
        "guardrailConfig",
        "guardrail_config",
        "performanceConfig",
        "performance_config",
        "serviceTier",
        "service_tier",
        "requestMetadata",
        "request_metadata",
        "additionalModelRequestFields",
        "additional_model_request_fields",
    }
)
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_EMBEDDING = re.compile(r"embed")
_RERANK = re.compile(r"rerank")
EMBED_WORDS = frozenset({"dimensions", "input_type", "truncate", "normalize"})
RERANK_WORDS = frozenset({"top_n"})
#: Everything that some model here can be told.
EVERYTHING = (
    _CHAT
    | EMBED_WORDS
    | RERANK_WORDS
    | {
        "top_k",
        "audio",
        "json_schema",
        "reasoning_effort",
        "parallel_tool_calls",
        "thinking",
        "anthropic_beta",
    }
)


@dataclass(frozen=True, slots=True)
class Model:
    """A model as far as it matters here. `vendor` and `name` are empty where the id does not say
    (an application inference profile has a number for a name).
    """

    id: str
    vendor: str = ""
    name: str = ""
    series: str = ""
    version: tuple[int, int] = (0, 0)
    words: frozenset[str] = frozenset()

    @property
    def claude(self) -> bool:
        """One of Anthropic's."""
        return self.vendor == "anthropic"

    @property
    def nova(self) -> bool:
        """One of Amazon's own chat models."""
        return self.vendor == "amazon" and self.name.startswith("nova")

    @property
    def nova_2(self) -> bool:
        """A Nova that can think."""
        return self.nova and self.name.startswith("nova-2")

    @property
    def gpt(self) -> bool:
        """One of OpenAI's."""
        return self.vendor == "openai"

    @property
    def schemas(self) -> bool:
        """Whether answers and tool calls can be held to a schema."""
        if self.claude:
            return self.version >= (4, 5)
        return self.vendor not in ("amazon", "meta", "cohere")

    @property
    def caches(self) -> bool:
        """Whether prompt-cache marks mean something to it; elsewhere they are refused."""
        if self.claude:
            return self.version >= (3, 7) or (self.series, self.version) == ("haiku", (3, 5))
        return self.nova or "cache" in self.words

    @property
    def plans_thinking(self) -> bool:
        """A Claude that decides itself how long to think, guided by an effort."""
        return self.claude and self.version >= (4, 6)

    @property
    def budgets_thinking(self) -> bool:
        """A Claude that is given a number of tokens to think with."""
        return self.claude and (3, 7) <= self.version < (4, 6)

    @property
    def always_thinks(self) -> bool:
        """A model whose thinking cannot be switched off."""
        return "thinking_always_on" in self.words or self._newest

    @property
    def chooses_freely(self) -> bool:
        """A model that cannot be made to call a tool."""
        return "no_forced_tool" in self.words or self._newest

    @property
    def continues(self) -> bool:
        """A model that goes on with an assistant message that ends the conversation."""
        return not self.claude or self.version < (4, 6)

    @property
    def knows_late_system(self) -> bool:
        """A model that takes system messages in the middle of a conversation."""
        return self.claude and self.version >= (4, 8)

    @property
    def _newest(self) -> bool:
        return self.claude and self.version > (5, 0) and self.series != "haiku"


@lru_cache(maxsize=1024)
def model_of(id_: str, words: frozenset[str] = frozenset()) -> Model:
    """The model an id, an inference profile or an ARN names."""
    found = _VENDOR.search(id_)
    if found is None:
        return Model(id_, words=words)
    vendor, name = found[1], found[2]
    series, version = _generation(name) if vendor == "anthropic" else ("", (0, 0))
    return Model(id_, vendor, name, series, version, words)


def foundation(id_: str) -> str:
    """The id of the model itself, where `id_` is that of a profile over several regions."""
    return _PROFILE.sub("", id_)


def vocabulary(model: Model) -> frozenset[str]:
    """What this model can be told, in the words of the gateway."""
    if _EMBEDDING.search(model.name):
        return EMBED_WORDS
    if _RERANK.search(model.name):
        return RERANK_WORDS
    words = set(_CHAT)
    if model.claude or model.nova:
        words.add("top_k")
    if model.claude:
        words |= {"thinking", "anthropic_beta"}
    if model.claude and model.version >= (4, 5):
        words.add("parallel_tool_calls")
    if model.plans_thinking or model.budgets_thinking or model.nova_2 or model.gpt:
        words.add("reasoning_effort")
    if model.schemas:
        words.add("json_schema")
    if "audio" in model.words or "voxtral" in model.name or "omni" in model.name:
        words.add("audio")
    if "no_sampling" in model.words or (model.claude and model.version >= (4, 7)):
        words -= _SAMPLING
    return frozenset(words)


def described(target: hg.Target) -> Model:
    """The model of a target, with what the catalogue says of it."""
    return model_of(target.model, target.traits.words)


def _generation(name: str) -> tuple[str, tuple[int, int]]:
    if found := _CLAUDE.search(name):
        return found[1], (int(found[2]), int(found[3] or 0))
    if found := _CLAUDE_3.search(name):
        return found[3], (int(found[1]), int(found[2] or 0))
    return "", (2, 0)
