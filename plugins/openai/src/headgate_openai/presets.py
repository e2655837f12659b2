"""Vendors and servers that speak OpenAI's dialect, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, make_dataclass
from typing import Any, ClassVar

import headgate as hg
from headgate_openai.compatible import CHAT_SAYS, PATHS, OpenAICompatible, reworded
from headgate_openai.faults import Clue
from headgate_openai.say import Wording
from headgate_openai.vendors import TABLE, Preset


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
            "discovers": preset.env_key is None,
            "speaks": frozenset(preset.speaks),
            "says": preset.says,
            "wording": preset.wording,
            "paths": preset.paths,
            "renames": preset.renames,
            "drops": preset.drops,
            "asks_usage": preset.asks_usage,
            "statuses": preset.statuses,
            "clues": preset.clues,
        },
    )


PRESETS = tuple(_provider(preset) for preset in TABLE)


@dataclass(frozen=True)
class Custom(OpenAICompatible):
    """Any server with OpenAI's dialect, described in gateway.yaml alone.

    `dialects` names what it speaks; `rename` and `drop` adapt request fields; `ask_usage: false`
    is for servers that refuse `stream_options`. The key goes into the header `auth_name`, after
    `auth_prefix`.
    """

    kind = "custom"
    keyless: ClassVar[bool] = True
    speaks: ClassVar[frozenset[str]] = frozenset(PATHS)
    says: ClassVar[frozenset[str]] = CHAT_SAYS | {"top_n"}
    wording: ClassVar[Wording] = Wording(
        thinking="reasoning_content", names=True, signed_calls=True
    )
    clues: ClassVar[tuple[Clue, ...]] = (Clue(400, "api key", hg.Kind.CREDENTIALS),)

    base_url: str
    rename: Mapping[str, str] = field(default_factory=dict, hash=False)
    drop: tuple[str, ...] = ()
    ask_usage: bool = True
    dialects: tuple[str, ...] = ("openai_chat", "openai_embeddings", "openai_completions")
    auth_name: str = "Authorization"
    auth_prefix: str = "Bearer "

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.dialects) - PATHS.keys()):
            known = ", ".join(sorted(PATHS))
            raise ValueError(f"dialects: {', '.join(unknown)}; there are {known}")
        # What is fixed for every other kind is this one's option.
        object.__setattr__(self, "speaks", frozenset(self.dialects))
        object.__setattr__(self, "auth_header", (self.auth_name, self.auth_prefix))

    def adapt(self, body: dict[str, Any], call: hg.Call) -> None:
        asked = call.usage_wanted and call.dialect in self.speaks
        if not self.ask_usage and not asked:
            body.pop("stream_options", None)
        reworded(body, self.rename, self.drop)
