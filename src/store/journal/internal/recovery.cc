#include "store/journal/internal/recovery.h"

#include <algorithm>
#include <charconv>

#include "foundation/codec/hash.h"

namespace atl::journal {
namespace {

constexpr std::string_view kHorizonMagic{"ATLJHZN\0", 8};
constexpr std::size_t kHorizonBytes = 64;
constexpr int kLoadTries = 8;

std::optional<std::uint64_t> parse_number_name(std::string_view name, std::string_view suffix) {
  if (name.size() != 20 + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + 20, number);
  if (error != std::errc{} || end != name.data() + 20) return std::nullopt;
  return number;
}

std::string range_text(Lsn first, Lsn last) {
  if (first == last) return "LSN " + std::to_string(first.value);
  return "LSN " + std::to_string(first.value) + " to " + std::to_string(last.value);
}

class Loader {
 public:
  Loader(platform::FileSystem& files, const std::string& folder, const JournalKeys& keys, const JournalOptions& options)
      : files_(files), folder_(folder), keys_(keys), options_(options) {}

  Result<FolderState> run() {
    ATOLL_TRY(list());
    ATOLL_TRY(load_horizon());
    sort_archives();
    ATOLL_TRY(load_newest_archive());
    ATOLL_TRY(load_segments());
    drop_void_groups();
    place_groups();
    ATOLL_TRY(load_end());
    // Zeros say that the chain begins anew: what it would have to continue could not be read.
    if (!state_.position.is_chain_known) state_.position.chain = {};
    apply_hint();
    return std::move(state_);
  }

 private:
  struct Found {
    std::uint64_t number = 0;
    std::string path;
  };

  void remark(std::string text) { state_.report.remarks.push_back(std::move(text)); }
  void lose(Lsn first, Lsn last) {
    add_lost(state_.report.lost, first, last);
    remark(range_text(first, last) + " cannot be read");
  }

  Result<void> list() {
    ATOLL_ASSIGN(const auto entries, files_.list(folder_));
    for (const platform::DirectoryEntry& entry : entries) {
      if (entry.kind != platform::FileKind::file) continue;
      state_.names.push_back(entry.name);
      const std::string path = platform::join(folder_, entry.name);
      if (const auto name = parse_archive_name(entry.name)) {
        ATOLL_ASSIGN(const auto info, files_.stat(path));
        if (info) all_archives_.push_back({name->first, name->last, info->size});
      } else if (const auto number = parse_number_name(entry.name, ".wal")) {
        found_.push_back({*number, path});
        state_.number_last = std::max(state_.number_last, *number);
      } else if (const auto spare = parse_number_name(entry.name, ".spare")) {
        state_.spares.push_back(path);
        state_.number_last = std::max(state_.number_last, *spare);
      } else if (const auto damaged = parse_number_name(entry.name, ".damaged")) {
        state_.number_last = std::max(state_.number_last, *damaged);
      } else if (entry.name.ends_with(".tmp") || entry.name.ends_with(".new")) {
        state_.unfinished.push_back(path);
      }
    }
    std::ranges::sort(found_, {}, &Found::number);
    return {};
  }

  Result<void> load_horizon() {
    const std::string path = platform::join(folder_, "horizon");
    auto bytes = platform::read_whole(files_, path, 4096);
    if (!bytes) {
      if (bytes.error().kind == ErrorKind::not_found) return {};
      if (bytes.error().kind != ErrorKind::damaged && bytes.error().kind != ErrorKind::limit &&
          bytes.error().kind != ErrorKind::io)
        return pass(bytes.error());
      horizon_unreadable_ = true;
      return {};
    }
    auto horizon = decode_horizon(*bytes, keys_.vault);
    if (horizon) {
      state_.horizon = *horizon;
    } else if (horizon.error().kind == ErrorKind::damaged) {
      horizon_unreadable_ = true;
    } else {
      return pass(horizon.error());
    }
    return {};
  }

  void sort_archives() {
    std::ranges::sort(all_archives_, [](const ArchivePlace& a, const ArchivePlace& b) {
      return a.first != b.first ? a.first < b.first : a.last > b.last;
    });
    if (horizon_unreadable_) {  // it only ever moves forward together with the removal of what lies below
      remark("the file that says how far the journal was truncated is damaged; what is there is taken as kept");
      if (!all_archives_.empty()) state_.horizon = Horizon{all_archives_.front().first, all_archives_.front().first};
    }
    Lsn reached{state_.first_kept().value - 1};
    for (const ArchivePlace& place : all_archives_) {
      if (place.last <= reached) {
        state_.superseded_archives.push_back(place.file_name());
        continue;
      }
      if (place.first > reached.next()) lose(reached.next(), {place.first.value - 1});
      reached = place.last;
      state_.archives.push_back(place);
    }
    state_.archived.last = reached;
    const bool is_new = all_archives_.empty() && found_.empty() && !state_.horizon;
    if (is_new) state_.archived.last = options_.start_after;
    if (state_.archives.empty()) {
      // Nothing archived: the chain is known where nothing was ever before.
      if (is_new) state_.archived.last_time = options_.start_time;
      state_.archived.is_chain_known = state_.archived.last.value == 0;
    }
  }

  Result<void> load_newest_archive() {
    if (state_.archives.empty()) return {};
    // Where the newest cannot be read at all, an older one at least keeps time from going back.
    const std::size_t tries = std::min<std::size_t>(state_.archives.size(), 4);
    for (std::size_t i = 0; i < tries; ++i) {
      const ArchivePlace& place = state_.archives[state_.archives.size() - 1 - i];
      auto reader = ArchiveReader::open(files_, platform::join(folder_, place.file_name()), place.name(), keys_);
      if (!reader) {
        if (reader.error().kind != ErrorKind::damaged && reader.error().kind != ErrorKind::io)
          return pass(reader.error());
        remark(reader.error().message);
        if (i == 0) {
          state_.number_last += kNumbersSkipped;
          state_.epoch_last += kNumbersSkipped;
        }
        continue;
      }
      const ArchiveReader& archive = **reader;
      state_.archived.last_time = archive.footer().last_time;
      state_.archived.chain = archive.footer().chain_after;
      state_.archived.is_chain_known = i == 0 && archive.has_index();
      state_.history = archive.header().history;
      state_.epoch_last = std::max(state_.epoch_last, archive.header().epoch);
      state_.number_last = std::max(state_.number_last, archive.header().segment_number);
      if (i == 0) archived_number_ = archive.header().segment_number;
      state_.notes = archive.notes();
      return {};
    }
    state_.archived.is_chain_known = false;
    return {};
  }

  // The newest archive says up to which number segments are archived. While it cannot be read new numbers keep well
  // away from those it may know, or they would be taken for archived once it was healed.
  static constexpr std::uint64_t kNumbersSkipped = 1U << 20;

  Result<void> load_segments() {
    for (const Found& found : found_) {
      if (archived_number_ && found.number <= *archived_number_) {
        state_.emptied_segments.push_back(found.path);
        continue;
      }
      auto segment = std::make_shared<Segment>();
      segment->path = found.path;
      ATOLL_ASSIGN(segment->file, files_.open(found.path, platform::OpenMode::read));
      auto header = read_segment_header(*segment->file, found.number, keys_);
      if (header && header->number != found.number) {
        header = fail(ErrorKind::damaged, "journal.segment_header_damaged",
                      "a journal segment's header is another segment's");
      }
      if (!header) {
        if (header.error().kind != ErrorKind::damaged) return pass(header.error());
        remark(found.path + ": " + header.error().message);
        state_.damaged_segments.push_back(found.path);
        continue;
      }
      segment->header = std::move(*header);
      ATOLL_ASSIGN(SegmentScan scan, scan_segment(*segment->file, segment->header));
      segment->groups = std::move(scan.groups);
      segment->write_offset = scan.end;
      segment->has_damage = scan.damaged_bytes > 0 || segment->header.is_rebuilt;
      state_.report.torn_bytes_dropped += scan.torn_bytes;
      if (segment->header.is_rebuilt)
        remark(found.path + ": both copies of the header are damaged; it was rebuilt from the groups");
      if (scan.damaged_bytes > 0)
        remark(found.path + ": " + std::to_string(scan.damaged_bytes) + " bytes between groups are damaged");
      if (scan.torn_bytes > 0)
        remark(found.path + ": a last group of " + std::to_string(scan.torn_bytes) +
               " bytes was cut by a crash and is dropped");
      state_.epoch_last = std::max(state_.epoch_last, segment->header.epoch);
      all_segments_.push_back(std::move(segment));
    }
    std::ranges::stable_sort(all_segments_, [](const auto& a, const auto& b) {
      return a->header.epoch != b->header.epoch ? a->header.epoch < b->header.epoch
                                                : a->header.number < b->header.number;
    });
    return {};
  }

  // A later session began at its first LSN because nothing readable stood there: what an earlier one has from that LSN
  // on was never acknowledged, or stands in the later one too.
  void drop_void_groups() {
    std::optional<Lsn> limit;
    std::uint64_t epoch = 0;
    Lsn epoch_first{};
    for (auto segment = all_segments_.rbegin(); segment != all_segments_.rend(); ++segment) {
      const SegmentHeader& header = (*segment)->header;
      if (segment == all_segments_.rbegin()) {
        epoch = header.epoch;
        epoch_first = header.first_lsn;
      } else if (header.epoch != epoch) {
        limit = limit ? std::min(*limit, epoch_first) : epoch_first;
        epoch = header.epoch;
        epoch_first = header.first_lsn;
      } else {
        epoch_first = std::min(epoch_first, header.first_lsn);
      }
      if (limit) std::erase_if((*segment)->groups, [&](const GroupPlace& group) { return group.first >= *limit; });
      (*segment)->is_void = limit && header.first_lsn >= *limit;
    }
  }

  void place_groups() {
    Lsn reached = state_.archived.last;
    for (const auto& segment : all_segments_) {
      const bool had_groups = !segment->groups.empty();
      std::vector<GroupPlace> kept;
      for (const GroupPlace& group : segment->groups) {
        if (group.last() <= reached) continue;
        if (group.first > reached.next()) {
          lose(reached.next(), {group.first.value - 1});
          segment->has_damage = true;
        }
        reached = group.last();
        state_.report.commands_recovered += group.count;
        kept.push_back(group);
      }
      segment->groups = std::move(kept);
      if (!segment->groups.empty()) {
        state_.segments.push_back(segment);
        state_.history = segment->header.history.is_none() ? state_.history : segment->header.history;
        FileSealers sealers(keys_, FileFamily::segment, segment->header.salt);
        if (auto notes = open_notes(sealers, segment->header.sealed_notes); notes && !notes->empty())
          state_.notes = std::move(*notes);
      } else if (!had_groups && !segment->is_void && segment->header.first_lsn > reached) {
        // A segment takes its name after its first group was synced. Here that group is gone, acknowledged or not.
        lose(reached.next(), segment->header.first_lsn);
        reached = segment->header.first_lsn;
        state_.damaged_segments.push_back(segment->path);
      } else {
        state_.emptied_segments.push_back(segment->path);
      }
    }
    state_.position = state_.archived;
    state_.position.last = reached;
  }

  // Commit time and chain at the end, from the last group alone.
  Result<void> load_end() {
    if (state_.segments.empty()) {
      if (state_.position.last != state_.archived.last) state_.position.is_chain_known = false;
      return {};
    }
    const Segment& segment = *state_.segments.back();
    state_.position.last_time = std::max(state_.position.last_time, segment.header.time_before);
    FileSealers sealers(keys_, FileFamily::segment, segment.header.salt);
    auto group = read_group(*segment.file, segment.groups.back(), sealers, false);
    if (!group) {
      if (group.error().kind != ErrorKind::damaged) return pass(group.error());
      // Good checksum, wrong seal: not written with these keys. Told when it is read; time and chain go on from before.
      remark(group.error().message);
      state_.position.is_chain_known = false;
      return {};
    }
    state_.position.last_time =
        std::max(state_.position.last_time, group->commands.back().command.envelope.commit_time);
    state_.position.chain = group->chain_after;
    state_.position.is_chain_known = segment.groups.back().last() == state_.position.last;
    return {};
  }

  void apply_hint() {
    if (options_.synced_lsn_hint <= state_.position.last) return;
    remark("the journal ends at " + range_text(state_.position.last, state_.position.last) + ", but LSN " +
           std::to_string(options_.synced_lsn_hint.value) + " was synced: this is damage, not a crash");
    lose(state_.position.last.next(), options_.synced_lsn_hint);
    state_.position.last = options_.synced_lsn_hint;
  }

  platform::FileSystem& files_;
  const std::string& folder_;
  const JournalKeys& keys_;
  const JournalOptions& options_;
  FolderState state_;
  std::vector<ArchivePlace> all_archives_;
  std::vector<Found> found_;
  std::vector<std::shared_ptr<Segment>> all_segments_;
  std::optional<std::uint64_t> archived_number_;
  bool horizon_unreadable_ = false;
};

}  // namespace

std::string number_name(std::uint64_t number, std::string_view suffix) {
  const std::string text = std::to_string(number);
  return std::string(20 - text.size(), '0') + text + std::string(suffix);
}

void add_lost(std::vector<LsnRange>& lost, Lsn first, Lsn last) {
  lost.push_back({first, last});
  std::ranges::sort(lost, {}, &LsnRange::first);
  std::vector<LsnRange> merged;
  for (const LsnRange& range : lost) {
    if (!merged.empty() && range.first.value <= merged.back().last.value + 1) {
      merged.back().last = std::max(merged.back().last, range.last);
    } else {
      merged.push_back(range);
    }
  }
  lost = std::move(merged);
}

Bytes encode_horizon(const Horizon& horizon, const VaultId& vault) {
  Bytes out;
  ByteWriter writer(out);
  writer.put_bytes(as_bytes(kHorizonMagic));
  writer.put<std::uint16_t>(0);  // major
  writer.put<std::uint16_t>(0);  // minor
  writer.put<std::uint32_t>(0);  // compatible
  writer.put<std::uint32_t>(0);  // read-only
  writer.put<std::uint32_t>(0);  // incompatible
  writer.put_bytes(vault.view());
  writer.put<std::uint64_t>(horizon.first_kept.value);
  writer.put<std::uint64_t>(horizon.first_with_payloads.value);
  writer.put_zeros(kHorizonBytes - 4 - writer.size());
  writer.put<std::uint32_t>(codec::crc32c(out));
  return out;
}

Result<Horizon> decode_horizon(ByteView bytes, const VaultId& vault) {
  if (bytes.size() != kHorizonBytes || !equal(bytes.first(8), as_bytes(kHorizonMagic)) ||
      load_le<std::uint32_t>(bytes.data() + kHorizonBytes - 4) != codec::crc32c(bytes.first(kHorizonBytes - 4))) {
    return fail(ErrorKind::damaged, "journal.horizon_damaged", "the journal's horizon file is damaged");
  }
  if (load_le<std::uint16_t>(bytes.data() + 8) != 0 || load_le<std::uint32_t>(bytes.data() + 20) != 0) {
    return fail(ErrorKind::unsupported, "journal.horizon_unsupported",
                "the journal's horizon file was written by a newer Atoll",
                "Use the Atoll version that wrote it, or a later one.");
  }
  if (!equal(bytes.subspan(24, 16), vault.view())) {
    return fail(ErrorKind::wrong_key, "journal.other_vault", "the journal's horizon file belongs to another vault");
  }
  Horizon horizon;
  horizon.first_kept.value = load_le<std::uint64_t>(bytes.data() + 40);
  horizon.first_with_payloads.value = load_le<std::uint64_t>(bytes.data() + 48);
  if (horizon.first_kept.value == 0 || horizon.first_with_payloads < horizon.first_kept ||
      horizon.first_with_payloads.value > (1ULL << 62)) {
    return fail(ErrorKind::damaged, "journal.horizon_damaged", "the journal's horizon file is damaged");
  }
  return horizon;
}

Result<FolderState> load_folder(platform::FileSystem& files, const std::string& folder, const JournalKeys& keys,
                                const JournalOptions& options) {
  // A writer may archive, merge and remove while a reader looks: a file that vanished, or a hole that was not there a
  // moment ago, is looked at again.
  for (int tries = 1;; ++tries) {
    auto state = Loader(files, folder, keys, options).run();
    const bool is_missing = !state && state.error().kind == ErrorKind::not_found;
    bool is_suspect = false;
    if (state && !options.writable) {
      is_suspect = !state->report.lost.empty() || !state->damaged_segments.empty();
      if (const auto entries = files.list(folder); entries && !is_suspect) {
        std::vector<std::string> names;
        for (const platform::DirectoryEntry& entry : *entries) {
          if (entry.kind == platform::FileKind::file) names.push_back(entry.name);
        }
        is_suspect = names != state->names;
      }
    }
    if (tries < kLoadTries && (is_suspect || is_missing)) {
      if (is_missing) {
        ATOLL_ASSIGN(const auto info, files.stat(folder));
        if (!info) return state;
      }
      continue;
    }
    return state;
  }
}

}  // namespace atl::journal
