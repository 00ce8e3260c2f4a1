// Values that compare by more than their bytes: numbers and times.
#pragma once

#include <optional>
#include <string_view>

#include "foundation/base/time.h"

namespace atl::filter::internal {

// A decimal number as text holds it: "-3", "20.50", "1e6". Views into that text.
struct Number {
  bool is_integer = false;
  bool is_negative = false;
  std::string_view digits;  // of an integer, without leading zeros; empty for zero
  double value = 0;
};
[[nodiscard]] std::optional<Number> parse_number(std::string_view text);
// Below, equal to or above zero, as a - b. Integers of any length compare exactly, others as doubles.
[[nodiscard]] int compare(const Number& a, const Number& b);

// What a time that may be cut off means: [begin, end). A moment is a nanosecond long.
struct Span {
  FileTime begin;
  FileTime end;
};
[[nodiscard]] std::optional<Span> parse_time(std::string_view text);  // 2024, 2024-05, ... 2024-05-01T09:30:15.25+02:00
[[nodiscard]] std::optional<Span> parse_relative_time(std::string_view text, Timestamp now);  // -30d
// "90d": seconds; nothing but digits and a unit.
[[nodiscard]] std::optional<std::uint64_t> parse_span_s(std::string_view text);
[[nodiscard]] FileTime to_file_time(Timestamp time);

// Exact for whole numbers of bytes; stricter than atl::parse_size about what a number is.
[[nodiscard]] std::optional<std::uint64_t> parse_byte_count(std::string_view text);

}  // namespace atl::filter::internal
