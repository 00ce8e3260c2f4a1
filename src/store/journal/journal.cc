#include "store/journal/journal.h"

#include <algorithm>

#include "store/journal/internal/core.h"

namespace atl::journal {
namespace {

constexpr std::size_t kZeroBytes = 256 * 1024;

Result<void> check_options(const JournalOptions& options) {
  if (options.segment_bytes < 2 * kSegmentHeaderBytes || options.segment_bytes > 4 * kGiB ||
      options.grow_bytes < kBlockBytes) {
    return fail(ErrorKind::usage, "journal.options", "the journal's segment size makes no sense");
  }
  return {};
}

}  // namespace

tl::unexpected<Error> JournalCore::stop(Error why) {
  // A full disk inside an area that was written before is as unknown a state as any failed write.
  if (why.kind == ErrorKind::no_space) why.kind = ErrorKind::io;
  why.hint = "Open the vault again; everything that was answered is safe.";
  const std::lock_guard lock(mutex);
  if (!stopped) stopped = why;
  return tl::unexpected<Error>(std::move(why));
}

Result<void> JournalCore::check_may_append() const {
  if (!options.writable) return fail(ErrorKind::usage, "journal.read_only", "this journal was opened for reading");
  const std::lock_guard lock(mutex);
  if (is_closed) return fail(ErrorKind::usage, "journal.closed", "this journal was closed");
  if (stopped) {
    if (stopped->kind == ErrorKind::no_space) return pass(*stopped);
    return fail(ErrorKind::io, "journal.closed_after_failure",
                "an earlier write to the journal failed, so writing has ended: " + stopped->message,
                "Open the vault again; everything that was answered is safe.", stopped->os_error);
  }
  return {};
}

Result<void> JournalCore::fill_zeros(platform::File& file, std::uint64_t from, std::uint64_t to) const {
  const Bytes zeros(static_cast<std::size_t>(std::min<std::uint64_t>(kZeroBytes, to - from)));
  for (std::uint64_t at = from; at < to; at += zeros.size()) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(zeros.size(), to - at));
    ATOLL_TRY(file.write_at(at, ByteView(zeros).first(count)));
  }
  return {};
}

Result<void> JournalCore::ensure_room(std::uint64_t group_bytes, Lsn first) {
  if (current) {
    const std::uint64_t end = current->write_offset + group_bytes;
    if (end <= current->allocated_bytes) return {};
    if (end <= options.segment_bytes) {
      const std::uint64_t grown =
          std::min(round_up(end, options.grow_bytes), round_up(options.segment_bytes, kBlockBytes));
      const auto filled = fill_zeros(*current->file, current->allocated_bytes, grown);
      if (filled) {
        current->allocated_bytes = grown;
        return {};
      }
      // Beyond what was allocated nothing of value lies: a full disk has broken nothing, and the spare may have room.
      if (filled.error().kind != ErrorKind::no_space) return stop(filled.error());
    }
  }
  return begin_segment(group_bytes, first);
}

// Until its first group is synced the new segment has no name that counts, so nothing here can be half visible.
Result<void> JournalCore::begin_segment(std::uint64_t group_bytes, Lsn first) {
  const std::uint64_t need = kSegmentHeaderBytes + group_bytes;
  const std::uint64_t wanted = options.preallocate ? std::max(round_up(options.segment_bytes, kBlockBytes), need)
                                                   : round_up(need, options.grow_bytes);
  std::optional<Spare> taken;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex);
    taken = std::exchange(spare, std::nullopt);
    number = ++number_last;
  }
  auto segment = std::make_shared<Segment>();
  if (taken) {
    auto opened = machine.files.open(taken->path, platform::OpenMode::read_write);
    if (!opened) return stop(opened.error());
    segment->path = taken->path;
    segment->file = std::move(*opened);
    const auto size = segment->file->size();
    if (!size) return stop(size.error());
    segment->allocated_bytes = *size / kBlockBytes * kBlockBytes;
  } else {
    segment->path = path_of(number_name(number, ".tmp"));
    auto opened = machine.files.open(segment->path, platform::OpenMode::create_new);
    if (!opened) {
      if (opened.error().kind == ErrorKind::no_space) return pass(opened.error());
      return stop(opened.error());
    }
    segment->file = std::move(*opened);
  }
  if (segment->allocated_bytes < need || (options.preallocate && segment->allocated_bytes < wanted)) {
    const auto filled = fill_zeros(*segment->file, segment->allocated_bytes, wanted);
    if (filled) {
      segment->allocated_bytes = wanted;
    } else if (filled.error().kind != ErrorKind::no_space) {
      return stop(filled.error());
    } else if (segment->allocated_bytes < need) {
      if (taken) {
        const std::lock_guard lock(mutex);
        spare = std::move(taken);
      } else {
        segment->file.reset();
        ignore_error_on_purpose(machine.files.remove_file(segment->path));
      }
      return pass(filled.error());
    }
  }
  SegmentHeader& header = segment->header;
  header.vault = keys.vault;
  header.history = history;
  header.epoch = epoch;
  header.number = number;
  machine.random.fill(header.salt);
  header.suite = keys.suite;
  header.first_lsn = first;
  Bytes notes_now;
  {
    const std::lock_guard lock(mutex);
    header.chain_before = position.chain;
    header.time_before = position.last_time;
    notes_now = notes;
  }
  auto fresh = std::make_unique<FileSealers>(keys, FileFamily::segment, header.salt);
  header.sealed_notes = seal_notes(*fresh, notes_now);
  Bytes block = encode_segment_header(header);
  block.reserve(2 * block.size());
  block.insert(block.end(), block.begin(), block.begin() + kBlockBytes);
  if (const auto written = segment->file->write_at(0, block); !written) return stop(written.error());
  segment->write_offset = kSegmentHeaderBytes;
  {
    const std::lock_guard lock(mutex);
    segments.push_back(segment);
  }
  current = std::move(segment);
  sealers = std::move(fresh);
  is_unnamed = true;
  return {};
}

Result<void> JournalCore::write_group(std::span<const GroupItem> items, Timestamp last_time) {
  const std::uint64_t bytes = sealed_group_bytes(items);
  const Lsn first = items.front().lsn;
  ATOLL_TRY(ensure_room(bytes, first));
  codec::Digest chain{};
  {
    const std::lock_guard lock(mutex);
    chain = position.chain;
  }
  const codec::Digest previous_chain = chain;
  if (const auto sealed = seal_group(current->header, *sealers, items, {first.value - 1}, chain, group); !sealed)
    return stop(sealed.error());
  if (const auto written = current->file->write_at(current->write_offset, group.view()); !written)
    return stop(written.error());
  if (const auto synced = current->file->sync(); !synced) return stop(synced.error());
  if (is_unnamed) {
    const std::string path = path_of(number_name(current->header.number, ".wal"));
    if (const auto renamed = machine.files.rename(current->path, path); !renamed) return stop(renamed.error());
    if (const auto synced = machine.files.sync_directory(folder); !synced) return stop(synced.error());
    const std::lock_guard lock(mutex);
    current->path = path;
    is_unnamed = false;
  }
  const std::lock_guard lock(mutex);
  current->groups.push_back({current->write_offset, static_cast<std::uint32_t>(bytes), first,
                             static_cast<std::uint32_t>(items.size()), previous_chain});
  current->write_offset += bytes;
  position.last = items.back().lsn;
  position.last_time = last_time;
  position.chain = chain;
  position.is_chain_known = true;
  return {};
}

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const platform::Machine& machine, const std::string& vault_folder,
                                               JournalKeys keys, const JournalOptions& options) {
  ATOLL_TRY(check_options(options));
  auto state = std::make_unique<State>(machine, platform::join(vault_folder, "journal"), std::move(keys), options);
  auto loaded = load_folder(machine.files, state->folder, state->keys, options);
  if (!loaded && loaded.error().kind == ErrorKind::not_found) {
    if (options.writable) {
      ATOLL_TRY(platform::create_directories(machine.files, state->folder));
    } else {
      ATOLL_ASSIGN(const auto vault, machine.files.stat(vault_folder));
      if (!vault) return pass(loaded.error());
    }
    loaded = FolderState{};
    loaded->archived.last = loaded->position.last = options.start_after;
    loaded->archived.last_time = loaded->position.last_time = options.start_time;
  }
  if (!loaded) return pass(loaded.error());
  if (options.writable) {
    ATOLL_TRY(state->recover(std::move(*loaded)));
  } else {
    ATOLL_TRY(state->adopt(std::move(*loaded)));
  }
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Result<void> Journal::append(std::span<const Command> group) {
  if (group.empty()) return {};
  ATOLL_TRY(state_->check_may_append());
  const Position before = [&] {
    const std::lock_guard lock(state_->mutex);
    return state_->position;
  }();
  std::vector<Bytes> envelopes;
  envelopes.reserve(group.size());
  std::vector<GroupItem> items;
  items.reserve(group.size());
  Lsn expected = before.last.next();
  Timestamp time = before.last_time;
  for (const Command& command : group) {
    if (command.envelope.lsn != expected) {
      return fail(ErrorKind::usage, "journal.lsn_not_dense",
                  "LSN " + std::to_string(command.envelope.lsn.value) + " was given where " +
                      std::to_string(expected.value) + " follows");
    }
    if (command.envelope.commit_time < time) {
      return fail(
          ErrorKind::usage, "journal.time_goes_back",
          "the commit time of LSN " + std::to_string(expected.value) + " lies before that of the command before it");
    }
    if (command.payloads.size() > kPayloadsPerCommandMax) {
      return fail(ErrorKind::limit, "journal.command_too_large",
                  "a command touches more than " + std::to_string(kPayloadsPerCommandMax) + " key domains");
    }
    Envelope envelope = command.envelope;
    envelope.payload_digests.clear();
    std::size_t bytes = 0;
    for (const Payload& payload : command.payloads) {
      if (!payload.plain)
        return fail(ErrorKind::usage, "journal.payload_missing", "a new command has a payload without bytes");
      bytes += payload.plain->size();
      const auto digest = state_->digester.digest(payload.domain, *payload.plain);
      if (!digest)
        return fail(ErrorKind::usage, "journal.unknown_domain",
                    "there is no key for domain " + std::to_string(payload.domain.value));
      envelope.payload_digests.push_back({payload.domain, payload.plain->size(), *digest});
    }
    if (bytes > kPayloadBytesPerCommandMax) {
      return fail(ErrorKind::limit, "journal.command_too_large",
                  "a command has " + std::to_string(bytes) + " bytes of payload, at most " +
                      std::to_string(kPayloadBytesPerCommandMax) + " are possible");
    }
    envelopes.push_back(encode_envelope(envelope));
    if (envelopes.back().size() > kEnvelopeBytesMax) {
      return fail(ErrorKind::limit, "journal.command_too_large",
                  "a command's envelope has " + std::to_string(envelopes.back().size()) + " bytes, at most " +
                      std::to_string(kEnvelopeBytesMax) + " are possible");
    }
    items.push_back({command.envelope.lsn, envelopes.back(), command.payloads});
    expected = expected.next();
    time = command.envelope.commit_time;
  }
  if (sealed_group_bytes(items) > kGroupBytesMax) {
    return fail(ErrorKind::limit, "journal.group_too_large",
                "a group of " + std::to_string(sealed_group_bytes(items)) + " bytes was given, at most " +
                    std::to_string(kGroupBytesMax) + " are possible");
  }
  return state_->write_group(items, time);
}

Lsn Journal::last() const {
  const std::lock_guard lock(state_->mutex);
  return state_->position.last;
}

Timestamp Journal::last_commit_time() const {
  const std::lock_guard lock(state_->mutex);
  return state_->position.last_time;
}

HistoryId Journal::history() const { return state_->history; }

const RecoveryReport& Journal::recovery() const { return state_->recovery; }

std::optional<Error> Journal::stopped() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stopped;
}

Result<void> Journal::set_segment_notes(Bytes notes) {
  if (notes.size() > kSegmentNotesMax) {
    return fail(ErrorKind::limit, "journal.notes_too_large",
                "segment notes have at most " + std::to_string(kSegmentNotesMax) + " bytes");
  }
  const std::lock_guard lock(state_->mutex);
  state_->notes = std::move(notes);
  return {};
}

Bytes Journal::segment_notes() const {
  const std::lock_guard lock(state_->mutex);
  return state_->notes;
}

}  // namespace atl::journal
