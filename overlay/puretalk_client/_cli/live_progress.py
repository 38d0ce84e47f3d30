"""Progress as a bar on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from .console import make_console, text
from .progress import Progress


@contextlib.contextmanager
def live_progress(describe: Callable[[], str], fraction: Callable[[], float | None]) -> Iterator[Progress]:
    """Show a bar and a line, which are removed at the end."""
    console = make_console(sys.stderr)

    def bar() -> Table:
        table = Table.grid(padding=(0, 1))
        done = fraction()
        line = text(describe())
        if done is None or console.width < 60:
            table.add_row(line)
        else:
            table.add_row(
                ProgressBar(total=1.0, completed=done, width=20, complete_style="cyan", finished_style="cyan"), line
            )
        return table

    with Live(console=console, get_renderable=bar, transient=True, redirect_stdout=False, redirect_stderr=False):
        yield Progress(describe, lambda line: console.print(text(line)))
