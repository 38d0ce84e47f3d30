"""Where an export is stored: a local folder, or an object store. A file is there completely, or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urlsplit, urlunsplit

from ..errors import ConfigurationError, PuretalkError

ABANDONED_AFTER = 3600.0
"""Seconds after which a file that is still written aside belongs to a run that was killed."""

_ASIDE = ".tmp"


class ExportError(PuretalkError):
    """The target of an export cannot be used: it holds something else, or cannot be read or written."""

    request_sent = False


class Target(Protocol):
    """A place for files, by their names."""

    label: str
    """Names the target in messages, without credentials."""

    def names(self) -> list[str]:
        """Return the names of the files, in order; raise an ExportError if it is not a folder."""
        ...

    def has(self, name: str) -> bool:
        """Whether a file is there, without a listing: that of an object store takes a request for 1,000 files."""
        ...

    def sizes(self) -> dict[str, int]:
        """Return the size of each file, by its name; raise as ``names`` does."""
        ...

    def new_file(self, name: str) -> contextlib.AbstractContextManager[str]:
        """Return a context manager with a local path to write to; the file is stored when the block has ended well."""
        ...

    def open(self, name: str) -> contextlib.AbstractContextManager[Any]:
        """Return a context manager with a file, open for reading bytes."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        ...

    def remove_abandoned(self) -> None:
        """Remove files that killed runs left half-written."""
        ...


def open_target(location: str) -> Target:
    """Return the target at a path, or at a URI that pyarrow knows: ``s3://bucket/calls``."""
    if "://" not in location or location.startswith("file://"):
        return Folder(Path(location.removeprefix("file://")))
    try:
        from pyarrow import fs
    except ModuleNotFoundError as error:
        raise ImportError("An object store needs pyarrow: install puretalk-client with the extra 'arrow'") from error
    parts = urlsplit(location)
    label = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
    with target_errors(label, "use"):
        filesystem, path = fs.FileSystem.from_uri(location)
        return ObjectStore(filesystem, path, label)


@contextlib.contextmanager
def target_errors(label: str, verb: str) -> Iterator[None]:
    """Raise an ExportError in place of an OSError, and of what pyarrow raises."""
    try:
        yield
    except PuretalkError:
        raise
    except (OSError, ValueError) as error:
        # Not the text of an error of pyarrow, which may quote a URI with credentials.
        words = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else type(error).__name__
        raise ExportError(f"Could not {verb} {label}: {words}") from None


class Folder:
    """A local folder, which is made when the first file is stored; only its owner can read it."""

    def __init__(self, path: Path) -> None:
        if not str(path) or "\0" in str(path):
            raise ConfigurationError("target must name a folder")
        self._path = path
        self.label: str = str(path)

    def names(self) -> list[str]:
        if not self._path.exists() and not self._path.is_symlink():
            return []
        if not self._path.is_dir():
            raise ExportError(f"{self.label} is not a folder")
        with target_errors(self.label, "read"):
            return sorted(path.name for path in self._path.iterdir())

    def has(self, name: str) -> bool:
        with target_errors(self.label, "read"):
            return (self._path / name).is_file()

    def sizes(self) -> dict[str, int]:
        with target_errors(self.label, "read"):
            return {name: (self._path / name).stat().st_size for name in self.names()}

    @contextlib.contextmanager
    def new_file(self, name: str) -> Iterator[str]:
        aside = self._path / f".{name}.{secrets.token_hex(6)}{_ASIDE}"
        with target_errors(self.label, "write to"):
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        try:
            yield str(aside)
            with target_errors(self.label, "write to"):
                _sync(aside)
                aside.replace(self._path / name)
                _sync(self._path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        with target_errors(self.label, "read"), (self._path / name).open("rb") as file:
            yield file

    def remove(self, name: str) -> None:
        with target_errors(self.label, "write to"):
            (self._path / name).unlink(missing_ok=True)

    def remove_abandoned(self) -> None:
        with contextlib.suppress(OSError):
            for path in self._path.glob(f".*{_ASIDE}"):
                is_ours = re.fullmatch(r"\.(part-|_failed-|_pending-|_manifest\.).*\.[0-9a-f]{12}\.tmp", path.name)
                if is_ours and time.time() - path.stat().st_mtime > ABANDONED_AFTER:
                    path.unlink()


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    if path.is_dir() and os.name == "nt":  # Windows cannot open a folder
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class ObjectStore:
    """A place in a file system of ``pyarrow.fs``, where an object appears when all of it is there."""

    def __init__(self, filesystem: Any, path: str, label: str) -> None:
        self._filesystem, self._path = filesystem, path.rstrip("/")
        self.label: str = label

    def names(self) -> list[str]:
        return sorted(self.sizes())

    def has(self, name: str) -> bool:
        from pyarrow import fs

        with target_errors(self.label, "read"):
            info = self._filesystem.get_file_info(f"{self._path}/{name}")
            return bool(info.type == fs.FileType.File)

    def sizes(self) -> dict[str, int]:
        from pyarrow import fs

        with target_errors(self.label, "read"):
            infos = self._filesystem.get_file_info(fs.FileSelector(self._path, allow_not_found=True))
            return {info.base_name: info.size or 0 for info in infos if info.type == fs.FileType.File}

    @contextlib.contextmanager
    def new_file(self, name: str) -> Iterator[str]:
        # Written to the local disk first: a stream that an error ends would store what it has so far.
        with tempfile.TemporaryDirectory(prefix="puretalk-") as folder:  # only its owner can read it
            local = Path(folder, name)
            yield str(local)
            with target_errors(self.label, "write to"):
                self._store(local, name)

    def _store(self, local: Path, name: str) -> None:
        with local.open("rb") as source, self._filesystem.open_output_stream(f"{self._path}/{name}") as sink:
            shutil.copyfileobj(source, sink, 8 * 1024 * 1024)

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[Any]:
        with target_errors(self.label, "read"), self._filesystem.open_input_file(f"{self._path}/{name}") as file:
            yield file

    def remove(self, name: str) -> None:
        with target_errors(self.label, "write to"), contextlib.suppress(FileNotFoundError):
            self._filesystem.delete_file(f"{self._path}/{name}")

    def remove_abandoned(self) -> None:
        """Do nothing: what was not completed is not there."""
