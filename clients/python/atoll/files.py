"""Objects as file objects: read by ranges, written as a stream.

Always true: what is read is one version, that of the moment of opening; what is written appears whole when the file is closed, or not at all
where an exception ends the `with` block.
"""
from __future__ import annotations

import io
import tempfile
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ._wire import Request, quote_key, quote_name, split_object

if TYPE_CHECKING:
    from .client import Client

READ_BYTES = 1 << 20
MEMORY_BYTES = 16 << 20


class ObjectFile(io.RawIOBase):
    """A binary file of one object. Reading asks the server for 1 MiB at a time and keeps the last piece.

    Writing collects in memory up to 16 MiB, then in a temporary file; `close` stores it.
    """

    def __init__(self, client: "Client", address: str, mode: str, version: str | None, as_of: str | None, content_type: str | None, vault: str | None) -> None:
        super().__init__()
        if mode not in ("rb", "wb", "xb"):
            raise ValueError(f"a file is opened as rb, wb or xb, not {mode!r}; io.TextIOWrapper makes text of it")
        self._client, self.name, self.mode = client, address, mode
        self._content_type, self._vault = content_type, vault
        self._at = 0
        self.version = ""
        self.size = 0
        self._piece_begin, self._piece = 0, b""
        self._draft: Any = None
        if mode == "rb":
            bucket, key = split_object(address)
            if as_of is None and version is None:
                info = client._respond(Request("HEAD", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}"), vault=vault)
                self.version, self.size = info.headers.lower_get("Atoll-Version"), info.length or 0
            else:
                facts = client._read(bucket, key, lambda data: None, version, as_of, 0, 0, None, vault, None)
                self.version, self.size = facts["version"], facts["size"]
        else:
            split_object(address)
            self._draft = tempfile.SpooledTemporaryFile(max_size=MEMORY_BYTES)

    def readable(self) -> bool:
        return self.mode == "rb"

    def writable(self) -> bool:
        return self.mode != "rb"

    def seekable(self) -> bool:
        return self.mode == "rb"

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = 0) -> int:
        if not self.seekable():
            raise io.UnsupportedOperation("what is written is written in order")
        at = offset + {0: 0, 1: self._at, 2: self.size}[whence]
        if at < 0:
            raise ValueError(f"there is no place {at} in a file")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        """As much as fits and is at hand: at most 1 MiB is asked for beyond what is held."""
        if self.mode != "rb":
            raise io.UnsupportedOperation("the file is open for writing")
        view = memoryview(buffer).cast("B")
        if self._at >= self.size or not view:
            return 0
        if not self._piece_begin <= self._at < self._piece_begin + len(self._piece):
            length = min(max(len(view), READ_BYTES), self.size - self._at)
            self._piece = self._client.get(self.name, version=self.version, offset=self._at, length=length, vault=self._vault)
            self._piece_begin = self._at
        begin = self._at - self._piece_begin
        count = min(len(view), len(self._piece) - begin)
        view[:count] = self._piece[begin:begin + count]
        self._at += count
        return count

    def write(self, data: Any) -> int:
        if self._draft is None:
            raise io.UnsupportedOperation("the file is open for reading")
        count = len(memoryview(data).cast("B"))
        self._draft.write(data)
        self._at += count
        return count

    def close(self) -> None:
        """Stores what was written. Raises what `put` raises; then nothing is stored."""
        if self.closed:
            return
        draft, self._draft = self._draft, None
        try:
            if draft is not None:
                draft.seek(0)
                stored = self._client.put(self.name, draft, content_type=self._content_type, if_absent=self.mode == "xb", vault=self._vault)
                self.version, self.size = stored["version"], stored["size"]
        finally:
            if draft is not None:
                draft.close()
            super().close()

    def discard(self) -> None:
        """Closes without storing."""
        if self._draft is not None:
            self._draft.close()
            self._draft = None
        super().close()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.discard()
        else:
            self.close()

    def __del__(self) -> None:
        # What nobody closed was not meant to be stored.
        if not self.closed:
            self.discard()
