"""Files of recorded responses: JSON Lines, readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from .._recorded import RecordedResponse
from ..errors import PuretalkError

_FLAGS = os.O_RDWR | os.O_APPEND | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)


class RecorderError(PuretalkError):
    """A file of recorded responses cannot be written or read. The message names the file, and quotes nothing of it."""

    request_sent = False


class RecordingFile:
    """A recording that is open for appending.

    Args:
        path: The file.
        append: Write behind what is there; else the file must be new.
        overwrite: Replace what is there.

    Raises:
        RecorderError: The file exists, or is not a recording.
        OSError: It cannot be opened.
    """

    def __init__(self, path: str | os.PathLike[str], *, append: bool, overwrite: bool) -> None:
        path = Path(path)
        with contextlib.suppress(FileNotFoundError):
            if not stat.S_ISREG(path.stat().st_mode):  # opening a pipe would wait for its reader
                raise RecorderError(f"{path} is not a regular file")
        self.known_ids: set[str] = set()
        if append and path.exists():
            for recorded in read_recording(path):
                self.known_ids.update(recorded.parameters.values())
        flags = _FLAGS | os.O_CREAT | (0 if append or overwrite else os.O_EXCL)
        try:
            self._file = os.open(path, flags, 0o600)
        except FileExistsError:
            raise RecorderError(f"{path} exists: pass append=True or overwrite=True") from None
        try:
            if os.name == "posix":
                os.fchmod(self._file, 0o600)  # before anything is written: the file may be an older one
            if overwrite:
                os.ftruncate(self._file, 0)
        except BaseException:
            self.close()
            raise

    def write(self, line: bytes) -> None:
        """Append a line, or nothing: where the disk is full, what was written of it is removed again."""
        start = os.fstat(self._file).st_size
        written = 0
        try:
            while written < len(line):  # in one step, unless the disk is full
                written += os.write(self._file, line[written:])
        except BaseException:
            with contextlib.suppress(OSError):
                if os.fstat(self._file).st_size == start + written:  # and not what another process has appended
                    os.ftruncate(self._file, start)
            raise

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)


def read_recording(path: str | os.PathLike[str]) -> Iterator[RecordedResponse]:
    """Read a recording, one line at a time; blank lines do no harm.

    Raises:
        RecorderError: A line is not a recorded response, or is not complete.
        OSError: The file cannot be read.
    """
    number, recorded = 0, None
    with Path(path).open("rb") as file:
        for number, line in enumerate(file, 1):  # noqa: B007  # used after the loop
            if line.strip():
                with contextlib.suppress(ValueError):
                    recorded = RecordedResponse.read(line)
                if recorded is None or not line.endswith(b"\n"):
                    break
                yield recorded
                recorded = None
        else:
            return
    line = b""  # a traceback may show the locals of this frame
    raise RecorderError(f"{os.fspath(path)}, line {number}: not a recorded response")
