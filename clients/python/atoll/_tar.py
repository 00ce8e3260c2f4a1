"""Many small files in one stream: tar archives as the server takes and gives them (pax, POSIX.1-2017).

Always true: a file's header and content are of one state of it; nothing here is larger in memory than one file and one block. Names are bytes.
What is read was written by the server; anything else is refused as `client.no_tar`.
"""
from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable, Iterator, Mapping, Sequence

from . import errors
from ._folders import LocalFile, WholeFile, write_whole

BLOCK = 512
# A file that is larger goes by itself: it can go on where the line breaks.
FILE_BYTES_MAX = 4 << 20
FILES_PER_REQUEST = 1000  # as many failures as an answer names
BYTES_PER_REQUEST = 32 << 20
GATHERED_BYTES = 256 << 10
END = bytes(2 * BLOCK)
_READ_TRIES = 3


def batches(files: Sequence[LocalFile]) -> Iterator[list[LocalFile]]:
    """The small ones of the files, as many together as one request takes; each larger one alone."""
    batch: list[LocalFile] = []
    size = 0
    for file in files:
        if file.size > FILE_BYTES_MAX:
            yield [file]
            continue
        if batch and (len(batch) == FILES_PER_REQUEST or size + file.size > BYTES_PER_REQUEST):
            yield batch
            batch, size = [], 0
        batch.append(file)
        size += file.size
    if batch:
        yield batch


class TarBody:
    """A request's body: files as a tar, made while it is sent. `failed` has those that could not be read; they are left out."""

    def __init__(self, files: Sequence[LocalFile], words: Callable[[LocalFile], Mapping[str, str]]) -> None:
        self._files, self._words = files, words
        self.failed: list[tuple[LocalFile, Exception]] = []
        self._pieces = self._make()

    def read(self, size: int) -> bytes:
        return next(self._pieces, b"")

    def rewind(self) -> bool:
        self.failed.clear()
        self._pieces = self._make()
        return True

    def _make(self) -> Iterator[bytes]:
        parts: list[bytes] = []
        gathered = 0
        for file in self._files:
            try:
                content, status = read_whole(file.path)
            except (OSError, errors.AtollError) as error:
                self.failed.append((file, error))
                continue
            head = entry_head(os.fsencode(file.name), status, len(content), self._words(file))
            padding = -len(content) % BLOCK
            parts += (head, content, bytes(padding))
            gathered += len(head) + len(content) + padding
            if gathered >= GATHERED_BYTES:
                yield b"".join(parts)
                parts.clear()
                gathered = 0
        parts.append(END)
        yield b"".join(parts)


def read_whole(path: str) -> tuple[bytes, os.stat_result]:
    """A small file at one moment: one that changes meanwhile is read again."""
    for _ in range(_READ_TRIES):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            before = os.fstat(descriptor)
            content = os.read(descriptor, before.st_size + 1) if before.st_size <= 2 * FILE_BYTES_MAX else b""
            while 0 < len(content) < before.st_size and (more := os.read(descriptor, before.st_size + 1 - len(content))):
                content += more
            after = os.fstat(descriptor)
        finally:
            os.close(descriptor)
        if len(content) == after.st_size and before.st_mtime_ns == after.st_mtime_ns:
            return content, after
    raise errors.BadRequest(f"{path} is being written to: it changed {_READ_TRIES} times while it was read", id="client.file_changed")


def _block(name: bytes, mode: int, uid: int, gid: int, size: int, seconds: int, kind: bytes) -> bytes:
    fields = b"%b%b%07o\0%07o\0%07o\0%011o\0%011o\0" % (name, bytes(100 - len(name)), mode, uid, gid, size, seconds)
    # The sum of all bytes, the checksum's own as blanks; of the rest only the kind and the mark of the format are not zero.
    total = sum(fields) + 8 * 32 + kind[0] + _MARK_SUM
    return b"%b%06o\0 %b%b" % (fields, total, kind, _REST)


_MARK = b"ustar\x0000"
_MARK_SUM = sum(_MARK)
_REST = bytes(100) + _MARK + bytes(BLOCK - 157 - 100 - len(_MARK))
_EXTENDED: dict[int, bytes] = {}


def _record(name: bytes, value: bytes) -> bytes:
    length = len(name) + len(value) + 3
    total = length + len(str(length))
    if len(str(total)) != len(str(length)):
        total = length + len(str(total))
    return b"%d %b=%b\n" % (total, name, value)


def _time(ns: int) -> bytes:
    sign = b"-" if ns < 0 else b""
    seconds, rest = divmod(abs(ns), 1_000_000_000)
    return b"%b%d.%09d" % (sign, seconds, rest)


def entry_head(name: bytes, status: os.stat_result, size: int, words: Mapping[str, str]) -> bytes:
    """What stands before the content of a plain file. `words`: extended records of Atoll's own."""
    records = _record(b"mtime", _time(status.st_mtime_ns))
    if len(name) > 100:
        records += _record(b"path", name)
    uid, gid = status.st_uid, status.st_gid
    if uid > 0o7777777:
        records += _record(b"uid", b"%d" % uid)
        uid = 0
    if gid > 0o7777777:
        records += _record(b"gid", b"%d" % gid)
        gid = 0
    for word, value in words.items():
        records += _record(word.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape"))
    extended = _EXTENDED.get(len(records))
    if extended is None:
        extended = _block(b"PaxHeader", 0o644, 0, 0, len(records), 0, b"x")
        if len(_EXTENDED) < 1000:
            _EXTENDED[len(records)] = extended
    return b"".join((extended, records, bytes(-len(records) % BLOCK), _block(name[:100], status.st_mode & 0o7777, uid, gid, size, 0, b"0")))


@dataclass(slots=True)
class Entry:
    """One entry of an archive that the server made. `kind`: "0" a file, "5" a folder, "2" a link."""

    name: str
    kind: str
    size: int
    modified_ns: int
    left: int  # of content and padding that was not yet taken


class TarParser:
    """Takes what came with `feed`, gives entries and contents as far as they are there."""

    def __init__(self) -> None:
        self._held = b""
        self._at = 0
        self._records: dict[bytes, bytes] = {}
        self.entry: Entry | None = None  # the one under way, and where it is written to
        self.file: WholeFile | None = None
        self.is_at_end = False

    @property
    def ready_bytes(self) -> int:
        return len(self._held) - self._at

    def feed(self, data: bytes) -> None:
        self._held = self._held[self._at:] + data if self._at < len(self._held) else data
        self._at = 0

    def next(self) -> Entry | None:
        """The next entry whose header is there whole; None: more has to come, or it is the end. What is left of the one before is to be taken first."""
        while not self.is_at_end:
            head = self._held[self._at:self._at + BLOCK]
            if len(head) < BLOCK:
                return None
            if head[0] == 0:
                if any(head):
                    raise _no_tar()
                self.is_at_end = True
                return None
            try:
                size = int(head[124:135], 8)
                seconds = int(head[136:147], 8)
            except ValueError:
                raise _no_tar() from None
            if head[257:262] != b"ustar":
                raise _no_tar()
            kind = head[156:157]
            if kind == b"x":
                whole = BLOCK + size + -size % BLOCK
                if size > 1 << 20:
                    raise _no_tar()
                if len(self._held) - self._at < whole:
                    return None
                self._take_records(self._held[self._at + BLOCK:self._at + BLOCK + size])
                self._at += whole
                continue
            self._at += BLOCK
            records, self._records = self._records, {}
            name = records.get(b"path") or head[:100].rstrip(b"\0")
            size = int(records.get(b"size", size))
            modified_ns = _nanoseconds(records[b"mtime"]) if b"mtime" in records else seconds * 1_000_000_000
            return Entry(os.fsdecode(name), kind.decode("latin-1"), size, modified_ns, size + -size % BLOCK)
        return None

    def content(self, entry: Entry) -> bytes:
        """The next piece of its content that is there, without what pads it; empty where more has to come or nothing is left."""
        padding = -entry.size % BLOCK
        wanted = max(entry.left - padding, 0)
        piece = self._held[self._at:self._at + wanted]
        self._at += len(piece)
        entry.left -= len(piece)
        if entry.left <= padding:
            passed = min(entry.left, len(self._held) - self._at)
            self._at += passed
            entry.left -= passed
        return piece

    def drop(self) -> None:
        """A file that is not whole goes."""
        if self.file is not None:
            self.file.drop()
            self.file = None

    def _take_records(self, text: bytes) -> None:
        at = 0
        while at < len(text):
            blank = text.find(b" ", at)
            try:
                length = int(text[at:blank])
            except ValueError:
                raise _no_tar() from None
            name, equals, value = text[blank + 1:at + length - 1].partition(b"=")
            if length < 5 or not equals:
                raise _no_tar()
            self._records[name] = value
            at += length


def write_entries(parser: TarParser, data: bytes, wanted: dict[str, LocalFile]) -> list[LocalFile]:
    """Writes what came to the files it is of. Gives those that are whole now, and takes them out of `wanted`."""
    parser.feed(data)
    done: list[LocalFile] = []
    while True:
        entry = parser.entry
        if entry is None:
            entry = parser.entry = parser.next()
            if entry is None:
                return done
            file = wanted.get(entry.name) if entry.kind == "0" else None
            if file is not None and entry.left <= parser.ready_bytes:
                # All of it is here.
                content = parser.content(entry)
                write_whole(file.path, content, entry.modified_ns)
                done.append(wanted.pop(entry.name))
                parser.entry = None
                continue
            parser.file = WholeFile(file.path) if file is not None else None
        while piece := parser.content(entry):
            if parser.file is not None:
                parser.file.write(piece)
        if entry.left:
            return done
        if parser.file is not None:
            parser.file.keep(entry.modified_ns)
            parser.drop()
            done.append(wanted.pop(entry.name))
        parser.entry = None


def _nanoseconds(text: bytes) -> int:
    seconds, _, rest = text.partition(b".")
    value = abs(int(seconds)) * 1_000_000_000 + int(rest[:9].ljust(9, b"0"))
    return -value if text.startswith(b"-") else value


def _no_tar() -> errors.AtollError:
    return errors.Unreachable("what the server sent is no tar archive", id="client.no_tar")
