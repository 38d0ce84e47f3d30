"""HTTP/2 for a scripted server: scripts write HTTP/1.1, and each stream gets the same response as frames."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from .wire import End, Frame, reset

PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
"""The first bytes of a client that begins with HTTP/2 (RFC 9113, section 3.4). Six more follow."""
_HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r]*)?((?:\r\n[^\r]+)*)\r\n\r\n")
_HTTP1_ONLY = (b"connection", b"transfer-encoding")
"""Fields that HTTP/2 does not have (RFC 9113, section 8.2.2)."""
_BODILESS = (b"204", b"304")

Play = Callable[[dict[str, str], "Stream"], Awaitable[object]]
"""Responds to a request, given as its fields with those of HTTP/2 (``:path`` and others), on its stream."""


class Connection:
    """One connection, which plays the scripts of its streams at the same time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, play: Play) -> None:
        self._reader, self.writer, self._play = reader, writer, play
        # Faults are the purpose, so that nothing is checked.
        config = h2.config.H2Configuration(
            client_side=False, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.state = h2.connection.H2Connection(config)
        self._window = asyncio.Event()
        self._has_ended = False
        self._tasks: dict[int, asyncio.Task[object]] = {}

    async def serve(self, received: bytes) -> None:
        """Serve until the client closes the connection, of which these bytes were read already."""
        self.state.initiate_connection()
        try:
            while received:
                for event in self.state.receive_data(received):
                    self._handle(event)
                await self.flush()
                received = await self._reader.read(65536)
        except h2.exceptions.ProtocolError:
            pass  # the client refused something, and sends what it would not otherwise
        finally:
            for task in self._tasks.values():
                task.cancel()
            results = await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    def _handle(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived() if not self._has_ended:
                fields = {str(name, "latin-1"): str(value, "latin-1") for name, value in event.headers}
                stream = Stream(self, event.stream_id)
                self._tasks[event.stream_id] = asyncio.create_task(self._run(fields, stream))
            case h2.events.StreamReset() if event.stream_id in self._tasks:
                self._tasks[event.stream_id].cancel()
            case h2.events.WindowUpdated() | h2.events.RemoteSettingsChanged():
                self._window.set()

    async def _run(self, fields: dict[str, str], stream: Stream) -> None:
        try:
            await self._play(fields, stream)
        except (OSError, h2.exceptions.ProtocolError):
            pass  # the client closed the stream or the connection
        except Exception:
            self.writer.close()  # a script is broken
            raise

    async def flush(self) -> None:
        """Write what the state machine has to send, until the end of the connection."""
        if not self._has_ended:
            self.writer.write(self.state.data_to_send())
            await self.writer.drain()

    async def end(self) -> None:
        """End the connection in order.

        With a FIN alone: closing would reset it for what the client still sends, which may lose what was sent before.
        """
        await self.flush()
        self._has_ended = True
        if self.writer.can_write_eof():
            self.writer.write_eof()
        else:
            self.writer.close()

    async def send(self, stream_id: int, data: bytes, *, is_last: bool) -> None:
        """Send data as the client's windows allow it (RFC 9113, section 5.2)."""
        while data:
            size = min(self.state.local_flow_control_window(stream_id), self.state.max_outbound_frame_size)
            if size <= 0:
                self._window.clear()
                await self._window.wait()
                continue
            self.state.send_data(stream_id, data[:size], end_stream=is_last and len(data) <= size)
            data = data[size:]
            await self.flush()


class Stream:
    """Translates the bytes of one response as a script writes them. Bytes that are not HTTP/1.1 stay as they are."""

    def __init__(self, connection: Connection, stream_id: int) -> None:
        self._connection, self._id = connection, stream_id
        self._pending = b""
        self._framing = "head"
        """What the next bytes are: the head, a body of a length, of chunks, or until the end; or nothing more."""
        self._left = 0

    async def write(self, data: bytes) -> None:
        """Translate the next bytes."""
        self._pending += data
        while self._framing == "head" and (head := _HEAD.match(self._pending)):
            self._pending = self._pending[head.end() :]
            self._send_head(head[1], head[2])
        if self._framing == "head":
            if b"\r\n\r\n" in self._pending or not self._pending.startswith(b"HTTP/1."[: len(self._pending)]):
                self._connection.writer.write(self._pending)
                self._pending = b""
        elif self._framing == "chunks":
            await self._send_chunks()
        else:
            await self._send_body()
        await self._connection.flush()

    def _send_head(self, status: bytes, lines: bytes) -> None:
        fields = [(name.lower(), value.strip()) for name, _, value in (f.partition(b":") for f in lines.split(b"\r\n"))]
        found = dict(fields)
        if status.startswith(b"1"):
            pass  # another head follows
        elif b"transfer-encoding" in found:
            self._framing = "chunks"
        elif b"content-length" in found:
            self._framing, self._left = "length", int(found[b"content-length"])
        else:
            self._framing = "close"
        is_empty = status in _BODILESS or (self._framing == "length" and self._left == 0)
        if is_empty:
            self._framing = "nothing"
        sent = [(b":status", status), *(field for field in fields if field[0] and field[0] not in _HTTP1_ONLY)]
        self._connection.state.send_headers(self._id, sent, end_stream=is_empty)

    async def _send_body(self) -> None:
        data, self._pending = self._pending, b""
        if self._framing == "nothing":
            return
        if self._framing == "length":
            data = data[: self._left]
            self._left -= len(data)
        is_last = self._framing == "length" and self._left == 0
        if is_last:
            self._framing = "nothing"
        await self._connection.send(self._id, data, is_last=is_last)

    async def _send_chunks(self) -> None:
        """Send each chunk that is complete as a frame of its own (RFC 9112, section 7.1)."""
        start = 0
        while (end := self._pending.find(b"\r\n", start)) >= 0 and self._framing == "chunks":
            size = int(self._pending[start:end], 16)
            if size == 0:
                self._framing = "nothing"
                trailers = [line.partition(b":") for line in self._pending[end + 2 :].split(b"\r\n") if line]
                self._end(trailers)
            elif len(self._pending) < end + 2 + size + 2:
                break
            else:
                await self._connection.send(self._id, self._pending[end + 2 : end + 2 + size], is_last=False)
            start = end + 2 + size + 2
        self._pending = self._pending[start:]

    def _end(self, trailers: list[tuple[bytes, bytes, bytes]]) -> None:
        if trailers:
            fields = [(name.lower(), value.strip()) for name, _, value in trailers]
            self._connection.state.send_headers(self._id, fields, end_stream=True)
        else:
            self._connection.state.end_stream(self._id)

    async def write_frame(self, frame: Frame) -> None:
        """Write one frame, whatever the state of the stream or of the connection."""
        self._connection.writer.write(frame.to_bytes(self._id))
        await self._connection.writer.drain()

    async def end(self, end: End) -> None:
        """End the connection, with the body of this response where nothing else ends it."""
        if end is End.HOLD:
            await asyncio.Event().wait()
        elif end is End.RESET:
            reset(self._connection.writer)
        else:
            if self._framing == "close":
                self._connection.state.end_stream(self._id)
            await self._connection.end()
