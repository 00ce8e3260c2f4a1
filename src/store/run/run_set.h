// An ordered map of byte strings kept as a few sealed, sorted, immutable files ("runs") and one table in memory: a
// small log-structured index (O'Neil et al., "The Log-Structured Merge-Tree", Acta Informatica 1996). Made for keys
// that are uniformly random and all of one length (chunk id -> place in a pack), where it is compact and flat; any keys
// work.
//
// Always true:
//  - The set is derived: whoever owns it can fill it again, so any damage is answered with `damaged` and nothing is
//    repaired here. It never answers wrongly: every byte read back is authenticated and bound to its place.
//  - The newest put or remove of a key wins, across memory, files, crashes and reopening.
//  - What flush(state) covered is there after a crash, together with exactly that state or a later one. Nothing older
//    than the state is missing; later puts may be there already (put() spills a full memtable under the last state), so
//    replaying everything after the state, in order, always leads to the right content.
//  - Nothing but sizes, counts and random bytes can be read from the files without the key (suite aes256gcm).
//  - The folder belongs to one RunSet: at a writable open, files its manifest does not name are removed.
//
// Memory: memtables <= memtable_bytes_max, resident filters <= filter_bytes_max, cached blocks <= cache_bytes_max;
// besides 8 bytes per 4 KiB block for the block index (7 MiB for 60 million entries of 60 bytes; 16 bytes where lengths
// vary), a fifth of a memtable while it is sorted, and while a merge runs up to 4 MiB and a second and third index of
// its output. The defaults keep 60 million chunk ids within 64 MiB, but for that.
//
// Filters: a get that finds nothing would cost one block read per run; a Bloom filter answers most of them from memory
// (Bloom, CACM 1970; cache-line blocks after Putze, Sanders, Singler, JEA 2009). 10 bits per key let 1.3 % through, 5
// bits about 10 %. Rather than paging filters in and out, a new run takes a third of the filter memory that is left (4
// to bloom_bits_per_key bits per key), so that all filters stay resident as the set grows: with the defaults a miss
// costs 0.05 to 0.1 block reads up to 20 million keys, 0.3 on average and 0.45 at worst up to 60 million. Only beyond
// that are filter pages read through the block cache, one 4 KiB page per probe.
//
// Complexity: put O(1) amortised in memory plus log4(n / memtable) rewrites in files; get O(runs) filter probes in
// memory and, for a hit, one block read of 4 KiB (interpolation search over first keys: O(log log n) for uniform keys).
//
// Thread rules: every method may be called from any thread. Readers do not wait for each other in any way that shows,
// nor for flush() or maybe_merge(). Puts and removes are serialised; they wait for a flush only where the memtable
// budget is used up. flush() and maybe_merge() may each run on a thread of the owner beside them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "foundation/base/units.h"
#include "foundation/codec/seal.h"
#include "foundation/codec/secret.h"
#include "foundation/platform/machine.h"

namespace atl::run {

// The longest name of an object, 16 KiB, with room for what its owners put in front of it.
inline constexpr std::size_t kKeyBytesMax = 16 * 1024 + 64;     // at least 1
inline constexpr std::size_t kValueBytesMax = 1024 * 1024;      // 0..1 MiB
inline constexpr std::size_t kStateBytesMax = 4 * 1024 * 1024;  // 0..4 MiB

struct Options {
  std::size_t memtable_bytes_max = 16 * kMiB;  // at least 256 KiB is used
  std::size_t filter_bytes_max = 36 * kMiB;    // resident filter pages; 0 = all through the cache
  std::size_t cache_bytes_max = 4 * kMiB;      // opened blocks and filter pages; 0 = none
  unsigned bloom_bits_per_key = 10;            // upper bound, 4..16
  unsigned runs_max = 24;                      // flush() merges by itself once there are more runs than this
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
};

struct Stats {
  std::uint64_t entries = 0;  // upper estimate: a key counts once per run it stands in, removals too
  std::uint64_t runs = 0;
  std::uint64_t file_bytes = 0;  // of all runs
  std::uint64_t memtable_entries = 0;
  std::uint64_t memtable_bytes = 0;  // memory in use, tables included
  std::uint64_t filter_bytes = 0;    // memory that resident filters take when all their pages were touched
  std::uint64_t index_bytes = 0;     // memory of the block indexes
  std::uint64_t cache_bytes = 0;     // memory of cached blocks
};

class RunSet {
 public:
  // Opens the set in `folder`, or begins an empty one there (a folder without manifest is an empty set with empty
  // state; a read-only open makes nothing). `key` is this index's own derived key; it is cloned. Errors: `damaged` (or
  // the key or vault are not the ones it was written with: the same thing for a derived set) and `unsupported`:
  // remove() the folder and fill it again; `io`.
  [[nodiscard]] static Result<std::unique_ptr<RunSet>> open(const platform::Machine& machine, const std::string& folder,
                                                            const codec::SecretKey& key, const VaultId& vault,
                                                            const Options& options, bool writable);
  // Deletes the set in `folder`, which must not be open. A missing one is fine.
  [[nodiscard]] static Result<void> remove_all(const platform::Machine& machine, const std::string& folder);

  RunSet(const RunSet&) = delete;
  RunSet& operator=(const RunSet&) = delete;
  RunSet(RunSet&&) = delete;
  RunSet& operator=(RunSet&&) = delete;
  ~RunSet();  // flushes nothing

  // The newest value, or none. Errors: `damaged` (a block needed to answer cannot be trusted), `io`.
  [[nodiscard]] Result<std::optional<Bytes>> get(ByteView key) const;
  // Same, copied to the front of `out` without allocating (for values whose block is 4 KiB, as all short ones are): the
  // value's length, or none. `limit` where the value is longer than `out`.
  [[nodiscard]] Result<std::optional<std::size_t>> get_into(ByteView key, ByteSpan out) const;
  // As get(), without the value.
  [[nodiscard]] Result<bool> contains(ByteView key) const;

  // Into the memtable; readable at once by every thread. A full memtable is written out first, under the last state
  // (see above), so that this call may take as long as a flush. Errors: `usage` (lengths; set opened read-only),
  // `no_space` (may be tried again), and after any other failed write `failed` ("run.stopped") until it is reopened.
  [[nodiscard]] Result<void> put(ByteView key, ByteView value);
  [[nodiscard]] Result<void> remove(ByteView key);  // what is not there may be removed

  // Writes the memtable as a new run, syncs it, then switches to a new synced manifest that stores `state`. After a
  // crash either the old or the new manifest holds, each with its state. An empty memtable writes the manifest only,
  // and only where the state differs.
  [[nodiscard]] Result<void> flush(ByteView state);
  // The state given to the last successful flush, or found at open. Empty at first.
  [[nodiscard]] Bytes state() const;
  // True once half the memtable budget is used: a good moment for the owner to flush on a thread of its own.
  [[nodiscard]] bool wants_flush() const;

  // Does the most useful merge of runs, if any is worth doing: true where one was done (call again), false where there
  // is nothing to do. Streams: bounded memory, new run written and synced before the manifest names it, old files
  // removed after. Takes time in proportion to the merged files; readers and puts go on meanwhile.
  [[nodiscard]] Result<bool> maybe_merge();
  // Merges everything in files into one run (removals vanish), for tests and after a bulk load.
  [[nodiscard]] Result<void> merge_all();

  // Visits every live entry in key order (memcmp, shorter first), as of about now: everything put before the call, and
  // possibly some of what is put during it. The views live until the visitor returns. The visitor returns false to stop
  // early, or an error, which is passed on. Reads every data block: damage comes out as `damaged`. Uses a copy of the
  // memtable and 132 KiB per run.
  using Visitor = std::function<Result<bool>(ByteView key, ByteView value)>;
  [[nodiscard]] Result<void> for_each(const Visitor& visit) const;
  // Same, from the first key >= `from` on.
  [[nodiscard]] Result<void> for_each_from(ByteView from, const Visitor& visit) const;
  // Reads and authenticates every byte of every run, filters included, and checks the order of keys.
  [[nodiscard]] Result<void> verify() const;

  [[nodiscard]] Stats stats() const;

 private:
  class State;
  explicit RunSet(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::run
