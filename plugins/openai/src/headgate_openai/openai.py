"""OpenAI itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import headgate as hg
from headgate_openai.compatible import OpenAICompatible


@dataclass(frozen=True)
class OpenAI(OpenAICompatible):
    """api.openai.com. `organization` and `project` say on whose account a key's calls go."""

    kind = "openai"
    env_key: ClassVar[str | None] = "OPENAI_API_KEY"
    env_url: ClassVar[str | None] = "OPENAI_BASE_URL"

    base_url: str = "https://api.openai.com/v1"
    organization: str | None = None
    project: str | None = None

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        request = super().request(call, target)
        account = {
            name: value
            for name, value in (
                ("OpenAI-Organization", self.organization),
                ("OpenAI-Project", self.project),
            )
            if value
        }
        return hg.Request(request.url, request.body, headers=account) if account else request
