"""The least an aiohttp reverse proxy can do: no keys, no rules, no metering, no log."""

import sys
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web

UPSTREAM, PORT = sys.argv[1], int(sys.argv[2])
CLIENT = web.AppKey("client", aiohttp.ClientSession)


async def relay(request: web.Request) -> web.StreamResponse:
    body = await request.read()
    session = request.app[CLIENT]
    headers = {"Content-Type": "application/json"}
    async with session.post(f"{UPSTREAM}{request.path}", data=body, headers=headers) as answer:
        if not answer.content_type.startswith("text/event-stream"):
            return web.Response(body=await answer.read(), content_type="application/json")
        out = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await out.prepare(request)
        async for chunk in answer.content.iter_any():
            await out.write(chunk)
        await out.write_eof()
        return out


async def session(app: web.Application) -> AsyncIterator[None]:
    connector = aiohttp.TCPConnector(limit=0)
    app[CLIENT] = aiohttp.ClientSession(connector=connector, auto_decompress=False)
    yield
    await app[CLIENT].close()


def main() -> None:
    app = web.Application(client_max_size=2**25)
    app.cleanup_ctx.append(session)
    app.router.add_post("/v1/chat/completions", relay)
    uvloop.install()
    web.run_app(app, host="127.0.0.1", port=PORT, access_log=None, print=None)


main()
