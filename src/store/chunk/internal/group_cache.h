// Opened groups, kept by how lately they were used, so that reading a file chunk by chunk opens each group once.
// Always true: a group that one thread is opening is waited for by the others, not opened twice; the bytes kept stay
// within the limit, except that each of the four parts keeps at least one group. Any thread.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "foundation/base/ids.h"
#include "store/chunk/internal/group.h"

namespace atl::chunk {

class GroupCache {
 public:
  struct Key {
    PackId pack;
    std::uint32_t offset = 0;
    friend bool operator==(const Key&, const Key&) = default;
  };
  using GroupPointer = std::shared_ptr<const OpenedGroup>;
  using Loader = std::function<Result<OpenedGroup>()>;

  GroupCache(std::size_t bytes_max, BufferPool& pool) : part_bytes_max_(bytes_max / kParts), pool_(pool) {}
  // `was_hit` tells whether `load` was spared.
  [[nodiscard]] Result<GroupPointer> get(const Key& key, const Loader& load, bool& was_hit);
  void forget(const PackId& pack);

 private:
  static constexpr std::size_t kParts = 4;
  struct Hash {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<PackId>{}(key.pack) ^ (std::size_t{key.offset} * 0x9E3779B97F4A7C15ULL);
    }
  };
  struct Entry {
    GroupPointer group;  // null while it is being opened
    std::list<Key>::iterator place;
  };
  struct Part {
    std::mutex mutex;
    std::condition_variable changed;
    std::unordered_map<Key, Entry, Hash> entries;
    std::list<Key> order;  // latest first; loaded ones only
    std::size_t bytes = 0;
    std::uint64_t generation = 0;  // raised by forget()
  };
  void evict(Part& part, std::size_t keep_bytes);

  std::size_t part_bytes_max_;
  BufferPool& pool_;
  std::array<Part, kParts> parts_;
};

}  // namespace atl::chunk
