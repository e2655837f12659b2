"""Asking a provider for its models."""

from __future__ import annotations

import asyncio

from headgate.provider.base import Listed, Provider
from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.secret import Secret
from headgate.provider.wire import Request, Response
from headgate.upstream.client import Client, lowered
from headgate.upstream.credential import Credential
from headgate.upstream.failures import failure_of

_PATIENCE = 10.0


async def models_of(
    client: Client, provider: Provider, key: Secret | None, credential: Credential | None
) -> dict[str, Listed] | None:
    """The provider's models by id; None where it has no way of listing them.

    Raises `CallFailed`.
    """
    request = provider.listing()
    if request is None:
        return None
    try:
        async with asyncio.timeout(_PATIENCE):
            response = await _asked(client, provider, request, key, credential)
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


async def _asked(
    client: Client,
    provider: Provider,
    request: Request,
    key: Secret | None,
    credential: Credential | None,
) -> Response:
    header, signer = provider.auth_header, None
    if key is None and credential is not None:
        key, signer = await credential.obtain(client.ask)
        header = provider.token_header
    answer = await client.send(request, header, key, _PATIENCE, signer)
    try:
        body = await answer.read(lambda: None)
    finally:
        answer.close()
    return Response(answer.status, lowered(answer.headers), body)
