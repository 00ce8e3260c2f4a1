// Gathers chunks into groups and writes these.
#include <algorithm>
#include <utility>

#include "foundation/codec/hash.h"
#include "store/chunk/internal/store_state.h"

namespace atl::chunk {
namespace {

constexpr std::size_t kWarmGroupBytes = 1024 * 1024;
constexpr std::size_t kColdGroupBytes = 8 * 1024 * 1024;
constexpr std::size_t kSmallBodyBytes = 32 * 1024;

}  // namespace

GroupPlan group_plan(Temperature temperature, const ChunkStoreOptions& options) {
  switch (temperature) {
    case Temperature::hot: return {{codec::CompressionCodec::lz4, 0}, kWarmGroupBytes, 1};
    case Temperature::cold:
      return {{codec::CompressionCodec::zstd, options.zstd_level_cold}, kColdGroupBytes, kGroupChunksMax};
    case Temperature::warm: break;
  }
  return {{codec::CompressionCodec::zstd, options.zstd_level_warm}, kWarmGroupBytes, kGroupChunksMax};
}

ChunkWriter::State::State(ChunkStore::State& store, DomainNumber domain, Temperature temperature)
    : store_(store),
      domain_(domain),
      temperature_(temperature),
      keys_(store.keys_.domain(domain)),
      plan_(group_plan(temperature, store.options_)) {}

Result<ChunkId> ChunkWriter::State::id_of(ByteView plain) const {
  if (keys_ == nullptr) {
    return fail(ErrorKind::not_found, "chunk.no_domain", "there is no key domain " + std::to_string(domain_.value));
  }
  return ChunkId{codec::blake3_keyed(keys_->id_key, plain)};
}

Result<AddedChunk> ChunkWriter::State::add(ByteView plain) {
  if (plain.size() > kChunkBytesMax) {
    return fail(ErrorKind::limit, "chunk.too_long", "a chunk has at most " + std::to_string(kChunkBytesMax) + " bytes");
  }
  ATOLL_ASSIGN(const ChunkId id, id_of(plain));
  ATOLL_TRY(store_.refuse_stopped());
  const auto length = static_cast<std::uint32_t>(plain.size());
  const auto known = [&] {
    store_.chunks_known_.fetch_add(1, std::memory_order_relaxed);
    return AddedChunk{id, false};
  };

  const std::lock_guard lock(mutex_);
  for (;;) {
    if (store_.pending_.find(id)) return known();
    const std::uint64_t moves = store_.pending_.moves(id);
    ATOLL_ASSIGN(const auto place, store_.find_in_index(id, ChunkStore::State::Look::build_on));
    if (place) return known();
    // Before the chunk is taken: what is taken is never given back, because others may build on it.
    ATOLL_TRY(make_room(plain.size()));
    const auto taken = store_.pending_.take(id, length, moves);
    if (taken == PendingChunks::Taken::known) return known();
    if (taken == PendingChunks::Taken::yes) break;
  }
  store_.chunks_added_.fetch_add(1, std::memory_order_relaxed);

  Result<void> written;
  if (plain.size() >= kAloneFromBytes) {
    const DirectoryEntry entry{id, 0, length};
    written = write_group(std::span(&entry, 1), plain);
    if (!written) {
      alone_ = {entry};
      alone_body_ = Buffer(plain.size());
      std::ranges::copy(plain, alone_body_.data());
    }
  } else {
    if (entries_.empty()) body_.clear();
    entries_.push_back({id, static_cast<std::uint32_t>(body_.size()), length});
    gather(plain);
    if (entries_.size() >= plan_.chunks_max || body_.size() == plan_.bytes_max) written = flush_group();
  }
  // Whatever else went wrong, the chunk is kept in memory and its writing is tried again by the next call.
  if (!written && store_.is_stopped()) return pass(std::move(written).error());
  return AddedChunk{id, true};
}

Result<void> ChunkWriter::State::make_room(std::size_t length) {
  if (length >= kAloneFromBytes) return flush_alone();
  if (!entries_.empty() && (body_.size() + length > plan_.bytes_max || entries_.size() >= plan_.chunks_max)) {
    return flush_group();
  }
  return {};
}

// What is more than a little may become a whole group: growing there step by step would copy it three times.
void ChunkWriter::State::gather(ByteView plain) {
  const std::size_t size = body_.size() + plain.size();
  if (size > body_.capacity() && size > kSmallBodyBytes) {
    Buffer whole = store_.bodies_.take(size <= kWarmGroupBytes ? kWarmGroupBytes : plan_.bytes_max);
    whole.clear();
    whole.append(body_.view());
    store_.bodies_.give(std::exchange(body_, std::move(whole)));
  }
  body_.append(plain);
}

Result<void> ChunkWriter::State::flush_group() {
  if (entries_.empty()) return {};
  ATOLL_TRY(write_group(entries_, body_.view()));
  entries_.clear();
  body_.clear();
  return {};
}

Result<void> ChunkWriter::State::flush_alone() {
  if (alone_.empty()) return {};
  ATOLL_TRY(write_group(alone_, alone_body_.view()));
  alone_.clear();
  alone_body_ = Buffer();
  return {};
}

Result<void> ChunkWriter::State::flush() {
  const std::lock_guard lock(mutex_);
  ATOLL_TRY(flush_alone());
  return flush_group();
}

bool ChunkWriter::State::is_empty() {
  const std::lock_guard lock(mutex_);
  return entries_.empty() && alone_.empty();
}

Result<void> ChunkWriter::State::write_group(std::span<const DirectoryEntry> entries, ByteView body) {
  ATOLL_TRY(store_.refuse_stopped());
  const auto give_back = [this](ChunkStore::State::SealingTools* used) {
    store_.give_tools(std::unique_ptr<ChunkStore::State::SealingTools>(used));
  };
  const std::unique_ptr<ChunkStore::State::SealingTools, decltype(give_back)> tools(store_.take_tools().release(),
                                                                                    give_back);
  GroupSealer& group = tools->group;
  ATOLL_TRY(group.prepare(entries, body, plan_.codec));
  ATOLL_ASSIGN(const auto reservation, store_.reserve(domain_, temperature_));
  PackWriter& pack = *reservation->pack();
  if (!tools->sealer || tools->pack != pack.header().id) {
    tools->sealer = pack.new_sealer();
    tools->pack = pack.header().id;
  }
  ATOLL_TRY(group.seal(*tools->sealer, pack.header_bytes(), reservation->number(), body));
  if (store_.options_.check_room) ATOLL_TRY(store_.options_.check_room(group.frame().size()));
  bool is_full = false;
  auto offset = pack.append(group.frame(), group.header(), entries, is_full);
  if (!offset) {
    if (!platform::is_full(offset.error())) store_.stop(offset.error());
    return pass(std::move(offset).error());
  }
  for (const DirectoryEntry& entry : entries) {
    store_.pending_.located(entry.id, {pack.header().id, static_cast<std::uint32_t>(*offset),
                                       group.header().sealed_length, entry.offset, entry.length});
  }
  store_.groups_written_.fetch_add(1, std::memory_order_relaxed);
  store_.bytes_written_.fetch_add(group.frame().size(), std::memory_order_relaxed);
  if (is_full) store_.retire(reservation->pack());
  return {};
}

}  // namespace atl::chunk
