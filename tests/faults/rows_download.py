"""Recordings: URLs that are not to be trusted, redirects, broken bodies, and targets that cannot be written.

Downloads do not use the transport of the client. They are played over each all the same: its options, its deadline
and its closing apply.
"""

from __future__ import annotations

import errno
import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.support.wire import End, ReceivedRequest, Script, Step, http

from .rows import Download, Stall, fault

SOUND = b"RIFF" + bytes(range(256)) * 400
RECORDING, REFUSED = "Recording", "DownloadError"


class FullDisk(io.RawIOBase):
    """A file that cannot be written."""

    def write(self, _: Any) -> int:
        """Fail."""
        raise OSError(errno.ENOSPC, "No space left on device")


def sends(payload: bytes, *end: End) -> Script:
    """Make a script that writes ``payload``."""

    def script(request: ReceivedRequest) -> Iterator[Step]:
        yield payload
        yield from end

    return script


def redirects(location: str | None) -> Script:
    """Make a script that redirects."""
    return sends(http(b"", "302 Found", *([] if location is None else [f"Location: {location}"])))


def recording(name: str, expect: str, script: Script = sends(http(SOUND)), **details: Any) -> None:  # noqa: B008
    """Add a download; some details are those of ``Download``."""
    names = ("url", "target", "into_open_file", "max_bytes")
    download = Download(**{key: details.pop(key) for key in names if key in details})
    fault(f"recording-{name}", expect, download=download, **details)(script)


recording("good", RECORDING)
recording("good-into-an-open-file", RECORDING, target=lambda _: io.BytesIO(), into_open_file=True)
recording("of-exactly-max-bytes", RECORDING, max_bytes=len(SOUND))

recording("after-close", "ConfigurationError", attempts=0, prepare=lambda client: client.aclose())
for _name, _limit in {"0": 0, "none": None, "a-half": 0.5}.items():
    recording(f"max-bytes-{_name}", "ConfigurationError", attempts=0, max_bytes=_limit)

# URLs that the client refuses before it connects. Its own base URL is on loopback, so only loopback is allowed.
for _name, _host in {
    "private": "10.0.0.5",
    "private-16": "192.168.1.1",
    "link-local": "169.254.169.254",
    "any": "0.0.0.0",
    "carrier": "100.64.0.1",
    "benchmark": "198.18.0.1",
    "multicast": "224.0.0.1",
    "broadcast": "255.255.255.255",
    "unique-local": "[fd00::1]",
    "site-local": "[fec0::1]",
    "link-local-6": "[fe80::1]",
    "mapped": "[::ffff:10.0.0.5]",
    "compatible": "[::10.0.0.5]",
    "translated": "[::ffff:0:10.0.0.5]",
    "nat64": "[64:ff9b::10.0.0.5]",
    "nat64-local": "[64:ff9b:1::10.0.0.5]",
    "6to4": "[2002:a00:5::1]",
    "documentation": "[3fff::1]",
    "segment-routing": "[5f00::1]",
}.items():
    recording(f"at-a-{_name}-address", REFUSED, attempts=0, url=f"https://{_host}/r")
    recording(f"redirect-to-a-{_name}-address", REFUSED, redirects(f"https://{_host}/r"))
for _name, _url in {
    "port-above-65535": "http://127.0.0.1:65536/r",
    "port-0": "http://127.0.0.1:0/r",
    "port-of-4300-digits": "http://127.0.0.1:" + "7" * 5000 + "/r",
    "not-a-url": "http://[::1/r",
    "file": "file:///etc/passwd",
    "plain-http": "http://recordings.test/r",
    "password": "http://user:password@127.0.0.1:{port}/r",
    "empty": "",
}.items():
    recording(f"url-{_name}", REFUSED, attempts=0, url=_url)
    if _name not in ("empty", "password"):
        recording(f"redirect-{_name}", REFUSED, redirects(_url))
recording("redirect-without-location", REFUSED, redirects(None))
recording("redirect-to-nowhere", REFUSED, redirects(""))
recording("redirect-without-end", REFUSED, lambda request: redirects(request.call_id)(request), attempts=6, requests=6)

# Responses.
recording("missing", "NotFoundError", sends(http(b"", "404 Not Found")))
recording("refused", "PermissionDeniedError", sends(http(b"<Error>AccessDenied</Error>", "403 Forbidden")))
recording("busy", "ServerError", sends(http(b"", "503 Service Unavailable")))
recording("in-part", "APIStatusError", sends(http(SOUND, "206 Partial Content")))
recording("compressed", REFUSED, sends(http(SOUND, "200 OK", "Content-Encoding: gzip")))
recording("too-large", "ResponseTooLargeError", max_bytes=len(SOUND) - 1)
recording("is-not-http", "ProtocolError", sends(b"nonsense\r\n\r\n", End.CLOSE))
recording("cut", "ProtocolError", sends(http(SOUND)[:-100], End.CLOSE))
recording("reset", "APIConnectionError", sends(http(SOUND)[:-100], End.RESET))
recording("stalls", "APITimeoutError", sends(http(SOUND)[:-100], End.HOLD), stall=Stall.RESPONSE)
recording("never-responds", "APITimeoutError", sends(b"", End.HOLD), stall=Stall.RESPONSE)


@fault("recording-without-end", "ResponseTooLargeError", download=Download())
def _without_end(request: ReceivedRequest) -> Iterator[Step]:
    yield http(b"", length=False)
    while True:
        yield bytes(65536)


# Targets. A path gets the complete recording or nothing, and the error of the system is its own.
TARGETS: dict[str, tuple[str, int, Callable[[Path], object]]] = {
    "full-disk": ("OSError", 1, lambda _: FullDisk()),
    "in-a-missing-folder": ("FileNotFoundError", 0, lambda folder: folder / "missing" / "recording.wav"),
    "is-a-folder": ("ConfigurationError", 0, lambda folder: folder),
    "is-a-text-file": ("ConfigurationError", 0, lambda _: io.StringIO()),
    "is-empty": ("ConfigurationError", 0, lambda _: ""),
    "has-a-nul": ("ConfigurationError", 0, lambda folder: f"{folder}/a\0b"),
    "is-none": ("ConfigurationError", 0, lambda _: None),
}
for _name, (_expect, _attempts, _target) in TARGETS.items():
    recording(f"target-{_name}", _expect, target=_target, attempts=_attempts)
