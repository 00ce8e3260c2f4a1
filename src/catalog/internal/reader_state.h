// What a CatalogReader holds: a connection of its own, opened at first use, or the writer's.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/internal/applier.h"
#include "catalog/internal/connection.h"
#include "catalog/internal/current_cache.h"

namespace atl::catalog {

class ReaderPool;

struct CatalogReader::State {
  // A reader of its own.
  SealedVfs* vfs = nullptr;
  std::size_t cache_bytes = 0;
  std::unique_ptr<Connection> own;
  // The writer's: set by the Catalog; flush() before LSN, totals and counts are read.
  Connection* shared = nullptr;
  std::weak_ptr<ReaderPool> pool;
  std::function<Result<void>()> flush;

  std::unordered_map<BucketId, std::int64_t> bucket_numbers;  // of buckets that are committed: they never change

  // Almost every request asks for its bucket, which hardly ever changes: what was read stays known until a group is
  // committed that changes any bucket or its settings. Null where somebody else may write: then all is asked each time.
  std::shared_ptr<const std::atomic<std::uint64_t>> bucket_changes;
  struct KnownBuckets {
    std::uint64_t as_of = 0;  // of bucket_changes
    std::map<std::string, BucketRow, std::less<>> rows;
    std::map<Bytes, std::optional<Bytes>> settings;  // by their keys
  };
  static constexpr std::size_t kKnownBucketsMax = 64;
  KnownBuckets known_buckets;
  std::shared_ptr<CurrentCache> current_cache;  // null: as for bucket_changes, and of the writer's own reader
  const bool* group_changes_buckets = nullptr;  // of the writer's own reader
  // None where nothing may be remembered: a snapshot shows its own state, and a group that changes buckets may be
  // rolled back. To be asked for before reading: what is changed while it is read then counts as changed afterwards.
  [[nodiscard]] KnownBuckets* known(const Connection& connection) {
    if (!bucket_changes) return nullptr;
    if (shared != nullptr ? *group_changes_buckets : connection.may_show_the_past()) return nullptr;
    const std::uint64_t changes = bucket_changes->load(std::memory_order_acquire);
    const bool is_full = known_buckets.rows.size() + known_buckets.settings.size() >= 2 * kKnownBucketsMax;
    if (known_buckets.as_of != changes || is_full) known_buckets = {changes, {}, {}};
    return &known_buckets;
  }

  [[nodiscard]] Result<Connection*> connection() {
    if (shared != nullptr) return shared;
    if (own == nullptr) {
      ATOLL_ASSIGN(own, Connection::open(*vfs, false, cache_bytes));
    }
    return own.get();
  }
  [[nodiscard]] Result<void> flush_pending() { return flush ? flush() : Result<void>{}; }
  // None: nothing was ever put into that bucket.
  [[nodiscard]] Result<std::optional<std::int64_t>> bucket_number(Connection& connection, const BucketId& bucket);
  // The row of an entry's version where the entry's number does not lead to it.
  [[nodiscard]] Result<Bytes> version_row_by_id(Connection& connection, const ObjectId& object,
                                                const VersionId& version);
};

// Readers that nobody uses just now, with their open connections, pages and prepared statements: opening one costs as
// much as dozens of point reads. Thread rules: any thread.
class ReaderPool {
 public:
  using Reading = CatalogReader::State;
  [[nodiscard]] std::unique_ptr<Reading> take();  // null: none is idle
  void give_back(std::unique_ptr<Reading> state);
  void close();  // what is idle goes now, what comes back later at once

 private:
  static constexpr std::size_t kIdleMax = 64;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Reading>> idle_;  // guarded by mutex_
  bool is_closed_ = false;                      // guarded by mutex_
};

}  // namespace atl::catalog
