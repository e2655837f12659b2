"""Where connections go: what the connector needs to know about one origin, computed once."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from aiohttp import hdrs
from aiohttp.client_reqrep import ConnectionKey
from multidict import CIMultiDict
from yarl import URL

from headgate.provider.failure import CallFailed, Failure, Kind
from headgate.provider.secret import Secret


class Origin:
    """Stands in for aiohttp's `ClientRequest` where a connection is asked for.

    The connector reads these names and nothing else; building a whole request object for every
    call costs more than sending it.
    """

    proxy = None
    proxy_auth = None
    proxy_headers = None
    server_hostname = None
    ssl = True
    method = hdrs.METH_POST

    def __init__(self, url: URL) -> None:
        self.url = url
        self.host = url.raw_host or ""
        self.port = url.port
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.request_info: Any = None
        self.connection_key = ConnectionKey(
            self.host, self.port, url.scheme == "https", True, None, None, None, None
        )

    def is_ssl(self) -> bool:
        """Whether to speak TLS."""
        return self.connection_key.is_ssl


@functools.lru_cache(maxsize=256)
def origin_of(scheme: str, host: str, port: int | None) -> Origin:
    """One object for all requests to the same place."""
    return Origin(URL.build(scheme=scheme, host=host, port=port))


@functools.lru_cache(maxsize=1024)
def prepared(
    method: str, url: str, auth_header: tuple[str, str], key: Secret | None, *, accept: bool
) -> tuple[Origin, str]:
    """The origin of a URL, and the head of a request to it up to what changes from call to call.
    Without `accept` the provider says itself what it takes.

    Raises `CallFailed` (connection) for what is not an absolute http(s) URL.
    """
    # As the plugin wrote it: a signature covers the path byte for byte.
    parsed = URL(url, encoded=url.isascii())
    if " " in url or not url.isprintable():
        raise CallFailed(Failure(Kind.PLUGIN, "the provider's URL holds a character it must not"))
    if parsed.scheme not in ("http", "https") or not parsed.raw_host:
        raise CallFailed(Failure(Kind.CONNECTION, "the provider's base_url is not an http(s) URL"))
    host = parsed.raw_host if ":" not in parsed.raw_host else f"[{parsed.raw_host}]"
    if parsed.explicit_port is not None:
        host += f":{parsed.explicit_port}"
    head = [
        f"{method} {parsed.raw_path_qs} HTTP/1.1",
        f"Host: {host}",
        "User-Agent: headgate",
        *(("Accept: application/json, text/event-stream",) if accept else ()),
        # A truncated compressed stream cannot be told from a whole one.
        "Accept-Encoding: identity",
    ]
    if key is not None:
        name, prefix = auth_header
        head.append(f"{name}: {safe(prefix + key.reveal())}")
    origin = origin_of(parsed.scheme, parsed.raw_host, parsed.port)
    return origin, "\r\n".join(head)


def extra_fields(headers: Mapping[str, str]) -> str:
    """A provider's own headers, as lines to append to the head."""
    return "".join(f"\r\n{safe(name)}: {safe(value)}" for name, value in headers.items())


def safe(text: str) -> str:
    """`text`, if it cannot break out of a header line. Raises `CallFailed` (plugin)."""
    if not text.isprintable() or not text.isascii():
        raise CallFailed(
            Failure(Kind.PLUGIN, "a header for the provider holds a character it must not")
        )
    return text
