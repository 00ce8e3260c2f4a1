// Extractions to bytes and back: a version byte, then numbered fields (foundation/codec/fields.h).
#include "derived/extract/extraction.h"

#include <algorithm>

#include "derived/extract/internal/plain_text.h"
#include "foundation/codec/fields.h"

namespace atl::extract {
namespace {

constexpr std::uint8_t kStoredVersion = 1;
constexpr std::uint8_t kPlaceKindLast = static_cast<std::uint8_t>(PlaceKind::chapter);
constexpr int kDepthMax = 2;  // an extraction, and those of its members; these have no members of their own

// Field numbers. Never reused.
namespace number {
constexpr std::uint32_t kFormat = 1, kMediaType = 2, kLanguage = 3, kField = 4, kRaw = 5, kPiece = 6, kMember = 7,
                        kIsTruncated = 8, kTrouble = 9;
constexpr std::uint32_t kFieldName = 1, kFieldValue = 2;
constexpr std::uint32_t kPieceKind = 1, kPieceNumber = 2, kPieceName = 3, kPieceText = 4;
constexpr std::uint32_t kMemberPath = 1, kMemberSize = 2, kMemberSeconds = 3, kMemberNanoseconds = 4,
                        kMemberHasTime = 5, kMemberIsFolder = 6, kMemberUnderstood = 7;
}  // namespace number

Bytes encode_field(const Field& field) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_text(number::kFieldName, field.name);
  out.put_text(number::kFieldValue, field.value);
  return bytes;
}

Bytes encode_piece(const Piece& piece) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_unsigned(number::kPieceKind, static_cast<std::uint8_t>(piece.place.kind));
  out.put_unsigned(number::kPieceNumber, piece.place.number);
  out.put_text(number::kPieceName, piece.place.name);
  out.put_text(number::kPieceText, piece.text);
  return bytes;
}

void encode_into(Bytes& bytes, const Extraction& extraction);

Bytes encode_member(const Member& member) {
  Bytes bytes;
  codec::FieldWriter out(bytes);
  out.put_text(number::kMemberPath, member.path);
  out.put_unsigned(number::kMemberSize, member.size);
  if (member.modified) {
    out.put_unsigned(number::kMemberHasTime, 1);
    out.put_signed(number::kMemberSeconds, member.modified->seconds);
    out.put_unsigned(number::kMemberNanoseconds, member.modified->nanoseconds);
  }
  out.put_unsigned(number::kMemberIsFolder, member.is_folder ? 1 : 0);
  if (!member.understood.empty()) {
    Bytes inner;
    encode_into(inner, member.understood.front());
    out.put_bytes_always(number::kMemberUnderstood, inner);
  }
  return bytes;
}

void encode_into(Bytes& bytes, const Extraction& extraction) {
  codec::FieldWriter out(bytes);
  out.put_text(number::kFormat, extraction.format);
  out.put_text(number::kMediaType, extraction.media_type);
  out.put_text(number::kLanguage, extraction.language);
  for (const Field& field : extraction.fields) out.put_bytes_always(number::kField, encode_field(field));
  for (const Field& field : extraction.raw) out.put_bytes_always(number::kRaw, encode_field(field));
  for (const Piece& piece : extraction.pieces) out.put_bytes_always(number::kPiece, encode_piece(piece));
  for (const Member& member : extraction.members) out.put_bytes_always(number::kMember, encode_member(member));
  out.put_unsigned(number::kIsTruncated, extraction.is_truncated ? 1 : 0);
  out.put_text(number::kTrouble, extraction.trouble);
}

tl::unexpected<Error> damaged(std::string why) {
  return fail(ErrorKind::damaged, "extraction.damaged",
              "what was understood of a content is damaged: " + std::move(why), "It is made again from the content.");
}

class Decoder {
 public:
  Result<Extraction> extraction(ByteView bytes, int depth) {
    Extraction found;
    found.format.clear();
    found.media_type.clear();
    codec::FieldReader in(bytes, "an extraction");
    while (in.next()) {
      switch (in.field()) {
        case number::kFormat: ATOLL_TRY(text(in.as_view(), found.format)); break;
        case number::kMediaType: ATOLL_TRY(text(in.as_view(), found.media_type)); break;
        case number::kLanguage: ATOLL_TRY(text(in.as_view(), found.language)); break;
        case number::kField: ATOLL_TRY(field(in.as_view(), found.fields)); break;
        case number::kRaw: ATOLL_TRY(field(in.as_view(), found.raw)); break;
        case number::kPiece: ATOLL_TRY(piece(in.as_view(), found.pieces)); break;
        case number::kMember:
          if (depth + 1 >= kDepthMax) return damaged("members of members");
          ATOLL_TRY(member(in.as_view(), found.members, depth));
          break;
        case number::kIsTruncated: found.is_truncated = in.as_unsigned() != 0; break;
        case number::kTrouble: ATOLL_TRY(text(in.as_view(), found.trouble)); break;
        default: break;
      }
    }
    ATOLL_TRY(in.status());
    return found;
  }

 private:
  static Result<void> text(ByteView bytes, std::string& into) {
    if (!is_plain_text(as_text(bytes))) return damaged("a text with bytes that no text has");
    into = as_text(bytes);
    return {};
  }

  static Result<void> field(ByteView bytes, std::vector<Field>& fields) {
    if (fields.size() >= kDecodeLimits.fields_max) return damaged("too many fields");
    Field found;
    codec::FieldReader in(bytes, "a field");
    while (in.next()) {
      if (in.field() == number::kFieldName) ATOLL_TRY(text(in.as_view(), found.name));
      if (in.field() == number::kFieldValue) ATOLL_TRY(text(in.as_view(), found.value));
    }
    ATOLL_TRY(in.status());
    fields.push_back(std::move(found));
    return {};
  }

  Result<void> piece(ByteView bytes, std::vector<Piece>& pieces) {
    if (++piece_count_ > kDecodeLimits.pieces_max) return damaged("too many pieces");
    Piece found;
    codec::FieldReader in(bytes, "a piece of text");
    while (in.next()) {
      switch (in.field()) {
        case number::kPieceKind: {
          const std::uint64_t kind = in.as_unsigned();
          // A kind of a later program: the text counts, where it stood is not known here.
          if (kind <= kPlaceKindLast) found.place.kind = static_cast<PlaceKind>(kind);
          break;
        }
        case number::kPieceNumber: found.place.number = in.as_unsigned(); break;
        case number::kPieceName: ATOLL_TRY(text(in.as_view(), found.place.name)); break;
        case number::kPieceText: ATOLL_TRY(text(in.as_view(), found.text)); break;
        default: break;
      }
    }
    ATOLL_TRY(in.status());
    pieces.push_back(std::move(found));
    return {};
  }

  Result<void> member(ByteView bytes, std::vector<Member>& members, int depth) {
    if (members.size() >= kDecodeLimits.members_max) return damaged("too many members");
    Member found;
    FileTime modified;
    bool has_time = false;
    codec::FieldReader in(bytes, "a member");
    while (in.next()) {
      switch (in.field()) {
        case number::kMemberPath: ATOLL_TRY(text(in.as_view(), found.path)); break;
        case number::kMemberSize: found.size = in.as_unsigned(); break;
        case number::kMemberSeconds: modified.seconds = in.as_signed(); break;
        case number::kMemberNanoseconds:
          modified.nanoseconds = static_cast<std::uint32_t>(std::min<std::uint64_t>(in.as_unsigned(), 999'999'999));
          break;
        case number::kMemberHasTime: has_time = in.as_unsigned() != 0; break;
        case number::kMemberIsFolder: found.is_folder = in.as_unsigned() != 0; break;
        case number::kMemberUnderstood: {
          if (!found.understood.empty()) return damaged("a member that was understood twice");
          ATOLL_ASSIGN(Extraction inner, extraction(in.as_view(), depth + 1));
          found.understood.push_back(std::move(inner));
          break;
        }
        default: break;
      }
    }
    ATOLL_TRY(in.status());
    if (has_time) found.modified = modified;
    members.push_back(std::move(found));
    return {};
  }

  std::size_t piece_count_ = 0;
};

}  // namespace

std::string_view value_of(const Extraction& extraction, std::string_view field_name) {
  const auto found = std::ranges::find(extraction.fields, field_name, &Field::name);
  return found == extraction.fields.end() ? std::string_view() : std::string_view(found->value);
}

Bytes encode(const Extraction& extraction) {
  Bytes bytes{kStoredVersion};
  encode_into(bytes, extraction);
  return bytes;
}

Result<Extraction> decode(ByteView bytes) {
  if (bytes.empty() || bytes.size() > kDecodeLimits.bytes_max) return damaged("its size is impossible");
  if (bytes[0] != kStoredVersion) {
    return fail(ErrorKind::unsupported, "extraction.unknown_version",
                "what was understood of a content was written by another version of the program",
                "It is made again from the content.");
  }
  return Decoder().extraction(bytes.subspan(1), 0);
}

}  // namespace atl::extract
