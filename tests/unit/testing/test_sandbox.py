"""The sandbox in process: keys, paths, responses, and the requests it keeps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.support.key import KEY_HEADER
from tests.unit.testing.in_process import KEY, assert_error, client_of, get, results, send

from puretalk_client.testing import EXAMPLE_CALL_ID, SAMPLE_CALL_ID, Fault, Sandbox, example_call, sample_call


class TestResponses:
    @pytest.mark.parametrize(
        ("call_id", "call"),
        [(EXAMPLE_CALL_ID, example_call()), (SAMPLE_CALL_ID, sample_call())],
        ids=["example", "sample"],
    )
    async def test_known_calls(self, call_id: str, call: dict[str, Any]) -> None:
        """Every sandbox contains both calls and returns them complete, in the envelope of the spec."""
        response = await get(Sandbox(), call_id)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"msg": "Success", "err": False, "results": call}

    async def test_json_types_survive(self) -> None:
        """Integers, floats, booleans and 30 digits keep their JSON type."""
        response = await get(Sandbox())
        items = response.json()["results"]["call_analysis"]["post_analysis_data"]
        values = [item["value"] for item in items]
        assert {4, 129.5, True, False, 314159265358979323846264338327, ""} <= set(values)
        assert {type(value) for value in values} == {str, int, float, bool}
        assert [type(value) for value in values if value == 4] == [int, float]
        assert b'"value": 4.0}' in response.content

    async def test_query_is_not_part_of_the_path(self) -> None:
        """A query string does not change the response."""
        assert (await send(Sandbox(), f"/api/calls/{SAMPLE_CALL_ID}?a=/b")).status_code == 200

    async def test_percent_encoded_letters_are_equivalent(self) -> None:
        """RFC 3986, section 6.2.2.2: %61 is a, in the fixed part and in the id."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "abc"})
        assert (await send(sandbox, "/%61pi/calls/%61bc")).status_code == 200

    async def test_server_without_raw_path(self) -> None:
        """raw_path is optional in ASGI: without it, an id is found unless it contains a slash."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "50 % ü"})

        async def without_raw_path(scope: Any, receive: Any, send: Any) -> None:
            await sandbox({k: v for k, v in scope.items() if k != "raw_path"}, receive, send)

        transport = httpx.ASGITransport(app=without_raw_path)
        async with httpx.AsyncClient(transport=transport, headers=KEY) as client:
            response = await client.get("https://sandbox.test/api/calls/50%20%25%20%C3%BC")
        assert response.status_code == 200

    @pytest.mark.parametrize("protocol", ["lifespan", "websocket"])
    async def test_other_protocols_are_rejected(self, protocol: str) -> None:
        """A lifespan or websocket scope raises, as ASGI requires of apps that do not support it."""
        with pytest.raises(NotImplementedError):
            await Sandbox()({"type": protocol}, None, None)  # type: ignore[arg-type]


class TestKey:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {KEY_HEADER: ""},
            {KEY_HEADER: "sandbox-ke"},
            {KEY_HEADER: "sandbox-key2"},
            {KEY_HEADER: "SANDBOX-KEY"},
            {KEY_HEADER: b"sandbox-k\xe9y"},
            {"Authorization": "Bearer sandbox-key"},
            {KEY_HEADER: "Bearer sandbox-key"},
            [(KEY_HEADER, "sandbox-key"), (KEY_HEADER, "sandbox-key")],
            [(KEY_HEADER, "other"), (KEY_HEADER, "sandbox-key")],
        ],
    )
    @pytest.mark.parametrize("path", [f"/api/calls/{SAMPLE_CALL_ID}", "/api/calls/unknown", "/"])
    async def test_wrong_key(self, headers: Any, path: str) -> None:
        """Any other key than the accepted one results in a 401 for every path, and the body does not repeat it."""
        response = await send(Sandbox(), path, headers=headers)
        assert_error(response, 401)
        assert "sandbox-k" not in response.text

    async def test_own_key(self) -> None:
        """A sandbox accepts only the key it was created with. The name of the header has no case."""
        sandbox = Sandbox(api_key="k-1")
        assert (await get(sandbox, headers={KEY_HEADER.title(): "k-1"})).status_code == 200
        assert_error(await get(sandbox), 401)

    @pytest.mark.parametrize("key", ["", " ", " k", "k ", "k\n", "k\r\nx: y", "clé", "\0", "k\ud800"])
    def test_impossible_key(self, key: str) -> None:
        """A key that is not a valid header value raises ValueError. The message does not contain the key."""
        with pytest.raises(ValueError, match="printable ASCII") as caught:
            Sandbox(api_key=key)
        assert str(caught.value) == "api_key must be printable ASCII text without spaces around it"

    async def test_repr_and_requests_hide_the_key(self) -> None:
        """No repr contains a key, whether right or wrong."""
        sandbox = Sandbox(api_key="right-secret")
        await get(sandbox, headers={KEY_HEADER: "right-secret"})
        await get(sandbox, headers=[(KEY_HEADER, "wrong-secret"), (KEY_HEADER.lower(), "twice-secret")])
        shown = f"{sandbox!r} {sandbox} {sandbox.requests!r} {[r.headers.raw for r in sandbox.requests]}"
        assert "secret" not in shown
        assert KEY_HEADER.lower() not in shown.lower()


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "/",
            "/api",
            "/api/",
            "/api/calls",
            "/api/calls/",
            "/calls/" + SAMPLE_CALL_ID,
            f"/api/calls/{SAMPLE_CALL_ID}/",
            f"/api/calls//{SAMPLE_CALL_ID}",
            f"//api/calls/{SAMPLE_CALL_ID}",
            f"/api/calls/{SAMPLE_CALL_ID}/recording",
            f"/api%2Fcalls/{SAMPLE_CALL_ID}",
            f"/API/calls/{SAMPLE_CALL_ID}",
            "/api/calls/unknown",
            "/api/calls/%FF%FE",
            "/api/calls/%ED%A0%80",
            "/api/calls/%",
            "/api/calls/%zz",
            "/api/calls/" + "x" * 5000,
        ],
    )
    async def test_not_found(self, path: str) -> None:
        """Every path except those of known calls is a 404 with the schema Error."""
        assert_error(await send(Sandbox(), path), 404)

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get"])
    async def test_method_not_allowed(self, method: str) -> None:
        """Any method but GET is a 405 that names GET, also for unknown ids. Methods are case-sensitive."""
        sandbox = Sandbox()
        for call_id in (SAMPLE_CALL_ID, "unknown"):
            response = await send(sandbox, f"/api/calls/{call_id}", method)
            assert_error(response, 405)
            assert response.headers["allow"] == "GET"

    async def test_head_is_not_documented(self) -> None:
        """The spec has no HEAD operation: 405, without a body."""
        response = await send(Sandbox(), f"/api/calls/{SAMPLE_CALL_ID}", "HEAD")
        assert (response.status_code, response.content) == (405, b"")

    @pytest.mark.parametrize(
        "call_id",
        [
            "a/b",
            "/",
            "../../etc/passwd",
            ".",
            "..",
            "a b",
            "%",
            "%2F",
            "a%2Fb",
            "100%25",
            "a?b=c&d",
            "a#b",
            "a+b",
            "a;b,c=d:e@f",
            "ünïcödé",
            "日本語",
            "👩\u200d👩\u200d👧",
            "e\u0301",
            "\u202eabc",
            "\ufeff",
            " ",
            "\t",
            "\0",
            "a\r\nX-Evil: 1",
            "'; DROP TABLE calls; --",
            "x" * 256,
        ],
    )
    async def test_any_text_is_an_id(self, call_id: str) -> None:
        """An id can be any text: it is sent as one path segment and received unchanged."""
        sandbox = Sandbox()
        assert sandbox.add_call({"call_id": call_id}) == call_id
        response = await get(sandbox, call_id)
        assert response.json()["results"] == {"call_id": call_id}
        assert sandbox.requests[-1].call_id == call_id

    async def test_ids_that_look_alike_are_different(self) -> None:
        """a/b, a%2Fb, and two spellings of one accented letter are four calls."""
        sandbox = Sandbox()
        ids = ["a/b", "a%2Fb", "é", "e\u0301"]
        for call_id in ids:
            sandbox.add_call({"call_id": call_id, "status": "failed"})
        assert [(await get(sandbox, call_id)).json()["results"]["call_id"] for call_id in ids] == ids
        assert_error(await send(sandbox, "/api/calls/a/b"), 404)


class TestAddCall:
    async def test_missing_id_is_generated(self) -> None:
        """A call without an id gets a new one, which the response contains."""
        sandbox = Sandbox()
        first, second = sandbox.add_call({"status": "busy"}), sandbox.add_call({"status": "busy"})
        assert first != second
        assert await results(sandbox, first, 1) == [{"status": "busy", "call_id": first}]

    async def test_same_id_replaces(self) -> None:
        """A call replaces an earlier call or lifecycle with the same id."""
        sandbox = Sandbox()
        sandbox.add_lifecycle({"call_id": "1"})
        sandbox.add_call({"call_id": "1", "status": "canceled"})
        assert [call["status"] for call in await results(sandbox, "1", 3)] == ["canceled"] * 3

    async def test_call_is_copied(self) -> None:
        """Later changes to the dict have no effect, and the sandbox does not change the dict."""
        sandbox = Sandbox()
        call: dict[str, Any] = {"variables": ["a"]}
        call_id = sandbox.add_call(call)
        assert call == {"variables": ["a"]}
        call["variables"].append("b")
        assert (await results(sandbox, call_id, 1))[0]["variables"] == ["a"]

    async def test_calls_need_not_be_valid(self) -> None:
        """A call that does not match the spec is returned unchanged."""
        sandbox = Sandbox()
        call = {"call_id": "1", "status": 7, "sentiment": [], "new": {"deep": None}}
        sandbox.add_call(call)
        assert await results(sandbox, "1", 1) == [call]

    @pytest.mark.parametrize("call_id", ["", None, 42, b"x", ["x"]])
    def test_bad_id(self, call_id: object) -> None:
        """An id that is empty or not a text raises ValueError."""
        with pytest.raises(ValueError, match="call_id"):
            Sandbox().add_call({"call_id": call_id})

    @pytest.mark.parametrize(
        ("value", "error"),
        [
            (float("nan"), ValueError),
            (float("inf"), ValueError),
            ("\ud800", ValueError),
            (b"bytes", TypeError),
            ({1, 2}, TypeError),
        ],
    )
    async def test_values_without_json(self, value: object, error: type[Exception]) -> None:
        """A value that JSON cannot represent raises when the call is added, not when it is fetched."""
        sandbox = Sandbox()
        with pytest.raises(error):
            sandbox.add_call({"call_id": "1", "metadata": value})
        assert_error(await get(sandbox, "1"), 404)

    async def test_sandboxes_share_nothing(self) -> None:
        """Calls, faults and requests belong to one sandbox."""
        one, other = Sandbox(), Sandbox()
        one.add_call({"call_id": "1"})
        one.fail_next(Fault(status=500))
        assert_error(await get(other, "1"), 404)
        assert one.requests == []


class TestRequests:
    async def test_attributes(self) -> None:
        """A request has its method, path as sent, decoded id and headers in any case, oldest first."""
        sandbox = Sandbox()
        await send(sandbox, "/api/calls/a%2Fb", headers={**KEY, "X-Trace": "7"})
        await send(sandbox, "/elsewhere", "POST", headers={})
        first, second = sandbox.requests
        assert (first.method, first.path, first.call_id) == ("GET", "/api/calls/a%2Fb", "a/b")
        assert first.headers["x-TRACE"] == "7"
        assert KEY_HEADER not in first.headers
        assert (second.method, second.path, second.call_id) == ("POST", "/elsewhere", None)

    async def test_query_and_body(self) -> None:
        """Query and body are kept as sent, a long body up to a mebibyte. The repr shows neither."""
        sandbox = Sandbox()

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100_000

        async with client_of(sandbox) as client:
            await client.post("/calls?from=%2B15550100", content=b"what they said")
            await client.put("/calls", content=parts())
        first, second = sandbox.requests
        assert (first.query, first.body) == ("from=%2B15550100", b"what they said")
        assert len(second.body) == 1 << 20
        assert "15550100" not in repr(first)
        assert "what they said" not in repr(first)

    async def test_bounded(self) -> None:
        """Only the last thousand requests are kept."""
        sandbox = Sandbox()
        async with client_of(sandbox) as client:
            for number in range(1010):
                await client.get(f"/calls/{number}")
        assert [request.call_id for request in sandbox.requests] == [str(number) for number in range(10, 1010)]

    async def test_list_is_a_copy(self) -> None:
        """Clearing the returned list does not clear the sandbox's."""
        sandbox = Sandbox()
        await get(sandbox)
        sandbox.requests.clear()
        assert len(sandbox.requests) == 1

    def test_repr_shows_no_call(self) -> None:
        """The repr of the sandbox is short and contains no values of calls."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=500))
        assert repr(sandbox) == "<Sandbox calls=2 faults=1>"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in a new interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


class TestImports:
    def test_client_does_not_import_the_extra(self) -> None:
        """Importing the client imports neither starlette nor uvicorn nor ``puretalk_client.testing``."""
        code = (
            "import sys, puretalk_client, json;"
            "print(json.dumps([m for m in ('starlette', 'uvicorn', 'puretalk_client.testing') if m in sys.modules]))"
        )
        result = run_python(code)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == []

    @pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
    def test_missing_extra(self, missing: str) -> None:
        """Without the extra, the ImportError says what to install."""
        result = run_python(f"import sys; sys.modules[{missing!r}] = None; from puretalk_client.testing import Sandbox")
        assert result.returncode == 1
        assert (
            "ImportError: puretalk_client.testing needs starlette and uvicorn: "
            "install puretalk-client with the extra 'testing'"
        ) in result.stderr
