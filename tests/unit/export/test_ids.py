"""Ids of calls: from files of any kind, and each once."""

from __future__ import annotations

import io
import sys
import tracemalloc
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, cast

import pytest

from puretalk_client import ConfigurationError
from puretalk_client.export import read_ids
from puretalk_client.export._ids import unique

UUID = "be8b84ed-16d8-459e-b71c-b0f54fce5ec1"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\nb", ["a", "b"]),
        (b"\xef\xbb\xbfa\r\nb\r\n", ["a", "b"]),
        (b"\n  \n\t\r\na\n\n", ["a"]),
        (b"# calls of May\na # the first\n#b\nc#d\n", ["a", "c#d"]),
        (b"  a\t\n", ["a"]),
        ("ä b\n".encode(), ["ä b"]),
        (b"a\n\xef\xbb\xbfb\n\xef\xbb\xbf# c\n", ["a", "b"]),  # cat one.txt two.txt
    ],
)
def test_reads_a_list(content: bytes, expected: list[str], tmp_path: Path) -> None:
    """Of one id to a line, with blank lines, comments, a byte order mark and line ends of Windows."""
    (tmp_path / "ids.txt").write_bytes(content)
    assert list(read_ids(tmp_path / "ids.txt")) == expected
    assert list(read_ids(str(tmp_path / "ids.txt"))) == expected
    assert list(read_ids(io.BytesIO(content))) == expected


@pytest.mark.parametrize(
    "junk",
    [b"\x89PNG\r\n\x1a\n\x00", b"a\x00b\n", b"\xff\xfea\x00\n\x00", b"\x1b[31m\n", b"x" * 257 + b"\n", b"x" * 10**6],
)
def test_refuses_what_is_not_text(junk: bytes) -> None:
    """It names the line, and quotes nothing of it."""
    ids = read_ids(io.BytesIO(b"good\n\n" + junk))
    assert next(ids) == "good"
    with pytest.raises(ConfigurationError, match=r"^Line 3 of the ids is not a call id$"):
        next(ids)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-be"])
def test_utf_16(codec: str) -> None:
    """With a byte order mark it is named, else its zeros are refused."""
    with pytest.raises(ConfigurationError, match=r"is UTF-16; ids must be UTF-8|Line 1"):
        list(read_ids(io.BytesIO("a\r\n".encode(codec))))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    """It is named, with the reason."""
    with pytest.raises(ConfigurationError, match=r"no\.txt: No such file"):
        list(read_ids(tmp_path / "no.txt"))
    with pytest.raises(ConfigurationError, match="Is a directory"):
        list(read_ids(tmp_path))


class Endless(io.RawIOBase):
    """A file of so many lines, which are made as they are read."""

    def __init__(self, lines: int) -> None:
        self._lines = iter(range(lines))

    def readline(self, size: int | None = -1, /) -> bytes:
        number = next(self._lines, None)
        return b"" if number is None else b"c-%d\r\n" % (number % 1000)


def test_a_long_file_is_not_held_in_memory() -> None:
    """Only the line that is being read."""
    tracemalloc.start()
    assert sum(1 for _ in read_ids(cast("IO[bytes]", Endless(100_000)))) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


def test_each_id_is_yielded_once() -> None:
    """The first of several; spellings of one UUID are one id, those of another text are not."""
    ids: list[str | uuid.UUID] = ["a", "b", "a", UUID, UUID.upper(), uuid.UUID(UUID), "A", "", ""]
    assert list(unique(ids)) == ["a", "b", UUID, "A", ""]


def test_ids_seen_are_not_held_in_memory() -> None:
    """They would take about 100 bytes each."""
    tracemalloc.start()
    assert sum(1 for _ in unique(f"c-{number}" for number in range(100_000))) == 100_000
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000


@pytest.mark.parametrize("ids", ["c-1", b"c-1", 5, None])
def test_refuses_what_is_not_a_collection(ids: Any) -> None:
    """A text would be ids of one letter."""
    with pytest.raises(ConfigurationError, match="ids must be an iterable"):
        list(unique(ids))


@pytest.mark.parametrize("item", [5, None, b"a", "half \ud800"])
def test_refuses_what_is_not_an_id(item: Any) -> None:
    """By its position."""
    ids: Iterator[str] = unique(["a", item])
    assert next(ids) == "a"
    with pytest.raises(ConfigurationError, match="position 1 is not a text or a UUID"):
        next(ids)


def test_control_the_limit_of_a_line_is_below_that_of_memory() -> None:
    """A file without line breaks is refused after its first 4 KiB."""
    file = io.BytesIO(b"x" * 10**6)
    with pytest.raises(ConfigurationError):
        next(read_ids(file))
    assert file.tell() < 10_000 < sys.maxsize
