// See memtable.h. An entry in an arena: u16 key length, u32 value length (top bit: removed), key, value.
#include "store/run/internal/memtable.h"

#include <algorithm>
#include <cstring>

#include "store/run/internal/format.h"

namespace atl::run::internal {
namespace {

constexpr std::size_t kChunkBytesMin = 4 * 1024;
constexpr std::size_t kChunkBytesMax = 64 * 1024;  // offsets are 16 bits; longer entries get a chunk of their own
constexpr std::size_t kSlotsMin = 64;

struct EntryView {
  ByteView key;
  ByteView value;
  bool removed = false;
};

EntryView view_at(const std::uint8_t* at) {
  const std::size_t key_bytes = load_le<std::uint16_t>(at);
  const auto value_field = load_le<std::uint32_t>(at + 2);
  const std::size_t value_bytes = value_field & ~kRemovedFlag;
  return {{at + kEntryHeadBytes, key_bytes},
          {at + kEntryHeadBytes + key_bytes, value_bytes},
          (value_field & kRemovedFlag) != 0};
}

class SortedSource final : public EntrySource {
 public:
  struct Item {
    std::uint64_t prefix;
    const std::uint8_t* at;
  };
  explicit SortedSource(std::vector<Item> items, Buffer owned = {})
      : items_(std::move(items)), owned_(std::move(owned)) {
    std::sort(items_.begin(), items_.end(), [](const Item& a, const Item& b) {
      if (a.prefix != b.prefix) return a.prefix < b.prefix;
      return compare(view_at(a.at).key, view_at(b.at).key) < 0;
    });
  }
  Result<bool> next() override {
    if (at_ == items_.size()) return false;
    const EntryView entry = view_at(items_[at_++].at);
    key_ = entry.key;
    value_ = entry.value;
    removed_ = entry.removed;
    return true;
  }
  [[nodiscard]] const std::vector<Item>& items() const { return items_; }

 private:
  std::vector<Item> items_;
  Buffer owned_;
  std::size_t at_ = 0;
};

}  // namespace

Memtable::Memtable() {
  for (Shard& shard : shards_) shard.slots.resize(kSlotsMin);
  bytes_ = kShards * kSlotsMin * sizeof(Slot);
}

std::size_t Memtable::Shard::slot_of(std::uint32_t tag, ByteView key) const {
  const std::size_t mask = slots.size() - 1;
  std::size_t i = tag & mask;
  while (slots[i].ref != 0) {
    if (slots[i].tag == tag && equal(view_at(at(slots[i].ref)).key, key)) break;
    i = (i + 1) & mask;
  }
  return i;
}

void Memtable::grow(Shard& shard) {
  std::vector<Slot> larger(shard.slots.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (const Slot& slot : shard.slots) {
    if (slot.ref == 0) continue;
    std::size_t i = slot.tag & mask;
    while (larger[i].ref != 0) i = (i + 1) & mask;
    larger[i] = slot;
  }
  bytes_.fetch_add(shard.slots.size() * sizeof(Slot), std::memory_order_relaxed);
  shard.slots = std::move(larger);
}

std::uint32_t Memtable::append(Shard& shard, ByteView key, ByteView value, bool removed) {
  const std::size_t need = kEntryHeadBytes + key.size() + value.size();
  if (shard.chunks.empty() || shard.chunk_used + need > shard.chunks.back().size()) {
    const std::size_t last = shard.chunks.empty() ? kChunkBytesMin / 2 : shard.chunks.back().size();
    const std::size_t size = std::max(need, std::clamp(last * 2, kChunkBytesMin, kChunkBytesMax));
    ATOLL_INVARIANT(shard.chunks.size() < 0xFFFE, "a memtable outgrew its references");
    shard.chunks.emplace_back(size);
    shard.chunk_used = 0;
    bytes_.fetch_add(size, std::memory_order_relaxed);
  }
  std::uint8_t* at = shard.chunks.back().data() + shard.chunk_used;
  store_le(at, static_cast<std::uint16_t>(key.size()));
  store_le(at + 2, static_cast<std::uint32_t>(value.size()) | (removed ? kRemovedFlag : 0U));
  std::memcpy(at + kEntryHeadBytes, key.data(), key.size());
  if (!value.empty()) std::memcpy(at + kEntryHeadBytes + key.size(), value.data(), value.size());
  const auto ref = static_cast<std::uint32_t>(shard.chunks.size() << 16 | shard.chunk_used);
  shard.chunk_used += need;
  return ref;
}

void Memtable::put(std::uint64_t hash, ByteView key, ByteView value, bool removed) {
  Shard& shard = shards_[hash >> 60];
  const auto tag = static_cast<std::uint32_t>(hash);
  const std::lock_guard lock(shard.mutex);
  Slot* slot = &shard.slots[shard.slot_of(tag, key)];
  if (slot->ref != 0) {
    std::uint8_t* at = shard.at(slot->ref);
    const EntryView old = view_at(at);
    if (old.removed == removed && old.value.size() == value.size()) {
      if (!value.empty()) std::memcpy(at + kEntryHeadBytes + key.size(), value.data(), value.size());
    } else {
      slot->ref = append(shard, key, value, removed);
    }
    return;
  }
  if ((shard.used + 1) * 10 > shard.slots.size() * 7) {
    grow(shard);
    slot = &shard.slots[shard.slot_of(tag, key)];
  }
  *slot = {tag, append(shard, key, value, removed)};
  ++shard.used;
  entries_.fetch_add(1, std::memory_order_relaxed);
}

Found Memtable::find(std::uint64_t hash, ByteView key, ValueTarget& target) const {
  const Shard& shard = shards_[hash >> 60];
  const std::lock_guard lock(shard.mutex);
  const Slot& slot = shard.slots[shard.slot_of(static_cast<std::uint32_t>(hash), key)];
  if (slot.ref == 0) return Found::absent;
  const EntryView entry = view_at(shard.at(slot.ref));
  if (entry.removed) return Found::removed;
  target.accept(entry.value);
  return Found::present;
}

std::unique_ptr<EntrySource> Memtable::sorted(Summary* summary) const {
  std::vector<SortedSource::Item> items;
  items.reserve(entries());
  Summary found;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Slot& slot : shard.slots) {
      if (slot.ref == 0) continue;
      const std::uint8_t* at = shard.at(slot.ref);
      const EntryView entry = view_at(at);
      items.push_back({key_prefix(entry.key, 0), at});
      found.widths.add_key(entry.key.size());
      if (entry.removed) {
        found.has_removals = true;
      } else {
        found.widths.add_value(entry.value.size());
      }
    }
  }
  auto source = std::make_unique<SortedSource>(std::move(items));
  if (summary != nullptr) {
    found.entries = source->items().size();
    if (found.entries > 0) {
      found.min_key = to_bytes(view_at(source->items().front().at).key);
      found.max_key = to_bytes(view_at(source->items().back().at).key);
    }
    *summary = std::move(found);
  }
  return source;
}

std::unique_ptr<EntrySource> Memtable::copy_sorted(ByteView from) const {
  // Offsets first: the copy moves while it grows.
  Buffer copy;
  std::vector<std::size_t> offsets;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    for (const Slot& slot : shard.slots) {
      if (slot.ref == 0) continue;
      const std::uint8_t* at = shard.at(slot.ref);
      const EntryView entry = view_at(at);
      if (compare(entry.key, from) < 0) continue;
      offsets.push_back(copy.size());
      copy.append({at, kEntryHeadBytes + entry.key.size() + entry.value.size()});
    }
  }
  std::vector<SortedSource::Item> items;
  items.reserve(offsets.size());
  for (const std::size_t offset : offsets) {
    const std::uint8_t* at = copy.data() + offset;
    items.push_back({key_prefix(view_at(at).key, 0), at});
  }
  return std::make_unique<SortedSource>(std::move(items), std::move(copy));
}

}  // namespace atl::run::internal
