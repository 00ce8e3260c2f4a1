// The rows that say how long and where things are kept: policies, snapshots, erasures, copies, schedules, domains.
//
// Always true: as for every row (catalog/rows.h): decode(encode(row)) == row, fields of newer programs stay in
// `unknown` and are written back. All of them stand in the default domain. Few in number (erasures apart), read whole.
// Declared with numbers in spec/formats/rows.proto.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "catalog/rows.h"
#include "store/journal/row_change.h"

namespace atl::catalog {

// How long old versions of a bucket's objects stay, and for how long the vault can go back to any moment.
struct PolicyRow {  // key: bucket id; all zero: for buckets without one of their own
  BucketId bucket;
  // An ended version stays if any of these keeps it. Spans count back from now to the moment the version ended.
  std::uint32_t keep_last = 0;            // so many ended versions of each object, whatever their age
  std::uint64_t keep_within_seconds = 0;  // every one
  std::uint64_t keep_hourly_seconds = 0;  // of each hour the last one
  std::uint64_t keep_daily_seconds = 0;
  std::uint64_t keep_weekly_seconds = 0;  // ISO weeks, UTC; so the others
  std::uint64_t keep_monthly_seconds = 0;
  std::uint64_t keep_yearly_seconds = 0;
  bool keeps_all = false;  // for ever; the rest does not count
  // Nothing younger may be removed for good, by anybody. 0: no such rule.
  std::uint64_t retention_seconds = 0;
  // For the whole vault, read from the row of the zero bucket only.
  std::uint64_t horizon_seconds = 0;  // the journal reaches back so far
  std::uint64_t audit_seconds = 0;    // who did what, without content
  // "cold if age>180d", in the filter language: the first that matches an object decides its tier.
  std::vector<std::string> tier_rules;
  // Names given to new versions: "" none, "semantic", "timestamp" or "hash".
  std::string labels;
  // For the whole vault, too: in so long without reads the count of an object's accesses halves. 0: 7 days.
  std::uint64_t half_life_seconds = 0;
  Bytes unknown;
  friend bool operator==(const PolicyRow&, const PolicyRow&) = default;
};

// A frozen state of a bucket or of what lies under a prefix: everything that was current at `lsn`.
struct SnapshotRow {  // key: name
  std::string name;
  BucketId bucket;
  std::string prefix;
  Lsn lsn;
  Timestamp time;  // of that state
  Timestamp created;
  std::string actor;
  std::string description;
  bool is_held = false;  // no rule and no command removes it until it is released
  std::string hold_reason;
  std::uint64_t objects = 0;  // counted when it was made
  std::uint64_t bytes = 0;
  Bytes unknown;
  friend bool operator==(const SnapshotRow&, const SnapshotRow&) = default;
};

// A version that was removed for good: no earlier state gives it back, and its content frees its room.
struct ErasureRow {  // key: object id, version id
  ObjectId object;
  VersionId version;
  BucketId bucket;
  Lsn lsn;
  Timestamp time;
  std::string actor;
  std::string reason;
  std::uint64_t bytes = 0;
  // When the version was current, so that a look back can say what is missing.
  Lsn begin;
  Timestamp begin_time;
  Lsn end;  // 0: it was current until it was erased
  Timestamp end_time;
  Bytes unknown;
  friend bool operator==(const ErasureRow&, const ErasureRow&) = default;
};

// A second set of the truth somewhere else.
struct CopyRow {  // key: name
  std::string name;
  std::string kind;   // "folder"
  std::string place;  // of a folder: its path
  Timestamp created;
  std::uint64_t bytes_per_second_max = 0;  // 0: as fast as it goes
  Bytes unknown;
  friend bool operator==(const CopyRow&, const CopyRow&) = default;
};

// A command of this program that is run by the clock.
struct ScheduleRow {  // key: name
  std::string name;
  std::vector<std::string> words;  // "verify", "--sample", "5%"
  std::string rule;                // "daily 03:00", "weekly sun 03:00", "monthly 1 03:00", "every 15m"
  std::vector<std::string> news;   // "mail:me@example.org", "webhook:https://…", "command:/path": told of failures
  bool tells_success = false;
  Timestamp created;
  std::string actor;
  Bytes unknown;
  friend bool operator==(const ScheduleRow&, const ScheduleRow&) = default;
};

// A key domain beyond the default one, and what became of it.
struct DomainRow {  // key: number, 8 bytes, big-endian
  DomainNumber number;
  std::string bucket_name;  // that it was made for
  Timestamp created;
  Timestamp destroying;  // 0: alive
  Timestamp destroyed;
  std::string actor;  // who destroyed it
  std::string reason;
  std::uint64_t objects = 0;  // that went with it
  std::uint64_t bytes = 0;
  std::vector<std::string> unconfirmed;  // copies whose keyring was not reached yet
  Bytes unknown;
  friend bool operator==(const DomainRow&, const DomainRow&) = default;
};

[[nodiscard]] Bytes key_of(const PolicyRow& row);
[[nodiscard]] Bytes key_of(const SnapshotRow& row);
[[nodiscard]] Bytes key_of(const ErasureRow& row);
[[nodiscard]] Bytes key_of(const CopyRow& row);
[[nodiscard]] Bytes key_of(const ScheduleRow& row);
[[nodiscard]] Bytes key_of(const DomainRow& row);
[[nodiscard]] Bytes encode(const PolicyRow& row);
[[nodiscard]] Bytes encode(const SnapshotRow& row);
[[nodiscard]] Bytes encode(const ErasureRow& row);
[[nodiscard]] Bytes encode(const CopyRow& row);
[[nodiscard]] Bytes encode(const ScheduleRow& row);
[[nodiscard]] Bytes encode(const DomainRow& row);
// Replaces `out`. `damaged` where a key or field cannot be.
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, PolicyRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, SnapshotRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, ErasureRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, CopyRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, ScheduleRow& out);
[[nodiscard]] Result<void> decode(ByteView key, ByteView row, DomainRow& out);

// The table that a kind of row stands in: kTableOf<SnapshotRow>.
template <class Row>
inline constexpr journal::TableNumber kTableOf = journal::TableNumber{};
template <>
inline constexpr journal::TableNumber kTableOf<PolicyRow> = journal::TableNumber::policies;
template <>
inline constexpr journal::TableNumber kTableOf<SnapshotRow> = journal::TableNumber::snapshots;
template <>
inline constexpr journal::TableNumber kTableOf<ErasureRow> = journal::TableNumber::erasures;
template <>
inline constexpr journal::TableNumber kTableOf<CopyRow> = journal::TableNumber::copies;
template <>
inline constexpr journal::TableNumber kTableOf<ScheduleRow> = journal::TableNumber::schedules;
template <>
inline constexpr journal::TableNumber kTableOf<DomainRow> = journal::TableNumber::domains;

}  // namespace atl::catalog
