"""Asking a provider for its models."""

from __future__ import annotations

import asyncio
import time

from headgate.attempts.link import Link
from headgate.provider.base import Listed
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.wire import Request, Response
from headgate.upstream.client import Client
from headgate.upstream.failures import failure_of

_PATIENCE = 10.0


async def models_of(link: Link, client: Client) -> dict[str, Listed] | None:
    """The provider's models by id; None where it has no way of listing them.

    Raises `CallFailed`.
    """
    provider = link.provider
    request = provider.listing()
    if request is None:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            response = await _asked(link, client, request)
    except Exception as error:
        if isinstance(error, CallFailed):
            raise
        failure = failure_of(error) or Failure(Kind.CONNECTION, type(error).__name__)
        raise CallFailed(failure) from error
    if response.status != 200:
        raise CallFailed(
            Failure(Kind.SERVER_ERROR, f"HTTP {response.status}", status=response.status)
        )
    try:
        return {listed.id: listed for listed in provider.listed(response)}
    # Foreign JSON of any shape, read by a plugin.
    except Exception as error:
        raise CallFailed(Failure(Kind.GARBLED, "its list of models cannot be read")) from error


async def _asked(link: Link, client: Client, request: Request) -> Response:
    key = link.keyring.secret(link.keyring.pick(time.monotonic()))
    if key is not None or link.credential is None:
        return await client.ask(request, link.provider.auth_header, key, connect=_PATIENCE)
    token, signer = await link.credential.obtain(client.ask)
    return await client.ask(
        request, link.provider.token_header, token, connect=_PATIENCE, signer=signer
    )
