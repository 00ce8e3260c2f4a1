#include "catalog/internal/current_cache.h"

namespace atl::catalog {
namespace {

constexpr std::size_t kObjectIdBytes = 16;  // with which the key of a version begins

std::size_t bytes_of(const Listed& listed) {
  std::size_t bytes = listed.entry.key.size() + listed.version.content.parts.size() * sizeof(ContentReference::Part);
  for (const auto& [name, value] : listed.version.metadata) bytes += name.size() + value.size();
  for (const auto& [name, value] : listed.version.checksums) bytes += name.size() + value.size();
  bytes += listed.version.holes.size() * sizeof(Hole);
  return bytes;
}

}  // namespace

std::optional<Listed> CurrentCache::find(ByteView entry_key) {
  const std::size_t place = hash(entry_key);
  const std::uint64_t entry_now = generation(place).load();
  Shard& of = shard(place);
  const std::lock_guard lock(of.mutex);
  const auto found = of.rows.find(std::string(as_text(entry_key)));
  if (found == of.rows.end()) return std::nullopt;
  const Row& row = found->second;
  const std::uint64_t object_now = generation(hash(row.listed.entry.object.view())).load();
  if (row.entry_generation == entry_now && row.object_generation == object_now) return row.listed;
  of.rows.erase(found);
  return std::nullopt;
}

CurrentCache::Read CurrentCache::begin_read(ByteView entry_key) const {
  return {epoch_.load(), generation(hash(entry_key)).load()};
}

void CurrentCache::keep(const Read& read, ByteView entry_key, const Listed& listed) {
  if (read.epoch % 2 != 0 || bytes_of(listed) > kRowBytesMax) return;
  Row row{listed, read.entry_generation, generation(hash(listed.entry.object.view())).load()};
  if (epoch_.load() != read.epoch) return;
  Shard& of = shard(hash(entry_key));
  const std::lock_guard lock(of.mutex);
  if (of.rows.size() >= kRowsPerShard) of.rows.erase(of.rows.begin());
  of.rows.insert_or_assign(std::string(as_text(entry_key)), std::move(row));
}

void CurrentCache::note(const journal::RowChange& change) {
  if (change.table == journal::TableNumber::entries) {
    changed_.push_back(static_cast<std::uint32_t>(hash(change.key) % kSlots));
  } else if (change.table == journal::TableNumber::versions && change.key.size() >= kObjectIdBytes) {
    changed_.push_back(static_cast<std::uint32_t>(hash(ByteView(change.key).first(kObjectIdBytes)) % kSlots));
  }
}

void CurrentCache::end_commit() {
  for (const std::uint32_t slot : changed_) ++slots_[slot];
  changed_.clear();
  ++epoch_;
}

}  // namespace atl::catalog
