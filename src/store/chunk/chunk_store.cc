#include "store/chunk/chunk_store.h"

#include "store/chunk/internal/store_state.h"

namespace atl::chunk {

ChunkWriter::ChunkWriter(std::shared_ptr<void> store, std::shared_ptr<State> state)
    : store_(std::move(store)), state_(std::move(state)) {}
ChunkWriter::~ChunkWriter() { state_->store().drop_writer(state_); }
Result<AddedChunk> ChunkWriter::add(ByteView plain) { return state_->add(plain); }
Result<void> ChunkWriter::flush() { return state_->flush(); }
Result<ChunkId> ChunkWriter::id_of(ByteView plain) const { return state_->id_of(plain); }

ChunkStore::ChunkStore(std::shared_ptr<State> state) : state_(std::move(state)) {}
ChunkStore::~ChunkStore() = default;

Result<std::unique_ptr<ChunkStore>> ChunkStore::open(const platform::Machine& machine, const std::string& vault_folder,
                                                     const keyring::Keyring& keys, const ChunkStoreOptions& options,
                                                     bool writable) {
  auto state = std::make_shared<State>(machine, vault_folder, keys, options, writable);
  ATOLL_TRY(state->open());
  return std::unique_ptr<ChunkStore>(new ChunkStore(std::move(state)));
}

const OpenReport& ChunkStore::open_report() const { return state_->open_report_; }

std::unique_ptr<ChunkWriter> ChunkStore::new_writer(DomainNumber domain, Temperature temperature) {
  auto writer = std::make_shared<ChunkWriter::State>(*state_, domain, temperature);
  state_->add_writer(writer);
  return std::unique_ptr<ChunkWriter>(new ChunkWriter(state_, std::move(writer)));
}

Result<std::vector<NewPack>> ChunkStore::sync() { return state_->sync(); }
Result<void> ChunkStore::seal_packs() { return state_->seal_packs(); }
Result<void> ChunkStore::close() { return state_->close(); }

Result<void> ChunkStore::read(const ChunkId& id, DomainNumber domain, Buffer& out) {
  return state_->read(id, domain, out);
}

Result<ChunkView> ChunkStore::view(const ChunkId& id, DomainNumber domain, const ChunkView* last) {
  if (last != nullptr) {
    if (auto next = State::view_behind(*last, id, domain)) return std::move(*next);
  }
  return state_->view(id, domain);
}

Result<bool> ChunkStore::contains(const ChunkId& id) {
  ATOLL_ASSIGN(const auto found, state_->find(id, State::Look::tell));
  return found.is_there();
}

Result<std::uint64_t> ChunkStore::length_of(const ChunkId& id) {
  ATOLL_ASSIGN(const auto found, state_->find(id, State::Look::read));
  if (!found.is_there()) {
    return fail(ErrorKind::not_found, "chunk.not_found", "there is no chunk " + to_hex(id.view()).substr(0, 16));
  }
  return found.length;
}

Result<std::optional<ChunkPlace>> ChunkStore::place_of(const ChunkId& id) { return state_->place_of(id); }
Result<std::uint64_t> ChunkStore::stored_bytes_as(std::span<const ChunkId> ids, DomainNumber domain,
                                                  Temperature temperature) {
  return state_->stored_bytes_as(ids, domain, temperature);
}

Result<VerifyReport> ChunkStore::verify(const VerifyOptions& options) { return state_->verify(options); }
std::vector<PackId> ChunkStore::doubted_packs() const { return state_->doubted_packs(); }
Result<std::vector<PackId>> ChunkStore::missing_packs() { return state_->missing_packs(); }
Result<void> ChunkStore::take_back_pack(const PackId& id) { return state_->take_back_pack(id); }
Result<bool> ChunkStore::maintain() { return state_->maintain(); }
Result<void> ChunkStore::rebuild_index() { return state_->rebuild_index(); }
std::vector<PackInfo> ChunkStore::list_packs() const { return state_->list_packs(); }
std::vector<OpenPack> ChunkStore::open_packs() const { return state_->open_packs(); }
Result<void> ChunkStore::compact_index() { return state_->compact_index(); }

ChunkUse::ChunkUse(std::shared_ptr<void> store, std::function<void()> end)
    : store_(std::move(store)), end_(std::move(end)) {}
ChunkUse::~ChunkUse() { end_(); }

std::unique_ptr<ChunkUse> ChunkStore::begin_use() {
  State& state = *state_;
  const std::uint64_t epoch = state.begin_use();
  return std::unique_ptr<ChunkUse>(new ChunkUse(state_, [&state, epoch] { state.end_use(epoch); }));
}

CollectionMark ChunkStore::begin_collection() { return state_->begin_collection(); }
Result<std::vector<PackId>> ChunkStore::condemn(std::span<const PackId> packs, const CollectionMark& mark) {
  return state_->condemn(packs, mark);
}
void ChunkStore::condemn_again(std::span<const PackId> packs) { state_->condemn_again(packs); }
Result<void> ChunkStore::for_each_location(const ChunkPlaceVisitor& visit) { return state_->for_each_location(visit); }
Result<RewriteReport> ChunkStore::rewrite(std::span<const PackId> sources, const WantedChunk& wanted,
                                          const RewriteOptions& options) {
  return state_->rewrite(sources, wanted, options);
}
Result<bool> ChunkStore::remove_pack(const PackId& id) { return state_->remove_pack(id); }
Result<void> ChunkStore::for_each_chunk_in_pack(const PackId& id, const ChunkVisitor& visit) {
  return state_->for_each_chunk_in_pack(id, visit);
}

Totals ChunkStore::totals() const {
  Totals totals;
  for (const PackInfo& info : state_->list_packs()) {
    ++totals.packs;
    totals.chunks += info.chunks;
    totals.stored_bytes += info.stored_bytes;
    totals.raw_bytes += info.raw_bytes;
  }
  return totals;
}

ChunkStats ChunkStore::stats() const { return state_->stats(); }

}  // namespace atl::chunk
