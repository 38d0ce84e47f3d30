"""The sandbox in process: keys, ids, its answers, and what it keeps of the requests."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.testing.asking import KEY, assert_error, client_of, get, send

from puretalk_client.testing import (
    EXAMPLE_CALL_ID,
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    example_call,
    sample_call,
)


class TestAnswers:
    @pytest.mark.parametrize(
        ("call_id", "call"),
        [(EXAMPLE_CALL_ID, example_call()), (SAMPLE_CALL_ID, sample_call())],
        ids=["example", "sample"],
    )
    def test_known_calls(self, call_id: str, call: dict[str, Any]) -> None:
        """Both calls that every sandbox knows come whole, in the envelope of the spec."""
        response = get(Sandbox(), call_id)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.json() == {"msg": "Success", "err": False, "results": call}

    def test_json_types_survive(self) -> None:
        """Integer, float, boolean and 30 digits reach the client as the JSON they were."""
        items = get(Sandbox()).json()["results"]["call_analysis"]["post_analysis_data"]
        values = [item["value"] for item in items]
        assert {4, 129.5, True, False, 314159265358979323846264338327, ""} <= set(values)
        assert {type(value) for value in values} == {str, int, float, bool}
        assert [type(value) for value in values if value == 4] == [int, float]
        assert b'"value": 4.0}' in get(Sandbox()).content

    def test_query_is_not_part_of_the_path(self) -> None:
        """A query string changes nothing."""
        assert send(Sandbox(), f"/api/calls/{SAMPLE_CALL_ID}?a=/b").status_code == 200

    def test_percent_encoding_of_plain_letters_is_equivalent(self) -> None:
        """RFC 3986, section 6.2.2.2: %61 is a, in the fixed part and in the id."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "abc"})
        assert send(sandbox, "/%61pi/calls/%61bc").status_code == 200

    def test_server_without_raw_path(self) -> None:
        """raw_path is optional in ASGI: without it an id is still found, unless it holds a slash."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "50 % ü"})

        async def without_raw_path(scope: Any, receive: Any, send: Any) -> None:
            await sandbox({k: v for k, v in scope.items() if k != "raw_path"}, receive, send)

        async def run() -> int:
            transport = httpx.ASGITransport(app=without_raw_path)
            async with httpx.AsyncClient(transport=transport, headers=KEY) as client:
                return (await client.get("https://sandbox.test/api/calls/50%20%25%20%C3%BC")).status_code

        assert asyncio.run(run()) == 200

    def test_other_protocols_are_refused(self) -> None:
        """A lifespan or websocket scope raises, as ASGI has it for an app without them."""
        with pytest.raises(NotImplementedError):
            asyncio.run(Sandbox()({"type": "lifespan"}, None, None))  # type: ignore[arg-type]


class TestKey:
    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"X-API-KEY": ""},
            {"X-API-KEY": "sandbox-ke"},
            {"X-API-KEY": "sandbox-key2"},
            {"X-API-KEY": "SANDBOX-KEY"},
            {"X-API-KEY": b"sandbox-k\xe9y"},
            {"Authorization": "Bearer sandbox-key"},
            {"X-API-KEY": "Bearer sandbox-key"},
            [("X-API-KEY", "sandbox-key"), ("X-API-KEY", "sandbox-key")],
            [("X-API-KEY", "other"), ("X-API-KEY", "sandbox-key")],
        ],
    )
    @pytest.mark.parametrize("path", [f"/api/calls/{SAMPLE_CALL_ID}", "/api/calls/unknown", "/"])
    def test_wrong_key(self, headers: Any, path: str) -> None:
        """Anything but the one right key gets 401, whatever the path, and the key is not repeated."""
        response = send(Sandbox(), path, headers=headers)
        assert_error(response, 401)
        assert "sandbox-k" not in response.text

    def test_own_key(self) -> None:
        """A sandbox takes the key that it was given, and no other; the header's case is free."""
        sandbox = Sandbox(api_key="k-1")
        assert get(sandbox, headers={"x-Api-kEy": "k-1"}).status_code == 200
        assert_error(get(sandbox), 401)

    @pytest.mark.parametrize("key", ["", " ", " k", "k ", "k\n", "k\r\nx: y", "clé", "\0", "k\ud800"])
    def test_impossible_key(self, key: str) -> None:
        """A key that no header can carry is refused at once, and is not in the message."""
        with pytest.raises(ValueError, match="printable ASCII") as caught:
            Sandbox(api_key=key)
        assert str(caught.value) == "api_key must be printable ASCII text without spaces around it"

    def test_repr_and_requests_hide_the_key(self) -> None:
        """The key is in no repr, right or wrong."""
        sandbox = Sandbox(api_key="right-secret")
        get(sandbox, headers={"X-API-KEY": "right-secret"})
        get(sandbox, headers=[("X-API-KEY", "wrong-secret"), ("x-api-key", "twice-secret")])
        shown = f"{sandbox!r} {sandbox} {sandbox.requests!r} {[r.headers.raw for r in sandbox.requests]}"
        assert "secret" not in shown
        assert "x-api-key" not in shown.lower()


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
    def test_not_found(self, path: str) -> None:
        """Every path but that of a known call is a 404 of the spec's Error shape."""
        assert_error(send(Sandbox(), path), 404)

    @pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY", "get"])
    def test_method_not_allowed(self, method: str) -> None:
        """Any method but GET is a 405 that names GET, for unknown ids too; methods have a case."""
        sandbox = Sandbox()
        for call_id in (SAMPLE_CALL_ID, "unknown"):
            response = send_raw_method(sandbox, f"/api/calls/{call_id}", method)
            assert_error(response, 405)
            assert response.headers["allow"] == "GET"

    def test_head_is_not_documented(self) -> None:
        """HEAD is no operation of the spec: 405, without a body."""
        response = send(Sandbox(), f"/api/calls/{SAMPLE_CALL_ID}", "HEAD")
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
    def test_any_text_is_an_id(self, call_id: str) -> None:
        """Whatever text an id is, it goes round as one path segment, and is seen as it was."""
        sandbox = Sandbox()
        assert sandbox.add_call({"call_id": call_id}) == call_id
        response = get(sandbox, call_id)
        assert response.json()["results"] == {"call_id": call_id}
        assert sandbox.requests[-1].call_id == call_id

    def test_ids_that_look_alike_are_different(self) -> None:
        """a/b, a%2Fb, and two spellings of one accented letter are four calls."""
        sandbox = Sandbox()
        ids = ["a/b", "a%2Fb", "é", "e\u0301"]
        for call_id in ids:
            sandbox.add_call({"call_id": call_id, "status": "failed"})
        assert [get(sandbox, call_id).json()["results"]["call_id"] for call_id in ids] == ids
        assert_error(send(sandbox, "/api/calls/a/b"), 404)


def send_raw_method(sandbox: Sandbox, path: str, method: str) -> httpx.Response:
    """As ``send``, past httpx's upper-casing of the method."""

    async def run() -> httpx.Response:
        request = httpx.Request("GET", f"https://sandbox.test{path}", headers=KEY)
        request.method = method
        async with client_of(sandbox) as client:
            return await client.send(request)

    return asyncio.run(run())


class TestAddCall:
    def test_id_is_made_where_there_is_none(self) -> None:
        """A call without an id gets one, and answers with it."""
        sandbox = Sandbox()
        first, second = sandbox.add_call({"status": "busy"}), sandbox.add_call({"status": "busy"})
        assert first != second
        assert get(sandbox, first).json()["results"] == {"status": "busy", "call_id": first}

    def test_same_id_replaces(self) -> None:
        """The later call with an id takes the place of the earlier, a lifecycle included."""
        sandbox = Sandbox()
        sandbox.add_lifecycle({"call_id": "1"})
        sandbox.add_call({"call_id": "1", "status": "canceled"})
        assert [get(sandbox, "1").json()["results"]["status"] for _ in range(3)] == ["canceled"] * 3

    def test_call_is_copied(self) -> None:
        """What the caller does to the dict later is not served, and the dict is left as it was."""
        sandbox = Sandbox()
        call: dict[str, Any] = {"variables": ["a"]}
        call_id = sandbox.add_call(call)
        assert call == {"variables": ["a"]}
        call["variables"].append("b")
        assert get(sandbox, call_id).json()["results"]["variables"] == ["a"]

    def test_calls_need_not_be_valid(self) -> None:
        """A call that strays from the spec is served as it is: that is what a test may be about."""
        sandbox = Sandbox()
        call = {"call_id": "1", "status": 7, "sentiment": [], "new": {"deep": None}}
        sandbox.add_call(call)
        assert get(sandbox, "1").json()["results"] == call

    @pytest.mark.parametrize("call_id", ["", None, 42, b"x", ["x"]])
    def test_bad_id(self, call_id: object) -> None:
        """An id that is empty or no text is refused."""
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
    def test_no_json(self, value: object, error: type[Exception]) -> None:
        """What JSON cannot hold is refused when it is added, not when it is fetched."""
        sandbox = Sandbox()
        with pytest.raises(error):
            sandbox.add_call({"call_id": "1", "metadata": value})
        assert_error(get(sandbox, "1"), 404)

    def test_sandboxes_share_nothing(self) -> None:
        """A call, a fault and a request belong to one sandbox."""
        one, other = Sandbox(), Sandbox()
        one.add_call({"call_id": "1"})
        one.fail_next(Fault(status=500))
        assert_error(get(other, "1"), 404)
        assert one.requests == []

    def test_samples_are_new_each_time(self) -> None:
        """A sample that a test has bent does not come back bent."""
        for make in (sample_call, example_call):
            make()["transcript_object"][0]["content"] = "bent"
            make()["call_analysis"]["post_analysis_data"].clear()
            assert make()["transcript_object"][0]["content"] != "bent"
            assert make()["call_analysis"]["post_analysis_data"]
            assert make(call_id="7", status="busy") == {**make(), "call_id": "7", "status": "busy"}


class TestRequests:
    def test_what_is_kept(self) -> None:
        """Method, path as sent, decoded id and headers in any case, oldest first."""
        sandbox = Sandbox()
        send(sandbox, "/api/calls/a%2Fb", headers={**KEY, "X-Trace": "7"})
        send(sandbox, "/elsewhere", "POST", headers={})
        first, second = sandbox.requests
        assert (first.method, first.path, first.call_id) == ("GET", "/api/calls/a%2Fb", "a/b")
        assert first.headers["x-TRACE"] == "7"
        assert "X-API-KEY" not in first.headers
        assert (second.method, second.path, second.call_id) == ("POST", "/elsewhere", None)

    def test_query_and_body(self) -> None:
        """Both are kept as they were sent, a long body in part, and no repr shows them."""
        sandbox = Sandbox()

        async def run() -> None:
            async with client_of(sandbox) as client:
                await client.post("/calls?from=%2B15550100", content=b"what they said")
                await client.put("/calls", content=parts())

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(20):
                yield b"x" * 100_000

        asyncio.run(run())
        first, second = sandbox.requests
        assert (first.query, first.body) == ("from=%2B15550100", b"what they said")
        assert len(second.body) == 1 << 20
        assert "15550100" not in repr(first)
        assert "what they said" not in repr(first)

    def test_bounded(self) -> None:
        """Only the last thousand are kept, so that a long run does not grow."""
        sandbox = Sandbox()

        async def run() -> None:
            async with client_of(sandbox) as client:
                for number in range(1010):
                    await client.get(f"/calls/{number}")

        asyncio.run(run())
        assert [request.call_id for request in sandbox.requests] == [
            str(number) for number in range(10, 1010)
        ]

    def test_list_is_a_copy(self) -> None:
        """Emptying the list that was handed out empties nothing in the sandbox."""
        sandbox = Sandbox()
        get(sandbox)
        sandbox.requests.clear()
        assert len(sandbox.requests) == 1

    def test_repr_shows_no_call(self) -> None:
        """The sandbox's repr is short, and nothing of a call is in it."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=500))
        assert repr(sandbox) == "<Sandbox calls=2 faults=1>"


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that has imported nothing yet."""
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


class TestImports:
    def test_client_does_not_import_the_extra(self) -> None:
        """Importing the client brings in neither starlette nor uvicorn nor this package."""
        code = (
            "import sys, puretalk_client, json;"
            "print(json.dumps([m for m in ('starlette', 'uvicorn', 'puretalk_client.testing') if m in sys.modules]))"
        )
        result = run_python(code)
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout) == []

    @pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
    def test_missing_extra(self, missing: str) -> None:
        """Without the extra, the error says what to install."""
        result = run_python(f"import sys; sys.modules[{missing!r}] = None; import puretalk_client.testing")
        assert result.returncode == 1
        assert (
            "ImportError: puretalk_client.testing needs starlette and uvicorn: "
            "pip install 'puretalk-client[testing]'"
        ) in result.stderr
