// What second copies take from a journal: its archives, and pieces of what is not archived yet.
#include <algorithm>

#include "store/blob/checked_writer.h"
#include "store/journal/internal/core.h"

namespace atl::journal {
namespace {

// An archive that grows inside a blob store and counts there when it was read back.
class BlobSink final : public ArchiveSink {
 public:
  BlobSink(blob::BlobStore& store, std::string name, std::unique_ptr<blob::CheckedWriter> writer)
      : store_(&store), name_(std::move(name)), writer_(std::move(writer)) {}
  Result<void> append(ByteView bytes) override { return writer_->append(bytes); }
  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override {
    return store_->fetch_unfinished(name_, offset, out);
  }
  Result<void> finish() override { return writer_->commit(); }

 private:
  blob::BlobStore* store_;
  std::string name_;
  std::unique_ptr<blob::CheckedWriter> writer_;
};

// Takes commands in order, those before `range` too, as far as they are needed to know the chain and the time there.
class PieceWriter {
 public:
  PieceWriter(const JournalCore& core, blob::BlobStore& store, const LsnRange& range, ByteView notes)
      : core_(core), store_(store), range_(range), notes_(notes), key_(chain_key(core.keys)) {}

  // Before the first command of each source: what it says about the command that follows.
  void enter(const codec::Digest& chain_before, Timestamp time_before) {
    if (writer_) return;
    chain_ = chain_before;
    time_ = std::max(time_, time_before);
  }
  Result<void> take(const StoredCommand& stored) {
    const Envelope& envelope = stored.command.envelope;
    if (envelope.lsn > range_.last || (writer_ && envelope.lsn < next_)) return {};
    if (envelope.lsn >= range_.first) {
      if (envelope.lsn != next()) return lost_range(next(), {envelope.lsn.value - 1});
      if (!writer_) ATOLL_TRY(begin(envelope.lsn));
      ATOLL_TRY(writer_->add(stored));
      next_ = envelope.lsn.next();
    }
    chain_ = next_chain(key_, chain_, stored.envelope_bytes);
    time_ = envelope.commit_time;
    return {};
  }
  [[nodiscard]] Lsn next() const { return writer_ ? next_ : range_.first; }
  Result<void> finish() {
    ATOLL_TRY(writer_->finish());
    return {};
  }

 private:
  Result<void> begin(Lsn first) {
    ArchiveHeader header;
    header.history = core_.history;
    header.epoch = core_.epoch;
    // Segment number 0: this archive says nothing about which segments may go.
    header.first = first;
    header.chain_before = chain_;
    header.time_before = time_;
    const std::string name = archive_name(range_.first, range_.last);
    ATOLL_ASSIGN(auto blob, blob::CheckedWriter::begin(store_, name));
    ATOLL_ASSIGN(writer_, ArchiveWriter::begin(core_.machine, core_.keys,
                                               std::make_unique<BlobSink>(store_, name, std::move(blob)),
                                               std::move(header), notes_, core_.options.archive_block_bytes));
    return {};
  }

  const JournalCore& core_;
  blob::BlobStore& store_;
  LsnRange range_;
  ByteView notes_;
  codec::SecretKey key_;
  std::unique_ptr<ArchiveWriter> writer_;
  Lsn next_;
  codec::Digest chain_{};
  Timestamp time_;
};

}  // namespace

std::vector<ArchiveName> Journal::archives() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ArchiveName> names;
  names.reserve(state_->archives.size());
  for (const ArchivePlace& place : state_->archives) names.push_back(place.name());
  return names;
}

Bytes Journal::horizon_image() const {
  const std::lock_guard lock(state_->mutex);
  if (state_->horizon == Horizon{}) return {};
  return encode_horizon(state_->horizon, state_->keys.vault);
}

Result<void> Journal::write_archive_of(const LsnRange& range, blob::BlobStore& store) const {
  if (range.first.value == 0 || range.last < range.first || range.last > last()) {
    return fail(ErrorKind::usage, "journal.bad_range",
                "LSN " + std::to_string(range.first.value) + " to " + std::to_string(range.last.value) +
                    " is no range of this journal");
  }
  // Held, so that no archive moves away while it is read.
  const std::lock_guard guard(state_->maintenance);
  Bytes notes;
  Lsn first_kept;
  {
    const std::lock_guard lock(state_->mutex);
    notes = state_->notes;
    first_kept = state_->horizon.first_kept;
  }
  PieceWriter piece(*state_, store, range, notes);
  // The command before the range tells the time there.
  if (range.first > Lsn{1} && Lsn{range.first.value - 1} >= first_kept) {
    ignore_error_on_purpose(read({range.first.value - 1}, {range.first.value - 1}, [&](const Command& command) {
      piece.enter({}, command.envelope.commit_time);
      return Result<bool>(false);
    }));
  }
  while (piece.next() <= range.last) {
    const Lsn at = piece.next();
    JournalCore::Source source;
    {
      const std::lock_guard lock(state_->mutex);
      source = state_->find(at, range.last);
    }
    if (source.archive) {
      const ArchivePlace& place = *source.archive;
      ATOLL_ASSIGN(const auto reader, ArchiveReader::open(state_->machine.files, state_->path_of(place.file_name()),
                                                          place.name(), state_->keys));
      piece.enter(reader->header().chain_before, reader->header().time_before);
      for (const ArchiveBlockPlace& block : reader->blocks()) {
        if (block.first > range.last) break;
        ATOLL_ASSIGN(const auto commands, reader->read_block(block, true));
        for (const StoredCommand& stored : commands) ATOLL_TRY(piece.take(stored));
      }
    } else if (source.segment) {
      const Segment& segment = *source.segment;
      FileSealers sealers(state_->keys, FileFamily::segment, segment.header.salt);
      for (const GroupPlace& place : source.groups) {
        if (place.first > range.last) break;
        ATOLL_ASSIGN(const OpenedGroup opened, read_group(*segment.file, place, sealers, true));
        piece.enter(place.previous_chain, segment.header.time_before);
        for (const StoredCommand& stored : opened.commands) ATOLL_TRY(piece.take(stored));
      }
    } else {
      return lost_range(at, source.gap_end);
    }
    if (piece.next() == at) return lost_range(at, at, "it is not where the journal says");
  }
  return piece.finish();
}

}  // namespace atl::journal
