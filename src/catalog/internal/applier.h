// Journaled row changes as SQL: keeps names, numbers, totals and row counts in step.
//
// Always true:
//  - What is in the tables depends on the rows applied alone; caches here only save look-ups, and are dropped where a
//    transaction is rolled back.
//  - Totals are exact: each entry holds what it added, and takes that away when it goes or changes.
// Runs inside a transaction of its connection. Thread rules: one thread.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include "catalog/catalog.h"
#include "catalog/internal/connection.h"
#include "catalog/internal/row_views.h"
#include "store/journal/row_change.h"

namespace atl::catalog {

struct Meta {
  std::int64_t schema = 0;
  Bytes vault;
  Bytes history;
  Lsn lsn;
  Timestamp commit_time;
  Lsn synced;
  std::int64_t next_version = 1;
  std::uint64_t seals = 0;
  std::int64_t unsettled = 0;  // entries of kind kKindUnsettled
};
[[nodiscard]] Result<Meta> read_meta(Connection& connection);

inline constexpr std::size_t kTotalsBytes = 9 * 8;  // objects by kind 1 to 8, then logical bytes: u64 each
[[nodiscard]] std::array<std::uint8_t, kTotalsBytes> encode_totals(const Totals& totals);
[[nodiscard]] Result<Totals> decode_totals(ByteView encoded);
void add_to(Totals& sum, const Totals& more);

class Applier {
 public:
  explicit Applier(Connection& connection) : connection_(&connection) {}
  // After opening, and after a roll-back: what the tables say counts.
  void begin(std::int64_t next_version, std::int64_t unsettled);
  [[nodiscard]] Result<void> apply(const journal::RowChange& change);
  // Totals and counts into their tables: before a commit, and before somebody reads them inside a group.
  [[nodiscard]] Result<void> flush();
  // Counts up to `limit` unsettled entries after `from` (bucket number, key); false when none was left behind it.
  [[nodiscard]] Result<bool> settle(std::pair<std::int64_t, Bytes>& from, std::int64_t limit);
  [[nodiscard]] std::int64_t next_version() const { return next_version_; }
  [[nodiscard]] std::int64_t unsettled() const { return unsettled_; }

 private:
  struct Counted {  // entries.kind and .size
    std::int64_t kind = kKindRemoved;
    std::uint64_t size = 0;
  };
  struct VersionIdHash {
    std::size_t operator()(const std::array<std::uint8_t, kVersionKeyBytes>& id) const noexcept {
      return load_le<std::uint64_t>(id.data() + 24) ^ (load_le<std::uint64_t>(id.data() + 8) * 0x9E3779B97F4A7C15ULL);
    }
  };
  using VersionKey = std::array<std::uint8_t, kVersionKeyBytes>;
  struct KnownVersion {
    std::int64_t number = 0;
    Counted counted;  // of an entry that leads to it and is not removed; unsettled where the row is not there yet
    bool is_indexed = false;  // its row stands in labels, version_sources or ended_versions
  };

  [[nodiscard]] Result<void> put_bucket(ByteView key, ByteView row);
  [[nodiscard]] Result<void> delete_bucket(ByteView key);
  [[nodiscard]] Result<void> put_entry(ByteView key, ByteView row);
  [[nodiscard]] Result<void> delete_entry(ByteView key);
  [[nodiscard]] Result<void> put_version(ByteView key, ByteView row);
  [[nodiscard]] Result<void> delete_version(ByteView key);
  [[nodiscard]] Result<void> put_other(journal::TableNumber table, ByteView key, ByteView row);
  [[nodiscard]] Result<void> delete_other(journal::TableNumber table, ByteView key);

  // 0 where there is none and none is to be made.
  [[nodiscard]] Result<std::int64_t> bucket_number(ByteView id, bool makes);
  [[nodiscard]] Result<KnownVersion> known_version(const VersionKey& id);
  // Moves what labels, version_sources and ended_versions say of a version from one row to another; either may be none.
  [[nodiscard]] Result<void> index_version(const VersionKey& id, std::int64_t number, const VersionView& before,
                                           const VersionView& now);
  [[nodiscard]] Result<Bytes> version_row(std::int64_t number);
  void remember(const VersionKey& id, const KnownVersion& known);
  [[nodiscard]] Result<void> count_anew(std::int64_t bucket, ByteView key, const Counted& before, const Counted& now);
  [[nodiscard]] Result<void> count(std::int64_t bucket, const Counted& counted, bool adds);
  [[nodiscard]] Result<Totals*> totals(std::int64_t bucket);
  [[nodiscard]] Result<void> count_rows(journal::TableNumber table, std::int64_t change);

  Connection* connection_;
  std::int64_t next_version_ = 1;
  std::int64_t unsettled_ = 0;
  std::unordered_map<BucketId, std::int64_t> bucket_numbers_;
  std::unordered_map<VersionKey, KnownVersion, VersionIdHash> known_;
  std::unordered_map<std::int64_t, std::pair<std::int64_t, Bytes>> waiting_;  // version number -> entry put before it
  std::map<std::int64_t, Totals> totals_;                                     // changed or read since begin()
  std::map<std::uint32_t, std::int64_t> row_counts_;
  bool is_flushed_ = true;
};

}  // namespace atl::catalog
