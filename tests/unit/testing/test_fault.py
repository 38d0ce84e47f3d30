"""Scripted faults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.client import responses as REASON_PHRASES
from typing import Any

import pytest
from tests.support.eventually import eventually
from tests.unit.testing.in_process import assert_error, client_of, get, send

from puretalk_client.testing import SAMPLE_CALL_ID, Fault, Sandbox, sample_call


async def test_first_in_first_out() -> None:
    """Each fault applies once, in the order scripted. Later responses are normal."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=429), Fault(status=500))
    sandbox.fail_next(Fault(status=502), Fault(status=429))
    assert [(await get(sandbox)).status_code for _ in range(6)] == [429, 500, 502, 429, 200, 200]


@pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 499, 500, 503, 520, 599, 999])
async def test_status_alone(status: int) -> None:
    """Without a body, the body is the schema Error, with the reason phrase if the status has one."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=status))
    response = await get(sandbox)
    assert_error(response, status)
    assert response.json()["msg"] == REASON_PHRASES.get(status, f"Status {status}")


@pytest.mark.parametrize("status", [204, 304])
async def test_status_without_a_body(status: int) -> None:
    """204 and 304 have no body."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=status))
    response = await get(sandbox)
    assert (response.status_code, response.content) == (status, b"")
    assert "content-length" not in response.headers


@pytest.mark.parametrize(
    ("body", "content"),
    [
        (b"", b""),
        ("", b""),
        (b'{"msg": "Suc', b'{"msg": "Suc'),
        (b"\xff\x00", b"\xff\x00"),
        ("<h1>Bad gateway ü</h1>", "<h1>Bad gateway ü</h1>".encode()),
        ({"err": True}, b'{"err": true}'),
        ([], b"[]"),
        (0, b"0"),
        (False, b"false"),
    ],
)
async def test_body(body: object, content: bytes) -> None:
    """Bytes and text are sent unchanged, other values as JSON. Without a status, it is a 200."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(body=body), Fault(status=502, body=body, headers={"Content-Type": "text/html"}))
    first, second = await get(sandbox), await get(sandbox)
    assert (first.status_code, first.content) == (200, content)
    assert first.headers["content-type"] == "application/json"
    assert (second.status_code, second.content) == (502, content)
    assert second.headers.get_list("content-type") == ["text/html"]


async def test_headers_with_a_status() -> None:
    """A fault can set headers such as Retry-After."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=429, headers={"Retry-After": "2", "X-Request-Id": "r-1"}))
    response = await get(sandbox)
    assert response.headers["retry-after"] == "2"
    assert response.headers["x-request-id"] == "r-1"


@pytest.mark.parametrize("fault", [Fault(headers={"X-Request-Id": "r-1"}), Fault(delay=0.001), Fault()])
async def test_fault_without_status_and_body(fault: Fault) -> None:
    """A fault with only headers or a delay keeps the normal response, including a 404."""
    sandbox = Sandbox()
    sandbox.fail_next(fault, fault)
    found, unknown = await get(sandbox), await get(sandbox, "unknown")
    assert found.json()["results"] == sample_call()
    assert_error(unknown, 404)
    expected = fault.headers.get("X-Request-Id")
    assert [response.headers.get("x-request-id") for response in (found, unknown)] == [expected] * 2


async def test_for_one_call() -> None:
    """A fault with a call id applies to the next request for that call. Other requests leave it in place."""
    sandbox = Sandbox()
    sandbox.add_call({"call_id": "a/b"})
    sandbox.fail_next(Fault(status=500, call_id="a/b"), Fault(status=429), Fault(status=501, call_id="a/b"))
    ids = (SAMPLE_CALL_ID, SAMPLE_CALL_ID, "a/b", "a/b", "a/b")
    assert [(await get(sandbox, call_id)).status_code for call_id in ids] == [429, 200, 500, 501, 200]


async def test_takes_precedence_over_the_key_check() -> None:
    """A fault applies to any request, as a proxy in front of the API would."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(status=503), Fault(status=502))
    assert_error(await get(sandbox, headers={}), 503)
    assert_error(await send(sandbox, "/", "POST"), 502)


async def test_delay() -> None:
    """A delayed request delays no other request, even for the same call."""
    sandbox = Sandbox()
    sandbox.fail_next(Fault(delay=3600))
    async with client_of(sandbox) as client:
        delayed = asyncio.create_task(client.get(f"/calls/{SAMPLE_CALL_ID}"))
        await eventually(lambda: sandbox.requests)
        assert (await client.get(f"/calls/{SAMPLE_CALL_ID}")).status_code == 200
        assert not delayed.done()
        delayed.cancel()
        with pytest.raises(asyncio.CancelledError):
            await delayed
    assert len(sandbox.requests) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"status": 0},
        {"status": 100},
        {"status": 199},
        {"status": 1000},
        {"status": -1},
        {"delay": -0.1},
        {"delay": float("nan")},
        {"delay": float("inf")},
        {"headers": {"X-A": "b\r\nSet-Cookie: c"}},
        {"headers": {"X-A": "b\0"}},
        {"headers": {"X-A": "b "}},
        {"headers": {"X-A": "日"}},
        {"headers": {"X A": "b"}},
        {"headers": {"": "b"}},
        {"headers": {"X-Ä": "b"}},
        {"status": 204, "body": b""},
        {"status": 304, "body": {}},
        {"body": float("nan")},
        {"body": "\ud800"},
    ],
)
def test_impossible_fault(arguments: Mapping[str, Any]) -> None:
    """A fault that HTTP or JSON cannot represent raises when it is created."""
    with pytest.raises(ValueError, match=r".+"):
        Fault(**arguments)


def test_body_that_json_does_not_support() -> None:
    """A body of a type that JSON does not support raises TypeError."""
    with pytest.raises(TypeError):
        Fault(body=object())


def test_repr_hides_the_body() -> None:
    """A body can contain what people said: the repr does not show it."""
    assert "said" not in repr(Fault(status=500, body="said in confidence"))
