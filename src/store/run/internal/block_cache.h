// Opened blocks and filter pages of all runs of a set, evicted by CLOCK (Corbato, 1968: an approximation of LRU that
// writes one bit per hit).
// Always true: never more than the given bytes; only authenticated plaintext of exactly kBlockPlain bytes goes in.
// Thread rules: any thread; shards with a lock each, held for one copy of 4 KiB.
#pragma once

#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "foundation/base/bytes.h"
#include "store/run/internal/format.h"

namespace atl::run::internal {

class BlockCache {
 public:
  explicit BlockCache(std::size_t bytes_max);
  // Copies the block to `out` (kBlockPlain bytes) and says so, or false.
  [[nodiscard]] bool get(std::uint64_t run, Lane lane, std::uint64_t ordinal, std::uint8_t* out);
  void put(std::uint64_t run, Lane lane, std::uint64_t ordinal, const std::uint8_t* plain);
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Key {
    std::uint64_t run = 0;
    std::uint64_t place = 0;  // ordinal * 4 + lane
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const noexcept { return mix(key); }
  };
  struct Frame {
    Key key;
    bool touched = false;
    Buffer plain;
  };
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    // Guarded by mutex.
    std::unordered_map<Key, std::size_t, KeyHash> where;
    std::vector<Frame> frames;
    std::size_t hand = 0;
  };
  [[nodiscard]] static std::uint64_t mix(const Key& key);
  [[nodiscard]] Shard& shard_of(const Key& key) { return shards_[(mix(key) >> 56) % shards_.size()]; }

  std::size_t frames_per_shard_ = 0;
  std::vector<Shard> shards_;
};

}  // namespace atl::run::internal
