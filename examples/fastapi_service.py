"""A FastAPI service: one client for its lifetime, ``Call`` as a response model, and errors as statuses.

Run it with ``uvicorn fastapi_service:app``. It needs puretalk-client, fastapi and uvicorn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse

from puretalk_client import (
    APIConnectionError,
    AsyncPuretalk,
    Call,
    InvalidCallIdError,
    NotFoundError,
    PuretalkError,
    RateLimitError,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Open the client when the service starts, and close it when it ends."""
    async with AsyncPuretalk(timeout=10) as client:
        app.state.puretalk = client
        yield


app = FastAPI(lifespan=lifespan)


def puretalk(request: Request) -> AsyncPuretalk:
    """Return the client of the service."""
    client: AsyncPuretalk = request.app.state.puretalk
    return client


@app.get("/calls/{call_id}")
async def read_call(call_id: str, client: Annotated[AsyncPuretalk, Depends(puretalk)]) -> Call:
    """Return a call."""
    return await client.calls.get(call_id)


@app.exception_handler(PuretalkError)
async def on_error(request: Request, error: PuretalkError) -> JSONResponse:
    """Say what happened, without what the vendor said about it."""
    if isinstance(error, NotFoundError | InvalidCallIdError):
        return JSONResponse({"detail": "No such call"}, 404)
    if isinstance(error, RateLimitError | APIConnectionError):
        headers = {"Retry-After": f"{error.retry_after or 1:.0f}"}
        return JSONResponse({"detail": "Try again later"}, 503, headers)
    return JSONResponse({"detail": "The voice service failed", "request_id": error.request_id}, 502)
