"""Secrets, the boundary that exceptions of a request pass, and the reasons of failures."""

from __future__ import annotations

import asyncio
import copy
import errno
import pickle
import re
import socket
import ssl
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, strategies as st
from tests.unit.core.local_server import CONNECTION_REFUSED, CONNECTION_RESET

from puretalk_client import APIConnectionError, PuretalkError
from puretalk_client._core.redaction import (
    MAX_EXCERPT,
    MAX_TEXT,
    Secret,
    chain,
    contain,
    reason,
    words,
)

TEXT = "s3cr3t-s1gn4tur3"


def test_secret_shows_only_where_it_is_revealed() -> None:
    """Neither repr, str nor any format shows it, nor an object that contains it."""
    secret = Secret(TEXT)
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r}", "%s %r" % (secret, secret), repr({"key": [secret]})]  # noqa: UP031
    assert not [text for text in shown if TEXT in text]
    assert repr(secret) == "Secret('***')"
    assert secret.reveal() == TEXT


@pytest.mark.parametrize("spec", [">30", "s", "d"])
def test_secret_refuses_a_format(spec: str) -> None:
    """A format that needs the text raises, without it."""
    with pytest.raises((TypeError, ValueError)) as caught:
        format(Secret(TEXT), spec)
    assert TEXT not in str(caught.value)


@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, *(lambda secret, n=n: pickle.dumps(secret, n) for n in range(6))]
)
def test_secret_is_neither_pickled_nor_copied(duplicate: Callable[[Secret], object]) -> None:
    """A pickle would carry it to a file or to another process."""
    with pytest.raises(TypeError, match="cannot be pickled") as caught:
        duplicate(Secret(TEXT))
    assert TEXT not in str(caught.value)


def test_secret_has_no_attributes_to_list() -> None:
    """``vars`` and JSON encoders that use it find nothing."""
    assert not hasattr(Secret(TEXT), "__dict__")


@pytest.mark.parametrize(
    ("text", "struck"),
    [
        (TEXT, "***"),
        (f"a {TEXT} b {TEXT}", "a *** b ***"),
        (f"key={TEXT[:-1]}", "key=***"),
        (f"key={TEXT[:4]}", "key=***"),
        (f"key={TEXT[:3]}", f"key={TEXT[:3]}"),
        (f"{TEXT[:8]} and more", f"{TEXT[:8]} and more"),
        ("", ""),
    ],
)
def test_strike_removes_the_secret_also_where_the_text_was_truncated(text: str, struck: str) -> None:
    """A body is read up to a limit, which can cut the key in two; up to three characters do not count."""
    assert Secret(TEXT).strike(text) == struck


@pytest.mark.parametrize("secret", ["a.c+d(", "K\u00c9Y\\1", "100%25", "$^[key]"])
def test_strike_takes_a_secret_literally(secret: str) -> None:
    """Whatever its characters mean elsewhere; texts that only resemble it are unchanged."""
    assert Secret(secret).strike(f"<{secret}>, <{secret.upper()}>") == "<***>, <***>"
    assert Secret("a.c+d(").strike("abccd( a.c+d") == "abccd( ***"


def test_text_is_decoded_only_where_that_shows_the_secret() -> None:
    """Otherwise its percent-encoding stays as the server wrote it."""
    assert Secret(TEXT).strike("a%20b%2520c") == "a%20b%2520c"
    assert Secret(TEXT).strike(f"a%20b%2520 {TEXT.replace('-', '%2d')}") == "a b%20 ***"
    assert Secret(TEXT).strike(f"a%2520 {TEXT.replace('-', '%252D').upper()}") == "a  ***"


@pytest.mark.parametrize("secret", ["", None, 5])
def test_strike_without_a_secret_changes_nothing(secret: Any) -> None:
    """An empty secret is in every text."""
    assert Secret(secret).strike("some text") == "some text"


LETTERS = st.text("abé", max_size=12)


@given(st.text("abé", min_size=4, max_size=12), LETTERS, LETTERS, st.integers(0, 36))
def test_truncated_text_holds_no_secret(secret: str, before: str, after: str, length: int) -> None:
    """Wherever a text ends, it neither contains the secret nor ends with its first four characters."""
    struck = Secret(secret).strike((before + secret + after)[:length])
    assert secret not in struck
    assert not any(struck.endswith(secret[:size]) for size in range(4, len(secret)))


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("a\nb\t c", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        (f"key {TEXT.upper()}", "key ***"),
        (f"key {TEXT[:4]}\u200b{TEXT[4:]}", "key ***"),
        ("key " + "".join(f"%{ord(letter):02x}" for letter in TEXT), "key ***"),
        ("key " + "".join(f"%25{ord(letter):02X}" for letter in TEXT), "key ***"),
        (f"your key {TEXT} is wrong", "your key *** is wrong"),
        ("", None),
        (" \n ", None),
        (None, None),
        (5, None),
        (["text"], None),
        ("\x00\x7f", None),
        (" " * (MAX_TEXT - 2) + "abcd", "ab"),
        (" " * (MAX_TEXT - 4) + TEXT, "***"),
        ("x" * MAX_EXCERPT, "x" * MAX_EXCERPT),
        ("x" * (MAX_EXCERPT + 1), "x" * (MAX_EXCERPT - 1) + "…"),
    ],
)
def test_excerpt_is_one_short_printable_line(text: Any, excerpt: str | None) -> None:
    """The server's text goes into messages, and those go into logs."""
    assert Secret(TEXT).excerpt(text) == excerpt


def caught_from(function: Callable[[], object]) -> BaseException:
    """Return what ``function`` raises, with its traceback and context."""
    try:
        function()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def raise_within(error: BaseException, *, cause: BaseException | None = None) -> Callable[[], object]:
    """Return a function that raises ``error`` while it handles another exception, from a frame that holds TEXT."""

    def function() -> None:
        local = TEXT
        try:
            raise KeyError(local)
        except KeyError:
            raise error from cause

    return function


@pytest.mark.parametrize(
    "error", [RuntimeError(TEXT), KeyError(TEXT), ExceptionGroup(TEXT, [OSError(TEXT)]), OSError(5, TEXT)]
)
def test_unexpected_exception_becomes_an_error_of_this_package(error: Exception) -> None:
    """Only its type and its place in the code remain: its text and its frames may hold anything."""
    contained = contain(caught_from(raise_within(error)))
    assert type(contained) is PuretalkError
    assert (contained.__cause__, contained.__context__, contained.__traceback__) == (None, None, None)
    text = rf"Unexpected {type(error).__name__} in test_redaction\.py:\d+; please report this"
    assert re.fullmatch(text, str(contained))
    assert TEXT not in f"{contained!r} {contained} {contained.__dict__}"


def test_exception_that_was_never_raised_has_no_place() -> None:
    """``contain`` does not need a traceback."""
    assert str(contain(ValueError("x"))) == "Unexpected ValueError; please report this"


def test_error_of_this_package_keeps_its_cause_and_loses_its_frames() -> None:
    """The cause was made for the reader; the context is whatever was handled meanwhile."""
    cause = OSError(errno.ECONNREFUSED, "Connection refused")
    error = APIConnectionError("Could not connect")
    contained = contain(caught_from(raise_within(error, cause=cause)))
    assert contained is error
    assert contained.__cause__ is cause
    assert (contained.__context__, contained.__traceback__) == (None, None)


@pytest.mark.parametrize("error", [asyncio.CancelledError(), KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_cancellation_passes_without_frames(error: BaseException) -> None:
    """The same object, so that ``asyncio.timeout`` recognizes it, without cause, context and traceback."""
    contained = contain(caught_from(raise_within(error, cause=ValueError(TEXT))))
    assert contained is error
    assert (contained.__cause__, contained.__context__, contained.__traceback__) == (None, None, None)


def test_caller_can_let_another_exception_pass() -> None:
    """A download lets the target's own OSError pass, without its context."""
    error = OSError(errno.ENOSPC, "No space left on device")
    contained = contain(caught_from(raise_within(error, cause=ValueError(TEXT))), also=(OSError,))
    assert contained is error
    assert (contained.__cause__, contained.__context__, contained.__traceback__) == (None, None, None)


def test_chain_lists_causes_contexts_and_members_once() -> None:
    """A cycle ends, and groups are searched."""
    member, cause = OSError("member"), ValueError("cause")
    group = ExceptionGroup("group", [member])
    top = RuntimeError("top")
    top.__cause__, top.__context__, cause.__context__ = cause, group, top
    assert chain(top) == [top, cause, group, member]


def certificate_error() -> ssl.SSLCertVerificationError:
    """Return an error as OpenSSL makes it."""
    error = ssl.SSLCertVerificationError(1, f"[SSL: CERTIFICATE_VERIFY_FAILED] {TEXT} (_ssl.c:1000)")
    error.verify_message = "unable to get local issuer certificate"
    error.reason = "CERTIFICATE_VERIFY_FAILED"
    return error


def handshake_error() -> ssl.SSLError:
    """Return an error as OpenSSL makes it."""
    error = ssl.SSLError(1, f"[SSL: WRONG_VERSION_NUMBER] {TEXT} (_ssl.c:1000)")
    error.reason = "WRONG_VERSION_NUMBER"
    return error


SOCKS = "Using SOCKS proxy, but the 'socksio' package is not installed."
CERTIFICATE = "certificate verify failed: unable to get local issuer certificate"


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (certificate_error(), ssl.SSLCertVerificationError, CERTIFICATE),
        (ssl.SSLCertVerificationError(TEXT), ssl.SSLError, "no reason given"),
        (handshake_error(), ssl.SSLError, "wrong version number"),
        (ssl.SSLError(TEXT), ssl.SSLError, "no reason given"),
        (ConnectionRefusedError(errno.ECONNREFUSED, TEXT), ConnectionRefusedError, CONNECTION_REFUSED),
        (ConnectionResetError(errno.ECONNRESET, TEXT), ConnectionResetError, CONNECTION_RESET),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), socket.gaierror, "name or service not known"),
        (ImportError(SOCKS), ImportError, SOCKS.replace("Using", "using")),
    ],
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_reason_is_in_the_words_of_the_system(error: Exception, kind: type[Exception], text: str, depth: int) -> None:
    """However deep in the exceptions of a library; their own text, which may quote a request, is not repeated."""
    wrappers = [lambda inner: ExceptionGroup(TEXT, [ValueError(TEXT), inner]), raised_from]
    outer = error
    for wrap in wrappers[:depth]:
        outer = wrap(outer)
    found = reason(outer)
    assert found is not None
    assert found is not error
    assert type(found) is kind
    assert words(found) == text
    assert TEXT not in f"{found!r} {found} {vars(found)}"
    assert (found.__cause__, found.__context__, found.__traceback__) == (None, None, None)


def raised_from(cause: Exception) -> Exception:
    """Return an exception of a library that was raised from ``cause``."""
    error = httpx.ConnectError(TEXT)
    error.__cause__ = cause
    return error


@pytest.mark.parametrize("error", [certificate_error(), handshake_error()])
def test_cause_of_a_tls_failure_reads_like_its_message(error: Exception) -> None:
    """A traceback shows ``str()`` of the cause."""
    found = reason(error)
    assert str(found) == words(found)


def test_resolver_that_gives_no_text_leaves_no_none_in_a_message() -> None:
    """Resolvers of applications raise what they like."""
    found = reason(socket.gaierror("no such host"))
    assert isinstance(found, socket.gaierror)
    assert (found.errno, words(found)) == (socket.EAI_FAIL, "the name does not resolve")


def test_reasons_have_the_numbers_of_the_system() -> None:
    """Applications look at ``errno``."""
    for error in (certificate_error(), handshake_error(), ssl.SSLError(TEXT)):
        found = reason(error)
        assert isinstance(found, ssl.SSLError)
        assert found.errno == 1
    found = reason(socket.gaierror(socket.EAI_AGAIN, "Temporary failure"))
    assert isinstance(found, socket.gaierror)
    assert found.errno == socket.EAI_AGAIN
    found = reason(ConnectionResetError(errno.ECONNRESET, TEXT))
    assert isinstance(found, ConnectionResetError)
    assert found.errno == errno.ECONNRESET


@pytest.mark.parametrize(
    "error", [httpx.ReadError(TEXT), ValueError(TEXT), OSError(TEXT), OSError(0, TEXT), OSError(-2, TEXT)]
)
def test_exception_without_a_known_reason_has_none(error: Exception) -> None:
    """Text that nobody vouches for is not repeated."""
    assert reason(error) is None
    assert words(None) == "no reason given"


def test_tls_failure_precedes_the_socket_error_beside_it() -> None:
    """The more precise reason wins, wherever in the chain it is."""
    error = ConnectionResetError(errno.ECONNRESET, "x")
    error.__context__ = certificate_error()
    assert isinstance(reason(error), ssl.SSLCertVerificationError)
