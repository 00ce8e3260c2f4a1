"""fsspec: `atoll://bucket/key` for pandas, xarray, DuckDB and whatever opens such addresses.

    fsspec.open("atoll://lab/run-1.csv", where="./home")
    pandas.read_csv("atoll://lab/run-1.csv", storage_options={"where": "http://server:7070", "token": "atl_…"})

Always true: what is open for reading is one version; what is written appears whole when the file is closed. `?version=…` at an address reads that
version (an id or label), `?as_of=…` that moment.
"""
from __future__ import annotations

import concurrent.futures
import fnmatch
import os
import pathlib
import urllib.parse
from datetime import datetime
from typing import Any, Callable, cast

from fsspec.callbacks import NoOpCallback
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractBufferedFile, AbstractFileSystem

from . import errors
from ._wire import PIECE_BYTES, key_text, split_object
from .client import Client


_DEFAULT_CALLBACK = NoOpCallback()


class AtollFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """Buckets are the folders at the top; below them folders are there as long as something lies in them.

    where, and everything else that `Client` takes, come as storage options. `client`: one that is there already.
    """

    protocol = "atoll"
    root_marker = ""
    sep = "/"

    def __init__(self, where: str | None = None, client: Client | None = None, **options: Any) -> None:
        own = {name: options.pop(name) for name in ("asynchronous", "loop", "use_listings_cache", "skip_instance_cache", "listings_expiry_time",
                                                    "max_paths", "batch_size") if name in options}
        super().__init__(**own)
        self.client = client if client is not None else Client(where, **options)

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        if isinstance(path, list):
            return [cls._strip_protocol(one) for one in path]
        path = str(path)
        if path.startswith("atoll://"):
            path = path[len("atoll://"):]
        return path.strip("/")

    def unstrip_protocol(self, name: str) -> str:
        return f"atoll://{self._strip_protocol(name)}"

    # --- Looking

    def _named(self, path: str) -> tuple[str, str | None, str | None]:
        """The path without its `?version=` or `?as_of=`, and these."""
        path, mark, query = self._strip_protocol(path).rpartition("?")
        if not mark:
            return query, None, None
        values = urllib.parse.parse_qs(query)
        if set(values) - {"version", "as_of"} or not values:
            return f"{path}?{query}", None, None
        return path.rstrip("/"), "".join(values.get("version", [])) or None, "".join(values.get("as_of", [])) or None

    def ls(self, path: str, detail: bool = True, **_: Any) -> Any:
        path, __, as_of = self._named(path)
        rows: list[dict[str, Any]] = []
        if not path:
            rows = [_folder(one["name"]) for one in self.client.each(self.client.bucket_list)]
        else:
            bucket, __, key = path.partition("/")
            with _as_files(path):
                prefix = key + "/" if key else ""
                cursor = None
                while True:
                    page = self.client.object_list(bucket, prefix=prefix or None, as_of=as_of, cursor=cursor)
                    rows += [_folder(f"{bucket}/{key_text(one, 'prefix').rstrip('/')}") for one in page["prefixes"]]
                    rows += [_row(bucket, one) for one in page["objects"] if not key_text(one).endswith("/")]
                    cursor = page.get("next_cursor")
                    if not cursor:
                        break
                if not rows and key:
                    rows = [self._object(path, None, as_of)] if not self._is_marker(bucket, prefix) else []
        rows = list({row["name"]: row for row in rows}.values())
        return rows if detail else sorted(row["name"] for row in rows)

    def _is_marker(self, bucket: str, prefix: str) -> bool:
        return self.client.exists(f"{bucket}/{prefix}")

    def _object(self, path: str, version: str | None, as_of: str | None) -> dict[str, Any]:
        bucket, key = split_object(path)
        if as_of is None:
            return _row(bucket, self.client.stat(path, version=version))
        for one in self.client.each(self.client.object_list, bucket, prefix=key, as_of=as_of, recursive=True):
            if "key" in one and key_text(one) == key:
                return _row(bucket, one)
        raise errors.NotFound(f"there is no object {path} at that time", id="object.not_found", status=404)

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        path, version, as_of = self._named(path)
        if not path:
            return _folder("")
        bucket, __, key = path.partition("/")
        with _as_files(path):
            if not key:
                self.client.bucket_show(bucket)
                return _folder(bucket)
            try:
                row = self._object(path, version, as_of)
                if row["type"] == "file" or version:
                    return row
            except errors.NotFound:
                if version:
                    raise
            page = self.client.object_list(bucket, prefix=key + "/", as_of=as_of, limit=1, recursive=True)
            if page["objects"]:
                return _folder(path)
        raise FileNotFoundError(path)

    def exists(self, path: str, **options: Any) -> bool:
        try:
            self.info(path, **options)
        except FileNotFoundError:
            return False
        return True

    def find(self, path: str, maxdepth: int | None = None, withdirs: bool = False, detail: bool = False, **options: Any) -> Any:
        # One list of everything below, in place of one for each folder.
        clean, _, as_of = self._named(path)
        bucket, _, key = clean.partition("/")
        some = maxdepth is not None or withdirs
        if not bucket or options.get("prefix") or some and as_of is None:
            return super().find(path, maxdepth=maxdepth, withdirs=withdirs, detail=detail, **options)
        rows = {}
        try:
            for one in self.client.list(f"{bucket}/{key}/" if key else bucket, recursive=True, as_of=as_of):
                if not key_text(one).endswith("/"):
                    row = _row(bucket, one)
                    rows[row["name"]] = row
            if not rows and key and self.isfile(path):
                rows = {clean: self.info(path)}
        except errors.NotFound:
            return {} if detail else []
        if some and clean not in rows:
            folders = {folder: _folder(folder) for name in rows for folder in _folders_above(name, clean)} if withdirs else {}
            rows = {name: row for name, row in (folders | rows).items() if maxdepth is None or name[len(clean) + 1:].count("/") < maxdepth}
        return dict(sorted(rows.items())) if detail else sorted(rows)

    def modified(self, path: str) -> datetime:
        return datetime.fromisoformat(self.info(path)["modified"][:26].rstrip("Z") + "+00:00")

    def created(self, path: str) -> datetime:
        return datetime.fromisoformat(self.info(path)["created"][:26].rstrip("Z") + "+00:00")

    def checksum(self, path: str) -> int:
        return int(self.info(path)["version"].replace("-", ""), 16)

    def ukey(self, path: str) -> str:
        return str(self.info(path)["version"])

    def versions(self, path: str) -> list[dict[str, Any]]:
        """The versions of an object, the newest first, as the server tells them."""
        return [cast(dict[str, Any], one) for one in self.client.versions(self._named(path)[0])]

    # --- Reading and writing

    def cat_file(self, path: str, start: int | None = None, end: int | None = None, **_: Any) -> bytes:
        path, version, as_of = self._named(path)
        with _as_files(path):
            if (start or 0) < 0 or (end or 0) < 0:
                size = self._object(path, version, as_of)["size"]
                start = max(0, size + start) if start is not None and start < 0 else start
                end = max(0, size + end) if end is not None and end < 0 else end
            begin = start or 0
            return self.client.get(path, version=version, as_of=as_of, offset=begin, length=None if end is None else max(0, end - begin))

    def pipe_file(self, path: str, value: bytes, mode: str = "overwrite", **_: Any) -> None:
        with _as_files(path):
            self.client.put(self._strip_protocol(path), value, if_absent=mode == "create")

    def _open(self, path: str, mode: str = "rb", block_size: Any = None, autocommit: bool = True, cache_options: Any = None, **options: Any) -> Any:
        clean, version, as_of = self._named(path)
        with _as_files(clean):
            if "r" in mode:
                row = self._object(clean, version, as_of)
                if row["type"] != "file":
                    raise IsADirectoryError(clean)
                return AtollFile(self, clean, mode, row, block_size or 1 << 20, cache_options=cache_options, **options)
            if "a" in mode and self.exists(clean):
                before = self.client.get(clean)
                file = AtollFile(self, clean, "wb", None, block_size or PIECE_BYTES, autocommit=autocommit)
                file.write(before)
                return file
            if "x" in mode and self.isfile(clean):
                raise FileExistsError(clean)
            return AtollFile(self, clean, "wb", None, block_size or PIECE_BYTES, autocommit=autocommit, if_absent="x" in mode)

    def cp_file(self, path1: str, path2: str, **_: Any) -> None:
        source, target = self._strip_protocol(path1), self._strip_protocol(path2)
        with _as_files(source):
            if self.isdir(source):
                self.makedirs(target, exist_ok=True)
                return
            self.client.copy(source, target, replace=True)

    def mv(self, path1: str, path2: str, recursive: bool = False, maxdepth: int | None = None, **_: Any) -> None:
        source, target = self._strip_protocol(path1), self._strip_protocol(path2)
        with _as_files(source):
            self.client.move(source, target, recursive=recursive, replace=True)

    # What goes where is decided here and not by the installed fsspec: its versions disagree, and its documents are followed.

    def copy(self, path1: Any, path2: Any, recursive: bool = False, maxdepth: int | None = None, on_error: str | None = None, **_: Any) -> None:
        for source, target in _pairs(self, path1, self, path2, recursive, maxdepth):
            try:
                self.cp_file(source, target)
            except FileNotFoundError:
                if on_error != "ignore":
                    raise

    def get(self, rpath: Any, lpath: Any, recursive: bool = False, callback: Any = _DEFAULT_CALLBACK, maxdepth: int | None = None, **_: Any) -> None:
        self._all(_pairs(self, rpath, LocalFileSystem(), _local(lpath), recursive, maxdepth), self.get_file, callback)

    def put(self, lpath: Any, rpath: Any, recursive: bool = False, callback: Any = _DEFAULT_CALLBACK, maxdepth: int | None = None,
            mode: str = "overwrite", **_: Any) -> None:
        pairs = _pairs(LocalFileSystem(), _local(lpath), self, rpath, recursive, maxdepth)
        self._all(pairs, lambda source, target: self.put_file(source, target, mode=mode), callback)

    def _all(self, pairs: list[tuple[str, str]], work: Callable[[str, str], None], callback: Any) -> None:
        callback.set_size(len(pairs))
        with concurrent.futures.ThreadPoolExecutor(max_workers=self.client.jobs) as threads:
            for _ in threads.map(lambda pair: work(*pair), pairs):
                callback.relative_update(1)

    def get_file(self, rpath: str, lpath: Any, callback: Any = _DEFAULT_CALLBACK, outfile: Any = None, **_: Any) -> None:
        path, version, as_of = self._named(rpath)
        with _as_files(path):
            self.client.get(path, to=outfile if outfile is not None else os.fspath(lpath), version=version, as_of=as_of)

    def put_file(self, lpath: Any, rpath: str, callback: Any = _DEFAULT_CALLBACK, mode: str = "overwrite", **_: Any) -> None:
        with _as_files(rpath):
            self.client.put(self._strip_protocol(rpath), pathlib.Path(lpath), if_absent=mode == "create")

    def rm_file(self, path: str) -> None:
        with _as_files(path):
            self.client.delete(self._strip_protocol(path))

    _rm = rm_file

    def rm(self, path: Any, recursive: bool = False, maxdepth: int | None = None) -> None:
        for one in path if isinstance(path, list) else [path]:
            clean = self._strip_protocol(one)
            with _as_files(clean):
                if recursive and self.isdir(clean):
                    self.client.delete(clean, recursive=True)
                    if "/" not in clean:
                        # Its history stays, and the bucket with it; one that held nothing goes.
                        try:
                            self.client.bucket_delete(clean)
                        except errors.Conflict:
                            pass
                else:
                    self.client.delete(clean)

    def mkdir(self, path: str, create_parents: bool = True, **_: Any) -> None:
        bucket, _, key = self._strip_protocol(path).partition("/")
        with _as_files(path):
            if not key and self.exists(bucket):
                raise FileExistsError(path)
            self.client.bucket_put(bucket)
            # Folders below a bucket are there once something lies in them.

    def makedirs(self, path: str, exist_ok: bool = False) -> None:
        clean = self._strip_protocol(path)
        if not exist_ok and self.exists(clean):
            raise FileExistsError(path)
        self.client.bucket_put(clean.partition("/")[0])

    def rmdir(self, path: str) -> None:
        clean = self._strip_protocol(path)
        with _as_files(clean):
            if self.ls(clean):
                raise OSError(f"{clean} is not empty")
            if "/" not in clean:
                self.client.bucket_delete(clean)

    def touch(self, path: str, truncate: bool = True, **_: Any) -> None:
        if truncate or not self.exists(path):
            self.pipe_file(path, b"")


class AtollFile(AbstractBufferedFile):  # type: ignore[misc]
    """One object: read by ranges of one version, written in pieces that make one object at the end."""

    def __init__(self, fs: AtollFileSystem, path: str, mode: str, row: dict[str, Any] | None, block_size: int, autocommit: bool = True,
                 cache_options: Any = None, cache_type: str = "readahead", if_absent: bool = False, **_: Any) -> None:
        self._version = row["version"] if row else None
        self._if_absent = if_absent
        self._upload = ""
        self._length = 0
        if row is not None:
            self.details = row
        super().__init__(fs, path, mode, block_size=block_size, autocommit=autocommit, cache_type=cache_type, cache_options=cache_options,
                         **({"size": row["size"]} if row else {}))
        if row is not None:
            self.details = row

    def _fetch_range(self, start: int, end: int) -> bytes:
        if start >= self.size:
            return b""
        return cast(bytes, self.fs.client.get(self.path, version=self._version, offset=start, length=min(end, self.size) - start))

    def _initiate_upload(self) -> None:
        # The length is known only at the end, so what is written is collected on this machine until then.
        import tempfile
        self._draft = tempfile.SpooledTemporaryFile(max_size=PIECE_BYTES)

    def _upload_chunk(self, final: bool = False) -> bool:
        self._draft.write(self.buffer.getvalue())
        if final and self.autocommit:
            self.commit()
        return True

    def commit(self) -> None:
        """Stores what was written."""
        self._draft.seek(0)
        try:
            with _as_files(self.path):
                self.fs.client.put(self.path, self._draft, if_absent=self._if_absent)
        finally:
            self._draft.close()

    def discard(self) -> None:
        """Nothing is stored."""
        self._draft.close()


class _as_files:
    """Errors as the operating system has them, which is what callers of fsspec know."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, errors.NotFound):
            raise FileNotFoundError(self._path) from error
        if isinstance(error, errors.PreconditionFailed):
            raise FileExistsError(self._path) from error
        if isinstance(error, (errors.Denied, errors.SignInFirst)) and not isinstance(error, PermissionError):
            raise PermissionError(str(error)) from error


def _local(path: Any) -> Any:
    """As text, with the slash at its end if it has one."""
    return [os.fspath(one) for one in path] if isinstance(path, (list, tuple)) else os.fspath(path)


def _pairs(sources: Any, source: Any, targets: Any, target: Any, recursive: bool, maxdepth: int | None) -> list[tuple[str, str]]:
    """Which file goes where, as "Copying files and directories" of fsspec's documents says. `sources`, `targets`: file systems.

    A folder's content goes into a new folder, or where its name ends with a slash, into the one that is there; else it keeps its name. A list goes
    into a folder, or each to each of another list. What a pattern finds goes into a folder, as it lies below the deepest one that all of it shares.
    """

    def below(folder: str, mark: str, into: str) -> list[tuple[str, str]]:
        found = sources.find(folder + mark, maxdepth=maxdepth) if recursive else []
        return [(one + mark, into + one[len(folder):]) for one in found]

    if isinstance(target, (list, tuple)):
        listed = source if isinstance(source, (list, tuple)) else [source]
        if len(listed) != len(target):
            raise ValueError(f"{len(listed)} sources do not go to {len(target)} targets")
        pairs = []
        for path, to in zip(listed, target):
            clean, mark = _place(sources, path)
            pairs += below(clean, mark, to.rstrip("/")) if recursive and sources.isdir(clean + mark) else [(clean + mark, to)]
        return pairs

    base = target.rstrip("/")

    def matching(pattern: str, mark: str, asked: str) -> list[tuple[str, str]]:
        files, folders = _matching(sources, pattern, mark, asked.removesuffix(mark).endswith("/"), maxdepth)
        if not files and not folders:
            raise FileNotFoundError(asked)
        shared = os.path.commonprefix([one.split("/") for one in (files + folders if recursive else files)])
        while "/".join(shared) in files:
            shared = shared[:-1]
        found, done = set(files), ""
        for folder in folders if recursive and maxdepth != 1 else []:
            # Without a limit one inside another is done with it.
            if maxdepth is not None or not done or not folder.startswith(done):
                found.update(sources.find(folder + mark, maxdepth=None if maxdepth is None else maxdepth - 1))
                done = folder + "/"
        return [(one + mark, "/".join([base, *one.split("/")[len(shared):]])) for one in sorted(found)]

    if isinstance(source, (list, tuple)):
        pairs = []
        for path in source:
            clean, mark = _place(sources, path)
            to = f"{base}/{clean.rpartition('/')[2]}"
            if _is_pattern(sources, clean, mark):
                pairs += matching(clean, mark, path)
            else:
                pairs += below(clean, mark, to) if sources.isdir(clean + mark) else [(clean + mark, to)]
        return list(dict.fromkeys(pairs))

    clean, mark = _place(sources, source)
    if _is_pattern(sources, clean, mark):
        return matching(clean, mark, source)
    name = clean.rpartition("/")[2]
    is_inside = source.removesuffix(mark).endswith("/")
    if sources.isdir(clean + mark):
        return below(clean, mark, f"{base}/{name}" if not is_inside and targets.isdir(base) else base)
    if not sources.exists(clean + mark):
        raise FileNotFoundError(source)
    return [(clean + mark, f"{base}/{name}" if target.endswith("/") or targets.isdir(base) else base)]


def _place(files: Any, path: str) -> tuple[str, str]:
    """The path itself, and the `?version=` or `?as_of=` behind it."""
    whole = files._strip_protocol(path)
    clean = files._named(path)[0] if isinstance(files, AtollFileSystem) else whole.rstrip("/")
    return clean, whole[len(clean):].lstrip("/")


def _is_pattern(files: Any, path: str, mark: str) -> bool:
    return any(sign in path for sign in "*?[") and not files.exists(path + mark)


def _matching(files: Any, pattern: str, mark: str, is_for_folders: bool, maxdepth: int | None) -> tuple[list[str], list[str]]:
    """Files and folders that a pattern finds, in order. `**` is any number of folders; with `maxdepth` so many levels are looked at from there on."""
    parts = pattern.split("/")
    at = next(index for index, part in enumerate(parts) if any(sign in part for sign in "*?["))
    top, parts = "/".join(parts[:at]), parts[at:]
    depth = len(parts) if "**" not in parts else None if maxdepth is None else parts.index("**") + maxdepth
    rows = files.find((top or files.root_marker) + mark, maxdepth=depth, withdirs=depth is not None, detail=True)
    rows.pop(top, None)
    # A link may lead to a folder.
    folders = {name for name, row in rows.items() if row["type"] == "directory" or row["type"] != "file" and files.isdir(name + mark)}
    found = rows.keys() - folders
    if depth is None:
        folders.update(folder for name in found for folder in _folders_above(name, top))
    if rows:
        folders.add(top)

    def fitting(names: Any) -> list[str]:
        return sorted(name for name in names if _fits([] if name == top else name.split("/")[at:], parts))

    return [] if is_for_folders else fitting(found), fitting(folders)


def _fits(parts: list[str], pattern: list[str]) -> bool:
    """Whether a path has the form of the pattern, both part by part."""
    if not pattern:
        return not parts
    if pattern[0] == "**":
        return _fits(parts, pattern[1:]) or bool(parts) and _fits(parts[1:], pattern)
    return bool(parts) and fnmatch.fnmatchcase(parts[0], pattern[0]) and _fits(parts[1:], pattern[1:])


def _folders_above(name: str, top: str) -> list[str]:
    """Those that a file lies in, below the topmost."""
    parts = name.split("/")
    first = top.count("/") + 1 if top else 0
    return ["/".join(parts[:end]) for end in range(first + 1, len(parts))]


def _folder(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def _row(bucket: str, one: Any) -> dict[str, Any]:
    kind = "file" if one["type"] in ("file", "marker") else "directory" if one["type"] == "directory" else "other"
    return {"name": f"{bucket}/{key_text(one)}", "size": one["size"], "type": kind, "version": one["version"], "modified": one["modified"],
            "created": one["stored"], "content_type": one.get("content_type", ""), "metadata": one.get("metadata") or {}, "tags": one.get("tags") or {}}
