#include "derived/extract/internal/member_wire.h"

#include <algorithm>

#include "derived/extract/formats.h"

namespace atl::extract {
namespace {

constexpr std::size_t kNameBytesMax = 8192;
constexpr std::uint64_t kSizeMax = 1ULL << 60U;
constexpr std::size_t kMediaTypeBytesMax = 127;

void put_text(ByteWriter& out, std::string_view text) {
  out.put(static_cast<std::uint32_t>(text.size()));
  out.put_bytes(as_bytes(text));
}

Result<std::string> get_text(ByteReader& in) {
  ATOLL_ASSIGN(const auto length, in.get<std::uint32_t>());
  ATOLL_ASSIGN(const ByteView bytes, in.get_bytes(length));
  return to_string(bytes);
}

// It is put into a header field: type and subtype of RFC 6838 section 4.2, nothing else.
bool is_media_type(std::string_view text) {
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("!#$&-^_.+/").find(c) != std::string_view::npos;
  };
  return text.size() <= kMediaTypeBytesMax && std::ranges::count(text, '/') == 1 && std::ranges::all_of(text, is_plain);
}

bool is_plain_name(std::string_view name) {
  return name.size() <= kNameBytesMax && std::ranges::none_of(name, [](char c) {
           return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '/';
         });
}

}  // namespace

Bytes encode(const MemberWork& work) {
  Bytes bytes;
  ByteWriter out(bytes);
  put_text(out, work.name);
  out.put(work.size);
  put_text(out, work.path);
  out.put(work.whole_bytes_max);
  out.put(work.depth_max);
  out.put(work.ratio_max);
  return bytes;
}

Result<MemberWork> decode_member_work(ByteView bytes) {
  MemberWork work;
  ByteReader in(bytes, "a wish for a member");
  ATOLL_ASSIGN(work.name, get_text(in));
  ATOLL_ASSIGN(work.size, in.get<std::uint64_t>());
  ATOLL_ASSIGN(work.path, get_text(in));
  ATOLL_ASSIGN(work.whole_bytes_max, in.get<std::uint64_t>());
  ATOLL_ASSIGN(work.depth_max, in.get<std::uint32_t>());
  ATOLL_ASSIGN(work.ratio_max, in.get<std::uint32_t>());
  return work;
}

Bytes encode(const MemberFacts& facts) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.put(static_cast<std::uint8_t>((facts.size ? 1 : 0) | (facts.modified ? 2 : 0)));
  out.put(facts.size.value_or(0));
  out.put(static_cast<std::uint64_t>(facts.modified.value_or(FileTime{}).seconds));
  out.put(facts.modified.value_or(FileTime{}).nanoseconds);
  put_text(out, facts.name);
  put_text(out, facts.format);
  put_text(out, facts.media_type);
  return bytes;
}

Result<MemberFacts> decode_member_facts(ByteView bytes) {
  MemberFacts facts;
  ByteReader in(bytes, "a member");
  ATOLL_ASSIGN(const auto flags, in.get<std::uint8_t>());
  ATOLL_ASSIGN(const auto size, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto seconds, in.get<std::uint64_t>());
  ATOLL_ASSIGN(const auto nanoseconds, in.get<std::uint32_t>());
  ATOLL_ASSIGN(facts.name, get_text(in));
  ATOLL_ASSIGN(facts.format, get_text(in));
  ATOLL_ASSIGN(facts.media_type, get_text(in));
  if ((flags & 1U) != 0) facts.size = size;
  if ((flags & 2U) != 0) facts.modified = FileTime{static_cast<std::int64_t>(seconds), nanoseconds};
  if (!is_plain_name(facts.name) || nanoseconds > 999'999'999 || size > kSizeMax ||
      format_by_id(facts.format).id != facts.format || !is_media_type(facts.media_type)) {
    return fail(ErrorKind::damaged, "member.bad_facts", "what the reader says about a member is impossible");
  }
  return facts;
}

}  // namespace atl::extract
