// The packs that are being written: begun, synced, made known to the index, sealed.
#include <algorithm>

#include "store/chunk/internal/store_state.h"

namespace atl::chunk {

Result<void> ChunkStore::State::refuse_stopped() const {
  if (!writable_) {
    return fail(ErrorKind::usage, "chunk.read_only", "the store was opened for reading only");
  }
  const std::lock_guard lock(writing_mutex_);
  if (!stopped_) return {};
  return fail(ErrorKind::io, "chunk.stopped", "nothing is written any more since a write failed: " + stopped_->message,
              "open the vault again once the disk is well");
}

void ChunkStore::State::stop(const Error& error) {
  const std::lock_guard lock(writing_mutex_);
  if (!stopped_) stopped_ = error;
}

bool ChunkStore::State::is_stopped() const {
  const std::lock_guard lock(writing_mutex_);
  return stopped_.has_value();
}

// Later packs sort behind earlier ones, whatever the clock does: of two copies of a chunk the one in the later pack
// counts. writing_mutex_ is held.
PackId ChunkStore::State::next_pack_id() {
  std::array<std::uint8_t, 10> bits{};
  machine_.random.fill(bits);
  const auto now_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(0, machine_.clock.now().unix_us / 1000));
  newest_pack_ms_ = std::max(now_ms, newest_pack_ms_ + 1);
  return PackId::v7(newest_pack_ms_, bits);
}

Result<PackHeader> ChunkStore::State::new_pack_header(DomainNumber domain, Temperature temperature) {
  if (keys_.domain(domain) == nullptr) {
    return fail(ErrorKind::not_found, "chunk.no_domain", "there is no key domain " + std::to_string(domain.value));
  }
  PackHeader header;
  header.vault = keys_.vault();
  header.id = next_pack_id();
  header.domain = domain;
  header.temperature = temperature;
  header.suite = keys_.suite();
  machine_.random.fill(header.salt);
  return header;
}

Result<std::unique_ptr<ChunkStore::State::Reservation>> ChunkStore::State::reserve(DomainNumber domain,
                                                                                   Temperature temperature) {
  const std::lock_guard lock(writing_mutex_);
  const std::pair key(domain, temperature);
  if (const auto found = current_.find(key); found != current_.end()) {
    if (const auto number = found->second->reserve())
      return std::make_unique<Reservation>(*this, found->second, *number);
    current_.erase(found);
  }
  ATOLL_ASSIGN(const PackHeader header, new_pack_header(domain, temperature));
  auto pack = PackWriter::begin(*blobs_, header, keys_.domain(domain)->pack_key, {options_.pack_bytes_target});
  if (!pack) {
    if (!platform::is_full(pack.error()) && !stopped_) stopped_ = pack.error();
    return pass(std::move(pack).error());
  }
  current_[key] = *pack;
  open_packs_.push_back(*pack);
  begun_.push_back({header.id, domain, temperature});
  {
    const std::lock_guard packs_lock(packs_mutex_);
    PackRecord& record = packs_[header.id];
    record.info.id = header.id;
    record.info.domain = domain;
    record.info.temperature = temperature;
    record.info.is_sealed = false;
  }
  const auto number = (*pack)->reserve();
  ATOLL_INVARIANT(number.has_value(), "a new pack has numbers");
  return std::make_unique<Reservation>(*this, *pack, *number);
}

void ChunkStore::State::retire(const std::shared_ptr<PackWriter>& pack) {
  {
    const std::lock_guard lock(writing_mutex_);
    const auto found = current_.find({pack->header().domain, pack->header().temperature});
    if (found != current_.end() && found->second == pack) current_.erase(found);
  }
  (void)pack->retire();  // the caller holds a number of it still, and seals when giving that back
}

void ChunkStore::State::retire_all(const CurrentPacks& packs) {
  for (const auto& [kind, pack] : packs) {
    if (pack->retire()) seal_if_possible(pack);  // else whoever holds its last number seals it
  }
}

void ChunkStore::State::end_current_packs() {
  CurrentPacks ended;
  {
    const std::lock_guard lock(writing_mutex_);
    ended.swap(current_);
  }
  retire_all(ended);
}

Result<void> ChunkStore::State::seal(PackWriter& pack) {
  if (pack.is_sealed()) return {};
  auto sealed = pack.seal(machine_.random, {options_.parity_data, options_.parity_count});
  if (!sealed) {
    if (!platform::is_full(sealed.error())) stop(sealed.error());
    return sealed;
  }
  {
    // Keys of packs that nobody writes to any more are not kept.
    const std::lock_guard lock(tools_mutex_);
    tools_.clear();
  }
  const auto sizes = pack.sizes();
  const std::lock_guard lock(packs_mutex_);
  PackInfo& info = packs_[pack.header().id].info;
  info.is_sealed = true;
  info.chunks = sizes.chunks;
  info.stored_bytes = sizes.stored_bytes;
  info.raw_bytes = sizes.raw_bytes;
  return {};
}

void ChunkStore::State::seal_if_possible(const std::shared_ptr<PackWriter>& pack) {
  if (is_stopped()) return;
  // Where the disk is full it stays as it is, durable after every sync(), and is tried again there.
  if (seal(*pack)) publish();
}

std::unique_ptr<ChunkStore::State::SealingTools> ChunkStore::State::take_tools() {
  {
    const std::lock_guard lock(tools_mutex_);
    if (!tools_.empty()) {
      auto tools = std::move(tools_.back());
      tools_.pop_back();
      return tools;
    }
  }
  return std::make_unique<SealingTools>();
}

void ChunkStore::State::give_tools(std::unique_ptr<SealingTools> tools) {
  constexpr std::size_t kept_bytes_max = 8 * kMiB;  // of buffers in each
  if (tools->group.buffer_bytes() > kept_bytes_max) return;
  const std::lock_guard lock(tools_mutex_);
  if (tools_.size() < std::max<std::size_t>(4, 2 * machine_.threads.hardware_count()))
    tools_.push_back(std::move(tools));
}

void ChunkStore::State::add_writer(const std::shared_ptr<ChunkWriter::State>& writer) {
  const std::lock_guard lock(writers_mutex_);
  writers_.push_back(writer);
}

void ChunkStore::State::drop_writer(const std::shared_ptr<ChunkWriter::State>& writer) {
  if (!writer->is_empty()) return;
  const std::lock_guard lock(writers_mutex_);
  writers_.remove(writer);
}

Result<void> ChunkStore::State::flush_writers() {
  std::vector<std::shared_ptr<ChunkWriter::State>> writers;
  {
    const std::lock_guard lock(writers_mutex_);
    writers.assign(writers_.begin(), writers_.end());
  }
  for (const auto& writer : writers) ATOLL_TRY(writer->flush());
  writers.clear();
  // Those whose ChunkWriter is gone are not needed any more.
  const std::lock_guard lock(writers_mutex_);
  writers_.remove_if([](const auto& writer) { return writer.use_count() == 1 && writer->is_empty(); });
  return {};
}

std::vector<OpenPack> ChunkStore::State::open_packs() {
  std::vector<std::shared_ptr<PackWriter>> packs;
  {
    const std::lock_guard lock(writing_mutex_);
    packs = open_packs_;
  }
  std::vector<OpenPack> open;
  for (const auto& pack : packs) {
    if (!pack->is_sealed()) open.push_back({pack->header().id, pack->durable_bytes()});
  }
  return open;
}

void ChunkStore::State::publish() {
  const std::lock_guard publishing(publish_mutex_);
  const std::shared_lock guard(index_guard_);
  std::vector<std::shared_ptr<PackWriter>> packs;
  {
    const std::lock_guard lock(writing_mutex_);
    packs = open_packs_;
  }
  for (const auto& pack : packs) {
    const auto durable = pack->durable_chunks();
    bool is_indexed = true;
    for (const auto& [id, location] : durable.chunks) {
      is_indexed = put_in_index(id, location) && is_indexed;
      pending_.moved_on(id);
    }
    pack->drop_published(durable.end);
    if (!is_indexed) pack->leave_out_of_index_state();
    {
      // add() may have found chunks of it while they were pending, which left no mark on it.
      const std::lock_guard lock(packs_mutex_);
      const auto record = packs_.find(pack->header().id);
      if (record != packs_.end()) record->second.last_hit_epoch = epoch_.load(std::memory_order_relaxed);
    }
    if (pack->is_sealed() && pack->is_all_published() && !pack->is_left_out_of_index_state()) {
      const std::lock_guard lock(packs_mutex_);
      const auto record = packs_.find(pack->header().id);
      if (record != packs_.end()) record->second.is_indexed = true;  // else it was removed meanwhile
    }
  }
  const std::lock_guard lock(writing_mutex_);
  std::erase_if(open_packs_, [](const auto& pack) { return pack->is_sealed() && pack->is_all_published(); });
}

void ChunkStore::State::flush_index() {
  const std::shared_lock guard(index_guard_);
  if (!index_) return;
  // The index is derived: where it cannot be saved, the next open scans more packs, and that is all.
  ignore_error_on_purpose(index_->flush(encode_index_state()));
}

Result<std::vector<NewPack>> ChunkStore::State::sync_packs() {
  ATOLL_TRY(refuse_stopped());
  ATOLL_TRY(flush_writers());
  std::vector<std::shared_ptr<PackWriter>> packs;
  std::vector<NewPack> begun;
  {
    const std::lock_guard lock(writing_mutex_);
    packs = open_packs_;
    begun = begun_;
  }
  for (const auto& pack : packs) {
    if (auto synced = pack->sync(); !synced) {
      stop(synced.error());
      return pass(std::move(synced).error());
    }
  }
  publish();
  bool wants_flush = false;
  {
    const std::shared_lock guard(index_guard_);
    wants_flush = index_ && index_->wants_flush();
  }
  if (wants_flush) flush_index();
  return begun;
}

Result<std::vector<NewPack>> ChunkStore::State::sync() {
  const std::lock_guard lock(sync_mutex_);
  ATOLL_ASSIGN(auto begun, sync_packs());
  const std::lock_guard writing(writing_mutex_);
  std::erase_if(begun_, [&](const NewPack& pack) { return std::ranges::find(begun, pack) != begun.end(); });
  return begun;
}

Result<void> ChunkStore::State::seal_all() {
  ATOLL_TRY(sync_packs());
  std::vector<std::shared_ptr<PackWriter>> packs;
  {
    const std::lock_guard lock(writing_mutex_);
    current_.clear();
    packs = open_packs_;
  }
  for (const auto& pack : packs) {
    if (pack->retire()) ATOLL_TRY(seal(*pack));  // else whoever holds its last number seals it
  }
  publish();
  flush_index();
  return {};
}

Result<void> ChunkStore::State::seal_packs() {
  const std::lock_guard lock(sync_mutex_);
  return seal_all();
}

Result<void> ChunkStore::State::close() {
  const std::lock_guard lock(sync_mutex_);
  if (!writable_) return {};
  ATOLL_TRY(seal_all());
  stop({ErrorKind::usage, "chunk.closed", "the store is closed", {}, 0});
  return {};
}

}  // namespace atl::chunk
