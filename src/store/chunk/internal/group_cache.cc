#include "store/chunk/internal/group_cache.h"

namespace atl::chunk {
namespace {

std::size_t memory_of(const OpenedGroup& group) {
  return group.bytes.capacity() + group.directory.size() * sizeof(DirectoryEntry);
}

}  // namespace

Result<GroupCache::GroupPointer> GroupCache::get(const Key& key, const Loader& load, bool& was_hit) {
  Part& part = parts_[(Hash{}(key) >> 7U) % kParts];
  std::unique_lock lock(part.mutex);
  for (;;) {
    const auto found = part.entries.find(key);
    if (found == part.entries.end()) break;
    if (found->second.group) {
      part.order.splice(part.order.begin(), part.order, found->second.place);
      was_hit = true;
      return found->second.group;
    }
    part.changed.wait(lock);  // then it is there, or its opening failed and we try ourselves
  }
  was_hit = false;
  part.entries.emplace(key, Entry{nullptr, part.order.end()});
  const std::uint64_t generation = part.generation;
  lock.unlock();
  auto loaded = load();
  GroupPointer group;
  if (loaded) {
    // The buffer goes back to the pool with the last one who holds the group.
    group = GroupPointer(new OpenedGroup(std::move(*loaded)), [&pool = pool_](const OpenedGroup* dead) {
      auto* owned = const_cast<OpenedGroup*>(dead);  // NOLINT: made above, not const
      pool.give(std::move(owned->bytes));
      delete owned;  // NOLINT
    });
  }
  lock.lock();
  if (group && generation == part.generation) {
    part.order.push_front(key);
    part.entries[key] = {group, part.order.begin()};
    part.bytes += memory_of(*group);
    evict(part, part_bytes_max_);
  } else {
    part.entries.erase(key);
  }
  lock.unlock();
  part.changed.notify_all();
  if (!loaded) return pass(std::move(loaded).error());
  return group;
}

void GroupCache::evict(Part& part, std::size_t keep_bytes) {
  while (part.bytes > keep_bytes && part.order.size() > 1) {
    const auto oldest = part.entries.find(part.order.back());
    part.bytes -= memory_of(*oldest->second.group);
    part.entries.erase(oldest);
    part.order.pop_back();
  }
}

void GroupCache::forget(const PackId& pack) {
  for (Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    ++part.generation;
    for (auto at = part.order.begin(); at != part.order.end();) {
      if (at->pack != pack) {
        ++at;
        continue;
      }
      const auto entry = part.entries.find(*at);
      part.bytes -= memory_of(*entry->second.group);
      part.entries.erase(entry);
      at = part.order.erase(at);
    }
  }
}

}  // namespace atl::chunk
