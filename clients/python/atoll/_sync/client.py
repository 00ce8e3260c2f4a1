"""The client: put, get, find and delete, and what goes with them.

Addresses are "bucket/key", as the command line has them. Always true: what put answers is durable; a file of this machine appears whole or
not at all; what was broken off on the way is tried again, from where it was. The sync client's file of this name is made from
this one.
"""
# Made by tools/generate-python; do not edit.
from __future__ import annotations

import base64
import json
import os
import time
from typing import Any, Iterator, Awaitable, Callable, Iterable, Mapping, TypedDict, cast

from .. import _data, errors, types
from .._folders import (Body, BodyPiece, LocalFile, Progress, ProgressCall, WholeFile, nanoseconds, place_below, rfc3339, rows_of, sha256_field, walk)
from .._tar import FILE_BYTES_MAX, TarBody, TarParser, batches, write_entries
from .._wire import (BLOCK_BYTES, PIECE_BYTES, RESUMABLE_BYTES, Key, Request, fits_header, key_bytes, key_text, metadata_of_headers,
                     query_of, quote_key, quote_name, split_address, split_object, tags_field, tags_of_headers, texts_of)
from . import io
from .http import Response
from .operations import Operations

TUS = {"Tus-Resumable": "1.0.0"}
# Fewer files are quicker asked for one by one.
STREAMED_FILES_MIN = 8
JOB_ENDS = frozenset(("done", "failed", "cancelled", "interrupted"))


class FolderSummary(TypedDict):
    """What became of a folder: `files` were looked at, `done` of them stored or written, the rest was there already."""

    files: int
    done: int
    bytes: int


class Facts(TypedDict):
    """What came with content: its version, type, time, tags and metadata.

    Metadata whose names or values cannot be header fields (line ends, capitals) is in `stat` only.
    """

    version: str
    size: int
    content_type: str
    modified: str
    tags: dict[str, str]
    metadata: dict[str, str]


class Client(Operations):
    """A home or a server. `with Client("./home") as client: client.put("lab/a.txt", b"…")`

    May be used by several tasks or threads at once. What every call raises is an `AtollError`.
    """

    # --- Storing

    def put(self, address: str, data: Any, *, content_type: str | None = None, metadata: Mapping[str, Any] | None = None,
                  tags: Mapping[str, Any] | None = None, modified: str | None = None, description: str | None = None, label: str | None = None,
                  author: str | None = None, sources: Iterable[str] = (), transformation: str | None = None, if_version: str | None = None,
                  if_absent: bool = False, check: bool = False, format: str | None = None, progress: ProgressCall | None = None,
                  vault: str | None = None, timeout: float | None = None) -> types.Object:
        """Stores one object; what was there stays as an earlier version. Its bucket is made where there is none.

        data: bytes; a `pathlib.Path` of a file; a file object; a DataFrame, an array, a dict or a list (`format`: parquet, csv,
        npy, json, else as the key's ending says). A folder is for `put_folder`.
        metadata, tags: all that the new version has; values are made text.
        modified: the file's own time (RFC 3339); of a Path it is that file's.
        label, author, description: said of the version; sources, transformation: right after it was stored.
        if_version: only over that version; if_absent: only where nothing is. Else `PreconditionFailed`.
        check: also sends the SHA-256, which the server compares and keeps.
        """
        bucket, key = split_object(address)
        opened: Any = None
        try:
            if isinstance(data, os.PathLike):
                path = os.fspath(data)
                if os.path.isdir(path):
                    raise errors.BadRequest(f"{path} is a folder", id="data.folder", hint="put_folder(address, folder)")
                opened = io.call(open, path, "rb")
                modified = modified or rfc3339(os.fstat(opened.fileno()).st_mtime_ns)
                data = opened
            elif isinstance(data, str):
                raise TypeError("put takes bytes or a pathlib.Path; text is stored as text.encode()")
            if _data.kind_of(data):
                data, data_type = io.call(_data.encode, data, key, format)
                content_type = content_type or data_type
            body: Any = Body(data) if hasattr(data, "read") else bytes(data) if isinstance(data, (bytearray, memoryview)) else data
            if not isinstance(body, (bytes, Body)):
                raise TypeError(f"put cannot store a {type(data).__name__}")
            fields = texts_of(metadata or {}, "metadata")
            headers: dict[str, str] = {}
            if tags:
                headers["Atoll-Tags"] = tags_field(texts_of(tags, "tags"))
            if modified:
                headers["Atoll-Modified"] = modified
            if if_version is not None:
                headers["If-Match"] = _etag(if_version)
            if if_absent:
                headers["If-None-Match"] = "*"
            if check:
                headers["Repr-Digest"] = io.call(sha256_field, body)
            said = {"Atoll-Description": description, "Atoll-Author": author, "Atoll-Label": label}
            headers.update({name: value for name, value in said.items() if value and fits_header("said", value)})
            stored = self._put_body(bucket, key, body, headers, fields, content_type, progress, vault, timeout)
        finally:
            if opened is not None:
                opened.close()
        # What does not fit into a header field is said right after it.
        author = None if "Atoll-Author" in headers else author
        description = None if "Atoll-Description" in headers else description
        if author or description or transformation or sources:
            self.provenance_add(bucket, key, version=stored["version"], sources=list(sources) or None, author=author, description=description,
                                      transformation=transformation, vault=vault, timeout=timeout)
        if label and "Atoll-Label" not in headers:
            self.label_set(bucket, key, label=label, version=stored["version"], vault=vault, timeout=timeout)
            stored["label"] = label
        return stored

    def _put_body(self, bucket: str, key: Key, body: Any, headers: dict[str, str], metadata: dict[str, str], content_type: str | None,
                        progress: ProgressCall | None, vault: str | None, timeout: float | None) -> types.Object:
        size = body.size if isinstance(body, Body) else len(body)
        in_headers = all(fits_header(name, value) for name, value in metadata.items())
        is_conditional = any(name in headers for name in ("If-Match", "If-None-Match", "Repr-Digest"))
        if is_conditional and not in_headers:
            raise errors.BadRequest("metadata with these names or values cannot go along with a condition or a digest", id="client.bad_field",
                                    hint="names in small letters, values without line ends; or object_patch afterwards")
        in_pieces = size is not None and not is_conditional and (not in_headers or isinstance(body, Body) and size >= RESUMABLE_BYTES)
        if not in_headers and not in_pieces:
            raise errors.BadRequest("metadata with these names or values needs content whose length is known", id="client.bad_field")
        told = Progress(files_total=1, bytes_total=size or 0, name=key_bytes(key).decode("utf-8", "replace"))

        def sent(count: int) -> None:
            if progress is not None:
                told.bytes_done = body.position if isinstance(body, Body) else min(told.bytes_done + count, len(body))
                progress(told)
        if in_pieces:
            stored = self._put_in_pieces(bucket, key, body, cast(int, size), headers, metadata, content_type, sent, vault, timeout)
        else:
            headers.update({f"Atoll-Meta-{name}": value for name, value in metadata.items()})
            headers["Content-Type"] = content_type or "application/octet-stream"
            # A label that it has taken itself would refuse it the second time.
            request = Request("PUT", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}", headers, body, size,
                              may_repeat=not is_conditional and "Atoll-Label" not in headers, on_sent=sent if progress else None)
            stored = json.loads((self._respond_making_bucket(request, bucket, timeout, vault)).read_all())
        if progress is not None:
            told.files_done = 1
            progress(told)
        return cast(types.Object, stored)

    def _respond_making_bucket(self, request: Request, bucket: str, timeout: float | None, vault: str | None) -> Response:
        try:
            return self._respond(request, timeout, vault)
        except errors.NotFound as error:
            if error.id != "bucket.not_found" or isinstance(request.body, Body) and not request.body.rewind():
                raise
        self.bucket_put(bucket, vault=vault, timeout=timeout)
        return self._respond(request, timeout, vault)

    def _put_in_pieces(self, bucket: str, key: Key, body: Any, size: int, headers: dict[str, str], metadata: dict[str, str],
                             content_type: str | None, sent: Callable[[int], None], vault: str | None, timeout: float | None) -> types.Object:
        coded = {**metadata, "filetype": content_type or "application/octet-stream"}
        if any(set(name) & set(" ,\t\r\n") or not name.isascii() for name in coded):
            raise errors.BadRequest("a name of metadata has no blanks, commas and other letters than those of ASCII", id="client.bad_field",
                                    hint="set such metadata afterwards, with object_patch")
        fields = {**TUS, **headers, "Upload-Length": str(size),
                  "Upload-Metadata": ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in coded.items())}
        target = "/api/v1/uploads" + query_of({"bucket": bucket, "key": key})
        begin = Request("POST", target, fields)
        made = self._respond_making_bucket(begin, bucket, timeout, vault)
        made.read_all()
        place = "/api/v1/uploads/" + made.headers.lower_get("Location").rpartition("/")[2]
        version = made.headers.lower_get("Atoll-Version")
        offset = int(made.headers.lower_get("Upload-Offset") or 0)
        failures = 0
        while offset < size:
            count = min(PIECE_BYTES, size - offset)
            piece: Any = body[offset:offset + count] if isinstance(body, bytes) else BodyPiece(body, offset)
            if isinstance(piece, BodyPiece) and not piece.rewind():
                raise errors.Unreachable("the upload broke off, and its file cannot be read again from there", id="client.broken_off")
            request = Request("PATCH", place, {**TUS, "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"},
                              piece, count, may_repeat=False, on_sent=sent)
            try:
                answer = self._respond(request, timeout, vault)
                answer.read_all()
                version = answer.headers.lower_get("Atoll-Version") or version
                offset, failures = int(answer.headers.lower_get("Upload-Offset")), 0
            except (errors.Unreachable, errors.NotReady, errors.Conflict):
                failures += 1
                if failures >= self.retry.tries:
                    raise
                io.sleep(self.retry.wait_seconds(failures))
                # What arrived counts: the server says where to go on.
                head = self._respond(Request("HEAD", place, dict(TUS)), timeout, vault)
                arrived = int(head.headers.lower_get("Upload-Offset"))
                failures = 0 if arrived > offset else failures
                offset = arrived
        info = self.object_info(bucket, cast(str, key), version=version or None, vault=vault, timeout=timeout)
        return cast(types.Object, {name: value for name, value in info.items() if name in types.Object.__annotations__})

    def put_folder(self, address: str, folder: str | os.PathLike[str], *, include: Iterable[str] = (), exclude: Iterable[str] = (),
                         metadata: Mapping[str, Any] | None = None, tags: Mapping[str, Any] | None = None, table: Any = None,
                         description: str | None = None, label: str | None = None, author: str | None = None, force: bool = False,
                         progress: ProgressCall | None = None, vault: str | None = None, timeout: float | None = None) -> FolderSummary:
        """Stores the plain files below a folder under the address: small ones many in a request, several requests at once. A file with the size
        and time that its object has is not sent again (`force`: is, and changes nothing where it is the same).

        include, exclude: patterns of shells (`*.csv`), on the path below the folder or the name.
        table: metadata for each file: a CSV file or DataFrame whose first column is the path below the folder, rows, or
        {path: fields}; it counts for files that are sent.
        description, label, author: said of every version that this makes.
        Raises PartlyDone, once all was tried, where some files could not be stored. Times, modes and owners are kept; links and extended
        attributes are not: that is what the command line's `put` does.
        """
        bucket, prefix = split_address(address)
        prefix = prefix + "/" if prefix and not prefix.endswith("/") else prefix
        fields = {name: row for name, row in rows_of(table)} if table is not None else {}
        files = io.call(lambda: list(walk(os.fspath(folder), include, exclude)))
        there: dict[str, tuple[int, str]] = {}
        try:
            if not force:
                for one in self.list(f"{bucket}/{prefix}", recursive=True, vault=vault, timeout=timeout):
                    there[key_text(cast(Mapping[str, Any], one))] = (one["size"], one["modified"])
        except errors.NotFound:
            self.bucket_put(bucket, vault=vault, timeout=timeout)

        def is_there(file: LocalFile) -> bool:
            known = there.get(prefix + file.name)
            return known is not None and known[0] == file.size and nanoseconds(known[1]) == file.modified_ns
        changed = [file for file in files if not is_there(file)]
        headers = self._words_of_all(description, author, label, tags)
        words = texts_of(metadata or {}, "metadata")

        def send(batch: list[LocalFile]) -> list[tuple[LocalFile, Exception]]:
            if batch[0].size > FILE_BYTES_MAX:
                file = batch[0]
                with io.call(open, file.path, "rb") as opened:
                    self._put_body(bucket, prefix + file.name, Body(opened), {**headers, "Atoll-Modified": rfc3339(file.modified_ns)},
                                         {**words, **fields.get(file.name, {})}, None, None, vault, timeout)
                return []
            return self._put_batch(bucket, prefix, batch, headers, words, fields, vault, timeout)
        return self._each_batch(batches(changed), send, changed, len(files), progress)

    def put_archive(self, address: str, source: Any, *, metadata: Mapping[str, Any] | None = None, tags: Mapping[str, Any] | None = None,
                          description: str | None = None, label: str | None = None, author: str | None = None, progress: ProgressCall | None = None,
                          vault: str | None = None, timeout: float | None = None) -> types.Unpacked:
        """A plain tar, a `pathlib.Path` or a file object, becomes objects below the address while it is sent, with times, modes, owners, links and
        extended attributes. What could not be stored is in `failures`; the rest is stored.

        metadata, tags, description, label, author: said of every file of it.
        """
        bucket, prefix = split_address(address)
        fields = texts_of(metadata or {}, "metadata")
        if not all(fits_header(name, value) for name, value in fields.items()):
            raise errors.BadRequest("metadata of an archive has names in small letters and values without line ends", id="client.bad_field")
        headers = {**self._words_of_all(description, author, label, tags), **{f"Atoll-Meta-{name}": value for name, value in fields.items()},
                   "Content-Type": "application/x-tar"}
        opened = None if hasattr(source, "read") else io.call(open, os.fspath(source), "rb")
        try:
            body = Body(opened or source)
            told = Progress(bytes_total=body.size or 0)

            def sent(_: int) -> None:
                told.bytes_done = body.position
                if progress is not None:
                    progress(told)
            request = Request("POST", f"/api/v1/buckets/{quote_name(bucket)}/archive" + query_of({"prefix": prefix or None}), headers, body, body.size,
                              on_sent=sent)
            response = self._respond_making_bucket(request, bucket, timeout, vault)
            return cast(types.Unpacked, json.loads(response.read_all()))
        finally:
            if opened is not None:
                opened.close()

    @staticmethod
    def _words_of_all(description: str | None, author: str | None, label: str | None, tags: Mapping[str, Any] | None) -> dict[str, str]:
        headers: dict[str, str] = {}
        for name, value in (("Atoll-Description", description), ("Atoll-Author", author), ("Atoll-Label", label)):
            if value and not fits_header("said", value):
                raise errors.BadRequest(f"what is said of many files is one line, without blanks around it: {name[6:].lower()}", id="client.bad_field")
            if value:
                headers[name] = value
        if tags:
            headers["Atoll-Tags"] = tags_field(texts_of(tags, "tags"))
        return headers

    def _put_batch(self, bucket: str, prefix: str, batch: list[LocalFile], headers: dict[str, str], words: dict[str, str],
                         fields: dict[str, dict[str, str]], vault: str | None, timeout: float | None) -> list[tuple[LocalFile, Exception]]:
        def words_of(file: LocalFile) -> dict[str, str]:
            own = fields.get(file.name)
            return {f"ATOLL.meta.{name}": value for name, value in ({**words, **own} if own else words).items()}
        body = TarBody(batch, words_of)
        target = f"/api/v1/buckets/{quote_name(bucket)}/archive" + query_of({"prefix": prefix or None})
        # The same files again change nothing, so it may be sent again.
        request = Request("POST", target, {**headers, "Content-Type": "application/x-tar"}, body)
        answer: types.Unpacked = json.loads((self._respond(request, timeout, vault)).read_all())
        by_name = {file.name: file for file in batch} if answer["failures"] else {}
        return body.failed + [(by_name[key_text(one, "name")], errors.of_answer(one.get("status", 400), {"id": one["id"], "detail": one["message"]}))
                              for one in cast(list[dict[str, Any]], answer["failures"])]

    def _each_batch(self, work: Iterable[list[LocalFile]], do: Callable[[list[LocalFile]], list[tuple[LocalFile, Exception]]],
                          files: list[LocalFile], looked_at: int, progress: ProgressCall | None) -> FolderSummary:
        told = Progress(files_total=len(files), bytes_total=sum(file.size for file in files))
        failed: list[tuple[str, Exception]] = []
        for batch, answer in io.for_each(work, do, self.jobs):
            if isinstance(answer, Exception):
                if not isinstance(answer, (errors.AtollError, OSError)):
                    raise answer
                answer = [(file, answer) for file in batch]
            refused = {file.name for file, _ in answer}
            failed += [(file.name, error) for file, error in answer]
            for file in batch:
                if file.name in refused:
                    continue
                told.files_done += 1
                told.bytes_done += file.size
                told.name = file.name
                if progress is not None:
                    progress(told)
        summary = FolderSummary(files=looked_at, done=told.files_done, bytes=told.bytes_done)
        if failed:
            raise errors.PartlyDone(f"{len(failed)} of {len(files)} files could not be done; the first, {failed[0][0]}: {failed[0][1]}", failed, summary)
        return summary

    # --- Reading

    def get(self, address: str, *, to: Any = None, version: str | None = None, as_of: str | None = None, member: str | None = None,
                  offset: int = 0, length: int | None = None, progress: ProgressCall | None = None, vault: str | None = None, timeout: float | None = None) -> bytes:
        """The bytes of an object; with `to`, a path or a file object, they go there, and b"" is given.

        version: an id or label; as_of: a moment (a time, a day, `3h` ago, a change's number, a snapshot's name).
        member: of an archive, a mailbox or a mail, what lies inside under this path, as `find` has it in `inside`; whole, and not tried again.
        offset, length: a part. A file at `to` is replaced only once all is there, and gets the object's time.
        """
        bucket, key = split_object(address)
        if member is not None and (offset or length is not None):
            raise errors.BadRequest("a member of an archive is given whole: without offset and length", id="client.bad_field")

        def read(write: Callable[[bytes], Any]) -> Facts:
            if member is None:
                return self._read(bucket, key, write, version, as_of, offset, length, progress, vault, timeout)
            return self._read_member(bucket, key, member, write, version, as_of, progress, vault, timeout)
        if to is None:
            parts: list[bytes] = []
            read(parts.append)
            return parts[0] if len(parts) == 1 else b"".join(parts)
        if hasattr(to, "write"):
            read(to.write)
            return b""
        path = os.fspath(to)
        if os.path.isdir(path):
            path = place_below(path, (member or key).rstrip("/").rpartition("/")[2])
        whole = io.call(WholeFile, path)
        try:
            facts = read(whole.write)
            io.call(whole.keep, nanoseconds(facts["modified"]) if facts["modified"] else None)
        finally:
            whole.drop()
        return b""

    def get_with_facts(self, address: str, *, version: str | None = None, as_of: str | None = None, vault: str | None = None,
                             timeout: float | None = None) -> tuple[bytes, Facts]:
        """The bytes, and what came with them, of one state."""
        bucket, key = split_object(address)
        parts: list[bytes] = []
        facts = self._read(bucket, key, parts.append, version, as_of, 0, None, None, vault, timeout)
        return b"".join(parts), facts

    def get_data(self, address: str, *, version: str | None = None, as_of: str | None = None, vault: str | None = None,
                       timeout: float | None = None) -> Any:
        """A DataFrame (Parquet, CSV), an array (npy), a JSON value or text, as content type and ending say; else bytes."""
        content, facts = self.get_with_facts(address, version=version, as_of=as_of, vault=vault, timeout=timeout)
        return io.call(_data.decode, content, split_object(address)[1], facts["content_type"])

    def _read(self, bucket: str, key: Key, write: Callable[[bytes], Any], version: str | None, as_of: str | None, offset: int,
                    length: int | None, progress: ProgressCall | None, vault: str | None, timeout: float | None) -> Facts:
        target = f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}" + query_of({"version": version, "as_of": as_of})
        facts: Facts | None = None
        etag = ""
        done = failures = 0
        told = Progress(files_total=1, name=key_bytes(key).decode("utf-8", "replace"))
        while True:
            headers = {}
            begin = offset + done
            if begin or length is not None:
                headers["Range"] = f"bytes={begin}-" if length is None else f"bytes={begin}-{offset + length - 1}"
                if length is not None and length <= done:
                    break
            if etag:
                headers["If-Match"] = etag
            try:
                response = self._respond(Request("GET", target, headers), timeout, vault)
            except errors.BadRequest as error:
                if error.status == 416:
                    break
                raise
            try:
                if facts is None:
                    etag = response.headers.lower_get("ETag")
                    facts = facts_of(response)
                    told.bytes_total = response.length or 0
                if headers.get("Range") and response.status != 206:
                    raise errors.Unreachable("the server gave everything where a part was asked for", id="client.no_range")
                while data := response.read():
                    write(data)
                    done += len(data)
                    if progress is not None:
                        told.bytes_done = done
                        progress(told)
                break
            except (errors.Unreachable, OSError) as error:
                # Goes on behind what came, of the same version.
                failures += 1
                if failures >= self.retry.tries:
                    raise error if isinstance(error, errors.AtollError) else self._no_answer(error) from error
                io.sleep(self.retry.wait_seconds(failures))
            finally:
                response.close()
        if facts is None:
            facts = facts_of(self._respond(Request("HEAD", target), timeout, vault))
        if progress is not None:
            told.files_done = 1
            progress(told)
        return facts

    def _read_member(self, bucket: str, key: Key, member: str, write: Callable[[bytes], Any], version: str | None, as_of: str | None,
                           progress: ProgressCall | None, vault: str | None, timeout: float | None) -> Facts:
        query = query_of({"member": member, "version": version, "as_of": as_of})
        response = self._respond(Request("GET", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}{query}"), timeout, vault)
        told = Progress(files_total=1, bytes_total=response.length or 0, name=member)
        try:
            while data := response.read():
                write(data)
                told.bytes_done += len(data)
                if progress is not None:
                    progress(told)
        finally:
            response.close()
        told.files_done = 1
        if progress is not None:
            progress(told)
        return facts_of(response)

    def get_folder(self, address: str, folder: str | os.PathLike[str], *, as_of: str | None = None, force: bool = False,
                         progress: ProgressCall | None = None, vault: str | None = None, timeout: float | None = None) -> FolderSummary:
        """Writes the objects below an address as plain files, several at once. A file with the size and time of its object is there
        already (`force`: is written again); nothing is removed.

        Raises PartlyDone where some could not be written, keys among them that cannot be paths.
        """
        bucket, prefix = split_address(address)
        prefix = prefix + "/" if prefix and not prefix.endswith("/") else prefix
        top = os.fspath(folder)
        io.call(lambda: os.makedirs(top, exist_ok=True))
        files, looked_at, bytes_there = [], 0, 0
        checked: set[str] = set()
        failed: list[tuple[str, Exception]] = []
        for one in self.list(f"{bucket}/{prefix}", recursive=True, as_of=as_of, vault=vault, timeout=timeout):
            name = key_text(cast(Mapping[str, Any], one))[len(prefix):]
            if one["type"] != "file" or not name or name.endswith("/"):
                continue
            looked_at += 1
            bytes_there += one["size"]
            try:
                path = place_below(top, name, checked)
            except errors.BadRequest as error:
                failed.append((name, error))
                continue
            modified_ns = nanoseconds(one["modified"])
            if not force and os.path.isfile(path) and not os.path.islink(path):
                status = os.stat(path)
                if status.st_size == one["size"] and status.st_mtime_ns == modified_ns:
                    continue
            files.append(LocalFile(name, path, one["size"], modified_ns))

        def fetch(batch: list[LocalFile]) -> list[tuple[LocalFile, Exception]]:
            for file in batch:
                whole = io.call(WholeFile, file.path)
                try:
                    self._read(bucket, prefix + file.name, whole.write, None, as_of, 0, None, None, vault, timeout)
                    io.call(whole.keep, file.modified_ns)
                finally:
                    whole.drop()
            return []
        def tell_all(now: Progress) -> None:
            if progress is not None:
                progress(_sum(told, now))
        # One stream has all of it, wanted or not.
        is_worth_it = len(files) >= STREAMED_FILES_MIN and 2 * sum(file.size for file in files) >= bytes_there
        told = Progress(files_total=len(files), bytes_total=sum(file.size for file in files))
        left = self._get_stream(bucket, prefix, files, as_of, told, progress, vault, timeout) if is_worth_it else files
        summary = self._each_batch(([file] for file in left), fetch, left, looked_at, tell_all)
        summary["done"] += told.files_done
        summary["bytes"] += told.bytes_done
        if failed:
            raise errors.PartlyDone(f"{len(failed)} names cannot be files here; the first, {failed[0][0]!r}: {failed[0][1]}", failed, summary)
        return summary

    def _get_stream(self, bucket: str, prefix: str, files: list[LocalFile], as_of: str | None, told: Progress, progress: ProgressCall | None,
                          vault: str | None, timeout: float | None) -> list[LocalFile]:
        """Writes what one archive of the folder has of the files; gives those that it did not have, or not before it broke off."""
        # Names in it begin with the prefix's last folder.
        cut = prefix[:-1].rpartition("/")[0]
        cut = cut + "/" if cut else ""
        wanted = {(prefix + file.name)[len(cut):]: file for file in files}
        target = f"/api/v1/buckets/{quote_name(bucket)}/archive" + query_of({"prefix": prefix or None, "format": "tar", "as_of": as_of})
        try:
            response = self._respond(Request("GET", target), timeout, vault)
        except (errors.Denied, errors.NotFound):
            return files  # of some of it each file may still be had by itself
        parser = TarParser()
        try:
            while data := response.read():
                for file in io.call(write_entries, parser, data, wanted):
                    told.files_done += 1
                    told.bytes_done += file.size
                    told.name = file.name
                    if progress is not None:
                        progress(told)
        except (errors.Unreachable, OSError):
            pass  # what is missing is asked for by itself, and says what is wrong
        finally:
            parser.drop()
            response.close()
        return list(wanted.values())

    def get_archive(self, address: str, to: Any, *, format: str = "zip", as_of: str | None = None, vault: str | None = None,
                          timeout: float | None = None) -> None:
        """Everything below the address as one zip or tar, of one state, into a path or a file object."""
        bucket, prefix = split_address(address)
        request = Request("GET", f"/api/v1/buckets/{quote_name(bucket)}/archive" + query_of({"prefix": prefix or None, "format": format, "as_of": as_of}))
        response = self._respond(request, timeout, vault)
        whole = None if hasattr(to, "write") else io.call(WholeFile, os.fspath(to))
        write = to.write if whole is None else whole.write
        try:
            while data := response.read():
                write(data)
            if whole is not None:
                io.call(whole.keep)
        finally:
            response.close()
            if whole is not None:
                whole.drop()

    def preview(self, address: str, *, size: str = "small", vault: str | None = None, timeout: float | None = None) -> bytes:
        """A small picture of an object, as WebP: 256 pixels the longer side, "large" 1024. NotFound says why there is none."""
        bucket, key = split_object(address)
        request = Request("GET", f"/api/v1/buckets/{quote_name(bucket)}/preview/{quote_key(key)}" + query_of({"size": size}))
        response = self._respond(request, timeout, vault)
        data: bytes = response.read_all()
        return data

    # --- Looking

    def each(self, call: Callable[..., Any], *arguments: Any, **named: Any) -> Iterator[Any]:
        """The rows of every page of a list: `client.each(client.user_list)`, `client.each(client.audit_list, since="1d")`."""
        cursor = None
        while True:
            page: Any = call(*arguments, **named, **({"cursor": cursor} if cursor else {}))
            for rows in page.values():
                if isinstance(rows, list):
                    for row in rows:
                        yield row
            cursor = page.get("next_cursor")
            if not cursor:
                return

    def list(self, address: str, *, recursive: bool = False, deleted: bool = False, as_of: str | None = None, vault: str | None = None,
                   timeout: float | None = None) -> Iterator[types.Object]:
        """The objects below an address in the order of their keys, page after page; without `recursive` only those of this level (its
        folders: `object_list`)."""
        bucket, prefix = split_address(address)
        for one in self.each(self.object_list, bucket, prefix=prefix or None, recursive=recursive or None, deleted=deleted or None, as_of=as_of,
                                   vault=vault, timeout=timeout):
            if "key" in one:
                yield one

    def find(self, filter: str | Mapping[str, Any] = "", *, query: str | None = None, near: str | None = None, inside: str | None = None,
                   as_of: str | None = None, limit: int | None = None, page: int = 1000, wait_seconds: float = 2.0, quarantined: bool = False,
                   vault: str | None = None, timeout: float | None = None) -> Iterator[types.FoundObject]:
        """Objects by name, size, time, type, tags and metadata, in the order of bucket and key: `name:*.csv meta.temperature>=20` (spec/filter.md), or
        the same as {"must": …}.

        query: also by words in them, `boiler invoice -draft` (spec/query-line.md): the best come first, each with `score` and where it was found.
        near: also by what they are about, in any words; each that is near has its `similarity`.
        What was stored just now is waited for, `wait_seconds` at most. More of such a search, its facets and what it does not cover yet: `search`.
        inside: an address to look below. limit: how many at most. page: how many the server is asked for at once.
        quarantined: also what does not meet the gate of its bucket, each with `is_quarantined`.
        """
        bucket, prefix = split_address(inside) if inside else (None, None)
        left, cursor = limit, None
        wait_ms = round(wait_seconds * 1000) if query or near else None
        while True:
            answer: Any = self.search(filter=filter or None, query=query or None, near=near or None, bucket=bucket, prefix=prefix or None, as_of=as_of,
                                            limit=page if left is None else min(page, left), cursor=cursor, wait_ms=wait_ms, quarantined=quarantined or None, vault=vault,
                                            timeout=timeout)
            for one in answer["results"]:
                yield one
                if left is not None:
                    left -= 1
            cursor = answer.get("next_cursor")
            if not cursor or left == 0:
                return

    def stat(self, address: str, *, version: str | None = None, vault: str | None = None, timeout: float | None = None) -> types.ObjectInfo:
        """All that is known of an object, or of a version of it."""
        bucket, key = split_object(address)
        return self.object_info(bucket, key, version=version, vault=vault, timeout=timeout)

    def exists(self, address: str, *, vault: str | None = None, timeout: float | None = None) -> bool:
        """Whether there is an object now."""
        bucket, key = split_object(address)
        try:
            self._respond(Request("HEAD", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}"), timeout, vault)
        except errors.NotFound:
            return False
        return True

    def versions(self, address: str, *, vault: str | None = None, timeout: float | None = None) -> Iterator[types.Version]:
        """The versions of an object, newest first, also of one that was removed."""
        bucket, key = split_object(address)
        for one in self.each(self.object_versions, bucket, key, vault=vault, timeout=timeout):
            yield one

    # --- Changing

    def delete(self, address: str, *, recursive: bool = False, forever: bool = False, versions: str | None = None, reason: str | None = None,
                     if_version: str | None = None, dry_run: bool = False, vault: str | None = None, timeout: float | None = None) -> types.ErasedCount:
        """Removes an object; its history stays, and `undo` brings it back. How much it was is the answer.

        recursive: everything below the address, as a folder; nothing there is NotFound. forever: with all its versions, for
        good and from every earlier moment (`versions`: "all", "old", or one; `reason` is kept). dry_run: only says how much.
        """
        if recursive:
            bucket, prefix = split_address(address)
            prefix = prefix + "/" if prefix and not prefix.endswith("/") else prefix
            if forever:
                count = types.ErasedCount(objects=0, versions=0, bytes=0, dry_run=dry_run)
                for one in self.list(f"{bucket}/{prefix}", recursive=True, deleted=True, vault=vault, timeout=timeout):
                    erased = self._delete_one(bucket, key_text(cast(Mapping[str, Any], one)), True, versions, reason, None, dry_run, vault, timeout)
                    count["objects"] += erased["objects"]
                    count["versions"] += erased["versions"]
                    count["bytes"] += erased["bytes"]
                return count
            removed = self.object_remove_many(bucket, prefix=prefix, dry_run=dry_run or None, vault=vault, timeout=timeout)
            if removed["failed"]:
                failed: list[tuple[str, Exception]] = [(key_text(cast(Mapping[str, Any], one)), errors.by_id(one["id"])(one["detail"], id=one["id"]))
                                                       for one in removed["failed"]]
                raise errors.PartlyDone(f"{len(failed)} objects were not removed; the first: {failed[0][1]}", failed, removed)
            return types.ErasedCount(objects=removed["objects"], versions=removed["objects"], bytes=removed["bytes"], dry_run=dry_run)
        bucket, key = split_object(address)
        return self._delete_one(bucket, key, forever, versions, reason, if_version, dry_run, vault, timeout)

    def _delete_one(self, bucket: str, key: Key, forever: bool, versions: str | None, reason: str | None, if_version: str | None,
                          dry_run: bool, vault: str | None, timeout: float | None) -> types.ErasedCount:
        query = {"forever": forever or None, "versions": versions, "reason": reason, "dry_run": dry_run or None}
        done = self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}", query,
                                {"If-Match": _etag(if_version) if if_version else None}, vault=vault, timeout=timeout)
        return cast(types.ErasedCount, done or types.ErasedCount(objects=1, versions=1, bytes=0, dry_run=False))

    def copy(self, source: str, target: str, *, recursive: bool = False, replace: bool = False, vault: str | None = None,
                   timeout: float | None = None) -> types.Count:
        """Copies an object, or everything below an address; content is shared, not stored again."""
        return self.object_copy(from_=_source(source, recursive), to=_target(target), replace=replace or None, vault=vault, timeout=timeout)

    def move(self, source: str, target: str, *, recursive: bool = False, replace: bool = False, vault: str | None = None,
                   timeout: float | None = None) -> types.Count:
        """Moves or renames an object, or everything below an address."""
        return self.object_move(from_=_source(source, recursive), to=_target(target), replace=replace or None, vault=vault, timeout=timeout)

    def describe(self, address: str, table: Any, *, tags: bool = False, vault: str | None = None, timeout: float | None = None) -> int:
        """Sets metadata (`tags`: tags) of many objects from a table; how many is the answer. What the table does not name stays.

        table: a CSV file or a DataFrame whose first column is the key below the address, rows, or {key: fields}; empty
        cells change nothing. Objects that are as the table says already get no new version. Raises PartlyDone where some are not there.
        """
        bucket, prefix = split_address(address)
        prefix = prefix + "/" if prefix and not prefix.endswith("/") else prefix
        failed: list[tuple[str, Exception]] = []

        def change(row: tuple[str, dict[str, str]]) -> types.Object:
            words: dict[str, Any] = {"tags": row[1]} if tags else {"metadata": row[1]}
            return self.object_patch(bucket, prefix + row[0], **words, vault=vault, timeout=timeout)
        count = 0
        for row, answer in io.for_each(rows_of(table), change, self.jobs):
            if isinstance(answer, errors.AtollError):
                failed.append((row[0], answer))
            elif isinstance(answer, Exception):
                raise answer
            else:
                count += 1
        if failed:
            raise errors.PartlyDone(f"{len(failed)} rows could not be said; the first, {failed[0][0]}: {failed[0][1]}", failed, count)
        return count

    def table(self, filter: str | Mapping[str, Any] = "", *, inside: str | None = None, as_of: str | None = None, vault: str | None = None,
                    timeout: float | None = None) -> Any:
        """What `find` finds as a table: a DataFrame where pandas is installed, else rows. Columns are `address`, `size`, `modified`, `version`, then
        metadata, then `tag.x`."""
        rows = []
        for one in self.find(filter, inside=inside, as_of=as_of, vault=vault, timeout=timeout):
            row: dict[str, Any] = {"address": f"{one['bucket']}/{key_text(cast(Mapping[str, Any], one))}", "size": one["size"], "modified": one["modified"],
                                   "version": one["version"]}
            row.update(one.get("metadata") or {})
            row.update({f"tag.{name}": value for name, value in (one.get("tags") or {}).items()})
            rows.append(row)
        try:
            import pandas
        except ImportError:
            return rows
        return pandas.DataFrame(rows)

    def export_lines(self, to: Any, filter: str | Mapping[str, Any] = "", *, inside: str | None = None, as_of: str | None = None,
                           vault: str | None = None, timeout: float | None = None) -> int:
        """Writes what `find` finds as JSON lines into a path or a binary file object, for training and other programs; how many is the answer.

        Each line: {address, version, metadata, tags, text}; content that is no UTF-8 is `content_b64` in place of `text`. A file at `to` is replaced
        once all is there. Only files; each is in memory by itself.
        """
        count = 0
        whole = None if hasattr(to, "write") else io.call(WholeFile, os.fspath(to))
        write = to.write if whole is None else whole.write
        try:
            for one in self.find(filter, inside=inside, as_of=as_of, vault=vault, timeout=timeout):
                if one["type"] != "file":
                    continue
                address = f"{one['bucket']}/{key_text(cast(Mapping[str, Any], one))}"
                row: dict[str, Any] = {"address": address, "version": one["version"], "metadata": one.get("metadata") or {}, "tags": one.get("tags") or {}}
                content = self.get(address, version=one["version"], vault=vault, timeout=timeout)
                try:
                    row["text"] = content.decode()
                except UnicodeDecodeError:
                    row["content_b64"] = base64.b64encode(content).decode()
                write(json.dumps(row, ensure_ascii=False).encode("utf-8", "surrogateescape") + b"\n")
                count += 1
            if whole is not None:
                io.call(whole.keep)
        finally:
            if whole is not None:
                whole.drop()
        return count

    # --- What happens

    def wait(self, job: Mapping[str, Any], *, progress: Callable[[types.Job], None] | None = None, timeout: float | None = None,
                   vault: str | None = None) -> types.Job:
        """Waits until a job ended, and gives it; `progress` is told of every look. Raises JobFailed unless it ended well, TimedOut
        after `timeout` seconds."""
        end = None if timeout is None else time.monotonic() + timeout
        pause = 0.02
        while True:
            now = self.job_show(job["id"], vault=vault or job.get("vault"))
            if progress is not None:
                progress(now)
            if now["state"] in JOB_ENDS:
                if now["state"] != "done":
                    said: Any = now.get("error") or {}
                    raise errors.JobFailed(f"the job {now['kind']} ended as {now['state']}: {said.get('message', '')}", now, said.get("id", "job.failed"))
                return now
            if end is not None and time.monotonic() > end:
                raise errors.TimedOut(f"the job {now['kind']} is still {now['state']}", id="client.timed_out")
            io.sleep(pause)
            pause = min(pause * 1.5, 1.0)

    def feed(self, since: int = 0, *, bucket: str | None = None, prefix: str | None = None, history: str | None = None, follow: bool = False,
                   vault: str | None = None, timeout: float | None = None) -> Iterator[types.FeedChange]:
        """Changes after number `since`, in order, up to now; with `follow` also those to come, for ever.

        history: of which history of the vault the number is; another one is `Gone`. Where what follows is no longer kept, it
        is `Gone`, too.
        """
        while True:
            page: Any = self.changes(since=since, bucket=bucket, prefix=prefix, history=history, vault=vault, timeout=timeout)
            for one in page["changes"]:
                yield one
            since, history = page["next_since"], page["history"]
            if page["has_more"]:
                continue
            if not follow:
                return
            query = query_of({"since": since, "bucket": bucket, "prefix": prefix, "history": history})
            try:
                stream = self._respond(Request("GET", "/api/v1/changes" + query, {"Accept": "text/event-stream"}), timeout, vault)
                try:
                    for event in events_of(stream):
                        if event.get("event") == "change":
                            change = json.loads(event["data"])
                            since = max(since, int(event.get("id") or change["lsn"]))
                            yield change
                finally:
                    stream.close()
            except (errors.Unreachable, TimeoutError):
                # The server ended, or had nothing to say: asked again from the last change.
                io.sleep(self.retry.first_wait_seconds)


def _sum(one: Progress, other: Progress) -> Progress:
    return Progress(one.files_done + other.files_done, one.files_total, one.bytes_done + other.bytes_done, one.bytes_total, other.name)


def _etag(version: str) -> str:
    return version if version.startswith('"') else f'"{version}"'


def _source(address: str, recursive: bool) -> types.CopySource:
    bucket, key = split_address(address)
    if recursive:
        return types.CopySource(bucket=bucket, prefix=key + "/" if key and not key.endswith("/") else key)
    return types.CopySource(bucket=bucket, key=split_object(address)[1])


def _target(address: str) -> types.CopyTarget:
    bucket, key = split_address(address)
    return types.CopyTarget(bucket=bucket, key=key) if key else types.CopyTarget(bucket=bucket)


def facts_of(response: Response) -> Facts:
    """What the header fields of an object's answer say."""
    fields = response.headers
    total = fields.lower_get("Content-Range").rpartition("/")[2]
    return Facts(version=fields.lower_get("Atoll-Version"), size=int(total) if total.isdigit() else int(fields.lower_get("Content-Length") or 0),
                 content_type=fields.lower_get("Content-Type"), modified=fields.lower_get("Atoll-Modified"), tags=tags_of_headers(fields),
                 metadata=metadata_of_headers(fields))


def events_of(response: Response) -> Iterator[dict[str, str]]:
    """Server-sent events of an answer, as {event, data, id}."""
    held = b""
    while data := response.read(65536):
        held += data
        if len(held) > 64 * BLOCK_BYTES:
            raise errors.Unreachable("an event is too large", id="client.no_http")
        while b"\n\n" in held:
            block, held = held.split(b"\n\n", 1)
            event: dict[str, str] = {}
            for line in block.decode("utf-8", "replace").split("\n"):
                name, colon, value = line.partition(":")
                if name and colon:
                    value = value.removeprefix(" ").rstrip("\r")
                    event[name] = f"{event[name]}\n{value}" if name in event else value
            if event:
                yield event
