"""Every call that the server knows, under the name that it has there (spec/openapi.json).
"""
# Made by tools/generate-python; do not edit.
from __future__ import annotations

from typing import Any, cast

from .. import types as shapes
from .._wire import Key, body_of, quote_key, quote_name
from .session import AsyncSession


class AsyncOperations(AsyncSession):
    """`vault`: of this call alone. `timeout`: seconds without a byte from the server. `idempotency_key`: a POST that is
    repeated with the same one within a day is not done twice; without it one is made up. Every call raises `AtollError`.
    """

    async def vault_list(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.VaultList:
        """The vaults that the caller may see something of."""
        return cast(shapes.VaultList, await self._call("GET", "/api/v1/vaults", vault=vault, timeout=timeout))

    async def vault_show(self, vault: str, *, timeout: float | None = None) -> shapes.VaultStatus:
        """How a vault is: what it holds, what that takes, and what is not safe yet.

        The same facts and findings as `atoll stat --json`.
        """
        return cast(shapes.VaultStatus, await self._call("GET", f"/api/v1/vaults/{quote_name(vault)}", timeout=timeout))

    async def bucket_list(self, *, limit: int | None = None, cursor: str | None = None, as_of: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.BucketList:
        """The buckets that the caller may see.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        as_of: The state of that moment: a time (2026-11-13T09:00), a day (its end), so long ago (3h, 2d), a change's
        number, or a snapshot's name.
        """
        return cast(shapes.BucketList, await self._call("GET", "/api/v1/buckets", query={"limit": limit, "cursor": cursor, "as_of": as_of}, vault=vault, timeout=timeout))

    async def bucket_put(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Bucket:
        """Makes a bucket.

        Names have 3 to 63 of a-z 0-9 . - as S3 wants them. A bucket that is there stays as it is.
        """
        return cast(shapes.Bucket, await self._call("PUT", f"/api/v1/buckets/{quote_name(bucket)}", vault=vault, timeout=timeout))

    async def bucket_show(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Bucket:
        """One bucket: how much is in it, how long versions stay."""
        return cast(shapes.Bucket, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}", vault=vault, timeout=timeout))

    async def bucket_delete(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Removes a bucket that holds nothing, not even history or a snapshot."""
        await self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}", vault=vault, timeout=timeout)

    async def object_list(self, bucket: str, *, prefix: Key | None = None, delimiter: str | None = None, recursive: bool | None = None, deleted: bool | None = None, dates: bool | None = None, as_of: str | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ObjectList:
        """Names below a prefix, in the order of their bytes; folders apart.

        prefix: Only keys that begin with this.
        delimiter: What ends a folder's name. Otherwise: /.
        recursive: Everything below, without folders.
        deleted: Removed objects too, as far as they are kept.
        dates: With `date`, where the content was looked into: when a picture was taken, a mail sent, a text made.
        as_of: The state of that moment: a time (2026-11-13T09:00), a day (its end), so long ago (3h, 2d), a change's
        number, or a snapshot's name.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.ObjectList, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/objects", query={"prefix": prefix, "delimiter": delimiter, "recursive": recursive, "deleted": deleted, "dates": dates, "as_of": as_of, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def object_delete(self, bucket: str, key: Key, *, forever: bool | None = None, versions: str | None = None, reason: str | None = None, dry_run: bool | None = None, if_match: str | None = None, if_none_match: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ErasedCount:
        """Removes an object; its history stays.

        With `forever` versions go for good, from every earlier moment too.

        forever: For good.
        versions: With forever: all, old (what is current stays), or a version's id. Otherwise: all.
        reason: With forever: why; kept with the record.
        dry_run: Only say what would be done.
        if_match: Only if the object is at this ETag.
        if_none_match: Only if it is not; * with PUT: only if it is not there.
        """
        return cast(shapes.ErasedCount, await self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}", query={"forever": forever, "versions": versions, "reason": reason, "dry_run": dry_run}, headers={"If-Match": if_match, "If-None-Match": if_none_match}, vault=vault, timeout=timeout))

    async def object_patch(self, bucket: str, key: Key, *, if_match: str | None = None, tags: dict[str, str] | None = None, metadata: dict[str, str] | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Object:
        """Sets and removes tags and metadata, the others stay (RFC 7396).

        Tags change in place; metadata makes a new version.

        if_match: Only if the object is at this ETag.
        tags: Tags.
        metadata: Metadata.
        """
        return cast(shapes.Object, await self._call("PATCH", f"/api/v1/buckets/{quote_name(bucket)}/objects/{quote_key(key)}", headers={"If-Match": if_match}, body=body_of({"tags": tags, "metadata": metadata}), vault=vault, timeout=timeout))

    async def object_copy(self, *, from_: shapes.CopySource, to: shapes.CopyTarget, replace: bool | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Count:
        """Copies an object, or everything below a prefix; content is shared, not stored again.

        replace: True: over objects that are there.
        dry_run: True: only count.
        """
        return cast(shapes.Count, await self._call("POST", "/api/v1/copy", body=body_of({"from": from_, "to": to, "replace": replace, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def object_move(self, *, from_: shapes.CopySource, to: shapes.CopyTarget, replace: bool | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Count:
        """Moves or renames an object, or everything below a prefix.

        replace: True: over objects that are there.
        dry_run: True: only count.
        """
        return cast(shapes.Count, await self._call("POST", "/api/v1/move", body=body_of({"from": from_, "to": to, "replace": replace, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def object_remove_many(self, bucket: str, *, keys: list[str] | None = None, prefix: Key | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.RemoveCount:
        """Removes up to 1000 objects by their keys, or everything below a prefix; their history stays.

        prefix: Everything that begins with it.
        dry_run: True: only count.
        """
        return cast(shapes.RemoveCount, await self._call("POST", f"/api/v1/buckets/{quote_name(bucket)}/remove", body=body_of({"keys": keys, "prefix": prefix, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def label_list(self, bucket: str, key: Key, *, vault: str | None = None, timeout: float | None = None) -> shapes.LabelList:
        """Names of an object's versions, the newest version first."""
        return cast(shapes.LabelList, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/labels/{quote_key(key)}", vault=vault, timeout=timeout))

    async def label_set(self, bucket: str, key: Key, *, label: str, version: str | None = None, move: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Described:
        """Names a version.

        label: Without '/' and '@'.
        version: Of this version; else of the current one.
        move: Also where another version has it, or this one has another.
        """
        return cast(shapes.Described, await self._call("PUT", f"/api/v1/buckets/{quote_name(bucket)}/labels/{quote_key(key)}", body=body_of({"label": label, "version": version, "move": move}), vault=vault, timeout=timeout))

    async def label_delete(self, bucket: str, key: Key, *, label: str | None = None, vault: str | None = None, timeout: float | None = None) -> None:
        """Takes a name away; the version stays.

        label: The name.
        """
        await self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}/labels/{quote_key(key)}", query={"label": label}, vault=vault, timeout=timeout)

    async def provenance_show(self, bucket: str, key: Key, *, version: str | None = None, downstream: bool | None = None, depth: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Provenance:
        """What a version was made from, by whom and how, and what that was made from in turn.

        version: An earlier version: its id, enough of its id, or its label.
        downstream: What was made of it, instead.
        depth: So many steps. Otherwise: 100.
        """
        return cast(shapes.Provenance, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/provenance/{quote_key(key)}", query={"version": version, "downstream": downstream, "depth": depth}, vault=vault, timeout=timeout))

    async def provenance_add(self, bucket: str, key: Key, *, version: str | None = None, sources: list[str] | None = None, author: str | None = None, description: str | None = None, transformation: str | None = None, replace: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Described:
        """Says of a stored version what it was made from, and by whom.

        version: Of this version; else of the current one.
        author: Who answers for it.
        description: What it is.
        transformation: What was done to the sources.
        replace: Also where it says something else already.
        """
        return cast(shapes.Described, await self._call("POST", f"/api/v1/buckets/{quote_name(bucket)}/provenance/{quote_key(key)}", body=body_of({"version": version, "sources": sources, "author": author, "description": description, "transformation": transformation, "replace": replace}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def object_info(self, bucket: str, key: Key, *, version: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ObjectInfo:
        """All that is known of an object, or of a version of it.

        version: An earlier version: its id, enough of its id, or its label.
        """
        return cast(shapes.ObjectInfo, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/info/{quote_key(key)}", query={"version": version}, vault=vault, timeout=timeout))

    async def object_versions(self, bucket: str, key: Key, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.VersionList:
        """The versions of an object, newest first, also of one that was removed.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.VersionList, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/versions/{quote_key(key)}", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def object_diff(self, bucket: str, key: Key, *, from_: str | None = None, to: str | None = None, row_column: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ObjectDifference:
        """What differs between two states of an object: rows and columns of tables, lines of texts, ranges of anything
        else.

        from_: The earlier state: a version's id or label, or a moment.
        to: The later state, likewise. Otherwise: now.
        row_column: Of tables: the column that tells rows apart. The first, where it does.
        """
        return cast(shapes.ObjectDifference, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/diff/{quote_key(key)}", query={"from": from_, "to": to, "row_column": row_column}, vault=vault, timeout=timeout))

    async def object_rollback(self, bucket: str, key: Key, *, to: str | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Rollback:
        """Makes an earlier version the newest again.

        What was there stays in the history.

        to: A version's id or label, or a moment; missing: the version before the current one.
        dry_run: True: only say what would be done.
        """
        return cast(shapes.Rollback, await self._call("POST", f"/api/v1/buckets/{quote_name(bucket)}/rollback/{quote_key(key)}", body=body_of({"to": to, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def bucket_log(self, bucket: str, *, prefix: Key | None = None, since: str | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ChangeLog:
        """What was done in a bucket or below a prefix, newest first, as far back as the journal reaches.

        prefix: Only keys that begin with this.
        since: Only what came later: a time, or 3d (ago).
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.ChangeLog, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/log", query={"prefix": prefix, "since": since, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def bucket_diff(self, bucket: str, *, prefix: Key | None = None, from_: str | None = None, to: str | None = None, limit: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.NameDifferences:
        """The names that differ between two moments.

        prefix: Only keys that begin with this.
        from_: The earlier moment: a time, 2d (ago), a change's number, a snapshot.
        to: The later moment, likewise. Otherwise: now.
        limit: How many are listed; all are counted. Otherwise: 1000.
        """
        return cast(shapes.NameDifferences, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/diff", query={"prefix": prefix, "from": from_, "to": to, "limit": limit}, vault=vault, timeout=timeout))

    async def snapshot_list(self, *, bucket: str | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.SnapshotList:
        """Snapshots of what the caller may list.

        bucket: Only of this bucket.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.SnapshotList, await self._call("GET", "/api/v1/snapshots", query={"bucket": bucket, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def snapshot_create(self, *, name: str, bucket: str, prefix: Key | None = None, description: str | None = None, hold: bool | None = None, hold_reason: str | None = None, as_of: str | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Snapshot:
        """Freezes a bucket, or what lies below a prefix, under a name.

        Read it with as_of=<name>.

        name: 1 to 200 bytes without blanks and '/', beginning with no digit.
        bucket: The bucket.
        prefix: Only what begins with it.
        description: What it is for.
        hold: True: removed by nobody until it is released.
        hold_reason: Why.
        as_of: As it was then.
        """
        return cast(shapes.Snapshot, await self._call("POST", "/api/v1/snapshots", body=body_of({"name": name, "bucket": bucket, "prefix": prefix, "description": description, "hold": hold, "hold_reason": hold_reason, "as_of": as_of}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def snapshot_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Snapshot:
        """One snapshot."""
        return cast(shapes.Snapshot, await self._call("GET", f"/api/v1/snapshots/{quote_name(name)}", vault=vault, timeout=timeout))

    async def snapshot_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Removes the name; what it froze may go then."""
        await self._call("DELETE", f"/api/v1/snapshots/{quote_name(name)}", vault=vault, timeout=timeout)

    async def snapshot_prune(self, bucket: str, *, dry_run: bool | None = None, keep_last: int | None = None, keep_hourly: int | None = None, keep_daily: int | None = None, keep_weekly: int | None = None, keep_monthly: int | None = None, keep_yearly: int | None = None, keep_within: str | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.SnapshotsPruned:
        """Removes the bucket's snapshots that no rule of the order keeps; never one that is held.

        dry_run: Only say what would be done.
        keep_last: The newest so many.
        keep_hourly: The newest of each of the last so many hours.
        keep_daily: … days.
        keep_weekly: … weeks.
        keep_monthly: … months.
        keep_yearly: … years.
        keep_within: All within this time before the newest: 30d.
        """
        return cast(shapes.SnapshotsPruned, await self._call("POST", f"/api/v1/buckets/{quote_name(bucket)}/prune-snapshots", query={"dry_run": dry_run}, body=body_of({"keep_last": keep_last, "keep_hourly": keep_hourly, "keep_daily": keep_daily, "keep_weekly": keep_weekly, "keep_monthly": keep_monthly, "keep_yearly": keep_yearly, "keep_within": keep_within}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def snapshot_hold(self, name: str, *, reason: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Snapshot:
        """Nobody removes it until it is released.

        reason: Kept with it.
        """
        return cast(shapes.Snapshot, await self._call("PUT", f"/api/v1/snapshots/{quote_name(name)}/hold", body=body_of({"reason": reason}), vault=vault, timeout=timeout))

    async def snapshot_release(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Snapshot:
        """Ends a hold."""
        return cast(shapes.Snapshot, await self._call("DELETE", f"/api/v1/snapshots/{quote_name(name)}/hold", vault=vault, timeout=timeout))

    async def operation_list(self, *, limit: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.OperationList:
        """What was done lately in the vault, newest first: what undo takes.

        limit: How many at most. Otherwise: 20.
        """
        return cast(shapes.OperationList, await self._call("GET", "/api/v1/operations", query={"limit": limit}, vault=vault, timeout=timeout))

    async def undo(self, *, last: bool | None = None, operation: str | None = None, actor: str | None = None, since: str | None = None, force: bool | None = None, bucket: str | None = None, prefix: Key | None = None, key: Key | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.UndoReport:
        """Takes back the last operation, a named one, or everything by somebody or since a moment.

        Forward only: it can be undone itself. What others changed since stays, unless `force` says otherwise. Preview
        with dry_run.

        last: True: the newest operation.
        operation: Its name, or a change's number.
        actor: Everything that they did.
        since: Everything since: a time, 2h, a change's number.
        force: True: also what others changed since.
        bucket: Only in this bucket.
        prefix: Only below it.
        key: Only this object.
        dry_run: True: only say what would be done.
        """
        return cast(shapes.UndoReport, await self._call("POST", "/api/v1/undo", body=body_of({"last": last, "operation": operation, "actor": actor, "since": since, "force": force, "bucket": bucket, "prefix": prefix, "key": key, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def rewind(self, *, to: str, bucket: str | None = None, prefix: Key | None = None, key: Key | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.UndoReport:
        """Makes the vault, a bucket, what lies below a prefix, or an object as it was at a moment.

        Preview with dry_run.

        to: A time, 2h (ago), a change's number, a snapshot's name.
        bucket: Only in this bucket.
        prefix: Only below it.
        key: Only this object.
        dry_run: True: only say what would be done.
        """
        return cast(shapes.UndoReport, await self._call("POST", "/api/v1/rewind", body=body_of({"to": to, "bucket": bucket, "prefix": prefix, "key": key, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def search(self, *, filter: Any | None = None, bucket: str | None = None, prefix: Key | None = None, as_of: str | None = None, limit: int | None = None, cursor: str | None = None, query: str | None = None, near: str | None = None, like: dict[str, Any] | None = None, explain: bool | None = None, words_only: bool | None = None, near_threshold: float | None = None, match: str | None = None, types: list[str] | None = None, since: str | None = None, until: str | None = None, facets: list[str] | None = None, sort: str | None = None, descending: bool | None = None, quarantined: bool | None = None, wait_ms: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.SearchResults:
        """Finds objects by words in them, or by name, size, time, type, tags and metadata.

        The filter is text or an object, see spec/filter.md. With it alone results come in the order of bucket and key,
        and a page may hold fewer than `limit` and still have a next one. With `query` (spec/query-line.md), or another
        of the members that need the index, the best come first, each with why it was found; only what the caller may
        read is found, and `coverage` says what is not known yet.

        filter: Text ("name:*.jpg size>2MB"), or {"must": [], "should": [], "must_not": []} of such objects and terms
        {"field": "size", "op": ">", "value": "2MB"}.
        bucket: Only in this bucket.
        prefix: Only below it.
        as_of: Among what was there at that moment; not with words.
        limit: How many at most; otherwise 100, with words 20.
        cursor: `next_cursor` of the page before.
        query: Words, phrases, fields: "boiler -draft type:pdf" (spec/query-line.md).
        near: What it is about, in any words; with `query`, both count.
        like: What is like this object, and never itself; not together with `near`.
        explain: Gives `signals`: what each hit's score is made of.
        words_only: Nothing by meaning, also where the words say little.
        near_threshold: Of what is found by meaning, nothing less near: from -1 to 1.
        match: Whether one word is enough; otherwise any.
        types: Only of these kinds: pdf, image, document, md.
        since: Made or happened then or later: "2024-03", "-30d".
        until: Made or happened then or before.
        facets: What to count by.
        sort: Otherwise rank.
        descending: The greatest first, of an order that is not by rank.
        quarantined: Also what does not meet the gate of its bucket, each marked.
        wait_ms: Wait so long at most until what was stored just now is known.
        """
        return cast(shapes.SearchResults, await self._call("POST", "/api/v1/search", body=body_of({"filter": filter, "bucket": bucket, "prefix": prefix, "as_of": as_of, "limit": limit, "cursor": cursor, "query": query, "near": near, "like": like, "explain": explain, "words_only": words_only, "near_threshold": near_threshold, "match": match, "types": types, "since": since, "until": until, "facets": facets, "sort": sort, "descending": descending, "quarantined": quarantined, "wait_ms": wait_ms}), vault=vault, timeout=timeout, idempotency_key=""))

    async def duplicate_list(self, *, like: str | None = None, threshold: str | None = None, bucket: str | None = None, prefix: Key | None = None, quarantined: bool | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.DuplicateList:
        """What is there more than once, or nearly so, in groups.

        Equal contents are stored once already: removing one frees no room. Of things that are only alike, `frees` says
        how much at most goes with one; versions that a bucket keeps hold it until they go.

        like: The same content, texts that say nearly the same, or pictures that look alike. Otherwise: exact.
        threshold: How much alike, up to 1: of texts 0.8 and more, of pictures 0.85 and more. Otherwise: 0.9.
        bucket: Only in this bucket.
        prefix: Only below it.
        quarantined: Also what does not meet the gate of its bucket.
        limit: How many groups at most. Otherwise: 20.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.DuplicateList, await self._call("GET", "/api/v1/duplicates", query={"like": like, "threshold": threshold, "bucket": bucket, "prefix": prefix, "quarantined": quarantined, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def duplicate_remove(self, *, groups: list[dict[str, Any]], vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.DuplicatesRemoved:
        """Removes all but the first of each group, as one operation that can be undone.

        What is not at the version that is named stays, and so does all of a group whose first one is not.
        """
        return cast(shapes.DuplicatesRemoved, await self._call("POST", "/api/v1/duplicates/remove", body=body_of({"groups": groups}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def bucket_gate_show(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Gate:
        """What a bucket's files have to meet, and how many do."""
        return cast(shapes.Gate, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/gate", vault=vault, timeout=timeout))

    async def bucket_gate_set(self, bucket: str, *, require: str, vault: str | None = None, timeout: float | None = None) -> shapes.Gate:
        """Sets what a bucket's files have to meet.

        Nothing is refused or lost by it: files that do not meet it are in quarantine, left out of searches until they
        do. All files of the bucket are judged again.

        require: A filter (spec/filter.md, "Gates"): "meta.quality_score>=0.9 and readable". Empty: nothing.
        """
        return cast(shapes.Gate, await self._call("PUT", f"/api/v1/buckets/{quote_name(bucket)}/gate", body=body_of({"require": require}), vault=vault, timeout=timeout))

    async def bucket_gate_unset(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """The bucket's files have to meet nothing any more."""
        await self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}/gate", vault=vault, timeout=timeout)

    async def quarantine_list(self, *, bucket: str | None = None, prefix: Key | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.QuarantineList:
        """What does not meet the gate of its bucket, and why, by bucket and key.

        bucket: Only in this bucket.
        prefix: Only below it.
        limit: How many at most. Otherwise: 20.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.QuarantineList, await self._call("GET", "/api/v1/quarantine", query={"bucket": bucket, "prefix": prefix, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def search_questions(self, *, since: str | None = None, limit: int | None = None, own: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.SearchQuestions:
        """What was asked of the search, and what it did not find.

        Of everybody where the caller may read the home's records, else the caller's own questions. `success_rate` is
        the share of questions of which a result was opened, as far as a page or program told.

        since: Asked then or later: a time, or 3d (ago). Otherwise: 30d.
        limit: Entries of each list. Otherwise: 20.
        own: The caller's own alone.
        """
        return cast(shapes.SearchQuestions, await self._call("GET", "/api/v1/search/questions", query={"since": since, "limit": limit, "own": own}, vault=vault, timeout=timeout))

    async def search_questions_change(self, *, is_on: bool, vault: str | None = None, timeout: float | None = None) -> None:
        """Notes questions, or does not.

        Switched off, those that were noted are gone.

        is_on: False: not any more.
        """
        await self._call("PATCH", "/api/v1/search/questions", body=body_of({"is_on": is_on}), vault=vault, timeout=timeout)

    async def search_questions_clear(self, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Forgets what was asked."""
        await self._call("DELETE", "/api/v1/search/questions", vault=vault, timeout=timeout)

    async def search_opened(self, *, question: int, rank: int, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> None:
        """Tells that a result of the caller's question was opened.

        question: As the answer named it.
        rank: Which result, from 1.
        """
        await self._call("POST", "/api/v1/search/opened", body=body_of({"question": question, "rank": rank}), vault=vault, timeout=timeout, idempotency_key=idempotency_key)

    async def object_understood(self, bucket: str, key: Key, *, text: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Understood:
        """What was understood of an object's content: its format, what it says about itself, what is in it.

        text: With its text, a megabyte at most.
        """
        return cast(shapes.Understood, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/understood/{quote_key(key)}", query={"text": text}, vault=vault, timeout=timeout))

    async def search_coverage(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.SearchCoverage:
        """How much of the vault can be found by words already."""
        return cast(shapes.SearchCoverage, await self._call("GET", "/api/v1/search/coverage", vault=vault, timeout=timeout))

    async def embedder_show(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.EmbedderState:
        """Who turns texts into vectors, and how far that is."""
        return cast(shapes.EmbedderState, await self._call("GET", "/api/v1/search/embedder", vault=vault, timeout=timeout))

    async def embedder_set(self, *, embedder: str, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.EmbedderChosen:
        """Chooses who turns texts into vectors.

        The vectors there are answer until those of the new one are whole. `dry_run` says what it takes and changes
        nothing; no text of the vault is sent for that. Texts are sent to a server only once it was chosen.

        embedder: built-in; the address of a server that embeds, with its model:
        http://127.0.0.1:11434/api/embed?model=nomic-embed-text; table:/FOLDER.
        dry_run: Only say what it takes.
        """
        return cast(shapes.EmbedderChosen, await self._call("PUT", "/api/v1/search/embedder", body=body_of({"embedder": embedder, "dry_run": dry_run}), vault=vault, timeout=timeout))

    async def embedder_offers(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.EmbedderOffers:
        """Models for embedding that programs on the server's machine offer now.

        Asks them for their lists and uses none of them.
        """
        return cast(shapes.EmbedderOffers, await self._call("GET", "/api/v1/search/embedder/offers", vault=vault, timeout=timeout))

    async def vectors_put(self, bucket: str, *, vectors: list[shapes.VectorToPut], prefix: Key | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.VectorsPut:
        """Stores vectors that are given as lists of numbers.

        Each becomes an object whose name ends with .npy, as numpy.save() writes it, with the payload as its metadata.
        What cannot be stored is in `failures`; everything else is stored.

        vectors: 8 MiB of JSON at most.
        prefix: Only keys that begin with this.
        """
        return cast(shapes.VectorsPut, await self._call("POST", f"/api/v1/buckets/{quote_name(bucket)}/vectors", query={"prefix": prefix}, body=body_of({"vectors": vectors}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def vector_search(self, *, bucket: str, vector: list[float], prefix: Key | None = None, metric: str | None = None, limit: int | None = None, threshold: float | None = None, exact: bool | None = None, quarantined: bool | None = None, filter: Any | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.VectorAnswer:
        """The nearest of the vectors that were put into a bucket.

        Vectors are objects whose names end with .npy, as numpy.save() writes them, one vector or a row each; the
        payload of rows is a .jsonl of the same name. Of many, compared by their direction, a graph leads to the
        nearest; of few, or with `exact`, every one is compared.

        bucket: Where the vectors are.
        vector: 1 to 4,096 numbers, as many as the vectors there have.
        prefix: Only below it.
        metric: Otherwise cosine.
        limit: At most so many, otherwise 10.
        threshold: Nothing further: a least similarity; for l2 a greatest distance.
        exact: Compares every vector, however many there are.
        quarantined: Also what does not meet the gate of the bucket.
        filter: Text ("name:*.jpg size>2MB"), or {"must": [], "should": [], "must_not": []} of such objects and terms
        {"field": "size", "op": ">", "value": "2MB"}.
        """
        return cast(shapes.VectorAnswer, await self._call("POST", "/api/v1/search/vectors", body=body_of({"bucket": bucket, "vector": vector, "prefix": prefix, "metric": metric, "limit": limit, "threshold": threshold, "exact": exact, "quarantined": quarantined, "filter": filter}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def changes(self, *, since: int | None = None, history: str | None = None, bucket: str | None = None, prefix: Key | None = None, limit: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ChangeFeed:
        """What happened since a change, in order: as a page, or with Accept: text/event-stream as it happens.

        A page ends with a whole command, so it may hold more than `limit`, or nothing although more follows. Events
        carry the change's number as id. Where what follows is no longer kept the answer is 410, with the change to
        start from in Atoll-Start-From. A stream ends after an hour: come back with Last-Event-ID.

        since: Only what came after this change. Otherwise: now.
        history: `history` of an earlier answer: 410 where the vault has another now.
        bucket: Only of this bucket.
        prefix: Only keys that begin with this.
        limit: A page ends after so many. Otherwise: 1000.
        """
        return cast(shapes.ChangeFeed, await self._call("GET", "/api/v1/changes", query={"since": since, "history": history, "bucket": bucket, "prefix": prefix, "limit": limit}, vault=vault, timeout=timeout))

    async def session_show(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.Session:
        """Who asks, and what they may do.

        Open to everybody: It tells of nobody but whoever asks..
        """
        return cast(shapes.Session, await self._call("GET", "/api/v1/session", vault=vault, timeout=timeout))

    async def own_password_set(self, *, password: str, new_password: str, code: str | None = None, vault: str | None = None, timeout: float | None = None) -> None:
        """Changes one's own password; ends all sessions, this one too. Tokens and keys stay.

        password: The one so far.
        new_password: 8 to 1024 bytes and no common one.
        code: Of the authenticator app, where there is one.
        """
        await self._call("PUT", "/api/v1/session/password", body=body_of({"password": password, "new_password": new_password, "code": code}), vault=vault, timeout=timeout)

    async def own_totp_create(self, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.TotpSecret:
        """A new secret for an authenticator app. It counts once it is confirmed."""
        return cast(shapes.TotpSecret, await self._call("POST", "/api/v1/session/totp", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def own_totp_confirm(self, *, secret: str, code: str, password: str, vault: str | None = None, timeout: float | None = None) -> None:
        """From now on a code of the app is asked for when signing in with the password.

        secret: As it was given.
        code: As the app shows it.
        password: Of the account.
        """
        await self._call("PUT", "/api/v1/session/totp", body=body_of({"secret": secret, "code": code, "password": password}), vault=vault, timeout=timeout)

    async def own_totp_end(self, *, password: str, code: str, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> None:
        """No code is asked for any more.

        password: Of the account.
        code: Of the authenticator app.
        """
        await self._call("POST", "/api/v1/session/totp/end", body=body_of({"password": password, "code": code}), vault=vault, timeout=timeout, idempotency_key=idempotency_key)

    async def user_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.UserList:
        """Accounts of people, agents and services.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.UserList, await self._call("GET", "/api/v1/users", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def user_create(self, *, name: str, kind: str | None = None, display_name: str | None = None, email: str | None = None, password: str | None = None, password_holds: bool | None = None, requests_per_second_max: int | None = None, role: str | None = None, place: shapes.Place | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.User:
        """Makes an account, and gives it a role where one is named: none that whoever asks does not have.

        name: 1 to 64 of a-z 0-9 . _ @ -.
        kind: What it is; a person otherwise.
        display_name: Its name for people.
        email: Where it is reached.
        password: 8 to 1024 bytes and no common one; none: tokens and keys only.
        password_holds: True: a person need not change it at the first sign-in.
        requests_per_second_max: At most so many.
        role: And grant it this role.
        """
        return cast(shapes.User, await self._call("POST", "/api/v1/users", body=body_of({"name": name, "kind": kind, "display_name": display_name, "email": email, "password": password, "password_holds": password_holds, "requests_per_second_max": requests_per_second_max, "role": role, "place": place}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def user_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.User:
        """One account."""
        return cast(shapes.User, await self._call("GET", f"/api/v1/users/{quote_name(name)}", vault=vault, timeout=timeout))

    async def user_change(self, name: str, *, display_name: str | None = None, email: str | None = None, requests_per_second_max: int | None = None, is_disabled: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.User:
        """Changes what is known of an account; disables it, or takes that back.

        Like everything below: of nobody who may more than whoever asks.

        display_name: Its name for people.
        email: Where it is reached.
        requests_per_second_max: At most so many.
        is_disabled: True: nobody signs in with it.
        """
        return cast(shapes.User, await self._call("PATCH", f"/api/v1/users/{quote_name(name)}", body=body_of({"display_name": display_name, "email": email, "requests_per_second_max": requests_per_second_max, "is_disabled": is_disabled}), vault=vault, timeout=timeout))

    async def user_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Removes an account with its rights, tokens, keys and links. What it stored stays."""
        await self._call("DELETE", f"/api/v1/users/{quote_name(name)}", vault=vault, timeout=timeout)

    async def user_password_set(self, name: str, *, password: str, password_holds: bool | None = None, vault: str | None = None, timeout: float | None = None) -> None:
        """Sets somebody's password; ends all their sessions.

        password: 8 to 1024 bytes and no common one.
        password_holds: True: a person need not change it at the next sign-in.
        """
        await self._call("PUT", f"/api/v1/users/{quote_name(name)}/password", body=body_of({"password": password, "password_holds": password_holds}), vault=vault, timeout=timeout)

    async def user_totp_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """For somebody who lost their authenticator app: no code is asked for any more."""
        await self._call("DELETE", f"/api/v1/users/{quote_name(name)}/totp", vault=vault, timeout=timeout)

    async def user_export(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Person:
        """All about a person: the account, its rights, the records of it, and of every vault what it stored and changed.

        Made while it is sent. Vaults that you may not list, or that are locked, stand in `left_out`.
        """
        return cast(shapes.Person, await self._call("GET", f"/api/v1/users/{quote_name(name)}/export", vault=vault, timeout=timeout))

    async def user_erase(self, name: str, *, name_in_body: str, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Erased:
        """Removes an account, and its name and addresses from the records of reads.

        What it stored stays.

        name_in_body: The account's name again.
        """
        return cast(shapes.Erased, await self._call("POST", f"/api/v1/users/{quote_name(name)}/erase", body=body_of({"name": name_in_body}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def group_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.GroupList:
        """Groups and who is in them.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.GroupList, await self._call("GET", "/api/v1/groups", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def group_create(self, *, name: str, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Group:
        """Makes a group.

        name: 1 to 64 of a-z 0-9 . _ @ -.
        """
        return cast(shapes.Group, await self._call("POST", "/api/v1/groups", body=body_of({"name": name}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def group_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Group:
        """One group."""
        return cast(shapes.Group, await self._call("GET", f"/api/v1/groups/{quote_name(name)}", vault=vault, timeout=timeout))

    async def group_change(self, name: str, *, is_disabled: bool, vault: str | None = None, timeout: float | None = None) -> shapes.Group:
        """Disables a group, so that its members have nothing from it, or takes that back.

        is_disabled: True: it gives nothing.
        """
        return cast(shapes.Group, await self._call("PATCH", f"/api/v1/groups/{quote_name(name)}", body=body_of({"is_disabled": is_disabled}), vault=vault, timeout=timeout))

    async def group_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Removes a group with its grants; its members stay."""
        await self._call("DELETE", f"/api/v1/groups/{quote_name(name)}", vault=vault, timeout=timeout)

    async def group_member_add(self, name: str, member: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Group:
        """Puts an account into a group."""
        return cast(shapes.Group, await self._call("PUT", f"/api/v1/groups/{quote_name(name)}/members/{quote_name(member)}", vault=vault, timeout=timeout))

    async def group_member_remove(self, name: str, member: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Takes an account out of a group."""
        await self._call("DELETE", f"/api/v1/groups/{quote_name(name)}/members/{quote_name(member)}", vault=vault, timeout=timeout)

    async def role_list(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.RoleList:
        """Roles that every home has, those of this home, patterns for more, and the actions they name."""
        return cast(shapes.RoleList, await self._call("GET", "/api/v1/roles", vault=vault, timeout=timeout))

    async def role_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Role:
        """One role."""
        return cast(shapes.Role, await self._call("GET", f"/api/v1/roles/{quote_name(name)}", vault=vault, timeout=timeout))

    async def role_put(self, name: str, *, rules: list[shapes.RoleRule], description: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Role:
        """Makes a role of this home, or replaces its rules for all who have it.

        description: What it is for.
        """
        return cast(shapes.Role, await self._call("PUT", f"/api/v1/roles/{quote_name(name)}", body=body_of({"rules": rules, "description": description}), vault=vault, timeout=timeout))

    async def role_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Removes a role of this home that nobody has."""
        await self._call("DELETE", f"/api/v1/roles/{quote_name(name)}", vault=vault, timeout=timeout)

    async def grant_list(self, *, subject: str | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.GrantList:
        """Who has which role where.

        subject: Of this account or group, everyone or signed-in.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.GrantList, await self._call("GET", "/api/v1/grants", query={"subject": subject, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def grant_create(self, *, subject: str, role: str, place: shapes.Place | None = None, denies: bool | None = None, tiers: list[str] | None = None, age_seconds_max: int | None = None, expires: str | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Grant:
        """Gives an account or group a role.

        None that whoever asks does not have there themselves.

        subject: An account, a group, everyone or signed-in.
        role: The role.
        denies: Deny there what the role allows, whatever else allows it.
        age_seconds_max: Only what was stored at most so long ago.
        expires: A time, or so long from now (30d).
        """
        return cast(shapes.Grant, await self._call("POST", "/api/v1/grants", body=body_of({"subject": subject, "role": role, "place": place, "denies": denies, "tiers": tiers, "age_seconds_max": age_seconds_max, "expires": expires}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def public_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.PublicPlaceList:
        """What is open without an account: by grants to everyone, by policies and access lists of buckets, by links.

        Objects that were opened by a list of their own are counted for each bucket.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.PublicPlaceList, await self._call("GET", "/api/v1/public", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def grant_delete(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Takes a grant back."""
        await self._call("DELETE", f"/api/v1/grants/{quote_name(id)}", vault=vault, timeout=timeout)

    async def quota_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.QuotaList:
        """Limits, and how much of them is used.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.QuotaList, await self._call("GET", "/api/v1/quotas", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def quota_set(self, *, user: str | None = None, place: shapes.Place | None = None, bytes_max: int | None = None, objects_max: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Quota:
        """Sets how much an account may store, or how much a bucket may hold; both limits 0: no limit any more.

        user: Of what this account stores.
        bytes_max: 0: no limit.
        objects_max: 0: no limit.
        """
        return cast(shapes.Quota, await self._call("PUT", "/api/v1/quotas", body=body_of({"user": user, "place": place, "bytes_max": bytes_max, "objects_max": objects_max}), vault=vault, timeout=timeout))

    async def token_list(self, *, user: str | None = None, all: bool | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.TokenList:
        """Tokens: one's own, or those of others.

        user: Of this account; one's own otherwise.
        all: Of all accounts.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.TokenList, await self._call("GET", "/api/v1/tokens", query={"user": user, "all": all, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def token_create(self, *, user: str | None = None, label: str | None = None, scopes: list[shapes.Scope] | None = None, expires: str | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.MadeToken:
        """Makes a token; its text is shown once.

        A token that may do less than its account makes none that may do more, or longer.

        user: Whose; one's own otherwise.
        label: What it is for.
        expires: A time, or so long from now (30d).
        """
        return cast(shapes.MadeToken, await self._call("POST", "/api/v1/tokens", body=body_of({"user": user, "label": label, "scopes": scopes, "expires": expires}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def token_delete(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Ends a token at once."""
        await self._call("DELETE", f"/api/v1/tokens/{quote_name(id)}", vault=vault, timeout=timeout)

    async def s3_key_list(self, *, user: str | None = None, all: bool | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.S3KeyList:
        """Keys for S3 clients: one's own, or those of others.

        user: Of this account; one's own otherwise.
        all: Of all accounts.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.S3KeyList, await self._call("GET", "/api/v1/s3-keys", query={"user": user, "all": all, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def s3_key_create(self, *, user: str | None = None, label: str | None = None, vault: str | None = None, access_key_id: str | None = None, secret_access_key: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.MadeS3Key:
        """Makes a key for S3 clients, for one vault; its secret is shown once.

        user: Whose; one's own otherwise.
        label: What it is for.
        vault: For this one; the default otherwise.
        access_key_id: Keep this, from another server,
        secret_access_key: and this.
        """
        return cast(shapes.MadeS3Key, await self._call("POST", "/api/v1/s3-keys", body=body_of({"user": user, "label": label, "vault": vault, "access_key_id": access_key_id, "secret_access_key": secret_access_key}), timeout=timeout, idempotency_key=idempotency_key))

    async def s3_key_delete(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Ends a key at once."""
        await self._call("DELETE", f"/api/v1/s3-keys/{quote_name(id)}", vault=vault, timeout=timeout)

    async def share_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ShareList:
        """Links that whoever asks made; all for those who may read accounts.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.ShareList, await self._call("GET", "/api/v1/shares", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def share_create(self, *, place: shapes.Place, is_prefix: bool | None = None, takes_uploads: bool | None = None, version: str | None = None, downloads_max: int | None = None, password: str | None = None, label: str | None = None, expires: str | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.MadeShare:
        """Makes a link for people without an account.

        It ends where its maker's right ends.

        is_prefix: Everything below; otherwise so where the prefix ends with /.
        takes_uploads: Files can be left there; nothing can be read.
        version: This version, whatever comes later.
        downloads_max: End after so many.
        password: Ask for it.
        label: What it is for.
        expires: A time, or so long from now (30d).
        """
        return cast(shapes.MadeShare, await self._call("POST", "/api/v1/shares", body=body_of({"place": place, "is_prefix": is_prefix, "takes_uploads": takes_uploads, "version": version, "downloads_max": downloads_max, "password": password, "label": label, "expires": expires}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def share_delete(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Ends a link at once."""
        await self._call("DELETE", f"/api/v1/shares/{quote_name(id)}", vault=vault, timeout=timeout)

    async def shared_show(self, secret: str, *, atoll_link_password: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Shared:
        """What a link is to.

        Open to everybody: The secret in the address signs in, for that place alone..

        atoll_link_password: The link's password, where it has one.
        """
        return cast(shapes.Shared, await self._call("GET", f"/api/v1/shared/{quote_name(secret)}", headers={"Atoll-Link-Password": atoll_link_password}, vault=vault, timeout=timeout))

    async def shared_list(self, secret: str, *, prefix: Key | None = None, limit: int | None = None, cursor: str | None = None, atoll_link_password: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.SharedFileList:
        """What lies in the folder that a link is to.

        Open to everybody: The secret in the address signs in, for that place alone..

        prefix: Only keys that begin with this.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        atoll_link_password: The link's password, where it has one.
        """
        return cast(shapes.SharedFileList, await self._call("GET", f"/api/v1/shared/{quote_name(secret)}/files", query={"prefix": prefix, "limit": limit, "cursor": cursor}, headers={"Atoll-Link-Password": atoll_link_password}, vault=vault, timeout=timeout))

    async def audit_list(self, *, actor: str | None = None, action: str | None = None, bucket: str | None = None, address: str | None = None, since: str | None = None, until: str | None = None, denied: bool | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.AuditList:
        """Who read what, signed in, or was refused, in order of time.

        Who changed what stands in the logs of the vaults.

        actor: By this account.
        action: Only this: an action, sign_in.
        bucket: In this bucket.
        address: From this address.
        since: From this time on: 2026-11-13, or 3d (ago).
        until: Up to this time.
        denied: Only what was refused.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.AuditList, await self._call("GET", "/api/v1/audit", query={"actor": actor, "action": action, "bucket": bucket, "address": address, "since": since, "until": until, "denied": denied, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def audit_verify(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.AuditVerified:
        """Checks that no record was changed, removed or inserted."""
        return cast(shapes.AuditVerified, await self._call("POST", "/api/v1/audit/verify", vault=vault, timeout=timeout, idempotency_key=""))

    async def audit_report(self, *, actor: str | None = None, action: str | None = None, bucket: str | None = None, address: str | None = None, since: str | None = None, until: str | None = None, denied: bool | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.AuditReport:
        """The records summed up.

        actor: By this account.
        action: Only this: an action, sign_in.
        bucket: In this bucket.
        address: From this address.
        since: From this time on: 2026-11-13, or 3d (ago).
        until: Up to this time.
        denied: Only what was refused.
        """
        return cast(shapes.AuditReport, await self._call("GET", "/api/v1/audit/report", query={"actor": actor, "action": action, "bucket": bucket, "address": address, "since": since, "until": until, "denied": denied}, vault=vault, timeout=timeout))

    async def policy_show(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.Policy:
        """How long things are kept, with the words for it."""
        return cast(shapes.Policy, await self._call("GET", "/api/v1/policy", vault=vault, timeout=timeout))

    async def policy_set(self, *, dry_run: bool | None = None, keeps_all: bool | None = None, keep_last: int | None = None, tiers: list[str] | None = None, labels: str | None = None, keep_within: str | None = None, keep_hourly: str | None = None, keep_daily: str | None = None, keep_weekly: str | None = None, keep_monthly: str | None = None, keep_yearly: str | None = None, retention: str | None = None, horizon: str | None = None, audit: str | None = None, half_life: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Policy:
        """Sets how long things are kept, for buckets without a policy of their own.

        What is named changes, the rest stays as it is in force.

        dry_run: Only say what would be done.
        keeps_all: True: for ever; false: nothing but what else is named.
        keep_last: So many ended versions of each object.
        labels: Names for new versions.
        keep_within: So long: 30d, 12h, 0.
        keep_hourly: So long: 30d, 12h, 0.
        keep_daily: So long: 30d, 12h, 0.
        keep_weekly: So long: 30d, 12h, 0.
        keep_monthly: So long: 30d, 12h, 0.
        keep_yearly: So long: 30d, 12h, 0.
        retention: So long: 30d, 12h, 0.
        horizon: So long: 30d, 12h, 0.
        audit: So long: 30d, 12h, 0.
        half_life: So long: 30d, 12h, 0.
        """
        return cast(shapes.Policy, await self._call("PUT", "/api/v1/policy", query={"dry_run": dry_run}, body=body_of({"keeps_all": keeps_all, "keep_last": keep_last, "tiers": tiers, "labels": labels, "keep_within": keep_within, "keep_hourly": keep_hourly, "keep_daily": keep_daily, "keep_weekly": keep_weekly, "keep_monthly": keep_monthly, "keep_yearly": keep_yearly, "retention": retention, "horizon": horizon, "audit": audit, "half_life": half_life}), vault=vault, timeout=timeout))

    async def policy_unset(self, *, vault: str | None = None, timeout: float | None = None) -> None:
        """The built-in rules hold again."""
        await self._call("DELETE", "/api/v1/policy", vault=vault, timeout=timeout)

    async def bucket_policy_show(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Policy:
        """How long a bucket keeps things."""
        return cast(shapes.Policy, await self._call("GET", f"/api/v1/buckets/{quote_name(bucket)}/policy", vault=vault, timeout=timeout))

    async def bucket_policy_set(self, bucket: str, *, dry_run: bool | None = None, keeps_all: bool | None = None, keep_last: int | None = None, tiers: list[str] | None = None, labels: str | None = None, keep_within: str | None = None, keep_hourly: str | None = None, keep_daily: str | None = None, keep_weekly: str | None = None, keep_monthly: str | None = None, keep_yearly: str | None = None, retention: str | None = None, horizon: str | None = None, audit: str | None = None, half_life: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Policy:
        """Sets how long a bucket keeps things.

        What is named changes, the rest stays as it is in force.

        dry_run: Only say what would be done.
        keeps_all: True: for ever; false: nothing but what else is named.
        keep_last: So many ended versions of each object.
        labels: Names for new versions.
        keep_within: So long: 30d, 12h, 0.
        keep_hourly: So long: 30d, 12h, 0.
        keep_daily: So long: 30d, 12h, 0.
        keep_weekly: So long: 30d, 12h, 0.
        keep_monthly: So long: 30d, 12h, 0.
        keep_yearly: So long: 30d, 12h, 0.
        retention: So long: 30d, 12h, 0.
        horizon: So long: 30d, 12h, 0.
        audit: So long: 30d, 12h, 0.
        half_life: So long: 30d, 12h, 0.
        """
        return cast(shapes.Policy, await self._call("PUT", f"/api/v1/buckets/{quote_name(bucket)}/policy", query={"dry_run": dry_run}, body=body_of({"keeps_all": keeps_all, "keep_last": keep_last, "tiers": tiers, "labels": labels, "keep_within": keep_within, "keep_hourly": keep_hourly, "keep_daily": keep_daily, "keep_weekly": keep_weekly, "keep_monthly": keep_monthly, "keep_yearly": keep_yearly, "retention": retention, "horizon": horizon, "audit": audit, "half_life": half_life}), vault=vault, timeout=timeout))

    async def bucket_policy_unset(self, bucket: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """The vault's rules hold for the bucket again."""
        await self._call("DELETE", f"/api/v1/buckets/{quote_name(bucket)}/policy", vault=vault, timeout=timeout)

    async def gc_start(self, *, dry_run: bool | None = None, horizon: str | None = None, rewrite_from_percent: int | None = None, trusts_clock: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Ends versions whose time is over and frees what nothing needs. A job.

        dry_run: Only say what would go.
        horizon: Instead of the policy's, this once: 0, 12h.
        rewrite_from_percent: Dead share of a pack.
        trusts_clock: Also where the clock may have leapt.
        """
        return cast(shapes.Job, await self._call("POST", "/api/v1/gc", body=body_of({"dry_run": dry_run, "horizon": horizon, "rewrite_from_percent": rewrite_from_percent, "trusts_clock": trusts_clock}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def verify_start(self, *, reads_data: bool | None = None, sample_percent: int | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Checks what is stored; with `reads_data` every byte. A job.

        reads_data: Read every byte.
        sample_percent: Of packs.
        """
        return cast(shapes.Job, await self._call("POST", "/api/v1/verify", body=body_of({"reads_data": reads_data, "sample_percent": sample_percent}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def checkpoint_start(self, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Writes the state down, so that less of the journal is needed. A job; the server does it by itself, too."""
        return cast(shapes.Job, await self._call("POST", "/api/v1/checkpoints", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def tier_list(self, *, bucket: str | None = None, prefix: Key | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.TierList:
        """How much lies in which tier: of the vault by packs, of a bucket by its objects.

        bucket: Only of this bucket.
        prefix: Only keys that begin with this.
        """
        return cast(shapes.TierList, await self._call("GET", "/api/v1/tiers", query={"bucket": bucket, "prefix": prefix}, vault=vault, timeout=timeout))

    async def tiers_start(self, *, dry_run: bool | None = None, bytes_max: int | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Moves what lies in another tier than its rule wants, or says what would be moved. A job.

        dry_run: Only say what would be moved.
        bytes_max: Read at most so much; 0: all.
        """
        return cast(shapes.Job, await self._call("POST", "/api/v1/tiers", body=body_of({"dry_run": dry_run, "bytes_max": bytes_max}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def kit_create(self, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Kit:
        """Makes a recovery kit, which opens the vault by itself.

        Over TLS or from the server's own machine only. Save both forms, then confirm it; until then an earlier kit
        keeps opening the vault.
        """
        return cast(shapes.Kit, await self._call("POST", "/api/v1/kit", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def kit_confirm(self, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Says that the kit that was made last is saved. Earlier kits open nothing any more."""
        await self._call("PUT", "/api/v1/kit", vault=vault, timeout=timeout)

    async def copy_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.CopyList:
        """Second copies, and how far each is.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.CopyList, await self._call("GET", "/api/v1/copies", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def copy_create(self, *, place: str, name: str | None = None, bytes_per_second_max: int | None = None, access_key_id: str | None = None, secret_access_key: str | None = None, dry_run: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Makes a copy in a folder of the server's machine or in an S3 server, and begins to fill it: the answer is that
        job.

        The folder or prefix is new or empty, or an earlier copy of this vault; the folder above it, or the bucket, has
        to be there. The secret of a key is taken by TLS or from the server's machine only, and kept there beside the
        keys of vaults.

        place: A folder of the server's machine, from its root; or
        s3://BUCKET/PREFIX?endpoint=https://host:9000&region=eu-central-1&class=STANDARD_IA&check=sha256&every=30&price=0.023,
        of which what stands behind ? may be missing.
        name: Else from the folder's name.
        bytes_per_second_max: So fast at most; 0: as fast as it goes.
        access_key_id: Of a place in S3.
        secret_access_key: Likewise.
        dry_run: True: only say what it would take.
        """
        return cast(shapes.Job, await self._call("POST", "/api/v1/copies", body=body_of({"place": place, "name": name, "bytes_per_second_max": bytes_per_second_max, "access_key_id": access_key_id, "secret_access_key": secret_access_key, "dry_run": dry_run}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def copy_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Copy:
        """One copy."""
        return cast(shapes.Copy, await self._call("GET", f"/api/v1/copies/{quote_name(name)}", vault=vault, timeout=timeout))

    async def copy_delete(self, name: str, *, delete_files: bool | None = None, vault: str | None = None, timeout: float | None = None) -> None:
        """The copy is kept no longer; its files stay, and still make a home.

        delete_files: The files go, too.
        """
        await self._call("DELETE", f"/api/v1/copies/{quote_name(name)}", query={"delete_files": delete_files}, vault=vault, timeout=timeout)

    async def copy_key_set(self, name: str, *, access_key_id: str, secret_access_key: str, vault: str | None = None, timeout: float | None = None) -> None:
        """Another key for a copy in S3, and for every other one in its bucket. It is tried first.

        access_key_id: Its id.
        secret_access_key: Its secret.
        """
        await self._call("PUT", f"/api/v1/copies/{quote_name(name)}/key", body=body_of({"access_key_id": access_key_id, "secret_access_key": secret_access_key}), vault=vault, timeout=timeout)

    async def copy_sync(self, name: str, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Brings a copy up to date now; the server does it within a second by itself. A job: watch it to wait."""
        return cast(shapes.Job, await self._call("POST", f"/api/v1/copies/{quote_name(name)}/sync", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def copy_verify(self, name: str, *, reads_data: bool | None = None, sample_percent: int | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Checks a copy; with `reads_data` every byte. A job.

        reads_data: Read every byte.
        sample_percent: Of packs.
        """
        return cast(shapes.Job, await self._call("POST", f"/api/v1/copies/{quote_name(name)}/verify", body=body_of({"reads_data": reads_data, "sample_percent": sample_percent}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def copy_repair(self, name: str, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Reads every byte of the copy and of the home, and heals each from the other. A job."""
        return cast(shapes.Job, await self._call("POST", f"/api/v1/copies/{quote_name(name)}/repair", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def check_list(self, *, limit: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.CheckList:
        """Past verifies and restore drills, newest first: at most 50 of each kind.

        limit: At most so many.
        """
        return cast(shapes.CheckList, await self._call("GET", "/api/v1/checks", query={"limit": limit}, vault=vault, timeout=timeout))

    async def drill_start(self, *, copy: str | None = None, objects: int | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Restores a random sample on the server's machine, from this vault or from a copy, compares it with what was
        stored, and removes it again. A job.

        copy: From this copy, by way of a home made from it.
        objects: So many; 100.
        """
        return cast(shapes.Job, await self._call("POST", "/api/v1/drill", body=body_of({"copy": copy, "objects": objects}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def schedule_list(self, *, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.ScheduleList:
        """Commands that run by the clock, and how they went.

        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.ScheduleList, await self._call("GET", "/api/v1/schedules", query={"limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def schedule_create(self, *, command: str, rule: str, name: str | None = None, tell: list[str] | None = None, tell_success: bool | None = None, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Schedule:
        """Has a command run by the clock.

        From another machine: verify, gc, drill, tier run, copy sync and verify, snapshot create and prune, journal
        checkpoint, without options that name files, keys or programs of the server's machine.

        command: Without `atoll`: verify --sample 5%.
        rule: daily 03:00, weekly sun 03:00, monthly 1 03:00, hourly, every 15m.
        name: Else from the command.
        tell_success: Also when it went well.
        """
        return cast(shapes.Schedule, await self._call("POST", "/api/v1/schedules", body=body_of({"command": command, "rule": rule, "name": name, "tell": tell, "tell_success": tell_success}), vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def schedule_show(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Schedule:
        """One schedule, with its last 50 runs."""
        return cast(shapes.Schedule, await self._call("GET", f"/api/v1/schedules/{quote_name(name)}", vault=vault, timeout=timeout))

    async def schedule_delete(self, name: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Ends a schedule."""
        await self._call("DELETE", f"/api/v1/schedules/{quote_name(name)}", vault=vault, timeout=timeout)

    async def schedule_run(self, name: str, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.Job:
        """Runs its command now. A job."""
        return cast(shapes.Job, await self._call("POST", f"/api/v1/schedules/{quote_name(name)}/run", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def job_list(self, *, state: str | None = None, limit: int | None = None, cursor: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.JobList:
        """What is being done, and how the last ones went, in the order in which they were asked for.

        state: Only these.
        limit: How many at most. Otherwise: 1000.
        cursor: `next_cursor` of the page before.
        """
        return cast(shapes.JobList, await self._call("GET", "/api/v1/jobs", query={"state": state, "limit": limit, "cursor": cursor}, vault=vault, timeout=timeout))

    async def job_show(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> shapes.Job:
        """One job."""
        return cast(shapes.Job, await self._call("GET", f"/api/v1/jobs/{quote_name(id)}", vault=vault, timeout=timeout))

    async def job_cancel(self, id: str, *, vault: str | None = None, timeout: float | None = None) -> None:
        """Has a job end early; what it did so far stays."""
        await self._call("DELETE", f"/api/v1/jobs/{quote_name(id)}", vault=vault, timeout=timeout)

    async def server_show(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.Server:
        """How the server is: version, vaults, what is not safe yet."""
        return cast(shapes.Server, await self._call("GET", "/api/v1/server", vault=vault, timeout=timeout))

    async def settings_show(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.Settings:
        """How the server is set. Secrets are not shown."""
        return cast(shapes.Settings, await self._call("GET", "/api/v1/settings", vault=vault, timeout=timeout))

    async def alarm_thresholds_set(self, *, failed_logins: int | None = None, reads: int | None = None, removals: int | None = None, window_seconds: int | None = None, limits: dict[str, str] | None = None, tell: list[str] | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Settings:
        """Sets from when on an alarm is raised (0 or "off": never), and who is told.

        failed_logins: Of one name or address.
        reads: Of one account.
        removals: Of one account.
        window_seconds: In so long.
        limits: By name of the alarm: WARNING:CRITICAL, off or on.
        tell: Who is told, in place of all before; a program of the server's is named on its machine only.
        """
        return cast(shapes.Settings, await self._call("PUT", "/api/v1/settings/alarms", body=body_of({"failed_logins": failed_logins, "reads": reads, "removals": removals, "window_seconds": window_seconds, "limits": limits, "tell": tell}), vault=vault, timeout=timeout))

    async def alarm_try(self, *, vault: str | None = None, timeout: float | None = None, idempotency_key: str | None = None) -> shapes.AlarmTest:
        """Sends a test to everybody who is told of alarms, and says whom it reached."""
        return cast(shapes.AlarmTest, await self._call("POST", "/api/v1/alarms/test", vault=vault, timeout=timeout, idempotency_key=idempotency_key))

    async def health_summary(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.HealthSummary:
        """How the home is, in one answer: what is stored, how safe it is, how much room there is, and what to do."""
        return cast(shapes.HealthSummary, await self._call("GET", "/api/v1/health/summary", vault=vault, timeout=timeout))

    async def alarm_list(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.AlarmList:
        """Everything that is watched, with its level, the worst first.

        Who may read the audit gets its warnings since the server was started, too.
        """
        return cast(shapes.AlarmList, await self._call("GET", "/api/v1/alarms", vault=vault, timeout=timeout))

    async def alarm_history(self, *, limit: int | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.AlarmHistory:
        """Which alarms were raised and ended, newest first.

        limit: At most so many.
        """
        return cast(shapes.AlarmHistory, await self._call("GET", "/api/v1/alarms/history", query={"limit": limit}, vault=vault, timeout=timeout))

    async def alarm_kinds(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.AlarmKindList:
        """What is watched, and from when on it is an alarm."""
        return cast(shapes.AlarmKindList, await self._call("GET", "/api/v1/alarms/kinds", vault=vault, timeout=timeout))

    async def drive_list(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.DriveList:
        """The file systems of the home and its copies, and the drives below them.

        What a drive does not tell is missing, and `unknown_because` says why.
        """
        return cast(shapes.DriveList, await self._call("GET", "/api/v1/drives", vault=vault, timeout=timeout))

    async def monitor_show(self, *, since: str | None = None, step: int | None = None, figures: str | None = None, vault: str | None = None, timeout: float | None = None) -> shapes.Monitor:
        """Key figures over time, for plots.

        Kept every 10 s for an hour, every minute for a day, every 15 min for 30 days, every 6 h for a year.

        since: A time, or 1d (ago). Otherwise: an hour ago.
        step: 10, 60, 900 or 21600 seconds. Otherwise: the finest that reaches back so far.
        figures: Names, with commas between them. Otherwise: all.
        """
        return cast(shapes.Monitor, await self._call("GET", "/api/v1/monitor", query={"since": since, "step": step, "figures": figures}, vault=vault, timeout=timeout))

    async def request_list(self, *, vault: str | None = None, timeout: float | None = None) -> shapes.RequestList:
        """How many requests of each kind were answered since the server was started, and how quickly."""
        return cast(shapes.RequestList, await self._call("GET", "/api/v1/requests", vault=vault, timeout=timeout))
