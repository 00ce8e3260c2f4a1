"""Folders of this machine beside names of a bucket: which files there are, and where a name may be written.

Always true: nothing is written outside the folder that was named, and a file appears whole or not at all.
"""
from __future__ import annotations

import base64
import csv
import fnmatch
import hashlib
import io
import os
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Callable, Iterable, Iterator, Mapping

from . import errors
from ._wire import text_value


@dataclass(slots=True)
class LocalFile:
    """A file below a folder: `name` is its path from there, with `/`."""

    name: str
    path: str
    size: int
    modified_ns: int


@dataclass(slots=True)
class Progress:
    """How far something is. Totals are 0 where they are not known. `name`: what was done last."""

    files_done: int = 0
    files_total: int = 0
    bytes_done: int = 0
    bytes_total: int = 0
    name: str = ""


ProgressCall = Callable[[Progress], None]


def walk(folder: str, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Iterator[LocalFile]:
    """Plain files below it, in the order of their names. Links, sockets and devices are left out."""
    includes, excludes = tuple(include), tuple(exclude)

    def inside(path: str, below: str) -> Iterator[LocalFile]:
        with os.scandir(path) as entries:
            found = sorted(entries, key=lambda one: one.name)
        for entry in found:
            name = below + entry.name
            if any(fnmatch.fnmatchcase(name, one) or fnmatch.fnmatchcase(entry.name, one) for one in excludes):
                continue
            if entry.is_dir(follow_symlinks=False):
                yield from inside(entry.path, name + "/")
            elif entry.is_file(follow_symlinks=False):
                if includes and not any(fnmatch.fnmatchcase(name, one) or fnmatch.fnmatchcase(entry.name, one) for one in includes):
                    continue
                status = entry.stat(follow_symlinks=False)
                yield LocalFile(name, entry.path, status.st_size, status.st_mtime_ns)
    return inside(folder, "")


def rfc3339(ns: int) -> str:
    """UTC, to the nanosecond."""
    seconds, rest = divmod(ns, 1_000_000_000)
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f".{rest:09d}Z"


_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z")


def nanoseconds(time: str) -> int:
    """The same back."""
    found = _TIME.fullmatch(time)
    if found is None:
        raise errors.BadRequest(f"{time!r} is no time as the server gives them", id="time.malformed")
    seconds = int(datetime.fromisoformat(found[1] + "+00:00").timestamp())
    return seconds * 1_000_000_000 + int((found[2] or "").ljust(9, "0"))


def place_below(folder: str, name: str, checked: set[str] | None = None) -> str:
    """Where a key lies below a folder. Raises BadRequest for one that would lie elsewhere or is no path. `checked`: folders that were found to lie
    below it, which are not looked at again."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts) or "\0" in name or os.path.isabs(name):
        raise errors.BadRequest(f"{name!r} cannot be a path below a folder", id="name.no_path", hint="get it by itself: get(address, to=…)")
    path = os.path.join(folder, *parts)
    # A link that somebody put there would lead out.
    if checked is not None and os.path.dirname(path) in checked:
        return path
    above = os.path.realpath(os.path.dirname(path))
    top = os.path.realpath(folder)
    if above != top and not above.startswith(top + os.sep):
        raise errors.BadRequest(f"{name!r} would be written outside {folder}: a link leads there", id="name.no_path")
    if checked is not None:
        checked.add(os.path.dirname(path))
    return path


class WholeFile:
    """A file that appears under its name only once `keep` is called; else nothing is left of it."""

    def __init__(self, path: str, buffering: int = -1) -> None:
        self.path = path
        self._draft = os.path.join(os.path.dirname(path), f".atoll-{secrets.token_hex(8)}")
        self._is_kept = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            descriptor = os.open(self._draft, flags, 0o666)
        except FileNotFoundError:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            descriptor = os.open(self._draft, flags, 0o666)
        self.file = os.fdopen(descriptor, "wb", buffering)

    def write(self, data: bytes) -> None:
        self.file.write(data)

    def keep(self, modified_ns: int | None = None) -> None:
        self.file.close()
        if modified_ns is not None:
            os.utime(self._draft, ns=(modified_ns, modified_ns))
        os.replace(self._draft, self.path)
        self._is_kept = True

    def drop(self) -> None:
        """What was not kept goes."""
        if not self._is_kept:
            self.file.close()
            os.unlink(self._draft)


def write_whole(path: str, content: bytes, modified_ns: int) -> None:
    """The same for a file that is in memory."""
    whole = WholeFile(path, 0)
    try:
        whole.write(content)
        whole.keep(modified_ns)
    finally:
        whole.drop()


class Body:
    """A file object as a request's body: what is left of it from where it stands, again from there where it can be."""

    def __init__(self, source: Any) -> None:
        self._source = source
        try:
            self._begin: int | None = source.tell() if source.seekable() else None
        except (OSError, AttributeError):
            self._begin = None
        self.size: int | None = None
        if self._begin is not None:
            self.size = source.seek(0, os.SEEK_END) - self._begin
            source.seek(self._begin)
        self.position = 0  # how far it was read: what is sent again counts once

    def read(self, size: int) -> bytes:
        data = self._source.read(size)
        if isinstance(data, str):
            raise errors.BadRequest("the file was opened as text", id="data.bad_format", hint='open it with "rb"')
        self.position += len(data or b"")
        return bytes(data or b"")

    def rewind(self) -> bool:
        return self.seek(0)

    def seek(self, offset: int) -> bool:
        if self._begin is None:
            return False
        self._source.seek(self._begin + offset)
        self.position = offset
        return True


class BodyPiece:
    """What a body has from an offset on: sent again it begins there again."""

    def __init__(self, body: Body, offset: int) -> None:
        self._body, self._offset = body, offset

    def read(self, size: int) -> bytes:
        return self._body.read(size)

    def rewind(self) -> bool:
        return self._body.seek(self._offset)


def sha256_field(source: Any) -> str:
    """Repr-Digest of bytes, or of a body, which is rewound."""
    digest = hashlib.sha256()
    if isinstance(source, Body):
        while piece := source.read(1 << 20):
            digest.update(piece)
        if not source.rewind():
            raise errors.BadRequest("a digest needs a file that can be read twice", id="data.no_seek")
    else:
        digest.update(source)
    return f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"


def rows_of(table: Any) -> Iterator[tuple[str, dict[str, str]]]:
    """A metadata table as (name, fields): a CSV file (its first column names the file), a DataFrame, rows, or a mapping.

    Empty cells are no fields.
    """
    if isinstance(table, (str, os.PathLike)):
        with open(table, encoding="utf-8-sig", newline="") as file:
            yield from _csv_rows(file)
        return
    if type(table).__module__.partition(".")[0] == "pandas":
        yield from _csv_rows(io.StringIO(table.to_csv(index=type(table.index).__name__ != "RangeIndex")))
        return
    if isinstance(table, Mapping):
        for name, fields in table.items():
            yield str(name), {column: text_value(value) for column, value in fields.items() if value is not None and value != ""}
        return
    for row in table:
        columns = list(row)
        if not columns:
            continue
        yield str(row[columns[0]]), {column: text_value(row[column]) for column in columns[1:] if row[column] is not None and row[column] != ""}


def _csv_rows(file: Any) -> Iterator[tuple[str, dict[str, str]]]:
    reader = csv.reader(file, strict=True)
    header = next(reader, None)
    if not header:
        raise errors.BadRequest("the table has no first line with the names of its columns", id="table.no_header")
    for number, row in enumerate(reader, 2):
        if not row:
            continue
        if len(row) != len(header):
            raise errors.BadRequest(f"line {number} of the table has {len(row)} cells, its first line {len(header)}", id="table.bad_row")
        yield row[0], {column: value for column, value in zip(header[1:], row[1:]) if value != ""}
