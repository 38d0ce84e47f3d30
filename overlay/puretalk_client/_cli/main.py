"""The command line: its arguments, errors and exit codes."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence

from ..errors import ConfigurationError, PuretalkError
from . import commands
from .layout import clean
from .output import FAILURE, INTERRUPTED, MISUSE, write


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments after the name of the command. None takes those of the process.

    Returns:
        The exit code: 0; 1 if the call could not be fetched, or drift was found; 2 for invalid arguments or
        settings, or recorded responses that cannot be read; 130 (128 + SIGINT) after Ctrl-C.
    """
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except PuretalkError as error:
        # The message can contain text from the server.
        write(sys.stderr, f"puretalk: {clean(str(error))}\n")
        return MISUSE if isinstance(error, ConfigurationError) else FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has closed the pipe ("puretalk get ... | head"). The interpreter flushes stdout again on
        # exit, which must not fail.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILURE
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="puretalk", description="Look at Puretalk AI voice calls.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    get = subparsers.add_parser(
        "get",
        help="fetch a call and print it",
        description="Fetch a call and print it.",
        epilog="The API key is read from PURETALK_API_KEY, the base URL from PURETALK_BASE_URL.",
    )
    get.add_argument("call_id", metavar="CALL_ID", help="id of the call")
    get.add_argument("--base-url", metavar="URL", help="base URL of the API; overrides PURETALK_BASE_URL")
    get.add_argument("--json", action="store_true", help="print JSON, with the names of the API")
    get.set_defaults(run=commands.get)

    demo = subparsers.add_parser(
        "demo",
        help="print a sample call, without an account",
        description="Start a sandbox of the API on this machine, fetch its sample call and print it.",
    )
    demo.set_defaults(run=commands.demo)

    drift = subparsers.add_parser(
        "drift",
        help="compare recorded responses with the spec",
        description="Compare recorded responses with the spec and print a table of unknown fields, unknown values, "
        "wrong types and missing fields, by path and count. No value is printed.",
        epilog="Exit code: 0 without drift, 1 with drift, 2 if a response cannot be read.",
    )
    drift.add_argument(
        "files",
        nargs="+",
        metavar="FILE",
        help="a response or call, a JSON array of them, or JSON Lines; - is standard input",
    )
    drift.add_argument("--json", action="store_true", help="print JSON")
    drift.set_defaults(run=commands.drift)
    return parser
