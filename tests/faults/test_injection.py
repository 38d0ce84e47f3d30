"""Any exception at any step: nothing but a PuretalkError leaves a request, and nothing with it."""

from __future__ import annotations

import asyncio
import errno
import gzip
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.support.canary import WORDS
from tests.support.exposure import Exposures
from tests.support.wire import envelope
from tests.unit.core.local_server import redirect, response

from puretalk_client import AsyncPuretalk, Call

from .injection import Fetch, InjectedError, Injection, Profiler, inject
from .transports import TRANSPORTS

CALL_ID = "c"
GOOD = response(envelope(CALL_ID))
DRIFTING = response(envelope(CALL_ID, call_duration_seconds=WORDS["mismatch"]))


def responses(*contents: bytes) -> Callable[[], Callable[[str], bytes]]:
    """Return what makes a server that sends these in order, the last one for ever."""

    def start() -> Callable[[str], bytes]:
        pending = [*contents]
        return lambda head: pending.pop(0) if len(pending) > 1 else pending[0]

    return start


async def fetch_call(client: AsyncPuretalk, url: str) -> Call:
    """Fetch a call."""
    return await client.calls.get(CALL_ID)


def ignore(drift: object) -> None:
    """Take a drift."""


SCENARIOS: dict[str, tuple[Callable[[], Callable[[str], bytes]], dict[str, Any]]] = {
    "good": (responses(GOOD), {}),
    "compressed": (responses(response(gzip.compress(envelope(CALL_ID)), "200 OK", "Content-Encoding: gzip")), {}),
    "drift": (responses(DRIFTING), {"on_drift": ignore}),
    "strict": (responses(DRIFTING), {"strict": True}),
    "retry": (responses(response(b'{"msg":"busy"}', "503 Busy"), GOOD), {}),
    "rate-limit": (responses(response(b"", "429 Slow", "Retry-After: 2"), GOOD), {}),
    "not-found": (responses(response(b'{"msg":"no"}', "404 Not Found")), {}),
    "broken": (responses(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz", GOOD), {}),
    "other-call": (responses(response(envelope("another"))), {}),
}
OF_TRANSPORT = ("good", "compressed", "retry", "broken")
"""Scenarios that take steps of a transport of their own."""
STEPS = {
    "good": "Exchange._acquire_slot -> Slots.take, Pace., Channel.prepare, .send, .received, .close, read_body,"
    " decode, Envelope.check, check_call, RetryQuota.release, Slots.release",
    "compressed": ".chunks, Inflater.feed, Inflater.finish",
    "drift": "DriftReporter.report, -> ignore, structure",
    "strict": "DriftReporter.report, repeats_a_name",
    "retry": "status_error, Backoff.delay, RetryQuota.acquire, may_retry, .sleep",
    "rate-limit": "Pace.refuse, retry_after, .sleep",
    "not-found": "Envelope.message, Secret.excerpt",
    "broken": ".map_error",
    "other-call": "_canonical",
}
"""Steps that each scenario must have, so that the profiler is known to see them."""


def scenario(name: str, transport: str, first: str = "") -> Injection:
    """Return a scenario; what it shares with the first one is played there."""
    respond, options = SCENARIOS[name]
    shared = scenario(first, transport) if first not in ("", name) else None
    return Injection(TRANSPORTS[transport], respond, fetch_call, options, first=shared)


@pytest.mark.parametrize(
    ("name", "transport"),
    [
        (name, transport)
        for name in SCENARIOS
        for transport in TRANSPORTS
        if transport == "httpx" or name in OF_TRANSPORT
    ],
)
async def test_any_exception_at_any_step_of_a_request_is_a_puretalk_error(name: str, transport: str) -> None:
    """Or the request succeeds all the same; repr, causes, frames, logs and pickle show nothing."""
    injection = scenario(name, transport, first="good")
    await injection.play_all()
    assert injection.problems == []
    for part in STEPS[name].split(", "):
        assert any(part in step for step in injection.steps), f"{part} is not a step"
    unexpected = [str(result) for result in injection.outcomes.values() if "Unexpected InjectedError" in str(result)]
    assert len(unexpected) >= 10, "the boundary is not reached"


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_cancellation_and_interrupt_pass_at_any_step(transport: str, kind: type[BaseException]) -> None:
    """As they are, but without cause, context and frames."""
    injection = scenario("retry", transport)
    await injection.play_all(kind)
    assert injection.problems == []
    assert all(type(result) in (kind, Call) for result in injection.outcomes.values())


SOUND = response(bytes(range(256)) * 1400)
"""More than a stream buffers, so that it stops reading from its socket."""


async def fetch_recording(client: AsyncPuretalk, url: str) -> int:
    """Download a recording into memory."""
    call = Call(call_id=CALL_ID, call_recording_url=f"{url}/{WORDS['recording']}")
    return await client.calls.download_recording(call, io.BytesIO())


def into(target: Path) -> Fetch:
    """Return what downloads a recording into a path."""

    async def fetch(client: AsyncPuretalk, url: str) -> int:
        call = Call(call_id=CALL_ID, call_recording_url=f"{url}/{WORDS['recording']}")
        return await client.calls.download_recording(call, target)

    return fetch


DOWNLOADS = {
    "recording": (redirect(f"/{WORDS['recording']}"), SOUND),
    "missing": (response(b"gone", "404 Not Found"),),
    "cut": (SOUND[:-1].replace(b"Content-Length", b"Content-length"),),
}


def into_memory(_: Path) -> Fetch:
    """Return what downloads a recording into memory."""
    return fetch_recording


TO: dict[str, Callable[[Path], Fetch]] = {"path": into, "file": into_memory}


def download(name: str, to: str, folder: Path, **options: Any) -> Injection:
    """Return a scenario of a download; what it shares with the first one is played there."""
    fetch = TO[to](folder / "call.wav")
    first = download("recording", to, folder) if name != "recording" else None
    return Injection(TRANSPORTS["httpx"], responses(*DOWNLOADS[name]), fetch, first=first, **options)


@pytest.mark.parametrize("name", DOWNLOADS)
async def test_any_exception_at_any_step_of_a_download_is_a_puretalk_error(name: str, tmp_path: Path) -> None:
    """From the look-up of the host to the replacement of the target."""
    injection = download(name, "path", tmp_path)
    await injection.play_all()
    assert injection.problems == []
    parts = ["validate_timeout", "getaddrinfo", "open_pinned", ".connect_tcp", "atomic_target", "parse_url"]
    if name == "recording":
        parts += [
            "PinnedResponse.chunks",
            "resume_reading",
            "_copy_body -> _TemporaryFileWrapper",
            "FileWrapper.close",
            "Path.replace",
        ]
    for part in parts:
        assert any(part in step for step in injection.steps), f"{part} is not a step"


@pytest.mark.parametrize("kind", [asyncio.CancelledError, KeyboardInterrupt])
@pytest.mark.parametrize("to", TO)
async def test_cancellation_and_interrupt_of_a_download_pass_at_any_step(
    kind: type[BaseException], to: str, tmp_path: Path
) -> None:
    """As they are, but without cause, context and frames."""
    injection = download("recording", to, tmp_path)
    await injection.play_all(kind)
    assert injection.problems == []


TARGET_STEPS = {
    "path": {
        "atomic_target -> NamedTemporaryFile": 1,
        r"atomic_target -> Path\w*\.(exists|is_file|replace)": 3,
        r"atomic_target -> _TemporaryFileWrapper\.close": 1,
        r"_copy_body -> _TemporaryFileWrapper\.__getattr__": 2,
    },
    "file": {r"_copy_body -> BytesIO\.write": 1},
}
"""The steps of the file system, and how many there are of each kind."""
BESIDE_THE_TARGET = r"atomic_target -> PurePath\w*\.(parent|name|__str__)|__exit__ -> _target_errors"
"""Steps between those of the file system, at which no OSError is possible."""


@pytest.mark.parametrize("to", TO)
@pytest.mark.parametrize("name", DOWNLOADS)
async def test_os_error_of_the_target_only_leaves_a_download(name: str, to: str, tmp_path: Path) -> None:
    """As it is, without cause, context and frames; at any other step an OSError becomes a PuretalkError."""
    targets = "|".join((BESIDE_THE_TARGET, *TARGET_STEPS[to]))
    injection = download(name, to, tmp_path, targets=targets)
    await injection.play_all(OSError)
    assert injection.problems == []
    others = [type(result) for step, result in injection.outcomes.items() if not re.search(targets, step)]
    assert len(others) > (50 if name == "recording" else 10)
    assert OSError not in others
    if name == "recording":
        for kind, count in TARGET_STEPS[to].items():
            found = {step: type(result) for step, result in injection.outcomes.items() if re.search(kind, step)}
            assert [*found.values()] == [OSError] * count, found


class FullDisk(io.BytesIO):
    """A file whose disk is full."""

    def write(self, data: object) -> int:
        """Fail, with the key in the frame, in the cause and in the context."""
        inject(OSError)
        raise AssertionError("unreachable")


async def test_error_of_the_target_is_the_same_object_without_its_history() -> None:
    """Errno and text say what to do; nothing else is left."""

    async def fetch(client: AsyncPuretalk, url: str) -> int:
        call = Call(call_id=CALL_ID, call_recording_url=f"{url}/{WORDS['recording']}")
        return await client.calls.download_recording(call, FullDisk())

    result, exposures = await Injection(TRANSPORTS["httpx"], responses(SOUND), fetch).play(Profiler())
    assert isinstance(result, OSError)
    assert result.errno == errno.ENOSPC
    assert (result.__cause__, result.__context__) == (None, None)
    exposures.inspect_result(result)
    assert (exposures.of_key(), exposures.of_words()) == ([], [])


def test_injected_exception_shows_everything() -> None:
    """Positive control: what is injected would be found."""
    exposures = Exposures()
    with pytest.raises(InjectedError) as caught:
        inject(InjectedError)
    exposures.inspect_result(caught.value)
    assert {"ValueError in the chain", "traceback of InjectedError", "pickle", "repr"} <= set(exposures.of_key())
    assert len({finding.partition(": ")[0] for finding in exposures.of_words()}) == len(WORDS)
