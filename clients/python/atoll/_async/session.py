"""One server, asked again and again: who asks, where, what is tried anew, and errors as exceptions.

The sync client's file of this name is made from this one.
"""
from __future__ import annotations

import json
import os
import ssl
import weakref
from typing import Any, Mapping

from .. import _home, errors
from .._wire import (AGAIN_STATUSES, Place, Request, Retry, json_request, place_of_url, problem_of, query_of, read_token_file)
from . import io
from .http import Pool, Response, rewind


class AsyncSession:
    """What `AsyncClient` stands on. Close it, or use it in a `with` block."""

    def __init__(self, where: str | os.PathLike[str] | None = None, *, token: str | None = None, token_file: str | os.PathLike[str] | None = None,
                 vault: str | None = None, timeout: float = 60.0, retry: Retry | None = None, jobs: int = 32, authorities: str | None = None,
                 transport: str | None = None, program: str | None = None, password_file: str | os.PathLike[str] | None = None,
                 key_file: str | os.PathLike[str] | None = None) -> None:
        """`where`: a home's folder, or the address of a server (`http://…`); else ATOLL_URL, ATOLL_HOME or the home of this account.

        A home that is not there is made. Its server is begun where none runs, and ended again by close() if it was begun
        here; nothing of that is needed for an address.

        token, token_file: who asks; else ATOLL_TOKEN or the first line of ATOLL_TOKEN_FILE. A home of one's own needs none.
        vault: its name or id, where the home has several. timeout: seconds without a byte from the server.
        retry: how often what failed on the way is tried again. jobs: how much of a folder is on the way at once.
        authorities: PEM file of who signs the server's certificate. transport: "httpx" sends through httpx; else it does
        only where a proxy is set in the environment.
        program: the program `atoll`. password_file, key_file: what unlocks the home.
        """
        self.vault, self.timeout, self.retry, self.jobs = vault, timeout, retry or Retry(), jobs
        self._home: _home.HomeServer | None = None
        self._unopened: tuple[str, str | None, list[str]] | None = None
        address = os.fspath(where) if where is not None else os.environ.get("ATOLL_URL") or default_home()
        if address.startswith(("http://", "https://")):
            self.place = place_of_url(address)
        else:
            options = ["--password-file", os.fspath(password_file)] if password_file else []
            options += ["--key-file", os.fspath(key_file)] if key_file else []
            self._unopened = (address, program, options)
            self.place = Place(socket_path=os.path.join(os.path.realpath(os.path.expanduser(address)), "server.sock"))
        self._token = token
        if token is None and not self.place.socket_path:
            path = token_file or os.environ.get("ATOLL_TOKEN_FILE")
            self._token = read_token_file(path) if path else os.environ.get("ATOLL_TOKEN")
        tls = ssl.create_default_context(cafile=authorities) if self.place.is_tls else None
        self._pool: Any = pool_for(self.place, tls, timeout, jobs, transport)
        # Gives the home's server back where nobody called aclose().
        self._let_go: Any = None
        self._opening = io.Lock()

    async def _open(self) -> None:
        async with self._opening:
            if self._unopened is not None:
                folder, program, options = self._unopened
                self._home = await io.call(_home.hold, folder, program, options)
                self._unopened = None
                self._let_go = weakref.finalize(self, _home.release, self._home)

    async def __aenter__(self) -> Any:
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the connections, and the server if this client began it. More than once does no harm."""
        await self._pool.aclose()
        if self._home is not None:
            home, self._home = self._home, None
            self._let_go.detach()
            await io.call(_home.release, home)
            self._unopened = (home.folder, home.program, list(home.options))

    async def _respond(self, request: Request, timeout: float | None = None, vault: str | None = None) -> Response:
        """The answer, whatever of the way there has to be tried again; an error status is an exception."""
        if self._unopened is not None:
            await self._open()
        tried = 0
        may_have_been_done = False
        while True:
            tried += 1
            retry_after = ""
            try:
                response: Response = await self._pool.send(request, self._token, vault or self.vault, timeout)
            except OSError as error:
                # Of a home of this machine another process may have ended the server that both used.
                is_down = isinstance(error, (ConnectionRefusedError, FileNotFoundError))
                may_have_been_done = may_have_been_done or not is_down
                if tried >= self.retry.tries or (not is_down and not request.may_repeat) or not rewind(request):
                    raise self._no_answer(error) from error
                if is_down and self._home is not None:
                    await io.call(self._home.ensure)
            else:
                if response.status < 400:
                    return response
                if request.method == "DELETE" and may_have_been_done and response.status == 404:
                    # The answer to an earlier try was lost on the way.
                    response.status = 204
                    return response
                failed = errors.of_answer(response.status, problem_of(await response.read_all()), response.reason)
                if response.status not in AGAIN_STATUSES or tried >= self.retry.tries or not rewind(request):
                    raise failed
                if response.status == 503 and failed.id.endswith("locked"):
                    raise failed
                retry_after = response.headers.lower_get("Retry-After")
            await io.sleep(self.retry.wait_seconds(tried, retry_after))

    def _no_answer(self, error: OSError) -> errors.AtollError:
        where = self.place.socket_path or self.place.url
        if isinstance(error, TimeoutError):
            return errors.TimedOut(f"{where} sent nothing for {self.timeout:g} s", id="client.timed_out")
        if isinstance(error, errors.AtollError):
            return error
        return errors.Unreachable(f"{where} cannot be reached: {error}", id="client.unreachable")

    async def _call(self, method: str, path: str, query: Mapping[str, Any] | None = None, headers: Mapping[str, str | None] | None = None,
                    body: Mapping[str, Any] | None = None, *, vault: str | None = None, timeout: float | None = None,
                    idempotency_key: str | None = None) -> Any:
        """A request with a JSON answer; None where the answer is empty."""
        request = json_request(method, path + query_of(query or {}), headers or {}, body, idempotency_key)
        response = await self._respond(request, timeout, vault)
        data = await response.read_all()
        return json.loads(data) if data else None


def default_home() -> str:
    """Where a home is if nothing names one, as the command line has it."""
    named = os.environ.get("ATOLL_HOME")
    if named:
        return named
    data = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return os.path.join(data, "atoll")


def pool_for(place: Place, tls: ssl.SSLContext | None, timeout: float, jobs: int, transport: str | None) -> Any:
    if transport not in (None, "httpx", "own"):
        raise ValueError(f'transport is "httpx" or "own", not {transport!r}')
    if transport is None:
        transport = "httpx" if proxy_of(place) else "own"
    if transport == "httpx":
        from .through_httpx import HttpxPool
        return HttpxPool(place, tls, timeout, jobs, proxy_of(place))
    return Pool(place, tls, timeout, jobs)


def proxy_of(place: Place) -> str:
    """The proxy that the environment names for this server; "" for none."""
    import urllib.request
    if place.socket_path or place.host in ("localhost", "127.0.0.1", "::1") or urllib.request.proxy_bypass(place.host):
        return ""
    return urllib.request.getproxies().get("https" if place.is_tls else "http", "")
