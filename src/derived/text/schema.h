// What a word index is told about the documents it will hold: their fields.
// Always true: a field is named by its place in the schema, which is fixed for the life of an index; to change it,
// build a new index. Boosts belong to the schema of the moment and may change at any opening.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/base/error.h"

namespace atl::text {

enum class FieldKind : std::uint8_t {  // stored: never renumber
  text = 0,                            // words: folded, stemmed, with positions; found by default
  keyword = 1,    // one value as it is, case and accents folded: found by field:value, does not rank
  substring = 2,  // names and code: any part of three or more characters is found
  number = 3      // a whole number, or a time in microseconds since 1970: ranges
};

struct Field {
  std::string name;
  FieldKind kind = FieldKind::text;
  float boost = 1;       // text only: multiplies the score, 0 < boost <= 16
  bool is_time = false;  // number only: the query line reads dates
  friend bool operator==(const Field&, const Field&) = default;
};

inline constexpr std::size_t kFieldsMax = 64;
using Schema = std::vector<Field>;

// 1 to 64 fields, each with a name of its own of ASCII letters, digits and '_', '.', '-'. Those whose names begin with
// '.' are the owner's: the query line does not know them. Error: `usage`.
[[nodiscard]] Result<void> check_schema(const Schema& schema);
[[nodiscard]] int field_number(const Schema& schema, std::string_view name);  // -1: none

}  // namespace atl::text
