#include <algorithm>

#include "foundation/codec/hash.h"
#include "store/journal/internal/archive.h"
#include "store/journal/internal/archive_layout.h"
#include "store/journal/internal/segment.h"

namespace atl::journal {
namespace {

constexpr std::uint64_t kIndexBytesMax = 64 * 1024 * 1024;

std::string range_text(Lsn first, Lsn last) {
  return "LSN " + std::to_string(first.value) + " to " + std::to_string(last.value);
}

tl::unexpected<Error> archive_damaged(const ArchiveName& name, std::string_view why) {
  return fail(ErrorKind::damaged, "journal.archive_damaged",
              "the journal archive " + archive_name(name.first, name.last) + " is damaged: " + std::string(why),
              "Run `atoll verify`; copies and backups may still hold these commands.");
}

}  // namespace

blob::ReadRange ArchiveReader::reader() const {
  return [this](std::uint64_t offset, ByteSpan out) { return file_->read_at(offset, out); };
}

Result<void> ArchiveReader::read_healed(std::uint64_t offset, ByteSpan out) const {
  ATOLL_ASSIGN(const blob::ParityMap map,
               blob::ParityMap::open(reader(), file_bytes_, archive_tag(name_.first, name_.last)));
  if (out.size() > map.protected_length() || offset > map.protected_length() - out.size())
    return archive_damaged(name_, "a part lies beyond its end");
  ATOLL_TRY(map.read_healed(reader(), offset, out));
  return {};
}

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(platform::FileSystem& files, const std::string& path,
                                                           const ArchiveName& name, const JournalKeys& keys) {
  std::unique_ptr<ArchiveReader> self(new ArchiveReader(keys, name));
  ATOLL_ASSIGN(self->file_, files.open(path, platform::OpenMode::read));
  ATOLL_ASSIGN(self->file_bytes_, self->file_->size());
  ATOLL_TRY(self->load_header());
  const blob::FileTag tag = archive_tag(name.first, name.last);
  const auto quick = blob::ParityMap::protected_length(self->reader(), self->file_bytes_, tag);
  if (quick && self->load_index(*quick, false)) return self;
  const auto map = blob::ParityMap::open(self->reader(), self->file_bytes_, tag);
  if (map && self->load_index(map->protected_length(), true)) return self;
  ATOLL_TRY(self->walk_blocks());
  return self;
}

Result<void> ArchiveReader::load_header() {
  const auto accept = [&](ByteView bytes) -> Result<std::uint32_t> {
    ATOLL_ASSIGN(layout::DecodedHeader decoded, layout::decode_header(bytes));
    if (decoded.header.vault != keys_->vault) {
      return fail(ErrorKind::wrong_key, "journal.other_vault",
                  "a journal archive belongs to vault " + decoded.header.vault.text());
    }
    if (decoded.header.first != name_.first)
      return archive_damaged(name_, "it holds other commands than its name says");
    header_ = std::move(decoded.header);
    return decoded.notes_bytes;
  };
  Bytes bytes(kArchiveHeaderBytes);
  auto raw = file_->read_at(0, bytes);
  auto notes =
      raw && *raw == bytes.size() ? accept(bytes) : Result<std::uint32_t>(archive_damaged(name_, "it is too short"));
  if (!notes && notes.error().kind == ErrorKind::damaged && read_healed(0, bytes)) notes = accept(bytes);
  if (!notes && notes.error().kind == ErrorKind::damaged) {
    // The last resort: the copy that stands before the footer.
    const auto length = blob::ParityMap::protected_length(reader(), file_bytes_, archive_tag(name_.first, name_.last));
    if (length && *length >= kArchiveFooterBytes + kArchiveHeaderBytes) {
      raw = file_->read_at(*length - kArchiveFooterBytes - kArchiveHeaderBytes, bytes);
      if (raw && *raw == bytes.size()) notes = accept(bytes);
    }
  }
  if (!notes) return pass(notes.error());
  if (*notes > 0) {
    header_.sealed_notes.resize(*notes);
    raw = file_->read_at(kArchiveHeaderBytes, header_.sealed_notes);
    if (!raw || *raw != *notes) header_.sealed_notes.clear();
    FileSealers sealers(*keys_, FileFamily::archive, header_.salt);
    if (!open_notes(sealers, header_.sealed_notes) && !read_healed(kArchiveHeaderBytes, header_.sealed_notes)) {
      header_.sealed_notes.clear();  // a hint only: checkpoint roots stand elsewhere too
    }
  }
  return {};
}

Result<void> ArchiveReader::load_index(std::uint64_t protected_length, bool healed) {
  const auto read = [&](std::uint64_t offset, ByteSpan out) -> Result<void> {
    if (healed) return read_healed(offset, out);
    return platform::read_exact(*file_, offset, out, "a journal archive");
  };
  const std::uint64_t fixed = kArchiveHeaderBytes + kArchiveFooterBytes;
  if (protected_length < kArchiveHeaderBytes + fixed) return archive_damaged(name_, "it is too short");
  Bytes bytes(kArchiveFooterBytes);
  ATOLL_TRY(read(protected_length - kArchiveFooterBytes, bytes));
  const auto footer = layout::decode_footer(bytes);
  if (!footer || footer->last != name_.last) return archive_damaged(name_, "its footer is not readable");
  const std::uint64_t index_bytes = std::uint64_t{footer->block_count} * layout::kIndexEntryBytes;
  if (index_bytes > kIndexBytesMax || footer->index_offset > protected_length ||
      footer->index_offset + round_up(index_bytes, kArchiveBlockAlign) + fixed != protected_length) {
    return archive_damaged(name_, "its index makes no sense");
  }
  Bytes index(index_bytes);
  ATOLL_TRY(read(footer->index_offset, index));
  const std::uint64_t begin = round_up(kArchiveHeaderBytes + header_.sealed_notes.size(), kArchiveBlockAlign);
  if (codec::crc32c(index) != footer->index_crc) return archive_damaged(name_, "its index is not readable");
  auto blocks = layout::decode_index(index, begin, footer->index_offset, name_.first, name_.last);
  if (!blocks && !index.empty()) {  // notes may be lost; the first block tells where it begins
    const auto first_at = load_le<std::uint64_t>(index.data());
    if (first_at < footer->index_offset)
      blocks = layout::decode_index(index, first_at, footer->index_offset, name_.first, name_.last);
  }
  if (!blocks) return archive_damaged(name_, "its index makes no sense");
  footer_ = *footer;
  blocks_ = std::move(*blocks);
  return {};
}

Result<void> ArchiveReader::walk_blocks() {
  has_index_ = false;
  blocks_.clear();
  footer_ = {};
  footer_.last = name_.last;
  footer_.last_time = header_.time_before;
  constexpr std::size_t window_bytes = 1024 * 1024;
  Bytes window;
  std::uint64_t window_at = 0;
  Lsn expected = name_.first;
  std::uint64_t at = kArchiveHeaderBytes;
  while (at + kArchiveBlockHeaderBytes <= file_bytes_) {
    if (at < window_at || at + kArchiveBlockHeaderBytes > window_at + window.size()) {
      window.resize(static_cast<std::size_t>(std::min<std::uint64_t>(window_bytes, file_bytes_ - at)));
      window_at = at;
      if (!read_healed(at, window)) {
        const auto raw = file_->read_at(at, window);
        if (!raw) std::ranges::fill(window, std::uint8_t{0});
      }
    }
    const auto header = layout::decode_block_header(
        ByteView(window).subspan(static_cast<std::size_t>(at - window_at), kArchiveBlockHeaderBytes));
    if (!header || header->first < expected || header->first.value + header->count - 1 > name_.last.value ||
        header->total_bytes > file_bytes_ - at) {
      at += kArchiveBlockAlign;
      continue;
    }
    blocks_.push_back({at, header->total_bytes, header->count, header->first, header->first_time, header->last_time});
    expected = blocks_.back().last().next();
    footer_.last_time = std::max(footer_.last_time, header->last_time);
    at += header->total_bytes;
  }
  if (blocks_.empty()) return archive_damaged(name_, "neither its index nor any of its blocks can be read");
  return {};
}

Bytes ArchiveReader::notes() const {
  FileSealers sealers(*keys_, FileFamily::archive, header_.salt);
  return open_notes(sealers, header_.sealed_notes).value_or(Bytes{});
}

Result<std::vector<StoredCommand>> ArchiveReader::read_block(const ArchiveBlockPlace& place, bool with_payloads) const {
  Buffer bytes(place.bytes);
  const auto raw = file_->read_at(place.offset, bytes.span());
  if (raw && *raw == bytes.size()) {
    auto commands = open_block(bytes.view(), place, with_payloads);
    if (commands || commands.error().kind != ErrorKind::damaged) return commands;
  }
  if (const auto healed = read_healed(place.offset, bytes.span()); !healed) {
    return archive_damaged(name_,
                           range_text(place.first, place.last()) + " cannot be read and is beyond repair by parity");
  }
  return open_block(bytes.view(), place, with_payloads);
}

Result<std::vector<StoredCommand>> ArchiveReader::open_block(ByteView bytes, const ArchiveBlockPlace& place,
                                                             bool with_payloads) const {
  const auto damaged = [&](std::string_view why) {
    return archive_damaged(name_, range_text(place.first, place.last()) + " cannot be read: " + std::string(why));
  };
  const auto header = layout::decode_block_header(bytes);
  if (!header || header->total_bytes != bytes.size() || header->first != place.first || header->count != place.count) {
    return damaged("the block's header is not one");
  }
  if (header->body_crc != codec::crc32c(bytes.subspan(kArchiveBlockHeaderBytes)))
    return damaged("its checksum is wrong");
  FileSealers sealers(*keys_, FileFamily::archive, header_.salt);
  codec::Decompressor decompressor;
  const Bytes base_aad = layout::section_aad(header_.salt, *header);
  const ByteView table = bytes.subspan(kArchiveBlockHeaderBytes, header->section_count * layout::kSectionEntryBytes);
  std::size_t at = kArchiveBlockHeaderBytes + table.size();
  std::vector<StoredCommand> commands;
  Bytes opened;
  Bytes plain;
  for (std::uint32_t i = 0; i < header->section_count; ++i) {
    const ByteView entry = table.subspan(i * layout::kSectionEntryBytes, layout::kSectionEntryBytes);
    const auto domain = load_le<std::uint32_t>(entry.data());
    const auto codec_number = load_le<std::uint32_t>(entry.data() + 4);
    const auto stored_bytes = load_le<std::uint32_t>(entry.data() + 8);
    const auto raw_bytes = load_le<std::uint32_t>(entry.data() + 12);
    if ((i == 0) != (domain == 0) || codec_number > 255 ||
        !codec::is_known_codec(static_cast<std::uint8_t>(codec_number)) || stored_bytes < codec::kTagBytes ||
        stored_bytes > header->used_bytes - at || raw_bytes > kArchiveRawMax) {
      return damaged("its section table makes no sense");
    }
    const ByteView sealed = bytes.subspan(at, stored_bytes);
    at += stored_bytes;
    if (domain != 0 && !with_payloads) continue;
    codec::Sealer* const sealer = domain == 0 ? &sealers.envelopes() : sealers.payloads({domain});
    if (sealer == nullptr) continue;  // the domain is gone: its payloads stay without bytes
    Bytes aad = base_aad;
    aad.insert(aad.end(), entry.begin(), entry.end());
    opened.resize(stored_bytes - codec::kTagBytes);
    if (!sealer->open(codec::counter_nonce(header->first_section + i), aad, sealed, opened))
      return damaged("a section does not open");
    const auto codec_used = static_cast<codec::CompressionCodec>(codec_number);
    if (codec_used == codec::CompressionCodec::raw) {
      if (opened.size() != raw_bytes) return damaged("a section's length is wrong");
      plain.swap(opened);
    } else {
      plain.resize(raw_bytes);
      if (!decompressor.decompress(codec_used, opened, plain)) return damaged("a section does not unpack");
    }
    ByteReader reader(plain, "a journal archive's section");
    if (domain == 0) {
      for (std::uint32_t k = 0; k < header->count; ++k) {
        StoredCommand stored;
        ATOLL_ASSIGN(const auto length, reader.get<std::uint32_t>());
        ATOLL_ASSIGN(const ByteView encoded, reader.get_bytes(length));
        ATOLL_ASSIGN(stored.command.envelope, decode_envelope(encoded));
        if (stored.command.envelope.lsn.value != place.first.value + k) return damaged("its LSNs are not dense");
        stored.envelope_bytes = to_bytes(encoded);
        for (const PayloadDigest& digest : stored.command.envelope.payload_digests)
          stored.command.payloads.push_back({digest.domain, std::nullopt});
        commands.push_back(std::move(stored));
      }
      if (reader.remaining() != 0) return damaged("its envelopes do not add up");
      continue;
    }
    while (reader.remaining() > 0) {
      ATOLL_ASSIGN(const auto index, reader.get<std::uint32_t>());
      ATOLL_ASSIGN(const auto ordinal, reader.get<std::uint32_t>());
      ATOLL_ASSIGN(const auto length, reader.get<std::uint32_t>());
      ATOLL_ASSIGN(const ByteView content, reader.get_bytes(length));
      if (index >= commands.size() || ordinal >= commands[index].command.payloads.size())
        return damaged("a payload belongs to no command");
      const PayloadDigest& expected = commands[index].command.envelope.payload_digests[ordinal];
      const auto digest = sealers.digester().digest({domain}, content);
      if (expected.domain.value != domain || expected.length != length || (digest && *digest != expected.digest)) {
        return damaged("a payload is not what its digest says");
      }
      if (digest) commands[index].command.payloads[ordinal].plain = to_bytes(content);
    }
  }
  if (at != header->used_bytes) return damaged("its lengths do not add up");
  return commands;
}

Result<blob::ParityMap::Damage> ArchiveReader::check() const {
  ATOLL_ASSIGN(const blob::ParityMap map,
               blob::ParityMap::open(reader(), file_bytes_, archive_tag(name_.first, name_.last)));
  return map.check(reader(), [](std::uint64_t) { return true; });
}

Result<void> ArchiveReader::rewrite(platform::FileSystem& files, const std::string& path) const {
  ATOLL_ASSIGN(const blob::ParityMap map,
               blob::ParityMap::open(reader(), file_bytes_, archive_tag(name_.first, name_.last)));
  ATOLL_TRY(files.remove_file(path));
  ATOLL_ASSIGN(const auto file, files.open(path, platform::OpenMode::create_new));
  std::uint64_t position = 0;
  const auto append = [&](ByteView bytes) -> Result<void> {
    ATOLL_TRY(file->write_at(position, bytes));
    position += bytes.size();
    return {};
  };
  ATOLL_TRY(map.rewrite(reader(), append));
  return file->sync();
}

}  // namespace atl::journal
