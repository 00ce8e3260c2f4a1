#include "edge/rest/schema.h"

#include <algorithm>
#include <charconv>

#include "edge/rest/operation.h"

namespace atl::rest::schema {
namespace {

constexpr std::string_view kReferencePrefix = "#/components/schemas/";

json::Value typed(std::string_view type, std::string_view words) {
  json::Value out = json::Value::object();
  out.set("type", type);
  if (!words.empty()) out.set("description", words);
  return out;
}

const std::string* text_at(const json::Value& schema, std::string_view name) {
  const json::Value* const found = schema.find(name);
  return found == nullptr ? nullptr : found->as_text();
}

std::uint64_t number_at(const json::Value& schema, std::string_view name, std::uint64_t otherwise) {
  const json::Value* const found = schema.find(name);
  return found == nullptr || found->as_unsigned() == nullptr ? otherwise : *found->as_unsigned();
}

std::string named(std::string_view place) { return place.empty() ? "the body" : "\"" + std::string(place) + "\""; }

tl::unexpected<Error> wrong_type(std::string_view place, std::string_view expected) {
  return fail(ErrorKind::usage, "json.wrong_type", named(place) + " has to be " + std::string(expected));
}

tl::unexpected<Error> out_of_range(std::string_view place, const std::string& words) {
  return fail(ErrorKind::usage, "json.out_of_range", named(place) + " " + words);
}

bool is_number(const json::Value& value) {
  return !value.is_null() && value.as_bool() == nullptr && value.as_text() == nullptr && value.as_array() == nullptr &&
         value.as_members() == nullptr;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

Result<void> check_at(const json::Value& schema, const json::Value& value, const std::string& place);

Result<void> check_text(const json::Value& schema, const json::Value& value, const std::string& place) {
  const std::string* const text = value.as_text();
  if (text == nullptr) return wrong_type(place, "a text");
  if (const json::Value* const choices = schema.find("enum"); choices != nullptr && choices->as_array() != nullptr) {
    std::string known;
    for (const json::Value& one : *choices->as_array()) {
      if (*one.as_text() == *text) return {};
      known += (known.empty() ? "" : ", ") + *one.as_text();
    }
    return out_of_range(place, "has to be one of: " + known);
  }
  const std::uint64_t most = number_at(schema, "maxLength", UINT64_MAX);
  if (characters(*text) > most) return out_of_range(place, "is longer than " + std::to_string(most) + " characters");
  if (characters(*text) < number_at(schema, "minLength", 0)) return out_of_range(place, "must not be empty");
  return {};
}

Result<void> check_number(const json::Value& schema, const json::Value& value, const std::string& place) {
  const std::uint64_t* const number = value.as_unsigned();
  const std::uint64_t least = number_at(schema, "minimum", 0);
  const std::uint64_t most = number_at(schema, "maximum", UINT64_MAX);
  if (number == nullptr) return wrong_type(place, "a whole number that is not negative");
  if (*number < least || *number > most)
    return out_of_range(place, "has to be from " + std::to_string(least) + " to " + std::to_string(most));
  return {};
}

Result<void> check_object(const json::Value& schema, const json::Value& value, const std::string& place) {
  const json::Members* const members = value.as_members();
  if (members == nullptr) return wrong_type(place, "an object");
  const json::Value* const properties = schema.find("properties");
  const json::Value* const others = schema.find("additionalProperties");
  for (const auto& [name, member] : *members) {
    const std::string below = place.empty() ? name : place + "." + name;
    const json::Value* const own = properties == nullptr ? nullptr : properties->find(name);
    if (own != nullptr) {
      ATOLL_TRY(check_at(*own, member, below));
    } else if (others != nullptr && others->is_object()) {
      ATOLL_TRY(check_at(*others, member, below));
    } else if (others == nullptr || others->as_bool() == nullptr || !*others->as_bool()) {
      std::string known;
      if (properties != nullptr && properties->as_members() != nullptr)
        for (const auto& one : *properties->as_members()) known += (known.empty() ? "" : ", ") + one.first;
      return fail(ErrorKind::usage, "json.unknown_member", "nothing here is named \"" + below + "\"",
                  known.empty() ? "" : "Possible are: " + known + ".");
    }
  }
  if (const json::Value* const wanted = schema.find("required"); wanted != nullptr && wanted->as_array() != nullptr) {
    for (const json::Value& name : *wanted->as_array()) {
      if (value.find(*name.as_text()) != nullptr) continue;
      return fail(ErrorKind::usage, "json.missing_member",
                  "\"" + (place.empty() ? "" : place + ".") + *name.as_text() + "\" is missing");
    }
  }
  return {};
}

Result<void> check_at(const json::Value& schema, const json::Value& value, const std::string& place) {
  if (const std::string* const target = text_at(schema, "$ref"); target != nullptr) {
    const json::Value* const found = schema_named(std::string_view(*target).substr(kReferencePrefix.size()));
    if (found == nullptr) return fail(ErrorKind::failed, "rest.no_schema", "there is no schema " + *target);
    return check_at(*found, value, place);
  }
  const std::string* const type = text_at(schema, "type");
  if (type == nullptr) return {};
  if (value.is_null() && schema.find("nullable") != nullptr) return {};
  if (*type == "string") return check_text(schema, value, place);
  if (*type == "integer") return check_number(schema, value, place);
  if (*type == "number") {
    if (!is_number(value)) return wrong_type(place, "a number");
    return {};
  }
  if (*type == "boolean") {
    if (value.as_bool() == nullptr) return wrong_type(place, "true or false");
    return {};
  }
  if (*type == "array") {
    if (value.as_array() == nullptr) return wrong_type(place, "a list");
    const json::Value* const items = schema.find("items");
    for (std::size_t i = 0; items != nullptr && i < value.as_array()->size(); ++i) {
      ATOLL_TRY(check_at(*items, (*value.as_array())[i], place + "[" + std::to_string(i) + "]"));
    }
    return {};
  }
  return check_object(schema, value, place);
}

}  // namespace

json::Value text(std::string_view words, std::uint64_t length_max) {
  return typed("string", words).set("maxLength", length_max);
}

json::Value choice(std::string_view words, std::initializer_list<std::string_view> choices) {
  json::Value list = json::Value::array();
  for (const std::string_view one : choices) list.push(one);
  return typed("string", words).set("enum", std::move(list));
}

json::Value time(std::string_view words) { return typed("string", words).set("format", "date-time"); }

json::Value number(std::string_view words, std::uint64_t minimum, std::uint64_t maximum) {
  json::Value out = typed("integer", words);
  out.set("format", "int64").set("minimum", minimum);
  if (maximum != UINT64_MAX) out.set("maximum", maximum);
  return out;
}

json::Value ratio(std::string_view words) { return typed("number", words); }
json::Value flag(std::string_view words) { return typed("boolean", words); }

json::Value list(json::Value of, std::string_view words) { return typed("array", words).set("items", std::move(of)); }

json::Value map_of_texts(std::string_view words) {
  return typed("object", words).set("additionalProperties", typed("string", ""));
}

json::Value map_of_texts_or_null(std::string_view words) {
  return typed("object", words).set("additionalProperties", typed("string", "").set("nullable", true));
}

json::Value any_object(std::string_view words) { return typed("object", words).set("additionalProperties", true); }

json::Value object(std::string_view words, const std::vector<Member>& members) {
  json::Value out = typed("object", words);
  json::Value properties = json::Value::object();
  json::Value wanted = json::Value::array();
  for (const Member& member : members) {
    properties.set(member.name, member.schema);
    if (member.is_required) wanted.push(member.name);
  }
  out.set("properties", std::move(properties));
  if (!wanted.as_array()->empty()) out.set("required", std::move(wanted));
  return out.set("additionalProperties", false);
}

json::Value object(std::string_view words, std::initializer_list<Member> members) {
  return object(words, std::vector<Member>(members));
}

json::Value reference(std::string_view name) {
  return json::Value::object().set("$ref", std::string(kReferencePrefix) + std::string(name));
}

Result<void> check(const json::Value& schema, const json::Value& value) { return check_at(schema, value, ""); }

}  // namespace atl::rest::schema
