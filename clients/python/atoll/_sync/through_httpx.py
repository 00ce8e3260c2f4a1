"""The same requests through httpx: where a proxy stands between, or where a program has its connections there already.

Made from `_async/through_httpx.py`.
"""
# Made by tools/generate-python; do not edit.
from __future__ import annotations

import ssl
from typing import Any, Iterator

from .. import errors
from .._wire import BLOCK_BYTES, Headers, Place, Request, all_headers

try:
    import httpx
except ImportError as error:
    raise errors.Unreachable("a proxy is set, or httpx was asked for, and httpx is not installed", id="client.no_httpx",
                             hint="install python3-httpx, or take the server out of the proxy: NO_PROXY") from error


class HttpxResponse:
    """As `http.Response`."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._pieces = response.iter_raw(BLOCK_BYTES)
        self.status, self.reason = response.status_code, response.reason_phrase
        self.headers = Headers({name.decode("latin-1").lower(): value.decode("utf-8", "surrogateescape") for name, value in response.headers.raw})
        length = self.headers.lower_get("Content-Length")
        self.length = int(length) if length.isdigit() else None
        self._held = b""

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        try:
            while not self._held:
                self._held = next(self._pieces)
        except StopIteration:
            self._response.close()
            return b""
        except httpx.HTTPError as error:
            raise errors.Unreachable(f"the answer broke off: {error}", id="client.broken_off") from error
        data, self._held = self._held[:size], self._held[size:]
        return data

    def read_all(self) -> bytes:
        parts = []
        while data := self.read():
            parts.append(data)
        return b"".join(parts)

    def close(self) -> None:
        self._response.close()


class HttpxPool:
    """As `http.Pool`."""

    def __init__(self, place: Place, tls: ssl.SSLContext | None, timeout_seconds: float, idle_max: int, proxy: str) -> None:
        self.place, self.timeout_seconds = place, timeout_seconds
        limits = httpx.Limits(max_keepalive_connections=idle_max)
        mounts = {"all://": httpx.HTTPTransport(proxy=httpx.Proxy(proxy), verify=tls or True, limits=limits)} if proxy else None
        own = httpx.HTTPTransport(uds=place.socket_path or None, verify=tls or True, limits=limits)
        self._client = httpx.Client(transport=own, mounts=mounts, trust_env=False)

    def send(self, request: Request, token: str | None, vault: str | None, timeout_seconds: float | None) -> Any:
        fields = all_headers(request, token, vault)
        coded = [(name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in fields.items() if name != "Transfer-Encoding"]
        wait = self.timeout_seconds if timeout_seconds is None else timeout_seconds
        content: Any = request.body
        if content is not None and not isinstance(content, bytes):
            content = bytes(content) if isinstance(content, (bytearray, memoryview)) else pieces_of(request)
        try:
            sent = self._client.build_request(request.method, self.place.url + request.target, headers=coded, content=content, timeout=wait)
            answer = self._client.send(sent, stream=True)
        except httpx.TimeoutException as error:
            raise TimeoutError(str(error)) from error
        except httpx.ConnectError as error:
            raise ConnectionRefusedError(str(error)) from error
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from error
        if request.on_sent and isinstance(content, bytes):
            request.on_sent(len(content))
        return HttpxResponse(answer)

    def close(self) -> None:
        self._client.close()


def pieces_of(request: Request) -> Iterator[bytes]:
    left = request.body_bytes
    while left is None or left > 0:
        data = request.body.read(BLOCK_BYTES if left is None else min(BLOCK_BYTES, left))
        if not data:
            return
        left = None if left is None else left - len(data)
        yield data
        if request.on_sent:
            request.on_sent(len(data))
