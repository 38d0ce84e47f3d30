"""Rate limits and outages, in virtual time."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from typing import Any

import httpx
import pytest
from tests.unit.testing.in_process import KEY, assert_error, get, send
from tests.unit.testing.recording import client_of

from puretalk_client import AsyncPuretalk, Attempt
from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox, running_server, virtual_time


async def statuses(sandbox: Sandbox, count: int, **options: Any) -> list[int]:
    """Send so many requests in one moment, and return their statuses."""
    return [(await get(sandbox, **options)).status_code for _ in range(count)]


class TestRateLimit:
    @virtual_time()
    async def test_token_bucket(self) -> None:
        """A burst passes, then as many as the rate has tokens; a pause saves no more than the burst."""
        sandbox = Sandbox()
        sandbox.set_rate_limit(2, burst=3)
        assert await statuses(sandbox, 5) == [200] * 3 + [429] * 2
        await asyncio.sleep(0.5)
        assert await statuses(sandbox, 2) == [200, 429]
        await asyncio.sleep(0.4)
        assert await statuses(sandbox, 1) == [429]
        await asyncio.sleep(1000)
        assert await statuses(sandbox, 5) == [200] * 3 + [429] * 2

    @pytest.mark.parametrize(("rate", "retry_after"), [(50, "1"), (1, "1"), (0.5, "2"), (0.3, "4"), (1 / 3600, "3600")])
    def test_retry_after(self, rate: float, retry_after: str) -> None:
        """The refusal says in whole seconds when a request may come again, and then one may."""

        @virtual_time()
        async def check() -> None:
            sandbox = Sandbox()
            sandbox.set_rate_limit(rate, burst=1)
            await get(sandbox)
            refusal = await get(sandbox)
            assert_error(refusal, 429)
            assert refusal.headers["retry-after"] == retry_after
            await asyncio.sleep(int(retry_after))
            assert await statuses(sandbox, 1) == [200]

        check()

    @virtual_time()
    async def test_exact_rate_passes(self) -> None:
        """Requests at exactly the allowed rate are never refused, whatever the rounding of floats."""
        sandbox = Sandbox()
        sandbox.set_rate_limit(7, burst=1)
        for number in range(500):
            await asyncio.sleep(number / 7 - asyncio.get_running_loop().time())
            assert await statuses(sandbox, 1) == [200]

    @virtual_time()
    async def test_every_request_counts(self) -> None:
        """A gateway counts requests without a key and for unknown paths too, before a scripted fault or the key."""
        sandbox = Sandbox()
        sandbox.set_rate_limit(0.001, burst=2)
        sandbox.fail_next(Fault(status=503))
        assert (await send(sandbox, "/", headers={})).status_code == 503
        sandbox.fail_next(Fault(status=503))
        assert await statuses(sandbox, 1) == [503]
        sandbox.fail_next(Fault(status=503))
        assert await statuses(sandbox, 2, headers={}) == [429, 429]
        sandbox.set_rate_limit(None)
        assert await statuses(sandbox, 2) == [503, 200]

    @virtual_time()
    async def test_lifecycle_does_not_advance(self) -> None:
        """A refused request does not advance a call."""
        sandbox = Sandbox()
        sandbox.add_lifecycle({"call_id": SAMPLE_CALL_ID})
        sandbox.set_rate_limit(1)
        responses = [await get(sandbox), await get(sandbox)]
        await asyncio.sleep(1)
        responses.append(await get(sandbox))
        assert [response.json().get("results", {}).get("status") for response in responses] == [
            "queued",
            None,
            "ringing",
        ]

    @virtual_time()
    async def test_client_keeps_to_it(self) -> None:
        """A thousand requests at once all succeed, in about the time that the limit allows."""
        attempts: Counter[int | None] = Counter()
        sandbox = Sandbox()
        sandbox.set_rate_limit(50)

        def count(attempt: Attempt) -> None:
            attempts[attempt.status_code] += 1

        async with client_of(sandbox, timeout=120.0, on_attempt=count) as client:
            await asyncio.gather(*(client.calls.get(SAMPLE_CALL_ID) for _ in range(1000)))
        assert attempts[200] == 1000
        assert attempts[429] > 0
        assert asyncio.get_running_loop().time() >= 950 / 50

    @pytest.mark.parametrize("rate", [0, -1, math.nan, math.inf])
    def test_impossible_rate(self, rate: float) -> None:
        """A rate is a positive number."""
        with pytest.raises(ValueError, match="rate must be"):
            Sandbox().set_rate_limit(rate)

    @pytest.mark.parametrize("burst", [0, -1])
    def test_impossible_burst(self, burst: int) -> None:
        """A burst is at least one request."""
        with pytest.raises(ValueError, match="burst must be"):
            Sandbox().set_rate_limit(5, burst=burst)


class TestOutage:
    @virtual_time()
    async def test_lasts_for_its_seconds(self) -> None:
        """Every request fails until the outage is over, and none afterwards."""
        sandbox = Sandbox()
        sandbox.fail_for(30, Fault(status=503))
        assert await statuses(sandbox, 3) == [503] * 3
        await asyncio.sleep(29.9)
        assert await statuses(sandbox, 1) == [503]
        await asyncio.sleep(0.1)
        assert await statuses(sandbox, 3) == [200] * 3

    def test_scripted_before_the_event_loop(self) -> None:
        """Without an event loop, an outage begins with the first request."""
        sandbox = Sandbox()
        sandbox.fail_for(30, Fault(status=503))

        @virtual_time()
        async def check() -> None:
            await asyncio.sleep(100)
            assert await statuses(sandbox, 1) == [503]
            await asyncio.sleep(29)
            assert await statuses(sandbox, 1) == [503]
            await asyncio.sleep(1)
            assert await statuses(sandbox, 1) == [200]

        check()

    @virtual_time()
    async def test_fail_next_goes_first(self) -> None:
        """A fault for the next request takes precedence, and outages apply in the order scripted."""
        sandbox = Sandbox()
        sandbox.fail_for(10, Fault(status=503))
        sandbox.fail_for(20, Fault(status=502))
        sandbox.fail_next(Fault(status=429))
        assert await statuses(sandbox, 3) == [429, 503, 503]
        await asyncio.sleep(10)
        assert await statuses(sandbox, 2) == [502] * 2
        await asyncio.sleep(10)
        assert await statuses(sandbox, 1) == [200]

    @virtual_time()
    async def test_for_one_call(self) -> None:
        """An outage can concern one call only."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "1"})
        sandbox.fail_for(10, Fault(status=503, call_id="1"))
        assert await statuses(sandbox, 2) == [200] * 2
        assert await statuses(sandbox, 2, call_id="1") == [503] * 2

    @pytest.mark.parametrize("fault", [Fault(status=503), Fault(reset=True), Fault(cut_after=10), Fault(delay=1000)])
    def test_client_survives_it(self, fault: Fault) -> None:
        """A request whose time is longer than the outage succeeds."""

        @virtual_time()
        async def check() -> None:
            sandbox = Sandbox()
            async with client_of(sandbox, timeout=100.0, max_retries=50) as client:
                sandbox.fail_for(60, fault)
                loop = asyncio.get_running_loop()
                if fault.delay:
                    with pytest.raises(TimeoutError):
                        await client.calls.get(SAMPLE_CALL_ID)
                await client.calls.get(SAMPLE_CALL_ID)
                assert loop.time() >= 60

        check()

    @pytest.mark.parametrize("seconds", [0, -1, math.nan, math.inf])
    def test_impossible_time(self, seconds: float) -> None:
        """An outage lasts for a positive number of seconds."""
        with pytest.raises(ValueError, match="outage lasts"):
            Sandbox().fail_for(seconds, Fault(status=503))


BROKEN = {
    "reset": Fault(reset=True),
    "cut": Fault(cut_after=10),
    "cut at once": Fault(cut_after=0),
    "cut error": Fault(status=503, cut_after=5),
    "cut body": Fault(body={"err": False}, cut_after=3),
}


class TestBrokenConnections:
    @pytest.mark.parametrize("name", BROKEN)
    async def test_in_process(self, name: str) -> None:
        """Without a connection, it is an exception; the next request works."""
        sandbox = Sandbox()
        sandbox.fail_next(BROKEN[name])
        with pytest.raises(ConnectionResetError, match="as scripted"):
            await get(sandbox)
        assert await statuses(sandbox, 1) == [200]

    def test_reset_on_loopback(self, caplog: pytest.LogCaptureFixture) -> None:
        """The client sees a reset; the next request works, and the server logs nothing."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(reset=True))
        with running_server(sandbox) as url, httpx.Client(trust_env=False, headers=KEY, timeout=None) as http:
            with pytest.raises(httpx.ReadError, match="reset by peer"):
                http.get(f"{url}/calls/{SAMPLE_CALL_ID}")
            assert http.get(f"{url}/calls/{SAMPLE_CALL_ID}").status_code == 200
        assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []

    @pytest.mark.parametrize("name", sorted(BROKEN.keys() - {"reset"}))
    def test_cut_on_loopback(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        """The client gets the status and so many bytes; the next request works, and the server logs nothing."""
        sandbox = Sandbox()
        sandbox.fail_next(BROKEN[name])
        with running_server(sandbox) as url, httpx.Client(trust_env=False, headers=KEY, timeout=None) as http:
            with http.stream("GET", f"{url}/calls/{SAMPLE_CALL_ID}") as response:
                assert response.status_code == (BROKEN[name].status or 200)
                with pytest.raises(httpx.RemoteProtocolError, match=rf"received {BROKEN[name].cut_after} bytes"):
                    response.read()
            assert http.get(f"{url}/calls/{SAMPLE_CALL_ID}").status_code == 200
        assert [record for record in caplog.records if record.levelname in ("WARNING", "ERROR")] == []

    @pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
    @pytest.mark.parametrize("name", ["reset", "cut", "cut at once"])
    def test_client_retries(self, transport: Any, name: str) -> None:
        """``AsyncPuretalk`` retries, over sockets too."""
        sandbox = Sandbox()
        sandbox.fail_next(BROKEN[name])

        async def fetch(base_url: str) -> int:
            async with AsyncPuretalk(sandbox.api_key, base_url=base_url, transport=transport) as client:
                return (await client.calls.with_raw_response.get(SAMPLE_CALL_ID)).attempts

        with running_server(sandbox) as url:
            assert asyncio.run(fetch(url)) == 2

    async def test_body_that_is_shorter(self) -> None:
        """A body that ends before the cut is complete."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=503, body=b"12345", cut_after=5))
        assert (await get(sandbox)).content == b"12345"

    @pytest.mark.parametrize(
        "arguments",
        [
            {"reset": True, "status": 503},
            {"reset": True, "body": b""},
            {"reset": True, "headers": {"a": "b"}},
            {"reset": True, "cut_after": 1},
            {"cut_after": -1},
            {"cut_after": 0, "status": 204},
        ],
    )
    def test_contradictions(self, arguments: dict[str, Any]) -> None:
        """A fault that contradicts itself raises when it is created."""
        with pytest.raises(ValueError, match=r"cut_after|reset"):
            Fault(**arguments)

    @virtual_time()
    async def test_delay_before_a_reset(self) -> None:
        """The delay passes first."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(reset=True, delay=30))
        with pytest.raises(ConnectionResetError):
            await get(sandbox)
        assert asyncio.get_running_loop().time() == 30
