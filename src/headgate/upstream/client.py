"""Sending one request to a vendor: the only place that opens outgoing connections."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import aiohttp
import orjson
from multidict import CIMultiDict
from yarl import URL

from headgate.provider.base import Provider
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Script
from headgate.upstream.answer import Answer, HttpAnswer, ScriptedAnswer

_USER_AGENT = "headgate"
#: Idle connections are dropped before vendors drop them.
_KEEPALIVE = 15.0
_DNS_CACHE = 60
_MAX_FIELD = 16 * 1024


class Client:
    """One session for all providers. Redirects are never followed, cookies never kept, the
    environment's proxies never used; the clocks are ours (`Watch`).
    """

    def __init__(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, keepalive_timeout=_KEEPALIVE, ttl_dns_cache=_DNS_CACHE
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=None),
            max_field_size=_MAX_FIELD,
            read_bufsize=2**18,
        )

    async def send(
        self, provider: Provider, request: Request | Script, key: Secret | None, connect: float
    ) -> Answer:
        """The answer's head. Raises aiohttp's exceptions; see `failures`."""
        if isinstance(request, Script):
            return ScriptedAnswer(request)
        body = request.body
        response = await self._session.request(
            request.method,
            prepared_url(request.url),
            data=body if body is None or isinstance(body, bytes) else orjson.dumps(body),
            headers=_headers(provider, request, key),
            allow_redirects=False,
            timeout=_connect_within(connect),
        )
        return HttpAnswer(response)

    async def close(self) -> None:
        """Closes every connection."""
        await self._session.close()


@functools.lru_cache(maxsize=1024)
def prepared_url(url: str) -> URL:
    """A parsed URL; parsing one anew costs more than anything else in a request."""
    return URL(url, encoded=True)


@functools.lru_cache(maxsize=256)
def _connect_within(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, connect=seconds)


def _headers(provider: Provider, request: Request, key: Secret | None) -> CIMultiDict[str]:
    base = _base_headers(provider.auth_header, key)
    if not request.headers:
        return base
    headers = base.copy()
    headers.update(request.headers)
    return headers


@functools.lru_cache(maxsize=1024)
def _base_headers(auth_header: tuple[str, str], key: Secret | None) -> CIMultiDict[str]:
    headers: CIMultiDict[str] = CIMultiDict()
    headers["Content-Type"] = "application/json"
    headers["Accept"] = "application/json, text/event-stream"
    # A truncated compressed stream cannot be told from a whole one.
    headers["Accept-Encoding"] = "identity"
    headers["User-Agent"] = _USER_AGENT
    if key is not None:
        name, prefix = auth_header
        headers[name] = prefix + key.reveal()
    return headers


def lowered(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers with their names in lower case, as plugins expect them."""
    return {name.lower(): value for name, value in headers.items()}
