"""Reading bodies: whole and bounded, or an error."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from puretalk_client import ProtocolError, ResponseTooLargeError
from puretalk_client._body import read_body
from puretalk_client._transports import HttpxReply

TEXT = b'{"msg":"Success"}' * 50


def read(
    content: bytes, encoding: str | None = None, limit: int = 1 << 20, size: int = 7, cut: bool = False
) -> bytes:
    """Read ``content`` in chunks of ``size`` bytes."""

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    headers = {"content-encoding": encoding} if encoding is not None else {}
    return asyncio.run(
        read_body(HttpxReply(httpx.Response(200, headers=headers, content=chunks())), limit, cut=cut)
    )


def deflated(data: bytes) -> bytes:
    """Compress to a bare RFC 1951 stream."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize(
    ("content", "encoding"),
    [(TEXT, None), (TEXT, "identity"), (gzip.compress(TEXT), "gzip"), (gzip.compress(TEXT), " GZip "),
     (gzip.compress(TEXT), "x-gzip"), (zlib.compress(TEXT), "deflate"), (deflated(TEXT), "deflate"),
     (gzip.compress(TEXT[:9]) + gzip.compress(TEXT[9:]), "gzip")],
)  # fmt: skip
def test_bodies_are_read_however_they_are_cut_up(content: bytes, encoding: str | None, size: int) -> None:
    """Plain, gzip of one and of several members, and both things that are sent as deflate."""
    assert read(content, encoding, size=size) == TEXT


@given(st.binary(max_size=5000), st.integers(1, 500))
def test_any_bytes_survive_gzip(content: bytes, size: int) -> None:
    """What was compressed comes back, wherever the chunks end."""
    assert read(gzip.compress(content), "gzip", size=size) == content


@given(st.data())
def test_cut_gzip_is_never_a_body(data: st.DataObject) -> None:
    """Every proper prefix of a gzip stream is an error."""
    whole = gzip.compress(TEXT)
    end = data.draw(st.integers(0, len(whole) - 1))
    with pytest.raises(ProtocolError, match="cut short"):
        read(whole[:end], "gzip")


@pytest.mark.parametrize("tail", [b"x", b"garbage", b"\x1f", b"\x1f\x8b", b"\x00" * 10])
def test_gzip_followed_by_something_else_is_an_error(tail: bytes) -> None:
    """Nobody knows what the rest was meant to be."""
    with pytest.raises(ProtocolError):
        read(gzip.compress(TEXT) + tail, "gzip")


def test_deflate_followed_by_something_else_is_an_error() -> None:
    """Deflate has one stream."""
    with pytest.raises(ProtocolError):
        read(zlib.compress(TEXT) + b"xx", "deflate")


@pytest.mark.parametrize(
    "content", [b"", b"plain text", gzip.compress(TEXT)[:20] + b"\xff" * 200, zlib.compress(TEXT)]
)
def test_what_is_not_gzip_is_an_error(content: bytes) -> None:
    """A wrong label, damage and emptiness."""
    with pytest.raises(ProtocolError):
        read(content, "gzip")


def test_damaged_checksum_is_an_error() -> None:
    """Gzip carries a CRC, and it counts."""
    whole = bytearray(gzip.compress(TEXT))
    whole[-6] ^= 1
    with pytest.raises(ProtocolError, match="damaged"):
        read(bytes(whole), "gzip")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "", "utf-8"])
def test_unknown_encoding_is_an_error(encoding: str) -> None:
    """An encoding that was not asked for cannot be undone."""
    with pytest.raises(ProtocolError, match="not asked for"):
        read(TEXT, encoding)


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_limit_counts_what_comes_out(encoding: str | None) -> None:
    """Exactly the limit is fine, one byte more is not."""
    packed = gzip.compress(TEXT) if encoding else TEXT
    assert read(packed, encoding, limit=len(TEXT)) == TEXT
    with pytest.raises(ResponseTooLargeError, match="max_response_bytes"):
        read(packed, encoding, limit=len(TEXT) - 1)
    assert read(packed, encoding, limit=10, cut=True) == TEXT[:10]


def test_bomb_is_not_blown_up() -> None:
    """Decompressing stops at the limit, whatever is left in the stream."""
    bomb = gzip.compress(b"\x00" * (64 << 20))
    with pytest.raises(ResponseTooLargeError):
        read(bomb, "gzip", limit=1 << 20, size=len(bomb))
