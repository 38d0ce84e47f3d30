"""Ids of calls from arguments and standard input."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable, Sequence

from .._id_lines import MAX_LINE_BYTES, IdLines
from .failures import UsageError

STDIN = "-"
_CHUNK = 1 << 16


async def read_ids(names: Sequence[str]) -> AsyncIterator[str]:
    """Yield ids. ``-`` stands for those on standard input, one a line.

    The rules about lines are those of ``export.read_ids``, but a line that cannot be an id is yielded as it is: it
    counts as a failure among others.
    """
    for name in names:
        if name != STDIN:
            yield name
            continue
        lines = IdLines("Standard input")
        async for line in _lines():
            text = lines.parse(line)
            if text is None:
                text = line.decode(errors="surrogateescape").strip()
            if text:
                yield text


async def _lines() -> AsyncIterator[bytes]:
    buffer = getattr(sys.stdin, "buffer", None)
    if buffer is None:
        raise UsageError("Standard input is closed")
    # Unbuffered: the process could not end while a thread that holds the buffer's lock is waiting.
    source = getattr(buffer, "raw", buffer)
    rest = b""
    while chunk := await _in_daemon_thread(lambda: source.read(_CHUNK)):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line
        rest = rest[: MAX_LINE_BYTES + 1]  # too long already
    yield rest


async def _in_daemon_thread(read: Callable[[], bytes]) -> bytes:
    """Run a function that may wait for ever; ``asyncio.to_thread`` would keep Ctrl-C from ending the process."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[bytes] = loop.create_future()

    def finish(content: bytes, error: OSError | None) -> None:
        if not done.done():
            done.set_result(content) if error is None else done.set_exception(error)

    def work() -> None:
        content, error = b"", None
        try:
            content = read()
        except OSError as failure:
            error = failure
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(finish, content, error)

    threading.Thread(target=work, daemon=True).start()
    return await done
