// Where readers put what they find: text made plain, everything within limits.
// Always true: whatever is put in, the Extraction stays within decode()'s limits and is plain text.
#pragma once

#include <cstdint>
#include <string_view>

#include "derived/extract/extraction.h"
#include "derived/extract/formats.h"
#include "derived/extract/vocabulary.h"

namespace atl::extract {

// What is left to one content, shared with everything that is inside of it.
struct Budget {
  std::uint64_t text_bytes = 0;
  std::uint64_t piece_count = 100'000;
  std::uint64_t member_count = 0;
  std::uint64_t member_name_bytes = 4U << 20U;
  std::uint64_t unpacked_bytes = 0;
  std::uint64_t field_bytes = 4U << 20U;
};

// How Findings::member() lists a member of this path.
[[nodiscard]] std::string listed_path(std::string_view path);

class Findings {
 public:
  Findings(Extraction& extraction, Budget& budget) : extraction_(&extraction), budget_(&budget) {}

  void set_format(const Format& format);
  // Empty values, and the same value again, are dropped.
  void field(std::string_view name, std::string_view value);
  void number(std::string_view name, std::uint64_t value);
  void raw(std::string_view name, std::string_view value);
  // False where there is no more room: the reader may stop.
  bool text(Place place, std::string_view utf8);
  bool text(std::string_view utf8) { return text(Place{}, utf8); }
  void truncated() { extraction_->is_truncated = true; }
  void trouble(std::string_view sentence);
  // Null where no more may be listed.
  Member* member(std::string_view path);

  [[nodiscard]] Budget& budget() { return *budget_; }
  [[nodiscard]] Extraction& extraction() { return *extraction_; }
  [[nodiscard]] bool has_field(std::string_view name) const { return !value_of(*extraction_, name).empty(); }

 private:
  bool pay_field(std::string_view name, std::size_t bytes);
  Extraction* extraction_;
  Budget* budget_;
};

// Shortest decimal form; no exponent, at most six digits behind the point.
[[nodiscard]] std::string decimal(double value);

}  // namespace atl::extract
