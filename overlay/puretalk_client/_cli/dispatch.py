"""From arguments to a command, and from an error to an exit code."""

from __future__ import annotations

from .._version import __version__
from .output import FAILURE, SUCCESS, USAGE, OutputError, discard_output, note, write
from .usage import HELP


def run(arguments: list[str], *, is_process: bool) -> int:
    """Run the command that the arguments name, and return the exit code."""
    try:
        if not arguments:
            note(HELP.rstrip())
            return USAGE
        if arguments[0] in ("-h", "--help"):
            write(HELP)
            return SUCCESS
        if arguments[0] == "--version":
            write(f"puretalk {__version__}\n")
            return SUCCESS
        return _dispatch(arguments, is_process=is_process)
    except OutputError as error:
        discard_output()
        if not error.is_broken_pipe:  # the reader has closed it: "puretalk get - | head"
            note(f"puretalk: {error}")
        return FAILURE


def _dispatch(arguments: list[str], *, is_process: bool) -> int:
    if is_process:
        from .interrupts import exit_at_once

        exit_at_once()
    from ..errors import PuretalkError
    from .failures import exit_code, report

    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    try:
        return _run_command(arguments)
    except (PuretalkError, OSError) as error:
        report(error, as_json=not {"--json", "--jsonl"}.isdisjoint(options))
        return exit_code(error)


def _run_command(arguments: list[str]) -> int:
    try:
        import cyclopts  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError:
        from .core_only import run
    else:
        from .app import run
    return run(arguments)
