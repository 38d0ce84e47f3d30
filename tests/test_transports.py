"""Choosing a transport, and what each of them takes from the environment."""

from __future__ import annotations

import asyncio
import builtins
import contextlib
import logging
import ssl
import subprocess
import sys
from typing import Any

import httpx
import pytest

from puretalk_client import AsyncPuretalk, Call, ConfigurationError
from puretalk_client._transports import open_transport
from puretalk_client._transports._aiohttp import AiohttpTransport
from puretalk_client._transports._failures import quiet_logs, without_secrets
from puretalk_client._transports._httpx import HttpxTransport, LentClient
from puretalk_client._transports._protocol import environment_proxy
from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox, running_server, serve

API = "https://api.test/api"


def opened(kind: Any, base_url: str = API) -> Any:
    """Open a transport with plain settings."""
    return open_transport(kind, base_url, verify=True, connect_timeout=5.0, max_connections=10)


def test_each_name_has_its_transport() -> None:
    """httpx, aiohttp, or the caller's own client."""
    assert isinstance(opened("httpx"), HttpxTransport)
    assert isinstance(opened("aiohttp"), AiohttpTransport)
    assert isinstance(opened(httpx.AsyncClient()), LentClient)


@pytest.mark.parametrize("kind", ["", "requests", None])
def test_unknown_transport_is_refused(kind: Any) -> None:
    """A typing error does not become the default."""
    with pytest.raises(ConfigurationError, match="httpx' or 'aiohttp"):
        AsyncPuretalk("k", transport=kind)


def test_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without aiohttp the message names the extra."""
    real = builtins.__import__

    def without_aiohttp(name: str, *rest: Any, **options: Any) -> Any:
        if name == "aiohttp":
            raise ImportError(name)
        return real(name, *rest, **options)

    monkeypatch.delitem(sys.modules, "puretalk_client._transports._aiohttp")
    monkeypatch.setattr(builtins, "__import__", without_aiohttp)
    with pytest.raises(ConfigurationError, match=r"pip install 'puretalk-client\[aiohttp\]'"):
        AsyncPuretalk("k", transport="aiohttp")


@pytest.mark.parametrize(
    ("environment", "base_url", "proxy"),
    [({}, API, None), ({"HTTPS_PROXY": "http://proxy.test:3128"}, API, "http://proxy.test:3128"),
     ({"https_proxy": "proxy.test:3128"}, API, "http://proxy.test:3128"),
     ({"ALL_PROXY": "http://proxy.test:1"}, API, "http://proxy.test:1"),
     ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": "api.test"}, API, None),
     ({"HTTPS_PROXY": "http://proxy.test:3128", "NO_PROXY": ".test"}, API, None),
     ({"HTTP_PROXY": "http://proxy.test:3128", "ALL_PROXY": "http://proxy.test:1"}, "http://api.test", None),
     ({"HTTP_PROXY": "http://proxy.test:3128"}, "http://127.0.0.1:8000", None)],
)  # fmt: skip
def test_proxy_of_the_environment_is_for_https_only(
    environment: dict[str, str], base_url: str, proxy: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a proxy, plain http would show it the key; NO_PROXY is heeded."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found = environment_proxy(base_url)
    assert (None if found is None else str(found.url)) == proxy


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_proxy_with_a_password_is_used(transport: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CONNECT goes to the proxy with its own credentials, and never with the API key."""
    seen: list[bytes] = []

    async def main() -> None:
        async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            writer.close()

        listener = await asyncio.start_server(proxy, "127.0.0.1", 0)
        async with listener:
            port = listener.sockets[0].getsockname()[1]
            monkeypatch.setenv("HTTPS_PROXY", f"http://user:word@127.0.0.1:{port}")
            async with AsyncPuretalk("pt-canary", base_url=API, transport=transport, max_retries=0) as client:
                with pytest.raises(Exception, match="proxy refused") as caught:
                    await client.calls.get("c")
                assert "word" not in repr(caught.value.__cause__)

    asyncio.run(main())
    assert seen[0].startswith(b"CONNECT api.test:443 ")
    assert b"Basic dXNlcjp3b3Jk" in seen[0]
    assert b"pt-canary" not in seen[0]


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
@pytest.mark.parametrize("call_id", ["a/b", "..a", "%2e%2e", "é ü", "a?b=c#d", "x;y,z", "@:!$&'()*+,;=", "+"])
def test_ids_reach_the_server_unchanged(transport: Any, call_id: str) -> None:
    """Neither library rewrites the percent-encoding of a path."""

    async def main() -> None:
        sandbox = Sandbox()
        async with serve(sandbox) as base_url:
            sandbox.add_call({"call_id": call_id, "status": "completed"})
            async with AsyncPuretalk(sandbox.api_key, base_url=base_url, transport=transport) as client:
                assert (await client.calls.get(call_id)).call_id == call_id

    asyncio.run(main())


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_connections_are_kept_and_bounded(transport: Any) -> None:
    """Fifty fetches at once over three connections: each connection is used again."""

    async def main() -> None:
        connections, ended = 0, asyncio.Event()

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            body = b'{"msg":"Success","err":false,"results":{"status":"completed"}}'
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while await reader.readuntil(b"\r\n\r\n"):
                    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
                    await writer.drain()
            writer.close()
            ended.set()

        listener = await asyncio.start_server(count, "127.0.0.1", 0)
        async with listener:
            base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            async with AsyncPuretalk(
                "k", base_url=base_url, transport=transport, max_connections=3
            ) as client:
                await asyncio.gather(*(client.calls.get("c") for _ in range(50)))
            await ended.wait()
            await asyncio.sleep(0.01)
        assert connections == 3

    asyncio.run(main())


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_client_belongs_to_one_event_loop(transport: Any) -> None:
    """Its connections are that loop's: a call in another one says so at once, and is not tried again."""
    with running_server(Sandbox()) as base_url:
        client = AsyncPuretalk("sandbox-key", base_url=base_url, transport=transport)
        with asyncio.Runner() as first:
            first.run(client.calls.get(SAMPLE_CALL_ID))
            with (
                asyncio.Runner() as second,
                pytest.raises(ConfigurationError, match="event loop of its first call") as raised,
            ):
                second.run(client.calls.get(SAMPLE_CALL_ID))
            first.run(client.aclose())
        assert raised.value.attempts == 1


@pytest.mark.parametrize("transport", ["httpx", "aiohttp"])
def test_call_that_outlives_its_client_ends_or_says_so(transport: Any) -> None:
    """Closing ends waiting and trying again; what is under way may still succeed."""

    async def main() -> list[Any]:
        sandbox = Sandbox()
        async with serve(sandbox) as base_url:
            client = AsyncPuretalk(
                "sandbox-key", base_url=base_url, transport=transport, max_connections=1, timeout=5
            )
            sandbox.fail_next(Fault(delay=0.2))
            async with client:
                calls = [asyncio.create_task(client.calls.get(SAMPLE_CALL_ID)) for _ in range(3)]
                await asyncio.sleep(0.1)
            return await asyncio.gather(*calls, return_exceptions=True)

    for got in asyncio.run(main()):
        assert isinstance(got, Call) or "this client is closed" in str(got), got


def test_kept_connection_that_breaks_later_is_nobodys_error() -> None:
    """Of an idle connection that is reset asyncio logs nothing: no call is concerned."""
    broken = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n")
        await asyncio.sleep(0.02)  # so that the body is still to come when the reply is made
        writer.write(b'{"results": {"call_id": "call-1"}}')
        await broken.wait()
        writer.close()

    async def main() -> bool:
        listener = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with listener:
            base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
            async with AsyncPuretalk("k", base_url=base_url, transport="aiohttp") as client:
                await client.calls.get("call-1")
                transport: Any = client._sender.transport
                [[(protocol, _)]] = transport._session.connector._conns.values()
                wire = protocol.transport
                protocol.connection_lost(ConnectionResetError("reset by peer"))
                wire.abort()
                broken.set()
                await asyncio.sleep(0.02)
                return bool(protocol.closed._log_traceback)  # what asyncio goes by

    assert asyncio.run(main()) is False


def test_turned_off_verification_warns() -> None:
    """verify=False is never silent."""
    with pytest.warns(UserWarning, match="not verified"):
        AsyncPuretalk("k", verify=False)
    AsyncPuretalk("k", verify=ssl.create_default_context())


def test_http_client_may_speak_http_2_or_anything_else() -> None:
    """A lent client works over whatever transport its owner gave it."""

    async def main() -> None:
        sandbox = Sandbox()
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=sandbox)) as http:
            client = AsyncPuretalk(sandbox.api_key, base_url=sandbox.base_url, http_client=http)
            assert (await client.calls.get(SAMPLE_CALL_ID)).status.is_final

    asyncio.run(main())


def test_libraries_log_names_of_events_only_on_our_behalf(caplog: pytest.LogCaptureFixture) -> None:
    """Other users of httpx in the process keep their logs."""
    logger = logging.getLogger("httpcore.http11")
    with caplog.at_level(logging.DEBUG):
        logger.debug("receive_response_headers.complete return_value=%r", ["ours"])
        with quiet_logs():
            logger.debug("receive_response_headers.complete return_value=%r", ["secret"])
    assert [record.getMessage() for record in caplog.records] == [
        "receive_response_headers.complete return_value=['ours']",
        "receive_response_headers.complete",
    ]


def test_cause_keeps_what_the_system_says_and_nothing_else() -> None:
    """Connection refused stays readable; what may quote bytes or headers does not."""
    refused = httpx.ConnectError("[Errno 111] Connection refused", request=httpx.Request("GET", API))
    kept = without_secrets(refused)
    assert kept is refused
    assert str(kept) == "[Errno 111] Connection refused"
    assert refused._request is None
    quoting = httpx.RemoteProtocolError("illegal chunk header: b'CANARY'")
    assert "CANARY" not in repr(without_secrets(quoting))


IMPORTED = (
    "import sys; before = set(sys.modules); import puretalk_client; print(*sorted(set(sys.modules) - before))"
)


def test_import_brings_in_what_a_fetch_needs_and_no_more() -> None:
    """The command, the sandbox and aiohttp load only when used; our own modules are these."""
    result = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=True)
    modules = result.stdout.split()
    for absent in (
        "aiohttp",
        "starlette",
        "uvicorn",
        "argparse",
        "puretalk_client._cli",
        "puretalk_client.testing",
    ):
        assert absent not in modules
    ours = [
        name.partition("puretalk_client")[2].lstrip(".")
        for name in modules
        if name.startswith("puretalk_client")
    ]
    assert ours == ["", "_answers", "_body", "_calls", "_client", "_config", "_decoding", "_post_analysis",
                    "_retry", "_send", "_status", "_transports", "_transports._failures",
                    "_transports._httpx", "_transports._protocol", "_version", "errors", "models"]  # fmt: skip
    # click, rich and pygments are httpx's: it loads its own command where they are installed.
    third = {name.partition(".")[0] for name in modules} - sys.stdlib_module_names
    assert third >= {"attrs", "httpx", "msgspec"}
    assert third <= {"attr", "attrs", "httpx", "httpcore", "h11", "anyio", "idna", "certifi", "msgspec",
                     "puretalk_client", "puretalk_generated", "typing_extensions",
                     "sniffio", "click", "rich", "pygments"}  # fmt: skip
