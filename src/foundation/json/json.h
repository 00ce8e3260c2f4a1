// JSON values: read from foreign text within limits, looked into with clear errors, written (RFC 8259).
//
// Always true:
//  - parse() takes RFC 8259 and nothing more: no comments, no trailing commas, no NaN, UTF-8 only; nesting and size are
//    limited before anything is built.
//  - Members keep their order. Of members of one name the last counts, or the text is refused, as Limits says (RFC 8259
//    section 4 leaves it open, so two readers of one text can differ).
//  - Integers from -2^63 to 2^64-1 come and go exactly.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "foundation/base/error.h"

namespace atl::json {

// What becomes of an object with two members of one name. Refused where a text asks for something to be done: what
// checked it on its way here may have seen the other one.
enum class Repeats : bool { last_counts, refused };

struct Limits {
  std::size_t bytes_max = 1024 * 1024;
  std::size_t depth_max = 32;
  Repeats repeats = Repeats::last_counts;
};

class Value;
using Array = std::vector<Value>;
using Member = std::pair<std::string, Value>;
using Members = std::vector<Member>;

class Value {
 public:
  Value() = default;  // null
  Value(std::nullptr_t) {}
  Value(bool value) : value_(value) {}
  Value(int value) : value_(static_cast<std::int64_t>(value)) {}
  Value(unsigned value) : value_(static_cast<std::uint64_t>(value)) {}
  Value(std::int64_t value) : value_(value) {}
  Value(std::uint64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(std::string_view value) : value_(std::string(value)) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(Array value) : value_(std::move(value)) {}
  Value(Members value) : value_(std::move(value)) {}
  Value(const std::map<std::string, std::string>& map) : value_(Members(map.begin(), map.end())) {}

  // `usage` "json.malformed" with the place, "json.repeated_member"; `limit` "json.too_large" / "json.too_deep".
  [[nodiscard]] static Result<Value> parse(std::string_view text, const Limits& limits = {});
  [[nodiscard]] static Value object() { return Members{}; }
  [[nodiscard]] static Value array() { return Array{}; }

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(value_); }
  [[nodiscard]] bool is_object() const { return std::holds_alternative<Members>(value_); }
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&value_); }
  [[nodiscard]] const std::string* as_text() const { return std::get_if<std::string>(&value_); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&value_); }
  [[nodiscard]] const Members* as_members() const { return std::get_if<Members>(&value_); }
  // None where it is no number, negative, or has a fraction.
  [[nodiscard]] const std::uint64_t* as_unsigned() const { return std::get_if<std::uint64_t>(&value_); }

  // Of an object: null where there is no such member, or where this is no object.
  [[nodiscard]] const Value* find(std::string_view name) const;
  // Builds: an object where this is null. Returns this.
  Value& set(std::string_view name, Value value);
  Value& push(Value value);

  // Of an object's members. Missing: the default. Of another type: `usage` "json.wrong_type", naming the member.
  [[nodiscard]] Result<std::string> text_of(std::string_view name, std::string_view or_else = {}) const;
  [[nodiscard]] Result<std::uint64_t> number_of(std::string_view name, std::uint64_t or_else = 0) const;
  [[nodiscard]] Result<bool> flag_of(std::string_view name, bool or_else = false) const;
  [[nodiscard]] Result<std::map<std::string, std::string>> texts_of(std::string_view name) const;  // {"a": "b"}
  [[nodiscard]] Result<std::vector<std::string>> list_of(std::string_view name) const;             // ["a", "b"]
  // `usage` "json.unknown_member" for the first member that is not named: a mistyped option is told, not ignored.
  [[nodiscard]] Result<void> only(std::initializer_list<std::string_view> names) const;

  // Compact. Bytes that are no UTF-8 become U+FFFD.
  [[nodiscard]] std::string text() const;
  void append_to(std::string& out) const;

 private:
  std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Array, Members> value_ = nullptr;
};

// With quotation marks.
void append_quoted(std::string& out, std::string_view text);

}  // namespace atl::json
