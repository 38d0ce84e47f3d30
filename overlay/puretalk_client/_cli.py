"""The console command ``puretalk``."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from . import Call
    from .drift import DriftReport

__all__ = ["main"]

_WIDEST = 100
_FAILED, _MISUSED, _INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments after the command's own name; those of the process when None.

    Returns:
        The exit code: 0; 1 when the call could not be fetched, or drift was found; 2 for wrong arguments or
        settings, or recorded answers that cannot be read; 130 (128 + SIGINT) after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    # Imported late, here and below, so that --help does not wait for the HTTP stack.
    from ._render import clean
    from .errors import ConfigurationError, PuretalkError

    try:
        code: int = arguments.run(arguments)
    except PuretalkError as error:
        # The server's own words can be in the message.
        _write(sys.stderr, f"puretalk: {clean(str(error))}\n")
        return _MISUSED if isinstance(error, ConfigurationError) else _FAILED
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader has gone ("puretalk get ... | head"). The interpreter flushes stdout once more as it
        # exits, and would complain.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="puretalk", description="Look at Puretalk AI voice calls.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    get = commands.add_parser(
        "get",
        help="fetch a call and print it",
        description="Fetch a call and print it.",
        epilog="The API key is read from PURETALK_API_KEY, the base URL from PURETALK_BASE_URL.",
    )
    get.add_argument("call_id", metavar="CALL_ID", help="id of the call")
    get.add_argument("--base-url", metavar="URL", help="base URL of the API; overrides PURETALK_BASE_URL")
    get.add_argument("--json", action="store_true", help="print JSON, with the names of the API")
    get.set_defaults(run=_get)

    demo = commands.add_parser(
        "demo",
        help="print a sample call, without an account",
        description="Start a sandbox of the API on this machine, fetch its sample call and print it.",
    )
    demo.set_defaults(run=_demo)

    drift = commands.add_parser(
        "drift",
        help="compare recorded answers with the spec",
        description="Compare recorded answers with the spec: unknown fields, unknown values, wrong types and missing "
        "fields, by path and count. No value is shown.",
        epilog="Exit code: 0 when there is no drift, 1 when there is, 2 when an answer cannot be read.",
    )
    drift.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="one answer or call, a JSON array of them, or JSON Lines; - is standard input",
    )
    drift.add_argument("--json", action="store_true", help="print JSON")
    drift.set_defaults(run=_drift)
    return parser


def _get(arguments: argparse.Namespace) -> int:
    call = asyncio.run(_fetch(arguments.call_id, base_url=arguments.base_url))
    _write(sys.stdout, _as_json(call) if arguments.json else _as_text(call))
    return 0


def _drift(arguments: argparse.Namespace) -> int:
    import json

    import attrs

    from ._render import clean
    from .drift import drift_report_of_files

    report = drift_report_of_files(arguments.files)
    for line in report.unreadable:
        _write(sys.stderr, f"puretalk: {clean(line)}\n")
    if more := report.unreadable_count - len(report.unreadable):
        _write(sys.stderr, f"puretalk: {more} more could not be read\n")
    _write(
        sys.stdout, json.dumps(attrs.asdict(report), indent=2) + "\n" if arguments.json else _as_table(report)
    )
    return _MISUSED if report.unreadable else _FAILED if report.drifts else 0


def _as_table(report: DriftReport) -> str:
    from ._render import clean

    head = ("PATH", "DRIFT", "GOT", "TIMES", "ANSWERS", "EXPECTED")
    rows = [
        (drift.path, drift.kind, drift.got_type, drift.occurrences, drift.answers, drift.expected)
        for drift in report.drifts
    ]
    cells = [[clean(str(cell)) for cell in row] for row in (head, *rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in cells] if rows else []
    times = sum(drift.occurrences for drift in report.drifts)
    paths = len({drift.path for drift in report.drifts})
    summary = f"{_plural(report.answers, 'answer')}, {_plural(times, 'drift')}"
    summary += f" at {_plural(paths, 'path')}" if times else ""
    summary += "" if report.complete else "; there are more, at paths that are left out"
    return "\n".join([*lines, summary]) + "\n"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _demo(arguments: argparse.Namespace) -> int:
    from .errors import ConfigurationError

    try:
        from .testing import SAMPLE_CALL_ID, Sandbox, running_server
    except ImportError as error:
        # Its text says how to install the extra.
        raise ConfigurationError(str(error)) from error

    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        call = asyncio.run(_fetch_here(SAMPLE_CALL_ID, base_url=base_url, api_key=sandbox.api_key))
    _write(sys.stdout, f"{_as_text(call)}\nThis call came from the sandbox, over a socket at {base_url}.\n")
    return 0


async def _fetch(call_id: str, *, base_url: str | None) -> Call:
    from . import AsyncPuretalk

    async with AsyncPuretalk(base_url=base_url) as client:
        return await client.calls.get(call_id)


async def _fetch_here(call_id: str, *, base_url: str, api_key: str) -> Call:
    import httpx

    from . import AsyncPuretalk

    # A proxy that the environment names would look for the sandbox on its own machine.
    async with (
        httpx.AsyncClient(trust_env=False) as http,
        AsyncPuretalk(api_key, base_url=base_url, http_client=http) as client,
    ):
        return await client.calls.get(call_id)


def _as_text(call: Call) -> str:
    from ._render import render_call

    width = min(shutil.get_terminal_size().columns, _WIDEST)
    # https://no-color.org: set and not empty, whatever the value.
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render_call(call, width=width, color=color)


def _as_json(call: Call) -> str:
    import json

    import msgspec

    from puretalk_generated.bodies import plain

    # ASCII only: right in every encoding, and nothing in it can drive a terminal.
    return json.dumps(msgspec.to_builtins(plain(call)), indent=2) + "\n"


def _write(stream: TextIO, text: str) -> None:
    """Write text, with a replacement for each character that the stream's encoding lacks."""
    encoding = stream.encoding or "utf-8"
    stream.write(text.encode(encoding, "replace").decode(encoding))
    stream.flush()
