// Finding and reading chunks, and the list of packs.
#include "store/chunk/internal/store_state.h"

#include <algorithm>

namespace atl::chunk {
namespace {

constexpr std::size_t kPoolBytes = 8 * 1024 * 1024;
constexpr std::size_t kReadersMax = 512;

}  // namespace

ChunkStore::State::State(const platform::Machine& machine, const std::string& vault_folder,
                         const keyring::Keyring& keys, const ChunkStoreOptions& options, bool writable)
    : machine_(machine),
      keys_(keys),
      options_(options),
      writable_(writable),
      index_folder_(platform::join(platform::join(vault_folder, "indexes"), "chunks")),
      blobs_(blob::make_disk_blob_store(machine, platform::join(vault_folder, "packs"),
                                        {blob::Layout::fan_out, ".pack", 64})),
      pool_(kPoolBytes),
      bodies_(kPoolBytes),
      cache_(options.read_cache_bytes, pool_) {
  options_.index.suite = keys.suite();
  options_.pack_bytes_target = std::min<std::uint64_t>(options_.pack_bytes_target, 2 * kGiB);
}

Result<std::optional<Location>> ChunkStore::State::entry_of(const ChunkId& id) {
  if (has_overlay_.load(std::memory_order_acquire)) {
    const std::lock_guard lock(overlay_mutex_);
    const auto found = overlay_.find(id);
    if (found != overlay_.end()) return found->second;
  }
  if (!index_) return std::nullopt;
  LocationBytes bytes{};
  ATOLL_ASSIGN(const auto length, index_->get_into(id.view(), bytes));
  if (!length) return std::nullopt;
  if (*length != kLocationBytes) {
    return fail(ErrorKind::damaged, "chunk.index_damaged", "the chunk index holds what it should not");
  }
  return decode_location(bytes);
}

Result<std::optional<Location>> ChunkStore::State::find_in_index(const ChunkId& id, Look look) {
  for (int attempt = 0;; ++attempt) {
    auto entry = [&] {
      const std::shared_lock guard(index_guard_);
      return entry_of(id);
    }();
    if (!entry) {
      if (entry.error().kind != ErrorKind::damaged || attempt > 0) return entry;
      ATOLL_TRY(recover_index());
      continue;
    }
    if (!*entry) return std::nullopt;
    // Where one group of a pack could not be read, the others are read before anybody builds on them.
    if (look != Look::read && has_doubts_.load(std::memory_order_acquire)) {
      const bool is_suspect = [&] {
        const std::lock_guard lock(doubts_mutex_);
        const auto first = doubts_.lower_bound({(*entry)->pack, kWholePack});
        return first != doubts_.end() && first->first == (*entry)->pack;
      }();
      if (is_suspect) {
        const auto reader = reader_of((*entry)->pack);
        const auto there =
            reader ? view_at(id, **entry, (*reader)->header().domain) : Result<ChunkView>(pass(reader.error()));
        if (!there) {
          doubt(**entry, there.error());
          return std::nullopt;
        }
      }
    }
    // The index may still name packs that are gone.
    const std::shared_lock lock(packs_mutex_);
    const auto pack = packs_.find((*entry)->pack);
    if (pack == packs_.end()) return std::nullopt;
    PackRecord& record = pack->second;
    if (look != Look::read && (record.info.is_condemned || is_doubted(**entry))) return std::nullopt;
    if (look == Look::build_on) {
      // Under the lock, which condemn() takes alone: it sees this, or this sees what it decided.
      const std::uint64_t epoch = epoch_.load(std::memory_order_relaxed);
      const std::atomic_ref last_hit(record.last_hit_epoch);
      if (last_hit.load(std::memory_order_relaxed) < epoch) last_hit.store(epoch, std::memory_order_relaxed);
    }
    return entry;
  }
}

Result<ChunkStore::State::Found> ChunkStore::State::find(const ChunkId& id, Look look) {
  // A chunk may move from pending_ to the index between the two looks: then the second round finds it.
  for (int round = 0; round < 2; ++round) {
    if (const auto pending = pending_.find(id)) return Found{pending->location, !pending->location, pending->length};
    ATOLL_ASSIGN(const auto location, find_in_index(id, look));
    if (location) return Found{location, false, location->length};
  }
  return Found{};
}

Result<std::shared_ptr<PackReader>> ChunkStore::State::reader_of(const PackId& id) {
  {
    const std::lock_guard lock(readers_mutex_);
    const auto found = readers_.find(id);
    if (found != readers_.end()) return found->second;
  }
  ATOLL_ASSIGN(auto reader, PackReader::open(*blobs_, keys_, id, pool_));
  const std::lock_guard lock(readers_mutex_);
  if (readers_.size() >= kReadersMax)
    std::erase_if(readers_, [](const auto& each) { return each.second.use_count() == 1; });
  readers_[id] = reader;
  return reader;
}

void ChunkStore::State::forget_reader(const PackId& id) {
  {
    const std::lock_guard lock(readers_mutex_);
    readers_.erase(id);
  }
  cache_.forget(id);
}

bool ChunkStore::State::is_doubted(const Location& place) const {
  if (!has_doubts_.load(std::memory_order_acquire)) return false;
  const std::lock_guard lock(doubts_mutex_);
  return doubts_.contains({place.pack, place.group_offset}) || doubts_.contains({place.pack, kWholePack});
}

void ChunkStore::State::doubt(const Location& place, const Error& why) {
  const bool is_gone = why.kind == ErrorKind::not_found;
  if (why.id == "pack.key_gone" || (!is_gone && why.kind != ErrorKind::damaged && why.kind != ErrorKind::io)) return;
  failed_reads_.fetch_add(1, std::memory_order_relaxed);
  if (!writable_) return;
  {
    const std::lock_guard lock(doubts_mutex_);
    const bool is_new = doubts_.emplace(place.pack, is_gone ? kWholePack : place.group_offset).second;
    if (!is_new) return;
    has_doubts_.store(true, std::memory_order_release);
  }
  // What is stored again goes to a pack begun from now on: so that it counts also where the index is made anew.
  end_current_packs();
}

void ChunkStore::State::trust(const Location& place) {
  const std::lock_guard lock(doubts_mutex_);
  doubts_.erase({place.pack, place.group_offset});
  doubts_.erase({place.pack, kWholePack});
  has_doubts_.store(!doubts_.empty(), std::memory_order_release);
}

void ChunkStore::State::doubt_if_gone(const ChunkId& id) {
  const auto entry = [&] {
    const std::shared_lock guard(index_guard_);
    return entry_of(id);
  }();
  if (!entry || !*entry) return;
  {
    const std::shared_lock lock(packs_mutex_);
    if (packs_.contains((*entry)->pack)) return;  // meanwhile
  }
  doubt(**entry, Error{ErrorKind::not_found, "pack.not_found", "there is no such pack", ""});
}

std::vector<PackId> ChunkStore::State::doubted_packs() const {
  std::vector<PackId> out;
  const std::lock_guard lock(doubts_mutex_);
  for (const auto& [pack, group] : doubts_)
    if (out.empty() || out.back() != pack) out.push_back(pack);
  return out;
}

Result<void> ChunkStore::State::read(const ChunkId& id, DomainNumber domain, Buffer& out) {
  ATOLL_ASSIGN(const ChunkView there, view(id, domain));
  if (out.capacity() < there.bytes.size()) out = Buffer(there.bytes.size());
  out.clear();
  out.append(there.bytes);
  return {};
}

Result<ChunkView> ChunkStore::State::view(const ChunkId& id, DomainNumber domain) {
  const auto absent = [&] {
    return fail(
        ErrorKind::not_found, "chunk.not_found", "there is no chunk " + to_hex(id.view()).substr(0, 16),
        "Where something names it, it is lost: `atoll verify --data` says what is, `atoll copy repair NAME` brings "
        "back what a copy has.");
  };
  ATOLL_ASSIGN(auto found, find(id, Look::read));
  for (int attempt = 0; found.is_gathered && attempt < 3; ++attempt) {
    ATOLL_TRY(flush_writers());
    ATOLL_ASSIGN(found, find(id, Look::read));
  }
  for (int attempt = 0;; ++attempt) {
    if (!found.location) {
      doubt_if_gone(id);
      return absent();
    }
    auto done = view_at(id, *found.location, domain);
    if (done) {
      if (is_doubted(*found.location)) trust(*found.location);
      return done;
    }
    // It may have been moved to another pack, and its old one removed, between the two steps.
    ATOLL_ASSIGN(const auto again, find(id, Look::read));
    if (again.location == found.location || !again.is_there() || attempt == 4) {
      if (again.location == found.location) doubt(*found.location, done.error());
      return done;
    }
    found = again;
  }
}

Result<ChunkView> ChunkStore::State::view_at(const ChunkId& id, const Location& place, DomainNumber domain) {
  ATOLL_ASSIGN(const auto reader, reader_of(place.pack));
  if (reader->header().domain != domain) {
    return fail(ErrorKind::not_found, "chunk.not_found", "there is no chunk " + to_hex(id.view()).substr(0, 16));
  }
  bool was_hit = false;
  bool was_healed = false;
  const auto group = cache_.get(
      {place.pack, place.group_offset},
      [&] {
        codec::Decompressor decompressor;
        return reader->read_group(place.group_offset, place.sealed_length, decompressor, true, &was_healed);
      },
      was_hit);
  (was_hit ? cache_hits_ : groups_opened_).fetch_add(1, std::memory_order_relaxed);
  if (was_healed) healed_reads_.fetch_add(1, std::memory_order_relaxed);
  if (!group) return pass(group.error());
  const auto number = (*group)->number_of(id, place.offset, place.length);
  if (!number) return pass(Error(number.error()).with_context("pack " + place.pack.text()));
  return ChunkView{(*group)->bytes_of((*group)->directory[*number]), *group, domain, *number};
}

std::optional<ChunkView> ChunkStore::State::view_behind(const ChunkView& last, const ChunkId& id, DomainNumber domain) {
  if (last.held == nullptr || last.domain != domain) return std::nullopt;
  const auto* group = static_cast<const OpenedGroup*>(last.held.get());
  const std::size_t number = last.number + 1;
  if (number >= group->directory.size() || group->directory[number].id != id) return std::nullopt;
  return ChunkView{group->bytes_of(group->directory[number]), last.held, domain, number};
}

bool ChunkStore::State::put_in_index(const ChunkId& id, const Location& location) {
  if (index_ && writable_ && index_->put(id.view(), encode(location))) {
    if (has_overlay_.load(std::memory_order_acquire)) {
      const std::lock_guard lock(overlay_mutex_);
      overlay_.erase(id);
    }
    return true;
  }
  const std::lock_guard lock(overlay_mutex_);
  overlay_[id] = location;
  has_overlay_.store(true, std::memory_order_release);
  return false;
}

void ChunkStore::State::remove_from_index(const ChunkId& id) {
  const std::shared_lock guard(index_guard_);
  if (index_ && writable_) ignore_error_on_purpose(index_->remove(id.view()));
  const std::lock_guard lock(overlay_mutex_);
  overlay_.erase(id);
}

std::vector<PackInfo> ChunkStore::State::list_packs() const {
  std::unordered_map<PackId, PackInfo> infos;
  {
    const std::shared_lock lock(packs_mutex_);
    for (const auto& [id, record] : packs_) infos[id] = record.info;
  }
  {
    const std::lock_guard lock(writing_mutex_);
    for (const auto& pack : open_packs_) {
      const auto found = infos.find(pack->header().id);
      if (found == infos.end()) continue;
      const auto sizes = pack->sizes();
      found->second.chunks = sizes.chunks;
      found->second.stored_bytes = sizes.stored_bytes;
      found->second.raw_bytes = sizes.raw_bytes;
      found->second.is_being_written = !pack->is_sealed();
    }
  }
  std::vector<PackInfo> list;
  list.reserve(infos.size());
  for (const auto& [id, info] : infos) list.push_back(info);
  std::ranges::sort(list, {}, &PackInfo::id);
  return list;
}

Result<void> ChunkStore::State::for_each_chunk_in_pack(const PackId& id, const ChunkVisitor& visit) {
  std::shared_ptr<PackWriter> writer;
  {
    const std::lock_guard lock(writing_mutex_);
    const auto found = std::ranges::find_if(open_packs_, [&](const auto& pack) { return pack->header().id == id; });
    if (found != open_packs_.end()) writer = *found;
  }
  Footer footer;
  if (writer) {
    footer = writer->footer();
  } else {
    bool is_sealed = true;
    {
      const std::shared_lock lock(packs_mutex_);
      const auto found = packs_.find(id);
      if (found == packs_.end()) return fail(ErrorKind::not_found, "pack.not_found", "there is no pack " + id.text());
      is_sealed = found->second.info.is_sealed;
    }
    ATOLL_ASSIGN(const auto reader, reader_of(id));
    if (is_sealed) {
      ATOLL_ASSIGN(footer, reader->read_footer(true));
    } else {
      codec::Decompressor decompressor;
      ATOLL_ASSIGN(auto found, reader->walk_groups(decompressor));
      footer = std::move(found.footer);
    }
  }
  for (const auto& chunk : footer.chunks) {
    ATOLL_ASSIGN(const bool go_on, visit(chunk.id, chunk.length));
    if (!go_on) break;
  }
  return {};
}

ChunkStats ChunkStore::State::stats() const {
  const std::uint64_t doubted = [this] {
    const std::lock_guard lock(doubts_mutex_);
    return doubts_.size();
  }();
  return {chunks_added_.load(),
          chunks_known_.load(),
          groups_written_.load(),
          bytes_written_.load(),
          cache_hits_.load(),
          groups_opened_.load(),
          index_rebuilds_.load(),
          healed_reads_.load(),
          failed_reads_.load(),
          verify_errors_.load(),
          doubted};
}

}  // namespace atl::chunk
