// Freeing space: what a collector asks of the chunk store, and what it is told.
//
// The collector decides what is wanted, the store knows where it lies. One collection:
//
//     mark = begin_collection()         from here on it is remembered which packs add() found chunks in
//     ...                               the collector reads, in a state of the vault taken after this, what is wanted
//     for_each_location()               what each pack holds of it, exactly
//     rewrite(sources, wanted)          what is wanted of badly filled packs goes to new packs; their rows are
//     committed condemn(sources, mark)            from here on nothing new is built on them; the rows that say so are
//     committed remove_pack()                     for each, once no reader is older
//
// Always true:
//  - Whoever adds chunks holds a ChunkUse from before the first add() until the command that names them is committed.
//    So a pack in which an add() found something that no row names yet is never condemned.
//  - A chunk is stored again only in a pack begun after its earlier place was given up (condemned, rewritten, lost):
//    of several copies the one in the latest pack counts, in the index and when it is made anew from the packs.
//  - Only condemned packs are removed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "store/chunk/temperature.h"

namespace atl::chunk {

struct NewPack {
  PackId id;
  DomainNumber domain;
  Temperature temperature = Temperature::warm;
  friend bool operator==(const NewPack&, const NewPack&) = default;
};

// "I add chunks that no command names yet." Ends when destroyed. May outlive its store. Any thread may destroy it.
class ChunkUse {
 public:
  ChunkUse(const ChunkUse&) = delete;
  ChunkUse& operator=(const ChunkUse&) = delete;
  ChunkUse(ChunkUse&&) = delete;
  ChunkUse& operator=(ChunkUse&&) = delete;
  ~ChunkUse();

 private:
  friend class ChunkStore;
  ChunkUse(std::shared_ptr<void> store, std::function<void()> end);
  std::shared_ptr<void> store_;  // alive as long as this
  std::function<void()> end_;
};

// A point in the traffic of add(): good for condemn() of the same store (not after it was opened anew).
struct CollectionMark {
  std::uint64_t epoch = 0;
};

struct ChunkPlace {
  ChunkId id;
  PackId pack;
  std::uint32_t length = 0;           // of the plaintext
  std::uint64_t stored_bytes = 0;     // its share of the pack's file, by length
  bool is_in_open_pack = false;       // being written: such a pack is left alone by collections
  bool is_in_condemned_pack = false;  // still readable, but absent for add()
};
using ChunkPlaceVisitor = std::function<Result<bool>(const ChunkPlace& place)>;  // false stops

struct RewriteOptions {
  // Each takes whole packs, with up to 48 MiB of memory where the target is cold, 12 MiB otherwise.
  unsigned threads = 1;
  // New packs may take the room that puts leave free (ChunkStoreOptions::check_room is not asked).
  bool uses_reserve = true;
  // Called now and then from any thread, never from two at once: bytes of the sources' files. False stops: what was
  // finished until then stands in the report.
  std::function<bool(std::uint64_t bytes_done, std::uint64_t bytes_total)> progress{};
};

// A pack of which something wanted could not be read. What could be was moved all the same.
struct RewriteFailure {
  PackId pack;
  Error error;
  std::vector<ChunkId> chunks;  // wanted ones that cannot be read; empty where the pack does not even tell
};

struct RewriteReport {
  std::vector<NewPack> packs;     // sealed and synced, in the index: to become rows. Also where it ended early
  std::vector<PackId> rewritten;  // sources of which everything wanted lies elsewhere now: may be condemned
  std::vector<RewriteFailure> failures;
  std::uint64_t chunks_moved = 0;
  std::uint64_t raw_bytes_moved = 0;    // of their plaintext
  std::uint64_t stored_bytes_new = 0;   // of the new packs' files
  std::uint64_t stored_bytes_read = 0;  // of the groups that had to be read
  // `no_space` (what did not fit is as if it had not been tried) or `interrupted` (progress said so). Sources that
  // stand neither in `rewritten` nor in `failures` are as they were and wanted.
  std::optional<Error> ended_early;
};

}  // namespace atl::chunk
