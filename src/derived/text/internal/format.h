// The bytes around the words: header, trailer and footer of a segment, the manifest, the table of lengths.
// spec/formats/text-index.md says the same for readers in other languages.
// Always true: what the parse functions accept is consistent in itself (counts and sizes agree with each other and with
// the length of the file), so that the code behind them needs no further bounds than those of its own buffers.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "derived/text/schema.h"
#include "foundation/base/bytes.h"
#include "foundation/base/error.h"
#include "foundation/base/ids.h"
#include "foundation/codec/seal.h"

namespace atl::text::internal {

inline constexpr std::size_t kSaltBytes = 16;
using Salt = std::array<std::uint8_t, kSaltBytes>;

inline constexpr std::size_t kHeaderBytes = 128;
inline constexpr std::size_t kTrailerBytes = 64;
inline constexpr std::size_t kPagePlain = 16 * 1024;
inline constexpr std::size_t kPageStored = kPagePlain + codec::kTagBytes;
inline constexpr std::uint64_t kPagesMax = std::uint64_t{1} << 31;  // seals of one key
inline constexpr std::uint32_t kDocsMax = 1U << 30;                 // of one segment
inline constexpr std::size_t kTermBytesMax = 120;                   // longer words are cut
inline constexpr std::uint32_t kNoDoc = UINT32_MAX;                 // behind the last one

// Lanes of the nonce.
enum class Lane : std::uint32_t { page = 0, footer = 1 };

// A segment holds several streams of bytes; each of its pages belongs to one.
enum class Stream : std::uint8_t { postings = 0, positions = 1, terms = 2, term_index = 3, lengths = 4, columns = 5 };
inline constexpr std::size_t kStreams = 6;

// First byte of every key of the term dictionary: a field's number, or this for the words themselves.
inline constexpr std::uint8_t kWordSpace = 0xFF;

struct FileHeader {
  VaultId vault;
  Salt salt{};
  codec::SealSuite suite = codec::SealSuite::aes256gcm;
  std::uint64_t number = 0;  // of the segment within its index, never used twice
};
[[nodiscard]] std::array<std::uint8_t, kHeaderBytes> encode(const FileHeader& header);
[[nodiscard]] Result<FileHeader> parse_file_header(ByteView stored);

struct FileTrailer {
  std::uint64_t pages = 0;
  std::uint32_t last_page_bytes = 0;  // plain; all others are full
  std::uint64_t footer_offset = 0;
  std::uint64_t footer_stored_bytes = 0;
  std::uint64_t file_bytes = 0;
};
[[nodiscard]] std::array<std::uint8_t, kTrailerBytes> encode(const FileTrailer& trailer);
[[nodiscard]] Result<FileTrailer> parse_file_trailer(ByteView stored, std::uint64_t file_bytes);

// Where the pieces of a segment stand; sealed at its end.
struct StreamPlace {
  std::uint64_t bytes = 0;
  std::vector<std::uint32_t> pages;  // in the file, in the order of the stream
};
struct FieldTotals {
  std::uint64_t words = 0;  // of all documents
  std::uint32_t docs = 0;   // that have the field
};
struct LengthsPlace {
  std::uint8_t field = 0;
  std::uint64_t offset = 0;  // in Stream::lengths; one byte a document
};
struct ColumnPlace {
  std::uint8_t field = 0;  // kWordSpace: the ids
  std::uint64_t directory_offset = 0;
  std::uint64_t data_offset = 0;
};
struct SegmentFooter {
  std::uint32_t docs = 0;
  std::uint32_t languages = 0;  // bit n: Language n occurs
  std::uint64_t terms = 0;
  std::uint64_t term_blocks = 0;
  std::array<StreamPlace, kStreams> streams;
  std::vector<FieldTotals> totals;  // one a field of the schema
  std::vector<LengthsPlace> lengths;
  std::vector<ColumnPlace> columns;
};
[[nodiscard]] Bytes encode(const SegmentFooter& footer);
[[nodiscard]] Result<SegmentFooter> parse_segment_footer(ByteView plain, const FileTrailer& trailer);

// What the manifest keeps of a segment, so that no other file can stand in for it.
struct SegmentInfo {
  std::uint64_t number = 0;
  std::uint64_t file_bytes = 0;
  std::uint32_t docs = 0;
  std::uint32_t removed = 0;           // of them, in the file of removals
  std::uint64_t removals_version = 0;  // of that file; 0: none
  Salt salt{};
};
struct Manifest {
  std::uint64_t next_number = 1;
  Schema schema;
  std::vector<SegmentInfo> segments;
  Bytes state;
};
inline constexpr std::string_view kManifestName = "manifest";
inline constexpr std::size_t kStateBytesMax = 64 * 1024;
inline constexpr std::size_t kSegmentsMax = 4096;
inline constexpr std::size_t kManifestBytesMax = 1024 * 1024;

// A small file sealed whole: the manifest, and the removals of a segment. `magic` of 8 bytes says which.
inline constexpr std::string_view kManifestMagic = "atolltxm";
inline constexpr std::string_view kRemovalsMagic = "atolltxd";
struct SealContext {
  const codec::SecretKey& key;  // of the index
  const VaultId& vault;
  codec::SealSuite suite;
};
[[nodiscard]] Bytes seal_small(std::string_view magic, const SealContext& context, const Salt& salt, ByteView plain);
[[nodiscard]] Result<Bytes> open_small(std::string_view magic, const SealContext& context, ByteView stored);
[[nodiscard]] Bytes encode(const Manifest& manifest);
[[nodiscard]] Result<Manifest> parse_manifest(ByteView plain);

// "0000000000000001.segment", "0000000000000001-0000000000000002.removed"
[[nodiscard]] std::string segment_file_name(std::uint64_t number);
[[nodiscard]] std::string removals_file_name(std::uint64_t number, std::uint64_t version);
[[nodiscard]] codec::SecretKey segment_key(const codec::SecretKey& index_key, const Salt& salt);

[[nodiscard]] tl::unexpected<Error> damaged(std::string_view id, std::string_view what);

// Ids stand in a column of signed numbers; with the highest bit turned their order is the same.
[[nodiscard]] constexpr std::int64_t signed_id(std::uint64_t id) {
  return static_cast<std::int64_t>(id ^ (std::uint64_t{1} << 63));
}
[[nodiscard]] constexpr std::uint64_t unsigned_id(std::int64_t value) {
  return static_cast<std::uint64_t>(value) ^ (std::uint64_t{1} << 63);
}

// Lengths of texts in one byte: exact up to 40 words, then in steps of 6 per cent. 0 is an empty or missing field.
[[nodiscard]] constexpr std::array<std::uint32_t, 256> make_lengths() {
  std::array<std::uint32_t, 256> lengths{};
  for (std::size_t i = 1; i < lengths.size(); ++i) {
    const std::uint32_t before = lengths[i - 1];
    lengths[i] = before + (before < 40 ? 1 : before * 6 / 100);
  }
  return lengths;
}
inline constexpr std::array<std::uint32_t, 256> kLengths = make_lengths();
[[nodiscard]] std::uint8_t length_code(std::uint64_t words);  // rounded down

}  // namespace atl::text::internal
