"""The three APIs under which Azure serves models, told apart by address and version."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from headgate_openai import OpenAI, OpenAICompatible, Wording

_PATHS: Mapping[str, str] = {
    "openai_chat": "/chat/completions",
    "openai_embeddings": "/embeddings",
    "openai_completions": "/completions",
    "openai_responses": "/responses",
}
#: Dialects whose address names the deployment, in the dated API.
_DEPLOYED = frozenset(OpenAICompatible.speaks)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:-preview)?")
#: Versions of the API that has no date.
_UNDATED = ("v1", "preview", "latest")
#: The first dated version with a Responses API.
_RESPONSES_SINCE = "2025-03-01"
#: What Foundry's model API is called with where nothing else is asked for.
_FOUNDRY_VERSION = "2024-05-01-preview"
V1_SAYS = OpenAI.says - {"web_search_options"} | {"user_security_context"}
#: Files are uploaded to, and read by, the undated API alone.
_DATED_SAYS = V1_SAYS - {"documents", "file_ids"} | {"data_sources"}
_FOUNDRY_SAYS = OpenAICompatible.says - {"documents", "file_ids"} | {"top_k", "input_type"}


class Surface(NamedTuple):
    """One of Azure's APIs.

    `root` is the address before a call's path, `query` what follows it (with `?`), `wording` how
    it wants a translated chat; `deployed`: the address names the deployment; `lists`: it can be
    asked for its models.
    """

    root: str
    speaks: frozenset[str]
    says: frozenset[str]
    query: str = ""
    deployed: bool = False
    wording: Wording = OpenAI.wording
    lists: bool = True
    headers: Mapping[str, str] = {}

    def address(self, dialect: str, deployment: str) -> str:
        """Where calls of a dialect go."""
        place = ""
        if self.deployed and dialect in _DEPLOYED:
            place = f"/deployments/{quote(deployment, safe='')}"
        return self.root + place + _PATHS[dialect] + self.query

    @property
    def models(self) -> str:
        """Where the models are listed."""
        return f"{self.root}/models{self.query}"


def surface(base_url: str, api_version: str | None) -> Surface:
    """The API that a configuration means. Raises `ValueError` for one that cannot be meant."""
    root = _checked(base_url)
    query = f"?api-version={api_version}" if api_version else ""
    if api_version and api_version not in _UNDATED and not _DATE.fullmatch(api_version):
        raise ValueError("api_version: a date (2024-10-21, 2025-04-01-preview), or nothing at all")
    if root.endswith("/models"):
        return _foundry(root, query)
    dated = api_version is not None and api_version not in _UNDATED
    if root.endswith("/v1"):
        if dated:
            raise ValueError("api_version: there is none under /v1; leave one of the two out")
        return _v1(root, query)
    if not root.endswith("/openai"):
        root += "/openai"
    if api_version is None or not dated:
        return _v1(root + "/v1", query)
    responses = {"openai_responses"} if api_version >= _RESPONSES_SINCE else set[str]()
    return Surface(root, _DEPLOYED | responses, _DATED_SAYS, query, deployed=True)


def _v1(root: str, query: str) -> Surface:
    return Surface(root, frozenset(_PATHS), V1_SAYS, query)


def _foundry(root: str, query: str) -> Surface:
    return Surface(
        root,
        frozenset({"openai_chat", "openai_embeddings"}),
        _FOUNDRY_SAYS,
        query or f"?api-version={_FOUNDRY_VERSION}",
        wording=Wording(),
        lists=False,
        # Fields that its own description lacks go to the model, which may know them; without
        # this header they are refused.
        headers={"extra-parameters": "pass-through"},
    )


def _checked(base_url: str) -> str:
    """The address without a slash at its end."""
    parts = urlsplit(base_url)
    if parts.scheme not in ("https", "http") or not parts.netloc:
        raise ValueError("base_url: a whole address, https://RESOURCE.openai.azure.com")
    if parts.query or parts.fragment:
        raise ValueError("base_url: end it before the '?'; the version goes into api_version")
    if "/deployments/" in parts.path or parts.path.rstrip("/").endswith(tuple(_PATHS.values())):
        raise ValueError("base_url: end it before the deployment and the call's own path")
    return base_url.rstrip("/")
