// The inside of a ChunkStore. Split over store_state.cc (index and reading), store_write.cc (packs being written),
// store_open.cc (what open() finds) and verify.cc.
//
// Locks, in the order in which they may be taken (each may be skipped):
//   sync_mutex_ > a writer's mutex > publish_mutex_ > index_guard_ > writing_mutex_ > a pack's own > packs_mutex_,
//   readers_mutex_, overlay_mutex_, parts of pending_ and cache_ (under these nothing else is taken)
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "store/blob/blob_store.h"
#include "store/blob/disk_blob_store.h"
#include "store/chunk/chunk_store.h"
#include "store/chunk/internal/group_cache.h"
#include "store/chunk/internal/pack_reader.h"
#include "store/chunk/internal/pack_writer.h"
#include "store/chunk/internal/pending_chunks.h"

namespace atl::chunk {

class ChunkStore::State {
 public:
  State(const platform::Machine& machine, const std::string& vault_folder, const keyring::Keyring& keys,
        const ChunkStoreOptions& options, bool writable);

  // ---- store_open.cc
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> rebuild_index();
  [[nodiscard]] Result<bool> maintain();
  [[nodiscard]] Bytes encode_index_state() const;

  // ---- store_state.cc
  struct Found {
    std::optional<Location> location;
    bool is_gathered = false;  // by a writer: in no pack yet
    std::uint64_t length = 0;
    [[nodiscard]] bool is_there() const { return is_gathered || location.has_value(); }
  };
  [[nodiscard]] Result<Found> find(const ChunkId& id);
  // The index alone, pending chunks left out.
  [[nodiscard]] Result<std::optional<Location>> find_in_index(const ChunkId& id);
  [[nodiscard]] Result<void> read(const ChunkId& id, DomainNumber domain, Buffer& out);
  [[nodiscard]] Result<std::shared_ptr<PackReader>> reader_of(const PackId& id);
  void forget_reader(const PackId& id);
  [[nodiscard]] std::vector<PackInfo> list_packs() const;
  [[nodiscard]] std::vector<OpenPack> open_packs();
  [[nodiscard]] Result<bool> remove_pack(const PackId& id);
  [[nodiscard]] Result<void> for_each_chunk_in_pack(const PackId& id, const ChunkVisitor& visit);
  [[nodiscard]] ChunkStats stats() const;
  // An entry for a durable chunk: into the index, or, where that cannot be written, into memory (false then).
  bool put_in_index(const ChunkId& id, const Location& location);  // index_guard_ is held, shared at least
  void remove_from_index(const ChunkId& id);

  // ---- store_write.cc
  class Reservation;
  [[nodiscard]] Result<std::unique_ptr<Reservation>> reserve(DomainNumber domain, Temperature temperature);
  [[nodiscard]] Result<void> refuse_stopped() const;
  void stop(const Error& error);
  [[nodiscard]] bool is_stopped() const;
  void add_writer(const std::shared_ptr<ChunkWriter::State>& writer);
  void drop_writer(const std::shared_ptr<ChunkWriter::State>& writer);  // kept while it gathers something
  [[nodiscard]] Result<void> flush_writers();
  [[nodiscard]] Result<std::vector<NewPack>> sync();
  [[nodiscard]] Result<void> seal_packs();
  [[nodiscard]] Result<void> close();
  void retire(const std::shared_ptr<PackWriter>& pack);
  void seal_if_possible(const std::shared_ptr<PackWriter>& pack);

  // ---- verify.cc
  [[nodiscard]] Result<VerifyReport> verify(const VerifyOptions& options);

 private:
  friend class ChunkStore;
  friend struct ChunkWriter::State;
  friend class Verification;

  struct PackRecord {
    PackInfo info;
    bool is_indexed = false;  // every chunk of it is in the index's files or memtable
  };

  // store_open.cc
  [[nodiscard]] Result<void> open_index();
  [[nodiscard]] Result<void> load_packs(const std::vector<blob::BlobInfo>& blobs);
  [[nodiscard]] Result<void> scan_sealed(const PackId& id, std::uint64_t file_bytes);
  [[nodiscard]] Result<void> scan_unfinished(const PackId& id, std::uint64_t file_bytes);
  void index_footer(const PackId& id, const Footer& footer, PackRecord& record);
  void warn(std::string message);
  [[nodiscard]] std::unordered_map<PackId, PackInfo> decode_index_state(ByteView state) const;
  [[nodiscard]] Result<void> recover_index();
  [[nodiscard]] Result<void> refill_index();
  // store_write.cc
  [[nodiscard]] Result<std::vector<NewPack>> sync_packs();  // sync_mutex_ is held
  [[nodiscard]] Result<void> seal_all();                    // sync_mutex_ is held
  [[nodiscard]] Result<void> seal(PackWriter& pack);
  [[nodiscard]] PackId next_pack_id();
  void publish();  // moves what is durable from pending_ to the index
  void flush_index();

  platform::Machine machine_;
  const keyring::Keyring& keys_;
  ChunkStoreOptions options_;
  bool writable_;
  std::string index_folder_;
  std::unique_ptr<blob::BlobStore> blobs_;
  OpenReport open_report_;
  BufferPool pool_;
  GroupCache cache_;
  PendingChunks pending_;

  std::shared_mutex index_guard_;       // exclusive: the index itself is replaced
  std::unique_ptr<run::RunSet> index_;  // null: everything is in overlay_
  mutable std::mutex overlay_mutex_;
  std::unordered_map<ChunkId, Location> overlay_;  // guarded by overlay_mutex_; newer than what the index says
  std::atomic<bool> has_overlay_ = false;

  mutable std::shared_mutex packs_mutex_;
  std::unordered_map<PackId, PackRecord> packs_;  // guarded by packs_mutex_; chunks in no other pack exist

  std::mutex readers_mutex_;
  std::unordered_map<PackId, std::shared_ptr<PackReader>> readers_;  // guarded by readers_mutex_

  std::mutex sync_mutex_;
  std::mutex publish_mutex_;
  mutable std::mutex writing_mutex_;
  std::map<std::pair<DomainNumber, Temperature>, std::shared_ptr<PackWriter>> current_;  // guarded by writing_mutex_
  std::vector<std::shared_ptr<PackWriter>> open_packs_;  // guarded by writing_mutex_; until sealed and in the index
  std::uint64_t newest_pack_ms_ = 0;                     // guarded by writing_mutex_; of the newest pack id
  std::vector<NewPack> begun_;                           // guarded by writing_mutex_
  std::optional<Error> stopped_;                         // guarded by writing_mutex_

  std::mutex writers_mutex_;
  std::list<std::shared_ptr<ChunkWriter::State>> writers_;  // guarded by writers_mutex_

  std::atomic<std::uint64_t> chunks_added_ = 0;
  std::atomic<std::uint64_t> chunks_known_ = 0;
  std::atomic<std::uint64_t> groups_written_ = 0;
  std::atomic<std::uint64_t> bytes_written_ = 0;
  std::atomic<std::uint64_t> cache_hits_ = 0;
  std::atomic<std::uint64_t> groups_opened_ = 0;
  std::atomic<std::uint64_t> index_rebuilds_ = 0;
  std::atomic<std::uint64_t> healed_reads_ = 0;
};

// A pack and a seal number in it; given back when destroyed, and the pack sealed where it was the last one out.
class ChunkStore::State::Reservation {
 public:
  Reservation(State& store, std::shared_ptr<PackWriter> pack, std::uint32_t number)
      : store_(store), pack_(std::move(pack)), number_(number) {}
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  Reservation(Reservation&&) = delete;
  Reservation& operator=(Reservation&&) = delete;
  ~Reservation() {
    if (pack_->release()) store_.seal_if_possible(pack_);
  }
  [[nodiscard]] const std::shared_ptr<PackWriter>& pack() const { return pack_; }
  [[nodiscard]] std::uint32_t number() const { return number_; }

 private:
  State& store_;
  std::shared_ptr<PackWriter> pack_;
  std::uint32_t number_;
};

// What a ChunkWriter gathers. The store keeps it until nothing is left in it.
struct ChunkWriter::State {
  State(ChunkStore::State& store, DomainNumber domain, Temperature temperature);

  [[nodiscard]] Result<AddedChunk> add(ByteView plain);
  [[nodiscard]] Result<ChunkId> id_of(ByteView plain) const;
  [[nodiscard]] Result<void> flush();  // takes the mutex
  [[nodiscard]] bool is_empty();       // takes the mutex
  [[nodiscard]] ChunkStore::State& store() const { return store_; }

 private:
  [[nodiscard]] Result<void> flush_group();  // mutex held, as for all below
  [[nodiscard]] Result<void> flush_alone();
  [[nodiscard]] Result<void> make_room(std::size_t length);
  [[nodiscard]] Result<void> write_group(std::span<const DirectoryEntry> entries, ByteView body);

  ChunkStore::State& store_;
  DomainNumber domain_;
  Temperature temperature_;
  const keyring::DomainKeys* keys_;
  GroupCodec codec_;
  std::size_t group_bytes_max_;
  std::size_t group_chunks_max_;

  std::mutex mutex_;
  std::vector<DirectoryEntry> entries_;  // all below: guarded by mutex_
  Buffer body_;
  std::vector<DirectoryEntry> alone_;  // at most one: a long chunk that could not be written yet
  Buffer alone_body_;
  GroupSealer group_;
  PackId sealer_pack_;
  std::optional<codec::Sealer> sealer_;  // of sealer_pack_
};

}  // namespace atl::chunk
