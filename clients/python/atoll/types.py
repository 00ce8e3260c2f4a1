"""Shapes of the server's answers and of parts of its questions: dictionaries, with the names that the server uses.
Times are RFC 3339 text in UTC, sizes bytes. Fields may be added by later servers.
"""
# Made by tools/generate-python; do not edit.
from __future__ import annotations

from typing import Any, NotRequired, TypedDict


class Problem(TypedDict):
    """What went wrong (RFC 9457)."""

    type: str  # urn:atoll:error: and the id.
    title: str  # Short, the same for all errors of a sort.
    status: int  # As the status line.
    detail: str  # What happened, to what.
    hint: NotRequired[str]  # What to do.
    id: str  # Stable: "bucket.not_found".
    request_id: str  # The log tells more under it.


class Vault(TypedDict):
    """A vault."""

    id: str  # Its id.
    name: str  # Its name.


class VaultList(TypedDict):
    """Vaults."""

    vaults: list["Vault"]


class Finding(TypedDict):
    """Something that is not safe yet."""

    id: str  # Stable: "copy.one_only".
    message: str  # One sentence.
    command: str  # What mends it, or empty.


class BucketSize(TypedDict):
    """A bucket and what is in it now."""

    name: str  # Its name.
    objects: int  # How many.
    bytes: int  # As readers see them.


class VaultStatus(TypedDict):
    """How a vault is."""

    id: str  # Its id.
    name: str  # Its name.
    encryption: str  # How its files are sealed.
    files: int  # Of current objects.
    folders: int  # Of current objects.
    others: int  # Links and the like.
    logical_bytes: int  # Of current objects, as readers see them.
    unique_bytes: int  # Of distinct content, before compression.
    pack_bytes: int  # Of content as stored.
    journal_bytes: int  # Of the journal.
    derived_bytes: int  # Of the catalog and indexes.
    available_bytes: int  # Free on its disk.
    last_lsn: int  # Number of the last change.
    last_change: NotRequired[str]  # When that was.
    last_data_verify: NotRequired[str]  # When every byte was last read.
    last_structure_verify: NotRequired[str]  # When structure was last checked.
    last_verify_ok: bool  # False: the last check found damage.
    last_gc: NotRequired[str]  # When room was last given back.
    gc_bytes_history: NotRequired[int]  # What then stayed for older versions only.
    gc_bytes_horizon: NotRequired[int]  # What then stayed for earlier moments only.
    buckets: list["BucketSize"]
    findings: list["Finding"]


class Bucket(TypedDict):
    """A bucket."""

    name: str  # Its name.
    id: str  # Its id.
    created: str  # When.
    objects: int  # How many are there now.
    bytes: int  # Of these, as readers see them.
    keeps_history: bool  # False: what is overwritten or removed is not kept.
    has_own_keys: bool  # True: its keys can be destroyed without those of other buckets.
    policy: NotRequired[list[str]]  # How long versions stay, in sentences. Of one bucket only.


class BucketList(TypedDict):
    """Buckets."""

    next_cursor: NotRequired[str]  # There are more: give it back as `cursor`.
    buckets: list["Bucket"]


class Object(TypedDict):
    """An object at one version."""

    bucket: str  # Its bucket.
    key: str  # Its key.
    key_b64: NotRequired[str]  # The key in base64, where it is no UTF-8.
    type: str  # What it is.
    size: int  # In bytes, as a reader sees it.
    modified: str  # The file's own time.
    stored: str  # When this version began.
    version: str  # The version's id.
    etag: str  # For If-Match.
    lsn: int  # Number of the change that made it.
    content_type: NotRequired[str]  # As given.
    date: NotRequired[str]  # When it was made or happened, as its content says; else as `modified`.
    tags: NotRequired[dict[str, str]]  # They change in place.
    metadata: NotRequired[dict[str, str]]  # It makes a version.
    link_target: NotRequired[str]  # Of a symlink.
    link_target_b64: NotRequired[str]  # Likewise in base64.
    label: NotRequired[str]  # Name of the version.
    deleted: NotRequired[str]  # When it was removed.
    new_bytes: NotRequired[int]  # Of a put: bytes that were not stored before.


class Prefix(TypedDict):
    """A folder."""

    prefix: str  # With the delimiter at its end.
    prefix_b64: NotRequired[str]  # In base64, where it is no UTF-8.


class ObjectList(TypedDict):
    """A page of names."""

    bucket: str  # The bucket.
    objects: list["Object"]
    prefixes: list["Prefix"]
    next_cursor: NotRequired[str]  # There is more: give it back as `cursor`.
    as_of: NotRequired[str]  # The moment, in words.
    erased: NotRequired[int]  # Versions of that moment that were removed for good since.


class ErasedCount(TypedDict):
    """What went for good."""

    objects: int  # Objects.
    versions: int  # Versions.
    bytes: int  # Of their content; what others share stays stored.
    dry_run: NotRequired[bool]  # True: nothing was done.


class ObjectPatch(TypedDict):
    """What to set, and with null what to remove."""

    tags: NotRequired[dict[str, str]]  # Tags.
    metadata: NotRequired[dict[str, str]]  # Metadata.


class CopySource(TypedDict):
    """An object, or several."""

    bucket: str  # The bucket.
    key: NotRequired[str]  # The key.
    key_b64: NotRequired[str]  # The key in base64.
    prefix: NotRequired[str]  # Everything below; empty: the whole bucket.
    prefix_b64: NotRequired[str]  # Likewise in base64.


class CopyTarget(TypedDict):
    """A key; of several objects what replaces their prefix."""

    bucket: str  # The bucket.
    key: NotRequired[str]  # The key.
    key_b64: NotRequired[str]  # The key in base64.

CopyRequest = TypedDict("CopyRequest", {"from": "CopySource", "to": "CopyTarget", "replace": NotRequired[bool], "dry_run": NotRequired[bool]})


class Count(TypedDict):
    """How much."""

    objects: int  # Objects.
    bytes: int  # As readers see them.
    dry_run: bool  # True: nothing was done.


class RemoveRequest(TypedDict):
    """Keys, or a prefix."""

    keys: NotRequired[list[str]]
    keys_b64: NotRequired[list[str]]
    prefix: NotRequired[str]  # Everything that begins with it.
    prefix_b64: NotRequired[str]  # In base64.
    dry_run: NotRequired[bool]  # True: only count.


class Failed(TypedDict):
    """One that was not done."""

    key: str  # The key.
    key_b64: NotRequired[str]  # In base64.
    id: str  # The error's id.
    detail: str  # Why.


class RemoveCount(TypedDict):
    """How much."""

    objects: int  # Objects.
    bytes: int  # As readers see them.
    dry_run: bool  # True: nothing was done.
    failed: list["Failed"]


class Label(TypedDict):
    """A name of a version."""

    label: str  # The name.
    version: str  # Its id.
    stored: str  # When.
    size: int  # Bytes.
    is_current: bool  # It is the newest one.


class LabelList(TypedDict):
    """Names."""

    labels: list["Label"]


class NewLabel(TypedDict):
    """A name that is to be."""

    label: str  # Without '/' and '@'.
    version: NotRequired[str]  # Of this version; else of the current one.
    move: NotRequired[bool]  # Also where another version has it, or this one has another.


class Described(TypedDict):
    """Of what it is said."""

    version: str  # Its id.
    changed: bool  # False: it was said already.
    lsn: int  # The change; 0: none.


class ProvenanceNode(TypedDict):
    """A version, or what lies outside."""

    id: int  # In this answer.
    depth: int  # Steps from where it began.
    state: str  # Whether it is there.
    name: str  # bucket/key@label, or words.
    name_b64: NotRequired[str]  # In base64.
    bucket: NotRequired[str]  # Its bucket.
    key: NotRequired[str]  # Its key.
    key_b64: NotRequired[str]  # In base64.
    version: NotRequired[str]  # Its id.
    stored: NotRequired[str]  # When.
    actor: NotRequired[str]  # By whom.
    label: NotRequired[str]  # Its name.
    author: NotRequired[str]  # Who answers for it.
    description: NotRequired[str]  # What it is.
    transformation: NotRequired[str]  # How it was made.
    erased_by: NotRequired[str]  # Who removed it for good.
    erased: NotRequired[str]  # When.
    erased_why: NotRequired[str]  # Why.
    is_cut: NotRequired[bool]  # It goes on beyond what is shown.


class ProvenanceEdge(TypedDict):
    """Made of."""

    derived: int  # The id of a node.
    source: int  # The id of another one.


class Provenance(TypedDict):
    """A chain."""

    nodes: list["ProvenanceNode"]
    edges: list["ProvenanceEdge"]
    is_cut: bool  # It goes on beyond what is shown.


class NewOrigin(TypedDict):
    """What is to be said."""

    version: NotRequired[str]  # Of this version; else of the current one.
    sources: NotRequired[list[str]]
    author: NotRequired[str]  # Who answers for it.
    description: NotRequired[str]  # What it is.
    transformation: NotRequired[str]  # What was done to the sources.
    replace: NotRequired[bool]  # Also where it says something else already.


class ContentInfo(TypedDict):
    """How the content is stored."""

    stored_bytes: int  # Without holes, before compression.
    key_domain: int  # Number of the keys that seal it.
    cutter: int  # Which cutter made the chunks.
    tier: str  # Where most of it lies.
    chunks: int  # How many; counted up to a million.


class SourceInfo(TypedDict):
    """Something it was made from."""

    words: str  # As it was named.
    object: NotRequired[str]  # Its id, if it is here.
    version: NotRequired[str]  # Its version.


class Version(TypedDict):
    """A version."""

    version: str  # Its id.
    etag: str  # For If-Match.
    type: str  # As of an object.
    size: int  # In bytes.
    modified: str  # The file's own time.
    began: str  # When it was stored.
    lsn: int  # By which change.
    ended: NotRequired[str]  # When it was replaced or removed.
    end_lsn: NotRequired[int]  # By which change.
    is_current: bool  # True of one at most.
    actor: str  # Who stored it.
    changed: list[str]  # created, came_back, content, metadata, …
    label: NotRequired[str]  # Its name.
    author: NotRequired[str]  # Who is answerable for it.
    description: NotRequired[str]  # What changed and why.


class VersionList(TypedDict):
    """A page of versions."""

    bucket: str  # The bucket.
    key: str  # The key.
    key_b64: NotRequired[str]  # In base64.
    versions: list["Version"]
    removed: NotRequired[str]  # When the object was removed.
    removed_lsn: NotRequired[int]  # By which change.
    next_cursor: NotRequired[str]  # There is more.


class RollbackRequest(TypedDict):
    """To which version."""

    to: NotRequired[str]  # A version's id or label, or a moment; missing: the version before the current one.
    dry_run: NotRequired[bool]  # True: only say what would be done.


class Rollback(TypedDict):
    """What was brought back."""

    from_version: str  # Which.
    size: int  # In bytes.
    changed: bool  # False: it is the current one already.
    dry_run: bool  # True: nothing was done.
    lsn: NotRequired[int]  # The change.


class Change(TypedDict):
    """A command."""

    lsn: int  # Its number.
    time: str  # When.
    actor: str  # Who.
    kind: str  # put_objects, …
    stored: int  # Names stored.
    removed: int  # Names removed.
    described: int  # Versions with new words alone.
    operation: NotRequired[str]  # The id it shares with others.
    first_key: NotRequired[str]  # One of the names.
    first_key_b64: NotRequired[str]  # In base64.


class ChangeLog(TypedDict):
    """A page of changes."""

    changes: list["Change"]
    next_cursor: NotRequired[str]  # There is more.
    kept_from_lsn: NotRequired[int]  # What came before is no longer kept.


class NameDifference(TypedDict):
    """A name that differs."""

    kind: str  # How.
    key: str  # The key.
    key_b64: NotRequired[str]  # In base64.
    before: NotRequired[str]  # Version before.
    after: NotRequired[str]  # Version after.
    size_before: NotRequired[int]  # In bytes.
    size_after: NotRequired[int]  # In bytes.
    changed: list[str]  # content, facts, words


class NameDifferences(TypedDict):
    """What differs."""

    added: int  # Names.
    removed: int  # Names.
    changed: int  # Names.
    is_cut_off: bool  # True: not all are listed.
    differences: list["NameDifference"]


class ByteRange(TypedDict):
    """A range."""

    offset: int  # First byte.
    length: int  # Bytes.


class CellChange(TypedDict):
    """A cell that differs."""

    column: str  # Its column.
    before: str
    after: str


class RowChange(TypedDict):
    """A row that differs."""

    kind: str  # How.
    row: str  # What its row column says; without one its number, from 1.
    cells: list["CellChange"]  # Of a changed row, in columns that both have.


class TableDifference(TypedDict):
    """What differs between two tables."""

    columns_added: list[str]  # Names.
    columns_removed: list[str]  # Names.
    types_changed: list[str]  # Columns that held whole numbers, numbers or text and hold another.
    row_column: NotRequired[str]  # By which rows were matched; without it in order.
    rows_before: int  # Rows.
    rows_after: int  # Rows.
    rows_added: int  # Rows.
    rows_removed: int  # Rows.
    rows_changed: int  # Rows.
    cells_changed: int  # Cells.
    rows: list["RowChange"]
    is_cut_off: bool  # True: not all are listed.
    is_compatible: bool  # True: no column went or holds another type.


class ObjectDifference(TypedDict):
    """What differs."""

    before: str  # A version.
    after: str  # A version.
    size_before: int  # In bytes.
    size_after: int  # In bytes.
    same_content: bool  # True: only words or facts differ.
    metadata_before: dict[str, str]  # Then.
    metadata_after: dict[str, str]  # Later.
    table: NotRequired["TableDifference"]
    lines: NotRequired[str]  # Unified hunks.
    shared_bytes: NotRequired[int]  # Of the later content.
    changed_bytes: NotRequired[int]  # Of the later content.
    changed: NotRequired[list["ByteRange"]]


class ObjectInfo(TypedDict):
    """All that is known of an object at one version."""

    bucket: str  # Its bucket.
    key: str  # Its key.
    key_b64: NotRequired[str]  # The key in base64, where it is no UTF-8.
    type: str  # What it is.
    size: int  # In bytes, as a reader sees it.
    modified: str  # The file's own time.
    stored: str  # When this version began.
    version: str  # The version's id.
    etag: str  # For If-Match.
    lsn: int  # Number of the change that made it.
    content_type: NotRequired[str]  # As given.
    date: NotRequired[str]  # When it was made or happened, as its content says; else as `modified`.
    tags: NotRequired[dict[str, str]]  # They change in place.
    metadata: NotRequired[dict[str, str]]  # It makes a version.
    link_target: NotRequired[str]  # Of a symlink.
    link_target_b64: NotRequired[str]  # Likewise in base64.
    label: NotRequired[str]  # Name of the version.
    deleted: NotRequired[str]  # When it was removed.
    new_bytes: NotRequired[int]  # Of a put: bytes that were not stored before.
    object: str  # Its id, the same over versions.
    actor: str  # Who stored it.
    mode: int  # Permission bits.
    uid: int  # Owner.
    gid: int  # Group.
    changed: NotRequired[str]  # The file's change time.
    checksums: NotRequired[dict[str, str]]  # By algorithm.
    s3_etag: NotRequired[str]  # What S3 clients see.
    author: NotRequired[str]  # Who is answerable for it.
    description: NotRequired[str]  # What changed and why.
    transformation: NotRequired[str]  # What was done to the sources.
    sources: NotRequired[list["SourceInfo"]]
    holes: NotRequired[int]  # Ranges of zeros that are not stored.
    attributes: NotRequired[list[str]]  # Names of extended attributes.
    ended: NotRequired[str]  # When it was replaced.
    end_lsn: NotRequired[int]  # By which change.
    operation: NotRequired[str]  # That stored it.
    content: NotRequired["ContentInfo"]


class Snapshot(TypedDict):
    """A frozen state."""

    name: str  # Its name.
    bucket: str  # Of which bucket.
    prefix: str  # Below which prefix; empty: all of it.
    prefix_b64: NotRequired[str]  # In base64.
    lsn: int  # The last change that counts.
    time: str  # Of that state.
    created: str  # When it was made.
    actor: str  # By whom.
    objects: int  # How many.
    bytes: int  # As readers see them.
    is_held: bool  # True: nobody removes it.
    hold_reason: NotRequired[str]  # Why.
    description: NotRequired[str]  # What it is for.


class SnapshotList(TypedDict):
    """A page of snapshots."""

    snapshots: list["Snapshot"]
    next_cursor: NotRequired[str]  # There is more.


class NewSnapshot(TypedDict):
    """What to freeze."""

    name: str  # 1 to 200 bytes without blanks and '/', beginning with no digit.
    bucket: str  # The bucket.
    prefix: NotRequired[str]  # Only what begins with it.
    prefix_b64: NotRequired[str]  # In base64.
    description: NotRequired[str]  # What it is for.
    hold: NotRequired[bool]  # True: removed by nobody until it is released.
    hold_reason: NotRequired[str]  # Why.
    as_of: NotRequired[str]  # As it was then.


class SnapshotPruning(TypedDict):
    """What to keep, with restic's meaning."""

    keep_last: NotRequired[int]  # The newest so many.
    keep_hourly: NotRequired[int]  # The newest of each of the last so many hours.
    keep_daily: NotRequired[int]  # … days.
    keep_weekly: NotRequired[int]  # … weeks.
    keep_monthly: NotRequired[int]  # … months.
    keep_yearly: NotRequired[int]  # … years.
    keep_within: NotRequired[str]  # All within this time before the newest: 30d.


class SnapshotsPruned(TypedDict):
    """What went."""

    removed: list["Snapshot"]
    kept: int  # So many stay.


class HoldRequest(TypedDict):
    """Why."""

    reason: NotRequired[str]  # Kept with it.


class OperationSummary(TypedDict):
    """Something a user did."""

    name: str  # Its id, or a change's number.
    first_lsn: int  # Its first change.
    last_lsn: int  # Its last change.
    begun: str  # When.
    ended: str  # When.
    kind: str  # put_objects, …
    actor: str  # Who.
    commands: int  # How many changes.
    objects: int  # Names that it changed.
    can_be_undone: bool  # False: it is too long ago.
    undone_by: NotRequired[str]  # The undo.


class OperationList(TypedDict):
    """Newest first."""

    operations: list["OperationSummary"]


class UndoRequest(TypedDict):
    """What to take back: last, operation, or actor and since."""

    last: NotRequired[bool]  # True: the newest operation.
    operation: NotRequired[str]  # Its name, or a change's number.
    actor: NotRequired[str]  # Everything that they did.
    since: NotRequired[str]  # Everything since: a time, 2h, a change's number.
    force: NotRequired[bool]  # True: also what others changed since.
    bucket: NotRequired[str]  # Only in this bucket.
    prefix: NotRequired[str]  # Only below it.
    prefix_b64: NotRequired[str]  # In base64.
    key: NotRequired[str]  # Only this object.
    key_b64: NotRequired[str]  # In base64.
    dry_run: NotRequired[bool]  # True: only say what would be done.


class RewindRequest(TypedDict):
    """To when."""

    to: str  # A time, 2h (ago), a change's number, a snapshot's name.
    bucket: NotRequired[str]  # Only in this bucket.
    prefix: NotRequired[str]  # Only below it.
    prefix_b64: NotRequired[str]  # In base64.
    key: NotRequired[str]  # Only this object.
    key_b64: NotRequired[str]  # In base64.
    dry_run: NotRequired[bool]  # True: only say what would be done.


class UndoItem(TypedDict):
    """One step."""

    action: str  # What is done.
    bucket: NotRequired[str]  # Of an object.
    key: NotRequired[str]  # Of an object.
    key_b64: NotRequired[str]  # In base64.
    bytes: NotRequired[int]  # Of its content.
    version: NotRequired[str]  # That is put back.
    what: NotRequired[str]  # Of anything else.
    reason: NotRequired[str]  # Why it is left, or impossible.


class UndoCounts(TypedDict):
    """How much."""

    brought_back: int  # Objects that were gone.
    put_back: int  # To older content.
    retagged: int  # To older tags.
    removed: int  # That were not there.
    other_rows: int  # Buckets, rules, snapshots.
    bytes: int  # Put back.
    already: int  # As they should be.
    left: int  # Changed since by others.
    impossible: int  # Cannot be given back.
    erased: int  # Removed for good by it.
    unreadable: int  # Changes that are no longer known.


class UndoReport(TypedDict):
    """What was, or would be, done."""

    of: str  # What is taken back, in words.
    dry_run: bool  # True: nothing was done.
    items: list["UndoItem"]
    is_cut_off: bool  # True: not all are listed.
    plan: "UndoCounts"
    done: NotRequired["UndoCounts"]
    operation: NotRequired[str]  # Takes this back, given to undo.


class SearchRequest(TypedDict):
    """What to look for."""

    filter: NotRequired[Any]  # Text ("name:*.jpg size>2MB"), or {"must": [], "should": [], "must_not": []} of such objects and terms {"field": "size", "op": ">", "value": "2MB"}.
    bucket: NotRequired[str]  # Only in this bucket.
    prefix: NotRequired[str]  # Only below it.
    prefix_b64: NotRequired[str]  # In base64.
    as_of: NotRequired[str]  # Among what was there at that moment; not with words.
    limit: NotRequired[int]  # How many at most; otherwise 100, with words 20.
    cursor: NotRequired[str]  # `next_cursor` of the page before.
    query: NotRequired[str]  # Words, phrases, fields: "boiler -draft type:pdf" (spec/query-line.md).
    near: NotRequired[str]  # What it is about, in any words; with `query`, both count.
    like: NotRequired[dict[str, Any]]  # What is like this object, and never itself; not together with `near`.
    explain: NotRequired[bool]  # Gives `signals`: what each hit's score is made of.
    words_only: NotRequired[bool]  # Nothing by meaning, also where the words say little.
    near_threshold: NotRequired[float]  # Of what is found by meaning, nothing less near: from -1 to 1.
    match: NotRequired[str]  # Whether one word is enough; otherwise any.
    types: NotRequired[list[str]]  # Only of these kinds: pdf, image, document, md.
    since: NotRequired[str]  # Made or happened then or later: "2024-03", "-30d".
    until: NotRequired[str]  # Made or happened then or before.
    facets: NotRequired[list[str]]  # What to count by.
    sort: NotRequired[str]  # Otherwise rank.
    descending: NotRequired[bool]  # The greatest first, of an order that is not by rank.
    quarantined: NotRequired[bool]  # Also what does not meet the gate of its bucket, each marked.
    wait_ms: NotRequired[int]  # Wait so long at most until what was stored just now is known.


class SearchResults(TypedDict):
    """A page."""

    filter: str  # As it was understood.
    results: list["FoundObject"]
    next_cursor: NotRequired[str]  # There is more.
    query: NotRequired[str]  # As it was understood.
    total: NotRequired[int]  # How many there are, where they were counted.
    is_total_exact: NotRequired[bool]  # False: there are more.
    facets: NotRequired[list["Facet"]]
    question: NotRequired[int]  # By which search_opened knows what was asked; not where nothing is noted.
    suggestions: NotRequired[list[dict[str, Any]]]
    quarantined_left_out: NotRequired[int]  # Found, too, but in quarantine and not given: `quarantined` gives them, quarantine_list says why they are.
    is_left_out_exact: NotRequired[bool]  # False: there may be more of them.
    is_unjudged: NotRequired[bool]  # There are gates, but without the index, which cannot be opened, nobody knows what they hold back: it is given like all else.
    asked_meaning: NotRequired[bool]  # It was looked for by meaning, too.
    coverage: NotRequired["SearchCoverage"]


class Duplicate(TypedDict):
    """One of several that are alike."""

    bucket: str  # Its bucket.
    key: str  # Its key.
    key_b64: NotRequired[str]  # The key in base64, where it is no UTF-8.
    type: str  # What it is.
    size: int  # In bytes, as a reader sees it.
    modified: str  # The file's own time.
    stored: str  # When this version began.
    version: str  # The version's id.
    etag: str  # For If-Match.
    lsn: int  # Number of the change that made it.
    content_type: NotRequired[str]  # As given.
    date: NotRequired[str]  # When it was made or happened, as its content says; else as `modified`.
    tags: NotRequired[dict[str, str]]  # They change in place.
    metadata: NotRequired[dict[str, str]]  # It makes a version.
    link_target: NotRequired[str]  # Of a symlink.
    link_target_b64: NotRequired[str]  # Likewise in base64.
    label: NotRequired[str]  # Name of the version.
    deleted: NotRequired[str]  # When it was removed.
    new_bytes: NotRequired[int]  # Of a put: bytes that were not stored before.
    similarity: float  # To the first of its group, up to 1.
    frees: int  # Bytes at most, where it goes: what of it no other of its group holds.


class DuplicateGroup(TypedDict):
    """Things that are alike."""

    members: list["Duplicate"]  # First the one to keep, then the most alike.
    bytes: int  # Of all, as they are read.
    frees: int  # Bytes at most, where all but the first go.
    has_more: bool  # There are more than are listed.


class DuplicateRemove(TypedDict):
    """What to keep, and what to remove."""

    groups: list[dict[str, Any]]


class DuplicatesRemoved(TypedDict):
    """What went."""

    objects: int  # How many.
    bytes: int  # Of all, as they are read.


class DuplicateList(TypedDict):
    """A page of groups."""

    groups: list["DuplicateGroup"]
    group_count: int  # In all.
    extra_count: int  # Objects that could go: all but one of each group.
    bytes: int  # Of those, as they are read.
    is_complete: bool  # False: not everything is known yet, or there was too much to compare.
    quarantined_left_out: int  # Objects in quarantine, which were not compared.
    next_cursor: NotRequired[str]  # There is more.
    coverage: "SearchCoverage"


class GateChange(TypedDict):
    """What files have to meet."""

    require: str  # A filter (spec/filter.md, "Gates"): "meta.quality_score>=0.9 and readable". Empty: nothing.


class Gate(TypedDict):
    """What a bucket's files have to meet."""

    bucket: str  # Its name.
    require: str  # As it was understood; empty: nothing.
    judged: NotRequired[int]  # Files that were judged.
    passed: NotRequired[int]  # Of these, those that meet it.
    quarantined: NotRequired[int]  # Of these, those that do not.
    is_finished: NotRequired[bool]  # False: it changed, and not everything was judged by it yet.


class UnmetCondition(TypedDict):
    """Why something is in quarantine."""

    condition: str  # In the filter language.
    words: str  # "quality_score is 0.4, wanted >=0.9".
    field: NotRequired[str]  # What it is about: "meta.quality_score", "readable".
    value: NotRequired[str]  # That it has there; none: it has none.


class Quarantined(TypedDict):
    """One that does not meet the gate of its bucket."""

    bucket: str  # Its bucket.
    key: str  # Its key.
    key_b64: NotRequired[str]  # The key in base64, where it is no UTF-8.
    type: str  # What it is.
    size: int  # In bytes, as a reader sees it.
    modified: str  # The file's own time.
    stored: str  # When this version began.
    version: str  # The version's id.
    etag: str  # For If-Match.
    lsn: int  # Number of the change that made it.
    content_type: NotRequired[str]  # As given.
    date: NotRequired[str]  # When it was made or happened, as its content says; else as `modified`.
    tags: NotRequired[dict[str, str]]  # They change in place.
    metadata: NotRequired[dict[str, str]]  # It makes a version.
    link_target: NotRequired[str]  # Of a symlink.
    link_target_b64: NotRequired[str]  # Likewise in base64.
    label: NotRequired[str]  # Name of the version.
    deleted: NotRequired[str]  # When it was removed.
    new_bytes: NotRequired[int]  # Of a put: bytes that were not stored before.
    reasons: list["UnmetCondition"]  # Each is one that has to be mended.


class QuarantineList(TypedDict):
    """A page."""

    objects: list["Quarantined"]
    is_complete: bool  # False: not everything was judged yet; there may be more.
    next_cursor: NotRequired[str]  # There is more.


class CountedWords(TypedDict):
    """Words that were asked for."""

    words: str  # In small letters.
    count: int  # How often.


class SearchQuestions(TypedDict):
    """What was asked."""

    is_on: bool  # False: nothing is noted.
    is_of_all: bool  # False: the caller's own.
    since: str  # What was asked from then on is counted.
    questions: int  # How many.
    without_result: int  # That found nothing.
    with_opened: int  # Of which a result was opened.
    success_rate: float  # That many of all, 0 to 1.
    median_ms: float  # Half of them were answered in that time.
    p99_ms: float  # 99 of 100 were.
    terms: list["CountedWords"]  # Single words.
    lines: list["CountedWords"]  # Whole questions.
    found_nothing: list["CountedWords"]  # Those that found nothing at last.


class SearchQuestionsChange(TypedDict):
    """Whether questions are noted."""

    is_on: bool  # False: not any more.


class SearchOpened(TypedDict):
    """A result that was opened."""

    question: int  # As the answer named it.
    rank: int  # Which result, from 1.


class FoundObject(TypedDict):
    """An object, and why it was found."""

    bucket: str  # Its bucket.
    key: str  # Its key.
    key_b64: NotRequired[str]  # The key in base64, where it is no UTF-8.
    type: str  # What it is.
    size: int  # In bytes, as a reader sees it.
    modified: str  # The file's own time.
    stored: str  # When this version began.
    version: str  # The version's id.
    etag: str  # For If-Match.
    lsn: int  # Number of the change that made it.
    content_type: NotRequired[str]  # As given.
    date: NotRequired[str]  # When it was made or happened, as its content says; else as `modified`.
    tags: NotRequired[dict[str, str]]  # They change in place.
    metadata: NotRequired[dict[str, str]]  # It makes a version.
    link_target: NotRequired[str]  # Of a symlink.
    link_target_b64: NotRequired[str]  # Likewise in base64.
    label: NotRequired[str]  # Name of the version.
    deleted: NotRequired[str]  # When it was removed.
    new_bytes: NotRequired[int]  # Of a put: bytes that were not stored before.
    inside: NotRequired[str]  # Path of the member that was found, inside of it: "inner.zip!/b.pdf".
    score: NotRequired[float]  # The greater the better; only to be compared within one answer.
    similarity: NotRequired[float]  # Of its nearest passage to what was asked, -1 to 1; not where it was found by words alone.
    title: NotRequired[str]  # As the content says.
    format: NotRequired[str]  # Such as pdf.
    language: NotRequired[str]  # ISO 639-1.
    trouble: NotRequired[str]  # Why it could not be read to its end.
    is_quarantined: NotRequired[bool]  # It does not meet the gate of its bucket.
    signals: NotRequired[list[dict[str, Any]]]  # The strongest first.
    snippet: NotRequired["Snippet"]


class TextPlace(TypedDict):
    """Where in a content."""

    kind: str
    number: NotRequired[int]  # Counted from 1; of a time its milliseconds.
    name: NotRequired[str]  # Of a sheet or chapter.
    line: NotRequired[int]  # Within it.


class Snippet(TypedDict):
    """The piece that shows why."""

    text: str  # It.
    marks: list[list[int]]  # What matched.
    place: "TextPlace"


class Facet(TypedDict):
    """A count of what was found."""

    name: str  # By what.
    counts: list[dict[str, Any]]
    has_more: NotRequired[bool]  # True: there are more values.


class SearchCoverage(TypedDict):
    """What an answer does not cover."""

    reached: int  # Changes up to this one are known.
    current: int  # The vault's newest change.
    objects: int  # That can be found.
    contents_waiting: int  # Found by names only so far.
    is_complete: bool  # Everything is known.
    previews_waiting: int  # Small pictures to be made.
    pictures_waiting: int  # To be searched for text (OCR).
    knows_meaning: bool  # `near` finds something.
    embedder: str  # Whose vectors answer; empty: none do.
    passages: int  # That can be found by meaning.
    meaning_waiting: int  # Texts without vectors so far.
    judged: int  # Files, by the gates of their buckets.
    quarantined: int  # Of these, those that do not meet them.
    gates_unfinished: int  # Gates of buckets that changed, and by which not everything was judged yet.
    next_embedder: NotRequired[str]  # That is chosen and being filled.
    meaning_trouble: NotRequired[str]  # Why words alone answer.


class Understood(TypedDict):
    """What was understood of a content."""

    is_known: bool  # False: not read yet, or nothing to read.
    format: NotRequired[str]  # Such as pdf.
    media_type: NotRequired[str]  # Such as application/pdf.
    language: NotRequired[str]  # ISO 639-1.
    trouble: NotRequired[str]  # Why it could not be read to its end.
    is_truncated: NotRequired[bool]  # There is more in it than was kept.
    fields: NotRequired[list[dict[str, Any]]]  # In our words.
    raw: NotRequired[list[dict[str, Any]]]  # In the format's own.
    members: NotRequired[list[dict[str, Any]]]
    member_count: NotRequired[int]  # Also of those that are not listed.
    pieces: NotRequired[list[dict[str, Any]]]


class EmbedderChoice(TypedDict):
    """An embedder."""

    embedder: str  # built-in; the address of a server that embeds, with its model: http://127.0.0.1:11434/api/embed?model=nomic-embed-text; table:/FOLDER.
    dry_run: NotRequired[bool]  # Only say what it takes.


class EmbedderState(TypedDict):
    """Who turns texts into vectors."""

    embedder: str  # As it was chosen.
    leaves_machine: bool  # Texts are sent to another machine.
    answers: str  # Whose vectors answer now; empty: none do.
    passages: int  # That can be found by meaning.
    waiting: int  # Texts that have no vectors of the chosen one yet.
    refused: int  # Passages that it would not take.
    next: NotRequired[str]  # Whose vectors are being made beside.
    trouble: NotRequired[str]  # Why it does not go on, or why words alone answer.


class EmbeddingCost(TypedDict):
    """What it takes to embed everything."""

    passages: int  # Of about 512 tokens.
    tokens: int  # About.
    seconds: float  # About.
    is_measured: bool  # On a text of our own, just now; else as it usually is.
    bytes_sent: int  # Of texts, to the server; 0: it needs none.
    dimension: int  # Of its vectors.
    leaves_machine: bool  # They are sent to another machine.


class EmbedderChosen(TypedDict):
    """A choice, and what it takes."""

    is_dry_run: bool  # Nothing was changed.
    cost: "EmbeddingCost"
    state: "EmbedderState"


class EmbedderOffers(TypedDict):
    """What this machine offers."""

    embedders: list[str]


class VectorToPut(TypedDict):
    """A vector."""

    key: NotRequired[str]  # Its name below the prefix; .npy is put behind it where it is not there.
    key_b64: NotRequired[str]  # In base64.
    vector: list[float]  # 1 to 4,096 numbers.
    payload: NotRequired[dict[str, str]]  # What is said of it.


class VectorsToPut(TypedDict):
    """Vectors."""

    vectors: list["VectorToPut"]  # 8 MiB of JSON at most.


class VectorsPut(TypedDict):
    """What became of vectors."""

    bucket: str  # Its bucket.
    stored: int  # Objects with new versions.
    unchanged: int  # Objects that were like this.
    bytes: int  # Of contents that came.
    new_bytes: int  # Of these, bytes that were not stored before.
    failed: int  # Entries that were not stored.
    failures: list["UnpackFailure"]  # The first thousand of them.


class VectorQuestion(TypedDict):
    """What is to be near."""

    bucket: str  # Where the vectors are.
    prefix: NotRequired[str]  # Only below it.
    prefix_b64: NotRequired[str]  # In base64.
    vector: list[float]  # 1 to 4,096 numbers, as many as the vectors there have.
    metric: NotRequired[str]  # Otherwise cosine.
    limit: NotRequired[int]  # At most so many, otherwise 10.
    threshold: NotRequired[float]  # Nothing further: a least similarity; for l2 a greatest distance.
    exact: NotRequired[bool]  # Compares every vector, however many there are.
    quarantined: NotRequired[bool]  # Also what does not meet the gate of the bucket.
    filter: NotRequired[Any]  # Text ("name:*.jpg size>2MB"), or {"must": [], "should": [], "must_not": []} of such objects and terms {"field": "size", "op": ">", "value": "2MB"}.


class VectorHit(TypedDict):
    """A vector."""

    object: "Object"
    row: NotRequired[int]  # Of an object with rows.
    score: float  # Cosine, dot product, or for l2 the distance.
    payload: dict[str, str]  # What is said of it.


class VectorAnswer(TypedDict):
    """What is near."""

    results: list["VectorHit"]
    vectors: int  # That were compared.
    exact: bool  # All that could be meant were compared.
    quarantined_left_out: int  # Objects with vectors that were not compared, for they are in quarantine.
    skipped: int  # Objects with vectors of another dimension, or that are none.


class UnpackFailure(TypedDict):
    """What was not stored."""

    name: str  # As the archive has it.
    name_b64: NotRequired[str]  # In base64, where it is no UTF-8.
    status: int  # As a put of it alone would have been answered.
    id: str  # The error's id.
    message: str  # Why.


class Unpacked(TypedDict):
    """What became of an archive."""

    bucket: str  # Its bucket.
    stored: int  # Objects with new versions.
    unchanged: int  # Objects that were like this.
    bytes: int  # Of contents that came.
    new_bytes: int  # Of these, bytes that were not stored before.
    failed: int  # Entries that were not stored.
    failures: list["UnpackFailure"]  # The first thousand of them.


class FeedChange(TypedDict):
    """Something that happened to an object or a bucket."""

    lsn: int  # The change's number.
    time: str  # When.
    actor: str  # Who.
    event: str  # What. described: tags or metadata. erased: removed for good, with its history.
    bucket: str  # The bucket.
    key: NotRequired[str]  # The key.
    key_b64: NotRequired[str]  # In base64.
    version: NotRequired[str]  # Its current or last version.
    size: NotRequired[int]  # In bytes.
    type: NotRequired[str]  # As of an object.
    operation: NotRequired[str]  # The id it shares with others.


class ChangeFeed(TypedDict):
    """A page."""

    history: str  # Numbers count within one history.
    changes: list["FeedChange"]
    next_since: int  # Give it back as `since`.
    has_more: bool  # False: this is the newest.


class SignIn(TypedDict):
    """Who signs in."""

    name: str  # The account.
    password: str  # Its password.
    code: NotRequired[str]  # Of the authenticator app, where it has one.


class VaultRights(TypedDict):
    """What may be done in a whole vault."""

    name: str  # The vault.
    id: str  # Its id.
    may: list[str]


class Session(TypedDict):
    """Who asks, and what they may do."""

    name: str  # Their name.
    is_local_owner: bool  # True: this machine's own user, who may do everything.
    user: NotRequired["User"]
    request_mark: NotRequired[str]  # Of the cookie's session: for Atoll-Request-Mark.
    scopes: list["Scope"]  # What a token narrows them to; empty: nothing.
    may: list[str]  # In the home and everywhere in it.
    vaults: list["VaultRights"]
    grants: list["Grant"]  # What they and their groups were given.


class OwnPassword(TypedDict):
    """A new password."""

    password: str  # The one so far.
    new_password: str  # 8 to 1024 bytes and no common one.
    code: NotRequired[str]  # Of the authenticator app, where there is one.


class TotpSecret(TypedDict):
    """For an authenticator app."""

    secret: str  # In base32.
    address: str  # otpauth://…, for a QR code.


class TotpConfirmation(TypedDict):
    """That the app has the secret."""

    secret: str  # As it was given.
    code: str  # As the app shows it.
    password: str  # Of the account.


class TotpEnd(TypedDict):
    """Who ends it."""

    password: str  # Of the account.
    code: str  # Of the authenticator app.


class User(TypedDict):
    """An account."""

    name: str  # What it signs in with.
    id: str  # Its id.
    kind: str  # What it is.
    display_name: str  # Its name for people.
    email: str  # Where it is reached.
    created: str  # Since when.
    is_disabled: bool  # True: nobody signs in with it.
    has_password: bool  # False: tokens and keys only.
    must_change_password: bool  # True: the password was given out, and only serves to set another.
    has_one_time_codes: bool  # True: codes are asked for, too.
    requests_per_second_max: int  # 0: what its kind has (agents 50).


class UserList(TypedDict):
    """A page of accounts."""

    users: list["User"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewUser(TypedDict):
    """An account to be made."""

    name: str  # 1 to 64 of a-z 0-9 . _ @ -.
    kind: NotRequired[str]  # What it is; a person otherwise.
    display_name: NotRequired[str]  # Its name for people.
    email: NotRequired[str]  # Where it is reached.
    password: NotRequired[str]  # 8 to 1024 bytes and no common one; none: tokens and keys only.
    password_holds: NotRequired[bool]  # True: a person need not change it at the first sign-in.
    requests_per_second_max: NotRequired[int]  # At most so many.
    role: NotRequired[str]  # And grant it this role.
    place: NotRequired["Place"]


class UserChange(TypedDict):
    """What is to change."""

    display_name: NotRequired[str]  # Its name for people.
    email: NotRequired[str]  # Where it is reached.
    requests_per_second_max: NotRequired[int]  # At most so many.
    is_disabled: NotRequired[bool]  # True: nobody signs in with it.


class NewPassword(TypedDict):
    """A password."""

    password: str  # 8 to 1024 bytes and no common one.
    password_holds: NotRequired[bool]  # True: a person need not change it at the next sign-in.

Person = dict[str, Any]


class EraseConfirmation(TypedDict):
    """That it is meant."""

    name: str  # The account's name again.


class Erased(TypedDict):
    """What went."""

    rows: int  # Rows of the account.
    audit_records: int  # Records in which the name was replaced.


class Group(TypedDict):
    """A group."""

    name: str  # Its name.
    id: str  # Its id.
    created: str  # Since when.
    is_disabled: bool  # True: its members have nothing from it.
    members: list[str]


class GroupList(TypedDict):
    """A page of groups."""

    groups: list["Group"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewGroup(TypedDict):
    """A group to be made."""

    name: str  # 1 to 64 of a-z 0-9 . _ @ -.


class GroupChange(TypedDict):
    """What is to change."""

    is_disabled: bool  # True: it gives nothing.


class Place(TypedDict):
    """Where something holds. Without a bucket in the whole vault, without both everywhere."""

    vault: NotRequired[str]  # Name or id.
    bucket: NotRequired[str]  # Its name.
    prefix: NotRequired[str]  # Of keys.
    prefix_b64: NotRequired[str]  # In base64.


class RoleRule(TypedDict):
    """One line of a role; every condition has to hold."""

    denies: NotRequired[bool]  # True: wins over all that allow.
    actions: list[str]
    tiers: NotRequired[list[str]]
    age_seconds_min: NotRequired[int]  # Only what was stored at least so long ago.
    age_seconds_max: NotRequired[int]  # Only what was stored at most so long ago.


class Role(TypedDict):
    """A role."""

    name: str  # Its name.
    kind: str  # Where it is from.
    description: str  # What it is for.
    rules: list["RoleRule"]


class NewRole(TypedDict):
    """What a role allows."""

    description: NotRequired[str]  # What it is for.
    rules: list["RoleRule"]


class ActionName(TypedDict):
    """What a rule can name."""

    name: str  # Its name.
    changes: bool  # Something that others see.
    words: str  # What it is.


class RoleList(TypedDict):
    """All roles."""

    roles: list["Role"]
    templates: list["Role"]
    actions: list["ActionName"]


class Grant(TypedDict):
    """Who has which role where."""

    id: str  # Its id.
    subject: str  # Who.
    role: str  # The role.
    place: "Place"
    denies: bool  # True: what the role allows is denied there.
    tiers: list[str]
    age_seconds_max: NotRequired[int]  # Only what was stored at most so long ago.
    expires: NotRequired[str]  # Until when.
    created: str  # Since when.
    actor: str  # By whom.


class GrantList(TypedDict):
    """A page of grants."""

    grants: list["Grant"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class PublicPlace(TypedDict):
    """A place that is open without an account."""

    opened_by: str  # By what.
    place: "Place"
    reads: bool  # Something can be seen or read there.
    writes: bool  # Something can be left or changed there.
    has_password: bool  # The link asks for one.
    id: NotRequired[str]  # Of the grant or link.
    role: NotRequired[str]  # Of the grant.
    user: NotRequired[str]  # Who made the link.
    label: NotRequired[str]  # Of the link.
    expires: NotRequired[str]  # Until when.
    objects: NotRequired[int]  # Of object_list: how many of the bucket.


class PublicPlaceList(TypedDict):
    """A page of places."""

    places: list["PublicPlace"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewGrant(TypedDict):
    """A grant to be made."""

    subject: str  # An account, a group, everyone or signed-in.
    role: str  # The role.
    place: NotRequired["Place"]
    denies: NotRequired[bool]  # Deny there what the role allows, whatever else allows it.
    tiers: NotRequired[list[str]]
    age_seconds_max: NotRequired[int]  # Only what was stored at most so long ago.
    expires: NotRequired[str]  # A time, or so long from now (30d).


class Quota(TypedDict):
    """A limit."""

    user: NotRequired[str]  # Of what this account stores.
    place: "Place"
    bytes_max: int  # 0: no limit.
    objects_max: int  # 0: no limit.
    bytes_used: int  # Now.
    objects_used: int  # Now.


class QuotaList(TypedDict):
    """A page of limits."""

    quotas: list["Quota"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewQuota(TypedDict):
    """A limit to be set."""

    user: NotRequired[str]  # Of what this account stores.
    place: NotRequired["Place"]
    bytes_max: NotRequired[int]  # 0: no limit.
    objects_max: NotRequired[int]  # 0: no limit.


class Scope(TypedDict):
    """What a token may do at most."""

    role: str  # The role's actions,
    place: NotRequired["Place"]


class Token(TypedDict):
    """A token."""

    id: str  # To revoke it.
    user: str  # Whose it is.
    label: str  # What it is for.
    scopes: list["Scope"]  # It may do at most this; empty: all its account may.
    created: str  # Since when.
    expires: NotRequired[str]  # Until when.
    last_used: NotRequired[str]  # The day it was last used.


class MadeToken(TypedDict):
    """A token, with its text."""

    id: str  # To revoke it.
    user: str  # Whose it is.
    label: str  # What it is for.
    scopes: list["Scope"]  # It may do at most this; empty: all its account may.
    created: str  # Since when.
    expires: NotRequired[str]  # Until when.
    last_used: NotRequired[str]  # The day it was last used.
    token: str  # For Authorization: Bearer.


class TokenList(TypedDict):
    """A page of tokens."""

    tokens: list["Token"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewToken(TypedDict):
    """A token to be made."""

    user: NotRequired[str]  # Whose; one's own otherwise.
    label: NotRequired[str]  # What it is for.
    scopes: NotRequired[list["Scope"]]
    expires: NotRequired[str]  # A time, or so long from now (30d).


class S3Key(TypedDict):
    """A key for S3 clients."""

    access_key_id: str  # Its public half.
    user: str  # Whose it is.
    place: "Place"
    label: str  # What it is for.
    is_disabled: bool  # True: refused.
    created: str  # Since when.
    last_used: NotRequired[str]  # The day it was last used.


class MadeS3Key(TypedDict):
    """A key, with its secret."""

    access_key_id: str  # Its public half.
    user: str  # Whose it is.
    place: "Place"
    label: str  # What it is for.
    is_disabled: bool  # True: refused.
    created: str  # Since when.
    last_used: NotRequired[str]  # The day it was last used.
    secret_access_key: str  # Its secret half.


class S3KeyList(TypedDict):
    """A page of keys."""

    s3_keys: list["S3Key"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewS3Key(TypedDict):
    """A key to be made."""

    user: NotRequired[str]  # Whose; one's own otherwise.
    label: NotRequired[str]  # What it is for.
    vault: NotRequired[str]  # For this one; the default otherwise.
    access_key_id: NotRequired[str]  # Keep this, from another server,
    secret_access_key: NotRequired[str]  # and this.


class Share(TypedDict):
    """A link."""

    id: str  # To revoke it.
    user: str  # Whose right it hands on.
    place: "Place"
    is_prefix: bool  # Everything below; else one object.
    version: NotRequired[str]  # This version, whatever comes later.
    takes_uploads: bool  # Files can be left there, and nothing read.
    has_password: bool  # A password is asked for.
    downloads: int  # So far; counted where there is a limit.
    downloads_max: int  # 0: no limit.
    label: str  # What it is for.
    created: str  # Since when.
    expires: NotRequired[str]  # Until when.


class MadeShare(TypedDict):
    """A link, with its secret."""

    id: str  # To revoke it.
    user: str  # Whose right it hands on.
    place: "Place"
    is_prefix: bool  # Everything below; else one object.
    version: NotRequired[str]  # This version, whatever comes later.
    takes_uploads: bool  # Files can be left there, and nothing read.
    has_password: bool  # A password is asked for.
    downloads: int  # So far; counted where there is a limit.
    downloads_max: int  # 0: no limit.
    label: str  # What it is for.
    created: str  # Since when.
    expires: NotRequired[str]  # Until when.
    secret: str  # For /api/v1/shared/.
    link: str  # For people.


class ShareList(TypedDict):
    """A page of links."""

    shares: list["Share"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewShare(TypedDict):
    """A link to be made."""

    place: "Place"
    is_prefix: NotRequired[bool]  # Everything below; otherwise so where the prefix ends with /.
    takes_uploads: NotRequired[bool]  # Files can be left there; nothing can be read.
    version: NotRequired[str]  # This version, whatever comes later.
    downloads_max: NotRequired[int]  # End after so many.
    password: NotRequired[str]  # Ask for it.
    label: NotRequired[str]  # What it is for.
    expires: NotRequired[str]  # A time, or so long from now (30d).


class Shared(TypedDict):
    """What a link is to."""

    name: str  # Of the file or folder.
    name_b64: NotRequired[str]  # In base64.
    is_folder: bool  # False: one file.
    takes_uploads: bool  # Files can be left; nothing is read.
    label: str  # What its maker says.
    expires: NotRequired[str]  # Until when.
    downloads_left: NotRequired[int]  # How often it still can be used.
    size: NotRequired[int]  # Of the file.
    modified: NotRequired[str]  # Of the file.
    content_type: NotRequired[str]  # Of the file.


class SharedFile(TypedDict):
    """A file in a folder."""

    key: str  # Its name below the folder.
    key_b64: NotRequired[str]  # In base64.
    type: str  # file, directory …
    size: int  # In bytes.
    modified: str  # The file's own time.
    content_type: NotRequired[str]  # As it was stored.


class SharedFileList(TypedDict):
    """A page of files."""

    files: list["SharedFile"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class SharedUpload(TypedDict):
    """What was stored."""

    size: int  # In bytes.


class AuditRecord(TypedDict):
    """Something that was read, asked or refused."""

    time: str  # When.
    actor: str  # By whom; empty: nobody signed in.
    address: str  # From where.
    request_id: str  # In which request.
    action: str  # What.
    vault: NotRequired[str]  # Its id.
    bucket: NotRequired[str]  # Where.
    key: NotRequired[str]  # What.
    key_b64: NotRequired[str]  # In base64.
    is_allowed: bool  # False: refused.
    reason: str  # What decided.
    count: int  # Of equal records.
    bytes: int  # That were read.


class AuditList(TypedDict):
    """A page of records."""

    records: list["AuditRecord"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class AuditVerified(TypedDict):
    """Whether the chain is whole."""

    is_clean: bool  # True: it is.
    batches: int  # Looked at.
    records: int  # In them.
    first_broken: NotRequired[int]  # Number of the batch.
    what: NotRequired[str]  # Is wrong with it.


class AuditCount(TypedDict):
    """How often."""

    name: str  # Of what.
    count: int  # So often.


class AuditReport(TypedDict):
    """The records summed up."""

    records: int  # In all.
    denied: int  # Refused.
    failed_sign_ins: int  # Failed attempts.
    by_actor: list["AuditCount"]
    by_action: list["AuditCount"]
    denied_by_actor: list["AuditCount"]
    failed_by_address: list["AuditCount"]
    first: NotRequired[str]  # Of the first.
    last: NotRequired[str]  # Of the last.


class Policy(TypedDict):
    """How long things are kept."""

    bucket: NotRequired[str]  # Of this one; else of the vault.
    source: str  # bucket, vault or built_in: whose rules these are.
    horizon_source: str  # Whose horizon it is.
    keeps_history: bool  # False: no ended versions at all.
    keeps_all: bool  # For ever.
    keep_last: int  # So many ended versions of each object.
    tiers: list[str]
    labels: str  # Names for new versions: none, semantic, timestamp or hash.
    words: list[str]
    keep_within_seconds: int  # So long.
    keep_hourly_seconds: int  # So long.
    keep_daily_seconds: int  # So long.
    keep_weekly_seconds: int  # So long.
    keep_monthly_seconds: int  # So long.
    keep_yearly_seconds: int  # So long.
    retention_seconds: int  # So long.
    horizon_seconds: int  # So long.
    audit_seconds: int  # So long.
    half_life_seconds: int  # So long.


class PolicyChange(TypedDict):
    """What is to change."""

    keeps_all: NotRequired[bool]  # True: for ever; false: nothing but what else is named.
    keep_last: NotRequired[int]  # So many ended versions of each object.
    tiers: NotRequired[list[str]]
    labels: NotRequired[str]  # Names for new versions.
    keep_within: NotRequired[str]  # So long: 30d, 12h, 0.
    keep_hourly: NotRequired[str]  # So long: 30d, 12h, 0.
    keep_daily: NotRequired[str]  # So long: 30d, 12h, 0.
    keep_weekly: NotRequired[str]  # So long: 30d, 12h, 0.
    keep_monthly: NotRequired[str]  # So long: 30d, 12h, 0.
    keep_yearly: NotRequired[str]  # So long: 30d, 12h, 0.
    retention: NotRequired[str]  # So long: 30d, 12h, 0.
    horizon: NotRequired[str]  # So long: 30d, 12h, 0.
    audit: NotRequired[str]  # So long: 30d, 12h, 0.
    half_life: NotRequired[str]  # So long: 30d, 12h, 0.


class GcOrder(TypedDict):
    """What gc is to do."""

    dry_run: NotRequired[bool]  # Only say what would go.
    horizon: NotRequired[str]  # Instead of the policy's, this once: 0, 12h.
    rewrite_from_percent: NotRequired[int]  # Dead share of a pack.
    trusts_clock: NotRequired[bool]  # Also where the clock may have leapt.


class VerifyOrder(TypedDict):
    """What verify is to do."""

    reads_data: NotRequired[bool]  # Read every byte.
    sample_percent: NotRequired[int]  # Of packs.


class TierUse(TypedDict):
    """What lies in a tier."""

    tier: str  # hot, warm, cold.
    packs: int  # Of the vault.
    objects: int  # Of a bucket.
    bytes: int  # Before compression.
    stored_bytes: int  # That they take.


class TierList(TypedDict):
    """What lies where."""

    tiers: list["TierUse"]


class TierOrder(TypedDict):
    """What is to be moved."""

    dry_run: NotRequired[bool]  # Only say what would be moved.
    bytes_max: NotRequired[int]  # Read at most so much; 0: all.


class Kit(TypedDict):
    """A recovery kit. Whoever holds either form can read everything."""

    page_name: str  # A name for the page.
    page_text: str  # To print.
    file_name: str  # A name for the file.
    file_b64: str  # The small file, in base64.


class NewCopy(TypedDict):
    """A copy that is to be."""

    place: str  # A folder of the server's machine, from its root; or s3://BUCKET/PREFIX?endpoint=https://host:9000&region=eu-central-1&class=STANDARD_IA&check=sha256&every=30&price=0.023, of which what stands behind ? may be missing.
    name: NotRequired[str]  # Else from the folder's name.
    bytes_per_second_max: NotRequired[int]  # So fast at most; 0: as fast as it goes.
    access_key_id: NotRequired[str]  # Of a place in S3.
    secret_access_key: NotRequired[str]  # Likewise.
    dry_run: NotRequired[bool]  # True: only say what it would take.


class CopyPlan(TypedDict):
    """What a copy would take."""

    name: str  # That it would have.
    kind: str  # folder, s3
    bytes: int  # About so much would go over.
    cost_per_month: NotRequired[float]  # In the currency of the price that was given.


class CopyKey(TypedDict):
    """A key for an S3 server."""

    access_key_id: str  # Its id.
    secret_access_key: str  # Its secret.


class Copy(TypedDict):
    """A second copy."""

    name: str  # Its name.
    kind: str  # folder, s3
    place: str  # Where it is.
    created: str  # Since when.
    bytes_per_second_max: int  # 0: as fast as it goes.
    shipped_lsn: NotRequired[int]  # It holds everything up to this change.
    changes_behind: NotRequired[int]  # So many are not there yet.
    bytes: NotRequired[int]  # That it takes.
    verify_ok: NotRequired[bool]  # False: the last check found damage.
    is_same_disk: NotRequired[bool]  # True: it dies with this disk.
    synced: NotRequired[str]  # When the last round ended well.
    verified: NotRequired[str]  # When its structure was last checked.
    data_verified: NotRequired[str]  # When every byte was last read.


class CopyList(TypedDict):
    """A page of copies."""

    copies: list["Copy"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class Check(TypedDict):
    """One that was made."""

    kind: str  # verify, drill.
    name: str  # data: every byte; sample; structure. restore, copy NAME.
    started: str  # When.
    seconds: float  # How long.
    is_ok: bool  # Nothing was found.
    bytes: int  # That were read.
    problems: int  # Places with damage; objects that did not come back.


class CheckList(TypedDict):
    """What was checked."""

    checks: list["Check"]


class DrillOrder(TypedDict):
    """What is to be restored."""

    copy: NotRequired[str]  # From this copy, by way of a home made from it.
    objects: NotRequired[int]  # So many; 100.


class ScheduleRun(TypedDict):
    """That it ran."""

    started: str  # When.
    exit_code: int  # 0: good.
    seconds: float  # How long.


class Schedule(TypedDict):
    """A command that runs by the clock."""

    name: str  # Its name.
    command: str  # As one types it behind `atoll`.
    rule: str  # daily 03:00, weekly sun 03:00, monthly 1 03:00, hourly, every 15m.
    tell: list[str]
    tell_success: bool  # Also when it went well.
    actor: str  # Who made it.
    created: str  # When.
    next: str  # When it runs next.
    is_due: bool  # It should have run and did not.
    is_missed: bool  # That was long ago.
    runs: list["ScheduleRun"]  # Newest first.


class ScheduleList(TypedDict):
    """A page of schedules."""

    schedules: list["Schedule"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class NewSchedule(TypedDict):
    """What is to run when."""

    command: str  # Without `atoll`: verify --sample 5%.
    rule: str  # daily 03:00, weekly sun 03:00, monthly 1 03:00, hourly, every 15m.
    name: NotRequired[str]  # Else from the command.
    tell: NotRequired[list[str]]
    tell_success: NotRequired[bool]  # Also when it went well.


class JobProgress(TypedDict):
    """How far a job is."""

    step: str  # What is being done.
    done: int  # So much,
    total: int  # of so much; 0: nobody knows.


class JobError(TypedDict):
    """Why a job failed."""

    id: str  # Stable.
    message: str  # One sentence.


class Job(TypedDict):
    """Work that takes longer than a request."""

    id: str  # Its id.
    kind: str  # gc, verify, checkpoint, tiers, copy_sync …
    vault: str  # Where.
    actor: str  # Who asked for it.
    state: str  # How it is.
    created: str  # When it was asked for.
    started: NotRequired[str]  # When it began.
    ended: NotRequired[str]  # When it was over.
    attempt: int  # 2 and more: a restart of the server broke it off, and it was begun anew.
    order: NotRequired[dict[str, Any]]  # What was asked for.
    progress: "JobProgress"
    result: NotRequired[dict[str, Any]]  # What it did.
    error: NotRequired["JobError"]


class JobList(TypedDict):
    """A page of jobs."""

    jobs: list["Job"]
    next_cursor: NotRequired[str]  # Where the next page begins.


class ServerVault(TypedDict):
    """A vault that is open."""

    name: str  # Its name.
    id: str  # Its id.
    is_well: bool  # False: it takes no writes now.
    findings: list["Finding"]


class Server(TypedDict):
    """How the server is."""

    version: str  # Of the program.
    uptime_seconds: int  # So long.
    vaults: list["ServerVault"]
    jobs_running: int  # Now.
    alarms: int  # Since it was started.


class AlarmThresholds(TypedDict):
    """From how many on."""

    failed_logins: NotRequired[int]  # Of one name or address.
    reads: NotRequired[int]  # Of one account.
    removals: NotRequired[int]  # Of one account.
    window_seconds: NotRequired[int]  # In so long.
    limits: NotRequired[dict[str, str]]  # By name of the alarm: WARNING:CRITICAL, off or on.
    tell: NotRequired[list[str]]  # Who is told, in place of all before; a program of the server's is named on its machine only.


class AlarmTold(TypedDict):
    """Whether somebody was reached."""

    address: str  # As it was set.
    is_told: bool  # It was taken.
    trouble: NotRequired[str]  # Why not.


class AlarmTest(TypedDict):
    """What came of a test."""

    results: list["AlarmTold"]


class Settings(TypedDict):
    """How the server is set."""

    base_url: str  # As clients reach it; empty: from each request.
    trusted_proxies: list[str]
    s3_domain: str  # Buckets as subdomains of it.
    s3_region: str  # For S3.
    default_vault: str  # Where requests go that name none.
    has_metrics_token: bool  # /metrics wants one.
    alarm_thresholds: dict[str, str]  # Those that were set.
    alarm_limits: dict[str, str]  # Those that were set, by name of the alarm.
    alarm_tell: list[str]  # Who is told of alarms.


class Alarm(TypedDict):
    """Something that is watched."""

    name: str  # capacity …
    subject: str  # What of: home, nvme0n1; may be empty.
    level: str  # unknown, good, ok (within limits, but near one), warning or critical.
    value: NotRequired[float]  # The figure, where it has one.
    unit: NotRequired[str]  # Of the figure.
    words: str  # One sentence.
    advice: str  # What to do; may be empty.
    since: str  # In this level.


class AlarmEvent(TypedDict):
    """A warning of the audit."""

    id: str  # alarm.failed_logins …
    time: str  # When.
    actor: str  # About whom.
    address: str  # From where.
    count: int  # So often,
    window_seconds: int  # in so long.
    words: str  # One sentence.


class AlarmList(TypedDict):
    """What is watched."""

    time: str  # When it was looked at.
    alarms: list["Alarm"]
    events: list["AlarmEvent"]

AlarmChange = TypedDict("AlarmChange", {"time": str, "name": str, "subject": str, "from": str, "to": str, "words": str})


class AlarmHistory(TypedDict):
    """Changes."""

    changes: list["AlarmChange"]


class AlarmKind(TypedDict):
    """Something that can be watched."""

    name: str  # Its name.
    words: str  # What it watches.
    advice: str  # What to do.
    unit: str  # Of its figure; may be empty.
    limits: str  # From when on it is an alarm; on or off.
    is_set: bool  # Somebody set these limits.


class AlarmKindList(TypedDict):
    """All of them."""

    kinds: list["AlarmKind"]


class DiskPlace(TypedDict):
    """A file system that holds the home or a copy."""

    name: str  # home, or a copy.
    path: str  # Where.
    is_reachable: bool  # False: nothing is known of it now.
    total_bytes: int  # Its size.
    available_bytes: int  # Free.
    used_percent: NotRequired[float]  # How full it is.
    drives: list[str]


class Drive(TypedDict):
    """A drive."""

    name: str  # nvme0n1
    kind: str  # spinning, solid_state, nvme, card, virtual or unknown.
    model: str  # As it calls itself; may be empty.
    holds: list[str]
    capacity_bytes: int  # 0: unknown.
    read_bytes: int  # Since the machine was started.
    written_bytes: int  # Since the machine was started.
    read_bytes_per_second: NotRequired[float]  # Over the last ten seconds.
    written_bytes_per_second: NotRequired[float]  # Over the last ten seconds.
    temperature_celsius: NotRequired[float]  # Now.
    health_percent: NotRequired[float]  # What is left of its life.
    passed: NotRequired[bool]  # Its own verdict on itself.
    life_written_bytes: NotRequired[int]  # In all its life.
    life_read_bytes: NotRequired[int]  # In all its life.
    unreadable_sectors: NotRequired[int]  # That it could not read.
    hours_on: NotRequired[int]  # In all.
    source: NotRequired[str]  # Who told of its wear: smartctl, nvme or sysfs.
    unknown_because: NotRequired[str]  # Why something is not known.


class DriveList(TypedDict):
    """File systems and drives."""

    time: str  # When they were looked at.
    drives: list["Drive"]
    places: list["DiskPlace"]


class HealthCopy(TypedDict):
    """A second copy."""

    vault: str  # Of which vault.
    name: str  # Its name.
    place: str  # Where it is.
    kind: str  # folder …
    is_whole: bool  # False: it never had everything, or nothing is known of it.
    is_same_disk: bool  # True: it dies with this disk.
    verify_ok: bool  # False: the last check found damage.
    lag_changes: int  # Changes that it does not have.
    lag_seconds: int  # Since when it has not had everything; 0: it has.
    bytes: int  # That it takes.
    synced: NotRequired[str]  # When the last round ended well.
    verified: NotRequired[str]  # When its structure was last checked.
    data_verified: NotRequired[str]  # When every byte was last read.


class HealthVault(TypedDict):
    """A vault."""

    name: str  # Its name.
    id: str  # Its id.
    takes_writes: bool  # False: a sync failed; it has to be opened again.
    files: int  # Stored.
    logical_bytes: int  # As a reader sees them.
    stored_bytes: int  # On disk: packs and journal.
    derived_bytes: int  # On disk: catalog and indexes.
    hot_bytes: int  # Of packs in this tier.
    warm_bytes: int  # In this.
    cold_bytes: int  # In this.
    last_stored: NotRequired[str]  # When something changed last.
    last_full_verify: NotRequired[str]  # When every byte was last read and checked.
    verify_ok: bool  # False: it found damage.
    kit: str  # Of the recovery kit.


class HealthLocation(TypedDict):
    """Where data lies: the home, or a copy."""

    name: str  # home, or VAULT: copy NAME.
    kind: str  # home, folder, s3.
    place: str  # A path, or where it is in the network.
    vault: NotRequired[str]  # Of a copy.
    used_bytes: NotRequired[int]  # That Atoll holds there, as far as you may see it.
    total_bytes: NotRequired[int]  # Of its file system; missing where it is not reachable, or has none.
    available_bytes: NotRequired[int]  # Free on it.
    grown_bytes_per_day: NotRequired[float]  # By so much it fills, or without a file system by so much more is held there; not known for three days.
    months: NotRequired[float]  # Until it is full; missing where it does not fill.


class HealthTier(TypedDict):
    """Packs of one tier, of all vaults."""

    name: str  # hot, warm, cold.
    used_bytes: int  # That it takes.
    grown_bytes_per_day: NotRequired[float]  # By so much; not known for three days.


class HealthRoom(TypedDict):
    """Of the file system of the home."""

    total_bytes: int  # Its size.
    available_bytes: int  # Free.
    used_percent: NotRequired[float]  # How full it is.
    grown_bytes_per_day: NotRequired[float]  # By so much it fills; not known for three days.
    months: NotRequired[float]  # Until it is full; missing where it does not fill.
    locations: list["HealthLocation"]  # The home first.
    tiers: list["HealthTier"]  # For who may see every vault.


class HealthSummary(TypedDict):
    """How the home is."""

    time: str  # When it was looked at.
    level: str  # unknown, good, ok (within limits, but near one), warning or critical.
    sentence: str  # The state in words.
    points: list["Alarm"]  # What is wrong, the worst first, each with what to do.
    files: int  # Stored.
    logical_bytes: int  # As a reader sees them.
    stored_bytes: int  # On disk.
    last_stored: NotRequired[str]  # When something changed last.
    last_full_verify: NotRequired[str]  # Since then every byte of every vault was read and checked; missing: never.
    verify_ok: bool  # False: damage was found.
    room: "HealthRoom"
    vaults: list["HealthVault"]
    copies: list["HealthCopy"]


class Monitor(TypedDict):
    """Figures over time."""

    step_seconds: int  # From one time to the next.
    times: list[int]
    series: dict[str, Any]  # A list for each figure; null: not known.
    now: dict[str, Any]  # Of the last ten seconds.


class RequestCounts(TypedDict):
    """Requests of one kind."""

    door: str  # rest, s3, webdav …
    route: str  # GET /api/v1/buckets …
    count: int  # Answered.
    p50_seconds: float  # Half of them took at most so long.
    p95_seconds: float  # 19 of 20.
    p99_seconds: float  # 99 of 100.
    sum_seconds: float  # All together.


class RequestList(TypedDict):
    """By kind."""

    requests: list["RequestCounts"]
