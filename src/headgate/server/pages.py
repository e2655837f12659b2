"""Small answers that need no provider: models, metrics, readiness."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from headgate.provider.failure import CallFailed
from headgate.routing.plan import direct_target, not_found
from headgate.runtime import ListedModel, Runtime
from headgate.server.reply import WholeResponse, json_response

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def models(runtime: Runtime, request_id: str, _: str) -> web.StreamResponse:
    """`GET /v1/models`."""
    data = [_entry(listed) for listed in runtime.models.values()]
    return json_response(request_id, orjson.dumps({"object": "list", "data": data}))


def model(runtime: Runtime, request_id: str, name: str) -> web.StreamResponse:
    """`GET /v1/models/{id}`. Raises `CallFailed` (model_not_found)."""
    listed = runtime.models.get(name)
    if listed is None:
        target = direct_target(runtime.table, name)
        facts = runtime.table.facts(target) if target else None
        serving = (runtime.table.catalogue.serving(name) or (None,))[0]
        if facts is None and not (serving and serving.provider in runtime.table.providers.values()):
            raise CallFailed(not_found(runtime.table, name))
        listed = ListedModel(name, 0, "headgate")
    return json_response(request_id, orjson.dumps(_entry(listed)))


def _entry(listed: ListedModel) -> dict[str, Any]:
    return {
        "id": listed.id,
        "object": "model",
        "created": listed.created,
        "owned_by": listed.owned_by,
    }


def metrics(runtime: Runtime, request_id: str, _: str) -> web.StreamResponse:
    """`GET /metrics` in Prometheus' text format."""
    from headgate.telemetry.prometheus import text  # noqa: PLC0415 - not before it is needed

    fields = [("Content-Type", _METRICS_TYPE), ("x-request-id", request_id)]
    return WholeResponse(200, text(runtime.exposition), fields)


def root(runtime: Runtime, request_id: str, _: str) -> web.StreamResponse:
    """`GET /`: what this is, for a person who opens the address."""
    about = {"name": "headgate", "api": "/v1", "models": "/v1/models", "metrics": "/metrics"}
    return json_response(request_id, orjson.dumps(about))


def ready(request_id: str, *, draining: bool) -> web.StreamResponse:
    """`GET /readyz`: 503 while the process is on its way out."""
    if draining:
        return json_response(request_id, b'{"status":"draining"}', 503)
    return json_response(request_id, b'{"status":"ready"}')
