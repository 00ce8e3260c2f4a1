"""Streams, waiting and doing many things at once, with sockets and threads. `_async/io.py` has the same names for asyncio."""
from __future__ import annotations

import concurrent.futures
import socket
import ssl
import threading
import time
from typing import Any, Callable, Iterable, Iterator, TypeVar

from .._wire import Place

Item = TypeVar("Item")
Answer = TypeVar("Answer")
Lock = threading.Lock


class Stream:
    """Bytes to and from a server. Every step may take `timeout_seconds` and raises TimeoutError then."""

    def __init__(self, line: socket.socket, timeout_seconds: float) -> None:
        self._line = line
        self._timeout_seconds = timeout_seconds
        line.settimeout(timeout_seconds)

    @property
    def timeout_seconds(self) -> float:
        return self._timeout_seconds

    @timeout_seconds.setter
    def timeout_seconds(self, value: float) -> None:
        if value != self._timeout_seconds:
            self._timeout_seconds = value
            self._line.settimeout(value)

    def send(self, data: bytes | memoryview) -> None:
        self._line.sendall(data)

    def recv(self, size: int) -> bytes:
        return self._line.recv(size)

    def abort(self) -> None:
        self._line.close()


def connect(place: Place, tls: ssl.SSLContext | None, timeout_seconds: float) -> Stream:
    if place.socket_path:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(timeout_seconds)
        try:
            line.connect(place.socket_path)
        except BaseException:
            line.close()
            raise
        return Stream(line, timeout_seconds)
    line = socket.create_connection((place.host, place.port), timeout_seconds)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if tls is not None:
        try:
            line = tls.wrap_socket(line, server_hostname=place.host)
        except BaseException:
            line.close()
            raise
    return Stream(line, timeout_seconds)


def sleep(seconds: float) -> None:
    time.sleep(seconds)


def call(function: Callable[..., Answer], *arguments: Any) -> Answer:
    """Something that may block: reads a file, begins a program."""
    return function(*arguments)


def for_each(items: Iterable[Item], work: Callable[[Item], Answer], at_once: int) -> Iterator[tuple[Item, Answer | Exception]]:
    """Does `work` for all, `at_once` at a time, and gives each with its answer or its exception, as they end."""
    source = iter(items)
    with concurrent.futures.ThreadPoolExecutor(max_workers=at_once) as threads:
        running: dict[concurrent.futures.Future[Answer], Item] = {}
        try:
            while True:
                while len(running) < at_once * 2:
                    try:
                        item = next(source)
                    except StopIteration:
                        break
                    running[threads.submit(work, item)] = item
                if not running:
                    return
                done, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
                for future in done:
                    item = running.pop(future)
                    failed = future.exception()
                    if failed is not None and not isinstance(failed, Exception):
                        raise failed
                    yield item, failed if failed is not None else future.result()
        finally:
            for future in running:
                future.cancel()
