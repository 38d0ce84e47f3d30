"""What a sandbox is scripted to do: statuses that move on, and faults."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http.client import responses as REASON_PHRASES
from typing import Any

import pytest
from tests.testing.asking import assert_error, client_of, get, send, until

from puretalk_client.testing import (
    SAMPLE_CALL_ID,
    Fault,
    Sandbox,
    sample_call,
)


def lifecycle_of(sandbox: Sandbox, call_id: str, fetches: int) -> list[dict[str, Any]]:
    """The call as so many fetches in a row see it."""
    return [get(sandbox, call_id).json()["results"] for _ in range(fetches)]


class TestLifecycle:
    def test_default(self) -> None:
        """Queued, ringing, in progress, completed, then with analysis, and so it stays."""
        sandbox = Sandbox()
        call = sample_call(call_id="1")
        assert sandbox.add_lifecycle(call) == "1"
        queued, ringing, going_on, completed, analysed, later = lifecycle_of(sandbox, "1", 6)
        for step, status in ((queued, "queued"), (ringing, "ringing")):
            assert step["status"] == status
            assert "start_time" not in step
            assert "answered_by" not in step
            assert step["transcript"] is None
            assert step["transcript_object"] is None
            assert step["end_time"] is None
        assert going_on["status"] == "in progress"
        assert going_on["start_time"] == call["start_time"]
        assert going_on["end_time"] is None
        assert going_on["call_duration_seconds"] is None
        assert going_on["transcript_object"] == call["transcript_object"][:20]
        assert call["transcript"].startswith(going_on["transcript"] + "\n")
        assert going_on["transcript"].count("\n") == 19
        for step in (queued, ringing, going_on, completed):
            assert step["call_analysis"] is None
            assert step["sentiment"] is None
        assert completed == {**call, "call_analysis": None, "sentiment": None}
        assert analysed == later == call

    @pytest.mark.parametrize("fetches", [0, 1, 5])
    def test_analysis_after(self, fetches: int) -> None:
        """The analysis comes after so many fetches of the last status."""
        sandbox = Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="1"), ["completed"], analysis_after=fetches)
        steps = lifecycle_of(sandbox, "1", fetches + 2)
        assert [step["call_analysis"] is not None for step in steps] == [False] * fetches + [True, True]

    def test_statuses_are_sent_as_spelt(self) -> None:
        """Both spellings of one state, and one that nobody knows, come as they were given."""
        sandbox = Sandbox()
        statuses = ["Queued", "in-progress", "in progress", "ON_HOLD", "no-answer"]
        sandbox.add_lifecycle(sample_call(call_id="1"), statuses, analysis_after=0)
        steps = lifecycle_of(sandbox, "1", 5)
        assert [step["status"] for step in steps] == statuses
        assert "start_time" not in steps[0]
        assert (
            steps[1]["transcript_object"]
            == steps[2]["transcript_object"]
            == sample_call()["transcript_object"][:20]
        )

    @pytest.mark.parametrize("status", ["queued", "ringing", "in progress", "in-progress", "IN_PROGRESS"])
    def test_call_that_never_ends(self, status: str) -> None:
        """A lifecycle that stops before the end stays there, without an analysis."""
        sandbox = Sandbox()
        sandbox.add_lifecycle(sample_call(call_id="1"), ["queued", status])
        _, *rest = lifecycle_of(sandbox, "1", 5)
        assert {step["status"] for step in rest} == {status}
        assert all(step["call_analysis"] is None and step["end_time"] is None for step in rest)

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"transcript": None, "transcript_object": None},
            {"transcript": "", "transcript_object": []},
            {"transcript": "one line", "transcript_object": [{"role": "user"}]},
            {"transcript": 7, "transcript_object": "no list"},
        ],
    )
    def test_call_with_little_said(self, said: dict[str, Any]) -> None:
        """Half of nothing, of one turn, or of what is no transcript, is no error."""
        sandbox = Sandbox()
        sandbox.add_lifecycle({"call_id": "1", **said}, ["in progress", "completed"], analysis_after=0)
        going_on, completed = lifecycle_of(sandbox, "1", 2)
        assert completed == {"call_id": "1", "status": "completed", **said}
        assert {name: going_on[name] for name in said} == said

    def test_each_call_has_its_own_pace(self) -> None:
        """Fetching one call does not move another, and a refused request moves none."""
        sandbox = Sandbox()
        for call_id in ("1", "2"):
            sandbox.add_lifecycle({"call_id": call_id})
        get(sandbox, "1", headers={})
        sandbox.fail_next(Fault(status=503))
        get(sandbox, "1")
        send(sandbox, "/api/calls/1", "POST")
        assert [step["status"] for step in lifecycle_of(sandbox, "1", 2)] == ["queued", "ringing"]
        assert lifecycle_of(sandbox, "2", 1)[0]["status"] == "queued"

    @pytest.mark.parametrize(
        ("statuses", "analysis_after"), [([], 1), ((), 1), ("queued", 1), (["queued"], -1)]
    )
    def test_bad_arguments(self, statuses: Any, analysis_after: int) -> None:
        """No status, one text in place of a list, and a negative count are refused."""
        with pytest.raises(ValueError, match=r"status|analysis_after"):
            Sandbox().add_lifecycle({}, statuses, analysis_after)


class TestFaults:
    def test_first_in_first_out(self) -> None:
        """Faults are met in the order they were scripted, each once, and then all is normal."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=429), Fault(status=500))
        sandbox.fail_next(Fault(status=502), Fault(status=429))
        assert [get(sandbox).status_code for _ in range(6)] == [429, 500, 502, 429, 200, 200]

    @pytest.mark.parametrize("status", [200, 302, 400, 401, 429, 499, 500, 503, 520, 599, 999])
    def test_status_alone(self, status: int) -> None:
        """A status brings the spec's Error, with the reason phrase where the status has one."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=status))
        response = get(sandbox)
        assert_error(response, status)
        assert response.json()["msg"] == REASON_PHRASES.get(status, f"Status {status}")

    @pytest.mark.parametrize("status", [204, 304])
    def test_status_without_a_body(self, status: int) -> None:
        """204 and 304 have no body."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=status))
        response = get(sandbox)
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
    def test_body(self, body: object, content: bytes) -> None:
        """Bytes and text go as they are, anything else as JSON; without a status it is a 200."""
        sandbox = Sandbox()
        sandbox.fail_next(
            Fault(body=body), Fault(status=502, body=body, headers={"Content-Type": "text/html"})
        )
        first, second = get(sandbox), get(sandbox)
        assert (first.status_code, first.content) == (200, content)
        assert first.headers["content-type"] == "application/json"
        assert (second.status_code, second.content) == (502, content)
        assert second.headers.get_list("content-type") == ["text/html"]

    def test_headers_with_a_status(self) -> None:
        """A 429 says when to come back."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=429, headers={"Retry-After": "2", "X-Request-Id": "r-1"}))
        response = get(sandbox)
        assert response.headers["retry-after"] == "2"
        assert response.headers["x-request-id"] == "r-1"

    @pytest.mark.parametrize("fault", [Fault(headers={"X-Request-Id": "r-1"}), Fault(delay=0.001), Fault()])
    def test_decoration(self, fault: Fault) -> None:
        """A fault of headers or delay only leaves the normal answer, a 404 too, as it would be."""
        sandbox = Sandbox()
        sandbox.fail_next(fault, fault)
        found, unknown = get(sandbox), get(sandbox, "unknown")
        assert found.json()["results"] == sample_call()
        assert_error(unknown, 404)
        expected = fault.headers.get("X-Request-Id")
        assert [response.headers.get("x-request-id") for response in (found, unknown)] == [expected] * 2

    def test_for_one_call(self) -> None:
        """A fault for one call waits for it, lets others pass, and keeps its place in the line."""
        sandbox = Sandbox()
        sandbox.add_call({"call_id": "a/b"})
        sandbox.fail_next(
            Fault(status=500, call_id="a/b"), Fault(status=429), Fault(status=501, call_id="a/b")
        )
        seen = [
            get(sandbox, call_id).status_code
            for call_id in (SAMPLE_CALL_ID, SAMPLE_CALL_ID, "a/b", "a/b", "a/b")
        ]
        assert seen == [429, 200, 500, 501, 200]

    def test_comes_before_the_key(self) -> None:
        """A fault answers any request, as a proxy before the API would."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(status=503), Fault(status=502))
        assert_error(get(sandbox, headers={}), 503)
        assert_error(send(sandbox, "/", "POST"), 502)

    def test_delay_holds_the_answer(self) -> None:
        """A long delay outlasts the caller's patience; the next answer is normal."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))

        async def run() -> int:
            async with client_of(sandbox) as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await client.get(f"/calls/{SAMPLE_CALL_ID}")
                return (await client.get(f"/calls/{SAMPLE_CALL_ID}")).status_code

        assert asyncio.run(run()) == 200
        assert len(sandbox.requests) == 2

    def test_delay_holds_no_other_answer(self) -> None:
        """While one answer is held back, others come, even for the same call."""
        sandbox = Sandbox()
        sandbox.fail_next(Fault(delay=3600))

        async def run() -> int:
            async with client_of(sandbox) as client:
                slow = asyncio.create_task(client.get(f"/calls/{SAMPLE_CALL_ID}"))
                await until(lambda: sandbox.requests)
                status = (await client.get(f"/calls/{SAMPLE_CALL_ID}")).status_code
                assert not slow.done()
                slow.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await slow
                return status

        assert asyncio.run(run()) == 200

    @pytest.mark.parametrize(
        "wrong",
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
    def test_impossible_fault(self, wrong: Mapping[str, Any]) -> None:
        """What HTTP or JSON cannot carry is refused where it is written, not where it is met."""
        with pytest.raises(ValueError, match=r".+"):
            Fault(**wrong)

    def test_body_of_no_json_type(self) -> None:
        """An object that JSON does not know is a TypeError."""
        with pytest.raises(TypeError):
            Fault(body=object())

    def test_repr_hides_the_body(self) -> None:
        """A scripted body may hold what someone said: a repr does not show it."""
        assert "said" not in repr(Fault(status=500, body="said in confidence"))
