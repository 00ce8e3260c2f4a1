"""HTTP/1.1 as far as the client needs it (RFC 9112): one request at a time over a stream, and a set of open streams.

Always true: an answer is read to its end before its connection is used again; one that broke off is an `Unreachable`.
The sync client's file of this name is made from this one.
"""
from __future__ import annotations

import collections
from typing import Any

from .. import errors
from .._wire import BLOCK_BYTES, Headers, Place, Request, head_bytes, parse_head
from .io import Stream, call, connect

HEAD_BYTES_MAX = 256 * 1024


class Response:
    """`status`, `reason` and `headers`; the body with read(). Close it, or read it to its end."""

    def __init__(self, connection: Connection, status: int, reason: str, headers: Headers, has_body: bool) -> None:
        self.status, self.reason, self.headers = status, reason, headers
        self._connection = connection
        self._is_chunked = "chunked" in headers.lower_get("Transfer-Encoding").lower()
        length = headers.lower_get("Content-Length")
        self.length: int | None = int(length) if length.isdigit() and not self._is_chunked else None
        # Of a chunked body the rest of this chunk; None with no length known: until the line ends.
        self._left: int | None = 0 if self._is_chunked else self.length
        self._is_done = not has_body or self._left == 0 and not self._is_chunked
        if self._is_done:
            self._connection.finish(self.headers)

    async def read(self, size: int = BLOCK_BYTES) -> bytes:
        """At most `size` bytes; empty at the end."""
        if self._is_done:
            return b""
        if self._is_chunked and self._left == 0:
            line = await self._connection.read_line()
            self._left = int(line.split(b";")[0], 16)
            if self._left == 0:
                while await self._connection.read_line():
                    pass
                self._end()
                return b""
        data = await self._connection.recv(size if self._left is None else min(size, self._left))
        if not data:
            self._is_done = True
            if self._left is None:
                await self._connection.drop()
                return b""
            await self._connection.drop()
            raise errors.Unreachable("the answer broke off", id="client.broken_off")
        if self._left is not None:
            self._left -= len(data)
            if self._is_chunked:
                if self._left == 0:
                    await self._connection.read_line()
            elif self._left == 0:
                self._end()
        return data

    def _end(self) -> None:
        self._is_done = True
        self._connection.finish(self.headers)

    async def read_all(self) -> bytes:
        parts = []
        while data := await self.read():
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def aclose(self) -> None:
        """Whatever is left of the body is not read, and its connection not used again."""
        if not self._is_done:
            self._is_done = True
            await self._connection.drop()


class Connection:
    """One stream. `has_begun`: something of the answer arrived. `has_sent`: something of the request went out."""

    def __init__(self, pool: Pool, stream: Stream) -> None:
        self._pool, self._stream = pool, stream
        self._held = b""
        self.is_fresh = True
        self.has_begun = False

    async def exchange(self, request: Request, head: bytes) -> Response:
        self.has_begun = False
        broken: OSError | errors.AtollError | None = None
        body = request.body
        try:
            if isinstance(body, (bytes, bytearray, memoryview)) and len(body) <= 65536:
                await self._stream.send(head + bytes(body))
                if request.on_sent and body:
                    request.on_sent(len(body))
            else:
                await self._stream.send(head)
                if body is not None:
                    await self._send_body(request)
        except OSError as error:
            # A server that refuses early answers and closes: what it says counts.
            broken = error
        try:
            while True:
                status, reason, headers = parse_head(await self._read_head())
                if status >= 200:
                    break
        except (OSError, errors.Unreachable) as error:
            raise broken or error
        if broken:
            headers["connection"] = "close"
        return Response(self, status, reason, headers, request.method != "HEAD" and status not in (204, 304))

    async def _send_body(self, request: Request) -> None:
        if isinstance(request.body, (bytes, bytearray, memoryview)):
            view = memoryview(request.body).cast("B")
            for at in range(0, len(view), BLOCK_BYTES):
                piece = view[at:at + BLOCK_BYTES]
                await self._stream.send(piece)
                if request.on_sent:
                    request.on_sent(len(piece))
            return
        left = request.body_bytes
        while left is None or left > 0:
            data = await call(request.body.read, BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
            if not data:
                break
            if left is None:
                await self._stream.send(b"%x\r\n%b\r\n" % (len(data), data))
            else:
                left -= len(data)
                await self._stream.send(data)
            if request.on_sent:
                request.on_sent(len(data))
        if left is None:
            await self._stream.send(b"0\r\n\r\n")
        elif left:
            raise errors.BadRequest("the file became shorter while it was sent", id="client.file_changed")

    async def _read_head(self) -> bytes:
        while b"\r\n\r\n" not in self._held:
            if len(self._held) > HEAD_BYTES_MAX:
                raise errors.Unreachable("the answer's head is too large", id="client.no_http")
            data = await self._stream.recv(65536)
            if not data:
                raise errors.Unreachable("the server closed the connection without an answer", id="client.broken_off")
            self.has_begun = True
            self._held += data
        head, self._held = self._held.split(b"\r\n\r\n", 1)
        return head

    async def read_line(self) -> bytes:
        while b"\r\n" not in self._held:
            data = await self._stream.recv(65536)
            if not data or len(self._held) > HEAD_BYTES_MAX:
                raise errors.Unreachable("the answer broke off", id="client.broken_off")
            self._held += data
        line, self._held = self._held.split(b"\r\n", 1)
        return line

    async def recv(self, size: int) -> bytes:
        if self._held:
            data, self._held = self._held[:size], self._held[size:]
            return data
        return await self._stream.recv(size)

    def finish(self, headers: Headers) -> None:
        """The answer was read: the next request may use the stream, unless the server wants to close it."""
        if headers.lower_get("Connection").lower() == "close" or self._held:
            self._stream.abort()
        else:
            self._pool.put_back(self)

    async def drop(self) -> None:
        self._stream.abort()


class Pool:
    """Open connections to one server, the one used last first. Several threads may use it."""

    def __init__(self, place: Place, tls: Any, timeout_seconds: float, idle_max: int) -> None:
        self.place, self._tls, self.timeout_seconds, self._idle_max = place, tls, timeout_seconds, idle_max
        self._idle: collections.deque[Connection] = collections.deque()

    def put_back(self, connection: Connection) -> None:
        connection.is_fresh = False
        if len(self._idle) < self._idle_max:
            self._idle.append(connection)
        else:
            connection._stream.abort()

    async def _take(self, timeout_seconds: float, may_be_used: bool) -> Connection:
        try:
            if may_be_used:
                connection = self._idle.pop()
                connection._stream.timeout_seconds = timeout_seconds
                return connection
        except IndexError:
            pass
        return Connection(self, await connect(self.place, self._tls, timeout_seconds))

    async def send(self, request: Request, token: str | None, vault: str | None, timeout_seconds: float | None) -> Response:
        """One try, but for a connection that the server had closed meanwhile. Raises OSError and Unreachable."""
        timeout = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        head = head_bytes(request, self.place.host_field, self.place.prefix, token, vault)
        while True:
            # One that was used may be closed by now, and what fails then may have arrived or not.
            connection = await self._take(timeout, request.may_repeat)
            try:
                return await connection.exchange(request, head)
            except BaseException as error:
                await connection.drop()
                is_stale = not connection.is_fresh and not connection.has_begun and not isinstance(error, TimeoutError)
                if not is_stale or not isinstance(error, (OSError, errors.Unreachable)) or not rewind(request):
                    raise

    async def aclose(self) -> None:
        while self._idle:
            await self._idle.pop().drop()


def rewind(request: Request) -> bool:
    """Whether the body can be sent from its beginning again; does it."""
    if request.body is None or isinstance(request.body, (bytes, bytearray, memoryview)):
        return True
    again = getattr(request.body, "rewind", None)
    return bool(again and again())
