"""`GET /v1/models`: what can be called, from routes, configuration, catalogue and discovery.

The same list in the words of whoever asks: OpenAI's, or Anthropic's where the request says its
version.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import orjson
from aiohttp import web

from headgate.provider.call import Target
from headgate.provider.failure import CallFailed
from headgate.routing.plan import direct_target, not_found
from headgate.runtime import ListedModel, Runtime
from headgate.server.reply import json_response

#: The header by which Anthropic's SDKs are known.
VERSION_HEADER = "anthropic-version"


def models(
    runtime: Runtime, request_id: str, _: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """`GET /v1/models`."""
    listed = list(known_models(runtime))
    if VERSION_HEADER in headers:
        data = [_anthropic(runtime, one) for one in listed]
        ends = (data[0]["id"], data[-1]["id"]) if data else (None, None)
        page = {"data": data, "has_more": False, "first_id": ends[0], "last_id": ends[1]}
        return json_response(request_id, orjson.dumps(page))
    data = [_openai(runtime, one) for one in listed]
    return json_response(request_id, orjson.dumps({"object": "list", "data": data}))


def model(
    runtime: Runtime, request_id: str, name: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """`GET /v1/models/{id}`. Raises `CallFailed` (model_not_found)."""
    listed = _find(runtime, name)
    entry = _anthropic(runtime, listed) if VERSION_HEADER in headers else _openai(runtime, listed)
    return json_response(request_id, orjson.dumps(entry))


def known_models(runtime: Runtime) -> Iterator[ListedModel]:
    """Every model once: as it is configured or catalogued, then what providers listed beside."""
    yield from runtime.models.values()
    for provider, found in runtime.discovered.items():
        for listed in found.models.values():
            name = f"{provider}/{listed.id}"
            if name not in runtime.models:
                yield ListedModel(name, listed.created, provider, "discovered")


def _find(runtime: Runtime, name: str) -> ListedModel:
    listed = runtime.models.get(name)
    if listed is not None:
        return listed
    target = direct_target(runtime.table, name)
    if target is not None and runtime.table.offers(*target):
        created = runtime.discovered[target.provider].models[target.model].created
        return ListedModel(name, created, target.provider, "discovered")
    facts = runtime.table.facts(target) if target else None
    serving = (runtime.table.catalogue.serving(name) or (None,))[0]
    bare = any(runtime.table.offers(provider, name) for provider in runtime.table.providers)
    bare = bare or (serving is not None and serving.provider in runtime.table.providers.values())
    if facts is None and not bare:
        raise CallFailed(not_found(runtime.table, name))
    return ListedModel(name, 0, "headgate")


def _openai(runtime: Runtime, listed: ListedModel) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "id": listed.id,
        "object": "model",
        "created": listed.created,
        "owned_by": listed.owned_by,
        "source": listed.source,
    }
    if listed.source == "discovered":
        found = runtime.discovered[listed.owned_by]
        entry["age_seconds"] = max(0, round(runtime.wall_clock() - found.at))
    return entry


def _anthropic(runtime: Runtime, listed: ListedModel) -> dict[str, Any]:
    provider, _, name = listed.id.partition("/")
    facts = runtime.table.facts(Target(provider, name)) if name else None
    created = datetime.fromtimestamp(listed.created, UTC)
    return {
        "type": "model",
        "id": listed.id,
        "display_name": listed.id,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": facts.context_window if facts else None,
        "max_tokens": facts.max_output_tokens if facts else None,
    }
