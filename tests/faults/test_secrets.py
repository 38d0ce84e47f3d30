"""Positive controls of the search for exposures, and where the key and people's words could show beside the table."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.support.canary import API_KEY, KEY_PART, WORDS
from tests.support.clock import MovableLoop, movable_loop, run_turns
from tests.support.eventually import eventually
from tests.support.exposure import Exposures
from tests.support.process import ServerProcess
from tests.support.wire import envelope

from puretalk_client import APIConnectionError, AsyncPuretalk, Call, PuretalkError

from .harness import base_url, fail_to_resolve, new_id, play, result_of
from .scripts import ROWS
from .transports import OWN_POOLS, TRANSPORTS

over_each_transport = pytest.mark.parametrize("transport", TRANSPORTS)
over_own_pools = pytest.mark.parametrize("transport", OWN_POOLS)  # an external client has its own proxies
TIMEOUT = 1000.0
"""Seconds of a caller's own timeout, which the clock of the loop skips."""


@over_each_transport
@pytest.mark.parametrize("name", ["good", "mismatches", "reset-within-body", "key-in-msg", "silent-within-body"])
@pytest.mark.parametrize("anyio_backend", [("asyncio", {"loop_factory": MovableLoop, "debug": True})], ids=["debug"])
async def test_debug_mode_shows_nothing(name: str, transport: str, server: ServerProcess) -> None:
    """What asyncio logs in its debug mode holds neither the key nor people's words."""
    assert asyncio.get_running_loop().get_debug()
    assert (await play(ROWS[name], transport, server)).problems == []


@over_each_transport
@pytest.mark.parametrize("name", ["silent-within-headers", "silent-within-body"])
@pytest.mark.parametrize("how", ["cancel", "timeout", "wait_for"])
async def test_cancellation_shows_nothing(name: str, how: str, transport: str, server: ServerProcess) -> None:
    """A cancellation from outside passes through the same frames as an error, and shows as little."""
    exposures = Exposures()
    async with TRANSPORTS[transport](base_url=base_url(server, ROWS[name])) as client:
        call_id = new_id(name)
        fetch = client.calls.get(call_id, timeout=2 * TIMEOUT)
        task = asyncio.create_task({"cancel": unbounded, "timeout": under_timeout, "wait_for": waited_for}[how](fetch))
        await eventually(lambda: server.ask(f"pauses {call_id}"))
        await run_turns()
        if how == "cancel":
            task.cancel()
        else:
            movable_loop().move(TIMEOUT)
        with pytest.raises((asyncio.CancelledError, TimeoutError)) as caught:
            await task
        assert not isinstance(caught.value, PuretalkError)
        exposures.inspect_result(caught.value)
    assert (exposures.of_key(), exposures.of_words()) == ([], [])


async def unbounded(fetch: Coroutine[Any, Any, Call]) -> Call:
    """Await a call."""
    return await fetch


async def waited_for(fetch: Coroutine[Any, Any, Call]) -> Call:
    """Await a call for a while."""
    return await asyncio.wait_for(fetch, TIMEOUT)


async def under_timeout(fetch: Coroutine[Any, Any, Call]) -> Call:
    """Await a call under a timeout of the caller's own."""
    async with asyncio.timeout(TIMEOUT):
        return await fetch


@pytest.mark.parametrize(
    "text",
    [API_KEY, API_KEY[: -KEY_PART - 1], API_KEY[KEY_PART + 1 :], WORDS["turn"]],
    ids=["key", "start", "end", "words"],
)
def test_search_finds_what_shows(text: str) -> None:
    """A key, a part of it and a word are found in a log and in every part of an error."""
    exposures = Exposures()
    with exposures.capture_logs():
        logging.getLogger("anybody").debug("%s", f"<{text}>")
    exposures.inspect_result(ValueError(text))
    found = [where.rpartition(": ")[2] for where in exposures.of_key() + exposures.of_words()]
    assert found == ["ValueError in the chain", "log of anybody", "pickle", "repr", "traceback of ValueError"]


def test_search_looks_into_frames_causes_and_groups() -> None:
    """A key is found in the locals of a frame, and in an error that another one hides."""
    exposures = Exposures()
    try:
        hide_the_key()
    except* RuntimeError as group:
        exposures.inspect_result(group)
    assert exposures.of_key() == ["LookupError in the chain", "traceback of LookupError", "traceback of RuntimeError"]


def hide_the_key() -> None:
    """Raise an error that does not show the key itself."""
    try:
        headers = [API_KEY]
        raise LookupError(*headers)
    except LookupError:
        raise RuntimeError("nothing to see") from None


async def test_server_and_client_send_what_is_searched_for(server: ServerProcess) -> None:
    """The server does send every word, and the client does send the key."""
    assert all(word.encode() in envelope("c", unknown=WORDS["mismatch"]) for word in WORDS.values())
    async with AsyncPuretalk(API_KEY, base_url=base_url(server, ROWS["good"])) as client:
        call = await client.calls.get(new_id("key-in-a-good-call"))
    assert call.campaign_id == API_KEY
    assert call.transcript == WORDS["transcript"]


@over_own_pools
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY", "HTTPS_PROXY"])
async def test_requests_to_loopback_pass_no_proxy(
    name: str, transport: str, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment does not receive requests to this machine."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{server.ports['elsewhere']}")
    async with TRANSPORTS[transport](base_url=base_url(server, ROWS["good"])) as client:
        assert isinstance(await result_of(client.calls.get(new_id("good"))), Call)
    assert server.ask("elsewhere") == [0, ""]


@over_own_pools
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY"])
async def test_proxy_gets_a_tunnel_and_no_key(
    name: str, transport: str, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy of the environment is used for https, and sees no more than host and port."""
    monkeypatch.setenv(name, f"http://127.0.0.1:{server.ports['elsewhere']}")
    async with TRANSPORTS[transport](base_url="https://api.test", max_retries=0) as client:
        assert isinstance(await result_of(client.calls.get("c")), APIConnectionError)
    connections, received = server.ask("elsewhere")
    assert connections == 1
    assert received.startswith("CONNECT api.test:443 HTTP/1.1\r\n")
    exposures = Exposures()
    exposures.add("proxy", received)
    assert exposures.of_key() == []


@over_own_pools
@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
async def test_plain_http_passes_no_proxy(
    name: str, transport: str, server: ServerProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy would see the key of a plain http request to another machine."""
    fail_to_resolve()
    monkeypatch.setenv(name, f"http://127.0.0.1:{server.ports['elsewhere']}")
    options = {"base_url": "http://nowhere.invalid", "allow_insecure": True, "max_retries": 0}
    async with TRANSPORTS[transport](**options) as client:
        assert isinstance(await result_of(client.calls.get("c")), APIConnectionError)
    assert server.ask("elsewhere") == [0, ""]
