"""Streams, waiting and doing many things at once, as asyncio has them. `_sync/io.py` has the same names for threads."""
from __future__ import annotations

import asyncio
import ssl
from typing import Any, AsyncIterator, Awaitable, Callable, Iterable, TypeVar

from .._wire import BLOCK_BYTES, Place

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Lock = asyncio.Lock


class Stream:
    """Bytes to and from a server. Every step may take `timeout_seconds` and raises TimeoutError then."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, timeout_seconds: float) -> None:
        self._reader, self._writer = reader, writer
        self.timeout_seconds = timeout_seconds

    async def send(self, data: bytes | memoryview) -> None:
        self._writer.write(data)
        await asyncio.wait_for(self._writer.drain(), self.timeout_seconds)

    async def recv(self, size: int) -> bytes:
        return await asyncio.wait_for(self._reader.read(size), self.timeout_seconds)

    def abort(self) -> None:
        self._writer.close()


async def connect(place: Place, tls: ssl.SSLContext | None, timeout_seconds: float) -> Stream:
    if place.socket_path:
        opened = asyncio.open_unix_connection(place.socket_path, limit=BLOCK_BYTES)
    else:
        opened = asyncio.open_connection(place.host, place.port, ssl=tls, limit=BLOCK_BYTES, server_hostname=place.host if tls else None)
    reader, writer = await asyncio.wait_for(opened, timeout_seconds)
    return Stream(reader, writer, timeout_seconds)


async def sleep(seconds: float) -> None:
    await asyncio.sleep(seconds)


async def call(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Something that may block: reads a file, begins a program."""
    return await asyncio.to_thread(function, *arguments)


async def for_each(items: Iterable[Item], work: Callable[[Item], Awaitable[Answer]], at_once: int) -> AsyncIterator[tuple[Item, Answer | Exception]]:
    """Does `work` for all, `at_once` at a time, and gives each with its answer or its exception, as they end."""
    running: dict[asyncio.Task[Answer], Item] = {}
    source = iter(items)
    try:
        while True:
            while len(running) < at_once:
                try:
                    item = next(source)
                except StopIteration:
                    break
                running[asyncio.ensure_future(work(item))] = item
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                item = running.pop(task)
                failed = task.exception()
                if failed is not None and not isinstance(failed, Exception):
                    raise failed
                yield item, failed if failed is not None else task.result()
    finally:
        for task in running:
            task.cancel()
