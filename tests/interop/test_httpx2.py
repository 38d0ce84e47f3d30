"""An external client of httpx2, which this package neither imports nor requires."""

from __future__ import annotations

import pytest
from tests.support.canary import API_KEY
from tests.support.process import scripted_server

from puretalk_client import (
    APIConnectionError,
    APITimeoutError,
    AsyncPuretalk,
    CallIdMismatchError,
    NotFoundError,
    ProtocolError,
    PuretalkError,
)

httpx2 = pytest.importorskip("httpx2", reason="httpx2 is not installed")

OUTCOMES: dict[str, type[PuretalkError]] = {
    "status-404": NotFoundError,
    "id-of-another-call": CallIdMismatchError,
    "close-before-headers": ProtocolError,
    "reset-before-headers": APIConnectionError,
    "gzip-cut": ProtocolError,
    "never-responds": APITimeoutError,
}


async def test_requests_and_errors_are_those_of_other_transports() -> None:
    """Also where the class of the client is the application's own."""

    class Own(httpx2.AsyncClient):  # type: ignore[misc, name-defined]
        pass

    with scripted_server("tests.faults.scripts") as server:
        url = f"http://127.0.0.1:{server.ports['plain']}/good"
        for kind in (httpx2.AsyncClient, Own):
            async with kind() as http, AsyncPuretalk(API_KEY, base_url=url, http_client=http, max_retries=0) as client:
                assert (await client.calls.get("good--1")).call_id == "good--1"
                assert client.max_connections == 100
                for script, error in OUTCOMES.items():
                    timeout = 0.2 if script == "never-responds" else 60
                    with pytest.raises(error) as caught:
                        await client.calls.get(f"{script}--1", timeout=timeout)
                    assert "Unexpected" not in caught.value.message
                assert (await client.calls.get("good--2")).call_id == "good--2"
        async with httpx2.AsyncClient() as http:
            refused = f"http://127.0.0.1:{server.ports['refused']}"
            async with AsyncPuretalk(API_KEY, base_url=refused, http_client=http, max_retries=0) as client:
                with pytest.raises(APIConnectionError, match=r"Could not connect to 127\.0\.0\.1") as caught:
                    await client.calls.get("good--1")
                assert not caught.value.request_sent
