"""Azure OpenAI and Microsoft Foundry: OpenAI's dialect under Azure's addresses."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal

import headgate as hg
from headgate_azure.faults import CLUES, understood
from headgate_azure.identity import Identity
from headgate_azure.surface import V1_SAYS, Surface, surface
from headgate_openai import (
    Clue,
    OpenAI,
    OpenAICompatible,
    needs_responses,
    prefers_responses,
)


@dataclass(frozen=True)
class Azure(OpenAICompatible):
    """Deployments of an Azure resource.

    `base_url` is the resource's address: https://RESOURCE.openai.azure.com is asked under
    /openai/v1 or, where `api_version` is a date, under /openai/deployments; an address that
    ends in /models is Foundry's model API. `deployments` maps models to the names of their
    deployments, where those differ. `ask_usage: false` is for deployments that refuse
    `stream_options`; `reasoning_summary` asks for thinking in words from models that answer
    through the Responses API.

    Without a key, tokens are fetched from Entra ID: `tenant_id` and `client_id` with a
    `client_secret` or a `federated_token_file`, or the machine's own `managed_identity`
    (`client_id` chooses among several). `authority` and `scope` differ in national clouds.
    """

    kind = "azure"
    aliases: ClassVar[tuple[str, ...]] = ("azure_openai",)
    auth_header: ClassVar[tuple[str, str]] = ("api-key", "")
    env_key: ClassVar[str | None] = "AZURE_OPENAI_API_KEY"
    env_url: ClassVar[str | None] = "AZURE_OPENAI_ENDPOINT"
    keyless: ClassVar[bool] = True
    speaks: ClassVar[frozenset[str]] = OpenAI.speaks
    says: ClassVar[frozenset[str]] = V1_SAYS
    offers: ClassVar[frozenset[hg.Operation]] = frozenset(
        {hg.Operation.CHAT, hg.Operation.EMBEDDINGS}
    )
    clues: ClassVar[tuple[Clue, ...]] = (*CLUES, *OpenAI.clues)

    base_url: str
    api_version: str | None = None
    deployments: Mapping[str, str] = field(default_factory=dict, hash=False)
    ask_usage: bool = True
    reasoning_summary: str | None = None
    tenant_id: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    federated_token_file: str | None = None
    managed_identity: bool = False
    authority: str = "https://login.microsoftonline.com"
    scope: str = "https://cognitiveservices.azure.com/.default"

    def __post_init__(self) -> None:
        self._identity.check()
        # What is fixed for other kinds depends on the address here.
        for name, value in (
            ("speaks", self.surface.speaks),
            ("says", self.surface.says),
            ("wording", self.surface.wording),
            ("asks_usage", self.ask_usage),
        ):
            object.__setattr__(self, name, value)

    @cached_property
    def surface(self) -> Surface:
        """The API that is asked."""
        return surface(self.base_url, self.api_version or None)

    def deployment(self, target: hg.Target) -> str:
        """The name under which a model was deployed."""
        return self.deployments.get(target.model, target.model)

    def chat_api(
        self, call: hg.Call, target: hg.Target
    ) -> Literal["openai_chat", "openai_responses"]:
        served = "openai_responses" in self.surface.speaks
        return "openai_responses" if served and needs_responses(call, target) else "openai_chat"

    def address(self, dialect: str, target: hg.Target) -> str:
        return self.surface.address(dialect, self.deployment(target))

    def account(self) -> Mapping[str, str]:
        return {**self.surface.headers, **self.headers}

    def vocabulary(self, target: hg.Target) -> frozenset[str]:
        if "openai_responses" in self.surface.speaks and prefers_responses(target):
            return self._openai.vocabulary(target)
        return super().vocabulary(target)

    def request(self, call: hg.Call, target: hg.Target) -> hg.Request:
        request = super().request(call, target)
        body = request.body
        if isinstance(body, Mapping) and "model" in body:
            return request._replace(body={**body, "model": self.deployment(target)})
        return request

    def said(self, call: hg.Call, target: hg.Target) -> dict[str, Any]:
        if self.chat_api(call, target) == "openai_responses":
            return self._openai.said(call, target)
        return super().said(call, target)

    def failure(self, call: hg.Call, response: hg.Response) -> hg.Failure:
        return understood(super().failure(call, response), response)

    def token(self, now: float) -> Generator[hg.Request, hg.Response, hg.Token] | None:
        return self._identity.flow()

    def listing(self) -> hg.Request | None:
        if not self.surface.lists:
            return None
        return hg.Request(self.surface.models, method="GET", headers=self.account())

    def listed(self, response: hg.Response) -> Iterable[hg.Listed]:
        # Azure lists what could be deployed; what is deployed, only the operator can tell.
        if self.deployments:
            return map(hg.Listed, self.deployments)
        return super().listed(response)

    @cached_property
    def _openai(self) -> OpenAI:
        """OpenAI itself, whose Responses API is the same."""
        return OpenAI(reasoning_summary=self.reasoning_summary)

    @property
    def _identity(self) -> Identity:
        return Identity(
            self.authority,
            self.scope,
            self.tenant_id or None,
            self.client_id or None,
            self.client_secret or None,
            self.federated_token_file or None,
            self.managed_identity,
        )
