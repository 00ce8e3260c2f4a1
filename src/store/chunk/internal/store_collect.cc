// Freeing space: who builds on what, condemning, where everything lies, removing.
#include <algorithm>
#include <unordered_set>

#include "foundation/codec/hash.h"
#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

constexpr std::size_t kPageEntries = 16 * 1024;  // of the index: about 1 MiB

// The id right behind `id`; none behind the last one.
std::optional<ChunkId> next_id(ChunkId id) {
  for (std::size_t i = id.bytes.size(); i-- > 0;) {
    if (++id.bytes[i] != 0) return id;
  }
  return std::nullopt;
}

}  // namespace

// ---- who builds on what

std::uint64_t ChunkStore::State::begin_use() {
  const std::lock_guard lock(uses_mutex_);
  const std::uint64_t epoch = epoch_.fetch_add(1) + 1;
  uses_.insert(epoch);
  return epoch;
}

void ChunkStore::State::end_use(std::uint64_t epoch) {
  const std::lock_guard lock(uses_mutex_);
  uses_.erase(uses_.find(epoch));
}

// Not simply the epoch: what a use that is open now has found before counts, too, as its command comes after the state
// that the collector is going to read.
CollectionMark ChunkStore::State::begin_collection() {
  const std::lock_guard lock(uses_mutex_);
  const std::uint64_t epoch = epoch_.fetch_add(1) + 1;
  return {uses_.empty() ? epoch : std::min(epoch, *uses_.begin())};
}

bool ChunkStore::State::is_being_written(const PackId& id) const {
  return std::ranges::any_of(open_packs_, [&](const auto& pack) { return pack->header().id == id; });
}

Result<std::vector<PackId>> ChunkStore::State::condemn(std::span<const PackId> packs, const CollectionMark& mark) {
  ATOLL_TRY(refuse_stopped());
  std::vector<PackId> condemned;
  CurrentPacks ended;
  {
    const std::lock_guard writing(writing_mutex_);
    const std::unique_lock lock(packs_mutex_);
    std::uint64_t untouched_before = mark.epoch;
    {
      const std::lock_guard uses(uses_mutex_);
      if (!uses_.empty()) untouched_before = std::min(untouched_before, *uses_.begin());
    }
    for (const PackId& id : packs) {
      const auto found = packs_.find(id);
      if (found == packs_.end() || is_being_written(id)) continue;
      PackRecord& record = found->second;
      if (!record.info.is_condemned && record.last_hit_epoch >= untouched_before) continue;
      record.info.is_condemned = true;
      condemned.push_back(id);
    }
    // Not told as new ones any more: that would undo the rows that say they are given up.
    std::erase_if(begun_,
                  [&](const NewPack& pack) { return std::ranges::find(condemned, pack.id) != condemned.end(); });
    // What is stored again from now on goes to packs begun from now on.
    if (!condemned.empty()) ended.swap(current_);
  }
  retire_all(ended);
  return condemned;
}

void ChunkStore::State::condemn_again(std::span<const PackId> packs) {
  CurrentPacks ended;
  std::vector<PackId> scanned;
  {
    const std::lock_guard writing(writing_mutex_);
    const std::unique_lock lock(packs_mutex_);
    for (const PackId& id : packs) {
      const auto found = packs_.find(id);
      if (found == packs_.end() || is_being_written(id)) continue;
      found->second.info.is_condemned = true;
      if (found->second.was_scanned) scanned.push_back(id);
    }
    ended.swap(current_);
  }
  retire_all(ended);
  // open() did not know that they lose against other packs. Where this fails their chunks are absent: stored again.
  for (const PackId& id : scanned) ignore_error_on_purpose(find_other_copies(id));
}

// ---- where everything lies

Result<ChunkStore::State::IndexPage> ChunkStore::State::read_index_page(const ChunkId& from) {
  IndexPage page;
  const std::shared_lock guard(index_guard_);
  page.is_last = true;
  if (!index_) return page;
  ATOLL_TRY(index_->for_each_from(from.view(), [&](ByteView key, ByteView value) -> Result<bool> {
    if (page.entries.size() == kPageEntries) {
      page.is_last = false;
      return false;
    }
    ChunkId id;
    LocationBytes bytes{};
    if (key.size() != id.bytes.size() || value.size() != bytes.size()) {
      return fail(ErrorKind::damaged, "chunk.index_damaged", "the chunk index holds what it should not");
    }
    std::ranges::copy(key, id.bytes.begin());
    std::ranges::copy(value, bytes.begin());
    page.entries.emplace_back(id, decode_location(bytes));
    return true;
  }));
  return page;
}

Result<void> ChunkStore::State::visit_index(const std::function<Result<bool>(const IndexPage& page)>& visit) {
  // Each page would copy and sort what is in memory.
  if (writable_) flush_index();
  std::optional<ChunkId> from = ChunkId{};
  for (bool was_rebuilt = false; from;) {
    auto page = read_index_page(*from);
    if (!page) {
      if (page.error().kind != ErrorKind::damaged || was_rebuilt) return pass(std::move(page).error());
      was_rebuilt = true;
      ATOLL_TRY(recover_index());
      continue;
    }
    ATOLL_ASSIGN(const bool goes_on, visit(*page));
    if (!goes_on || page->is_last) break;
    from = next_id(page->entries.back().first);
  }
  return {};
}

Result<void> ChunkStore::State::for_each_location(const ChunkPlaceVisitor& visit) {
  // First what is on its way to the index, then the index: so nothing slips through between the two.
  auto extra = pending_.list_located();
  {
    const std::lock_guard lock(overlay_mutex_);
    extra.insert(extra.end(), overlay_.begin(), overlay_.end());
  }
  std::ranges::stable_sort(extra, {}, [](const auto& each) { return each.first; });
  const auto repeated = std::ranges::unique(extra, {}, [](const auto& each) { return each.first; });
  extra.erase(repeated.begin(), repeated.end());

  struct Counted {
    PackInfo info;
    std::uint64_t chunks = 0;
  };
  std::unordered_map<PackId, Counted> packs;
  for (PackInfo& info : list_packs()) packs[info.id].info = info;
  bool is_stopped = false;
  const auto visit_one = [&](const ChunkId& id, const Location& location) -> Result<void> {
    const auto found = packs.find(location.pack);
    if (found == packs.end()) return {};  // gone, or begun since
    const PackInfo& info = found->second.info;
    ++found->second.chunks;
    ChunkPlace place;
    place.id = id;
    place.pack = location.pack;
    place.length = location.length;
    if (info.raw_bytes > 0) place.stored_bytes = info.stored_bytes * location.length / info.raw_bytes;
    place.is_in_open_pack = info.is_being_written;
    place.is_in_condemned_pack = info.is_condemned;
    ATOLL_ASSIGN(const bool goes_on, visit(place));
    is_stopped = !goes_on;
    return {};
  };
  auto next_extra = extra.cbegin();
  ATOLL_TRY(visit_index([&](const IndexPage& page) -> Result<bool> {
    for (const auto& [id, location] : page.entries) {
      for (; next_extra != extra.cend() && next_extra->first < id && !is_stopped; ++next_extra) {
        ATOLL_TRY(visit_one(next_extra->first, next_extra->second));
      }
      if (is_stopped) return false;
      if (next_extra != extra.cend() && next_extra->first == id) continue;  // that one is newer
      ATOLL_TRY(visit_one(id, location));
      if (is_stopped) return false;
    }
    return true;
  }));
  for (; next_extra != extra.cend() && !is_stopped; ++next_extra) {
    ATOLL_TRY(visit_one(next_extra->first, next_extra->second));
  }
  if (is_stopped) return {};

  // Now it is known which packs have chunks that are read from elsewhere.
  const std::lock_guard lock(packs_mutex_);
  for (const auto& [id, counted] : packs) {
    const auto record = packs_.find(id);
    if (record != packs_.end() && counted.chunks < record->second.info.chunks) record->second.may_hold_copies = true;
  }
  copies_are_known_.store(true);
  return {};
}

Result<std::vector<ChunkId>> ChunkStore::State::chunks_read_from(const PackId& pack) {
  std::vector<ChunkId> chunks;
  ATOLL_TRY(visit_index([&](const IndexPage& page) -> Result<bool> {
    for (const auto& [id, location] : page.entries) {
      if (location.pack == pack) chunks.push_back(id);
    }
    return true;
  }));
  const std::lock_guard lock(overlay_mutex_);
  std::erase_if(chunks, [&](const ChunkId& id) { return overlay_.contains(id); });
  for (const auto& [id, location] : overlay_) {
    if (location.pack == pack) chunks.push_back(id);
  }
  std::ranges::sort(chunks);
  return chunks;
}

// ---- removing

Result<Footer> ChunkStore::State::footer_of(const PackReader& pack, bool is_sealed, bool& is_whole) const {
  is_whole = true;
  if (is_sealed) {
    if (auto footer = pack.read_footer(true)) return footer;
  }
  codec::Decompressor decompressor;
  ATOLL_ASSIGN(auto found, pack.walk_groups(decompressor));
  is_whole = !is_sealed && found.skipped_bytes == 0;
  return std::move(found.footer);
}

Result<ByteView> ChunkStore::State::checked_chunk(const OpenedGroup& group, const Footer::Chunk& chunk,
                                                  const keyring::DomainKeys& domain) {
  ATOLL_ASSIGN(const ByteView plain, group.chunk(chunk.id, chunk.offset, chunk.length));
  if (codec::blake3_keyed(domain.id_key, plain) != chunk.id.bytes) {
    return fail(ErrorKind::damaged, "chunk.wrong_hash", "a chunk is not what its id says");
  }
  return plain;
}

// Lets the index name another copy of each chunk that is read from the doomed pack, where one can be read.
Result<void> ChunkStore::State::find_other_copies(const PackId& doomed) {
  if (!copies_are_known_.load()) {
    ATOLL_TRY(for_each_location([](const ChunkPlace&) -> Result<bool> { return true; }));
  }
  std::vector<PackInfo> candidates;
  DomainNumber domain;
  {
    const std::shared_lock lock(packs_mutex_);
    const auto own = packs_.find(doomed);
    if (own != packs_.end()) domain = own->second.info.domain;
    for (const auto& [id, record] : packs_) {
      if (id == doomed || record.info.is_condemned || !record.may_hold_copies || !record.info.is_readable) continue;
      if (domain.value == 0 || record.info.domain == domain) candidates.push_back(record.info);
    }
  }
  if (candidates.empty()) return {};
  std::ranges::sort(candidates, std::greater{}, &PackInfo::id);
  std::unordered_set<ChunkId> wanted;
  const auto doomed_reader = reader_of(doomed);
  const auto doomed_footer = doomed_reader ? (*doomed_reader)->read_footer(true) : Result<Footer>(Footer{});
  if (doomed_reader && doomed_footer) {
    for (const auto& chunk : doomed_footer->chunks) {
      ATOLL_ASSIGN(const auto place, find_in_index(chunk.id, Look::read));
      if (place && place->pack == doomed) wanted.insert(chunk.id);
    }
  } else {
    ATOLL_ASSIGN(const auto listed, chunks_read_from(doomed));
    wanted.insert(listed.begin(), listed.end());
  }
  bool has_changed = false;
  codec::Decompressor decompressor;
  for (const PackInfo& candidate : candidates) {
    if (wanted.empty()) break;
    const auto reader = reader_of(candidate.id);
    if (!reader) continue;
    const auto* keys = keys_.domain((*reader)->header().domain);
    bool is_whole = true;
    const auto footer = footer_of(**reader, candidate.is_sealed, is_whole);
    if (!footer || keys == nullptr) continue;
    bool is_open = false;
    std::uint32_t open_number = 0;
    OpenedGroup open;
    for (const auto& chunk : footer->chunks) {
      if (!wanted.contains(chunk.id)) continue;
      const auto& group = footer->groups[chunk.group];
      if (!is_open || open_number != chunk.group) {
        is_open = false;
        auto opened = (*reader)->read_group(group.offset, group.sealed_length, decompressor, candidate.is_sealed);
        if (!opened) continue;
        open = std::move(*opened);
        open_number = chunk.group;
        is_open = true;
      }
      if (!checked_chunk(open, chunk, *keys)) continue;
      const std::lock_guard publishing(publish_mutex_);
      const std::shared_lock guard(index_guard_);
      ATOLL_ASSIGN(const auto entry, entry_of(chunk.id));
      if (entry && entry->pack == doomed) {
        has_changed = true;
        (void)put_in_index(chunk.id, {candidate.id, static_cast<std::uint32_t>(group.offset), group.sealed_length,
                                      chunk.offset, chunk.length});
      }
      wanted.erase(chunk.id);
    }
  }
  if (!has_changed) return {};
  // Before the doomed pack is gone: the saved index would lead there, and the next open does not read again what it
  // says it covers.
  const std::shared_lock guard(index_guard_);
  if (!index_) return {};
  return index_->flush(encode_index_state());
}

Result<bool> ChunkStore::State::remove_pack(const PackId& id) {
  ATOLL_TRY(refuse_stopped());
  const std::lock_guard removing(removal_mutex_);
  {
    const std::lock_guard writing(writing_mutex_);
    const std::shared_lock lock(packs_mutex_);
    const auto found = packs_.find(id);
    if (found == packs_.end()) return false;
    if (is_being_written(id)) {
      return fail(ErrorKind::conflict, "chunk.pack_open", "pack " + id.text() + " is being written");
    }
    if (!found->second.info.is_condemned) {
      return fail(ErrorKind::conflict, "chunk.pack_in_use", "pack " + id.text() + " was not given up");
    }
  }
  ATOLL_TRY(find_other_copies(id));
  PackRecord record;
  {
    const std::unique_lock lock(packs_mutex_);
    const auto found = packs_.find(id);
    if (found == packs_.end()) return false;
    record = found->second;
    packs_.erase(found);
  }
  const std::string name = pack_blob_name(id);
  auto removed = record.info.is_sealed ? blobs_->remove(name) : blobs_->remove_unfinished(name);
  if (!removed) {
    const std::unique_lock lock(packs_mutex_);
    packs_[id] = record;
    return removed;
  }
  forget_reader(id);
  return true;
}

// ---- the index after removals

Result<void> ChunkStore::State::drop_stale_entries() {
  return visit_index([&](const IndexPage& page) -> Result<bool> {
    std::vector<ChunkId> stale;
    {
      const std::shared_lock lock(packs_mutex_);
      for (const auto& [id, location] : page.entries) {
        if (!packs_.contains(location.pack)) stale.push_back(id);
      }
    }
    if (stale.empty()) return true;
    // Nothing is put into the index between the second look and the removal.
    const std::lock_guard publishing(publish_mutex_);
    const std::shared_lock guard(index_guard_);
    for (const ChunkId& id : stale) {
      ATOLL_ASSIGN(const auto entry, entry_of(id));
      if (!entry) continue;
      {
        const std::shared_lock lock(packs_mutex_);
        if (packs_.contains(entry->pack)) continue;
      }
      if (index_) ATOLL_TRY(index_->remove(id.view()));
      const std::lock_guard lock(overlay_mutex_);
      overlay_.erase(id);
    }
    return true;
  });
}

Result<void> ChunkStore::State::compact_index() {
  if (!writable_) return refuse_stopped();
  ATOLL_TRY(drop_stale_entries());
  const std::shared_lock guard(index_guard_);
  if (!index_) return {};
  ATOLL_TRY(index_->flush(encode_index_state()));
  ATOLL_TRY(index_->merge_all());
  entries_when_compacted_.store(index_->stats().entries);
  return {};
}

}  // namespace atl::chunk
