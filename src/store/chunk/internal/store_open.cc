// What open() finds: the index and the packs it does not cover.
#include <algorithm>

#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

// State of the index: the sealed packs whose chunks are all in it.
//     u32 version (0), u32 count, then for each pack: id (16), u32 domain, u32 temperature, u64 chunks, u64 stored
//     bytes, u64 raw bytes
constexpr std::uint32_t kStateVersion = 0;
constexpr std::size_t kStateHeadBytes = 8;
constexpr std::size_t kStatePackBytes = 48;
constexpr std::uint64_t kCompactFromEntries = 4096;
constexpr std::size_t kStatePacksMax = (run::kStateBytesMax - kStateHeadBytes) / kStatePackBytes;

}  // namespace

void ChunkStore::State::warn(std::string message) { open_report_.warnings.push_back(std::move(message)); }

Bytes ChunkStore::State::encode_index_state() const {
  std::vector<PackInfo> covered;
  {
    const std::shared_lock lock(packs_mutex_);
    for (const auto& [id, record] : packs_) {
      if (record.is_indexed && record.info.is_sealed && record.info.is_readable) covered.push_back(record.info);
    }
  }
  // The newest ones are left out where there are too many: they are scanned at the next open.
  std::ranges::sort(covered, {}, &PackInfo::id);
  covered.resize(std::min(covered.size(), kStatePacksMax));
  Bytes state;
  state.reserve(kStateHeadBytes + covered.size() * kStatePackBytes);
  ByteWriter out(state);
  out.put(kStateVersion);
  out.put(static_cast<std::uint32_t>(covered.size()));
  for (const PackInfo& info : covered) {
    out.put_bytes(info.id.view());
    out.put(info.domain.value);
    out.put(static_cast<std::uint32_t>(info.temperature));
    out.put(info.chunks);
    out.put(info.stored_bytes);
    out.put(info.raw_bytes);
  }
  return state;
}

std::unordered_map<PackId, PackInfo> ChunkStore::State::decode_index_state(ByteView state) const {
  std::unordered_map<PackId, PackInfo> covered;
  if (state.size() < kStateHeadBytes || load_le<std::uint32_t>(state.data()) != kStateVersion) return covered;
  const std::size_t count = load_le<std::uint32_t>(state.data() + 4);
  if (state.size() != kStateHeadBytes + count * kStatePackBytes) return covered;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* at = state.data() + kStateHeadBytes + i * kStatePackBytes;
    PackInfo info;
    std::copy_n(at, 16, info.id.bytes.begin());
    info.domain.value = load_le<std::uint32_t>(at + 16);
    info.temperature = static_cast<Temperature>(load_le<std::uint32_t>(at + 20));
    info.chunks = load_le<std::uint64_t>(at + 24);
    info.stored_bytes = load_le<std::uint64_t>(at + 32);
    info.raw_bytes = load_le<std::uint64_t>(at + 40);
    covered[info.id] = info;
  }
  return covered;
}

Result<void> ChunkStore::State::open_index() {
  const auto try_open = [&] {
    return run::RunSet::open(machine_, index_folder_, keys_.derived_key("indexes/chunks"), keys_.vault(),
                             options_.index, writable_);
  };
  if (writable_) ATOLL_TRY(platform::create_directories(machine_.files, index_folder_));
  auto opened = try_open();
  if (!opened && (opened.error().kind == ErrorKind::damaged || opened.error().kind == ErrorKind::unsupported)) {
    open_report_.index_was_rebuilt = true;
    open_report_.index_trouble = opened.error().message;
    if (!writable_) return {};  // everything into memory
    ATOLL_TRY(run::RunSet::remove_all(machine_, index_folder_));
    ATOLL_TRY(platform::create_directories(machine_.files, index_folder_));
    opened = try_open();
  }
  if (!opened) {
    if (!platform::is_full(opened.error())) return pass(std::move(opened).error());
    open_report_.index_trouble = opened.error().message;
    return {};
  }
  index_ = std::move(*opened);
  return {};
}

Result<void> ChunkStore::State::open() {
  ATOLL_ASSIGN(const auto blobs, blobs_->enumerate());
  if (auto opened = open_index(); !opened) {
    if (!platform::is_full(opened.error())) return opened;
    open_report_.index_trouble = opened.error().message;  // a full disk: reading goes on
  }
  ATOLL_TRY(load_packs(blobs));
  if (open_report_.packs_scanned > 0 && writable_ && index_ && index_->wants_flush()) flush_index();
  return {};
}

Result<void> ChunkStore::State::load_packs(const std::vector<blob::BlobInfo>& blobs) {
  const Bytes state = index_ ? index_->state() : Bytes{};
  const auto covered = decode_index_state(state);
  if (state.empty() && !blobs.empty()) {
    open_report_.index_was_rebuilt = true;
    if (open_report_.index_trouble.empty()) open_report_.index_trouble = "there was no saved index";
  }
  // Oldest first, so that of two copies of a chunk the newer one is found.
  for (const auto& blob : blobs) {
    const auto id = pack_of_blob_name(blob.name);
    if (!id) continue;
    std::uint64_t made_ms = 0;
    for (std::size_t i = 0; i < 6; ++i) made_ms = made_ms << 8U | id->bytes[i];
    newest_pack_ms_ = std::max(newest_pack_ms_, made_ms);
    if (!blob.is_finished) {
      if (packs_.contains(*id)) {  // a replacement that was broken off
        if (writable_) ATOLL_TRY(blobs_->remove_unfinished(blob.name));
        continue;
      }
      ATOLL_TRY(scan_unfinished(*id, blob.size));
      continue;
    }
    const auto known = covered.find(*id);
    if (known != covered.end() && known->second.stored_bytes == blob.size) {
      PackRecord& record = packs_[*id];
      record.info = known->second;
      record.is_indexed = true;
      record.info.is_readable = keys_.domain(record.info.domain) != nullptr;
      continue;
    }
    ATOLL_TRY(scan_sealed(*id, blob.size));
  }
  return {};
}

void ChunkStore::State::index_footer(const PackId& id, const Footer& footer, PackRecord& record) {
  record.info.chunks = footer.chunks.size();
  record.info.raw_bytes = footer.raw_bytes;
  record.is_indexed = true;
  for (const auto& chunk : footer.chunks) {
    const auto& group = footer.groups[chunk.group];
    const Location location{id, static_cast<std::uint32_t>(group.offset), group.sealed_length, chunk.offset,
                            chunk.length};
    record.is_indexed = put_in_index(chunk.id, location) && record.is_indexed;
  }
}

Result<void> ChunkStore::State::scan_sealed(const PackId& id, std::uint64_t file_bytes) {
  PackRecord record;
  record.info.id = id;
  record.info.stored_bytes = file_bytes;
  record.info.is_readable = false;
  record.was_scanned = true;
  ++open_report_.packs_scanned;
  const auto reader = reader_of(id);
  if (!reader && reader.error().id == "pack.key_gone") {
    std::array<std::uint8_t, kPackHeaderBytes> head{};
    ATOLL_TRY(blobs_->fetch_exact(pack_blob_name(id), 0, head));
    if (const auto header = decode_pack_header(head)) {
      record.info.domain = header->domain;
      record.info.temperature = header->temperature;
    }
  } else if (!reader) {
    warn(reader.error().message);
  } else {
    record.info.domain = (*reader)->header().domain;
    record.info.temperature = (*reader)->header().temperature;
    auto footer = (*reader)->read_footer(true);
    if (footer) {
      record.info.is_readable = true;
      index_footer(id, *footer, record);
    } else {
      // Groups explain themselves: whatever is whole of them can be read without the footer.
      warn(footer.error().message);
      codec::Decompressor decompressor;
      auto found = (*reader)->walk_groups(decompressor);
      if (found) {
        record.info.is_readable = true;
        index_footer(id, found->footer, record);
        record.is_indexed = false;  // and the warning comes again with the next open
      }
    }
  }
  const std::unique_lock lock(packs_mutex_);
  packs_[id] = record;
  return {};
}

Result<void> ChunkStore::State::scan_unfinished(const PackId& id, std::uint64_t file_bytes) {
  const std::string name = pack_blob_name(id);
  PackRecord record;
  record.info.id = id;
  record.info.stored_bytes = file_bytes;
  record.info.is_sealed = false;
  record.info.is_readable = false;
  record.was_scanned = true;
  const auto keep = [&] {
    const std::unique_lock lock(packs_mutex_);
    packs_[id] = record;
  };
  const auto reader = reader_of(id);
  if (!reader) {
    // Without a header nothing in it can be opened, ever. Where it holds no more than one might write before the first
    // sync, that is how a power cut leaves it.
    Bytes head(kPackHeaderBytes);
    const auto got = blobs_->fetch(name, 0, head);
    const bool is_empty = got && (*got < kPackHeaderBytes || file_bytes == kPackHeaderBytes ||
                                  std::ranges::all_of(head, [](std::uint8_t byte) { return byte == 0; }));
    if (is_empty && writable_ && reader.error().kind == ErrorKind::damaged) {
      ATOLL_TRY(blobs_->remove_unfinished(name));
      return {};
    }
    warn(reader.error().message);
    keep();
    return {};
  }
  record.info.domain = (*reader)->header().domain;
  record.info.temperature = (*reader)->header().temperature;
  codec::Decompressor decompressor;
  ATOLL_ASSIGN(auto found, (*reader)->walk_groups(decompressor));
  ++open_report_.packs_scanned;
  if (found.skipped_bytes > 0) {
    warn("pack " + id.text() + " was left unfinished and has " + std::to_string(found.skipped_bytes) +
         " unreadable bytes in it");
  }
  record.info.is_readable = true;
  if (writable_ && found.footer.groups.empty() && !(*reader)->was_header_healed()) {
    forget_reader(id);
    ATOLL_TRY(blobs_->remove_unfinished(name));
    return {};
  }
  // A pack whose own header is damaged is not built on: parity over it would keep the damage. Groups that came to the
  // disk ahead of it, as a power cut can have it, are no reason to keep it so: its copy is written over it first. Where
  // that fails it is read by the copy until what is wanted of it was rewritten.
  bool has_bad_header = (*reader)->was_header_healed();
  if (has_bad_header && writable_ && !found.footer.groups.empty()) {
    const auto write_again = [&]() -> Result<void> {
      ATOLL_ASSIGN(const auto writer, blobs_->adopt(name, 0));  // what follows is cut by nobody
      ATOLL_TRY(writer->append((*reader)->header_bytes()));
      return writer->sync();
    };
    const auto written = write_again();
    has_bad_header = !written;
    if (written) warn("pack " + id.text() + " was left unfinished and its header was written again by a copy");
  }
  if (has_bad_header)
    warn("pack " + id.text() + " was left unfinished and its header is damaged; it is read by a copy");
  if (writable_ && !has_bad_header) {
    // Its key has sealed groups in the session that is gone: the footer gets a salt, and so a key, of its own.
    Salt salt{};
    machine_.random.fill(salt);
    const auto finish = [&]() -> Result<std::uint64_t> {
      ATOLL_ASSIGN(const auto writer, blobs_->adopt(name, found.end));
      ATOLL_TRY(finish_pack(*blobs_, *writer, found.footer, (*reader)->header(), (*reader)->header_bytes(),
                            (*reader)->domain_pack_key(), salt, {options_.parity_data, options_.parity_count}));
      return writer->position();
    };
    if (auto finished = finish()) {
      record.info.is_sealed = true;
      record.info.stored_bytes = *finished;
      ++open_report_.packs_finished;
    } else {
      if (!platform::is_full(finished.error())) return pass(std::move(finished).error());
      warn("pack " + id.text() + " stays unfinished: " + finished.error().message);
    }
  }
  index_footer(id, found.footer, record);
  if (!record.info.is_sealed) record.is_indexed = false;
  keep();
  return {};
}

// ---- packs that went away, and came back

Result<std::vector<PackId>> ChunkStore::State::missing_packs() {
  const auto packs = list_packs();
  ATOLL_ASSIGN(const auto blobs, blobs_->enumerate());
  std::vector<PackId> out;
  for (const PackInfo& pack : packs) {
    if (!pack.is_sealed || pack.is_being_written || pack.is_condemned) continue;
    const std::string name = pack_blob_name(pack.id);
    if (std::ranges::binary_search(blobs, name, {}, &blob::BlobInfo::name)) continue;
    // It may have been sealed or removed since it was listed.
    ATOLL_ASSIGN(const auto info, blobs_->stat(name));
    if (info) continue;
    const std::shared_lock lock(packs_mutex_);
    const auto found = packs_.find(pack.id);
    if (found != packs_.end() && !found->second.info.is_condemned) out.push_back(pack.id);
  }
  if (!writable_ || out.empty()) return out;
  const std::lock_guard lock(doubts_mutex_);
  for (const PackId& id : out) doubts_.emplace(id, kWholePack);
  has_doubts_.store(true, std::memory_order_release);
  return out;
}

Result<void> ChunkStore::State::index_what_is_lost(const PackId& id, const Footer& footer, PackRecord& record) {
  record.info.chunks = footer.chunks.size();
  record.info.raw_bytes = footer.raw_bytes;
  record.is_indexed = true;
  const std::lock_guard publishing(publish_mutex_);
  const std::shared_lock guard(index_guard_);
  for (const auto& chunk : footer.chunks) {
    ATOLL_ASSIGN(const auto entry, entry_of(chunk.id));
    if (entry && entry->pack != id) {
      const std::shared_lock lock(packs_mutex_);
      if (packs_.contains(entry->pack)) {  // stored again meanwhile
        record.may_hold_copies = true;
        continue;
      }
    }
    const auto& group = footer.groups[chunk.group];
    const Location location{id, static_cast<std::uint32_t>(group.offset), group.sealed_length, chunk.offset,
                            chunk.length};
    record.is_indexed = put_in_index(chunk.id, location) && record.is_indexed;
  }
  return {};
}

Result<void> ChunkStore::State::take_back_pack(const PackId& id) {
  const std::string name = pack_blob_name(id);
  blobs_->forget(name);
  forget_reader(id);
  ATOLL_ASSIGN(const auto info, blobs_->stat(name));
  bool is_written_to = false;
  {
    const std::lock_guard writing(writing_mutex_);
    is_written_to = is_being_written(id);
  }
  if (!info || (!info->is_finished && is_written_to))
    return fail(ErrorKind::not_found, "pack.not_found", "there is no whole file of the pack " + id.text());
  if (!info->is_finished) {
    // Its groups are what counts, as where a session ended abruptly.
    const std::lock_guard publishing(publish_mutex_);
    const std::shared_lock guard(index_guard_);
    ATOLL_TRY(scan_unfinished(id, info->size));
  }
  const bool is_known = !info->is_finished || [&] {
    const std::shared_lock lock(packs_mutex_);
    const auto found = packs_.find(id);
    return found != packs_.end() && found->second.is_indexed && found->second.info.is_readable &&
           found->second.info.stored_bytes == info->size;
  }();
  if (!is_known) {
    ATOLL_ASSIGN(const auto reader, reader_of(id));
    ATOLL_ASSIGN(const Footer footer, reader->read_footer(true));
    PackRecord record;
    record.info.id = id;
    record.info.stored_bytes = info->size;
    record.info.domain = reader->header().domain;
    record.info.temperature = reader->header().temperature;
    ATOLL_TRY(index_what_is_lost(id, footer, record));
    const std::unique_lock lock(packs_mutex_);
    PackRecord& known = packs_[id];
    record.info.is_condemned = known.info.is_condemned;
    record.last_hit_epoch = std::max(known.last_hit_epoch, epoch_.load(std::memory_order_relaxed));
    known = record;
  }
  const std::lock_guard lock(doubts_mutex_);
  std::erase_if(doubts_, [&](const auto& one) { return one.first == id; });
  has_doubts_.store(!doubts_.empty(), std::memory_order_release);
  return {};
}

// index_guard_ is held exclusively.
Result<void> ChunkStore::State::refill_index() {
  index_.reset();
  {
    const std::lock_guard lock(overlay_mutex_);
    overlay_.clear();
    has_overlay_.store(false);
  }
  if (writable_) {
    ATOLL_TRY(run::RunSet::remove_all(machine_, index_folder_));
    ATOLL_TRY(open_index());
  }
  std::vector<std::shared_ptr<PackWriter>> open_packs;
  {
    const std::lock_guard lock(writing_mutex_);
    open_packs = open_packs_;
  }
  auto packs = list_packs();
  // Whatever lies in a condemned pack and in another one is read from the other.
  std::ranges::stable_partition(packs, &PackInfo::is_condemned);
  for (const PackInfo& info : packs) {
    const auto writer =
        std::ranges::find_if(open_packs, [&](const auto& pack) { return pack->header().id == info.id; });
    PackRecord record;
    record.info = info;
    if (writer != open_packs.end()) {
      // What is still pending comes with publish().
      const Footer footer = (*writer)->footer();
      for (const auto& chunk : footer.chunks) {
        if (pending_.find(chunk.id)) continue;
        const auto& group = footer.groups[chunk.group];
        (void)put_in_index(chunk.id, {info.id, static_cast<std::uint32_t>(group.offset), group.sealed_length,
                                      chunk.offset, chunk.length});
      }
      continue;
    }
    const auto reader = reader_of(info.id);
    if (!reader) continue;
    codec::Decompressor decompressor;
    auto footer = info.is_sealed ? (*reader)->read_footer(true) : Result<Footer>(Footer{});
    if (!footer || !info.is_sealed) {
      auto found = (*reader)->walk_groups(decompressor);
      if (!found) continue;
      index_footer(info.id, found->footer, record);
      record.is_indexed = false;
    } else {
      index_footer(info.id, *footer, record);
    }
    const std::unique_lock lock(packs_mutex_);
    const auto found = packs_.find(info.id);
    if (found != packs_.end()) found->second.is_indexed = record.is_indexed;
  }
  if (index_ && writable_) ATOLL_TRY(index_->flush(encode_index_state()));
  return {};
}

Result<void> ChunkStore::State::rebuild_index() {
  const std::unique_lock guard(index_guard_);
  {
    const std::unique_lock lock(packs_mutex_);
    for (auto& [id, record] : packs_) record.is_indexed = false;
  }
  copies_are_known_.store(false);
  return refill_index();
}

Result<void> ChunkStore::State::recover_index() {
  index_rebuilds_.fetch_add(1);
  return rebuild_index();
}

Result<bool> ChunkStore::State::maintain() {
  std::uint64_t entries = 0;
  {
    const std::shared_lock guard(index_guard_);
    if (!index_ || !writable_) return false;
    ATOLL_ASSIGN(const bool has_merged, index_->maybe_merge());
    if (has_merged) return true;
    entries = index_->stats().entries;
  }
  std::uint64_t chunks = 0;
  for (const PackInfo& info : list_packs()) chunks += info.chunks;
  // The last compaction is compared with, too: entries of packs that cannot be read stay although nobody counts them.
  const std::uint64_t needed = std::max(chunks, entries_when_compacted_.load());
  if (entries < kCompactFromEntries || entries - entries / 4 < needed) return false;
  ATOLL_TRY(compact_index());
  return true;
}

}  // namespace atl::chunk
