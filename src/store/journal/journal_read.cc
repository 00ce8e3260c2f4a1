// Reading, finding by time, verifying.
#include <algorithm>

#include "store/journal/internal/core.h"

namespace atl::journal {
namespace {

constexpr int kLooksMax = 8;
constexpr std::size_t kGroupsPerLook = 256;

enum class Step : std::uint8_t { go_on, stop };

// Visits what `reader` has of [at, end]; moves `at` on.
Result<Step> visit_archive(const ArchiveReader& reader, Lsn& at, Lsn end, bool with_payloads,
                           const std::function<Result<bool>(const Command&)>& visit) {
  const Lsn last = std::min(end, reader.name().last);
  for (const ArchiveBlockPlace& block : reader.blocks()) {
    if (block.last() < at) continue;
    if (at > last) return Step::go_on;
    if (block.first > at) return lost_range(at, {block.first.value - 1});
    const auto commands = reader.read_block(block, with_payloads);
    if (!commands && commands.error().kind == ErrorKind::damaged) {
      return lost_range(at, std::min(block.last(), last), commands.error().message);
    }
    if (!commands) return pass(commands.error());
    for (const StoredCommand& stored : *commands) {
      if (stored.command.envelope.lsn < at) continue;
      if (stored.command.envelope.lsn > last) break;
      ATOLL_ASSIGN(const bool goes_on, visit(stored.command));
      at = stored.command.envelope.lsn.next();
      if (!goes_on) return Step::stop;
    }
  }
  if (at <= last) return lost_range(at, last);
  return Step::go_on;
}

}  // namespace

tl::unexpected<Error> lost_range(Lsn first, Lsn last, const std::string& why) {
  return fail(ErrorKind::damaged, "journal.lost",
              "the journal's commands LSN " + std::to_string(first.value) + " to " + std::to_string(last.value) +
                  " cannot be read" + (why.empty() ? "" : ": " + why),
              "Run `atoll verify`; copies and backups may still hold them.");
}

JournalCore::Source JournalCore::find(Lsn at, Lsn end) const {
  Source source;
  const auto above = std::ranges::upper_bound(archives, at, {}, &ArchivePlace::first);
  if (above != archives.begin() && std::prev(above)->last >= at) {
    source.archive = *std::prev(above);
    return source;
  }
  Lsn next = above == archives.end() ? end.next() : above->first;
  for (const auto& segment : segments) {
    const auto place = std::ranges::lower_bound(segment->groups, at, {}, &GroupPlace::last);
    if (place == segment->groups.end()) continue;
    if (place->first > at) {
      next = std::min(next, place->first);
      continue;
    }
    source.segment = segment;
    const auto count = std::min<std::ptrdiff_t>(kGroupsPerLook, segment->groups.end() - place);
    source.groups.assign(place, place + count);
    return source;
  }
  source.gap_end.value = std::min(next.value - 1, end.value);
  return source;
}

Result<void> JournalCore::look_again() const {
  ATOLL_ASSIGN(FolderState state, load_folder(machine.files, folder, keys, options));
  const std::lock_guard lock(mutex);
  archives = std::move(state.archives);
  segments = std::move(state.segments);
  return {};
}

Result<void> Journal::read(Lsn from, Lsn to, const std::function<Result<bool>(const Command&)>& visit) const {
  return visit_range(from, to, true, visit);
}

Result<void> Journal::read_envelopes(Lsn from, Lsn to,
                                     const std::function<Result<bool>(const Envelope&)>& visit) const {
  return visit_range(from, to, false, [&](const Command& command) { return visit(command.envelope); });
}

Result<void> Journal::visit_range(Lsn from, Lsn to, bool with_payloads,
                                  const std::function<Result<bool>(const Command&)>& visit) const {
  std::optional<Error> visitors_error;  // goes to the caller as it is: the file is not to blame for it
  const auto visit_kept = [&](const Command& command) -> Result<bool> {
    auto goes_on = visit(command);
    if (!goes_on) visitors_error = goes_on.error();
    return goes_on;
  };
  Lsn at = std::max(from, Lsn{1});
  int looks = 0;
  Lsn looked_at;
  while (true) {
    JournalCore::Source source;
    Lsn end;
    {
      const std::lock_guard lock(state_->mutex);
      end = std::min(to, state_->position.last);
      if (at > end) return {};
      if (at < state_->horizon.first_kept) {
        const std::string start = std::to_string(state_->horizon.first_kept.value);
        return fail(ErrorKind::not_found, "journal.below_horizon",
                    "the journal no longer keeps LSN " + std::to_string(at.value) + "; start from LSN " + start,
                    "Take a newer state as the beginning and read on from LSN " + start + ".");
      }
      source = state_->find(at, end);
    }
    const auto step = [&]() -> Result<Step> {
      if (source.archive) {
        const ArchivePlace& place = *source.archive;
        const auto reader =
            ArchiveReader::open(state_->machine.files, state_->path_of(place.file_name()), place.name(), state_->keys);
        if (!reader && reader.error().kind == ErrorKind::damaged) {
          return lost_range(at, std::min(place.last, end), reader.error().message);
        }
        if (!reader) return pass(reader.error());
        return visit_archive(**reader, at, end, with_payloads, visit_kept);
      }
      if (!source.segment) return lost_range(at, source.gap_end);
      FileSealers sealers(state_->keys, FileFamily::segment, source.segment->header.salt);
      for (const GroupPlace& place : source.groups) {
        if (place.first > at || at > end) break;
        const auto opened = read_group(*source.segment->file, place, sealers, with_payloads);
        if (!opened && opened.error().kind == ErrorKind::damaged)
          return lost_range(at, std::min(place.last(), end), opened.error().message);
        if (!opened) return pass(opened.error());
        for (const StoredCommand& stored : opened->commands) {
          const Lsn lsn = stored.command.envelope.lsn;
          if (lsn < at) continue;
          if (lsn > end) break;
          ATOLL_ASSIGN(const bool goes_on, visit_kept(stored.command));
          at = lsn.next();
          if (!goes_on) return Step::stop;
        }
      }
      return Step::go_on;
    }();
    if (step) {
      if (*step == Step::stop) return {};
      continue;
    }
    // An archive may just have been merged away, or (reading beside another process) a segment archived: look again.
    const bool is_gone = step.error().kind == ErrorKind::not_found && source.archive;
    const bool may_have_moved = !state_->options.writable && step.error().kind == ErrorKind::damaged;
    if (at != looked_at) looks = 0;
    looked_at = at;
    if (visitors_error || (!is_gone && !may_have_moved)) return pass(step.error());
    if (++looks > kLooksMax) {
      if (is_gone) return lost_range(at, std::min(source.archive->last, end), step.error().message);
      return pass(step.error());
    }
    if (!state_->options.writable) ATOLL_TRY(state_->look_again());
  }
}

Result<Lsn> Journal::last_lsn_at(Timestamp time) const {
  for (int looks = 0;; ++looks) {
    std::vector<ArchivePlace> archives;
    std::vector<std::shared_ptr<Segment>> segments;
    std::vector<std::vector<GroupPlace>> groups;
    Lsn first_kept;
    {
      const std::lock_guard lock(state_->mutex);
      archives = state_->archives;
      segments = state_->segments;
      for (const auto& segment : segments) groups.push_back(segment->groups);
      first_kept = state_->horizon.first_kept;
      if (state_->position.last_time <= time) return state_->position.last;
    }
    const auto in_commands = [&](const std::vector<StoredCommand>& commands) {
      std::optional<Lsn> found;
      for (const StoredCommand& stored : commands) {
        if (stored.command.envelope.commit_time <= time) found = stored.command.envelope.lsn;
      }
      return found;
    };
    for (std::size_t i = segments.size(); i-- > 0;) {
      FileSealers sealers(state_->keys, FileFamily::segment, segments[i]->header.salt);
      // Times do not go back, so the last group that begins at or before `time` holds the answer.
      std::size_t low = 0;
      std::size_t high = groups[i].size();
      std::optional<Lsn> found;
      while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        ATOLL_ASSIGN(const OpenedGroup opened, read_group(*segments[i]->file, groups[i][middle], sealers, false));
        if (const auto lsn = in_commands(opened.commands)) {
          found = lsn;
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      if (found) return *found;
    }
    bool is_gone = false;
    std::size_t low = 0;
    std::size_t high = archives.size();
    std::optional<Lsn> found;
    while (low < high) {
      const std::size_t middle = low + (high - low) / 2;
      const ArchivePlace& place = archives[middle];
      const auto reader =
          ArchiveReader::open(state_->machine.files, state_->path_of(place.file_name()), place.name(), state_->keys);
      if (!reader) {
        is_gone = reader.error().kind == ErrorKind::not_found;
        if (!is_gone) return pass(reader.error());
        break;
      }
      const auto& blocks = (*reader)->blocks();
      const auto above = std::ranges::upper_bound(blocks, time, {}, &ArchiveBlockPlace::first_time);
      if (above == blocks.begin()) {
        high = middle;
        continue;
      }
      ATOLL_ASSIGN(const auto commands, (*reader)->read_block(*std::prev(above), false));
      found = in_commands(commands);
      low = middle + 1;
    }
    if (is_gone && looks < kLooksMax) {
      if (!state_->options.writable) ATOLL_TRY(state_->look_again());
      continue;
    }
    if (found) return *found;
    if (first_kept <= Lsn{1}) return Lsn{};
    return fail(
        ErrorKind::not_found, "journal.below_horizon",
        "the journal no longer keeps commands that old; the oldest kept is LSN " + std::to_string(first_kept.value));
  }
}

Result<JournalStats> Journal::stats() const {
  JournalStats stats;
  std::vector<std::string> paths;
  {
    const std::lock_guard lock(state_->mutex);
    for (const ArchivePlace& place : state_->archives) {
      stats.archived_bytes += place.bytes;
      stats.last_archived = place.last;
    }
    stats.archives = state_->archives.size();
    stats.segments = state_->segments.size();
    for (const auto& segment : state_->segments) paths.push_back(segment->path);
    if (state_->spare) paths.push_back(state_->spare->path);
    stats.first_kept = state_->horizon.first_kept;
    stats.first_with_payloads = state_->horizon.first_with_payloads;
  }
  stats.bytes = stats.archived_bytes;
  for (const std::string& path : paths) {
    ATOLL_ASSIGN(const auto info, state_->machine.files.stat(path));
    if (info) stats.bytes += info->size;
  }
  return stats;
}

}  // namespace atl::journal
