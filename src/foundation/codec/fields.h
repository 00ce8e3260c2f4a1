// Numbered fields in the Protocol Buffers wire format (https://protobuf.dev/programming-guides/encoding/), for every
// stored struct whose shape may grow. The declarations stand in spec/formats/*.proto; a test decodes what these
// functions wrote with protoc.
//
// Always true:
//  - Fields with the default value (0, empty) are not written, except where the writer is asked to (repeated ones).
//  - A reader skips fields it does not know; whoever rewrites a row keeps them through `unknown()`.
//  - Lengths are checked against the buffer before use.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "foundation/base/bytes.h"

namespace atl::codec {

class FieldWriter {
 public:
  explicit FieldWriter(Bytes& out) : out_(&out) {}
  void put_unsigned(std::uint32_t field, std::uint64_t value);  // uint32/uint64/bool/enum
  void put_signed(std::uint32_t field, std::int64_t value);     // sint64 (zigzag)
  void put_fixed64(std::uint32_t field, std::uint64_t value);
  void put_bytes(std::uint32_t field, ByteView value);
  void put_text(std::uint32_t field, std::string_view value) { put_bytes(field, as_bytes(value)); }
  // Written even where empty: for repeated fields and for present-but-empty ones.
  void put_bytes_always(std::uint32_t field, ByteView value);
  void put_raw(ByteView encoded_fields) { out_->insert(out_->end(), encoded_fields.begin(), encoded_fields.end()); }

 private:
  Bytes* out_;
};

// Walks the fields in order: while (reader.next()) switch (reader.field()) { ... }; then check reader.status().
class FieldReader {
 public:
  FieldReader(ByteView encoded, std::string_view what) : rest_(encoded), what_(what) {}
  // False at the end or on damage.
  [[nodiscard]] bool next();
  [[nodiscard]] std::uint32_t field() const { return field_; }
  // The value of the current field, read as the asked type. A field of another wire type makes status() fail and
  // gives 0 / empty.
  [[nodiscard]] std::uint64_t as_unsigned();
  [[nodiscard]] std::int64_t as_signed();
  [[nodiscard]] std::uint64_t as_fixed64();
  [[nodiscard]] ByteView as_view();  // into the encoded buffer
  [[nodiscard]] std::string as_string() { return to_string(as_view()); }
  // Appends the current field, tag and all, to `unknown`.
  void keep(Bytes& unknown) const { unknown.insert(unknown.end(), whole_.begin(), whole_.end()); }
  [[nodiscard]] Result<void> status() const;

 private:
  ByteView rest_;
  std::string_view what_;
  ByteView whole_;
  std::uint32_t field_ = 0;
  std::uint32_t wire_type_ = 0;
  std::uint64_t number_ = 0;
  ByteView view_;
  bool damaged_ = false;
};

}  // namespace atl::codec
