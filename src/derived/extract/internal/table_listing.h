// What tables and arrays have in common, whatever they are stored in: columns with their types, arrays with their
// shapes, and what is said about them, as fields and as lines of text. Always true: bounded; what does not fit is said
// to be truncated.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "derived/extract/internal/findings.h"

namespace atl::extract {

class TableListing {
 public:
  explicit TableListing(Findings& out) : out_(&out) {}

  // `name` is "table.column" where tables have names.
  void column(std::string_view name, std::string_view type);
  // `type` is that of one element: "float32". No sides: a single value.
  void array(std::string_view name, std::string_view type, std::span<const std::uint64_t> sides);
  // Something that was said about the whole (`owner` is empty) or about one array. What Dublin Core, CF and ACDD
  // (https://cfconventions.org, https://wiki.esipfed.org/Attribute_Convention_for_Data_Discovery) have names for
  // becomes a field, where it is said about the whole.
  void attribute(std::string_view format, std::string_view owner, std::string_view name, std::string_view value);
  // Puts the lines into the findings' text.
  void finish();

 private:
  void line(std::string_view indent, std::string_view what, std::string_view between, std::string_view said);
  Findings* out_;
  std::string text_;
  std::size_t line_count_ = 0;
};

}  // namespace atl::extract
