// The content store: chunks of plaintext by keyed hash, deduplicated per key domain, compressed in groups, sealed, and
// appended to packs.
//
//     add() ─► keyed BLAKE3 ─► known? ─► gather into a group ─► compress ─► seal ─► open and compare ─► append to pack
//     sync(): groups out, packs fdatasynced: what was added before is durable, and only now may a command refer to it
//
// Always true:
//  - The packs are the truth. The index (store/run, in <vault>/indexes/chunks) is derived from them: missing or
//  damaged,
//    it is built anew from the packs' footers at open. It never names a chunk that is not synced.
//  - What is sealed is opened and compared in memory before it is written; what is read is authenticated, and its
//    place in the group's directory is checked.
//  - After a failed write (other than a full disk) or a failed sync, adding and syncing fail with `io` until the store
//    is opened again; reading goes on. After `no_space` what is gathered stays in memory, and the call may be repeated.
//  - One writable store per vault (the caller holds the vault's lock); read-only ones beside it are fine.
// Format: spec/formats/pack.md. Thread rules: a ChunkStore may be used from any thread; each ChunkWriter by one thread
// at a time. Memory: about 4 MiB per writer (hot and warm; as much as four times its largest chunk for those over
// 1 MiB), the read cache, the index's budgets, and 90 bytes per chunk in packs that are still open.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/ids.h"
#include "foundation/base/units.h"
#include "foundation/platform/machine.h"
#include "store/chunk/collection.h"
#include "store/chunk/temperature.h"
#include "store/chunk/verify.h"
#include "store/keyring/keyring.h"
#include "store/run/run_set.h"

namespace atl::chunk {

inline constexpr std::size_t kChunkBytesMax = 16 * 1024 * 1024;  // cutters give at most 4 MiB
inline constexpr std::size_t kAloneFromBytes = 256 * 1024;       // such a chunk makes a group of its own

struct ChunkStoreOptions {
  std::uint64_t pack_bytes_target = 128 * kMiB;  // a pack is sealed when it has grown past this; at most 2 GiB
  unsigned parity_data = 32;                     // data blocks per parity stripe
  unsigned parity_count = 1;                     // parity blocks per stripe, 0..4
  int zstd_level_warm = 3;
  int zstd_level_cold = 12;                  // hot is lz4
  std::size_t read_cache_bytes = 32 * kMiB;  // opened groups
  // Its suite is set by the keyring's. The filters of 60 million chunks take 70 MiB of it: each chunk that is put is
  // looked for first, and with half of that every third one would wait for a block of the index.
  run::Options index{.filter_bytes_max = 128 * kMiB};
  // Asked before a pack grows by so many bytes; its `no_space` is answered as a full disk's would be, so that room
  // stays for those whose writes must not fail. Null: the disk alone decides. Called from any thread.
  std::function<Result<void>(std::uint64_t bytes)> check_room;
};

struct AddedChunk {
  ChunkId id;
  bool is_new = false;  // false: the store (or a writer of it) has it already
};
struct PackInfo {
  PackId id;
  DomainNumber domain;
  Temperature temperature = Temperature::warm;
  std::uint64_t chunks = 0;
  std::uint64_t stored_bytes = 0;  // of the file
  std::uint64_t raw_bytes = 0;     // of the chunks' plaintext
  bool is_sealed = true;
  bool is_readable = true;  // false: its domain's key is gone, or nothing in it can be read
  bool is_condemned = false;
  bool is_being_written = false;  // by this store; false with !is_sealed: left unfinished, and not finished by open()
};
// A pack that is still written to, and how much of its file survives a power cut.
struct OpenPack {
  PackId id;
  std::uint64_t durable_bytes = 0;
};
struct Totals {
  std::uint64_t packs = 0;
  std::uint64_t chunks = 0;
  std::uint64_t stored_bytes = 0;
  std::uint64_t raw_bytes = 0;
};
struct ChunkStats {
  std::uint64_t chunks_added = 0;  // new ones
  std::uint64_t chunks_known = 0;  // add() found them there
  std::uint64_t groups_written = 0;
  std::uint64_t bytes_written = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t groups_opened = 0;
  std::uint64_t index_rebuilds = 0;  // since open(), because the index turned out to be damaged
  std::uint64_t healed_reads = 0;    // served right although the disk gave wrong bytes: verify with heal is due
  std::uint64_t failed_reads = 0;    // of chunks that should be there, and could not be read
  std::uint64_t verify_errors = 0;   // found by verify(): places of packs, and packs that are gone
  std::uint64_t groups_doubted = 0;  // groups, and whole packs, that could not be read: what is added is stored anew
};
// What open() had to do beyond opening.
struct OpenReport {
  bool index_was_rebuilt = false;
  std::string index_trouble;          // why, where it was
  std::uint64_t packs_scanned = 0;    // not covered by the index's saved state
  std::uint64_t packs_finished = 0;   // left unfinished by a session that ended abruptly
  std::vector<std::string> warnings;  // packs that could not be read whole, named
};

// A chunk's plaintext where it lies, and what keeps it there (with all of its group: up to some MiB).
struct ChunkView {
  ByteView bytes;
  std::shared_ptr<const void> held;
  DomainNumber domain;
  std::size_t number = 0;  // of the chunk in its group
};

class ChunkStore;

// Gathers chunks of one domain and temperature. Destroying it hands what it still gathers to the store: the next sync()
// writes it. May outlive its ChunkStore (not the machine and keyring under it), but then nothing it adds gets anywhere.
class ChunkWriter {
 public:
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;
  ChunkWriter(ChunkWriter&&) = delete;
  ChunkWriter& operator=(ChunkWriter&&) = delete;
  ~ChunkWriter();
  // Takes a copy: durable only after ChunkStore::sync(). Errors: `limit` (longer than kChunkBytesMax), `not_found` (the
  // domain has no keys), `no_space` (this chunk was not taken, those before are kept; may be repeated), `io`, `usage`
  // (store opened read-only). An empty chunk is a chunk.
  [[nodiscard]] Result<AddedChunk> add(ByteView plain);
  // Seals and writes what is gathered, on this thread: ChunkStore::sync() does it for all writers, one after another,
  // on the thread that others wait for. Where it fails what is gathered is kept, and sync() tries again.
  [[nodiscard]] Result<void> flush();
  // The id add() would give.
  [[nodiscard]] Result<ChunkId> id_of(ByteView plain) const;

 private:
  friend class ChunkStore;
  struct State;
  ChunkWriter(std::shared_ptr<void> store, std::shared_ptr<State> state);
  std::shared_ptr<void> store_;  // alive as long as this
  std::shared_ptr<State> state_;
};

class ChunkStore {
 public:
  // `keys` is borrowed and must outlive the store. Packs that the index does not cover are read in; a writable open
  // also finishes packs that a session left unfinished (their good groups kept). Errors: `io`, `unsupported`; damage in
  // packs and index is no error here but stands in open_report().
  [[nodiscard]] static Result<std::unique_ptr<ChunkStore>> open(const platform::Machine& machine,
                                                                const std::string& vault_folder,
                                                                const keyring::Keyring& keys,
                                                                const ChunkStoreOptions& options, bool writable);
  ChunkStore(const ChunkStore&) = delete;
  ChunkStore& operator=(const ChunkStore&) = delete;
  ChunkStore(ChunkStore&&) = delete;
  ChunkStore& operator=(ChunkStore&&) = delete;
  ~ChunkStore();  // closes nothing: without close() the packs stay unfinished, and the next open finishes them

  [[nodiscard]] const OpenReport& open_report() const;

  // One per thread.
  [[nodiscard]] std::unique_ptr<ChunkWriter> new_writer(DomainNumber domain, Temperature temperature);
  // Whatever add() returned for before this call is durable when it returns. Returns the packs begun since the last
  // successful sync(), for the journal. Other threads may go on adding meanwhile. A session that dies between this and
  // its journal leaves a pack that no journal row names, with chunks that later sessions find and build on: whoever
  // opens the vault for writing compares list_packs() with its rows first.
  [[nodiscard]] Result<std::vector<NewPack>> sync();
  // Seals every open pack (footer, parity, sync, rename, folder sync) after a sync(), and saves the index. The next
  // add() begins new packs. The packs sync() would have returned are kept for the next sync() to return.
  [[nodiscard]] Result<void> seal_packs();
  // sync() and seal_packs(); nothing may be added afterwards. Not called by the destructor.
  [[nodiscard]] Result<void> close();

  // The chunk's plaintext replaces `out`. Errors: `not_found` (no such chunk, or its pack is gone), `damaged` (names
  // pack and group; parity could not help), `io`. What cannot be read counts as absent for add() and contains() from
  // then on, until it is read again or the store is opened anew: nobody builds on it, and the same content added again
  // mends it.
  [[nodiscard]] Result<void> read(const ChunkId& id, DomainNumber domain, Buffer& out);
  // The same without a copy: where it lies in an opened group. Neighbours in a group lie behind one another in memory.
  // `last`: what was viewed before this. The chunk that lies behind it in its group is found without the index: of a
  // file that is read from its start only the first chunk of each group costs a look at the disk for where it lies.
  [[nodiscard]] Result<ChunkView> view(const ChunkId& id, DomainNumber domain, const ChunkView* last = nullptr);
  // Whether read() would find it: index only.
  [[nodiscard]] Result<bool> contains(const ChunkId& id);
  [[nodiscard]] Result<std::uint64_t> length_of(const ChunkId& id);

  // Where read() would read it from; none where it would find nothing, or where the chunk is not in a pack yet.
  [[nodiscard]] Result<std::optional<ChunkPlace>> place_of(const ChunkId& id);
  // What these chunks of one domain would take in a pack of that temperature, parity included: they are read, grouped
  // in this order and compressed as a writer would, but nothing is written. Memory as a writer's.
  [[nodiscard]] Result<std::uint64_t> stored_bytes_as(std::span<const ChunkId> ids, DomainNumber domain,
                                                      Temperature temperature);

  [[nodiscard]] Result<VerifyReport> verify(const VerifyOptions& options);
  // Packs of which something could not be read, and was not read well since; as of the opening for writing. Some may be
  // gone by intent since then: their rows say so.
  [[nodiscard]] std::vector<PackId> doubted_packs() const;
  // Sealed packs whose file is not where it was: one listing of all packs. They count as doubted from then on.
  [[nodiscard]] Result<std::vector<PackId>> missing_packs();
  // The file of this pack was mended, or put back, by somebody else (services/backup/copy_check.h): what was known of
  // the old one is forgotten, and where the store did not know the pack its chunks are found again. One that is not
  // finished is finished. `not_found` where there is no such file, or this store writes to it.
  [[nodiscard]] Result<void> take_back_pack(const PackId& id);
  // Merges files of the index where that is worth doing, and compacts it where much of it leads nowhere any more: true
  // where it did something, so call again. Takes time in proportion to what is merged, and nobody waits for it: for a
  // thread of the owner, or a quiet moment.
  [[nodiscard]] Result<bool> maintain();
  // Drops every entry that leads to no pack any more and merges the index into one file: its size then is that of what
  // the packs hold. Reading and adding go on meanwhile.
  [[nodiscard]] Result<void> compact_index();
  // Deletes the index and fills it from the packs.
  [[nodiscard]] Result<void> rebuild_index();

  [[nodiscard]] std::vector<PackInfo> list_packs() const;  // sorted by id: oldest first
  // Those of this session that are not sealed yet. What a command that is journaled refers to lies within
  // `durable_bytes`, or in a sealed pack, for whoever asks after that command.
  [[nodiscard]] std::vector<OpenPack> open_packs() const;

  // ---- Freeing space: see store/chunk/collection.h for how these go together. All but the first, second and
  // for_each_location() want a writable store.

  // From before the first add() until the commit of the command that names the chunks has returned.
  [[nodiscard]] std::unique_ptr<ChunkUse> begin_use();
  [[nodiscard]] CollectionMark begin_collection();
  // Condemns those of the packs that no add() found a chunk in since the mark, or since the beginning of the oldest use
  // open then or now; returns them. Packs being written and unknown ones are left out. From then on add() and
  // contains() treat chunks that lie only in condemned packs as absent; read() serves them still. Not stored: the
  // caller's rows say it, and condemn_again() is told at the next open. Where these rows cannot be committed, nothing
  // is lost; but then no pack is to be removed before the store is opened again.
  [[nodiscard]] Result<std::vector<PackId>> condemn(std::span<const PackId> packs, const CollectionMark& mark);
  // Whatever the traffic: for packs that rows say are given up, before anything is added. Unknown ones are skipped.
  void condemn_again(std::span<const PackId> packs);
  // Every chunk once, in the order of ids, where it is read from; those in packs being written, too. Of a chunk that
  // lies in two packs only that place counts: a pack's live bytes are the sum over what is visited. As of about now:
  // what is added meanwhile may be left out. Bounded memory. The visitor may call the store.
  [[nodiscard]] Result<void> for_each_location(const ChunkPlaceVisitor& visit);
  // Copies what is wanted of the sources, each chunk checked against its id, to new packs of the temperature that
  // `wanted` tells (none: not wanted), in the order of the sources, and lets the index name the new places. Chunks that
  // are read from elsewhere anyway are left out. `wanted` is called from as many threads as there are, at most once
  // for each chunk of a source; its error ends everything. The new packs are sealed when this returns; the next
  // sync() names them, too, as they need rows before anything refers to them. A source with damage costs only itself.
  // `no_space` is no error but RewriteReport::ended_early; after any other failed write the store stops writing, as
  // elsewhere.
  using WantedChunk = std::function<Result<std::optional<Temperature>>(const ChunkId& id)>;
  [[nodiscard]] Result<RewriteReport> rewrite(std::span<const PackId> sources, const WantedChunk& wanted,
                                              const RewriteOptions& options);
  // Removes a condemned pack's file. A chunk whose entry led there is found in another pack from then on if one has it,
  // else it is absent; what is left of its entries goes with compact_index(). The caller has made sure that nobody
  // reads from it any more. False where there is no such pack; `conflict` for one that is not condemned.
  [[nodiscard]] Result<bool> remove_pack(const PackId& id);
  // In the order of the pack; false stops.
  using ChunkVisitor = std::function<Result<bool>(const ChunkId& id, std::uint64_t length)>;
  [[nodiscard]] Result<void> for_each_chunk_in_pack(const PackId& id, const ChunkVisitor& visit);
  [[nodiscard]] Totals totals() const;
  [[nodiscard]] ChunkStats stats() const;

 private:
  friend class ChunkWriter;
  friend class Verification;
  friend class Rewriting;
  class State;
  explicit ChunkStore(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;  // shared with its writers
};

}  // namespace atl::chunk
