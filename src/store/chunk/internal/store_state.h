// The inside of a ChunkStore. Split over store_state.cc (index and reading), store_write.cc (packs being written),
// store_open.cc (what open() finds), store_collect.cc and rewrite.cc (freeing space) and verify.cc.
//
// Locks, in the order in which they may be taken (each may be skipped):
//   removal_mutex_ > sync_mutex_ > a writer's mutex > publish_mutex_ > index_guard_ > writing_mutex_ > a pack's own >
//   packs_mutex_, readers_mutex_, overlay_mutex_, uses_mutex_, tools_mutex_, doubts_mutex_, parts of pending_ and
//   cache_ (under these nothing else is taken; uses_mutex_ and doubts_mutex_ under packs_mutex_ are the exceptions)
#pragma once

#include <atomic>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <span>
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
  // What a place is looked for to do: read it; say whether it is there; or say so to somebody who builds on it, which
  // is remembered. Condemned packs count for reading only.
  enum class Look : std::uint8_t { read, tell, build_on };
  [[nodiscard]] Result<Found> find(const ChunkId& id, Look look);
  // The index alone, pending chunks left out.
  [[nodiscard]] Result<std::optional<Location>> find_in_index(const ChunkId& id, Look look);
  // What index and overlay say, whether or not there is such a pack. index_guard_ is held, shared at least.
  [[nodiscard]] Result<std::optional<Location>> entry_of(const ChunkId& id);
  [[nodiscard]] Result<void> read(const ChunkId& id, DomainNumber domain, Buffer& out);
  [[nodiscard]] Result<ChunkView> view(const ChunkId& id, DomainNumber domain);
  [[nodiscard]] static std::optional<ChunkView> view_behind(const ChunkView& last, const ChunkId& id,
                                                            DomainNumber domain);
  [[nodiscard]] Result<ChunkView> view_at(const ChunkId& id, const Location& place, DomainNumber domain);
  // Nobody builds on what lies there any more; it could not be read, because of `why`.
  void doubt(const Location& place, const Error& why);
  void trust(const Location& place);
  [[nodiscard]] bool is_doubted(const Location& place) const;
  // The index leads to a pack that is not there: what was asked for is lost, not unknown.
  void doubt_if_gone(const ChunkId& id);
  [[nodiscard]] std::vector<PackId> doubted_packs() const;
  [[nodiscard]] Result<std::vector<PackId>> missing_packs();
  [[nodiscard]] Result<void> take_back_pack(const PackId& id);
  [[nodiscard]] Result<std::optional<ChunkPlace>> place_of(const ChunkId& id);
  [[nodiscard]] Result<std::uint64_t> stored_bytes_as(std::span<const ChunkId> ids, DomainNumber domain,
                                                      Temperature temperature);
  [[nodiscard]] Result<std::shared_ptr<PackReader>> reader_of(const PackId& id);
  void forget_reader(const PackId& id);
  [[nodiscard]] std::vector<PackInfo> list_packs() const;
  [[nodiscard]] std::vector<OpenPack> open_packs();
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
  // What sealing a group takes: the compressor's work memory, and the key of a pack made ready. To make them costs far
  // more than sealing a small group, so those that nobody uses are kept for the next one.
  struct SealingTools {
    GroupSealer group;
    PackId pack;
    std::optional<codec::CheckedSealer> sealer;  // of `pack`
  };
  [[nodiscard]] std::unique_ptr<SealingTools> take_tools();
  void give_tools(std::unique_ptr<SealingTools> tools);
  void seal_if_possible(const std::shared_ptr<PackWriter>& pack);

  // ---- store_collect.cc
  [[nodiscard]] std::uint64_t begin_use();
  void end_use(std::uint64_t epoch);
  [[nodiscard]] CollectionMark begin_collection();
  [[nodiscard]] Result<std::vector<PackId>> condemn(std::span<const PackId> packs, const CollectionMark& mark);
  void condemn_again(std::span<const PackId> packs);
  [[nodiscard]] Result<void> for_each_location(const ChunkPlaceVisitor& visit);
  [[nodiscard]] Result<bool> remove_pack(const PackId& id);
  [[nodiscard]] Result<void> compact_index();
  // The chunks that are read from there, by a look at the whole index: for packs that do not tell it themselves.
  [[nodiscard]] Result<std::vector<ChunkId>> chunks_read_from(const PackId& pack);
  // Groups and chunks of a pack that nobody writes to; from its groups where the footer cannot be read, which
  // `is_whole` tells.
  [[nodiscard]] Result<Footer> footer_of(const PackReader& pack, bool is_sealed, bool& is_whole) const;
  // The chunk in its group, compared with its id.
  [[nodiscard]] static Result<ByteView> checked_chunk(const OpenedGroup& group, const Footer::Chunk& chunk,
                                                      const keyring::DomainKeys& domain);

  // ---- rewrite.cc
  [[nodiscard]] Result<RewriteReport> rewrite(std::span<const PackId> sources, const WantedChunk& wanted,
                                              const RewriteOptions& options);

  // ---- verify.cc
  [[nodiscard]] Result<VerifyReport> verify(const VerifyOptions& options);

 private:
  friend class ChunkStore;
  friend struct ChunkWriter::State;
  friend class Verification;
  friend class Rewriting;

  static constexpr std::uint32_t kWholePack = 0;  // in doubts_: no group begins there

  struct PackRecord {
    PackInfo info;
    bool is_indexed = false;   // every chunk of it is in the index's files or memtable
    bool was_scanned = false;  // by open(): its chunks were put into the index over those of all older packs
    // It has chunks that are read from elsewhere, or may have; see copies_are_known_.
    bool may_hold_copies = false;
    // When add() last found a chunk in it. Beside packs_mutex_ held shared it is touched by atomic_ref.
    std::uint64_t last_hit_epoch = 0;
  };

  // store_open.cc
  [[nodiscard]] Result<void> open_index();
  [[nodiscard]] Result<void> load_packs(const std::vector<blob::BlobInfo>& blobs);
  [[nodiscard]] Result<void> scan_sealed(const PackId& id, std::uint64_t file_bytes);
  [[nodiscard]] Result<void> scan_unfinished(const PackId& id, std::uint64_t file_bytes);
  void index_footer(const PackId& id, const Footer& footer, PackRecord& record);
  // What of it is read from no other pack that is there: of a pack that comes back while others are in use.
  [[nodiscard]] Result<void> index_what_is_lost(const PackId& id, const Footer& footer, PackRecord& record);
  void warn(std::string message);
  [[nodiscard]] std::unordered_map<PackId, PackInfo> decode_index_state(ByteView state) const;
  [[nodiscard]] Result<void> recover_index();
  [[nodiscard]] Result<void> refill_index();
  // store_collect.cc
  struct IndexPage {
    std::vector<std::pair<ChunkId, Location>> entries;
    bool is_last = false;
  };
  [[nodiscard]] Result<IndexPage> read_index_page(const ChunkId& from);
  // Every entry of the index's own, page by page; nothing is held while `visit` runs.
  [[nodiscard]] Result<void> visit_index(const std::function<Result<bool>(const IndexPage& page)>& visit);
  [[nodiscard]] Result<void> find_other_copies(const PackId& doomed);
  [[nodiscard]] Result<void> drop_stale_entries();
  [[nodiscard]] bool is_being_written(const PackId& id) const;  // writing_mutex_ is held
  // store_write.cc
  [[nodiscard]] Result<PackHeader> new_pack_header(DomainNumber domain,
                                                   Temperature temperature);  // writing_mutex_ held
  // No pack takes new groups that was begun before: what is stored again lies behind what it replaces.
  void end_current_packs();
  using CurrentPacks = std::map<std::pair<DomainNumber, Temperature>, std::shared_ptr<PackWriter>>;
  void retire_all(const CurrentPacks& packs);
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
  BufferPool bodies_;  // of groups that writers gathered: most writers live for one object and need one for a moment
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

  mutable std::mutex doubts_mutex_;
  std::set<std::pair<PackId, std::uint32_t>> doubts_;  // guarded by doubts_mutex_; groups, or 0 for the whole pack
  std::atomic<bool> has_doubts_ = false;

  std::atomic<std::uint64_t> epoch_ = 1;  // raised by each use and each collection
  mutable std::mutex uses_mutex_;
  std::multiset<std::uint64_t> uses_;  // guarded by uses_mutex_; epochs in which the open ones began

  std::mutex removal_mutex_;  // one pack is removed at a time
  // Of all packs with copies of chunks that are read from elsewhere it is noted (may_hold_copies).
  std::atomic<bool> copies_are_known_ = false;
  std::atomic<std::uint64_t> entries_when_compacted_ = 0;

  std::mutex sync_mutex_;
  std::mutex publish_mutex_;
  mutable std::mutex writing_mutex_;
  CurrentPacks current_;                                 // guarded by writing_mutex_
  std::vector<std::shared_ptr<PackWriter>> open_packs_;  // guarded by writing_mutex_; until sealed and in the index
  std::uint64_t newest_pack_ms_ = 0;                     // guarded by writing_mutex_; of the newest pack id
  std::vector<NewPack> begun_;                           // guarded by writing_mutex_
  std::optional<Error> stopped_;                         // guarded by writing_mutex_

  std::mutex tools_mutex_;
  std::vector<std::unique_ptr<SealingTools>> tools_;  // guarded by tools_mutex_

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
  std::atomic<std::uint64_t> verify_errors_ = 0;
  std::atomic<std::uint64_t> failed_reads_ = 0;
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

// How a temperature is stored.
struct GroupPlan {
  GroupCodec codec;
  std::size_t bytes_max = 0;
  std::size_t chunks_max = 0;
};
[[nodiscard]] GroupPlan group_plan(Temperature temperature, const ChunkStoreOptions& options);

// What a ChunkWriter gathers. The store keeps it until nothing is left in it.
struct ChunkWriter::State {
  State(ChunkStore::State& store, DomainNumber domain, Temperature temperature);
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  State(State&&) = delete;
  State& operator=(State&&) = delete;
  ~State() { store_.bodies_.give(std::move(body_)); }

  [[nodiscard]] Result<AddedChunk> add(ByteView plain);
  [[nodiscard]] Result<ChunkId> id_of(ByteView plain) const;
  [[nodiscard]] Result<void> flush();  // takes the mutex
  [[nodiscard]] bool is_empty();       // takes the mutex
  [[nodiscard]] ChunkStore::State& store() const { return store_; }

 private:
  [[nodiscard]] Result<void> flush_group();  // mutex held, as for all below
  [[nodiscard]] Result<void> flush_alone();
  [[nodiscard]] Result<void> make_room(std::size_t length);
  void gather(ByteView plain);
  [[nodiscard]] Result<void> write_group(std::span<const DirectoryEntry> entries, ByteView body);

  ChunkStore::State& store_;
  DomainNumber domain_;
  Temperature temperature_;
  const keyring::DomainKeys* keys_;
  GroupPlan plan_;

  std::mutex mutex_;
  std::vector<DirectoryEntry> entries_;  // all below: guarded by mutex_
  Buffer body_;
  std::vector<DirectoryEntry> alone_;  // at most one: a long chunk that could not be written yet
  Buffer alone_body_;
};

}  // namespace atl::chunk
