"""OpenAI itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import headgate as hg
from headgate_openai import responses_say
from headgate_openai.compatible import CHAT_SAYS, OpenAICompatible, sayable
from headgate_openai.faults import Clue
from headgate_openai.say import Wording

#: Models that refuse tools in chat completions, whether the catalogue knows them or not.
_TOOLS_NEED_RESPONSES = ("gpt-6-astra", "gpt-6.1-sol")
#: What a chat may say beyond the settings that all vendors share.
OPENAI_SAYS = CHAT_SAYS | {"verbosity", "service_tier", "store", "web_search_options"}
OPENAI_CLUES = (
    Clue(400, "invalid_prompt", hg.Kind.CONTENT_FILTER),
    Clue(403, "must be verified", hg.Kind.MODEL_NOT_FOUND),
)


@dataclass(frozen=True)
class OpenAI(OpenAICompatible):
    """api.openai.com. `organization` and `project` say on whose account a key's calls go.

    Where a model does not take a chat, or one with tools, in chat completions, the chat goes
    through the Responses API; `reasoning_summary` (auto, concise, detailed) asks for its thinking
    in words there.
    """

    kind = "openai"
    env_key: ClassVar[str | None] = "OPENAI_API_KEY"
    env_url: ClassVar[str | None] = "OPENAI_BASE_URL"
    speaks: ClassVar[frozenset[str]] = OpenAICompatible.speaks | {"openai_responses"}
    says: ClassVar[frozenset[str]] = OPENAI_SAYS
    wording: ClassVar[Wording] = Wording(limit="max_completion_tokens", names=True)
    clues: ClassVar[tuple[Clue, ...]] = OPENAI_CLUES

    base_url: str = "https://api.openai.com/v1"
    organization: str | None = None
    project: str | None = None
    reasoning_summary: str | None = None

    def chat_api(
        self, call: hg.Call, target: hg.Target
    ) -> Literal["openai_chat", "openai_responses"]:
        return "openai_responses" if needs_responses(call, target) else "openai_chat"

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        return sayable(responses_say.SAYS if prefers_responses(target) else self.says, target)

    def said(self, call: hg.Call, target: hg.Target) -> dict[str, Any]:
        if self.chat_api(call, target) == "openai_responses":
            return responses_say.responses_body(call.chat, self.reasoning_summary)
        return OpenAICompatible.said(self, call, target)

    def account(self) -> Mapping[str, str]:
        named = {"OpenAI-Organization": self.organization, "OpenAI-Project": self.project}
        return {name: value for name, value in named.items() if value} | dict(self.headers)


def prefers_responses(target: hg.Target) -> bool:
    """Whether translated chats to this model go through the Responses API, where it can be told
    everything: which API a chat takes must not depend on whether it has tools.
    """
    words = target.traits.words
    return (
        "responses_only" in words
        or "chat_tools_need_responses" in words
        or "chat_tools_need_effort_none" in words
        or target.model.startswith(_TOOLS_NEED_RESPONSES)
    )


def needs_responses(call: hg.Call, target: hg.Target) -> bool:
    """Whether this chat has to go through the Responses API.

    A client's own chat completion is relayed wherever the model takes it.
    """
    if call.operation is not hg.Operation.CHAT or not prefers_responses(target):
        return False
    words = target.traits.words
    if call.dialect != "openai_chat" or "responses_only" in words:
        return True
    if not (call.body.get("tools") or call.body.get("functions")):
        return False
    # Its thinking switched off, such a model does take tools.
    unthinking = call.body.get("reasoning_effort") == "none"
    return not ("chat_tools_need_effort_none" in words and unthinking)
