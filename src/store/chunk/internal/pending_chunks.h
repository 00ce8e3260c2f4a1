// Chunks that were added and are not in the index yet: gathered by a writer, or in a pack that is not synced.
// Always true: a chunk is in here from the moment add() takes it until the index knows it, so that no two writers store
// it twice. Any thread.
#pragma once

#include <array>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "foundation/base/ids.h"
#include "store/chunk/internal/location.h"

namespace atl::chunk {

class PendingChunks {
 public:
  struct Pending {
    std::optional<Location> location;  // none: still gathered by a writer
    std::uint32_t length = 0;
  };

  [[nodiscard]] std::optional<Pending> find(const ChunkId& id) const {
    const Part& part = part_of(id);
    const std::lock_guard lock(part.mutex);
    const auto found = part.chunks.find(id);
    if (found == part.chunks.end()) return std::nullopt;
    return found->second;
  }
  // Grows with every chunk that moves on to the index: whoever looked here, then in the index, then comes back to
  // take() looks again when it has changed.
  [[nodiscard]] std::uint64_t moves(const ChunkId& id) const {
    const Part& part = part_of(id);
    const std::lock_guard lock(part.mutex);
    return part.moves;
  }
  enum class Taken { yes, known, look_again };
  [[nodiscard]] Taken take(const ChunkId& id, std::uint32_t length, std::uint64_t moves_seen) {
    Part& part = part_of(id);
    const std::lock_guard lock(part.mutex);
    if (part.chunks.contains(id)) return Taken::known;
    if (part.moves != moves_seen) return Taken::look_again;
    part.chunks.emplace(id, Pending{std::nullopt, length});
    return Taken::yes;
  }
  void located(const ChunkId& id, const Location& location) {
    Part& part = part_of(id);
    const std::lock_guard lock(part.mutex);
    part.chunks[id] = {location, location.length};
  }
  void moved_on(const ChunkId& id) {
    Part& part = part_of(id);
    const std::lock_guard lock(part.mutex);
    part.chunks.erase(id);
    ++part.moves;
  }
  // Those that lie in a pack already.
  [[nodiscard]] std::vector<std::pair<ChunkId, Location>> list_located() const {
    std::vector<std::pair<ChunkId, Location>> located;
    for (const Part& part : parts_) {
      const std::lock_guard lock(part.mutex);
      for (const auto& [id, pending] : part.chunks) {
        if (pending.location) located.emplace_back(id, *pending.location);
      }
    }
    return located;
  }

 private:
  struct Part {
    mutable std::mutex mutex;
    std::unordered_map<ChunkId, Pending> chunks;
    std::uint64_t moves = 0;
  };
  static constexpr std::size_t kParts = 16;
  [[nodiscard]] const Part& part_of(const ChunkId& id) const { return parts_[id.bytes[31] % kParts]; }
  [[nodiscard]] Part& part_of(const ChunkId& id) { return parts_[id.bytes[31] % kParts]; }
  std::array<Part, kParts> parts_;
};

}  // namespace atl::chunk
