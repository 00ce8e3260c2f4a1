// The wire format is written out here: Protocol Buffers' own stream objects cost more than the few lines they would
// replace. The tests compare every kind of field with the real library in both directions.
#include "foundation/codec/fields.h"

#include <array>

namespace atl::codec {
namespace {

constexpr std::uint32_t kVarint = 0;
constexpr std::uint32_t kFixed64 = 1;
constexpr std::uint32_t kLengthDelimited = 2;
constexpr std::uint32_t kFixed32 = 5;
constexpr std::uint32_t kFieldMax = (1U << 29) - 1;
constexpr std::size_t kVarintBytesMax = 10;

inline std::size_t encode_varint(std::uint8_t* out, std::uint64_t value) {
  std::size_t length = 0;
  while (value >= 0x80) {
    out[length++] = static_cast<std::uint8_t>(value | 0x80);
    value >>= 7;
  }
  out[length++] = static_cast<std::uint8_t>(value);
  return length;
}

inline std::size_t encode_tag(std::uint8_t* out, std::uint32_t field, std::uint32_t wire_type) {
  ATOLL_INVARIANT(field >= 1 && field <= kFieldMax, "field numbers are 1 to 2^29 - 1");
  return encode_varint(out, (std::uint64_t{field} << 3) | wire_type);
}

// False past the end or beyond 64 bits.
inline bool decode_varint(const std::uint8_t*& at, const std::uint8_t* end, std::uint64_t& value) {
  if (at < end && *at < 0x80) [[likely]] {
    value = *at++;
    return true;
  }
  std::uint64_t result = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (at == end) return false;
    const std::uint64_t byte = *at++;
    if (shift == 63 && byte > 1) return false;
    result |= (byte & 0x7F) << shift;
    if (byte < 0x80) {
      value = result;
      return true;
    }
  }
  return false;
}

}  // namespace

void FieldWriter::put_unsigned(std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  std::array<std::uint8_t, 2 * kVarintBytesMax> text;
  std::size_t length = encode_tag(text.data(), field, kVarint);
  length += encode_varint(text.data() + length, value);
  out_->insert(out_->end(), text.data(), text.data() + length);
}

void FieldWriter::put_signed(std::uint32_t field, std::int64_t value) {
  // Zigzag: 0, -1, 1, -2 become 0, 1, 2, 3.
  put_unsigned(field, (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63));
}

void FieldWriter::put_fixed64(std::uint32_t field, std::uint64_t value) {
  if (value == 0) return;
  std::array<std::uint8_t, kVarintBytesMax + 8> text;
  std::size_t length = encode_tag(text.data(), field, kFixed64);
  store_le(text.data() + length, value);
  length += 8;
  out_->insert(out_->end(), text.data(), text.data() + length);
}

void FieldWriter::put_bytes(std::uint32_t field, ByteView value) {
  if (!value.empty()) put_bytes_always(field, value);
}

void FieldWriter::put_bytes_always(std::uint32_t field, ByteView value) {
  std::array<std::uint8_t, 2 * kVarintBytesMax> text;
  std::size_t length = encode_tag(text.data(), field, kLengthDelimited);
  length += encode_varint(text.data() + length, value.size());
  out_->insert(out_->end(), text.data(), text.data() + length);
  out_->insert(out_->end(), value.begin(), value.end());
}

bool FieldReader::next() {
  if (damaged_ || rest_.empty()) return false;
  const std::uint8_t* const begin = rest_.data();
  const std::uint8_t* const end = begin + rest_.size();
  const std::uint8_t* at = begin;
  damaged_ = true;  // until the field is whole
  std::uint64_t tag = 0;
  if (!decode_varint(at, end, tag) || tag > UINT32_MAX || tag >> 3 == 0) return false;
  field_ = static_cast<std::uint32_t>(tag >> 3);
  wire_type_ = static_cast<std::uint32_t>(tag & 7);
  number_ = 0;
  view_ = {};
  const auto left = [&] { return static_cast<std::size_t>(end - at); };
  switch (wire_type_) {
    case kVarint:
      if (!decode_varint(at, end, number_)) return false;
      break;
    case kFixed64:
      if (left() < 8) return false;
      number_ = load_le<std::uint64_t>(at);
      at += 8;
      break;
    case kLengthDelimited: {
      std::uint64_t length = 0;
      if (!decode_varint(at, end, length) || length > left()) return false;
      view_ = {at, static_cast<std::size_t>(length)};
      at += length;
      break;
    }
    case kFixed32:
      if (left() < 4) return false;
      number_ = load_le<std::uint32_t>(at);
      at += 4;
      break;
    default: return false;  // groups are not used, 6 and 7 are not defined
  }
  whole_ = {begin, static_cast<std::size_t>(at - begin)};
  rest_ = rest_.subspan(whole_.size());
  damaged_ = false;
  return true;
}

std::uint64_t FieldReader::as_unsigned() {
  if (wire_type_ == kVarint) return number_;
  damaged_ = true;
  return 0;
}

std::int64_t FieldReader::as_signed() {
  const std::uint64_t zigzag = as_unsigned();
  return static_cast<std::int64_t>((zigzag >> 1) ^ (~(zigzag & 1) + 1));
}

std::uint64_t FieldReader::as_fixed64() {
  if (wire_type_ == kFixed64) return number_;
  damaged_ = true;
  return 0;
}

ByteView FieldReader::as_view() {
  if (wire_type_ == kLengthDelimited) return view_;
  damaged_ = true;
  return {};
}

Result<void> FieldReader::status() const {
  if (!damaged_) return {};
  return fail(ErrorKind::damaged, "fields.damaged", std::string(what_) + " is damaged: its fields cannot be read");
}

}  // namespace atl::codec
