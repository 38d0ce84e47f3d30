"""From a complete response to a value or an error, without I/O."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest
from attrs import frozen
from tests.support.canary import API_KEY, WORDS
from tests.support.exposure import Exposures

from puretalk_client import (
    APIStatusError,
    AuthenticationError,
    Drift,
    EnvelopeError,
    NotFoundError,
    PermissionDeniedError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
)
from puretalk_client._core.redaction import Secret
from puretalk_client._core.replacing import Replacements
from puretalk_client._core.response import MAX_LOGGED_PATHS, DriftReporter, Reader, status_error
from puretalk_generated.types import DocumentedResponse, Responses


@frozen(kw_only=True)
class Thing:
    """A model of another API."""

    size: int


class OtherConventions:
    """Conventions of another API: a failure has its message in the body, and not every success is one."""

    def check(self, value: Any, content: bytes) -> None:
        """Refuse a body that begins with X, and a thing without a size."""
        if content.startswith(b"X") or value == Thing(size=0):
            raise EnvelopeError("Failed")

    def message(self, content: bytes) -> str | None:
        """Return what follows ``msg=``."""
        return content.partition(b"msg=")[2].decode(errors="replace") or None

    @property
    def replaced(self) -> Replacements:
        """No model is replaced."""
        return Replacements({}, lambda model, values: model(**values))

    @property
    def named_by_customers(self) -> frozenset[str]:
        """The names in labels are chosen by customers."""
        return frozenset({"labels"})


CONVENTIONS = OtherConventions()
RESPONSES: Responses[Any] = Responses(
    (
        DocumentedResponse(200, 200, "json", Thing),
        DocumentedResponse(202, 202, "text", str),
        DocumentedResponse(204, 204, "none", None),
        DocumentedResponse(206, 206, "bytes", bytes),
    )
)


def error_of(status: int, content: bytes) -> APIStatusError:
    """Return the error for a response."""
    return status_error(status, content, Secret(API_KEY), CONVENTIONS)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError), (429, RateLimitError),
     (500, ServerError), (503, ServerError), (599, ServerError), (520, ServerError), (400, APIStatusError),
     (499, APIStatusError), (302, APIStatusError), (100, APIStatusError), (600, APIStatusError),
     (999, APIStatusError)],
)  # fmt: skip
@pytest.mark.parametrize("content", [b"msg=No such thing", b"<html>", b"", b"\xff", b"[" * 10_000, b"5"])
def test_status_decides_the_class_of_the_error(status: int, kind: type[PuretalkError], content: bytes) -> None:
    """Whatever the body is, and also for a status that HTTPStatus does not know."""
    error = error_of(status, content)
    assert type(error) is kind
    assert error.status == status
    assert error.msg == ("No such thing" if content.startswith(b"msg=") else None)
    assert error.message.startswith(str(status))


@pytest.mark.parametrize(("status", "message"), [(404, "404 Not Found"), (502, "502 Bad Gateway"), (522, "522")])
def test_message_is_the_status_with_its_phrase(status: int, message: str) -> None:
    """RFC 9110 has a phrase for most."""
    assert error_of(status, b"").message == message


@pytest.mark.parametrize(
    ("content", "excerpt"),
    [(b"<html>\n<b>Gateway</b>", "<html> <b>Gateway</b>"), (b"x" * 9000, "x" * 499 + "…"), (b"\xff\x00", "\ufffd"),
     (b"", None), (b"  \n", None), (b"msg=known", None), (b'{"transcript":"x"}', None), (b' [{"a":1}]', None)],
)  # fmt: skip
def test_excerpt_is_of_a_body_that_is_neither_json_nor_has_a_message(content: bytes, excerpt: str | None) -> None:
    """Pages of proxies help to find a fault; JSON may hold what people said."""
    assert error_of(502, content).excerpt == excerpt


@pytest.mark.parametrize("template", ["msg=key %s is wrong", "<html>key %s", "<html>" + " " * 3980 + "%s", "msg=%s"])
def test_server_that_repeats_the_key_does_not_expose_it(template: str) -> None:
    """Not in the message, not in the excerpt, and not where the excerpt ends within the key."""
    exposures = Exposures()
    exposures.inspect_result(error_of(401, (template % API_KEY).encode()))
    assert exposures.of_key() == []


@pytest.mark.parametrize(
    ("status", "content", "value"),
    [(200, b'{"size":5}', Thing(size=5)), (202, b"a\xff", "a\ufffd"), (204, b"ignored", None), (206, b"\xff", b"\xff")],
)
def test_media_type_decides_how_a_success_is_read(status: int, content: bytes, value: Any) -> None:
    """JSON is decoded into the model, text is text, bytes stay bytes, and an undocumented body is ignored."""
    assert Reader(CONVENTIONS).read(RESPONSES, None, status, content) == (value, [])


def test_drifts_are_returned_with_the_value() -> None:
    """The caller decides what to do about them."""
    value, drifts = Reader(CONVENTIONS).read(RESPONSES, None, 200, b'{"size":"big"}')
    assert value.size == "big"
    assert drifts == [Drift("$.size", "int", "string", "wrong type")]


def test_success_that_is_not_documented_is_a_decode_error() -> None:
    """Nothing says how to read it."""
    with pytest.raises(ResponseDecodeError, match="no response with status 201"):
        Reader(CONVENTIONS).read(RESPONSES, None, 201, b"{}")


@pytest.mark.parametrize(("status", "content"), [(206, b"X"), (200, b'{"size":0}')])
def test_conventions_can_refuse_a_success(status: int, content: bytes) -> None:
    """They see the value and the bytes."""
    with pytest.raises(EnvelopeError):
        Reader(CONVENTIONS).read(RESPONSES, None, status, content)


SIZE = Drift("$.size", "int", "string", "wrong type")
PARTS = Drift("$.parts[*]", "str", "number", "wrong type")


def test_each_path_is_logged_once_and_each_drift_reported(caplog: pytest.LogCaptureFixture) -> None:
    """A log is not flooded; ``on_drift`` can count."""
    found: list[Drift] = []
    reporter = DriftReporter(strict=False, on_drift=found.append)
    reporter.report([SIZE, PARTS, PARTS])
    reporter.report([PARTS])
    assert found == [SIZE, PARTS, PARTS, PARTS]
    assert [(record.name, record.levelno, record.getMessage()) for record in caplog.records] == [
        (
            "puretalk_client",
            logging.WARNING,
            f"Response does not match the document: {path} should be {kind}, but is {is_}",
        )
        for path, kind, is_ in (("$.size", "int", "string"), ("$.parts[*]", "str", "number"))
    ]


def test_number_of_logged_paths_is_bounded(caplog: pytest.LogCaptureFixture) -> None:
    """A hostile server fills neither the log nor the memory."""
    reporter = DriftReporter(strict=False, on_drift=None)
    for number in range(MAX_LOGGED_PATHS + 50):
        reporter.report([Drift(f"$.field{number}", "int", "string", "wrong type")])
    assert len(caplog.records) == MAX_LOGGED_PATHS


def test_failing_on_drift_is_logged_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    """The request does not fail, and the next drift is reported."""
    calls: list[Drift] = []

    def on_drift(drift: Drift) -> None:
        calls.append(drift)
        raise RuntimeError(WORDS["turn"])

    DriftReporter(strict=False, on_drift=on_drift).report([SIZE, PARTS])
    assert calls == [SIZE, PARTS]
    assert "on_drift raised RuntimeError" in caplog.text
    assert WORDS["turn"] not in caplog.text


@pytest.mark.parametrize("raised", [KeyboardInterrupt, asyncio.CancelledError])
def test_interrupt_in_on_drift_passes(raised: type[BaseException]) -> None:
    """It is not an error of the callback."""

    def on_drift(_: Drift) -> None:
        raise raised

    with pytest.raises(raised):
        DriftReporter(strict=False, on_drift=on_drift).report([SIZE])


@pytest.mark.parametrize(
    ("drift", "text"),
    [(SIZE, "$.size should be int, but is string"),
     (Drift("$.size", "int", "missing", "missing"), "$.size should be int, but is missing"),
     (Drift("$.kind", "'a' | 'b'", "string", "unknown value"), "$.kind should be 'a' | 'b', but is another string"),
     (Drift("$.at", "datetime", "string", "inconsistent"), "$.at contradicts an earlier response"),
     (Drift("$.mood", "nothing", "string", "unknown field"), "$.mood is an unknown field (string)")],
)  # fmt: skip
def test_each_kind_of_drift_is_described(drift: Drift, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """In the log, and in the error under ``strict``, which is raised for every kind."""
    DriftReporter(strict=False, on_drift=None).report([drift])
    assert caplog.messages == [f"Response does not match the document: {text}"]
    with pytest.raises(ResponseDecodeError) as caught:
        DriftReporter(strict=True, on_drift=None).report([drift])
    assert caught.value.message == f"The response does not match the document: {text} (1 mismatch)"


def test_unknown_fields_are_looked_for_on_request() -> None:
    """By a reader, too; the names below a field that the conventions name are not shown."""
    body = b'{"size":5,"mood":"x","+15550142":1,"labels":{"Maria":1}}'
    expected = [
        Drift("$.mood", "nothing", "string", "unknown field"),
        Drift("$[*]", "nothing", "number", "unknown field"),
        Drift("$.labels", "nothing", "object", "unknown field"),
    ]
    assert Reader(CONVENTIONS).read(RESPONSES, None, 200, body) == (Thing(size=5), [])
    assert Reader(CONVENTIONS, find_unknown=True).read(RESPONSES, None, 200, body) == (Thing(size=5), expected)


@pytest.mark.parametrize(
    ("strict", "on_drift", "is_used"),
    [(False, None, False), (True, None, True), (False, print, True), (True, print, True)],
)
def test_reporter_is_used_if_somebody_wants_to_know(strict: bool, on_drift: Any, is_used: bool) -> None:
    """Otherwise the fast decoder does."""
    assert DriftReporter(strict=strict, on_drift=on_drift).is_used is is_used


@pytest.mark.parametrize(("drifts", "count"), [([SIZE], "1 mismatch"), ([SIZE, PARTS], "2 mismatches")])
def test_strict_raises_with_all_drifts(drifts: list[Drift], count: str) -> None:
    """The message names the first; ``on_drift`` is not called."""
    reporter = DriftReporter(strict=True, on_drift=lambda drift: pytest.fail("reported"))
    with pytest.raises(ResponseDecodeError, match=rf"\$\.size should be int, but is string \({count}\)") as caught:
        reporter.report(drifts)
    assert caught.value.drifts == tuple(drifts)
