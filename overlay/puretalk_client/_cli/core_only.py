"""The command without cyclopts and rich: ``puretalk get --json``."""

from __future__ import annotations

import argparse
from typing import NoReturn

from .failures import UsageError
from .output import SUCCESS, write

INSTALL = "install puretalk-client with the extra 'cli'"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; for more than get --json, --jsonl and --raw, {INSTALL}")


def run(arguments: list[str]) -> int:
    """Run ``get`` with output that needs no layout; refuse anything else."""
    if arguments[0] != "get":
        raise UsageError(f"{arguments[0]} needs cyclopts and rich: {INSTALL}")
    parser = _Parser(
        prog="puretalk get",
        description="Fetch calls and print them as JSON.",
        epilog=f"Example: puretalk get --json ID. For all other commands and options, {INSTALL}.",
        allow_abbrev=False,
    )
    parser.add_argument("ids", nargs="+", metavar="ID", help="id of a call; - reads ids from standard input")
    parser.add_argument("--base-url", metavar="URL", help="base URL of the API; overrides PURETALK_BASE_URL")
    form = parser.add_mutually_exclusive_group(required=True)
    for name in ("json", "jsonl", "raw"):
        form.add_argument(f"--{name}", action="store_true")
    if not {"-h", "--help"}.isdisjoint(arguments):
        write(parser.format_help())
        return SUCCESS
    parsed = parser.parse_args(arguments[1:])
    from .client import Connection
    from .formats import choose_format
    from .get import get

    names = [name for name in ("json", "jsonl", "raw") if getattr(parsed, name)]
    return get(
        parsed.ids,
        choose_format(names, is_many=len(parsed.ids) > 1 or parsed.ids == ["-"]),
        Connection(base_url=parsed.base_url),
    )
