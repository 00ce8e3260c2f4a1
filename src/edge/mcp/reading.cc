#include "edge/mcp/reading.h"

#include <algorithm>
#include <iterator>

#include "edge/rest/word_search.h"

namespace atl::mcp {

using json::Value;
namespace schema = rest::schema;
using schema::optional;
using schema::required;

namespace {

constexpr std::uint64_t kTokensAround = 80;

}  // namespace

std::uint64_t room_of(const ToolCall& call, std::uint64_t otherwise) {
  const std::uint64_t all = call.number("max_tokens", otherwise);
  return all > 2 * kTokensAround ? all - kTokensAround : all / 2;
}

std::string on_one_line(std::string_view text) {
  std::string out(text);
  std::ranges::replace_if(
      out, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return out;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string words_of(const extract::Place& place) {
  if (place.kind == extract::PlaceKind::none) return "";
  std::string out(rest::word_of(place.kind));
  std::ranges::replace(out, '_', ' ');
  out += " " + std::to_string(place.number);
  return place.name.empty() ? out : out + " " + quoted(place.name);
}

Value place_json(const extract::Place& place, std::uint64_t line) {
  Value out = Value::object();
  out.set("kind", rest::word_of(place.kind));
  if (place.kind != extract::PlaceKind::none) out.set("number", place.number);
  if (!place.name.empty()) out.set("name", place.name);
  if (line > 0) out.set("line", line);
  return out;
}

Value place_schema() {
  return schema::object(
      "Where in it: a page, slide, sheet, message, chapter or time; of a plain text the line.",
      {required("kind", schema::text("page, slide, sheet, message, time_ms, chapter, text.")),
       optional("number", schema::number("Which, from 1; of time_ms the milliseconds.")),
       optional("name", schema::text("What it calls itself.")), optional("line", schema::number("From 1."))});
}

std::vector<schema::Member> with_source(std::vector<schema::Member> more) {
  auto members = source_members();
  members.insert(members.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  return members;
}

schema::Member next_cursor_member() {
  return optional("next_cursor", schema::text("There is more: give this as `cursor`."));
}

}  // namespace atl::mcp
