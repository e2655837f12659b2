"""Foreign exceptions become failures here, and nowhere else."""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from headgate.provider.failure import Failure, Kind


def failure_of(error: Exception) -> Failure | None:
    """What a network error means; None if it is not one of the network's."""
    match error:
        case aiohttp.ConnectionTimeoutError() | aiohttp.SocketTimeoutError():
            return Failure(Kind.TIMEOUT, "the provider did not accept a connection in time")
        case aiohttp.ClientConnectorDNSError():
            return Failure(Kind.CONNECTION, "the provider's host name cannot be resolved")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return Failure(Kind.CONNECTION, "the provider's TLS certificate or handshake failed")
        case aiohttp.ClientConnectorError():
            reason = error.os_error.strerror or "no connection"
            return Failure(Kind.CONNECTION, f"the provider cannot be reached: {reason}")
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientOSError():
            return Failure(Kind.CONNECTION, "the provider closed the connection before answering")
        case aiohttp.ClientPayloadError():
            return Failure(Kind.CUT, "the provider's answer broke off")
        case aiohttp.InvalidURL():
            return Failure(Kind.CONNECTION, "the provider's base_url is not a URL")
        case aiohttp.ClientResponseError() | aiohttp.ClientError():
            # aiohttp puts a 400 on answers it cannot parse; that is the vendor's fault.
            return Failure(Kind.GARBLED, "the provider did not answer in HTTP")
        case HttpProcessingError():
            return Failure(Kind.GARBLED, "the provider did not answer in HTTP")
        case ssl.SSLError():
            return Failure(Kind.CONNECTION, "the connection to the provider broke")
        case ConnectionError():
            return Failure(Kind.CONNECTION, "the provider closed the connection before answering")
        case asyncio.TimeoutError():
            return Failure(Kind.TIMEOUT, "the provider did not accept a connection in time")
        case _:
            return None


_PHASES = {
    "connect": "did not answer in time",
    "first_token": "sent no first token in time",
    "idle": "stopped sending",
    "total": "did not finish within the call's deadline",
}


def timeout_of(phase: str) -> Failure:
    """The failure of a clock that ran out."""
    return Failure(Kind.TIMEOUT, f"the provider {_PHASES[phase]}", code=f"{phase}_timeout")
