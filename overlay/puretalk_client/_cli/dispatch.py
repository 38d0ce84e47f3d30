"""From arguments to a command, and from an error to an exit code."""

from __future__ import annotations

from ..errors import PuretalkError
from .failures import exit_code, report


def dispatch(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return the exit code."""
    options = arguments[: arguments.index("--")] if "--" in arguments else arguments
    as_json = not {"--json", "--jsonl"}.isdisjoint(options)
    try:
        return _run(arguments)
    except (PuretalkError, OSError) as error:
        report(error, as_json=as_json)
        return exit_code(error)


def _run(arguments: list[str]) -> int:
    try:
        import cyclopts  # noqa: F401
        import rich  # noqa: F401
    except ModuleNotFoundError:
        from .core_only import run
    else:
        from .app import run
    return run(arguments)
