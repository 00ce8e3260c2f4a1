// See block_cache.h.
#include "store/run/internal/block_cache.h"

#include <algorithm>
#include <cstring>

#include "store/run/internal/filter.h"

namespace atl::run::internal {
namespace {
constexpr std::size_t kFrameBytes = kBlockPlain + 136;  // the block, its frame and its map node
constexpr std::size_t kShardsMax = 16;
}  // namespace

BlockCache::BlockCache(std::size_t bytes_max)
    : shards_(std::clamp<std::size_t>(bytes_max / kFrameBytes / 8, 1, kShardsMax)) {
  frames_per_shard_ = bytes_max / kFrameBytes / shards_.size();
}

std::uint64_t BlockCache::mix(const Key& key) { return fold(key.run ^ kFold1, key.place ^ kFold2); }

bool BlockCache::get(std::uint64_t run, Lane lane, std::uint64_t ordinal, std::uint8_t* out) {
  if (frames_per_shard_ == 0) return false;
  const Key key{run, ordinal * 4 + static_cast<std::uint64_t>(lane)};
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.where.find(key);
  if (found == shard.where.end()) return false;
  Frame& frame = shard.frames[found->second];
  frame.touched = true;
  std::memcpy(out, frame.plain.data(), kBlockPlain);
  return true;
}

void BlockCache::put(std::uint64_t run, Lane lane, std::uint64_t ordinal, const std::uint8_t* plain) {
  if (frames_per_shard_ == 0) return;
  const Key key{run, ordinal * 4 + static_cast<std::uint64_t>(lane)};
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  if (shard.where.contains(key)) return;  // another reader was quicker
  std::size_t at = 0;
  if (shard.frames.size() < frames_per_shard_) {
    at = shard.frames.size();
    shard.frames.push_back({key, false, Buffer(kBlockPlain)});
  } else {
    while (shard.frames[shard.hand].touched) {
      shard.frames[shard.hand].touched = false;
      shard.hand = (shard.hand + 1) % shard.frames.size();
    }
    at = shard.hand;
    shard.hand = (shard.hand + 1) % shard.frames.size();
    shard.where.erase(shard.frames[at].key);
    shard.frames[at].key = key;
  }
  std::memcpy(shard.frames[at].plain.data(), plain, kBlockPlain);
  shard.where.emplace(key, at);
}

std::size_t BlockCache::bytes() const {
  std::size_t frames = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    frames += shard.frames.size();
  }
  return frames * kFrameBytes;
}

}  // namespace atl::run::internal
