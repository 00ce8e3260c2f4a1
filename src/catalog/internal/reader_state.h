// What a CatalogReader holds: a connection of its own, opened at first use, or the writer's.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "catalog/catalog.h"
#include "catalog/internal/applier.h"
#include "catalog/internal/connection.h"

namespace atl::catalog {

struct CatalogReader::State {
  // A reader of its own.
  SealedVfs* vfs = nullptr;
  std::size_t cache_bytes = 0;
  std::unique_ptr<Connection> own;
  // The writer's: set by the Catalog; flush() before LSN, totals and counts are read.
  Connection* shared = nullptr;
  std::function<Result<void>()> flush;

  std::unordered_map<BucketId, std::int64_t> bucket_numbers;  // of buckets that are committed: they never change

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

}  // namespace atl::catalog
