"""Reading a request's body within limits of size and patience."""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.web_exceptions import HTTPException

from headgate.provider.failure import CallFailed, Failure, Kind

#: After this long a body must have come at `_MIN_RATE` bytes a second on average.
_GRACE, _MIN_RATE = 30.0, 1024


async def read_body(request: web.BaseRequest, limit: int, idle: float) -> bytes:
    """The whole body. Raises `CallFailed`: too_large, slow_client, unsupported_media."""
    headers = request.headers
    encoding = headers.get("Content-Encoding")
    if encoding and encoding.lower() != "identity":
        raise CallFailed(
            Failure(
                Kind.UNSUPPORTED_MEDIA,
                "Compressed request bodies are not accepted; send the JSON as it is.",
            )
        )
    if headers.get("Content-Type", "").lower().startswith("multipart/"):
        raise CallFailed(Failure(Kind.UNSUPPORTED_MEDIA, "Send the request as application/json."))
    content = request.content
    if content.is_eof():
        # Nearly always the body came with the head; a chunked one has not said its size.
        raw = content.read_nowait(-1)
        if len(raw) > limit:
            raise _too_large(limit)
        return raw
    if (request.content_length or 0) > limit:
        raise _too_large(limit)
    _say_continue(request)
    pieces, size = [], 0
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not content.at_eof():
        try:
            async with asyncio.timeout(idle):
                piece = await content.readany()
        except TimeoutError:
            raise _slow() from None
        except (HTTPException, ConnectionError):
            raise
        except Exception:  # noqa: BLE001 - the parser's own kinds of error for a bad chunk
            raise CallFailed(
                Failure(Kind.INVALID_REQUEST, "The request body is not valid HTTP.")
            ) from None
        pieces.append(piece)
        size += len(piece)
        if size > limit:
            raise _too_large(limit)
        passed = loop.time() - began
        if passed > _GRACE and size < passed * _MIN_RATE and not content.at_eof():
            raise _slow()
    return b"".join(pieces)


def _say_continue(request: web.BaseRequest) -> None:
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def _too_large(limit: int) -> CallFailed:
    return CallFailed(
        Failure(Kind.TOO_LARGE, f"The request body is larger than {limit} bytes.", param=None)
    )


def _slow() -> CallFailed:
    return CallFailed(Failure(Kind.SLOW_CLIENT, "The request body did not arrive in time."))
