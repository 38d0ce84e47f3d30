"""Reading bodies: bounded and complete, or an error."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Mapping

import pytest
from hypothesis import given, strategies as st

from puretalk_client import ProtocolError, ResponseTooLargeError
from puretalk_client._core.body import ACCEPT_ENCODING, Inflater, read_body

TEXT = b'{"msg":"Success"}' * 50
compress = functools.partial(gzip.compress, mtime=0)  # a time in the data would be in the names of the tests


class ChunkedResponse:
    """A response of a transport whose body arrives in chunks of a fixed size."""

    status = 200
    http_version = None

    def __init__(
        self, content: bytes, encoding: str = "identity", size: int = 7, headers: Mapping[str, str] | None = None
    ) -> None:
        self.headers = headers or {}
        self.encoding = encoding
        self.sent = 0
        self._content = content
        self._size = size

    def received(self) -> None:
        """Return None, as most transports do."""

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body."""
        while self.sent < len(self._content):
            chunk = self._content[self.sent : self.sent + self._size]
            self.sent += len(chunk)
            yield chunk

    async def close(self, *, drop: bool) -> None:
        """Do nothing."""


async def read(content: bytes, encoding: str = "identity", *, limit: int = 1 << 20, size: int = 7) -> bytes:
    """Read ``content`` in chunks of ``size`` bytes."""
    return await read_body(ChunkedResponse(content, encoding, size), limit)


def deflate(data: bytes) -> bytes:
    """Compress to a bare RFC 1951 stream."""
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("content", "encoding"),
    [(TEXT, "identity"), (TEXT, "Identity"), (compress(TEXT), "gzip"), (compress(TEXT), " GZip "),
     (compress(TEXT), "x-gzip"), (zlib.compress(TEXT), "deflate"), (deflate(TEXT), "deflate"),
     (compress(TEXT[:9]) + compress(TEXT[9:]), "gzip")],
)  # fmt: skip
async def test_body_is_read_whatever_the_chunks(content: bytes, encoding: str, size: int) -> None:
    """Uncompressed, gzip of one and of several members, and both formats that are sent as deflate."""
    assert await read(content, encoding, size=size) == TEXT


async def test_empty_body_is_empty() -> None:
    """No chunk at all is a complete body."""
    assert await read(b"") == b""


@given(st.binary(max_size=5000), st.integers(1, 500))
async def test_any_bytes_survive_gzip(content: bytes, size: int) -> None:
    """Wherever the chunks end."""
    assert await read(compress(content), "gzip", size=size) == content


@given(st.data())
async def test_truncated_gzip_is_never_a_body(data: st.DataObject) -> None:
    """Every proper prefix of a gzip stream is an error."""
    content = compress(TEXT)
    end = data.draw(st.integers(0, len(content) - 1))
    with pytest.raises(ProtocolError, match="truncated"):
        await read(content[:end], "gzip")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_truncated_body_of_just_the_limit_is_an_error(encoding: str) -> None:
    """All its content is there, but not its checksum."""
    content = compress(TEXT) if encoding == "gzip" else zlib.compress(TEXT)
    with pytest.raises(ProtocolError, match="truncated"):
        await read(content[:-2], encoding, limit=len(TEXT))


@pytest.mark.parametrize("tail", [b"x", b"garbage", b"\x1f", b"\x1f\x8b", b"\x00" * 10])
async def test_gzip_followed_by_other_data_is_an_error(tail: bytes) -> None:
    """A second member is fine; other data are not."""
    with pytest.raises(ProtocolError):
        await read(compress(TEXT) + tail, "gzip")


def stored(first: int, content: bytes) -> bytes:
    """Write a bare RFC 1951 stream of stored blocks, whose first byte may have any upper five bits."""
    size = len(content)
    return bytes([first]) + size.to_bytes(2, "little") + (size ^ 0xFFFF).to_bytes(2, "little") + content + FINAL_BLOCK


FINAL_BLOCK = b"\x01\x00\x00\xff\xff"


@pytest.mark.parametrize(("first", "size"), [(0x08, 82), (0x00, 31), (0x00, 30), (0xF8, 5)])
async def test_bare_deflate_that_begins_like_zlib_is_read(first: int, size: int) -> None:
    """RFC 1950 has 8 in four bits of its first byte, and in its first two bytes a multiple of 31; only both count."""
    assert await read(stored(first, TEXT[:size]), "deflate") == TEXT[:size]


def test_encodings_that_are_requested_are_those_that_are_read() -> None:
    """A server may use any of them."""
    assert ACCEPT_ENCODING == "gzip, deflate"
    for encoding in ACCEPT_ENCODING.split(", "):
        Inflater(encoding)


async def test_deflate_followed_by_other_data_is_an_error() -> None:
    """Deflate has a single stream."""
    with pytest.raises(ProtocolError, match="followed by other data"):
        await read(zlib.compress(TEXT) + b"xx", "deflate")


@pytest.mark.parametrize("content", [b"", b"plain text", compress(TEXT)[:20] + b"\xff" * 200, zlib.compress(TEXT)])
async def test_body_that_is_not_gzip_is_an_error(content: bytes) -> None:
    """Another format, corrupt data, and no data."""
    with pytest.raises(ProtocolError):
        await read(content, "gzip")


async def test_wrong_checksum_is_an_error() -> None:
    """Gzip carries a CRC (RFC 1952)."""
    content = bytearray(compress(TEXT))
    content[-6] ^= 1
    with pytest.raises(ProtocolError, match="corrupt"):
        await read(bytes(content), "gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "", "utf-8"])
async def test_unknown_encoding_is_an_error(encoding: str) -> None:
    """The client requests gzip and deflate only, and cannot decode another."""
    with pytest.raises(ProtocolError, match="not requested"):
        await read(TEXT, encoding)


@pytest.mark.parametrize(("content", "encoding"), [(TEXT, "identity"), (compress(TEXT), "gzip")])
async def test_limit_is_the_decompressed_size(content: bytes, encoding: str) -> None:
    """A body of exactly the limit is read, one byte more is an error, or is truncated on request."""
    assert await read(content, encoding, limit=len(TEXT)) == TEXT
    limit = len(TEXT) - 1
    with pytest.raises(ResponseTooLargeError, match=rf"larger than {limit} bytes \(max_response_bytes\)"):
        await read(content, encoding, limit=limit)
    assert await read_body(ChunkedResponse(content, encoding), 10, truncate=True) == TEXT[:10]


async def test_content_length_beyond_the_limit_is_refused_before_reading() -> None:
    """Nothing of such a body is read."""
    response, limit = ChunkedResponse(TEXT, headers={"content-length": str(len(TEXT))}), len(TEXT) - 1
    with pytest.raises(ResponseTooLargeError, match=f"larger than {limit} bytes"):
        await read_body(response, limit)
    assert response.sent == 0
    assert await read_body(response, len(TEXT)) == TEXT


async def test_content_length_does_not_keep_the_start_of_a_body_from_being_read() -> None:
    """Where the start is all that is wanted."""
    response = ChunkedResponse(TEXT, headers={"content-length": str(len(TEXT))})
    assert await read_body(response, 10, truncate=True) == TEXT[:10]


@pytest.mark.parametrize("truncate", [True, False])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_no_more_is_read_than_the_limit(encoding: str, truncate: bool) -> None:
    """A body that never ends is left at the chunk that exceeds it."""
    content = TEXT * 1000 if encoding == "identity" else compress(TEXT * 1000)
    response = ChunkedResponse(content, encoding)
    with contextlib.nullcontext() if truncate else pytest.raises(ResponseTooLargeError):
        assert await read_body(response, 20, truncate=truncate) == TEXT[:20]
    assert response.sent < 100


async def test_inflater_stops_one_byte_beyond_the_limit() -> None:
    """That byte is what says that there are more."""
    body = bytearray(b"12345")
    await Inflater("gzip").feed(compress(TEXT), body, 10)
    assert bytes(body) == b"12345" + TEXT[:6]


async def test_chunks_that_are_empty_change_nothing() -> None:
    """A transport may yield them; only the first chunk with content is the start of the body."""

    class Response(ChunkedResponse):
        async def chunks(self) -> AsyncIterator[bytes]:
            for chunk in (b"", b"a", b"", b"b", b"c"):
                yield chunk

    assert await read_body(Response(b""), 3) == b"abc"


@pytest.mark.parametrize("length", ["-5", "many", "", "9" * 20, "9" * 400, "\u0661\u0662", "1e9", "0x10"])
async def test_unusable_content_length_counts_for_nothing(length: str) -> None:
    """The body itself is what counts."""
    response = ChunkedResponse(TEXT, headers={"content-length": length})
    assert await read_body(response, len(TEXT)) == TEXT


async def test_longest_usable_content_length_counts() -> None:
    """Nineteen digits: nearly the largest number of 64 bits."""
    with pytest.raises(ResponseTooLargeError):
        await read_body(ChunkedResponse(b"", headers={"content-length": "9" * 19}), 1 << 20)


async def test_decompression_stops_at_the_limit() -> None:
    """64 MB in one chunk of 64 kB take little more memory than the limit of 1 MB."""
    content = compress(b"\x00" * (64 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(ResponseTooLargeError):
            await read(content, "gzip", limit=1 << 20, size=len(content))
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "encoding", "size"),
    [(b"x" * 5000, "identity", 1), (compress(b"") * 2000, "gzip", 100_000),
     (compress(b"\x00" * (16 << 20)), "gzip", 100_000)],
)  # fmt: skip
async def test_event_loop_runs_while_a_body_is_read(content: bytes, encoding: str, size: int) -> None:
    """A body of many chunks, of many members, or of much data does not stop other tasks."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    counting = asyncio.create_task(count())
    await read(content, encoding, limit=32 << 20, size=size)
    counting.cancel()
    assert turns >= 10
