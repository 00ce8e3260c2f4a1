// See format.h and spec/formats/text-index.md.
#include "derived/text/internal/format.h"

#include <algorithm>

#include "foundation/codec/hash.h"

namespace atl::text::internal {
namespace {

constexpr std::string_view kSegmentMagic = "atolltxt";
constexpr std::string_view kTrailerMagic = "atolltxe";
constexpr std::uint16_t kMajor = 0;
constexpr std::uint16_t kMinor = 0;

void put_common(ByteWriter& out, std::string_view magic, const VaultId& vault, const Salt& salt,
                codec::SealSuite suite) {
  out.put_bytes(as_bytes(magic));
  out.put(kMajor);
  out.put(kMinor);
  out.put(std::uint32_t{0});  // compatible features
  out.put(std::uint32_t{0});  // read-only features
  out.put(std::uint32_t{0});  // incompatible features
  out.put_bytes(vault.view());
  out.put_bytes(salt);
  out.put(static_cast<std::uint8_t>(suite));
  out.put_zeros(7);
}

// Checks magic, CRC, version and features, in this order: only bytes known to be whole may say "unsupported".
Result<void> check_common(ByteView header, std::string_view magic, std::string_view what) {
  if (header.size() < kHeaderBytes || !equal(header.first(8), as_bytes(magic))) {
    return damaged("text.header", std::string(what) + " does not begin as one");
  }
  if (codec::crc32c(header.first(kHeaderBytes - 4)) != load_le<std::uint32_t>(header.data() + kHeaderBytes - 4)) {
    return damaged("text.header", std::string(what) + " has a damaged header");
  }
  if (load_le<std::uint16_t>(header.data() + 8) != kMajor || load_le<std::uint32_t>(header.data() + 20) != 0) {
    return fail(ErrorKind::unsupported, "text.version",
                std::string(what) + " was written by a newer program in a way this one does not know",
                "use the newer program, or let this one rebuild the word index");
  }
  if (header[56] > 1) return damaged("text.header", std::string(what) + " has impossible values in its header");
  return {};
}

std::array<std::uint8_t, kHeaderBytes> with_checksum(const Bytes& bytes) {
  ATOLL_INVARIANT(bytes.size() <= kHeaderBytes - 4, "a header outgrew its room");
  std::array<std::uint8_t, kHeaderBytes> header{};
  std::ranges::copy(bytes, header.begin());
  store_le(header.data() + kHeaderBytes - 4, codec::crc32c(ByteView(header).first(kHeaderBytes - 4)));
  return header;
}

Salt salt_at(const std::uint8_t* from) {
  Salt salt{};
  std::copy_n(from, kSaltBytes, salt.begin());
  return salt;
}

std::string hex64(std::uint64_t number) {
  Bytes big_endian;
  append_be64(big_endian, number);
  return to_hex(big_endian);
}

}  // namespace

tl::unexpected<Error> damaged(std::string_view id, std::string_view what) {
  return fail(ErrorKind::damaged, std::string(id), std::string(what),
              "the word index will be rebuilt from what it indexes");
}

std::uint8_t length_code(std::uint64_t words) {
  const auto behind = std::ranges::upper_bound(kLengths, words);
  return static_cast<std::uint8_t>(behind - kLengths.begin() - 1);
}

std::array<std::uint8_t, kHeaderBytes> encode(const FileHeader& header) {
  Bytes bytes;
  ByteWriter out(bytes);
  put_common(out, kSegmentMagic, header.vault, header.salt, header.suite);
  out.put(header.number);
  return with_checksum(bytes);
}

Result<FileHeader> parse_file_header(ByteView stored) {
  ATOLL_TRY(check_common(stored, kSegmentMagic, "a segment of the word index"));
  FileHeader header;
  std::copy_n(stored.data() + 24, 16, header.vault.bytes.begin());
  header.salt = salt_at(stored.data() + 40);
  header.suite = static_cast<codec::SealSuite>(stored[56]);
  header.number = load_le<std::uint64_t>(stored.data() + 64);
  return header;
}

std::array<std::uint8_t, kTrailerBytes> encode(const FileTrailer& trailer) {
  std::array<std::uint8_t, kTrailerBytes> bytes{};
  std::ranges::copy(as_bytes(kTrailerMagic), bytes.begin());
  store_le(bytes.data() + 8, trailer.pages);
  store_le(bytes.data() + 16, trailer.footer_offset);
  store_le(bytes.data() + 24, trailer.footer_stored_bytes);
  store_le(bytes.data() + 32, trailer.file_bytes);
  store_le(bytes.data() + 40, trailer.last_page_bytes);
  store_le(bytes.data() + kTrailerBytes - 4, codec::crc32c(ByteView(bytes).first(kTrailerBytes - 4)));
  return bytes;
}

Result<FileTrailer> parse_file_trailer(ByteView stored, std::uint64_t file_bytes) {
  const auto bad = [] {
    return damaged("text.trailer", "a segment of the word index is cut off or damaged at its end");
  };
  if (stored.size() != kTrailerBytes || !equal(stored.first(8), as_bytes(kTrailerMagic)) ||
      codec::crc32c(stored.first(kTrailerBytes - 4)) != load_le<std::uint32_t>(stored.data() + kTrailerBytes - 4)) {
    return bad();
  }
  FileTrailer trailer;
  trailer.pages = load_le<std::uint64_t>(stored.data() + 8);
  trailer.footer_offset = load_le<std::uint64_t>(stored.data() + 16);
  trailer.footer_stored_bytes = load_le<std::uint64_t>(stored.data() + 24);
  trailer.file_bytes = load_le<std::uint64_t>(stored.data() + 32);
  trailer.last_page_bytes = load_le<std::uint32_t>(stored.data() + 40);
  const bool fits = trailer.file_bytes == file_bytes && file_bytes >= kHeaderBytes + kTrailerBytes &&
                    trailer.pages >= 1 && trailer.pages <= file_bytes / codec::kTagBytes &&
                    trailer.pages <= kPagesMax && trailer.last_page_bytes >= 1 &&
                    trailer.last_page_bytes <= kPagePlain && trailer.footer_stored_bytes >= codec::kTagBytes;
  if (!fits) return bad();
  const std::uint64_t pages_end =
      kHeaderBytes + (trailer.pages - 1) * kPageStored + trailer.last_page_bytes + codec::kTagBytes;
  if (trailer.footer_offset != pages_end || trailer.footer_stored_bytes > file_bytes ||
      pages_end + trailer.footer_stored_bytes + kTrailerBytes != file_bytes) {
    return bad();
  }
  return trailer;
}

Bytes encode(const SegmentFooter& footer) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(footer.docs);
  out.put(footer.languages);
  out.put(footer.terms);
  out.put(footer.term_blocks);
  for (const StreamPlace& stream : footer.streams) {
    out.put(stream.bytes);
    for (const std::uint32_t page : stream.pages) out.put(page);
  }
  out.put(static_cast<std::uint32_t>(footer.totals.size()));
  for (const FieldTotals& totals : footer.totals) {
    out.put(totals.words);
    out.put(totals.docs);
  }
  out.put(static_cast<std::uint32_t>(footer.lengths.size()));
  for (const LengthsPlace& place : footer.lengths) {
    out.put(place.field);
    out.put(place.offset);
  }
  out.put(static_cast<std::uint32_t>(footer.columns.size()));
  for (const ColumnPlace& place : footer.columns) {
    out.put(place.field);
    out.put(place.directory_offset);
    out.put(place.data_offset);
  }
  return bytes;
}

Result<SegmentFooter> parse_segment_footer(ByteView plain, const FileTrailer& trailer) {
  ByteReader in(plain, "the footer of a segment of the word index");
  const auto bad = [] {
    return damaged("text.footer", "the footer of a segment of the word index contradicts itself");
  };
  SegmentFooter footer;
  ATOLL_ASSIGN(footer.docs, in.get<std::uint32_t>());
  ATOLL_ASSIGN(footer.languages, in.get<std::uint32_t>());
  ATOLL_ASSIGN(footer.terms, in.get<std::uint64_t>());
  ATOLL_ASSIGN(footer.term_blocks, in.get<std::uint64_t>());
  if (footer.docs == 0 || footer.docs > kDocsMax || footer.term_blocks > footer.terms) return bad();
  for (StreamPlace& stream : footer.streams) {
    ATOLL_ASSIGN(stream.bytes, in.get<std::uint64_t>());
    const std::uint64_t pages = (stream.bytes + kPagePlain - 1) / kPagePlain;
    if (stream.bytes > trailer.pages * kPagePlain || pages * 4 > in.remaining()) return bad();
    for (std::uint64_t i = 0; i < pages; ++i) {
      ATOLL_ASSIGN(const std::uint32_t page, in.get<std::uint32_t>());
      if (page >= trailer.pages) return bad();
      stream.pages.push_back(page);
    }
  }
  // Every count below is bounded by the bytes that are left, each entry taking some.
  ATOLL_ASSIGN(const std::uint32_t totals, in.get<std::uint32_t>());
  if (totals > kFieldsMax) return bad();
  for (std::uint32_t i = 0; i < totals; ++i) {
    FieldTotals one;
    ATOLL_ASSIGN(one.words, in.get<std::uint64_t>());
    ATOLL_ASSIGN(one.docs, in.get<std::uint32_t>());
    if (one.docs > footer.docs) return bad();
    footer.totals.push_back(one);
  }
  ATOLL_ASSIGN(const std::uint32_t lengths, in.get<std::uint32_t>());
  if (lengths > kFieldsMax) return bad();
  const auto& length_bytes = footer.streams[static_cast<std::size_t>(Stream::lengths)].bytes;
  for (std::uint32_t i = 0; i < lengths; ++i) {
    LengthsPlace place;
    ATOLL_ASSIGN(place.field, in.get<std::uint8_t>());
    ATOLL_ASSIGN(place.offset, in.get<std::uint64_t>());
    if (place.field >= totals || place.offset > length_bytes || length_bytes - place.offset < footer.docs) return bad();
    footer.lengths.push_back(place);
  }
  ATOLL_ASSIGN(const std::uint32_t columns, in.get<std::uint32_t>());
  if (columns > kFieldsMax + 1) return bad();
  const auto& column_bytes = footer.streams[static_cast<std::size_t>(Stream::columns)].bytes;
  for (std::uint32_t i = 0; i < columns; ++i) {
    ColumnPlace place;
    ATOLL_ASSIGN(place.field, in.get<std::uint8_t>());
    ATOLL_ASSIGN(place.directory_offset, in.get<std::uint64_t>());
    ATOLL_ASSIGN(place.data_offset, in.get<std::uint64_t>());
    if ((place.field >= totals && place.field != kWordSpace) || place.directory_offset > column_bytes ||
        place.data_offset > column_bytes) {
      return bad();
    }
    footer.columns.push_back(place);
  }
  if (in.remaining() != 0) return bad();
  return footer;
}

Bytes seal_small(std::string_view magic, const SealContext& context, const Salt& salt, ByteView plain) {
  Bytes head;
  ByteWriter out(head);
  put_common(out, magic, context.vault, salt, context.suite);
  out.put(static_cast<std::uint64_t>(plain.size()));
  const auto header = with_checksum(head);
  Bytes file(kHeaderBytes + plain.size() + codec::kTagBytes);
  std::ranges::copy(header, file.begin());
  codec::Sealer sealer(context.suite,
                       codec::derive_key(context.key, salt, std::string("atoll text ") + std::string(magic)));
  const ByteSpan sealed = ByteSpan(file).subspan(kHeaderBytes);
  sealer.seal(codec::counter_nonce(0), header, plain, sealed);
  Bytes opened(plain.size());
  ATOLL_INVARIANT(sealer.open(codec::counter_nonce(0), header, sealed, opened) && equal(opened, plain),
                  "a sealed file does not open again");
  return file;
}

Result<Bytes> open_small(std::string_view magic, const SealContext& context, ByteView stored) {
  ATOLL_TRY(check_common(stored, magic, "a file of the word index"));
  const ByteView header = stored.first(kHeaderBytes);
  const ByteView sealed = stored.subspan(kHeaderBytes);
  // The expected suite, not the stored one, decides: an unsealed file must not pass for a sealed one.
  if (!equal(header.subspan(24, 16), context.vault.view()) || header[56] != static_cast<std::uint8_t>(context.suite) ||
      sealed.size() < codec::kTagBytes ||
      load_le<std::uint64_t>(header.data() + 64) != sealed.size() - codec::kTagBytes) {
    return damaged("text.file", "a file of the word index is not the one that was written");
  }
  codec::Sealer sealer(context.suite, codec::derive_key(context.key, header.subspan(40, kSaltBytes),
                                                        std::string("atoll text ") + std::string(magic)));
  Bytes plain(sealed.size() - codec::kTagBytes);
  if (!sealer.open(codec::counter_nonce(0), header, sealed, plain)) {
    return damaged("text.file", "a file of the word index is damaged");
  }
  return plain;
}

Bytes encode(const Manifest& manifest) {
  Bytes plain;
  ByteWriter out(plain);
  out.put(manifest.next_number);
  out.put(static_cast<std::uint32_t>(manifest.schema.size()));
  for (const Field& field : manifest.schema) {
    out.put(static_cast<std::uint8_t>(field.kind));
    out.put(static_cast<std::uint8_t>(field.name.size()));
    out.put_bytes(as_bytes(field.name));
  }
  out.put(static_cast<std::uint32_t>(manifest.segments.size()));
  for (const SegmentInfo& segment : manifest.segments) {
    out.put(segment.number);
    out.put(segment.file_bytes);
    out.put(segment.docs);
    out.put(segment.removed);
    out.put(segment.removals_version);
    out.put_bytes(segment.salt);
  }
  out.put(static_cast<std::uint32_t>(manifest.state.size()));
  out.put_bytes(manifest.state);
  return plain;
}

Result<Manifest> parse_manifest(ByteView plain) {
  ByteReader in(plain, "the manifest of the word index");
  const auto bad = [] { return damaged("text.manifest", "the manifest of the word index contradicts itself"); };
  Manifest manifest;
  ATOLL_ASSIGN(manifest.next_number, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const std::uint32_t fields, in.get<std::uint32_t>());
  if (fields > kFieldsMax) return bad();
  for (std::uint32_t i = 0; i < fields; ++i) {
    Field field;
    ATOLL_ASSIGN(const std::uint8_t kind, in.get<std::uint8_t>());
    ATOLL_ASSIGN(const std::uint8_t name_bytes, in.get<std::uint8_t>());
    ATOLL_ASSIGN(const ByteView name, in.get_bytes(name_bytes));
    if (kind > static_cast<std::uint8_t>(FieldKind::number)) return bad();
    field.kind = static_cast<FieldKind>(kind);
    field.name = to_string(name);
    manifest.schema.push_back(std::move(field));
  }
  if (!check_schema(manifest.schema)) return bad();
  ATOLL_ASSIGN(const std::uint32_t segments, in.get<std::uint32_t>());
  if (segments > kSegmentsMax) return bad();
  for (std::uint32_t i = 0; i < segments; ++i) {
    SegmentInfo info;
    ATOLL_ASSIGN(info.number, in.get<std::uint64_t>());
    ATOLL_ASSIGN(info.file_bytes, in.get<std::uint64_t>());
    ATOLL_ASSIGN(info.docs, in.get<std::uint32_t>());
    ATOLL_ASSIGN(info.removed, in.get<std::uint32_t>());
    ATOLL_ASSIGN(info.removals_version, in.get<std::uint64_t>());
    ATOLL_ASSIGN(const ByteView salt, in.get_bytes(kSaltBytes));
    info.salt = salt_at(salt.data());
    if (info.number == 0 || info.number >= manifest.next_number || info.docs == 0 || info.removed > info.docs ||
        info.removals_version >= manifest.next_number || (info.removed > 0 && info.removals_version == 0)) {
      return bad();
    }
    manifest.segments.push_back(info);
  }
  ATOLL_ASSIGN(const std::uint32_t state_bytes, in.get<std::uint32_t>());
  if (state_bytes > kStateBytesMax) return bad();
  ATOLL_ASSIGN(const ByteView state, in.get_bytes(state_bytes));
  manifest.state = to_bytes(state);
  if (in.remaining() != 0) return bad();
  return manifest;
}

std::string segment_file_name(std::uint64_t number) { return hex64(number) + ".segment"; }

std::string removals_file_name(std::uint64_t number, std::uint64_t version) {
  return hex64(number) + "-" + hex64(version) + ".removed";
}

codec::SecretKey segment_key(const codec::SecretKey& index_key, const Salt& salt) {
  return codec::derive_key(index_key, salt, "atoll text segment");
}

}  // namespace atl::text::internal
