#include "store/chunk/pack_format.h"

#include <algorithm>
#include <cstring>

#include "foundation/codec/hash.h"

namespace atl::chunk {
namespace {

constexpr std::string_view kTrailerMagic = "ATOLPEND";
constexpr std::uint32_t kGroupMagic = 0x50524741;   // "AGRP"
constexpr std::uint32_t kFooterMagic = 0x52544641;  // "AFTR"
constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;
constexpr std::uint32_t kKnownIncompatible = 0;
constexpr std::size_t kFooterHeadBytes = 24;
constexpr std::size_t kFooterGroupBytes = 24;
constexpr std::size_t kFooterChunkBytes = 44;
constexpr std::string_view kSuffix = ".pack";

tl::unexpected<Error> damaged(std::string id, std::string message) {
  return fail(ErrorKind::damaged, std::move(id), std::move(message));
}
tl::unexpected<Error> bad_group(std::string_view why) {
  return damaged("pack.group_damaged", "a group of the pack is not what was written: " + std::string(why));
}
tl::unexpected<Error> bad_footer(std::string_view why) {
  return damaged("pack.footer_damaged", "the pack's footer is not what was written: " + std::string(why));
}

bool all_zero(ByteView bytes) {
  return std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte == 0; });
}

}  // namespace

PackHeaderBytes encode(const PackHeader& header) {
  PackHeaderBytes bytes{};
  std::uint8_t* at = bytes.data();
  std::memcpy(at, kPackMagic.data(), kPackMagic.size());
  store_le<std::uint16_t>(at + 8, kMajor);
  store_le<std::uint16_t>(at + 10, kMinor);  // 12..23: feature masks, none set
  std::ranges::copy(header.vault.bytes, at + 24);
  std::ranges::copy(header.id.bytes, at + 40);
  store_le<std::uint32_t>(at + 56, header.domain.value);
  at[60] = static_cast<std::uint8_t>(header.temperature);
  at[61] = static_cast<std::uint8_t>(header.suite);
  std::ranges::copy(header.salt, at + 64);
  store_le<std::uint32_t>(at + 124, codec::crc32c(ByteView(bytes).first(124)));
  return bytes;
}

Result<PackHeader> decode_pack_header(ByteView bytes) {
  const auto bad = [](std::string_view why) {
    return damaged("pack.header_damaged", "the pack's header is not what was written: " + std::string(why));
  };
  if (bytes.size() < kPackHeaderBytes) return bad("it is cut short");
  const std::uint8_t* at = bytes.data();
  if (std::memcmp(at, kPackMagic.data(), kPackMagic.size()) != 0) return bad("it does not begin as a pack does");
  if (codec::crc32c(bytes.first(124)) != load_le<std::uint32_t>(at + 124)) return bad("its checksum does not match");
  const auto incompatible = load_le<std::uint32_t>(at + 20);
  if (load_le<std::uint16_t>(at + 8) != kMajor || (incompatible & ~kKnownIncompatible) != 0) {
    return fail(ErrorKind::unsupported, "pack.format_unknown",
                "the pack was written by a newer version of the program, in a format this one does not know",
                "use the newer version");
  }
  PackHeader header;
  std::copy_n(at + 24, 16, header.vault.bytes.begin());
  std::copy_n(at + 40, 16, header.id.bytes.begin());
  header.domain.value = load_le<std::uint32_t>(at + 56);
  std::copy_n(at + 64, 32, header.salt.begin());
  if (at[60] < 1 || at[60] > 3) return bad("no such temperature");
  if (at[61] > 1) {
    return fail(ErrorKind::unsupported, "pack.suite_unknown", "the pack is sealed in a way this program does not know",
                "use a newer version");
  }
  header.temperature = static_cast<Temperature>(at[60]);
  header.suite = static_cast<codec::SealSuite>(at[61]);
  if (header.domain.value == 0 || header.id.is_none()) return bad("it names no domain or no pack");
  return header;
}

GroupHeaderBytes encode(const GroupHeader& header) {
  GroupHeaderBytes bytes{};
  std::uint8_t* at = bytes.data();
  store_le<std::uint32_t>(at, kGroupMagic);
  store_le<std::uint32_t>(at + 4, header.number);
  at[8] = static_cast<std::uint8_t>(header.codec);
  store_le<std::uint32_t>(at + 12, header.sealed_length);
  store_le<std::uint32_t>(at + 16, header.raw_length);
  store_le<std::uint32_t>(at + 28, header.checksum);
  return bytes;
}

Result<GroupHeader> decode_group_header(ByteView bytes) {
  if (bytes.size() < kGroupHeaderBytes) return bad_group("its header is cut short");
  const std::uint8_t* at = bytes.data();
  if (load_le<std::uint32_t>(at) != kGroupMagic) return bad_group("it does not begin as a group does");
  GroupHeader header;
  header.number = load_le<std::uint32_t>(at + 4);
  header.sealed_length = load_le<std::uint32_t>(at + 12);
  header.raw_length = load_le<std::uint32_t>(at + 16);
  header.checksum = load_le<std::uint32_t>(at + 28);
  if (!codec::is_known_codec(at[8])) return bad_group("its codec is not known");
  header.codec = static_cast<codec::CompressionCodec>(at[8]);
  if (!all_zero(bytes.subspan(9, 3)) || !all_zero(bytes.subspan(20, 8)) || header.number >= kPackSealsMax ||
      header.raw_length > kGroupRawBytesMax || header.sealed_length > kGroupSealedBytesMax ||
      header.sealed_length < kDirectoryHeadBytes + kDirectoryEntryBytes + codec::kTagBytes) {
    return bad_group("its header makes no sense");
  }
  return header;
}

std::uint32_t group_checksum(ByteView frame) {
  return codec::crc32c(frame.subspan(kGroupHeaderBytes), codec::crc32c(frame.first(kGroupHeaderBytes - 4)));
}

void encode_directory(std::span<const DirectoryEntry> entries, Bytes& out) {
  out.reserve(out.size() + kDirectoryHeadBytes + entries.size() * kDirectoryEntryBytes);
  ByteWriter writer(out);
  writer.put(static_cast<std::uint32_t>(entries.size()));
  writer.put<std::uint32_t>(0);
  for (const DirectoryEntry& entry : entries) {
    writer.put_bytes(entry.id.view());
    writer.put(entry.offset);
    writer.put(entry.length);
  }
}

Result<std::vector<DirectoryEntry>> decode_directory(ByteView opened, std::uint32_t raw_length) {
  if (opened.size() < kDirectoryHeadBytes) return bad_group("its directory is cut short");
  const auto count = load_le<std::uint32_t>(opened.data());
  if (count == 0 || count > kGroupChunksMax || load_le<std::uint32_t>(opened.data() + 4) != 0 ||
      opened.size() - kDirectoryHeadBytes < count * kDirectoryEntryBytes) {
    return bad_group("its directory makes no sense");
  }
  std::vector<DirectoryEntry> entries(count);
  std::uint64_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint8_t* at = opened.data() + kDirectoryHeadBytes + i * kDirectoryEntryBytes;
    std::copy_n(at, 32, entries[i].id.bytes.begin());
    entries[i].offset = load_le<std::uint32_t>(at + 32);
    entries[i].length = load_le<std::uint32_t>(at + 36);
    if (entries[i].offset != end) return bad_group("its directory has gaps");
    end += entries[i].length;
  }
  if (end != raw_length) return bad_group("its directory does not cover it");
  return entries;
}

void Footer::add(std::uint64_t offset, const GroupHeader& header, std::span<const DirectoryEntry> entries) {
  const auto group = static_cast<std::uint32_t>(groups.size());
  groups.push_back(
      {offset, header.sealed_length, header.raw_length, static_cast<std::uint32_t>(chunks.size()), header.number});
  for (const DirectoryEntry& entry : entries) chunks.push_back({entry.id, group, entry.offset, entry.length});
  raw_bytes += header.raw_length;
}

std::span<const Footer::Chunk> Footer::chunks_of(std::size_t group) const {
  const std::size_t begin = groups[group].first_chunk;
  const std::size_t end = group + 1 < groups.size() ? groups[group + 1].first_chunk : chunks.size();
  return std::span(chunks).subspan(begin, end - begin);
}

Bytes encode(const Footer& footer) {
  Bytes bytes;
  bytes.reserve(kFooterHeadBytes + footer.groups.size() * kFooterGroupBytes + footer.chunks.size() * kFooterChunkBytes);
  ByteWriter out(bytes);
  out.put(static_cast<std::uint32_t>(footer.groups.size()));
  out.put<std::uint32_t>(0);
  out.put(static_cast<std::uint64_t>(footer.chunks.size()));
  out.put(footer.raw_bytes);
  for (const auto& group : footer.groups) {
    out.put(group.offset);
    out.put(group.sealed_length);
    out.put(group.raw_length);
    out.put(group.first_chunk);
    out.put(group.number);
  }
  for (const auto& chunk : footer.chunks) {
    out.put_bytes(chunk.id.view());
    out.put(chunk.group);
    out.put(chunk.offset);
    out.put(chunk.length);
  }
  return bytes;
}

Result<Footer> decode_footer(ByteView plain, std::uint64_t footer_offset) {
  if (plain.size() < kFooterHeadBytes) return bad_footer("it is cut short");
  const std::uint64_t group_count = load_le<std::uint32_t>(plain.data());
  const auto chunk_count = load_le<std::uint64_t>(plain.data() + 8);
  if (load_le<std::uint32_t>(plain.data() + 4) != 0 || chunk_count > plain.size() / kFooterChunkBytes ||
      plain.size() != kFooterHeadBytes + group_count * kFooterGroupBytes + chunk_count * kFooterChunkBytes) {
    return bad_footer("its tables have another length than it says");
  }
  Footer footer;
  footer.raw_bytes = load_le<std::uint64_t>(plain.data() + 16);
  footer.groups.resize(static_cast<std::size_t>(group_count));
  footer.chunks.resize(static_cast<std::size_t>(chunk_count));
  const std::uint8_t* at = plain.data() + kFooterHeadBytes;
  std::uint64_t end = kPackHeaderBytes;
  std::uint64_t raw_bytes = 0;
  std::uint32_t first = 0;
  for (auto& group : footer.groups) {
    group.offset = load_le<std::uint64_t>(at);
    group.sealed_length = load_le<std::uint32_t>(at + 8);
    group.raw_length = load_le<std::uint32_t>(at + 12);
    group.first_chunk = load_le<std::uint32_t>(at + 16);
    group.number = load_le<std::uint32_t>(at + 20);
    at += kFooterGroupBytes;
    if (group.offset < end || group.offset > footer_offset || group.sealed_length > kGroupSealedBytesMax ||
        footer_offset - group.offset < kGroupHeaderBytes + group.sealed_length ||
        group.raw_length > kGroupRawBytesMax || group.first_chunk < first || group.first_chunk > chunk_count) {
      return bad_footer("its table of groups makes no sense");
    }
    end = group.offset + kGroupHeaderBytes + group.sealed_length;
    first = group.first_chunk;
    raw_bytes += group.raw_length;
  }
  if (raw_bytes != footer.raw_bytes) return bad_footer("its groups do not add up");
  for (std::size_t i = 0; i < footer.chunks.size(); ++i) {
    auto& chunk = footer.chunks[i];
    std::copy_n(at, 32, chunk.id.bytes.begin());
    chunk.group = load_le<std::uint32_t>(at + 32);
    chunk.offset = load_le<std::uint32_t>(at + 36);
    chunk.length = load_le<std::uint32_t>(at + 40);
    at += kFooterChunkBytes;
    if (chunk.group >= footer.groups.size()) return bad_footer("a chunk stands in no group");
    const auto& group = footer.groups[chunk.group];
    const std::size_t group_end =
        chunk.group + 1 < footer.groups.size() ? footer.groups[chunk.group + 1].first_chunk : footer.chunks.size();
    if (i < group.first_chunk || i >= group_end || chunk.offset > group.raw_length ||
        chunk.length > group.raw_length - chunk.offset) {
      return bad_footer("a chunk lies outside its group");
    }
  }
  return footer;
}

FooterHeaderBytes encode(const FooterHeader& header) {
  FooterHeaderBytes bytes{};
  store_le<std::uint32_t>(bytes.data(), kFooterMagic);
  store_le<std::uint64_t>(bytes.data() + 8, header.sealed_length);
  std::ranges::copy(header.salt, bytes.data() + 16);
  store_le<std::uint32_t>(bytes.data() + 60, header.checksum);
  return bytes;
}

Result<FooterHeader> decode_footer_header(ByteView bytes) {
  if (bytes.size() < kFooterHeaderBytes) return bad_footer("its header is cut short");
  if (load_le<std::uint32_t>(bytes.data()) != kFooterMagic) return bad_footer("it does not begin as a footer does");
  FooterHeader header;
  header.sealed_length = load_le<std::uint64_t>(bytes.data() + 8);
  std::copy_n(bytes.data() + 16, 32, header.salt.begin());
  header.checksum = load_le<std::uint32_t>(bytes.data() + 60);
  if (header.sealed_length < kFooterHeadBytes + codec::kTagBytes || header.sealed_length > kFooterSealedBytesMax ||
      load_le<std::uint32_t>(bytes.data() + 4) != 0 || !all_zero(bytes.subspan(48, 12))) {
    return bad_footer("its header makes no sense");
  }
  return header;
}

std::uint32_t footer_checksum(ByteView frame) {
  return codec::crc32c(frame.subspan(kFooterHeaderBytes), codec::crc32c(frame.first(kFooterHeaderBytes - 4)));
}

PackTrailerBytes encode(const PackTrailer& trailer) {
  PackTrailerBytes bytes{};
  std::uint8_t* at = bytes.data();
  std::memcpy(at, kTrailerMagic.data(), kTrailerMagic.size());
  std::ranges::copy(trailer.id.bytes, at + 8);
  store_le<std::uint64_t>(at + 24, trailer.footer_offset);
  store_le<std::uint64_t>(at + 32, trailer.footer_length);
  store_le<std::uint64_t>(at + 40, trailer.protected_length);
  store_le<std::uint32_t>(at + 60, codec::crc32c(ByteView(bytes).first(60)));
  return bytes;
}

Result<PackTrailer> decode_pack_trailer(ByteView bytes) {
  const auto bad = [] { return damaged("pack.trailer_damaged", "the pack's trailer is not what was written"); };
  if (bytes.size() < kPackTrailerBytes) return bad();
  const std::uint8_t* at = bytes.data();
  if (std::memcmp(at, kTrailerMagic.data(), kTrailerMagic.size()) != 0 ||
      codec::crc32c(bytes.first(60)) != load_le<std::uint32_t>(at + 60)) {
    return bad();
  }
  PackTrailer trailer;
  std::copy_n(at + 8, 16, trailer.id.bytes.begin());
  trailer.footer_offset = load_le<std::uint64_t>(at + 24);
  trailer.footer_length = load_le<std::uint64_t>(at + 32);
  trailer.protected_length = load_le<std::uint64_t>(at + 40);
  if (trailer.protected_length > kPackFileBytesMax || trailer.footer_offset < kPackHeaderBytes ||
      trailer.footer_offset > trailer.protected_length ||
      trailer.footer_length > trailer.protected_length - trailer.footer_offset ||
      trailer.footer_length < kFooterHeaderBytes ||
      trailer.footer_length > kFooterHeaderBytes + kFooterSealedBytesMax ||
      trailer.footer_offset + trailer.footer_length + kPackTrailerBytes != trailer.protected_length) {
    return bad();
  }
  return trailer;
}

codec::SecretKey derive_group_key(const codec::SecretKey& domain_pack_key, const PackHeader& header) {
  Bytes salt(header.salt.begin(), header.salt.end());
  salt.insert(salt.end(), header.id.bytes.begin(), header.id.bytes.end());
  return codec::derive_key(domain_pack_key, salt, "atoll pack");
}

codec::SecretKey derive_footer_key(const codec::SecretKey& domain_pack_key, const PackId& id, const Salt& salt) {
  Bytes whole(salt.begin(), salt.end());
  whole.insert(whole.end(), id.bytes.begin(), id.bytes.end());
  return codec::derive_key(domain_pack_key, whole, "atoll pack footer");
}

Bytes seal_footer(const Footer& footer, const PackHeader& header, const PackHeaderBytes& header_bytes,
                  const codec::SecretKey& domain_pack_key, const Salt& salt) {
  const Bytes plain = encode(footer);
  FooterHeader footer_header{plain.size() + codec::kTagBytes, salt, 0};
  Bytes frame(kFooterHeaderBytes + plain.size() + codec::kTagBytes);
  std::ranges::copy(encode(footer_header), frame.begin());
  Bytes aad(header_bytes.begin(), header_bytes.end());
  aad.insert(aad.end(), frame.begin(), frame.begin() + kFooterHeaderBytes - 4);
  codec::Sealer sealer(header.suite, derive_footer_key(domain_pack_key, header.id, salt));
  sealer.seal(codec::counter_nonce(0), aad, plain, ByteSpan(frame).subspan(kFooterHeaderBytes));
  store_le(frame.data() + kFooterHeaderBytes - 4, footer_checksum(frame));
  return frame;
}

Result<Footer> open_footer(ByteView frame, std::uint64_t footer_offset, const PackHeader& header,
                           const PackHeaderBytes& header_bytes, const codec::SecretKey& domain_pack_key) {
  ATOLL_ASSIGN(const FooterHeader footer_header, decode_footer_header(frame));
  if (frame.size() != kFooterHeaderBytes + footer_header.sealed_length)
    return bad_footer("it has another length than it says");
  if (footer_checksum(frame) != footer_header.checksum) return bad_footer("its checksum does not match");
  Bytes aad(header_bytes.begin(), header_bytes.end());
  aad.insert(aad.end(), frame.begin(), frame.begin() + kFooterHeaderBytes - 4);
  codec::Sealer sealer(header.suite, derive_footer_key(domain_pack_key, header.id, footer_header.salt));
  Bytes plain(static_cast<std::size_t>(footer_header.sealed_length) - codec::kTagBytes);
  if (!sealer.open(codec::counter_nonce(0), aad, frame.subspan(kFooterHeaderBytes), plain)) {
    return bad_footer("it does not open with its key");
  }
  return decode_footer(plain, footer_offset);
}

std::string pack_blob_name(const PackId& id) { return id.text() + std::string(kSuffix); }

Result<PackId> pack_of_blob_name(std::string_view name) {
  if (!name.ends_with(kSuffix)) return fail(ErrorKind::usage, "pack.name", "not the name of a pack");
  return PackId::parse(name.substr(0, name.size() - kSuffix.size()));
}

}  // namespace atl::chunk
