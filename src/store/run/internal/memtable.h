// The entries not yet in a file: 16 hash tables over arenas, sorted only when they are written out.
// Always true: one entry per key, the newest; bytes() counts all memory taken, tables and unused ends of arenas
// included. Complexity: put and find O(1); sorted() O(n log n) with 16 bytes per entry on top. Thread rules: any thread
// may do anything; each table has a lock of its own, held for one lookup. sorted() gives views into the arenas: they
// hold until the next put into the same table, so it is for frozen tables; copy_sorted() is for live ones.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "foundation/base/bytes.h"
#include "store/run/internal/entry.h"

namespace atl::run::internal {

class Memtable {
 public:
  Memtable();
  void put(std::uint64_t hash, ByteView key, ByteView value, bool removed);
  [[nodiscard]] Found find(std::uint64_t hash, ByteView key, ValueTarget& target) const;
  [[nodiscard]] std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::size_t entries() const { return entries_.load(std::memory_order_relaxed); }

  // All entries by key. `summary` is filled where given.
  [[nodiscard]] std::unique_ptr<EntrySource> sorted(Summary* summary) const;
  // A private copy of the entries with key >= from, by key.
  [[nodiscard]] std::unique_ptr<EntrySource> copy_sorted(ByteView from) const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Slot {
    std::uint32_t tag = 0;  // lower half of the hash
    std::uint32_t ref = 0;  // chunk number + 1 in the upper half, offset in the lower; 0 = free
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    // Guarded by mutex.
    std::vector<Slot> slots;
    std::size_t used = 0;
    std::vector<Buffer> chunks;
    std::size_t chunk_used = 0;  // of the last chunk

    [[nodiscard]] const std::uint8_t* at(std::uint32_t ref) const {
      return chunks[(ref >> 16) - 1].data() + (ref & 0xFFFFU);
    }
    [[nodiscard]] std::uint8_t* at(std::uint32_t ref) { return chunks[(ref >> 16) - 1].data() + (ref & 0xFFFFU); }
    [[nodiscard]] std::size_t slot_of(std::uint32_t tag, ByteView key) const;  // its own or the free one to take
  };
  std::uint32_t append(Shard& shard, ByteView key, ByteView value, bool removed);
  void grow(Shard& shard);

  std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> bytes_ = 0;
  std::atomic<std::size_t> entries_ = 0;
};

}  // namespace atl::run::internal
