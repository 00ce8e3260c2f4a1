// Archiving, merging and truncation.
#include <algorithm>

#include "store/journal/internal/core.h"

namespace atl::journal {
namespace {

std::string unfinished_name(Lsn first) { return number_name(first.value, "-archive.tmp"); }

}  // namespace

Result<JournalCore::MadeArchives> JournalCore::archive_segment(const Segment& segment) {
  std::vector<GroupPlace> groups;
  Lsn done;
  Bytes notes_now;
  {
    const std::lock_guard lock(mutex);
    groups = segment.groups;
    done = archives.empty() ? Lsn{horizon.first_kept.value - 1} : archives.back().last;
    notes_now = notes;
  }
  MadeArchives made;
  std::unique_ptr<ArchiveWriter> writer;
  const auto finish = [&]() -> Result<void> {
    if (!writer) return {};
    const Lsn first = writer->header().first;
    ATOLL_ASSIGN(const ArchiveFooter footer, writer->finish());
    writer.reset();
    const std::string path = path_of(archive_name(first, footer.last));
    ATOLL_TRY(machine.files.rename(path_of(unfinished_name(first)), path));
    ATOLL_ASSIGN(const auto info, machine.files.stat(path));
    made.places.push_back({first, footer.last, info ? info->size : 0});
    return {};
  };
  const auto run = [&]() -> Result<void> {
    FileSealers old_sealers(keys, FileFamily::segment, segment.header.salt);
    Timestamp time = segment.header.time_before;
    Lsn expected;
    for (const GroupPlace& place : groups) {
      const auto opened = read_group(*segment.file, place, old_sealers, true);
      if (!opened) {
        if (opened.error().kind != ErrorKind::damaged) return pass(opened.error());
        made.lost.push_back({place.first, place.last()});
        continue;
      }
      codec::Digest chain = place.previous_chain;
      if (writer && writer->chain() != chain) ATOLL_TRY(finish());  // the chain begins anew here
      for (const StoredCommand& stored : opened->commands) {
        const Envelope& envelope = stored.command.envelope;
        if (envelope.lsn > done) {
          if (writer && envelope.lsn != expected) ATOLL_TRY(finish());
          if (!writer) {
            ArchiveHeader header;
            header.history = segment.header.history.is_none() ? history : segment.header.history;
            header.epoch = segment.header.epoch;
            header.segment_number = segment.header.number;
            header.first = envelope.lsn;
            header.chain_before = chain;
            header.time_before = time;
            ATOLL_ASSIGN(writer, ArchiveWriter::begin(machine, keys, path_of(unfinished_name(envelope.lsn)), header,
                                                      notes_now, options.archive_block_bytes));
          }
          ATOLL_TRY(writer->add(stored));
          expected = envelope.lsn.next();
        } else {
          chain = next_chain(old_sealers.chain_key(), chain, stored.envelope_bytes);
        }
        time = envelope.commit_time;
      }
    }
    return finish();
  };
  if (auto done_all = run(); !done_all) {
    if (writer) {  // gives a full disk its room back
      const Lsn first = writer->header().first;
      writer.reset();
      ignore_error_on_purpose(machine.files.remove_file(path_of(unfinished_name(first))));
    }
    return pass(done_all.error());
  }
  if (!made.places.empty()) ATOLL_TRY(machine.files.sync_directory(folder));
  return made;
}

void JournalCore::insert_archive(const ArchivePlace& place) {
  std::erase_if(archives, [&](const ArchivePlace& old) { return place.first <= old.first && old.last <= place.last; });
  archives.insert(std::ranges::upper_bound(archives, place.first, {}, &ArchivePlace::first), place);
}

Result<void> JournalCore::archive_segments(bool with_current, bool may_become_spare, std::vector<LsnRange>* lost) {
  std::vector<std::shared_ptr<Segment>> todo;
  {
    const std::lock_guard lock(mutex);
    todo = segments;
    // The last one is the appending thread's, unless it belongs to an earlier session.
    if (!with_current && !todo.empty() && todo.back()->header.epoch == epoch) todo.pop_back();
  }
  for (auto& segment : todo) {
    ATOLL_ASSIGN(const MadeArchives made, archive_segment(*segment));
    std::string path;
    bool is_shared = false;
    {
      const std::lock_guard lock(mutex);
      for (const ArchivePlace& place : made.places) insert_archive(place);
      std::erase(segments, segment);
      if (current == segment) {
        current.reset();
        sealers.reset();
      }
      path = segment->path;
      is_shared = segment.use_count() > 1;  // somebody is reading it: its bytes must stay
    }
    if (lost != nullptr) {
      for (const LsnRange& range : made.lost) add_lost(*lost, range.first, range.last);
    }
    if (segment->has_damage || !made.lost.empty()) {
      ATOLL_TRY(machine.files.rename(path, path.substr(0, path.rfind('.')) + ".damaged"));
      continue;
    }
    segment.reset();
    ATOLL_TRY(recycle(path, may_become_spare && !is_shared));
  }
  return {};
}

Result<void> JournalCore::recycle(const std::string& path, bool may_become_spare) {
  if (may_become_spare) {
    ATOLL_ASSIGN(const auto info, machine.files.stat(path));
    if (!info) return {};
    const bool is_wanted = options.preallocate || info->size <= 4 * options.grow_bytes;
    std::uint64_t number = 0;
    {
      const std::lock_guard lock(mutex);
      may_become_spare = is_wanted && !spare;
      if (may_become_spare) number = ++number_last;
    }
    if (may_become_spare) {
      const std::string name = path_of(number_name(number, ".spare"));
      ATOLL_TRY(machine.files.rename(path, name));
      const std::lock_guard lock(mutex);
      if (!spare) {
        spare = Spare{name, info->size};
        return {};
      }
    }
  }
  ATOLL_TRY(machine.files.remove_file(path));
  return {};
}

Result<void> JournalCore::keep_spare() {
  std::string path;
  {
    const std::lock_guard lock(mutex);
    if (spare) return {};
    path = path_of(number_name(++number_last, ".spare"));
  }
  const std::uint64_t bytes = round_up(options.segment_bytes, kBlockBytes);
  const auto make = [&]() -> Result<void> {
    ATOLL_ASSIGN(const auto file, machine.files.open(path, platform::OpenMode::create_new));
    ATOLL_TRY(fill_zeros(*file, 0, bytes));
    return file->sync();
  };
  if (const auto made = make(); !made) {
    ignore_error_on_purpose(machine.files.remove_file(path));
    return made;
  }
  const std::lock_guard lock(mutex);
  if (!spare) spare = Spare{path, bytes};
  return {};
}

Result<ArchivePlace> JournalCore::rewrite_archives(std::span<const ArchivePlace> sources,
                                                   const std::function<bool(Lsn)>& keeps_payloads) {
  std::vector<std::unique_ptr<ArchiveReader>> readers;
  ArchiveHeader header;
  Bytes notes_there;
  for (const ArchivePlace& source : sources) {
    ATOLL_ASSIGN(auto reader, ArchiveReader::open(machine.files, path_of(source.file_name()), source.name(), keys));
    if (!reader->has_index())
      return fail(ErrorKind::damaged, "journal.archive_damaged",
                  "the journal archive " + source.file_name() + " is damaged beyond repair");
    const ArchiveHeader& there = reader->header();
    if (readers.empty()) {
      header.first = there.first;
      header.chain_before = there.chain_before;
      header.time_before = there.time_before;
    } else if (readers.back()->footer().chain_after != there.chain_before ||
               readers.back()->footer().last.next() != there.first) {
      return fail(ErrorKind::damaged, "journal.chain_broken",
                  "the journal archive " + source.file_name() + " does not continue the one before it");
    }
    header.history = there.history;
    header.epoch = std::max(header.epoch, there.epoch);
    header.segment_number = std::max(header.segment_number, there.segment_number);
    notes_there = reader->notes();
    readers.push_back(std::move(reader));
  }
  const ArchivePlace place{sources.front().first, sources.back().last, 0};
  const std::string unfinished = path_of(unfinished_name(place.first));
  const auto run = [&]() -> Result<ArchivePlace> {
    ATOLL_ASSIGN(const auto writer,
                 ArchiveWriter::begin(machine, keys, unfinished, header, notes_there, options.archive_block_bytes));
    for (const auto& reader : readers) {
      for (const ArchiveBlockPlace& block : reader->blocks()) {
        ATOLL_ASSIGN(std::vector<StoredCommand> commands, reader->read_block(block, true));
        for (StoredCommand& stored : commands) {
          if (keeps_payloads && !keeps_payloads(stored.command.envelope.lsn)) {
            for (Payload& payload : stored.command.payloads) payload.plain.reset();
          }
          ATOLL_TRY(writer->add(stored));
        }
      }
    }
    ATOLL_ASSIGN(const ArchiveFooter footer, writer->finish());
    if (footer.last != place.last || footer.chain_after != readers.back()->footer().chain_after) {
      return fail(ErrorKind::damaged, "journal.chain_broken",
                  "journal archives that were written anew do not end as they did");
    }
    const std::string path = path_of(place.file_name());
    ATOLL_TRY(machine.files.rename(unfinished, path));
    ATOLL_TRY(machine.files.sync_directory(folder));
    ATOLL_ASSIGN(const auto info, machine.files.stat(path));
    return ArchivePlace{place.first, place.last, info ? info->size : 0};
  };
  auto made = run();
  if (!made) ignore_error_on_purpose(machine.files.remove_file(unfinished));
  return made;
}

Result<void> JournalCore::merge_small_archives() {
  std::vector<std::vector<ArchivePlace>> runs;  // each becomes one archive
  const std::uint64_t bytes_max = std::max(options.segment_bytes, 16 * options.small_archive_bytes);
  {
    const std::lock_guard lock(mutex);
    std::vector<ArchivePlace> neighbours;
    const auto end_neighbours = [&] {
      if (neighbours.size() > options.small_archives_max) {
        std::uint64_t bytes = UINT64_MAX;
        for (const ArchivePlace& place : neighbours) {
          if (bytes > bytes_max - std::min(place.bytes, bytes_max)) {
            runs.emplace_back();
            bytes = 0;
          }
          runs.back().push_back(place);
          bytes += place.bytes;
        }
      }
      neighbours.clear();
    };
    for (const ArchivePlace& place : archives) {
      const bool is_small = place.bytes < options.small_archive_bytes;
      if (!is_small || (!neighbours.empty() && neighbours.back().last.next() != place.first)) end_neighbours();
      if (is_small) neighbours.push_back(place);
    }
    end_neighbours();
  }
  while (!runs.empty()) {
    const std::vector<ArchivePlace> run = std::move(runs.back());
    runs.pop_back();
    if (run.size() < 2) continue;
    const auto merged = rewrite_archives(run, nullptr);
    if (!merged) {
      if (merged.error().id == "journal.chain_broken") {
        // The chain begins anew somewhere among them: what lies on either side can still be merged.
        const auto middle = run.begin() + static_cast<std::ptrdiff_t>(run.size() / 2);
        runs.emplace_back(run.begin(), middle);
        runs.emplace_back(middle, run.end());
        continue;
      }
      // Merging is tidiness: damage is verify's to tell, a full disk can wait.
      if (merged.error().kind == ErrorKind::damaged || merged.error().kind == ErrorKind::no_space) continue;
      return pass(merged.error());
    }
    {
      const std::lock_guard lock(mutex);
      insert_archive(*merged);
    }
    for (const ArchivePlace& small : run) ATOLL_TRY(machine.files.remove_file(path_of(small.file_name())));
  }
  return {};
}

Result<void> JournalCore::write_horizon(const Horizon& next) {
  ATOLL_TRY(platform::replace_whole(machine.files, path_of("horizon"), encode_horizon(next, keys.vault)));
  const std::lock_guard lock(mutex);
  horizon = next;
  return {};
}

namespace {

Result<void> check_maintainable(const JournalCore& core) {
  if (!core.options.writable) return fail(ErrorKind::usage, "journal.read_only", "this journal was opened for reading");
  return {};
}

}  // namespace

Result<void> Journal::archive_full() {
  ATOLL_TRY(check_maintainable(*state_));
  const std::lock_guard guard(state_->maintenance);
  ATOLL_TRY(state_->archive_segments(false));
  ATOLL_TRY(state_->merge_small_archives());
  if (state_->options.preallocate) ATOLL_TRY(state_->keep_spare());
  return {};
}

Result<void> Journal::close() {
  ATOLL_TRY(check_maintainable(*state_));
  const std::lock_guard guard(state_->maintenance);
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->is_closed) return {};
    state_->is_closed = true;
    // What a failed write or sync left is for the next session to read from the disk itself, not from memory.
    if (state_->stopped) return {};
  }
  ATOLL_TRY(state_->archive_segments(true));
  return state_->merge_small_archives();
}

Result<void> Journal::drop_payloads_up_to(Lsn lsn) {
  ATOLL_TRY(check_maintainable(*state_));
  const std::lock_guard guard(state_->maintenance);
  std::vector<ArchivePlace> todo;
  Horizon next;
  {
    const std::lock_guard lock(state_->mutex);
    next = state_->horizon;
    for (const ArchivePlace& place : state_->archives) {
      if (place.last > lsn) break;
      todo.push_back(place);
      next.first_with_payloads = std::max(next.first_with_payloads, place.last.next());
    }
    if (next == state_->horizon) next = {};
  }
  if (todo.empty()) return {};
  if (next.first_with_payloads > Lsn{1}) ATOLL_TRY(state_->write_horizon(next));
  for (const ArchivePlace& place : todo) {
    {
      ATOLL_ASSIGN(const auto reader, ArchiveReader::open(state_->machine.files, state_->path_of(place.file_name()),
                                                          place.name(), state_->keys));
      if (reader->has_index() && reader->footer().payloads_present == 0) continue;
    }
    ATOLL_ASSIGN(const ArchivePlace smaller, state_->rewrite_archives(std::span(&place, 1), [](Lsn) { return false; }));
    const std::lock_guard lock(state_->mutex);
    state_->insert_archive(smaller);
  }
  return {};
}

Result<void> Journal::drop_envelopes_up_to(Lsn lsn) {
  ATOLL_TRY(check_maintainable(*state_));
  const std::lock_guard guard(state_->maintenance);
  std::vector<ArchivePlace> todo;
  Horizon next;
  {
    const std::lock_guard lock(state_->mutex);
    next = state_->horizon;
    // The newest archive stays: it tells the next session where LSNs, times and the chain go on.
    for (std::size_t i = 0; i + 1 < state_->archives.size() && state_->archives[i].last <= lsn; ++i)
      todo.push_back(state_->archives[i]);
  }
  if (todo.empty()) return {};
  next.first_kept = std::max(next.first_kept, todo.back().last.next());
  next.first_with_payloads = std::max(next.first_with_payloads, next.first_kept);
  ATOLL_TRY(state_->write_horizon(next));
  {
    const std::lock_guard lock(state_->mutex);
    state_->archives.erase(state_->archives.begin(),
                           state_->archives.begin() + static_cast<std::ptrdiff_t>(todo.size()));
  }
  for (const ArchivePlace& place : todo)
    ATOLL_TRY(state_->machine.files.remove_file(state_->path_of(place.file_name())));
  return {};
}

Result<void> Journal::erase_payloads(std::span<const Lsn> lsns) {
  ATOLL_TRY(state_->check_may_append());
  const std::lock_guard guard(state_->maintenance);
  ATOLL_TRY(state_->archive_segments(true, false));
  std::vector<Lsn> sorted(lsns.begin(), lsns.end());
  std::ranges::sort(sorted);
  std::vector<ArchivePlace> todo;
  {
    const std::lock_guard lock(state_->mutex);
    for (const ArchivePlace& place : state_->archives) {
      const auto at = std::ranges::lower_bound(sorted, place.first);
      if (at != sorted.end() && *at <= place.last) todo.push_back(place);
    }
  }
  for (const ArchivePlace& place : todo) {
    ATOLL_ASSIGN(const ArchivePlace made, state_->rewrite_archives(std::span(&place, 1), [&](Lsn lsn) {
      return !std::ranges::binary_search(sorted, lsn);
    }));
    const std::lock_guard lock(state_->mutex);
    state_->insert_archive(made);
  }
  std::optional<Spare> unused;
  {
    const std::lock_guard lock(state_->mutex);
    unused = std::exchange(state_->spare, std::nullopt);
  }
  if (unused) ATOLL_TRY(state_->machine.files.remove_file(unused->path));
  // Segments set aside for their damage hold old groups as well, and erasing means everywhere.
  ATOLL_ASSIGN(const auto entries, state_->machine.files.list(state_->folder));
  for (const platform::DirectoryEntry& entry : entries) {
    if (entry.name.ends_with(".damaged")) ATOLL_TRY(state_->machine.files.remove_file(state_->path_of(entry.name)));
  }
  return state_->machine.files.sync_directory(state_->folder);
}

}  // namespace atl::journal
