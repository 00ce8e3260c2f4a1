// What was understood of one content: what it is, what it says about itself, its text with the places in it, and what
// is inside of it. The stored form is spec'd by encode(): a version byte, then numbered fields.
// Always true:
//  - All text is valid UTF-8 without control characters but '\n' and '\t', whatever stood in the file.
//  - decode() believes nothing: what it accepts is within kDecodeLimits and keeps the rule above, whoever wrote it.
// Thread rules: values. Complexity: linear.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foundation/base/bytes.h"
#include "foundation/base/time.h"

namespace atl::extract {

// Raised when the same content would be understood differently (better) than before: then it is worth reading again.
inline constexpr std::uint32_t kExtractorVersion = 3;

enum class PlaceKind : std::uint8_t {  // stored: never renumber
  none = 0,
  page = 1,
  slide = 2,
  sheet = 3,
  message = 4,
  time_ms = 5,  // `number` is milliseconds from the beginning
  chapter = 6,
};

// Where in a content: page 3; sheet 2 "Costs"; 12,000 ms. Pages, slides, sheets, messages, chapters count from 1.
struct Place {
  PlaceKind kind = PlaceKind::none;
  std::uint64_t number = 0;
  std::string name;
  friend bool operator==(const Place&, const Place&) = default;
};

struct Piece {
  Place place;
  std::string text;
  friend bool operator==(const Piece&, const Piece&) = default;
};

// `name` as in vocabulary.h, or, among the raw ones, as the format calls it: "Exif.Photo.FNumber".
struct Field {
  std::string name;
  std::string value;
  friend bool operator==(const Field&, const Field&) = default;
};

struct Extraction;

// A file in an archive, a message in a mailbox, an attachment of a mail.
struct Member {
  std::string path;  // inside; what is inside a member stands behind "!/": "inner.zip!/b.pdf". Never a host's path
  std::uint64_t size = 0;
  std::optional<FileTime> modified;
  bool is_folder = false;
  // One, where the member itself was read; else none. Its own members stand in the outermost list, not here.
  std::vector<Extraction> understood;
  friend bool operator==(const Member&, const Member&) = default;
};

struct Extraction {
  std::string format = "unknown";                       // id of the formats' table: "pdf", "docx"
  std::string media_type = "application/octet-stream";  // "application/pdf"
  std::string language;                                 // ISO 639-1 of the text; empty: not known
  std::vector<Field> fields;                            // mapped to the vocabulary; a name may come several times
  std::vector<Field> raw;                               // what the format says, bounded
  std::vector<Piece> pieces;                            // in the order of the content
  std::vector<Member> members;
  bool is_truncated = false;  // there is more text, or there are more members, than the limits allow
  std::string trouble;        // empty, or one sentence for a user: why it could not be read (to its end)
  friend bool operator==(const Extraction&, const Extraction&) = default;
};

// The first value of that name; empty where there is none.
[[nodiscard]] std::string_view value_of(const Extraction& extraction, std::string_view field_name);

// Bounds of decode(). Everything encode() gives for an extraction within Options' limits is within them.
struct DecodeLimits {
  std::size_t bytes_max = 40U << 20U;
  std::size_t fields_max = 4096;  // mapped and raw, each
  std::size_t pieces_max = 200'000;
  std::size_t members_max = 100'000;
};
inline constexpr DecodeLimits kDecodeLimits;

[[nodiscard]] Bytes encode(const Extraction& extraction);
// `damaged` "extraction.damaged"; `unsupported` "extraction.unknown_version" where a later program wrote it.
[[nodiscard]] Result<Extraction> decode(ByteView bytes);

}  // namespace atl::extract
