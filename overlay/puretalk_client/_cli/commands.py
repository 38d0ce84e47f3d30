"""The subcommands of ``puretalk``. Each takes its parsed arguments and returns the exit code."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import sys

import attrs

from .._client import AsyncPuretalk
from ..errors import ConfigurationError
from ..models import Call
from .drift_files import compare_files
from .drift_table import drift_table
from .layout import clean
from .output import FAILURE, MISUSE, SUCCESS, write
from .render import render_call

_MAX_WIDTH = 100


def get(arguments: argparse.Namespace) -> int:
    """Fetch a call and print it."""
    call = asyncio.run(_fetch(arguments.call_id, base_url=arguments.base_url))
    write(sys.stdout, _as_json(call) if arguments.json else _as_text(call))
    return SUCCESS


def demo(arguments: argparse.Namespace) -> int:
    """Fetch the sample call from a sandbox and print it."""
    try:
        from ..testing import SAMPLE_CALL_ID, Sandbox, running_server  # an extra
    except ImportError as error:
        raise ConfigurationError(str(error)) from error  # the message says how to install the extra

    sandbox = Sandbox()
    with running_server(sandbox) as base_url:
        call = asyncio.run(_fetch(SAMPLE_CALL_ID, base_url=base_url, api_key=sandbox.api_key))
    write(sys.stdout, f"{_as_text(call)}\nThis call came from the sandbox, over a socket at {base_url}.\n")
    return SUCCESS


def drift(arguments: argparse.Namespace) -> int:
    """Compare recorded responses with the spec and print the report."""
    report = compare_files(arguments.files)
    for line in report.unreadable:
        write(sys.stderr, f"puretalk: {clean(line)}\n")
    if more := report.unreadable_count - len(report.unreadable):
        write(sys.stderr, f"puretalk: {more} more could not be read\n")
    text = json.dumps(attrs.asdict(report), indent=2) + "\n" if arguments.json else drift_table(report)
    write(sys.stdout, text)
    return MISUSE if report.unreadable else FAILURE if report.drifts else SUCCESS


async def _fetch(call_id: str, *, base_url: str | None, api_key: str | None = None) -> Call:
    async with AsyncPuretalk(api_key, base_url=base_url) as client:
        return await client.calls.get(call_id)


def _as_text(call: Call) -> str:
    width = min(shutil.get_terminal_size().columns, _MAX_WIDTH)
    # https://no-color.org: any value that is not empty turns colors off.
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return render_call(call, width=width, color=color)


def _as_json(call: Call) -> str:
    # ASCII can be printed in every encoding, and escapes keep control characters from the terminal.
    return json.dumps(call.to_dict(), indent=2) + "\n"
