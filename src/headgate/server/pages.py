"""Small answers that need no provider: metrics, readiness."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from aiohttp import web

from headgate.runtime import Runtime
from headgate.server.reply import WholeResponse, json_response

_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics(
    runtime: Runtime, request_id: str, _: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """`GET /metrics` in Prometheus' text format."""
    from headgate.telemetry.prometheus import text  # noqa: PLC0415 - not before it is needed

    fields = [("Content-Type", _METRICS_TYPE), ("x-request-id", request_id)]
    return WholeResponse(200, text(runtime.exposition), fields)


def root(
    runtime: Runtime, request_id: str, _: str, headers: Mapping[str, str]
) -> web.StreamResponse:
    """`GET /`: what this is, for a person who opens the address."""
    about = {"name": "headgate", "api": "/v1", "models": "/v1/models", "metrics": "/metrics"}
    return json_response(request_id, orjson.dumps(about))


def ready(request_id: str, *, draining: bool) -> web.StreamResponse:
    """`GET /readyz`: 503 while the process is on its way out."""
    if draining:
        return json_response(request_id, b'{"status":"draining"}', 503)
    return json_response(request_id, b'{"status":"ready"}')
