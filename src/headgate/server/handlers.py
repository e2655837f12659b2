"""From a request to a handler: head checks, route, key, and then the thing itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Mapping

from aiohttp import hdrs, web

from headgate.access.keys import presented, unknown_key
from headgate.attempts.reply import ClientGone
from headgate.dialects.anthropic_errors import error_body as anthropic_error
from headgate.dialects.base import Dialect
from headgate.dialects.body import decode
from headgate.dialects.openai_errors import error_body
from headgate.dialects.openai_responses_stored import StoredResponses
from headgate.dialects.statuses import status_of
from headgate.pipeline import Served, serve
from headgate.provider.call import Call
from headgate.provider.caller import Caller
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.runtime import Runtime
from headgate.server.body import read_body
from headgate.server.ids import new_id
from headgate.server.intake import Matched, Need, Route, check_host, match_route
from headgate.server.models import VERSION_HEADER, model, models
from headgate.server.pages import metrics, ready, root
from headgate.server.reply import StreamReply, error_response, json_response, receipt_headers
from headgate.server.state import ServerState

Page = Callable[[Runtime, str, str, Mapping[str, str]], web.StreamResponse]

#: Forwarded by a proxy: the peer is not the client.
_FORWARDED = (hdrs.FORWARDED, hdrs.X_FORWARDED_FOR, "X-Real-IP")
_LOOPBACK = ("127.", "::1")
_STORED = StoredResponses()

PAGES: Mapping[str, Page] = {"models": models, "model": model, "metrics": metrics, "root": root}

ROUTES = (
    Route("GET", "/", Need.NOBODY_IN_PARTICULAR, "root"),
    Route("HEAD", "/", Need.NOBODY_IN_PARTICULAR, "root"),
    Route("GET", "/livez", Need.NOBODY_IN_PARTICULAR, "live"),
    Route("GET", "/readyz", Need.NOBODY_IN_PARTICULAR, "ready"),
    Route("GET", "/metrics", Need.METRICS, "metrics"),
    Route("GET", "/v1/models", Need.KEY, "models"),
    Route("GET", "/v1/models/", Need.KEY, "model"),
    Route("GET", "/v1/responses/", Need.KEY, "stored"),
    Route("DELETE", "/v1/responses/", Need.KEY, "stored"),
    Route("POST", "/v1/responses/", Need.KEY, "stored"),
)


class Handlers:
    """Answers every request of one server."""

    def __init__(self, state: ServerState) -> None:
        self._state = state
        runtime = state.runtime
        self._dialects: dict[str, Dialect] = {d.name: d for d in runtime.dialects}
        self._by_path: dict[str, Dialect] = {d.path: d for d in runtime.dialects}
        calls = [Route("POST", d.path, Need.KEY, d.name) for d in runtime.dialects]
        self._routes = {(route.method, route.path): route for route in (*ROUTES, *calls)}

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        """The one entry point of the server."""
        request_id = new_id()
        try:
            return await self._handle(request, request_id)
        except CallFailed as failed:
            failure = failed.failure
            dialect = self._by_path.get(request.raw_path.partition("?")[0])
            operation = "none" if dialect is None else dialect.operation.value
            self._state.runtime.refuse(request_id, operation, failure, status_of(failure))
            return error_response(failure, request_id, worded=self._words(request, dialect))
        except ClientGone:
            raise ConnectionResetError from None

    async def _handle(self, request: web.BaseRequest, request_id: str) -> web.StreamResponse:
        arrived = time.monotonic()
        headers = request.headers
        check_host(headers.get(hdrs.HOST), version_needs_host=request.version >= (1, 1))
        if hdrs.UPGRADE in headers:
            raise CallFailed(
                Failure(Kind.INVALID_REQUEST, "This server speaks plain HTTP/1.1 and no upgrade.")
            )
        matched = match_route(self._routes, request.method, request.raw_path)
        runtime = self._state.runtime
        caller = self._admit(runtime, matched.route, request)
        dialect = self._dialects.get(matched.route.handler)
        if caller is not None and dialect is not None:
            raw = await read_body(request, runtime.server.max_body, runtime.server.body_timeout)
            call = dialect.parse(request_id, decode(raw), headers)
            return await self._answer(runtime, request, call, dialect, caller, arrived)
        if caller is not None and matched.route.handler == "stored":
            query = request.raw_path.partition("?")[2]
            call = _STORED.call(request_id, request.method, matched.rest, query, headers)
            return await self._answer(runtime, request, call, _STORED, caller, arrived)
        return self._page(runtime, matched, request_id, headers)

    def _words(
        self, request: web.BaseRequest, dialect: Dialect | None
    ) -> Callable[[Failure, str], bytes]:
        """How this client reads errors, where it did not come as far as a dialect."""
        if dialect is not None:
            return dialect.error
        return anthropic_error if VERSION_HEADER in request.headers else error_body

    def _admit(self, runtime: Runtime, route: Route, request: web.BaseRequest) -> Caller | None:
        """The caller, where the route needs one. Raises `CallFailed` (401, 403)."""
        if route.need is Need.NOBODY_IN_PARTICULAR:
            return None
        if route.need is Need.METRICS and _metrics_open(runtime.server.metrics, request):
            return None
        caller = runtime.keys.find(presented(request.headers.getall))
        if caller is None:
            raise unknown_key()
        if route.need is Need.METRICS and caller.role == "user":
            raise CallFailed(
                Failure(Kind.FORBIDDEN, "A key of role 'user' may not read the metrics.")
            )
        return caller

    def _page(
        self, runtime: Runtime, matched: Matched, request_id: str, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        handler = matched.route.handler
        if handler == "live":
            return json_response(request_id, b'{"status":"ok"}')
        if handler == "ready":
            return ready(request_id, draining=self._state.draining)
        return PAGES[handler](runtime, request_id, matched.rest, headers)

    async def _answer(
        self,
        runtime: Runtime,
        request: web.BaseRequest,
        call: Call,
        dialect: Dialect,
        caller: Caller,
        arrived: float,
    ) -> web.StreamResponse:
        request_id = call.id
        reply = StreamReply(request, request_id, runtime.server.write_timeout)
        work = serve(runtime, call, dialect, caller, reply, arrived)
        key = request.headers.get("Idempotency-Key")
        served = await (work if key is None else self._once((caller.name, key[:256]), work))
        if reply.response is not None:
            return reply.response
        headers = receipt_headers(served.receipt)
        if served.receipt.failure is not None:
            failure = served.receipt.failure
            return error_response(failure, request_id, headers, worded=dialect.error)
        return json_response(request_id, served.body or b"", headers=headers)

    async def _once(self, mark: tuple[str, str], work: Coroutine[None, None, Served]) -> Served:
        """Does `work`, unless the same caller's call with this Idempotency-Key is still running:
        a client that retries on its own timeout must not be billed twice.
        """
        if mark in self._state.running:
            work.close()
            raise CallFailed(
                Failure(Kind.CONFLICT, "A call with this Idempotency-Key is still being answered.")
            )
        self._state.running.add(mark)
        try:
            return await work
        finally:
            self._state.running.discard(mark)


def _metrics_open(policy: str, request: web.BaseRequest) -> bool:
    if policy != "loopback":
        return policy == "open"
    transport = request.transport
    peer = transport.get_extra_info("peername") if transport is not None else None
    local = peer is not None and str(peer[0]).startswith(_LOOPBACK)
    return local and not any(name in request.headers for name in _FORWARDED)
