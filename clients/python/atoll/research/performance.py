"""`HighPerformanceStorage`: many things at once, a cache on this side, and figures of both sides."""
from __future__ import annotations

import collections
import hashlib
import os
import shutil
import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timezone
from typing import Any, Callable, Iterable, Iterator, Mapping

from .. import _data, errors
from .._wire import split_object
from ..client import Client
from .settings import DEFAULT_BUCKET, Manager

RATE_SECONDS = 60.0
_UNITS = {"": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40}


class HighPerformanceStorage(Manager):
    """Stores and reads many objects with several threads; what was read stays in a cache of this machine by its version, so a cached answer is never an
    old one: the server is asked which version is current."""

    SETTINGS = {
        "optimization_targets.*": "the server tunes itself to its machine; nothing is traded against durability",
        "caching_strategy.levels": "`memory` and `ssd` of this machine; `network` is the server",
        "caching_strategy.cache_sizes.*": "bytes at most of each level",
        "caching_strategy.eviction_policy": "lru: what was not read longest goes first",
        "caching_strategy.preload_strategy": "predictive: what followed last time is fetched ahead",
        "parallelization.max_workers": "threads",
        "parallelization.chunk_size": "so many are taken up at once",
        "parallelization.async_processing": "`store` and `read` give a Future",
        "parallelization.load_balancing": "a thread that is done takes the next one",
        "compression.*": "the server compresses what it makes smaller, each piece by itself, and leaves the rest as it is",
    }

    def __init__(self, config: Mapping[str, Any] | None = None, client: Client | None = None, *, bucket: str = DEFAULT_BUCKET) -> None:
        super().__init__(config, client, bucket=bucket)
        levels = self.setting("caching_strategy.levels", ["memory"])
        sizes = self.setting("caching_strategy.cache_sizes", {})
        if self.setting("caching_strategy.eviction_policy", "lru") != "lru":
            raise errors.BadRequest("the cache knows lru alone", id="cache.no_policy", hint="caching_strategy.eviction_policy: lru")
        self._memory = MemoryCache(bytes_of(sizes.get("memory", "256MB")) if "memory" in levels else 0)
        self._disk = DiskCache(bytes_of(sizes.get("ssd", "1GB")) if "ssd" in levels else 0)
        self._workers = int(self.setting("parallelization.max_workers", 8))
        self._chunk = int(self.setting("parallelization.chunk_size", 10000))
        self._is_async = bool(self.setting("parallelization.async_processing", False))
        self._is_predictive = self.setting("caching_strategy.preload_strategy", "") == "predictive"
        self._threads = ThreadPoolExecutor(max_workers=self._workers)
        self._guard = threading.Lock()
        self._follows: dict[str, str] = {}
        self._last = ""
        self.figures = Figures()

    def store(self, data_id: str, data: Any, **options: Any) -> Any:
        """Stores one object (`Client.put`), and gives its data id; with `async_processing` a Future of it."""
        return self._do(lambda: self._store(data_id, data, options))

    def read(self, data_id: str) -> Any:
        """The data of one object; with `async_processing` a Future of it."""
        return self._do(lambda: self._read(data_id))

    def store_many(self, items: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> list[str]:
        """Stores all, `max_workers` at once, and gives their data ids in order. Raises PartlyDone once all were tried."""
        pairs = items.items() if isinstance(items, Mapping) else items
        return self._all((pair[0], lambda pair=pair: self._store(pair[0], pair[1], {})) for pair in pairs)  # type: ignore[misc]

    def read_many(self, data_ids: Iterable[str]) -> list[Any]:
        """The data of all, in order. Raises PartlyDone once all were tried."""
        return self._all((one, lambda one=one: self._read(one)) for one in data_ids)  # type: ignore[misc]

    def get_performance_monitor(self) -> PerformanceMonitor:
        return PerformanceMonitor(self)

    def close(self) -> None:
        self._threads.shutdown()
        self._disk.close()
        super().close()

    def _do(self, work: Callable[[], Any]) -> Any:
        if self._is_async:
            future: Future[Any] = self._threads.submit(work)
            return future
        return work()

    def _all(self, works: Iterator[tuple[str, Callable[[], Any]]]) -> list[Any]:
        answers: list[Any] = []
        failed: list[tuple[str, Exception]] = []
        while True:
            chunk = [(name, self._threads.submit(work)) for name, work in _take(works, self._chunk)]
            if not chunk:
                break
            for name, future in chunk:
                error = future.exception()
                if error is None:
                    answers.append(future.result())
                elif isinstance(error, (errors.AtollError, OSError)):
                    failed.append((name, error))
                else:
                    raise error
        if failed:
            raise errors.PartlyDone(f"{len(failed)} could not be done; the first, {failed[0][0]}: {failed[0][1]}", failed, answers)
        return answers

    def _store(self, data_id: str, data: Any, options: dict[str, Any]) -> str:
        begun = time.monotonic()
        stored = self.client.put(data_id, data, **options)
        self.figures.note("written", stored["size"], time.monotonic() - begun)
        return data_id

    def _read(self, data_id: str) -> Any:
        content, content_type = self._content(data_id)
        if self._is_predictive:
            with self._guard:
                if self._last:
                    self._follows[self._last] = data_id
                self._last, ahead = data_id, self._follows.get(data_id)
            if ahead and ahead != data_id:
                self._threads.submit(self._fetch_ahead, ahead)
        return _data.decode(content, split_object(data_id)[1], content_type)

    def _fetch_ahead(self, data_id: str) -> None:
        try:
            self._content(data_id, counts=False)
        except (errors.AtollError, OSError):
            pass  # who really reads it is told

    def _content(self, data_id: str, counts: bool = True) -> tuple[bytes, str]:
        begun = time.monotonic()
        info = self.client.stat(data_id)
        self.figures.note("asked", 0, time.monotonic() - begun)
        version, content_type = info["version"], info.get("content_type", "")
        caches: tuple[tuple[str, MemoryCache | DiskCache], ...] = (("memory", self._memory), ("ssd", self._disk))
        for level, cache in caches:
            held = cache.get(version)
            if held is not None:
                if level == "ssd":
                    self._memory.put(version, held)
                if counts:
                    self.figures.hit(level)
                return held, content_type
        begun = time.monotonic()
        content = self.client.get(data_id, version=version)
        self.figures.note("read", len(content), time.monotonic() - begun)
        if counts:
            self.figures.hit("network")
        self._memory.put(version, content)
        self._disk.put(version, content)
        return content, content_type


class PerformanceMonitor:
    """Figures of this object's reads and writes, and of the server."""

    def __init__(self, storage: HighPerformanceStorage) -> None:
        self._storage = storage

    def get_current_metrics(self) -> dict[str, Any]:
        """{read_speed_mbps, write_speed_mbps (10^6 bytes a second while something moved, over the last minute), avg_query_time_ms, cache_hit_rate (0 to 1),
        cache_hits by level, storage_usage_percent (of the server's disk), active_connections (of the server, where it tells), timestamp}."""
        figures = self._storage.figures
        client = self._storage.client
        room: Any = client.health_summary()["room"]
        now: Any = client.monitor_show().get("now") or {}
        return {"read_speed_mbps": figures.rate("read"), "write_speed_mbps": figures.rate("written"), "avg_query_time_ms": figures.mean_ms("asked"),
                "cache_hit_rate": figures.hit_rate(), "cache_hits": dict(figures.hits),
                "storage_usage_percent": float(room.get("used_percent") or 0.0), "active_connections": int(now.get("connections") or 0),
                "timestamp": datetime.now(timezone.utc).isoformat()}

    def get_performance_alerts(self) -> list[dict[str, Any]]:
        """What the server warns of: {type, message, level, advice}; empty where all is well."""
        return [{"type": one["name"], "message": one["words"], "level": one["level"], "advice": one["advice"]}
                for one in self._storage.client.alarm_list()["alarms"] if one["level"] in ("warning", "critical")]


class Figures:
    """Counts of the last minute, and hits since the beginning."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._notes: dict[str, collections.deque[tuple[float, int, float]]] = collections.defaultdict(lambda: collections.deque(maxlen=100_000))
        self.hits: collections.Counter[str] = collections.Counter()

    def note(self, what: str, count: int, seconds: float) -> None:
        with self._guard:
            self._notes[what].append((time.monotonic(), count, seconds))

    def hit(self, level: str) -> None:
        with self._guard:
            self.hits[level] += 1

    def _recent(self, what: str) -> list[tuple[float, int, float]]:
        with self._guard:
            notes = self._notes[what]
            while notes and notes[0][0] < time.monotonic() - RATE_SECONDS:
                notes.popleft()
            return list(notes)

    def rate(self, what: str) -> float:
        """Of several at once the time counts once."""
        spans = sorted((end - seconds, end) for end, _, seconds in self._recent(what))
        busy, covered = 0.0, 0.0
        for begin, end in spans:
            busy += max(0.0, end - max(begin, covered))
            covered = max(covered, end)
        return sum(count for _, count, _ in self._recent(what)) / busy / 1e6 if busy else 0.0

    def mean_ms(self, what: str) -> float:
        notes = self._recent(what)
        return 1000 * sum(seconds for _, _, seconds in notes) / len(notes) if notes else 0.0

    def hit_rate(self) -> float:
        with self._guard:
            total = sum(self.hits.values())
            return (total - self.hits["network"]) / total if total else 0.0


class MemoryCache:
    """Contents by version, `bytes_max` in all; what was not read longest goes first."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max, self.bytes = bytes_max, 0
        self._guard = threading.Lock()
        self._held: collections.OrderedDict[str, bytes] = collections.OrderedDict()

    def get(self, name: str) -> bytes | None:
        with self._guard:
            content = self._held.get(name)
            if content is not None:
                self._held.move_to_end(name)
            return content

    def put(self, name: str, content: bytes) -> None:
        if len(content) > self.bytes_max:
            return
        with self._guard:
            self.bytes += len(content) - len(self._held.pop(name, b""))
            self._held[name] = content
            while self.bytes > self.bytes_max:
                self.bytes -= len(self._held.popitem(last=False)[1])


class DiskCache:
    """The same in files of a folder of its own, which goes with it."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max, self.bytes = bytes_max, 0
        self._guard = threading.Lock()
        self._sizes: collections.OrderedDict[str, int] = collections.OrderedDict()
        self._folder = tempfile.mkdtemp(prefix="atoll-cache-") if bytes_max else ""

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, hashlib.sha256(name.encode()).hexdigest())

    def get(self, name: str) -> bytes | None:
        with self._guard:
            if name not in self._sizes:
                return None
            self._sizes.move_to_end(name)
            with open(self._path(name), "rb") as file:
                return file.read()

    def put(self, name: str, content: bytes) -> None:
        if len(content) > self.bytes_max:
            return
        with self._guard:
            with open(self._path(name), "wb") as file:
                file.write(content)
            self.bytes += len(content) - self._sizes.pop(name, 0)
            self._sizes[name] = len(content)
            while self.bytes > self.bytes_max:
                oldest, size = self._sizes.popitem(last=False)
                self.bytes -= size
                os.unlink(self._path(oldest))

    def close(self) -> None:
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)


def bytes_of(size: Any) -> int:
    """"4GB", "64MiB" or a number of bytes."""
    if isinstance(size, int):
        return size
    text = str(size).strip().upper()
    digits = text.rstrip("BKMGTI ")
    try:
        return int(float(digits) * _UNITS[text[len(digits):].strip()])
    except (ValueError, KeyError) as error:
        raise errors.BadRequest(f"{size!r} is no size", id="size.malformed", hint="as in 4GB or 64MiB") from error


def _take(works: Iterator[Any], count: int) -> list[Any]:
    out = []
    for one in works:
        out.append(one)
        if len(out) == count:
            break
    return out
