"""An aiohttp.web service: one client for its lifetime, over aiohttp as well.

Run it with ``python aiohttp_service.py``. It needs puretalk-client with the extra
``aiohttp``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from puretalk_client import AsyncPuretalk, InvalidCallIdError, NotFoundError, PuretalkError

PURETALK = web.AppKey("puretalk", AsyncPuretalk)


async def client_of_the_service(app: web.Application) -> AsyncIterator[None]:
    """Open the client when the service starts, and close it when it ends."""
    async with AsyncPuretalk(transport="aiohttp", timeout=10) as client:
        app[PURETALK] = client
        yield


async def read_call(request: web.Request) -> web.Response:
    """Return a call."""
    try:
        call = await request.app[PURETALK].calls.get(request.match_info["call_id"])
    except (NotFoundError, InvalidCallIdError):
        raise web.HTTPNotFound(text="No such call") from None
    except PuretalkError as error:
        raise web.HTTPBadGateway(text=f"The voice service failed: {type(error).__name__}") from None
    return web.json_response(text=call.to_json())


def make_app() -> web.Application:
    """Return the service."""
    app = web.Application()
    app.cleanup_ctx.append(client_of_the_service)
    app.router.add_get("/calls/{call_id}", read_call)
    return app


if __name__ == "__main__":
    web.run_app(make_app(), host="127.0.0.1")
