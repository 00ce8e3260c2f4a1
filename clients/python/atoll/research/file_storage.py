"""`FileStorageManager`: research data under names that its metadata makes."""
from __future__ import annotations

import hashlib
import os
import string
import warnings
from datetime import datetime, timezone
from typing import Any, Iterable, Mapping

from .. import _data, errors
from .._wire import key_text, split_object
from .settings import Manager, conditions_of, date_conditions, from_metadata, tag_conditions, to_metadata

DEFAULT_PATTERN = "{experiment_id}/{subject_id}/{session_id}/{data_type}.{extension}"


class FileStorageManager(Manager):
    """Stores data with metadata and tags, and finds it by them.

    What is stored under a name that was there becomes a new version of it.
    """

    SETTINGS = {
        "base_path": "the home's folder: everything lies below it",
        "organization_scheme": "flat, hierarchical or by_experiment: how names are made",
        "file_formats.primary": "how tables are stored: parquet, csv or json; where no engine for Parquet is installed, csv",
        "file_formats.compression": "compression inside Parquet files; everything is compressed once more where that helps",
        "file_formats.metadata_format": "metadata lies with the object; `atoll export` writes it as JSON lines",
        "naming_convention.pattern": "the name, from metadata; {extension} from the format",
        "naming_convention.timestamp_format": "how the metadata's timestamp stands in the name",
        "naming_convention.include_hash": "8 digits of the content's SHA-256 in the name",
        "permissions.*": "who may read is said by roles and grants; modes are those of restored files",
    }

    def store_data(self, data: Any, metadata: Mapping[str, Any], tags: Iterable[str] | Mapping[str, str] = ()) -> str:
        """Stores a table, an array, a JSON value, bytes or a file (Path), and gives its data id.

        Raises BadRequest where the naming pattern needs metadata that is not there, or the format does not fit.
        """
        words = dict(metadata)
        words.setdefault("timestamp", datetime.now(timezone.utc))
        extension = self._extension_of(data)
        options: dict[str, Any] = {}
        if isinstance(data, os.PathLike):
            with open(data, "rb") as file:
                content: Any = file.read()
        elif _data.kind_of(data):
            content, options["content_type"] = self._encode(data, extension)
        else:
            content = data
        key = self._key_of(words, extension, content)
        names = dict(tags) if isinstance(tags, Mapping) else {tag: "" for tag in tags}
        self.client.put(f"{self.bucket}/{key}", content, metadata=to_metadata(words), tags=names, **options)
        return f"{self.bucket}/{key}"

    def retrieve_data(self, data_id: str, version: str | None = None) -> tuple[Any, dict[str, Any]]:
        """The data as it was handed in (a table, an array, a value; else bytes), and its metadata."""
        content, facts = self.client.get_with_facts(data_id, version=version)
        known = self.client.stat(data_id, version=facts["version"])
        return _data.decode(content, split_object(data_id)[1], facts["content_type"]), from_metadata(known.get("metadata"))

    def search_data(self, metadata_filters: Mapping[str, Any] | None = None, date_range: Iterable[Any] | None = None,
                    tags: Iterable[str] = (), limit: int | None = None) -> list[dict[str, Any]]:
        """What has all of these, in the order of names: {data_id, metadata, tags, size, version, stored}.

        metadata_filters: {name: value}, {name: {">=": 0.9}} or {name: [one, of]}. date_range: of the metadata's `timestamp`, both ends included.
        """
        must: list[Any] = [conditions_of(metadata_filters)] if metadata_filters else []
        must += date_conditions(date_range) if date_range is not None else []
        must += tag_conditions(tags)
        found = []
        for one in self.client.find({"must": must} if must else "", inside=self.bucket, limit=limit):
            found.append({"data_id": f"{one['bucket']}/{key_text(one)}", "metadata": from_metadata(one.get("metadata")),
                          "tags": sorted(one.get("tags") or {}), "size": one["size"], "version": one["version"], "stored": one["stored"]})
        return found

    def _extension_of(self, data: Any) -> str:
        if isinstance(data, os.PathLike):
            return os.path.splitext(os.fspath(data))[1].lstrip(".") or "bin"
        kind = _data.kind_of(data)
        if kind != "table":
            return {"array": "npy", "value": "json"}.get(kind, "bin")
        primary = str(self.setting("file_formats.primary", "parquet"))
        if primary == "parquet" and not _data.has_parquet():
            warnings.warn("no engine for Parquet is installed (pyarrow, fastparquet): stored as CSV", stacklevel=3)
            return "csv"
        if primary not in ("parquet", "csv", "json"):
            raise errors.BadRequest(f"tables cannot be stored as {primary}", id="data.bad_format", hint="file_formats.primary: parquet, csv or json")
        return primary

    def _encode(self, data: Any, extension: str) -> tuple[bytes, str]:
        compression = self.setting("file_formats.compression", None)
        if extension == "parquet" and compression:
            return data.to_parquet(compression=compression), _data.CONTENT_TYPES["parquet"]
        return _data.encode(data, "", extension)

    def _key_of(self, metadata: Mapping[str, Any], extension: str, content: bytes) -> str:
        pattern = str(self.setting("naming_convention.pattern", DEFAULT_PATTERN))
        fields = {name: _in_a_name(value) for name, value in metadata.items()}
        fields["extension"] = extension
        missing = [name for _, name, _, _ in string.Formatter().parse(pattern) if name and name not in fields]
        if missing:
            raise errors.BadRequest(f"the metadata has no {', '.join(missing)}, which names are made of", id="name.no_field",
                                    hint=f"naming_convention.pattern is {pattern}")
        path = pattern.format(**fields)
        stem, dot, ending = path.rpartition(".") if "{extension}" in pattern else (path, "", "")
        time_format = self.setting("naming_convention.timestamp_format", None)
        if time_format:
            stem += "_" + _in_a_name(_moment(metadata["timestamp"]).strftime(time_format))
        if self.setting("naming_convention.include_hash", False):
            stem += "_" + hashlib.sha256(content).hexdigest()[:8]
        path = stem + dot + ending
        scheme = self.setting("organization_scheme", "hierarchical")
        if scheme == "flat":
            return path.replace("/", "_")
        if scheme == "by_experiment":
            experiment, _, rest = path.partition("/")
            return f"{experiment}/{rest.replace('/', '_')}" if rest else path
        if scheme != "hierarchical":
            raise errors.BadRequest(f"there is no organization_scheme {scheme!r}", id="name.no_scheme", hint="flat, hierarchical or by_experiment")
        return path


def _in_a_name(value: Any) -> str:
    """A value as a part of a name: it stays one part."""
    text = str(value.isoformat() if hasattr(value, "isoformat") else value)
    text = text.replace("/", "_").replace("\0", "_")
    return "_" if text in ("", ".", "..") else text


def _moment(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError as error:
        raise errors.BadRequest(f"the timestamp {value!r} is no time", id="time.malformed", hint="as in 2024-10-27T10:30:00Z") from error
