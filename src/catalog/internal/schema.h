// The tables of the catalog and every statement that is run on them.
//
// Always true:
//  - Buckets and versions have small numbers inside the catalog, given in the order in which they are met and never
//    given twice, so that keys stay short and entries lead to their versions by row id. Numbers are seen by nobody
//    outside and differ between two catalogs of one journal.
//  - entries.kind and entries.size are what the entry adds to its bucket's totals: kind 0 nothing (removed), kind 255
//    not known yet (the version had not been applied).
//  - `row` columns hold the journaled bytes.
//  - entries_live names the entries that are there, for lists of buckets where a great many were removed; statements
//    that are better off with the table say `+e.kind`, which no partial index fits.
//  - labels, version_sources and ended_versions hold exactly what the rows in `versions` say: most versions have no
//    label, no source and no end, and cost nothing there.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace atl::catalog {

inline constexpr std::int64_t kSchemaNumber = 4;  // another number: the catalog is made anew
inline constexpr std::int64_t kKindRemoved = 0;
inline constexpr std::int64_t kKindUnsettled = 255;

inline constexpr const char* kCreateTables = R"(
CREATE TABLE meta(one INTEGER PRIMARY KEY, schema INTEGER NOT NULL, vault BLOB NOT NULL, history BLOB NOT NULL,
  lsn INTEGER NOT NULL, commit_time INTEGER NOT NULL, synced INTEGER NOT NULL, next_version INTEGER NOT NULL,
  seals INTEGER NOT NULL, unsettled INTEGER NOT NULL);
CREATE TABLE buckets(number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, name BLOB, row BLOB);
CREATE INDEX buckets_by_name ON buckets(name) WHERE row IS NOT NULL;
CREATE TABLE entries(bucket INTEGER NOT NULL, key BLOB NOT NULL, version INTEGER NOT NULL, kind INTEGER NOT NULL,
  size INTEGER NOT NULL, row BLOB NOT NULL, PRIMARY KEY(bucket, key)) WITHOUT ROWID;
CREATE INDEX entries_live ON entries(bucket, key) WHERE kind <> 0;
CREATE TABLE versions(number INTEGER PRIMARY KEY, row BLOB NOT NULL);
CREATE TABLE version_numbers(id BLOB PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE others(tab INTEGER NOT NULL, key BLOB NOT NULL, row BLOB NOT NULL, PRIMARY KEY(tab, key)) WITHOUT ROWID;
CREATE TABLE labels(object BLOB NOT NULL, label BLOB NOT NULL, version BLOB NOT NULL,
  PRIMARY KEY(object, label, version)) WITHOUT ROWID;
CREATE TABLE version_sources(source BLOB NOT NULL, derived BLOB NOT NULL, PRIMARY KEY(source, derived)) WITHOUT ROWID;
CREATE TABLE ended_versions(object BLOB NOT NULL, begin INTEGER NOT NULL, number INTEGER NOT NULL, id BLOB NOT NULL,
  PRIMARY KEY(object, begin, number)) WITHOUT ROWID;
CREATE TABLE totals(bucket INTEGER PRIMARY KEY, counts BLOB NOT NULL);
CREATE TABLE row_counts(tab INTEGER PRIMARY KEY, count INTEGER NOT NULL);
)";

enum class Sql : std::uint8_t {
  begin,
  commit,
  roll_back,
  begin_read,
  read_meta,
  write_meta,
  bucket_number,
  bucket_add,
  bucket_put,
  bucket_read,
  bucket_by_id,
  bucket_by_name,
  buckets_by_name,
  buckets_by_id,
  entry_add,
  entry_counted,
  entry_update,
  entry_count_anew,
  entry_delete,
  entry_read,
  entry_current,
  entries_of_version,
  entry_waiting,
  entries_unsettled,
  entries_list,
  entries_list_live,
  entries_list_all,
  entries_rows,
  version_number,
  version_number_add,
  version_number_delete,
  version_add,
  version_put,
  version_delete,
  version_row,
  version_by_id,
  versions_of,
  versions_count,
  ended_add,
  ended_delete,
  ended_list,
  versions_rows,
  other_add,
  other_update,
  other_delete,
  other_read,
  others_rows,
  label_add,
  label_delete,
  label_read,
  labels_list,
  source_add,
  source_delete,
  sources_list,
  totals_put,
  totals_read,
  totals_all,
  totals_unsettled,
  row_count_put,
  row_count_read,
  row_counts,
  count_
};
inline constexpr std::size_t kSqlCount = static_cast<std::size_t>(Sql::count_);

// In the order of Sql.
inline constexpr std::array<const char*, kSqlCount> kSql = {
    "BEGIN IMMEDIATE",
    "COMMIT",
    "ROLLBACK",
    "BEGIN",
    "SELECT schema, vault, history, lsn, commit_time, synced, next_version, seals, unsettled FROM meta WHERE one = 1",
    "UPDATE meta SET lsn = ?1, commit_time = ?2, synced = ?3, next_version = ?4, seals = ?5, unsettled = ?6 WHERE one "
    "= 1",
    "SELECT number FROM buckets WHERE id = ?1",
    "INSERT INTO buckets(id) VALUES(?1) RETURNING number",
    "UPDATE buckets SET name = ?2, row = ?3 WHERE number = ?1",
    "SELECT row FROM buckets WHERE number = ?1",
    "SELECT row FROM buckets WHERE id = ?1 AND row IS NOT NULL",
    "SELECT id, row FROM buckets WHERE name = ?1 AND row IS NOT NULL",
    "SELECT id, row FROM buckets WHERE row IS NOT NULL ORDER BY name, id",
    "SELECT id, number, row FROM buckets ORDER BY id",
    "INSERT OR IGNORE INTO entries(bucket, key, version, kind, size, row) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
    "SELECT kind, size FROM entries WHERE bucket = ?1 AND key = ?2",
    "UPDATE entries SET version = ?3, kind = ?4, size = ?5, row = ?6 WHERE bucket = ?1 AND key = ?2",
    "UPDATE entries SET kind = ?3, size = ?4 WHERE bucket = ?1 AND key = ?2",
    "DELETE FROM entries WHERE bucket = ?1 AND key = ?2",
    "SELECT row FROM entries WHERE bucket = ?1 AND key = ?2",
    "SELECT e.row, v.row FROM entries e LEFT JOIN versions v ON v.number = e.version WHERE e.bucket = ?1 AND e.key = "
    "?2",
    "SELECT bucket, key, kind FROM entries WHERE version = ?1",
    "SELECT version, kind FROM entries WHERE bucket = ?1 AND key = ?2",
    "SELECT e.bucket, e.key, v.row FROM entries e LEFT JOIN versions v ON v.number = e.version"
    " WHERE (e.bucket, e.key) > (?1, ?2) AND e.kind = 255 ORDER BY e.bucket, e.key LIMIT ?3",
    "SELECT e.key, e.row, v.row FROM entries e LEFT JOIN versions v ON v.number = e.version"
    " WHERE e.bucket = ?1 AND e.key >= ?2 AND +e.kind <> 0 ORDER BY e.key",
    "SELECT e.key, e.row, v.row FROM entries e INDEXED BY entries_live LEFT JOIN versions v ON v.number = e.version"
    " WHERE e.bucket = ?1 AND e.key >= ?2 AND e.kind <> 0 ORDER BY e.key",
    "SELECT e.key, e.row, v.row FROM entries e LEFT JOIN versions v ON v.number = e.version"
    " WHERE e.bucket = ?1 AND e.key >= ?2 ORDER BY e.key",
    "SELECT key, row FROM entries WHERE bucket = ?1 AND key > ?2 ORDER BY key LIMIT ?3",
    "SELECT number FROM version_numbers WHERE id = ?1",
    "INSERT OR IGNORE INTO version_numbers(id, number) VALUES(?1, ?2)",
    "DELETE FROM version_numbers WHERE id = ?1",
    "INSERT INTO versions(number, row) VALUES(?1, ?2)",
    "INSERT OR REPLACE INTO versions(number, row) VALUES(?1, ?2)",
    "DELETE FROM versions WHERE number = ?1",
    "SELECT row FROM versions WHERE number = ?1",
    "SELECT v.row FROM version_numbers n CROSS JOIN versions v ON v.number = n.number WHERE n.id = ?1",
    "SELECT n.id, v.row FROM version_numbers n CROSS JOIN versions v ON v.number = n.number"
    " WHERE n.id >= ?1 AND n.id <= ?2 ORDER BY n.id DESC",
    "SELECT COUNT(*) FROM version_numbers WHERE id >= ?1 AND id <= ?2",
    "INSERT OR IGNORE INTO ended_versions(object, begin, number, id) VALUES(?1, ?2, ?3, ?4)",
    "DELETE FROM ended_versions WHERE object = ?1 AND begin = ?2 AND number = ?3",
    "SELECT e.id, v.row FROM ended_versions e CROSS JOIN versions v ON v.number = e.number"
    " WHERE e.object = ?1 AND e.begin <= ?2 ORDER BY e.begin DESC, e.number DESC LIMIT ?3",
    "SELECT n.id, v.row FROM version_numbers n CROSS JOIN versions v ON v.number = n.number"
    " WHERE n.id > ?1 ORDER BY n.id LIMIT ?2",
    "INSERT OR IGNORE INTO others(tab, key, row) VALUES(?1, ?2, ?3)",
    "UPDATE others SET row = ?3 WHERE tab = ?1 AND key = ?2",
    "DELETE FROM others WHERE tab = ?1 AND key = ?2",
    "SELECT row FROM others WHERE tab = ?1 AND key = ?2",
    "SELECT key, row FROM others WHERE tab = ?1 AND key >= ?2 ORDER BY key LIMIT ?3",
    "INSERT OR IGNORE INTO labels(object, label, version) VALUES(?1, ?2, ?3)",
    "DELETE FROM labels WHERE object = ?1 AND label = ?2 AND version = ?3",
    "SELECT version FROM labels WHERE object = ?1 AND label = ?2 LIMIT 1",
    "SELECT label, version FROM labels WHERE object = ?1 AND label > ?2 ORDER BY label, version LIMIT ?3",
    "INSERT OR IGNORE INTO version_sources(source, derived) VALUES(?1, ?2)",
    "DELETE FROM version_sources WHERE source = ?1 AND derived = ?2",
    "SELECT derived FROM version_sources WHERE source = ?1 AND derived > ?2 ORDER BY derived LIMIT ?3",
    "INSERT OR REPLACE INTO totals(bucket, counts) VALUES(?1, ?2)",
    "SELECT counts FROM totals WHERE bucket = ?1",
    "SELECT counts FROM totals",
    "SELECT e.bucket, v.row FROM entries e CROSS JOIN versions v ON v.number = e.version WHERE e.kind = 255",
    "INSERT OR REPLACE INTO row_counts(tab, count) VALUES(?1, ?2)",
    "SELECT count FROM row_counts WHERE tab = ?1",
    "SELECT tab FROM row_counts WHERE count > 0 ORDER BY tab",
};

}  // namespace atl::catalog
