"""What Anthropic's models differ in, as far as a request has to know.

The catalogue's words come first. Names tell the rest: a table of when each thing changed, so that
a model nobody has heard of yet is taken for one of the newest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

import headgate as hg

#: Anthropic's own parameters, taken from a client in any dialect and sent as they are.
OWN = frozenset(
    {
        "cache_control",
        "container",
        "context_management",
        "diagnostics",
        "inference_geo",
        "mcp_servers",
        "metadata",
        "output_config",
        "service_tier",
        "speed",
        "thinking",
    }
)
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
#: Everything that some model can be told.
SAYS = (
    OWN
    | _SAMPLING
    | {
        "stop",
        "parallel_tool_calls",
        "reasoning_effort",
        "tools",
        "tool_choice",
        "json_schema",
        "images",
        "image_urls",
        "documents",
        "document_urls",
        "file_ids",
        "tool_result_media",
    }
)


class Thinking(Enum):
    """How a model is told to think."""

    NEVER = auto()
    #: By a number of tokens.
    BUDGET = auto()
    #: By a number of tokens or an effort.
    EITHER = auto()
    #: By an effort; it can be switched off.
    EFFORT = auto()
    #: By an effort; off means only between tool calls.
    BETWEEN_TOOLS = auto()
    #: By an effort; it cannot be switched off.
    ALWAYS = auto()


@dataclass(frozen=True, slots=True)
class Model:
    """One model's ways. The defaults are those of a model whose name says nothing."""

    thinking: Thinking = Thinking.EFFORT
    #: Takes temperature, top_p and top_k; `sampling_pair`: temperature together with top_p.
    sampling: bool = True
    sampling_pair: bool = True
    #: Can be made to call a tool.
    forced_tool: bool = True
    #: Continues an assistant message that ends the conversation.
    prefill: bool = True
    #: Takes instructions in the middle of a conversation.
    system_turns: bool = False
    #: Can be held to a JSON schema, in answers and in tool calls.
    schemas: bool = True


_Version = tuple[int, int]

#: `claude-opus-4-5-20251101`, also within the longer names of other vendors. A date is no version.
_NAME = re.compile(r"claude-(?P<family>[a-z]+)-(?P<major>\d+)(?:[-.](?P<minor>\d{1,2}))?(?!\d)")
#: `claude-3-7-sonnet-20250219`, as it was before that.
_OLD_NAME = re.compile(r"claude-(?P<major>\d)(?:[-.](?P<minor>\d))?-(?P<family>[a-z]+)")


def model_of(target: hg.Target) -> Model:
    """The ways of a target's model, by its catalogue words and its name."""
    words = target.traits.words
    found = _NAME.search(target.model) or _OLD_NAME.search(target.model)
    if found is None:
        return Model(
            thinking=Thinking.ALWAYS if "thinking_always_on" in words else Thinking.EFFORT,
            sampling="no_sampling" not in words,
            forced_tool="no_forced_tool" not in words,
        )
    family, version = found["family"], (int(found["major"]), int(found["minor"] or 0))
    return Model(
        thinking=_thinking(family, version, words),
        sampling=version < (4, 7) and "no_sampling" not in words,
        sampling_pair=version < (4, 1),
        forced_tool=not ("no_forced_tool" in words or _unforced(family, version)),
        prefill=version < (4, 6),
        system_turns=version >= (4, 8),
        schemas=version >= (4, 5),
    )


def _thinking(family: str, version: _Version, words: frozenset[str]) -> Thinking:
    if family == "sonnet" and version >= (5, 5):
        return Thinking.BETWEEN_TOOLS
    if "thinking_always_on" in words or family in ("fable", "mythos"):
        return Thinking.ALWAYS
    if family == "opus" and version >= (5, 5):
        return Thinking.ALWAYS
    if version < (3, 7):
        return Thinking.NEVER
    if version < (4, 6):
        return Thinking.BUDGET
    return Thinking.EITHER if version == (4, 6) else Thinking.EFFORT


def _unforced(family: str, version: _Version) -> bool:
    since = {"fable": (5, 1), "mythos": (5, 1), "opus": (5, 5), "sonnet": (5, 5)}
    return family in since and version >= since[family]


def vocabulary(target: hg.Target, says: frozenset[str] = SAYS) -> frozenset[str]:
    """What of `says` this model can be told."""
    model = model_of(target)
    if not model.sampling:
        says -= _SAMPLING
    if not model.schemas:
        says -= {"json_schema"}
    if model.thinking is Thinking.NEVER:
        says -= {"reasoning_effort"}
    return says
