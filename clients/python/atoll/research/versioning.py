"""`DataVersionManager`: names for versions, what changed between them, and where they come from.

Versions, their names and their origins are the server's (labels, provenance); tables are compared here.
"""
from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any, Mapping, cast

from .. import _data, errors, types
from .._wire import split_object
from ..client import Client
from .settings import DEFAULT_BUCKET, Manager, from_metadata, to_metadata

STRATEGIES = ("semantic", "timestamp", "hash")


class VersionName(str):
    """The name of a version, and of which data."""

    data_id: str

    def __new__(cls, name: str, data_id: str = "") -> VersionName:
        made = super().__new__(cls, name)
        made.data_id = data_id
        return made


class DataVersionManager(Manager):
    """Gives versions names by a strategy, and keeps what each was made from."""

    SETTINGS = {
        "versioning_strategy": "semantic (1.2.0), timestamp or hash: the bucket's rule for labels",
        "auto_versioning": "every new version is named by that rule, whoever stores it",
        "major_version_triggers": "what `calculate_new_version` takes for a major change; the server's rule knows these three",
        "provenance_tracking.capture_sources": "a new version names the one before as its source",
        "provenance_tracking.track_transformations": "`transformation` or `processing_pipeline` of the metadata is kept as what was done",
        "provenance_tracking.record_access": "the server's audit log has every read; `get_access_history` shows it",
        "provenance_tracking.maintain_chain": "the chain of sources stays readable when a source is gone",
        "metadata_enrichment.auto_timestamp": "a `timestamp` where none is given",
        "metadata_enrichment.auto_checksum": "the SHA-256 is checked on the way and kept with the version",
        "metadata_enrichment.auto_size": "every version has its size in any case",
        "metadata_enrichment.custom_fields": "metadata that is carried on from version to version",
    }

    def __init__(self, config: Mapping[str, Any] | None = None, client: Client | None = None, *, bucket: str = DEFAULT_BUCKET) -> None:
        super().__init__(config, client, bucket=bucket)
        self.strategy = str(self.setting("versioning_strategy", "semantic"))
        if self.strategy not in STRATEGIES:
            raise errors.BadRequest(f"there is no versioning_strategy {self.strategy!r}", id="label.no_strategy", hint=", ".join(STRATEGIES))
        self._changes: dict[str, dict[str, Any]] = {}
        if self.setting("auto_versioning", False):
            self.client.bucket_put(self.bucket)
            self.client.bucket_policy_set(self.bucket, labels=self.strategy)

    def get_current_version(self, data_id: str) -> VersionName:
        """The name of the current version. One that has none is given one: `1.0.0`, its time, or a digest of its content."""
        info = self.client.stat(data_id)
        label = info.get("label")
        if not label:
            label = {"semantic": "1.0.0", "timestamp": info["stored"], "hash": str(info.get("s3_etag") or info["version"])[-12:]}[self.strategy]
            bucket, key = split_object(data_id)
            self.client.label_set(bucket, key, label=label, version=info["version"])
        return VersionName(label, data_id)

    def calculate_new_version(self, current_version: str, version_type: str = "minor") -> VersionName:
        """The next name: `major`, `minor` or `patch`, or one of the configured `major_version_triggers`. By time or digest the name is
        made when the version is stored; then this is empty."""
        data_id = getattr(current_version, "data_id", "")
        triggers = self.setting("major_version_triggers", ("schema_change", "significant_quality_improvement", "new_preprocessing_method"))
        change = "major" if version_type in triggers else version_type
        if change not in ("major", "minor", "patch"):
            raise errors.BadRequest(f"{version_type!r} is no kind of change", id="label.no_change", hint="major, minor, patch or a trigger")
        if self.strategy != "semantic":
            return VersionName("", data_id)
        try:
            numbers = [int(part) for part in current_version.split(".")]
            major, minor, patch = numbers
        except ValueError as error:
            raise errors.BadRequest(f"{current_version!r} is no version like 1.2.0", id="label.not_semantic") from error
        following = {"major": (major + 1, 0, 0), "minor": (major, minor + 1, 0), "patch": (major, minor, patch + 1)}[change]
        return VersionName(".".join(str(part) for part in following), data_id)

    def analyze_changes(self, data: Any, current_version: str) -> dict[str, Any]:
        """What differs between data and a version that `get_current_version` gave; see `compare_versions`."""
        data_id = getattr(current_version, "data_id", "")
        if not data_id:
            raise errors.BadRequest("of which data is this version?", id="label.no_data", hint="take it from get_current_version")
        changes = differences(self.retrieve_version(data_id, current_version), data)
        self._changes[data_id] = changes
        return changes

    def assess_quality_impact(self, data: Any) -> dict[str, float]:
        """How complete data is: the share of cells that hold something, and of rows that are no repetition (0 to 1)."""
        if _data.kind_of(data) == "table" and data.size:
            return {"completeness": round(float(data.notna().to_numpy().mean()), 6), "uniqueness": round(1 - float(data.duplicated().mean()), 6)}
        if _data.kind_of(data) == "array" and data.size and data.dtype.kind == "f":
            return {"completeness": round(1 - float((data != data).mean()), 6), "uniqueness": 1.0}
        return {"completeness": 1.0 if data is not None and (not hasattr(data, "__len__") or len(data)) else 0.0, "uniqueness": 1.0}

    def check_compatibility(self, new_version: str) -> bool:
        """Whether readers of the version before can read the new one: no column went or changed its type (`analyze_changes` looked), and the
        name is of the same major number."""
        changes = self._changes.get(getattr(new_version, "data_id", ""))
        if changes is not None and (changes.get("columns_removed") or changes.get("types_changed")):
            return False
        return not new_version.endswith(".0.0") or new_version == "1.0.0"

    def store_version(self, data: Any, metadata: Mapping[str, Any], data_id: str) -> str:
        """Stores data as the next version under its id, and gives the version's own id.

        Of the metadata `version` becomes the label, `description`, `author`, `transformation` and `previous_version` the origin; the rest
        is kept, beside what the version before had. A label that another version has is Conflict, and nothing is stored.
        """
        bucket, key = split_object(data_id)
        words = dict(metadata)
        label, description, author = words.pop("version", None), words.pop("description", None), words.pop("author", None)
        previous = words.pop("previous_version", None)
        transformation = words.pop("transformation", None)
        options: dict[str, Any] = {}
        try:
            before = self.client.stat(data_id)
        except errors.NotFound:
            before = None
        if label and before is not None and any(one["label"] == label for one in self.client.label_list(bucket, key)["labels"]):
            raise errors.refusal(errors.Conflict, "label.taken", f"{data_id} has a version {label} already", "calculate_new_version gives the next one")
        carried = from_metadata(before.get("metadata")) if before is not None else {}
        if self.setting("metadata_enrichment.auto_timestamp", True):
            words.setdefault("timestamp", datetime.now(timezone.utc))
        if before is not None:
            options["if_version"] = before["version"]
            options["tags"] = before.get("tags") or {}
            options["content_type"] = before.get("content_type")
        content = data
        if _data.kind_of(data):
            known = _data.format_of(key, before.get("content_type", "") if before is not None else "")
            content, options["content_type"] = _data.encode(data, key, known or None)
        if transformation is None and self.setting("provenance_tracking.track_transformations", True):
            transformation = words.get("processing_pipeline")
        sources = []
        if self.setting("provenance_tracking.capture_sources", True) and before is not None:
            sources = [f"{data_id}@{previous or before['version']}"]
        stored = self.client.put(data_id, content, metadata=to_metadata({**carried, **words}), description=description, author=author, sources=sources,
                                 transformation=transformation, check=bool(self.setting("metadata_enrichment.auto_checksum", False)), **options)
        if label and stored.get("label") != label:
            self.client.label_set(bucket, key, label=label, version=stored["version"], move=True)
        return stored["version"]

    def update_provenance_chain(self, data_id: str, version_id: str, version_metadata: Mapping[str, Any]) -> None:
        """Says of a stored version what it was made from, by whom and how, where `store_version` did not."""
        bucket, key = split_object(data_id)
        previous = version_metadata.get("previous_version")
        known = self.client.stat(data_id, version=version_id)
        already = {(one.get("object"), one.get("version")) for one in known.get("sources") or []}
        sources = None
        if previous:
            source = self.client.stat(data_id, version=previous)
            sources = [f"{data_id}@{previous}"] if (source["object"], source["version"]) not in already else None
        self.client.provenance_add(bucket, key, version=version_id, sources=sources, author=version_metadata.get("author"),
                                   description=version_metadata.get("description"), transformation=version_metadata.get("transformation"))

    def get_provenance_chain(self, data_id: str, version: str | None = None) -> types.Provenance:
        """What a version was made from, and that in turn."""
        bucket, key = split_object(data_id)
        return self.client.provenance_show(bucket, key, version=version)

    def get_access_history(self, data_id: str, since: str | None = None) -> list[types.AuditRecord]:
        """Who read it when, from the audit log. Needs the right `audit_read`."""
        bucket, key = split_object(data_id)
        records = self.client.each(self.client.audit_list, bucket=bucket, since=since)
        return [cast(types.AuditRecord, one) for one in records if one.get("key") == key and one["action"] in ("read", "read_version")]

    def get_version_history(self, data_id: str) -> list[dict[str, Any]]:
        """Every version, the oldest first: {version, version_id, timestamp, size, author, description, is_current}."""
        found = [{"version": one.get("label"), "version_id": one["version"], "timestamp": one["began"], "size": one["size"],
                  "author": one.get("author") or one["actor"], "description": one.get("description", ""), "is_current": one["is_current"]}
                 for one in self.client.versions(data_id)]
        return found[::-1]

    def retrieve_version(self, data_id: str, version: str) -> Any:
        """The data of a version, by its name or id."""
        return self.client.get_data(data_id, version=str(version))

    def compare_versions(self, data_id: str, first: str, second: str) -> dict[str, Any]:
        """{summary, same_content, size_before, size_after, metadata_changed}; of tables also columns that came, went or changed their type,
        and rows that were added, removed and changed; of anything else what the server says of lines and ranges."""
        bucket, key = split_object(data_id)
        told = self.client.object_diff(bucket, key, from_=str(first), to=str(second))
        changes: dict[str, Any] = {}
        if not told["same_content"]:
            changes = differences(self.retrieve_version(data_id, first), self.retrieve_version(data_id, second))
            changes.update({name: told[name] for name in ("lines", "changed_bytes", "shared_bytes") if name in told})  # type: ignore[literal-required]
        before, after = from_metadata(told["metadata_before"]), from_metadata(told["metadata_after"])
        metadata = {name: (before.get(name), after.get(name)) for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)}
        summary = "same content" if told["same_content"] else changes["summary"]
        if metadata:
            summary += f"; metadata: {', '.join(metadata)}"
        return {**changes, "summary": summary, "same_content": told["same_content"], "size_before": told["size_before"], "size_after": told["size_after"],
                "metadata_changed": metadata}

    def rollback(self, data_id: str, version: str) -> types.Rollback:
        """Makes an earlier version the current one again; what was there stays in the history."""
        bucket, key = split_object(data_id)
        return self.client.object_rollback(bucket, key, to=str(version))


def differences(before: Any, after: Any) -> dict[str, Any]:
    """What differs, with a `summary` in words. Rows are compared by their place."""
    kinds = {_data.kind_of(before), _data.kind_of(after)}
    if kinds == {"table"}:
        return _table_differences(before, after)
    if kinds == {"array"}:
        if before.shape != after.shape:
            return {"summary": f"shape {before.shape} became {after.shape}", "shape_before": list(before.shape), "shape_after": list(after.shape)}
        count = int((before != after).sum())
        return {"summary": f"{count} of {before.size} values changed" if count else "no change", "values_changed": count}
    if kinds == {"value"} and isinstance(before, dict) and isinstance(after, dict):
        added, removed = sorted(after.keys() - before.keys(), key=str), sorted(before.keys() - after.keys(), key=str)
        changed = sorted((name for name in before.keys() & after.keys() if _same_json(before[name]) != _same_json(after[name])), key=str)
        return {"summary": _sentence((("added", added), ("removed", removed), ("changed", changed)), "fields"), "fields_added": added,
                "fields_removed": removed, "fields_changed": changed}
    same = type(before) is type(after) and before == after
    return {"summary": "no change" if same else f"other content ({type(before).__name__} to {type(after).__name__})"}


def _table_differences(before: Any, after: Any) -> dict[str, Any]:
    added = [str(name) for name in after.columns if name not in before.columns]
    removed = [str(name) for name in before.columns if name not in after.columns]
    shared = [name for name in before.columns if name in after.columns]
    types_changed = [str(name) for name in shared if before[name].dtype.kind != after[name].dtype.kind]
    count = min(len(before), len(after))
    rows_changed = 0
    if shared and count:
        left, right = before[shared].iloc[:count].reset_index(drop=True), after[shared].iloc[:count].reset_index(drop=True)
        unequal = None
        for name in shared:
            column = (left[name] != right[name]) & ~(left[name].isna() & right[name].isna())
            unequal = column if unequal is None else unequal | column
        rows_changed = int(unequal.sum()) if unequal is not None else 0
    grown = len(after) - len(before)
    parts = [f"{abs(grown)} rows {'added' if grown > 0 else 'removed'}"] if grown else []
    parts += [f"{rows_changed} rows changed"] if rows_changed else []
    parts += [f"columns {word}: {', '.join(names)}" for word, names in (("added", added), ("removed", removed), ("with another type", types_changed)) if names]
    return {"summary": "; ".join(parts) or "no change", "rows_before": len(before), "rows_after": len(after), "rows_added": max(grown, 0),
            "rows_removed": max(-grown, 0), "rows_changed": rows_changed, "columns_added": added, "columns_removed": removed, "types_changed": types_changed}


def _sentence(parts: Any, what: str) -> str:
    return "; ".join(f"{what} {word}: {', '.join(map(str, names))}" for word, names in parts if names) or "no change"


def _same_json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
