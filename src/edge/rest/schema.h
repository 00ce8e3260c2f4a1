// JSON schemas: how they are written down here, and whether a value is as one says.
//
// Always true: what is written is the part of JSON Schema that OpenAPI 3.0.3 takes (type, properties, required,
// additionalProperties, items, enum, minimum, maximum, minLength, maxLength, nullable, format, description, $ref);
// check() knows these and no others. Objects take no members that are not named, but those of map_of_texts() and
// any_object(). Source: OpenAPI 3.0.3, "Schema Object".
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "foundation/json/json.h"

namespace atl::rest::schema {

struct Member {
  std::string_view name;
  json::Value schema;
  bool is_required = true;
};
[[nodiscard]] inline Member required(std::string_view name, json::Value schema) { return {name, std::move(schema)}; }
[[nodiscard]] inline Member optional(std::string_view name, json::Value schema) {
  return {name, std::move(schema), false};
}

[[nodiscard]] json::Value text(std::string_view words, std::uint64_t length_max = 65'536);
[[nodiscard]] json::Value choice(std::string_view words, std::initializer_list<std::string_view> choices);
[[nodiscard]] json::Value time(std::string_view words);  // RFC 3339
[[nodiscard]] json::Value number(std::string_view words, std::uint64_t minimum = 0, std::uint64_t maximum = UINT64_MAX);
[[nodiscard]] json::Value ratio(std::string_view words);  // any number
[[nodiscard]] json::Value flag(std::string_view words);
[[nodiscard]] json::Value list(json::Value of, std::string_view words = {});
[[nodiscard]] json::Value map_of_texts(std::string_view words);
[[nodiscard]] json::Value map_of_texts_or_null(std::string_view words);
[[nodiscard]] json::Value any_object(std::string_view words);
[[nodiscard]] json::Value object(std::string_view words, std::initializer_list<Member> members);
[[nodiscard]] json::Value object(std::string_view words, const std::vector<Member>& members);
[[nodiscard]] json::Value reference(std::string_view name);

// `usage` "json.wrong_type", "json.missing_member", "json.unknown_member", "json.out_of_range", naming the place in the
// value ("filter.must[2].field"). A reference to a schema that does not exist is a bug of ours: `failed`.
[[nodiscard]] Result<void> check(const json::Value& schema, const json::Value& value);

}  // namespace atl::rest::schema
