"""Credentials that have to be fetched: access tokens, and what signs requests.

Most providers have keys and need none of this. A token is fetched once for all calls that wait for
it, kept until shortly before it ends, and thrown away when the vendor refuses it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from headgate.provider.base import Credentials, Provider, Token
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Response

#: A token is renewed this long before it ends, and at the latest after this share of its life.
_EARLY_SECONDS, _LATEST_SHARE = 300.0, 0.5
#: A flow that yields more requests than this goes round in circles.
_MAX_STEPS = 8

Exchange = Callable[[Request], Awaitable[Response]]


class Grant(NamedTuple):
    """What a request is authorised with: a token, a signer, or (both None) nothing."""

    token: Secret | None = None
    signer: Credentials | None = None


class Credential:
    """The fetched credentials of one configured provider. Losable: they are fetched again."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        kind = type(provider)
        #: Whether the provider may need this at all; most do not.
        self.possible = (
            kind.token is not Provider.token or kind.credentials is not Provider.credentials
        )
        self._lock = asyncio.Lock()
        self._token: Secret | None = None
        self._renew_at = self._ends_at = 0.0
        self._signer: Credentials | None = None

    async def obtain(self, exchange: Exchange) -> Grant:
        """What to authorise a request with now. Raises `CallFailed` (credentials)."""
        if self._token is not None and time.monotonic() < self._renew_at:
            return Grant(self._token)
        async with self._lock:
            if self._signer is None:
                self._signer = self._provider.credentials()
            if self._signer is not None:
                return Grant(signer=self._signer)
            if self._token is None or time.monotonic() >= self._renew_at:
                await self._renew(exchange)
        return Grant(self._token)

    def forget(self) -> None:
        """The vendor refused the token: the next call fetches another."""
        self._token = None

    async def _renew(self, exchange: Exchange) -> None:
        try:
            token = await _fetched(self._provider, exchange)
        except CallFailed:
            # The old one may serve until it really ends.
            if self._token is not None and time.monotonic() < self._ends_at:
                return
            raise
        if token is not None:
            now = time.monotonic()
            life = max(0.0, token.expires_in)
            self._token = Secret(token.value)
            self._ends_at = now + life
            self._renew_at = now + max(life - _EARLY_SECONDS, life * _LATEST_SHARE)


async def _fetched(provider: Provider, exchange: Exchange) -> Token | None:
    """Plays the provider's flow: its requests are made, or its files read, and answered."""
    flow = provider.token(time.time())
    if flow is None:
        return None
    try:
        request = next(flow)
        for _ in range(_MAX_STEPS):
            if request.url.startswith("file:"):
                response = await asyncio.to_thread(_read_file, request.url)
            else:
                response = await exchange(request)
            if not 200 <= response.status < 300:
                raise _refused(f"the token endpoint answered HTTP {response.status}")
            request = flow.send(response)
    except StopIteration as end:
        if isinstance(end.value, Token):
            return end.value
        raise _refused("the provider's plugin fetched no token") from None
    finally:
        flow.close()
    raise _refused("the provider's plugin asks for a token without end")


def _read_file(url: str) -> Response:
    path = Path(unquote(urlsplit(url).path))
    try:
        return Response(200, {}, path.read_bytes())
    except OSError as error:
        raise _refused(f"the credentials file cannot be read ({type(error).__name__})") from error


def _refused(message: str) -> CallFailed:
    return CallFailed(Failure(Kind.CREDENTIALS, message))
