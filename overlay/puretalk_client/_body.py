"""Reading a body: counted while it is decompressed, and whole or not at all."""

from __future__ import annotations

import asyncio
import zlib

from ._transports import Reply
from .errors import ProtocolError, ResponseTooLargeError

ACCEPT_ENCODING = "gzip, deflate"
"""What ``read_body`` can undo (RFC 9110, section 8.4.1)."""

MAX_ERROR_BYTES = 64 * 1024
"""How much is read of a body that is no success; its message is at the front."""

_SLICE = 1 << 20
"""Bytes that are decompressed in one go, so that the event loop gets a turn in between."""

_CHUNKS_A_TURN = 256
"""Chunks that are taken before the event loop gets a turn: HTTP libraries hand out many without giving it one."""


async def read_body(reply: Reply, limit: int, *, cut: bool = False) -> bytes:
    """Read and decompress the whole body of an answer.

    Args:
        reply: As a transport returned it, its body not yet read.
        limit: Bytes that the decompressed body may have.
        cut: Return the first ``limit`` bytes of a longer body, instead of an error.

    Raises:
        ResponseTooLargeError: The body is longer than ``limit``.
        ProtocolError: The encoding is unknown, or the compressed data are damaged, cut or followed by more.
    """
    encoding = reply.encoding.strip().lower()
    if not cut and announced(reply) > limit:
        raise too_large(limit)
    inflater = None if encoding == "identity" else Inflater(encoding)
    first = b""  # most bodies come in one chunk, which is not copied
    body = bytearray()
    chunks = 0
    async for chunk in reply.chunks():
        if inflater is not None:
            await inflater.feed(chunk, body, limit)
        elif chunks == 0:
            first = chunk
        else:
            body += chunk
        if len(first) + len(body) > limit:
            break
        chunks += 1
        if chunks % _CHUNKS_A_TURN == 0:
            await asyncio.sleep(0)
    else:
        if inflater is not None:
            inflater.finish()
    content = first + body if body else first
    if len(content) <= limit:
        return content
    if cut:
        return content[:limit]
    raise too_large(limit)


def announced(reply: Reply) -> int:
    """Return the Content-Length of an answer, 0 where there is no sane one."""
    length = reply.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


def too_large(limit: int) -> ResponseTooLargeError:
    """Make the error of a body beyond ``limit`` bytes."""
    return ResponseTooLargeError(f"the body is larger than {limit} bytes (max_response_bytes)")


class Inflater:
    """Decompresses gzip (RFC 1952, also of several members) and deflate (RFC 1950, or bare RFC 1951)."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise ProtocolError("the body has an encoding that was not asked for")
        self._is_gzip = encoding != "deflate"
        self._zlib: zlib._Decompress | None = None
        self._pending = b""

    async def feed(self, chunk: bytes, body: bytearray, limit: int) -> None:
        """Decompress ``chunk`` onto the end of ``body``, but not much beyond ``limit`` bytes."""
        data = self._pending + chunk
        self._pending = b""
        while data and len(body) <= limit:
            if self._zlib is None or self._zlib.eof:
                data = self._begin(data)
                if not data:
                    return
            assert self._zlib is not None
            try:
                body += self._zlib.decompress(data, min(_SLICE, limit + 1 - len(body)))
            except zlib.error:
                raise ProtocolError("the body's compressed data are damaged") from None
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if data:
                await asyncio.sleep(0)

    def _begin(self, data: bytes) -> bytes:
        """Start on the next member; two bytes tell of what kind it is."""
        if len(data) < 2:
            self._pending = data
            return b""
        if self._is_gzip:
            if data[:2] != b"\x1f\x8b":
                raise ProtocolError("the body's compressed data are damaged, or followed by something else")
            self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)
            return data
        if self._zlib is not None:
            raise ProtocolError("the body's compressed data are followed by something else")
        # Servers send either format as "deflate"; RFC 1950 begins with a checked header.
        is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        return data

    def finish(self) -> None:
        """Refuse data that end in the middle."""
        if self._pending or self._zlib is None or not self._zlib.eof:
            raise ProtocolError("the body's compressed data are cut short")
