#include "edge/rest/filter_body.h"

#include <algorithm>
#include <array>

#include "catalog/filter/filter.h"

namespace atl::rest {
namespace {

tl::unexpected<Error> bad(const std::string& place, const std::string& words) {
  return fail(ErrorKind::usage, "filter.bad_json", (place.empty() ? std::string("the filter") : place) + " " + words);
}

// Taken as it is, whatever is in it.
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

// A value whose stars, ranges and alternatives keep their meaning, though it may hold blanks and brackets.
std::string pattern(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '(' || c == ')' || c == '"') out += '\\';
    out += c;
  }
  return out;
}

bool is_bare_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_-./@").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
  });
}

Result<std::string> field_text(const std::string& field, const std::string& place) {
  for (const std::string_view known : {"name", "key", "type", "size", "modified", "stored", "content_type"}) {
    if (field == known) return field;
  }
  for (const std::string_view family : {"meta.", "tag."}) {
    if (!field.starts_with(family) || field.size() == family.size()) continue;
    const std::string name = field.substr(family.size());
    return std::string(family) + (is_bare_name(name) ? name : quoted(name));
  }
  return bad(place + ".field", "is none of name, key, type, size, modified, stored, content_type, meta.…, tag.…");
}

// A JSON number or text as it stands behind the operator.
Result<std::string> value_text(const json::Value& value, const std::string& field, std::string_view op,
                               const std::string& place) {
  if (const std::string* const text = value.as_text(); text != nullptr) {
    if (text->empty()) return quoted("");
    if (op == ":") return pattern(*text);
    const bool is_words = field.starts_with("meta.") || field.starts_with("tag.");
    const bool is_text_field = field == "name" || field == "key" || field == "content_type";
    return is_words || is_text_field ? quoted(*text) : pattern(*text);
  }
  if (value.is_null() || value.as_bool() != nullptr || value.as_array() != nullptr || value.as_members() != nullptr)
    return bad(place, "has to be a text or a number");
  return value.text();
}

Result<std::string> text_of(const json::Value& filter, const std::string& place, std::size_t depth);

Result<std::string> term_text(const json::Value& term, const std::string& place) {
  for (const auto& [name, value] : *term.as_members()) {
    if (name != "field" && name != "op" && name != "value" && name != "from" && name != "to")
      return bad(place + "." + name, "is not known; a term has field, op, and value or from and to");
  }
  ATOLL_ASSIGN(const std::string field, term.text_of("field"));
  ATOLL_ASSIGN(const std::string name, field_text(field, place));
  ATOLL_ASSIGN(const std::string op, term.text_of("op", ":"));
  constexpr std::array<std::string_view, 7> kOperators = {":", "=", "!=", "<", "<=", ">", ">="};
  if (std::ranges::find(kOperators, op) == kOperators.end()) return bad(place + ".op", "is none of : = != < <= > >=");
  const json::Value* const value = term.find("value");
  const json::Value* const from = term.find("from");
  const json::Value* const to = term.find("to");
  if (value != nullptr) {
    if (from != nullptr || to != nullptr) return bad(place, "has a value, or from and to, not both");
    ATOLL_ASSIGN(const std::string text, value_text(*value, field, op, place + ".value"));
    return name + op + text;
  }
  if (from == nullptr && to == nullptr) return bad(place, "lacks its value");
  if (op != ":") return bad(place + ".op", "has to be : where there are from and to");
  std::string text = name + ":";
  if (from != nullptr) {
    ATOLL_ASSIGN(const std::string first, value_text(*from, field, op, place + ".from"));
    text += first;
  }
  text += "..";
  if (to != nullptr) {
    ATOLL_ASSIGN(const std::string last, value_text(*to, field, op, place + ".to"));
    text += last;
  }
  return text;
}

Result<std::string> list_text(const json::Value& list, const std::string& place, std::string_view between,
                              std::size_t depth) {
  if (list.as_array() == nullptr) return bad(place, "has to be a list");
  std::string out;
  for (std::size_t i = 0; i < list.as_array()->size(); ++i) {
    ATOLL_ASSIGN(const std::string one,
                 text_of((*list.as_array())[i], place + "[" + std::to_string(i) + "]", depth + 1));
    // What is empty is true for everything.
    if (one.empty() && between == " or ") return std::string();
    if (one.empty()) continue;
    out += (out.empty() ? "" : std::string(between)) + "(" + one + ")";
  }
  return out;
}

Result<std::string> text_of(const json::Value& filter, const std::string& place, std::size_t depth) {
  if (depth > filter::kDepthMax)
    return fail(ErrorKind::limit, "filter.too_deep", "the filter is nested deeper than 64 levels");
  if (const std::string* const text = filter.as_text(); text != nullptr) return *text;
  if (!filter.is_object()) return bad(place, "has to be an object or a text");
  if (filter.find("field") != nullptr) return term_text(filter, place);
  std::string out;
  const auto add = [&](const std::string& piece) {
    if (!piece.empty()) out += (out.empty() ? "" : " and ") + piece;
  };
  for (const auto& [name, list] : *filter.as_members()) {
    const std::string below = place.empty() ? name : place + "." + name;
    if (name == "must") {
      ATOLL_ASSIGN(const std::string all, list_text(list, below, " and ", depth));
      add(all);
    } else if (name == "should") {
      ATOLL_ASSIGN(const std::string any, list_text(list, below, " or ", depth));
      if (!any.empty()) add("(" + any + ")");
    } else if (name == "must_not") {
      if (list.as_array() == nullptr) return bad(below, "has to be a list");
      for (std::size_t i = 0; i < list.as_array()->size(); ++i) {
        const std::string at = below + "[" + std::to_string(i) + "]";
        ATOLL_ASSIGN(const std::string one, text_of((*list.as_array())[i], at, depth + 1));
        if (one.empty()) return bad(at, "is true for everything, so nothing would be left");
        add("not (" + one + ")");
      }
    } else {
      return bad(below, "is not known; a filter has must, should and must_not, or is a term with a field");
    }
  }
  return out;
}

}  // namespace

Result<std::string> filter_text(const json::Value& filter) { return text_of(filter, "", 0); }

json::Value filter_schema() {
  return json::Value::object().set(
      "description",
      "Text (\"name:*.jpg size>2MB\"), or {\"must\": [], \"should\": [], \"must_not\": []} of such objects and "
      "terms {\"field\": \"size\", \"op\": \">\", \"value\": \"2MB\"}.");
}

}  // namespace atl::rest
