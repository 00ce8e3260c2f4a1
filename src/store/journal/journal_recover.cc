// Opening: taking over what a folder holds, and moving what earlier sessions left into archives.
#include <algorithm>

#include "store/journal/internal/core.h"

namespace atl::journal {

Result<void> JournalCore::adopt(FolderState state) {
  const std::lock_guard lock(mutex);
  archives = std::move(state.archives);
  segments = std::move(state.segments);
  position = state.position;
  if (state.horizon) {
    horizon = *state.horizon;
  } else if (archives.empty() && segments.empty()) {
    horizon = {position.last.next(), position.last.next()};
  }
  notes = std::move(state.notes);
  number_last = state.number_last;
  epoch = state.epoch_last;
  history = options.history.is_none() ? state.history : options.history;
  recovery = std::move(state.report);
  return {};
}

Result<void> JournalCore::recover(FolderState state) {
  const std::vector<std::string> unfinished = state.unfinished;
  const std::vector<std::string> emptied = state.emptied_segments;
  const std::vector<std::string> damaged = state.damaged_segments;
  const std::vector<std::string> superseded = state.superseded_archives;
  const std::vector<std::string> spares = state.spares;
  const bool is_new = !state.horizon && state.archives.empty() && state.segments.empty();
  ATOLL_TRY(adopt(std::move(state)));
  ++epoch;
  if (history.is_none()) history = platform::new_id<HistoryId>(machine);
  if (is_new) {
    // Its folder may have been made by somebody who died before he synced the name.
    ATOLL_TRY(machine.files.sync_directory(platform::parent_of(folder)));
    if (position.last.value > 0) ATOLL_TRY(write_horizon({position.last.next(), position.last.next()}));
  }
  for (const std::string& path : unfinished) ATOLL_TRY(machine.files.remove_file(path));

  // The largest spare is kept: it is what a full disk leaves to write into.
  for (const std::string& path : spares) {
    ATOLL_ASSIGN(const auto info, machine.files.stat(path));
    if (!info) continue;
    if (!spare || info->size > spare->bytes) {
      if (spare) ATOLL_TRY(machine.files.remove_file(spare->path));
      spare = Spare{path, info->size};
    } else {
      ATOLL_TRY(machine.files.remove_file(path));
    }
  }

  const std::lock_guard guard(maintenance);
  if (!emptied.empty() || !superseded.empty()) {
    // The archives that replace these files were seen, but perhaps only in the kernel's memory.
    ATOLL_TRY(machine.files.sync_directory(folder));
    for (const std::string& name : superseded) {
      // The larger one has been opened by nobody yet: it has to be readable before the smaller one goes.
      const auto small = parse_archive_name(name);
      const auto large = std::ranges::find_if(archives, [&](const ArchivePlace& place) {
        return small && place.first <= small->first && small->last <= place.last;
      });
      if (large != archives.end() &&
          !ArchiveReader::open(machine.files, path_of(large->file_name()), large->name(), keys))
        continue;
      ATOLL_TRY(machine.files.remove_file(path_of(name)));
    }
    for (const std::string& path : emptied) ATOLL_TRY(recycle(path, true));
  }
  for (const std::string& path : damaged) {
    const std::string name = path.substr(0, path.size() - 4) + ".damaged";
    ATOLL_TRY(machine.files.rename(path, name));
    recovery.remarks.push_back(path + " was set aside as " + name);
  }
  if (!segments.empty()) {
    const auto copied = is_copying_better() ? copy_segments() : Result<void>(fail(ErrorKind::no_space, {}, {}));
    if (!copied && copied.error().kind != ErrorKind::no_space) return copied;
    const auto moved = copied ? copied : archive_segments(true, true, &recovery.lost);
    if (!moved && moved.error().kind == ErrorKind::no_space) {
      recovery.remarks.push_back("the disk is full: what the last session left could not be archived");
      ATOLL_TRY(relog_into_spare());
    } else if (!moved) {
      return moved;
    }
  }
  if (options.preallocate) {
    if (const auto kept = keep_spare(); !kept && kept.error().kind != ErrorKind::no_space) return kept;
  }
  return {};
}

// Archiving compresses and takes seconds where much is there. With more than a segment and a half somebody has not
// archived for long, and copying it again at every open would cost more; a damaged segment is set aside by archiving
// it.
bool JournalCore::is_copying_better() const {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments) {
    if (segment->has_damage) return false;
    for (const GroupPlace& place : segment->groups) bytes += place.bytes;
  }
  return bytes > options.archive_at_open_bytes && bytes <= options.segment_bytes + options.segment_bytes / 2;
}

// What was read may stand in the kernel's memory only, and an earlier session's file is never written to. So each
// segment is copied, group by group as it was sealed, synced, and takes the place of the one it was read from. Nothing
// is ever sealed with its keys again.
Result<void> JournalCore::copy_segments() {
  Buffer bytes;
  for (const auto& segment : segments) {
    const std::string unfinished = segment->path + ".tmp";
    ATOLL_TRY(machine.files.remove_file(unfinished));
    ATOLL_ASSIGN(auto file, machine.files.open(unfinished, platform::OpenMode::create_new));
    std::vector<GroupPlace> places = segment->groups;
    const auto copy = [&]() -> Result<void> {
      const Bytes block = encode_segment_header(segment->header);
      ATOLL_TRY(file->write_at(0, block));
      ATOLL_TRY(file->write_at(kBlockBytes, block));
      std::uint64_t at = kSegmentHeaderBytes;
      for (GroupPlace& place : places) {
        bytes.resize(place.bytes);
        ATOLL_TRY(platform::read_exact(*segment->file, place.offset, bytes.span(), "a journal segment"));
        ATOLL_TRY(file->write_at(at, bytes.view()));
        place.offset = at;
        at += place.bytes;
      }
      return file->sync();
    };
    if (const auto copied = copy(); !copied) {
      file.reset();
      ignore_error_on_purpose(machine.files.remove_file(unfinished));
      return copied;
    }
    // What was written is read back: from here on it is all there is.
    ATOLL_ASSIGN(const SegmentScan scan, scan_segment(*file, segment->header));
    if (scan.groups.size() != places.size() || scan.damaged_bytes > 0) {
      return fail(ErrorKind::io, "journal.copy_failed",
                  "a copied journal segment does not read back as it was written");
    }
    ATOLL_TRY(machine.files.rename(unfinished, segment->path));
    segment->file = std::move(file);
    segment->groups = std::move(places);
  }
  return machine.files.sync_directory(folder);
}

// On a full disk the spare segment takes what earlier sessions left, sealed anew. It takes its name when all of it is
// synced, so that either the old segments count or the new one.
Result<void> JournalCore::relog_into_spare() {
  const auto give_up = [this](std::string why) -> Result<void> {
    stopped = Error{ErrorKind::no_space, "journal.no_room_to_recover",
                    "the disk is full, and the journal of the last session could not be secured: " + std::move(why),
                    "Free some space outside of Atoll and open the vault again. Reading works.", 0};
    return {};
  };
  if (!spare) return give_up("there is no spare segment");
  std::uint64_t need = kSegmentHeaderBytes;
  for (const auto& old : segments) {
    for (const GroupPlace& place : old->groups) need += place.bytes;
  }
  if (need > spare->bytes / kBlockBytes * kBlockBytes) return give_up("the spare segment is too small");

  const std::vector<std::shared_ptr<Segment>> sources = segments;
  const Position end = position;
  position.chain = sources.front()->groups.front().previous_chain;
  position.last_time = sources.front()->header.time_before;
  const std::uint64_t allocated = spare->bytes / kBlockBytes * kBlockBytes;
  ATOLL_TRY(begin_segment(allocated - kSegmentHeaderBytes, sources.front()->groups.front().first));
  for (const auto& old : sources) {
    FileSealers old_sealers(keys, FileFamily::segment, old->header.salt);
    for (const GroupPlace& place : old->groups) {
      const auto opened = read_group(*old->file, place, old_sealers, true);
      if (!opened) {
        if (opened.error().kind != ErrorKind::damaged) return pass(opened.error());
        add_lost(recovery.lost, place.first, place.last());
        continue;
      }
      std::vector<GroupItem> items;
      for (const StoredCommand& stored : opened->commands) {
        items.push_back({stored.command.envelope.lsn, stored.envelope_bytes, stored.command.payloads});
      }
      const codec::Digest previous_chain = place.previous_chain;
      codec::Digest chain = previous_chain;
      ATOLL_TRY(seal_group(current->header, *sealers, items, {place.first.value - 1}, chain, group));
      ATOLL_TRY(current->file->write_at(current->write_offset, group.view()));
      current->groups.push_back(
          {current->write_offset, static_cast<std::uint32_t>(group.size()), place.first, place.count, previous_chain});
      current->write_offset += group.size();
    }
  }
  ATOLL_TRY(current->file->sync());
  const std::string path = path_of(number_name(current->header.number, ".wal"));
  ATOLL_TRY(machine.files.rename(current->path, path));
  ATOLL_TRY(machine.files.sync_directory(folder));
  current->path = path;
  is_unnamed = false;
  position = end;
  segments = {current};
  for (const auto& old : sources) ATOLL_TRY(recycle(old->path, true));
  recovery.remarks.push_back("what the last session left was written into the spare segment");
  return {};
}

}  // namespace atl::journal
