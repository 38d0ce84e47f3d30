"""The console command ``puretalk``.

``--help`` and ``--version`` import next to nothing; each command imports what it needs.
"""

from __future__ import annotations

import sys

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
        # In here, where Ctrl-C is caught.
        from .dispatch import run

        return run(sys.argv[1:] if argv is None else list(argv), is_process=argv is None)
    except KeyboardInterrupt:
        return 130
