"""Errors that all transports share, and the TLS setting."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.canary import WORDS
from tests.unit.core.local_server import CONNECTION_REFUSED, CONNECTION_RESET

from puretalk_client import APIConnectionError, ConfigurationError, ProtocolError, TLSError
from puretalk_client._core.transports import base

SAID = WORDS["turn"]
REFUSED = ConnectionRefusedError(errno.ECONNREFUSED, SAID)


def tls_failure() -> ssl.SSLError:
    """Return a failed handshake, as OpenSSL reports it."""
    error = ssl.SSLError(1, SAID)
    error.reason = "WRONG_VERSION_NUMBER"
    return error


@pytest.mark.parametrize(
    ("make", "error", "kind", "message", "request_sent"),
    [
        (base.connect_error, REFUSED, APIConnectionError,
         f"Could not connect to api.test:443: {CONNECTION_REFUSED}", False),
        (base.connect_error, socket.gaierror(socket.EAI_NONAME, "Not known"), APIConnectionError,
         "Could not connect to api.test:443: not known", False),
        (base.connect_error, tls_failure(), TLSError,
         "TLS handshake with api.test:443 failed: wrong version number", False),
        (base.connect_error, ValueError(SAID), APIConnectionError,
         "Could not connect to api.test:443: no reason given", False),
        (base.broken_error, ConnectionResetError(errno.ECONNRESET, SAID), APIConnectionError,
         f"The connection to api.test:443 broke: {CONNECTION_RESET}", True),
        (base.broken_error, ValueError(SAID), APIConnectionError,
         "The connection to api.test:443 broke: ValueError", True),
        (base.protocol_error, ValueError(SAID), ProtocolError,
         "api.test:443 disconnected or sent malformed HTTP (ValueError)", True),
    ],
)  # fmt: skip
def test_error_says_what_failed_and_why(
    make: Callable[[str, Exception], APIConnectionError],
    error: Exception,
    kind: type[APIConnectionError],
    message: str,
    request_sent: bool,
) -> None:
    """In the words of the system, never in those of an exception, which may quote a request."""
    mapped = make("api.test:443", error)
    assert type(mapped) is kind
    assert mapped.message == message
    assert mapped.request_sent is request_sent
    assert mapped.__cause__ is not error
    assert SAID not in f"{mapped!r} {mapped.__cause__!r} {mapped.__cause__}"


@pytest.mark.parametrize("make", [base.connect_error, base.broken_error, base.protocol_error])
def test_cause_is_the_reason_without_a_traceback(make: Callable[[str, Exception], APIConnectionError]) -> None:
    """A new exception, made for the reader."""
    mapped = make("api.test:443", REFUSED)
    assert isinstance(mapped.__cause__, ConnectionRefusedError)
    assert (mapped.__cause__.errno, mapped.__cause__.__traceback__) == (errno.ECONNREFUSED, None)
    assert make("api.test:443", ValueError(SAID)).__cause__ is None


def test_cause_of_a_failed_handshake_is_in_the_words_of_openssl() -> None:
    """A traceback shows it below the message."""
    cause = base.connect_error("api.test:443", tls_failure()).__cause__
    assert isinstance(cause, ssl.SSLError)
    assert cause.strerror == "wrong version number"


def test_certificates_of_the_environment_that_cannot_be_read_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With the reason, when a client is made."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    reason = os.strerror(errno.ENOENT)[1:]
    with pytest.raises(ConfigurationError, match=f"SSL_CERT_FILE names cannot be loaded: .{reason}$"):
        base.tls_context("https://api.test", True)


def test_idle_connections_are_kept_for_less_than_load_balancers_keep_them() -> None:
    """Half a minute: the shortest default of common ones is a minute."""
    assert base.KEEPALIVE_SECONDS == 30


def test_tls_context_is_one_context_for_all_connections() -> None:
    """Loading the trusted roots takes long; plain http needs none."""
    own = ssl.create_default_context()
    assert base.tls_context("https://api.test", own) is own
    assert base.tls_context("http://127.0.0.1", True) is None
    trusting = base.tls_context("https://api.test", False)
    assert trusting is not None
    assert trusting.verify_mode is ssl.CERT_NONE
    context = base.tls_context("https://api.test", True)
    assert context is not None
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
