#include <algorithm>

#include "foundation/codec/hash.h"
#include "store/journal/internal/archive.h"
#include "store/journal/internal/archive_layout.h"
#include "store/journal/internal/segment.h"

namespace atl::journal {
namespace {

constexpr int kZstdLevel = 3;
constexpr std::size_t kBlocksPerArchiveMax = 1U << 20;

class FileSink final : public ArchiveSink {
 public:
  explicit FileSink(std::unique_ptr<platform::File> file) : file_(std::move(file)) {}
  Result<void> append(ByteView bytes) override {
    ATOLL_TRY(file_->write_at(position_, bytes));
    position_ += bytes.size();
    return {};
  }
  Result<std::size_t> read_at(std::uint64_t offset, ByteSpan out) const override { return file_->read_at(offset, out); }
  Result<void> finish() override {
    ATOLL_TRY(file_->sync());
    file_.reset();
    return {};
  }

 private:
  std::unique_ptr<platform::File> file_;
  std::uint64_t position_ = 0;
};

}  // namespace

ArchiveWriter::ArchiveWriter(const JournalKeys& keys, std::unique_ptr<ArchiveSink> sink, ArchiveHeader header,
                             std::uint64_t block_bytes)
    : sink_(std::move(sink)),
      header_(std::move(header)),
      sealers_(keys, FileFamily::archive, header_.salt),
      block_bytes_(std::clamp<std::uint64_t>(block_bytes, 1, kArchiveRawMax / 4)) {}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::begin(const platform::Machine& machine, const JournalKeys& keys,
                                                            std::string path, ArchiveHeader header, ByteView notes,
                                                            std::uint64_t block_bytes) {
  ATOLL_TRY(machine.files.remove_file(path));
  ATOLL_ASSIGN(auto file, machine.files.open(path, platform::OpenMode::create_new));
  return begin(machine, keys, std::make_unique<FileSink>(std::move(file)), std::move(header), notes, block_bytes);
}

Result<std::unique_ptr<ArchiveWriter>> ArchiveWriter::begin(const platform::Machine& machine, const JournalKeys& keys,
                                                            std::unique_ptr<ArchiveSink> sink, ArchiveHeader header,
                                                            ByteView notes, std::uint64_t block_bytes) {
  header.vault = keys.vault;
  header.suite = keys.suite;
  machine.random.fill(header.salt);
  std::unique_ptr<ArchiveWriter> writer(new ArchiveWriter(keys, std::move(sink), std::move(header), block_bytes));
  writer->header_.sealed_notes = seal_notes(writer->sealers_, notes);
  Bytes head = layout::encode_header(writer->header_);
  head.insert(head.end(), writer->header_.sealed_notes.begin(), writer->header_.sealed_notes.end());
  head.resize(round_up(head.size(), kArchiveBlockAlign));
  ATOLL_TRY(writer->write(head));
  writer->footer_.last.value = writer->header_.first.value - 1;
  writer->footer_.last_time = writer->header_.time_before;
  writer->footer_.chain_after = writer->header_.chain_before;
  return writer;
}

Result<void> ArchiveWriter::write(ByteView bytes) {
  ATOLL_TRY(sink_->append(bytes));
  position_ += bytes.size();
  return {};
}

Result<void> ArchiveWriter::add(const StoredCommand& stored) {
  const Envelope& envelope = stored.command.envelope;
  ATOLL_INVARIANT(envelope.lsn == footer_.last.next(), "an archive's LSNs are dense");
  std::size_t bytes = 4 + stored.envelope_bytes.size();
  for (const Payload& payload : stored.command.payloads)
    bytes += payload.plain ? payload.plain->size() + layout::kPayloadEntryBytes : 0;
  if (block_.count > 0 && block_plain_bytes_ + bytes > block_bytes_) ATOLL_TRY(write_block());
  if (block_.count == 0) {
    block_.first = envelope.lsn;
    block_.first_time = envelope.commit_time;
    sections_.emplace_back();  // the envelopes
  }
  {
    ByteWriter writer(sections_.front().plain);
    writer.put<std::uint32_t>(static_cast<std::uint32_t>(stored.envelope_bytes.size()));
    writer.put_bytes(stored.envelope_bytes);
  }
  for (std::size_t ordinal = 0; ordinal < stored.command.payloads.size(); ++ordinal) {
    const Payload& payload = stored.command.payloads[ordinal];
    if (!payload.plain || sealers_.payloads(payload.domain) == nullptr) {
      ++footer_.payloads_gone;
      continue;
    }
    ++footer_.payloads_present;
    auto section =
        std::ranges::find_if(sections_, [&](const Section& one) { return one.domain == payload.domain.value; });
    if (section == sections_.end()) section = sections_.insert(section, Section{payload.domain.value, {}});
    ByteWriter writer(section->plain);
    writer.put<std::uint32_t>(block_.count);
    writer.put<std::uint32_t>(static_cast<std::uint32_t>(ordinal));
    writer.put<std::uint32_t>(static_cast<std::uint32_t>(payload.plain->size()));
    writer.put_bytes(*payload.plain);
  }
  ++block_.count;
  block_.last_time = envelope.commit_time;
  block_plain_bytes_ += bytes;
  footer_.last = envelope.lsn;
  footer_.last_time = envelope.commit_time;
  footer_.chain_after = next_chain(sealers_.chain_key(), footer_.chain_after, stored.envelope_bytes);
  return {};
}

Result<void> ArchiveWriter::seal_section(const Section& section, ByteView aad, std::uint32_t number, Bytes& table,
                                         Bytes& body) {
  ATOLL_ASSIGN(const bool is_smaller,
               compressor_.compress(codec::CompressionCodec::zstd, kZstdLevel, section.plain, compressed_));
  ByteView stored = section.plain;
  if (is_smaller) {
    stored = compressed_.view();
    scratch_.resize(section.plain.size());
    const auto back = decompressor_.decompress(codec::CompressionCodec::zstd, stored, scratch_.span());
    if (!back || !equal(scratch_.view(), section.plain)) {
      return fail(ErrorKind::failed, "journal.seal_check_failed",
                  "what was just compressed for a journal archive does not come back; this machine's memory or "
                  "processor is failing",
                  "Run a memory test before you go on.");
    }
  }
  ByteWriter writer(table);
  writer.put<std::uint32_t>(section.domain);
  writer.put<std::uint32_t>(
      static_cast<std::uint32_t>(is_smaller ? codec::CompressionCodec::zstd : codec::CompressionCodec::raw));
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(stored.size() + codec::kTagBytes));
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(section.plain.size()));
  Bytes full_aad = to_bytes(aad);
  full_aad.insert(full_aad.end(), table.end() - layout::kSectionEntryBytes, table.end());
  codec::Sealer* const sealer = section.domain == 0 ? &sealers_.envelopes() : sealers_.payloads({section.domain});
  if (sealer == nullptr) {  // destroyed since add(): the next try leaves it out
    return fail(ErrorKind::conflict, "journal.domain_destroyed",
                "domain " + std::to_string(section.domain) + " was destroyed while it was archived");
  }
  const std::size_t at = body.size();
  body.resize(at + stored.size() + codec::kTagBytes);
  return seal_checked(*sealer, codec::counter_nonce(number), full_aad, stored, ByteSpan(body).subspan(at), scratch_);
}

Result<void> ArchiveWriter::write_block() {
  if (block_.count == 0) return {};
  if (index_.size() == kBlocksPerArchiveMax)
    return fail(ErrorKind::limit, "journal.archive_too_large", "a journal archive has no more blocks");
  layout::BlockHeader header;
  header.first = block_.first;
  header.count = block_.count;
  header.first_time = block_.first_time;
  header.last_time = block_.last_time;
  header.first_section = next_section_;
  header.section_count = static_cast<std::uint32_t>(sections_.size());
  const Bytes aad = layout::section_aad(header_.salt, header);
  Bytes table;
  Bytes body;
  for (const Section& section : sections_) {
    ATOLL_TRY(seal_section(section, aad, next_section_, table, body));
    ++next_section_;
  }
  header.used_bytes = static_cast<std::uint32_t>(kArchiveBlockHeaderBytes + table.size() + body.size());
  header.total_bytes = static_cast<std::uint32_t>(round_up(header.used_bytes, kArchiveBlockAlign));
  Bytes tail = std::move(table);
  tail.insert(tail.end(), body.begin(), body.end());
  tail.resize(header.total_bytes - kArchiveBlockHeaderBytes);
  header.body_crc = codec::crc32c(tail);
  block_.offset = position_;
  block_.bytes = header.total_bytes;
  ATOLL_TRY(write(layout::encode_block_header(header)));
  ATOLL_TRY(write(tail));
  index_.push_back(block_);
  block_ = {};
  block_plain_bytes_ = 0;
  sections_.clear();
  return {};
}

Result<ArchiveFooter> ArchiveWriter::finish() {
  ATOLL_TRY(write_block());
  ATOLL_INVARIANT(!index_.empty(), "an archive holds at least one command");
  footer_.index_offset = position_;
  footer_.block_count = static_cast<std::uint32_t>(index_.size());
  Bytes tail = layout::encode_index(index_);
  footer_.index_crc = codec::crc32c(tail);
  tail.resize(round_up(tail.size(), kArchiveBlockAlign));
  const Bytes head = layout::encode_header(header_);
  tail.insert(tail.end(), head.begin(), head.end());
  const Bytes foot = layout::encode_footer(footer_);
  tail.insert(tail.end(), foot.begin(), foot.end());
  ATOLL_TRY(write(tail));
  const auto read = [this](std::uint64_t offset, ByteSpan out) { return sink_->read_at(offset, out); };
  const auto append = [this](ByteView bytes) { return write(bytes); };
  ATOLL_TRY(blob::append_parity(read, position_, archive_tag(header_.first, footer_.last), {}, append));
  ATOLL_TRY(sink_->finish());
  return footer_;
}

}  // namespace atl::journal
