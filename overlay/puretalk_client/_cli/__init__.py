"""The console command ``puretalk``.

This module imports only what ``--help`` and ``--version`` need; each command imports the rest.
"""

from __future__ import annotations

import sys

from .._version import __version__
from .output import FAILURE, INTERRUPTED, SUCCESS, USAGE, OutputError, discard_output, note, write
from .usage import HELP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        argv: Arguments after the name of the command. None takes those of the process, and ends it at once if Ctrl-C
            comes while a command is being imported.

    Returns:
        The exit code: see ``usage.EXIT_CODES``.
    """
    try:
        if argv is None:
            return _run(sys.argv[1:], is_process=True)
        return _run(list(argv), is_process=False)
    except OutputError as error:
        discard_output()
        if not error.is_broken_pipe:  # the reader has closed it: "puretalk get - | head"
            note(f"puretalk: {error}")
        return FAILURE
    except KeyboardInterrupt:
        return INTERRUPTED


def _run(arguments: list[str], *, is_process: bool) -> int:
    if not arguments:
        note(HELP.rstrip())
        return USAGE
    if arguments[0] in ("-h", "--help"):
        write(HELP)
        return SUCCESS
    if arguments[0] == "--version":
        write(f"puretalk {__version__}\n")
        return SUCCESS
    if is_process:
        from .interrupts import exit_at_once

        exit_at_once()
    from .dispatch import dispatch

    return dispatch(arguments)
