"""The server of a home on this machine: found where it runs, begun where none does, and ended by who began it.

Always true: a server that this process did not begin is never ended by it. Of several clients of one home in a process the
last one ends the server. The home's own socket is used, which only its owner can open, so no token is needed.
"""
from __future__ import annotations

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from typing import Sequence

from . import errors

START_SECONDS = 60.0
END_SECONDS = 60.0
EXIT_LOCKED = 11
_guard = threading.RLock()
_homes: dict[str, "HomeServer"] = {}


@dataclass
class HomeServer:
    """One home. Take it with `hold`, give it back with `release`."""

    folder: str
    program: str
    options: Sequence[str] = ()
    holders: int = 0
    child: subprocess.Popen[bytes] | None = None
    scratch: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def socket_path(self) -> str:
        return os.path.join(self.folder, "server.sock")

    def answers(self) -> bool:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(5)
            line.connect(self.socket_path)
            line.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return line.recv(12).startswith(b"HTTP/1.1 ")
        except OSError:
            return False
        finally:
            line.close()

    def ensure(self) -> None:
        """Makes the home where there is none, and begins a server where none answers. Raises AtollError."""
        with self.lock:
            if self.answers():
                return
            self._forget_child()
            if not os.path.exists(os.path.join(self.folder, "home.json")):
                self._run("init", "--if-missing")
            self._begin()

    def _command(self, *words: str) -> list[str]:
        return [self.program, "--home", self.folder, *self.options, *words]

    def _run(self, *words: str) -> None:
        done = subprocess.run(self._command(*words), stdin=subprocess.DEVNULL, capture_output=True, check=False)
        if done.returncode != 0:
            raise errors.Unreachable(f"`atoll {words[0]}` of {self.folder} ended with {done.returncode}: {_last_words(done.stderr)}", id="home.not_made")

    def _begin(self) -> None:
        # The socket in the home is there in any case; one more beside it keeps the server off the network.
        self.scratch = tempfile.mkdtemp(prefix="atoll-python-")
        log_path = os.path.join(self.scratch, "log")
        end = time.monotonic() + START_SECONDS
        with open(log_path, "wb") as log:
            # What the first start prints is for somebody who signs in elsewhere; the home's owner needs none of it.
            # A session of its own: Ctrl-C is for the program, which ends the server when it is done.
            self.child = subprocess.Popen(self._command("serve", "--listen", f"unix:{self.scratch}/sock"), stdin=subprocess.DEVNULL,
                                          stdout=subprocess.DEVNULL, stderr=log, start_new_session=True)
        while time.monotonic() < end:
            if self.answers():
                if self.child.poll() is None:
                    return
            code = self.child.poll()
            if code is not None and code != EXIT_LOCKED:
                with open(log_path, "rb") as log:
                    words = _last_words(log.read())
                self._forget_child()
                raise errors.Unreachable(f"the server of {self.folder} ended with {code}: {words}", id="home.not_served")
            if code == EXIT_LOCKED and self.answers():
                # Somebody else was quicker.
                self._forget_child()
                return
            time.sleep(0.01)
        self.end()
        raise errors.Unreachable(f"the server of {self.folder} did not answer within {START_SECONDS:.0f} s", id="home.not_served",
                                 hint="another process may write to the home: look with `atoll doctor`")

    def _forget_child(self) -> None:
        if self.child is not None and self.child.poll() is None:
            return
        self.child = None
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)
            self.scratch = ""

    def end(self) -> None:
        child = self.child
        if child is not None and child.poll() is None:
            child.terminate()
            try:
                child.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                # What was answered is safe; a server that does not end is ended.
                child.kill()
                child.wait()
        self._forget_child()


def hold(folder: str | os.PathLike[str], program: str | None, options: Sequence[str]) -> HomeServer:
    """The server of that home, begun if need be. Raises AtollError."""
    path = os.path.realpath(os.path.expanduser(os.fspath(folder)))
    with _guard:
        server = _homes.get(path)
        if server is None:
            server = _homes[path] = HomeServer(path, find_program(program), tuple(options))
        server.holders += 1
    try:
        server.ensure()
    except BaseException:
        release(server)
        raise
    return server


def release(server: HomeServer) -> None:
    with _guard:
        server.holders -= 1
        if server.holders > 0:
            return
        _homes.pop(server.folder, None)
    server.end()


def find_program(program: str | None) -> str:
    """The program `atoll`: as given, as ATOLL_PROGRAM says, or on the PATH."""
    wanted = program or os.environ.get("ATOLL_PROGRAM") or "atoll"
    found = shutil.which(wanted)
    if found is None:
        raise errors.Unreachable(f"there is no program {wanted!r} to serve a home with", id="home.no_program",
                                 hint="install atoll, or name it: program=…, or ATOLL_PROGRAM; or talk to a server: Client(\"http://…\")")
    return os.path.abspath(found)


def _last_words(output: bytes) -> str:
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it said nothing"


@atexit.register
def _end_all() -> None:
    for server in list(_homes.values()):
        server.end()
