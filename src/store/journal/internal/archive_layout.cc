#include "store/journal/internal/archive_layout.h"

#include <algorithm>
#include <charconv>

#include "foundation/codec/hash.h"

namespace atl::journal {
namespace {

constexpr std::string_view kHeaderMagic{"ATLJSEG\0", 8};
constexpr std::string_view kBlockMagic{"ATLJBLK\0", 8};
constexpr std::string_view kFooterMagic{"ATLJFTR\0", 8};
constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;
constexpr std::uint32_t kNotesBytesMax = 64 * 1024;
constexpr std::size_t kLsnDigits = 20;

std::optional<Lsn> parse_lsn(std::string_view digits) {
  Lsn lsn;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), lsn.value);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return lsn;
}

std::string digits20(std::uint64_t value) {
  std::string text = std::to_string(value);
  return std::string(kLsnDigits - text.size(), '0') + text;
}

}  // namespace

std::string archive_name(Lsn first, Lsn last) { return digits20(first.value) + "-" + digits20(last.value) + ".jseg"; }

std::optional<ArchiveName> parse_archive_name(std::string_view name) {
  constexpr std::string_view suffix = ".jseg";
  if (name.size() != 2 * kLsnDigits + 1 + suffix.size() || !name.ends_with(suffix) || name[kLsnDigits] != '-')
    return std::nullopt;
  const auto first = parse_lsn(name.substr(0, kLsnDigits));
  const auto last = parse_lsn(name.substr(kLsnDigits + 1, kLsnDigits));
  if (!first || !last || first->value == 0 || *last < *first || last->value > (1ULL << 62)) return std::nullopt;
  return ArchiveName{*first, *last};
}

blob::FileTag archive_tag(Lsn first, Lsn last) {
  blob::FileTag tag{};
  store_le<std::uint64_t>(tag.data(), first.value);
  store_le<std::uint64_t>(tag.data() + 8, last.value);
  return tag;
}

}  // namespace atl::journal

namespace atl::journal::layout {

Bytes encode_header(const ArchiveHeader& header) {
  Bytes out;
  ByteWriter writer(out);
  writer.put_bytes(as_bytes(kHeaderMagic));
  writer.put<std::uint16_t>(kMajor);
  writer.put<std::uint16_t>(kMinor);
  writer.put<std::uint32_t>(0);  // compatible
  writer.put<std::uint32_t>(0);  // read-only
  writer.put<std::uint32_t>(0);  // incompatible
  writer.put_bytes(header.vault.view());
  writer.put_bytes(header.history.view());
  writer.put<std::uint64_t>(header.epoch);
  writer.put<std::uint64_t>(header.segment_number);
  writer.put_bytes(header.salt);
  writer.put<std::uint64_t>(header.first.value);
  writer.put_bytes(header.chain_before);
  writer.put<std::int64_t>(header.time_before.unix_us);
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(header.suite));
  writer.put<std::uint32_t>(static_cast<std::uint32_t>(header.sealed_notes.size()));
  writer.put_zeros(kArchiveHeaderBytes - 4 - writer.size());
  writer.put<std::uint32_t>(codec::crc32c(out));
  return out;
}

Result<DecodedHeader> decode_header(ByteView bytes) {
  const auto damaged = [](std::string_view why) {
    return fail(ErrorKind::damaged, "journal.archive_damaged",
                "a journal archive's header is damaged: " + std::string(why));
  };
  if (bytes.size() != kArchiveHeaderBytes) return damaged("it is too short");
  if (!equal(bytes.first(8), as_bytes(kHeaderMagic))) return damaged("it does not begin as one");
  if (load_le<std::uint32_t>(bytes.data() + kArchiveHeaderBytes - 4) !=
      codec::crc32c(bytes.first(kArchiveHeaderBytes - 4))) {
    return damaged("its checksum is wrong");
  }
  ByteReader reader(bytes.subspan(8), "a journal archive's header");
  ATOLL_ASSIGN(const auto major, reader.get<std::uint16_t>());
  ATOLL_TRY(reader.get<std::uint16_t>());
  ATOLL_TRY(reader.get<std::uint32_t>());
  ATOLL_TRY(reader.get<std::uint32_t>());
  ATOLL_ASSIGN(const auto incompatible, reader.get<std::uint32_t>());
  const auto unsupported = [] {
    return fail(ErrorKind::unsupported, "journal.archive_unsupported",
                "this journal archive was written by a newer Atoll",
                "Use the Atoll version that wrote it, or a later one.");
  };
  if (major != kMajor || incompatible != 0) return unsupported();
  DecodedHeader out;
  ArchiveHeader& header = out.header;
  ATOLL_ASSIGN(const ByteView vault, reader.get_bytes(16));
  ATOLL_ASSIGN(header.vault, VaultId::from_view(vault));
  ATOLL_ASSIGN(const ByteView history, reader.get_bytes(16));
  ATOLL_ASSIGN(header.history, HistoryId::from_view(history));
  ATOLL_ASSIGN(header.epoch, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(header.segment_number, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView salt, reader.get_bytes(header.salt.size()));
  std::copy(salt.begin(), salt.end(), header.salt.begin());
  ATOLL_ASSIGN(header.first.value, reader.get<std::uint64_t>());
  ATOLL_ASSIGN(const ByteView chain, reader.get_bytes(header.chain_before.size()));
  std::copy(chain.begin(), chain.end(), header.chain_before.begin());
  ATOLL_ASSIGN(header.time_before.unix_us, reader.get<std::int64_t>());
  ATOLL_ASSIGN(const auto suite, reader.get<std::uint32_t>());
  ATOLL_ASSIGN(out.notes_bytes, reader.get<std::uint32_t>());
  if (suite > static_cast<std::uint32_t>(codec::SealSuite::aes256gcm)) return unsupported();
  header.suite = static_cast<codec::SealSuite>(suite);
  if (header.first.value == 0 || out.notes_bytes > kNotesBytesMax)
    return damaged("it holds numbers that make no sense");
  return out;
}

Bytes encode_block_header(const BlockHeader& header) {
  Bytes out;
  ByteWriter writer(out);
  writer.put_bytes(as_bytes(kBlockMagic));
  writer.put<std::uint64_t>(header.first.value);
  writer.put<std::int64_t>(header.first_time.unix_us);
  writer.put<std::int64_t>(header.last_time.unix_us);
  writer.put<std::uint32_t>(header.count);
  writer.put<std::uint32_t>(header.section_count);
  writer.put<std::uint32_t>(header.first_section);
  writer.put<std::uint32_t>(header.total_bytes);
  writer.put<std::uint32_t>(header.used_bytes);
  writer.put<std::uint32_t>(0);
  writer.put<std::uint32_t>(header.body_crc);
  writer.put<std::uint32_t>(codec::crc32c(out));
  return out;
}

std::optional<BlockHeader> decode_block_header(ByteView bytes) {
  if (bytes.size() < kArchiveBlockHeaderBytes || !equal(bytes.first(8), as_bytes(kBlockMagic))) return std::nullopt;
  const std::uint8_t* const at = bytes.data();
  if (load_le<std::uint32_t>(at + 60) != codec::crc32c(bytes.first(60))) return std::nullopt;
  BlockHeader header;
  header.first.value = load_le<std::uint64_t>(at + 8);
  header.first_time.unix_us = load_le<std::int64_t>(at + 16);
  header.last_time.unix_us = load_le<std::int64_t>(at + 24);
  header.count = load_le<std::uint32_t>(at + 32);
  header.section_count = load_le<std::uint32_t>(at + 36);
  header.first_section = load_le<std::uint32_t>(at + 40);
  header.total_bytes = load_le<std::uint32_t>(at + 44);
  header.used_bytes = load_le<std::uint32_t>(at + 48);
  header.body_crc = load_le<std::uint32_t>(at + 56);
  const bool is_sane =
      header.first.value > 0 && header.first.value <= (1ULL << 62) && header.count > 0 && header.section_count > 0 &&
      header.section_count <= kSectionsPerBlockMax && header.total_bytes % kArchiveBlockAlign == 0 &&
      header.used_bytes <= header.total_bytes && header.total_bytes - header.used_bytes < kArchiveBlockAlign &&
      kArchiveBlockHeaderBytes + header.section_count * (kSectionEntryBytes + codec::kTagBytes) <= header.used_bytes;
  if (!is_sane) return std::nullopt;
  return header;
}

Bytes section_aad(const Salt& salt, const BlockHeader& header) {
  Bytes aad;
  ByteWriter writer(aad);
  writer.put_bytes(salt);
  writer.put<std::uint64_t>(header.first.value);
  writer.put<std::int64_t>(header.first_time.unix_us);
  writer.put<std::int64_t>(header.last_time.unix_us);
  writer.put<std::uint32_t>(header.count);
  writer.put<std::uint32_t>(header.section_count);
  writer.put<std::uint32_t>(header.first_section);
  return aad;
}

Bytes encode_index(std::span<const ArchiveBlockPlace> blocks) {
  Bytes out;
  out.reserve(blocks.size() * kIndexEntryBytes);
  ByteWriter writer(out);
  for (const ArchiveBlockPlace& block : blocks) {
    writer.put<std::uint64_t>(block.offset);
    writer.put<std::uint32_t>(block.bytes);
    writer.put<std::uint32_t>(block.count);
    writer.put<std::uint64_t>(block.first.value);
    writer.put<std::int64_t>(block.first_time.unix_us);
    writer.put<std::int64_t>(block.last_time.unix_us);
  }
  return out;
}

std::optional<std::vector<ArchiveBlockPlace>> decode_index(ByteView bytes, std::uint64_t begin, std::uint64_t end,
                                                           Lsn first, Lsn last) {
  std::vector<ArchiveBlockPlace> blocks;
  blocks.reserve(bytes.size() / kIndexEntryBytes);
  std::uint64_t position = begin;
  Lsn expected = first;
  for (std::size_t at = 0; at + kIndexEntryBytes <= bytes.size(); at += kIndexEntryBytes) {
    const std::uint8_t* const entry = bytes.data() + at;
    ArchiveBlockPlace block;
    block.offset = load_le<std::uint64_t>(entry);
    block.bytes = load_le<std::uint32_t>(entry + 8);
    block.count = load_le<std::uint32_t>(entry + 12);
    block.first.value = load_le<std::uint64_t>(entry + 16);
    block.first_time.unix_us = load_le<std::int64_t>(entry + 24);
    block.last_time.unix_us = load_le<std::int64_t>(entry + 32);
    if (block.offset != position || block.bytes < kArchiveBlockHeaderBytes || block.bytes > end - position ||
        block.count == 0 || block.first != expected) {
      return std::nullopt;
    }
    position += block.bytes;
    expected = block.last().next();
    blocks.push_back(block);
  }
  if (position != end || expected != last.next()) return std::nullopt;
  return blocks;
}

Bytes encode_footer(const ArchiveFooter& footer) {
  Bytes out;
  ByteWriter writer(out);
  writer.put_bytes(as_bytes(kFooterMagic));
  writer.put<std::uint64_t>(footer.last.value);
  writer.put<std::int64_t>(footer.last_time.unix_us);
  writer.put_bytes(footer.chain_after);
  writer.put<std::uint64_t>(footer.index_offset);
  writer.put<std::uint32_t>(footer.block_count);
  writer.put<std::uint32_t>(footer.index_crc);
  writer.put<std::uint64_t>(footer.payloads_present);
  writer.put<std::uint64_t>(footer.payloads_gone);
  writer.put_zeros(kArchiveFooterBytes - 4 - writer.size());
  writer.put<std::uint32_t>(codec::crc32c(out));
  return out;
}

std::optional<ArchiveFooter> decode_footer(ByteView bytes) {
  if (bytes.size() != kArchiveFooterBytes || !equal(bytes.first(8), as_bytes(kFooterMagic))) return std::nullopt;
  const std::uint8_t* const at = bytes.data();
  if (load_le<std::uint32_t>(at + kArchiveFooterBytes - 4) != codec::crc32c(bytes.first(kArchiveFooterBytes - 4)))
    return std::nullopt;
  ArchiveFooter footer;
  footer.last.value = load_le<std::uint64_t>(at + 8);
  footer.last_time.unix_us = load_le<std::int64_t>(at + 16);
  std::memcpy(footer.chain_after.data(), at + 24, 32);
  footer.index_offset = load_le<std::uint64_t>(at + 56);
  footer.block_count = load_le<std::uint32_t>(at + 64);
  footer.index_crc = load_le<std::uint32_t>(at + 68);
  footer.payloads_present = load_le<std::uint64_t>(at + 72);
  footer.payloads_gone = load_le<std::uint64_t>(at + 80);
  return footer;
}

}  // namespace atl::journal::layout
