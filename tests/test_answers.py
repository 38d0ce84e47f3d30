"""From a complete answer to a value or the right error, without I/O."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from puretalk_client import (
    APIStatusError,
    AuthenticationError,
    EnvelopeError,
    MissingResultsError,
    NotFoundError,
    PermissionDeniedError,
    PuretalkError,
    RateLimitError,
    ResponseDecodeError,
    ServerError,
)
from puretalk_client._answers import message_of, read, server_text, status_error
from puretalk_client._calls import GET_CALL


def encoded(value: Any) -> bytes:
    """Write JSON."""
    return msgspec.json.encode(value)


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthenticationError), (403, PermissionDeniedError), (404, NotFoundError), (429, RateLimitError),
     (500, ServerError), (503, ServerError), (599, ServerError), (520, ServerError), (400, APIStatusError),
     (499, APIStatusError), (302, APIStatusError), (100, APIStatusError), (999, APIStatusError)],
)  # fmt: skip
@pytest.mark.parametrize(
    "body", [b'{"err":true,"msg":"No such thing"}', b"<html>", b"", b"\xff", b"[" * 10_000, b"5"]
)
def test_status_decides_the_error_whatever_the_body(
    status: int, kind: type[PuretalkError], body: bytes
) -> None:
    """Every status that is no success has its error, also those that http.HTTPStatus does not know."""
    with pytest.raises(APIStatusError) as caught:
        raise status_error(status, body, "")
    assert type(caught.value) is kind
    assert caught.value.status == status
    assert caught.value.msg == ("No such thing" if body.startswith(b"{") else None)


def test_err_true_is_an_error_with_the_servers_words() -> None:
    """A 200 may still report a failure."""
    for results in ({}, None, {"call_id": "x"}):
        with pytest.raises(EnvelopeError) as caught:
            read(200, encoded({"err": True, "msg": "Quota used up", "results": results}), GET_CALL)
        assert type(caught.value) is EnvelopeError
        assert caught.value.msg == "Quota used up"


@pytest.mark.parametrize(
    "envelope",
    [{"err": False, "msg": "Success"}, {"err": False, "msg": "Success", "results": None}, {"results": None}],
)
def test_envelope_without_results_is_its_own_error(envelope: dict[str, Any]) -> None:
    """Missing and null results are told apart from err: true."""
    with pytest.raises(MissingResultsError) as caught:
        read(200, encoded(envelope), GET_CALL)
    assert caught.value.msg == envelope.get("msg")


@pytest.mark.parametrize("body", [b"{}", b'{"call_id":"x"}', b"[]", b"null", b'"x"', b"5", b"true"])
def test_json_that_is_no_envelope_is_a_decode_error(body: bytes) -> None:
    """Some other API's JSON is not taken for a call."""
    with pytest.raises(ResponseDecodeError, match="JSON, but not"):
        read(200, body, GET_CALL)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>200</html>", b'{"results":', b'{"results":{}} trailing', b'{"results":{"call_id":"\xff"}}',
     b'{"unknown":"\xff","results":{}}', b'{"results":NaN}', b'{"results":{"x":' + b"[" * 100_000, b"\x00",
     b'\xef\xbb\xbf{"results":{}}', '{"results":{}}'.encode("utf-16")],
)  # fmt: skip
def test_body_that_is_no_json_is_a_decode_error(body: bytes) -> None:
    """HTML, cut and wrongly encoded bodies never become a call, and their text never a message."""
    with pytest.raises(ResponseDecodeError, match="not JSON") as caught:
        read(200, body, GET_CALL)
    assert caught.value.__cause__ is None


def test_success_that_the_spec_does_not_know_is_a_decode_error() -> None:
    """A 204 or 206 to a call fetch holds no call."""
    with pytest.raises(ResponseDecodeError, match="204"):
        read(204, b"", GET_CALL)


def test_the_servers_words_are_bounded_and_on_one_line() -> None:
    """A message can go into any log."""
    assert server_text("a\nb\x1b[31m", "") == "a b?[31m"
    assert len(server_text("x" * 10_000, "") or "") == 500
    assert server_text(5, "") is None
    assert server_text("  ", "") is None
    assert message_of(encoded({"msg": ["no text"]}), "") is None
