// A catalog as a few maps, to compare the real one with after any sequence of changes; and rows from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "catalog/catalog.h"
#include "foundation/platform/testing/test_machine.h"

namespace atl::catalog {

// Every table's rows as journaled, and what follows from them.
class CatalogModel {
 public:
  void apply(std::span<const journal::RowChange> changes);
  [[nodiscard]] const std::map<std::pair<journal::TableNumber, Bytes>, Bytes>& rows() const { return rows_; }
  [[nodiscard]] Totals totals(std::optional<BucketId> bucket = std::nullopt) const;
  // Keys with a live object under `prefix` after `after`.
  [[nodiscard]] std::vector<std::string> keys(BucketId bucket, std::string_view prefix, std::string_view after,
                                              bool include_deleted) const;
  // The whole list as a service would page it: items and common prefixes in one order.
  [[nodiscard]] std::vector<std::string> names(const ListQuery& query) const;
  friend bool operator==(const CatalogModel&, const CatalogModel&) = default;

 private:
  std::map<std::pair<journal::TableNumber, Bytes>, Bytes> rows_;
};

// The rows a reader gives, table by table.
[[nodiscard]] Result<std::map<std::pair<journal::TableNumber, Bytes>, Bytes>> all_rows(CatalogReader& reader);

// Commands as a vault makes them: entries with versions, overwrites, removals, returns, other tables.
class CommandMaker {
 public:
  explicit CommandMaker(std::uint64_t seed, std::size_t names = 40);
  [[nodiscard]] std::vector<journal::RowChange> next();
  [[nodiscard]] const std::vector<BucketId>& buckets() const { return buckets_; }
  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

 private:
  struct Object {
    EntryRow entry;
    VersionRow version;
  };
  template <class Id>
  Id new_id();
  VersionRow new_version(BucketId bucket);

  platform::SeededRandom random_;
  std::uint64_t ids_ = 0;
  std::vector<BucketId> buckets_;
  std::vector<std::string> names_;
  bool has_buckets_ = false;
  std::map<std::pair<BucketId, std::string>, Object> objects_;
  std::uint64_t lsn_ = 0;
};

// Commands and the states that they lead to.
struct History {
  std::vector<std::vector<journal::RowChange>> commands;  // of LSN i + 1
  std::vector<CatalogModel> states;                       // after LSN i
};
[[nodiscard]] History history_of(std::uint64_t seed, std::size_t count, std::size_t names);

}  // namespace atl::catalog
