#include "derived/text/schema.h"

#include <algorithm>
#include <cctype>

namespace atl::text {

int field_number(const Schema& schema, std::string_view name) {
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (schema[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

Result<void> check_schema(const Schema& schema) {
  const auto bad = [](std::string what) { return fail(ErrorKind::usage, "text.schema", std::move(what)); };
  if (schema.empty() || schema.size() > kFieldsMax) return bad("a word index has 1 to 64 fields");
  for (std::size_t i = 0; i < schema.size(); ++i) {
    const Field& field = schema[i];
    const auto is_plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '.' || c == '-';
    };
    if (field.name.empty() || field.name.size() > 64 || !std::ranges::all_of(field.name, is_plain)) {
      return bad("a field of a word index is named by up to 64 letters, digits, '_', '.' and '-', not \"" + field.name +
                 "\"");
    }
    if (field_number(schema, field.name) != static_cast<int>(i)) return bad("two fields are named " + field.name);
    if (!(field.boost > 0 && field.boost <= 16)) {
      return bad("the boost of field " + field.name + " has to be above 0 and at most 16");
    }
  }
  return {};
}

}  // namespace atl::text
