"""Reads a body: bounded while it is decompressed, complete or not at all."""

from __future__ import annotations

import asyncio
import zlib

from ..errors import ProtocolError, ResponseTooLargeError
from .transports import TransportResponse

ACCEPT_ENCODING = "gzip, deflate"
"""What ``read_body`` can decode (RFC 9110, section 8.4.1)."""

MAX_ERROR_BYTES = 64 * 1024
"""How much is read of the body of a failure; its message is at the front."""

TOO_LARGE = "The body is larger than {} bytes (max_response_bytes)"

_SLICE = 1 << 20
"""Bytes that are decompressed at a time; the event loop runs in between."""

_CHUNKS_PER_TURN = 256
"""Chunks that are read before the event loop runs: HTTP libraries return many without suspending."""


async def read_body(response: TransportResponse, limit: int, *, truncate: bool = False) -> bytes:
    """Read and decompress the body of a response, up to ``limit`` bytes.

    A longer body is a ResponseTooLargeError, or with ``truncate`` cut off; a compressed body that is corrupt, of
    another encoding, incomplete or followed by other data is a ProtocolError.
    """
    encoding = response.encoding.strip().lower()
    if not truncate and content_length(response) > limit:
        raise ResponseTooLargeError(TOO_LARGE.format(limit))
    inflater = None if encoding == "identity" else Inflater(encoding)
    content = response.received() if inflater is None else None
    if content is None:
        content = await _read_chunks(response, inflater, limit)
    if len(content) <= limit:
        return content
    if truncate:
        return content[:limit]
    raise ResponseTooLargeError(TOO_LARGE.format(limit))


async def _read_chunks(response: TransportResponse, inflater: Inflater | None, limit: int) -> bytes:
    """Read a body as it arrives, up to a chunk beyond ``limit``."""
    first = b""  # most bodies arrive in one chunk, which is not copied
    body = bytearray()
    chunks = 0
    async for chunk in response.chunks():
        if inflater is not None:
            await inflater.feed(chunk, body, limit)
        elif chunks == 0:
            first = chunk
        else:
            body += chunk
        if len(first) + len(body) > limit:
            break
        chunks += 1
        if chunks % _CHUNKS_PER_TURN == 0:
            await asyncio.sleep(0)
    else:
        if inflater is not None:
            inflater.finish()
    return first + body if body else first


def content_length(response: TransportResponse) -> int:
    """Return the Content-Length of a response, 0 without a usable one."""
    length = response.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


class Inflater:
    """Decompresses gzip (RFC 1952, also of several members) and deflate (RFC 1950, or bare RFC 1951)."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise ProtocolError("The body has an encoding that was not requested")
        self._is_gzip = encoding != "deflate"
        self._zlib: zlib._Decompress | None = None
        self._pending = b""

    async def feed(self, chunk: bytes, body: bytearray, limit: int) -> None:
        """Decompress ``chunk`` onto the end of ``body``, but at most one byte beyond ``limit``."""
        data = self._pending + chunk
        self._pending = b""
        while data and len(body) <= limit:
            if self._zlib is None or self._zlib.eof:
                data = self._start_member(data)
                if not data:
                    return
            assert self._zlib is not None
            try:
                body += self._zlib.decompress(data, min(_SLICE, limit + 1 - len(body)))
            except zlib.error:
                raise ProtocolError("The compressed body is corrupt") from None
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if data:
                await asyncio.sleep(0)

    def _start_member(self, data: bytes) -> bytes:
        """Start the next member; its first two bytes say of which format it is."""
        if len(data) < 2:
            self._pending = data
            return b""
        if self._is_gzip:
            self._zlib = zlib.decompressobj(16 + zlib.MAX_WBITS)
            return data
        if self._zlib is not None:
            raise ProtocolError("The compressed body is followed by other data")
        # Servers send either format as "deflate"; RFC 1950 begins with a checked header.
        is_zlib = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
        self._zlib = zlib.decompressobj(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)
        return data

    def finish(self) -> None:
        """Refuse data that end too early."""
        if self._pending or self._zlib is None or not self._zlib.eof:
            raise ProtocolError("The compressed body is truncated")
