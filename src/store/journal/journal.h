// The journal of one vault: the ordered, checksummed, sealed log of its commands. Write-ahead log, change feed, history
// for point-in-time recovery and audit trail in one.
//
//     append ─► active segment (.wal, zero-filled ahead, one sync per group)
//                    │ full, or clean close, or recovery after a crash
//                    ▼
//               archive <first>-<last>.jseg (compressed, sealed, parity; immutable) ─► payloads dropped ─► removed
//
// Always true:
//  - When append() returns ok, the group survives a power cut. LSNs are dense from 1, commit times never go back.
//  - A segment belongs to one session; a later one reads it, archives it, and never writes to it. Nothing is truncated.
//  - After a failed write or sync no append of this session succeeds any more ("journal.closed_after_failure").
//  - What cannot be read is told with its LSN range, never skipped.
//  - Destroying a Journal without close() leaves what a crash leaves; the next open takes care of it.
// Format: spec/formats/journal.md.
// Thread rules: append(), set_segment_notes() and close() by one thread at a time. read(), stats() and the getters from
// any thread, also while another appends. archive_full(), drop_*(), erase_payloads(), write_archive_of() and verify()
// from any thread; they wait for each other, not for append(). Across processes: one writer (the vault's lock), any
// number of read-only openers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/base/units.h"
#include "foundation/platform/machine.h"
#include "store/journal/archive_name.h"
#include "store/journal/command.h"
#include "store/journal/journal_keys.h"
#include "store/journal/row_change.h"

namespace atl::blob {
class BlobStore;
}

namespace atl::journal {

struct JournalOptions {
  std::uint64_t segment_bytes = 64 * kMiB;
  // New segments and archives carry it. None: the newest one found; a new journal makes one.
  HistoryId history;
  bool writable = true;
  // What somebody who synced his own state knows to have been synced here (the catalog's LSN). An active log that ends
  // before it was damaged, not torn.
  Lsn synced_lsn_hint;
  // True for a server: segments are zero-filled whole and one spare is kept in reserve. False for a one-shot program:
  // the first segment is made at the first append and grows by grow_bytes.
  bool preallocate = false;
  std::uint64_t grow_bytes = 1 * kMiB;
  // Where a new, empty journal begins (a vault restored at a checkpoint); ignored where the journal holds anything.
  Lsn start_after;
  Timestamp start_time;
  // What earlier sessions left is archived at open up to this many bytes; more is only copied and synced then, so that
  // a server answers soon, and archived by archive_full() or close().
  std::uint64_t archive_at_open_bytes = 8 * kMiB;
  // Archives.
  std::uint64_t archive_block_bytes = 1 * kMiB;  // plain bytes that one seek opens
  std::uint64_t small_archive_bytes = 4 * kMiB;  // smaller ones are merged ...
  std::size_t small_archives_max = 64;           // ... when a run of neighbours is longer than this
};

struct LsnRange {
  Lsn first;
  Lsn last;  // inclusive
  friend bool operator==(const LsnRange&, const LsnRange&) = default;
};

// What recovery found.
struct RecoveryReport {
  std::uint64_t commands_recovered = 0;  // read from active segments of earlier sessions
  std::uint64_t torn_bytes_dropped = 0;  // a group nobody was told about, cut by the crash
  std::vector<LsnRange> lost;            // acknowledged and unreadable
  std::vector<std::string> remarks;      // one line each, for logs
};

struct JournalDamage {
  std::string file;
  std::string what;              // for people
  std::optional<LsnRange> lost;  // none: nothing is lost (healed or healable)
  bool healed = false;           // written anew, whole
};
struct JournalVerifyReport {
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t commands = 0;
  std::uint64_t payloads = 0;       // present and equal to their digests
  std::uint64_t payloads_gone = 0;  // erased or truncated
  std::vector<JournalDamage> damages;
  std::vector<LsnRange> lost;  // sorted, merged
  [[nodiscard]] bool is_whole() const { return damages.empty() && lost.empty(); }
};

struct JournalStats {
  std::uint64_t bytes = 0;     // on disk, spare included
  std::uint64_t segments = 0;  // active ones
  std::uint64_t archives = 0;
  std::uint64_t archived_bytes = 0;
  Lsn last_archived;
  Lsn first_kept;           // first envelope kept; last().next() where there is none
  Lsn first_with_payloads;  // from here on no payload was dropped by truncation
};

class Journal {
 public:
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  Journal(Journal&&) = delete;
  Journal& operator=(Journal&&) = delete;
  ~Journal();

  // Opens or makes `<vault_folder>/journal`. A writable open recovers: the active segments of earlier sessions are read
  // whole, what they hold is archived (or, on a full disk, written into the spare segment) and synced. Damage does not
  // stop it: see recovery(). A read-only open writes nothing, wants no folder, and serves archives and whole groups.
  // Errors: `wrong_key` where another vault's keys are given; `unsupported`; `no_space`; `io`.
  [[nodiscard]] static Result<std::unique_ptr<Journal>> open(const platform::Machine& machine,
                                                             const std::string& vault_folder, JournalKeys keys,
                                                             const JournalOptions& options);

  // Makes the group durable: one write of whole blocks, one sync. LSNs continue last() densely and commit times do not
  // go back (`usage` otherwise, nothing written). `limit`: a command or the group is too large (64 MiB sealed), nothing
  // written. `no_space`: nothing was written, appending may succeed once there is
  // room. Any other failure ends the session. Payload digests are computed here.
  [[nodiscard]] Result<void> append(std::span<const Command> group);

  // Visits the commands [from, to] in order; the visitor returns false to stop. `to` beyond last() means last().
  // `not_found` "journal.below_horizon": `from` is no longer kept; the message names the LSN to start from.
  // `damaged` "journal.lost": the range it names cannot be read; everything before it has been visited.
  [[nodiscard]] Result<void> read(Lsn from, Lsn to, const std::function<Result<bool>(const Command&)>& visit) const;
  // The same, without opening what the commands did: payloads are neither decrypted nor decompressed.
  [[nodiscard]] Result<void> read_envelopes(Lsn from, Lsn to,
                                            const std::function<Result<bool>(const Envelope&)>& visit) const;
  // The last LSN whose commit time is <= time (none: LSN 0, or before what is kept). Reads one block per step of a
  // binary search over archives.
  [[nodiscard]] Result<Lsn> last_lsn_at(Timestamp time) const;

  [[nodiscard]] Lsn last() const;
  [[nodiscard]] Timestamp last_commit_time() const;
  [[nodiscard]] HistoryId history() const;
  [[nodiscard]] const RecoveryReport& recovery() const;
  // None while appending is possible; else what ended it.
  [[nodiscard]] std::optional<Error> stopped() const;

  // Opaque bytes (checkpoint roots, at most kSegmentNotesMax) that stand, sealed, in every segment and archive begun
  // from now on. segment_notes() gives the newest found at open or set since.
  static constexpr std::size_t kSegmentNotesMax = 2048;
  [[nodiscard]] Result<void> set_segment_notes(Bytes notes);
  [[nodiscard]] Bytes segment_notes() const;

  // Archives every full segment, merges small neighbours, keeps one spare. Safe to stop at any point.
  [[nodiscard]] Result<void> archive_full();
  // Archives everything and ends the session; append() fails afterwards. Where it fails nothing is lost.
  [[nodiscard]] Result<void> close();

  // Drops the payloads of every archive that ends at or below `lsn` (envelopes and digests stay).
  [[nodiscard]] Result<void> drop_payloads_up_to(Lsn lsn);
  // Removes every archive that ends at or below `lsn`.
  [[nodiscard]] Result<void> drop_envelopes_up_to(Lsn lsn);
  // Erases single payloads (all domains of each given LSN) from archives: new archive, digest kept. Those still in the
  // active log are archived first. Unused segments, and those set aside for their damage, are removed, so that no old
  // group lies on in them (the medium may still hold it). Only by the appending thread.
  [[nodiscard]] Result<void> erase_payloads(std::span<const Lsn> lsns);

  // --- For second copies.
  // The archives that count now, by LSN. Any of them may be merged into a larger one, or rewritten without payloads
  // under its own name, at any time.
  [[nodiscard]] std::vector<ArchiveName> archives() const;
  // What the file `horizon` says, encoded; empty while nothing was ever truncated.
  [[nodiscard]] Bytes horizon_image() const;
  // Writes the commands of `range`, wherever they lie, as one archive of its own into `store`, named as archives are.
  // It counts there once it was read back. The journal itself is not changed. `damaged` "journal.lost" where some of
  // them cannot be read; then nothing is finished in `store`.
  [[nodiscard]] Result<void> write_archive_of(const LsnRange& range, blob::BlobStore& store) const;

  // Reads everything and compares checksums, tags, digests and the chain. `heal` rewrites archives from parity.
  [[nodiscard]] Result<JournalVerifyReport> verify(bool heal);
  [[nodiscard]] Result<JournalStats> stats() const;

 private:
  struct State;
  [[nodiscard]] Result<void> visit_range(Lsn from, Lsn to, bool with_payloads,
                                         const std::function<Result<bool>(const Command&)>& visit) const;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace atl::journal
