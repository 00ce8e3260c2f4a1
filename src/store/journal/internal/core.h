// What a Journal is made of: shared by appending, reading and maintenance.
//
// Always true:
//  - `segments` holds, rising, every group that no archive holds; `current` (where there is one) is its last member.
//  - A file leaves a list under `mutex` before it is renamed or removed; whoever took a shared_ptr before keeps reading
//    the open file.
//  - After `stopped` is set nothing is appended, and nothing of the current segment is used again.
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "store/journal/internal/recovery.h"

namespace atl::journal {

struct Spare {
  std::string path;
  std::uint64_t bytes = 0;
};

struct JournalCore {
  JournalCore(const platform::Machine& the_machine, std::string the_folder, JournalKeys the_keys,
              JournalOptions the_options)
      : machine(the_machine),
        folder(std::move(the_folder)),
        keys(std::move(the_keys)),
        options(the_options),
        digester(keys) {}

  // Fixed after open.
  platform::Machine machine;
  std::string folder;
  JournalKeys keys;
  JournalOptions options;
  RecoveryReport recovery;
  HistoryId history;
  std::uint64_t epoch = 0;

  mutable std::mutex mutex;
  // Guarded by mutex; mutable where a read-only journal looks at the folder again.
  mutable std::vector<ArchivePlace> archives;
  mutable std::vector<std::shared_ptr<Segment>> segments;
  std::optional<Spare> spare;
  Position position;
  Horizon horizon;
  Bytes notes;
  std::uint64_t number_last = 0;
  std::optional<Error> stopped;
  bool is_closed = false;

  // Held while archives are made, merged, rewritten or removed. Taken before `mutex`.
  mutable std::mutex maintenance;

  // The appending thread's own.
  PayloadDigester digester;
  std::shared_ptr<Segment> current;
  std::unique_ptr<FileSealers> sealers;  // of the current segment
  Buffer group;
  bool is_unnamed = false;  // the current segment still has to be renamed and its folder synced

  // --- journal.cc
  [[nodiscard]] Result<void> check_may_append() const;
  [[nodiscard]] Result<void> write_group(std::span<const GroupItem> items, Timestamp last_time);
  [[nodiscard]] Result<void> ensure_room(std::uint64_t group_bytes, Lsn first);
  [[nodiscard]] Result<void> begin_segment(std::uint64_t group_bytes, Lsn first);
  [[nodiscard]] Result<void> fill_zeros(platform::File& file, std::uint64_t from, std::uint64_t to) const;
  tl::unexpected<Error> stop(Error why);

  // --- journal_recover.cc
  [[nodiscard]] Result<void> adopt(FolderState state);
  [[nodiscard]] Result<void> recover(FolderState state);
  [[nodiscard]] bool is_copying_better() const;
  [[nodiscard]] Result<void> copy_segments();
  [[nodiscard]] Result<void> relog_into_spare();

  // --- journal_archive.cc; all want `maintenance` held
  struct MadeArchives {
    std::vector<ArchivePlace> places;
    std::vector<LsnRange> lost;
  };
  // One archive per run without a hole of what `segment` holds. Durable when it returns; nothing is removed.
  [[nodiscard]] Result<MadeArchives> archive_segment(const Segment& segment);
  // With the current one: by the appending thread only; the next append begins a new segment. `lost`, where given,
  // takes what could not be read.
  [[nodiscard]] Result<void> archive_segments(bool with_current, bool may_become_spare = true,
                                              std::vector<LsnRange>* lost = nullptr);
  [[nodiscard]] Result<void> merge_small_archives();
  [[nodiscard]] Result<void> keep_spare();
  // Removes the file of an emptied segment, or makes it the spare where one is wanted.
  [[nodiscard]] Result<void> recycle(const std::string& path, bool may_become_spare);
  void insert_archive(const ArchivePlace& place);  // wants mutex
  // Writes [first of the first, last of the last] of `sources` anew under its own name; `keeps` decides per command
  // whether its payloads stay.
  [[nodiscard]] Result<ArchivePlace> rewrite_archives(std::span<const ArchivePlace> sources,
                                                      const std::function<bool(Lsn)>& keeps_payloads);
  [[nodiscard]] Result<void> write_horizon(const Horizon& next);
  [[nodiscard]] std::string path_of(const std::string& name) const { return platform::join(folder, name); }

  // --- journal_read.cc
  struct Source {  // where an LSN lies
    std::optional<ArchivePlace> archive;
    std::shared_ptr<Segment> segment;
    std::vector<GroupPlace> groups;  // of the segment, from the one with the LSN on
    Lsn gap_end;                     // neither: the last LSN of the hole
  };
  [[nodiscard]] Source find(Lsn at, Lsn end) const;  // wants mutex
  [[nodiscard]] Result<void> look_again() const;     // read-only: the writer may have archived or merged
};

[[nodiscard]] tl::unexpected<Error> lost_range(Lsn first, Lsn last, const std::string& why = {});

struct Journal::State : JournalCore {
  using JournalCore::JournalCore;
};

}  // namespace atl::journal
