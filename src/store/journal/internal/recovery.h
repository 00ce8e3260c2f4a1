// What lies in a journal folder, and what of it counts.
//
//     <first>-<last>.jseg   archives          <number>.wal      active segments
//     horizon               how far truncation went             <number>.spare    emptied segment, to be used again
//     <number>.damaged      a segment that lost commands, kept to be looked at
//     *.tmp, *.new          unfinished, removed by the next writer
//
// Always true:
//  - Looking changes nothing. Removing, renaming and archiving are the Journal's.
//  - Where two files hold an LSN, an archive goes before a segment, a larger archive before a smaller one, a later
//  session
//    before an earlier one.
//  - Segments are archived in the order of their numbers, so one whose number is not above the newest archive's holds
//    nothing that is not archived.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foundation/platform/machine.h"
#include "store/journal/internal/archive.h"
#include "store/journal/internal/segment.h"
#include "store/journal/journal.h"

namespace atl::journal {

struct ArchivePlace {
  Lsn first;
  Lsn last;
  std::uint64_t bytes = 0;
  [[nodiscard]] ArchiveName name() const { return {first, last}; }
  [[nodiscard]] std::string file_name() const { return archive_name(first, last); }
};

struct Segment {
  std::string path;
  SegmentHeader header;
  std::unique_ptr<platform::File> file;
  std::vector<GroupPlace> groups;     // that count, rising; grows only while this is the current segment
  std::uint64_t write_offset = 0;     // where the next group goes
  std::uint64_t allocated_bytes = 0;  // zero-filled or written up to here
  bool has_damage = false;
  bool is_void = false;  // begun where a later session began again
};

// Truncation, remembered: a missing beginning is lawful only below it.
struct Horizon {
  Lsn first_kept{1};
  Lsn first_with_payloads{1};
  friend bool operator==(const Horizon&, const Horizon&) = default;
};
[[nodiscard]] Bytes encode_horizon(const Horizon& horizon, const VaultId& vault);
[[nodiscard]] Result<Horizon> decode_horizon(ByteView bytes, const VaultId& vault);

// The newest state: what the next command continues.
struct Position {
  Lsn last;
  Timestamp last_time;
  codec::Digest chain{};
  bool is_chain_known = true;
};

struct FolderState {
  std::vector<ArchivePlace> archives;              // sorted; none lies within another or below the horizon
  std::vector<std::string> superseded_archives;    // names; within another, or below the horizon
  std::vector<std::shared_ptr<Segment>> segments;  // with groups that no archive holds, LSNs rising
  std::vector<std::string> emptied_segments;       // paths; everything in them is archived or void
  std::vector<std::string> damaged_segments;       // paths; unreadable as a whole
  std::vector<std::string> spares;                 // paths
  std::vector<std::string> unfinished;             // paths
  std::vector<std::string> names;                  // all there was, as listed
  std::optional<Horizon> horizon;                  // none: no (readable) file of it
  Position archived;                               // at the end of the newest archive
  Position position;                               // at the end of everything
  std::uint64_t epoch_last = 0;
  std::uint64_t number_last = 0;
  HistoryId history;
  Bytes notes;
  RecoveryReport report;
  [[nodiscard]] Lsn first_kept() const { return horizon ? horizon->first_kept : Lsn{1}; }
};

// `not_found` where there is no such folder; `conflict` "journal.folder_changed" where files kept vanishing under it.
[[nodiscard]] Result<FolderState> load_folder(platform::FileSystem& files, const std::string& folder,
                                              const JournalKeys& keys, const JournalOptions& options);

[[nodiscard]] std::string number_name(std::uint64_t number, std::string_view suffix);  // 20 digits, then the suffix
void add_lost(std::vector<LsnRange>& lost, Lsn first, Lsn last);                       // keeps it sorted and merged

}  // namespace atl::journal
