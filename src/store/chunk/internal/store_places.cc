// Where one chunk lies, and what chunks would take elsewhere: for whoever decides about temperatures.
// Always true: nothing here changes anything.
#include <algorithm>

#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

constexpr std::uint64_t kFooterEntryBytes = 48;  // id, group, offset, length

}  // namespace

Result<std::optional<ChunkPlace>> ChunkStore::State::place_of(const ChunkId& id) {
  ATOLL_ASSIGN(const auto found, find(id, Look::read));
  if (!found.location) return std::nullopt;
  ChunkPlace place;
  place.id = id;
  place.pack = found.location->pack;
  place.length = found.location->length;
  PackInfo info;
  {
    const std::shared_lock lock(packs_mutex_);
    const auto pack = packs_.find(place.pack);
    if (pack == packs_.end()) return std::nullopt;
    info = pack->second.info;
  }
  {
    const std::lock_guard lock(writing_mutex_);
    for (const auto& pack : open_packs_) {
      if (pack->header().id != place.pack || pack->is_sealed()) continue;
      const auto sizes = pack->sizes();
      info.stored_bytes = sizes.stored_bytes;
      info.raw_bytes = sizes.raw_bytes;
      place.is_in_open_pack = true;
    }
  }
  if (info.raw_bytes > 0) place.stored_bytes = info.stored_bytes * place.length / info.raw_bytes;
  place.is_in_condemned_pack = info.is_condemned;
  return place;
}

Result<std::uint64_t> ChunkStore::State::stored_bytes_as(std::span<const ChunkId> ids, DomainNumber domain,
                                                         Temperature temperature) {
  const GroupPlan plan = group_plan(temperature, options_);
  GroupSealer sealer;
  Buffer plain;
  Buffer body(plan.bytes_max);
  body.clear();
  std::vector<DirectoryEntry> entries;
  std::uint64_t bytes = 0;
  const auto count_group = [&](std::span<const DirectoryEntry> directory, ByteView content) -> Result<void> {
    ATOLL_TRY(sealer.prepare(directory, content, plan.codec));
    bytes += kGroupHeaderBytes + sealer.header().sealed_length;
    return {};
  };
  const auto flush = [&]() -> Result<void> {
    if (entries.empty()) return {};
    ATOLL_TRY(count_group(entries, body.view()));
    entries.clear();
    body.clear();
    return {};
  };
  for (const ChunkId& id : ids) {
    ATOLL_TRY(read(id, domain, plain));
    const auto length = static_cast<std::uint32_t>(plain.size());
    if (plain.size() >= kAloneFromBytes) {
      const DirectoryEntry entry{id, 0, length};
      ATOLL_TRY(count_group(std::span(&entry, 1), plain.view()));
      continue;
    }
    if (body.size() + plain.size() > plan.bytes_max || entries.size() >= plan.chunks_max) ATOLL_TRY(flush());
    entries.push_back({id, static_cast<std::uint32_t>(body.size()), length});
    body.append(plain.view());
  }
  ATOLL_TRY(flush());
  bytes += ids.size() * kFooterEntryBytes;
  if (options_.parity_data > 0) bytes += bytes * options_.parity_count / options_.parity_data;
  return bytes;
}

}  // namespace atl::chunk
