// Rows as numbered fields: one description of a row serves writing and reading.
// Always true: what stands in the key of a row is not among its fields; defaults are left out.
#pragma once

#include <algorithm>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "foundation/base/ids.h"
#include "foundation/base/time.h"
#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"

namespace atl::catalog {

using codec::FieldReader;
using codec::FieldWriter;

template <class Tag>
[[nodiscard]] ByteView bytes_of(const Uuid<Tag>& id) {
  return id.bytes;
}
template <class Tag>
[[nodiscard]] ByteSpan bytes_of(Uuid<Tag>& id) {
  return id.bytes;
}
[[nodiscard]] inline ByteView bytes_of(const codec::Digest& digest) { return digest; }
[[nodiscard]] inline ByteSpan bytes_of(codec::Digest& digest) { return digest; }

// One description of each row's fields serves writing and reading, so that the two cannot differ.
class Writing {
 public:
  explicit Writing(Bytes& out) : writer_(out) {}
  template <class Number>
  void number(std::uint32_t field, const Number& value) {
    writer_.put_unsigned(field, static_cast<std::uint64_t>(value));
  }
  template <class Enum>
  void enumeration(std::uint32_t field, const Enum& value) {
    writer_.put_unsigned(field, static_cast<std::uint64_t>(value));
  }
  void lsn(std::uint32_t field, const Lsn& value) { writer_.put_unsigned(field, value.value); }
  void time(std::uint32_t field, const Timestamp& value) { writer_.put_signed(field, value.unix_us); }
  void text(std::uint32_t field, const std::string& value) { writer_.put_text(field, value); }
  void bucket(std::uint32_t field, const BucketId& value) {
    if (!value.is_none()) writer_.put_bytes(field, value.view());
  }
  // 16 bytes of an id, or 32 of a digest; all zero: left out.
  template <class Id>
  void id(std::uint32_t field, const Id& value) {
    if (value != Id{}) writer_.put_bytes(field, ByteView(bytes_of(value)));
  }
  void raw(std::uint32_t field, const Bytes& value) { writer_.put_bytes(field, value); }
  template <class Message, class Describe>
  void messages(std::uint32_t field, const std::vector<Message>& values, const Describe& describe) {
    for (const Message& value : values) {
      Bytes inner;
      Writing fields(inner);
      describe(fields, value);
      writer_.put_bytes_always(field, inner);
    }
  }
  void texts(std::uint32_t field, const std::vector<std::string>& values) {
    for (const std::string& value : values) writer_.put_bytes_always(field, as_bytes(value));
  }
  void rest(const Bytes& unknown) { writer_.put_raw(unknown); }

 private:
  FieldWriter writer_;
};

// Offered every field of the description for each field found; the one with its number takes it.
class Reading {
 public:
  explicit Reading(FieldReader& reader) : reader_(&reader) {}
  template <class Number>
  void number(std::uint32_t field, Number& value) {
    if (!takes(field)) return;
    const std::uint64_t read = reader_->as_unsigned();
    if (read > static_cast<std::uint64_t>(std::numeric_limits<Number>::max())) is_bad_ = true;
    value = static_cast<Number>(read);
  }
  template <class Enum>
  void enumeration(std::uint32_t field, Enum& value) {
    std::underlying_type_t<Enum> read = 0;
    if (reader_->field() != field) return;
    number(field, read);
    value = static_cast<Enum>(read);
  }
  void lsn(std::uint32_t field, Lsn& value) {
    if (takes(field)) value.value = reader_->as_unsigned();
  }
  void time(std::uint32_t field, Timestamp& value) {
    if (takes(field)) value.unix_us = reader_->as_signed();
  }
  void text(std::uint32_t field, std::string& value) {
    if (takes(field)) value = reader_->as_string();
  }
  void bucket(std::uint32_t field, BucketId& value) {
    if (!takes(field)) return;
    const auto id = BucketId::from_view(reader_->as_view());
    if (id) {
      value = *id;
    } else {
      is_bad_ = true;
    }
  }
  template <class Id>
  void id(std::uint32_t field, Id& value) {
    if (!takes(field)) return;
    const ByteView view = reader_->as_view();
    const ByteSpan to = bytes_of(value);
    if (view.size() == to.size()) {
      std::ranges::copy(view, to.begin());
    } else {
      is_bad_ = true;
    }
  }
  void raw(std::uint32_t field, Bytes& value) {
    if (takes(field)) value = to_bytes(reader_->as_view());
  }
  // Closed: a field that is unknown inside of one says that a newer program is needed.
  template <class Message, class Describe>
  void messages(std::uint32_t field, std::vector<Message>& values, const Describe& describe) {
    if (!takes(field)) return;
    FieldReader inner(reader_->as_view(), "a part of a row");
    Message& value = values.emplace_back();
    while (inner.next()) {
      Reading fields(inner);
      describe(fields, value);
      if (fields.is_bad() || !fields.is_taken_) is_bad_ = true;
    }
    if (!inner.status()) is_bad_ = true;
  }
  void texts(std::uint32_t field, std::vector<std::string>& values) {
    if (takes(field)) values.push_back(reader_->as_string());
  }
  void rest(Bytes& unknown) {
    if (!is_taken_) reader_->keep(unknown);
  }
  [[nodiscard]] bool is_bad() const { return is_bad_; }

 private:
  bool takes(std::uint32_t field) {
    if (reader_->field() != field) return false;
    is_taken_ = true;
    return true;
  }
  FieldReader* reader_;
  bool is_taken_ = false;
  bool is_bad_ = false;
};

template <class Describe>
Result<void> read_fields(ByteView row, std::string_view what, const Describe& describe) {
  FieldReader reader(row, what);
  while (reader.next()) {
    Reading fields(reader);
    describe(fields);
    if (fields.is_bad()) {
      return fail(ErrorKind::damaged, "row.bad_field", std::string(what) + " holds a value that cannot be",
                  "Run `atoll verify` to see what is affected.");
    }
  }
  return reader.status();
}

}  // namespace atl::catalog
