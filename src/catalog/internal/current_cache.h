// Rows of objects that were asked for lately by their names: what a store is asked most often, shared by all readers.
//
// Always true: what find() gives is what the database says to whoever begins to read now. Each entry notes the
// generations of two slots (of its name's hash and of its object's), which a commit raises for every row it changed,
// after the database has it and before anybody is answered. What was read while a commit was under way is not kept:
// it may be older than the generations that would be noted with it.
// Thread rules: find(), begin_read() and keep() from any thread; the others from the one that commits.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"

namespace atl::catalog {

class CurrentCache {
 public:
  // `entry_key`: as the row of the entry has it.
  [[nodiscard]] std::optional<Listed> find(ByteView entry_key);
  // Before the database is read, for keep() afterwards.
  struct Read {
    std::uint64_t epoch = 0;
    std::uint64_t entry_generation = 0;
  };
  [[nodiscard]] Read begin_read(ByteView entry_key) const;
  void keep(const Read& read, ByteView entry_key, const Listed& listed);

  // A group: what it changes; then begin_commit(), the commit of the database, and end_commit(), whether it succeeded
  // or not.
  void note(const journal::RowChange& change);
  void begin_commit() { ++epoch_; }
  void end_commit();
  void forget_group() { changed_.clear(); }

 private:
  static constexpr std::size_t kSlots = 16 * 1024;
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kRowsPerShard = 512;
  static constexpr std::size_t kRowBytesMax = 2048;  // about: longer ones are not kept

  struct Row {
    Listed listed;
    std::uint64_t entry_generation = 0;
    std::uint64_t object_generation = 0;
  };
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::string, Row> rows;  // guarded by mutex
  };
  [[nodiscard]] static std::size_t hash(ByteView bytes) { return std::hash<std::string_view>{}(as_text(bytes)); }
  [[nodiscard]] const std::atomic<std::uint64_t>& generation(std::size_t hash) const { return slots_[hash % kSlots]; }
  [[nodiscard]] Shard& shard(std::size_t hash) { return shards_[(hash / kSlots) % kShards]; }

  // Odd while a commit is under way.
  std::atomic<std::uint64_t> epoch_ = 0;
  std::vector<std::atomic<std::uint64_t>> slots_ = std::vector<std::atomic<std::uint64_t>>(kSlots);
  std::array<Shard, kShards> shards_;
  std::vector<std::uint32_t> changed_;  // slots, of the group under way
};

}  // namespace atl::catalog
