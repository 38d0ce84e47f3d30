"""The API key and callers' words: nowhere in what anybody else may read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest

from puretalk_client import APIConnectionError, AsyncPuretalk, Call

from .exposure import Exposures
from .harness import API_KEY, TRANSPORTS, base_url, new_id, outcome, played, run_row
from .process import FaultServer, fault_server
from .table_rows import ROWS
from .wire import WORDS, envelope

over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)


@over_each_transport
@pytest.mark.parametrize("name", ROWS)
def test_nothing_shows(name: str, transport: str, server: FaultServer) -> None:
    """No repr, log of any library, error, cause, frame, pickle or drift holds the key or what people said."""
    exposures = played(name, transport, server).exposures
    assert (exposures.of_the_key(), exposures.of_words()) == ([], [])


@over_each_transport
@pytest.mark.parametrize("name", ["good", "strays", "reset-within-body", "key-in-msg", "silent-within-body"])
def test_nothing_shows_when_asyncio_debugs(name: str, transport: str, server: FaultServer) -> None:
    """What asyncio logs in its debug mode holds neither the key nor what people said."""
    exposures = asyncio.run(run_row(ROWS[name], transport, server), debug=True).exposures
    assert (exposures.of_the_key(), exposures.of_words()) == ([], [])


@over_each_transport
@pytest.mark.parametrize("name", ["silent-within-headers", "silent-within-body"])
@pytest.mark.parametrize("how", ["cancel", "timeout", "wait_for"])
def test_nothing_shows_when_a_call_is_cancelled(
    name: str, how: str, transport: str, server: FaultServer
) -> None:
    """A cancellation from outside passes through the same frames as an error, and shows as little."""
    exposures = Exposures(API_KEY)

    async def run() -> None:
        async with TRANSPORTS[transport](base_url=base_url(server, ROWS[name])) as client:
            call = client.calls.get(new_id(name))
            got: BaseException | None = None
            try:
                await {"cancel": cancelled, "timeout": within, "wait_for": waited_for}[how](call)
            except (asyncio.CancelledError, TimeoutError) as error:
                got = error
            assert got is not None
            assert not isinstance(got, APIConnectionError)
            exposures.look_at_outcome(got)

    asyncio.run(run())
    assert (exposures.of_the_key(), exposures.of_words()) == ([], [])


async def cancelled(call: Coroutine[Any, Any, Call]) -> Call:
    """Await a call in a task that is cancelled."""
    task = asyncio.create_task(call)
    await asyncio.sleep(0.2)
    task.cancel()
    return await task


async def waited_for(call: Coroutine[Any, Any, Call]) -> Call:
    """Await a call for a while."""
    return await asyncio.wait_for(call, 0.2)


async def within(call: Coroutine[Any, Any, Call]) -> Call:
    """Await a call under a timeout of the caller's own."""
    async with asyncio.timeout(0.2):
        return await call


def test_the_search_finds_what_is_there() -> None:
    """Positive control: a key or a word that does show is found, in a log as in an error."""
    for text in (API_KEY, API_KEY[:-9], API_KEY[9:], WORDS["turn"]):
        exposures = Exposures(API_KEY)
        with exposures.logs():
            logging.getLogger("anybody").debug("%s", f"<{text}>")
        exposures.look_at_outcome(ValueError(text))
        found = exposures.of_the_key() + exposures.of_words()
        assert any("log of anybody" in place for place in found)
        assert any("ValueError in the chain" in place for place in found)
        assert any("traceback of ValueError" in place for place in found)
        assert any("pickle" in place for place in found)


def test_the_words_are_in_the_call(server: FaultServer) -> None:
    """Positive control: the server does send every word, and the client does send the key."""
    assert all(word.encode() in envelope("c", stray=WORDS["stray"]) for word in WORDS.values())

    async def run() -> None:
        async with AsyncPuretalk(API_KEY, base_url=base_url(server, ROWS["good"])) as client:
            call = await client.calls.get(new_id("key-in-a-good-call"))
        assert call.campaign_id == API_KEY
        assert call.transcript == WORDS["transcript"]

    asyncio.run(run())


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"])
def test_no_proxy_is_asked_for_this_machine(
    name: str, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment never hears of calls to loopback."""
    with fault_server() as other:
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.ports['elsewhere']}")

        async def run() -> None:
            async with AsyncPuretalk(API_KEY, base_url=base_url(server, ROWS["good"])) as client:
                assert isinstance(await outcome(client.calls.get(new_id("good"))), Call)

        asyncio.run(run())
        assert other.ask("elsewhere") == [0, ""]


@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
def test_proxy_gets_a_tunnel_and_no_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For https, a proxy of the environment is used as httpx does, and told no more than the host."""
    with fault_server() as other:
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.ports['elsewhere']}")

        async def run() -> object:
            async with AsyncPuretalk(API_KEY, base_url="https://api.test", max_retries=0) as client:
                return await outcome(client.calls.get("c"))

        assert isinstance(asyncio.run(run()), APIConnectionError)
        connections, received = other.ask("elsewhere")
        assert connections == 1
        assert received.startswith("CONNECT api.test:443 HTTP/1.1\r\n")
        exposures = Exposures(API_KEY)
        exposures.show("proxy", received)
        assert exposures.of_the_key() == []


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_plain_http_goes_through_no_proxy(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain http through a proxy would show the proxy the key."""
    with fault_server() as other:
        monkeypatch.setenv(name, f"http://127.0.0.1:{other.ports['elsewhere']}")

        async def run() -> None:
            client = AsyncPuretalk(
                API_KEY,
                base_url="http://nowhere.invalid",
                allow_insecure=True,
                max_retries=0,
                connect_timeout=0.3,
            )
            async with client:
                await outcome(client.calls.get("c"))

        asyncio.run(run())
        assert other.ask("elsewhere") == [0, ""]
