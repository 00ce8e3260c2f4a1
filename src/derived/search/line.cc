#include "derived/search/line.h"

#include <algorithm>
#include <array>
#include <vector>

#include "catalog/filter/filter.h"
#include "derived/search/fields.h"
#include "derived/search/names.h"

namespace atl::search {
namespace {

enum class Part : std::uint8_t { word, condition, connective };

constexpr std::size_t kDepthMax = 64;  // deeper lines are words, whose reader says so

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

// Parts between blanks; quotes and brackets hold together.
std::vector<std::string_view> parts_of(std::string_view line) {
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  int depth = 0;
  bool is_quoted = false;
  for (std::size_t at = 0; at <= line.size(); ++at) {
    const bool is_end = at == line.size();
    if (!is_end && line[at] == '\\') {
      at = std::min(at + 1, line.size() - 1);
      continue;
    }
    if (!is_end && line[at] == '"') is_quoted = !is_quoted;
    if (!is_end && !is_quoted && line[at] == '(') ++depth;
    if (!is_end && !is_quoted && line[at] == ')') --depth;
    if (is_end || (!is_quoted && depth <= 0 && is_blank(line[at]))) {
      if (at > begin) parts.push_back(line.substr(begin, at - begin));
      begin = at + 1;
    }
  }
  return parts;
}

// Whether the part begins with a field of the filter language and an operator behind it. Of `type` only the kinds of
// entries are: type:pdf is asked of the word index.
bool is_condition(std::string_view part) {
  constexpr std::array<std::string_view, 14> kFields = {"name",   "key",  "path",     "size",     "modified",
                                                        "stored", "age",  "idle",     "accesses", "content_type",
                                                        "tag",    "kind", "metadata", "by"};
  constexpr std::array<std::string_view, 3> kPrefixes = {"meta.", "metadata.", "tag."};
  constexpr std::array<std::string_view, 11> kTypes = {"file",         "directory", "dir",   "folder",
                                                       "symlink",      "link",      "fifo",  "char_device",
                                                       "block_device", "socket",    "marker"};
  for (const std::string_view prefix : kPrefixes) {
    if (part.starts_with(prefix) && part.find_first_of(":=!<>", prefix.size()) != std::string_view::npos) return true;
  }
  const std::size_t end = part.find_first_of(":=!<>");
  if (end == std::string_view::npos) return false;
  if (part[end] == '!' && part.substr(end, 2) != "!=") return false;
  const std::string_view field = part.substr(0, end);
  if (field == "type") {
    std::string_view value =
        part.substr(part.find_first_not_of(":=!", end) == std::string_view::npos ? part.size()
                                                                                 : part.find_first_not_of(":=!", end));
    value = value.substr(0, value.find('|'));
    return std::ranges::find(kTypes, value) != kTypes.end();
  }
  return std::ranges::find(kFields, field) != kFields.end();
}

// A bare pattern is about the name: *.jpg, img_??.png. A star or question mark at the end alone is a beginning of a
// word, or a question.
bool is_pattern(std::string_view part) {
  if (part.find_first_of("\":()") != std::string_view::npos) return false;
  const std::size_t at = part.find_first_of("*?");
  return at != std::string_view::npos && at + 1 < part.size();
}

Part part_of(std::string_view part, std::size_t depth) {
  const std::string word = lower(part);
  if (word == "and" || word == "or" || word == "not") return Part::connective;
  if (part.size() > 2 && part.front() == '(' && part.back() == ')' && depth < kDepthMax) {
    const auto inner = parts_of(part.substr(1, part.size() - 2));
    const bool has_words =
        std::ranges::any_of(inner, [&](std::string_view one) { return part_of(one, depth + 1) == Part::word; });
    const bool has_conditions =
        std::ranges::any_of(inner, [&](std::string_view one) { return part_of(one, depth + 1) == Part::condition; });
    return has_conditions && !has_words ? Part::condition : Part::word;
  }
  return is_condition(part) || is_pattern(part) ? Part::condition : Part::word;
}

void append(std::string& text, std::string_view part) {
  if (!text.empty()) text += ' ';
  text += part;
}

}  // namespace

SplitLine split_line(std::string_view line) {
  const auto parts = parts_of(line);
  SplitLine out;
  out.words_in_place.assign(line.size(), ' ');
  out.filter_in_place = out.words_in_place;
  const auto put_in_place = [&](std::string& to, std::string_view part) {
    to.replace(static_cast<std::size_t>(part.data() - line.data()), part.size(), part);
  };
  const auto is_word = [](std::string_view part) {
    const bool is_negated = part.size() > 1 && part.front() == '-';
    return part_of(is_negated ? part.substr(1) : part, 0) == Part::word;
  };
  if (std::ranges::none_of(parts, is_word)) {
    const bool is_negated = std::ranges::any_of(parts, [](std::string_view part) { return part.front() == '-'; });
    if (!is_negated) {
      out.filter = out.filter_in_place = line;
      return out;
    }
  }
  for (std::size_t at = 0; at < parts.size(); ++at) {
    const std::string_view part = parts[at];
    const bool is_negation = lower(part) == "not" && at + 1 < parts.size();
    if (is_negation && part_of(parts[at + 1], 0) == Part::condition) {
      append(out.filter, "not " + std::string(parts[++at]));
      put_in_place(out.filter_in_place, part);
      put_in_place(out.filter_in_place, parts[at]);
    } else if (part.size() > 1 && part.front() == '-' && part_of(part.substr(1), 0) == Part::condition) {
      append(out.filter, "not " + std::string(part.substr(1)));
      put_in_place(out.filter_in_place, part.substr(1));
    } else if (part_of(part, 0) == Part::condition) {
      append(out.filter, part);
      put_in_place(out.filter_in_place, part);
    } else {
      append(out.words, part);
      put_in_place(out.words_in_place, part);
    }
  }
  return out;
}

Result<text::Query> parse_words(std::string_view words, text::Match match, Timestamp now) {
  auto query = text::parse_query_line(words, schema(), match, now);
  if (query || query.error().id != "query.field") return query;
  Error error = query.error();
  error.hint =
      "Conditions may also name key, size, modified, stored, age, content_type, tag.NAME and meta.NAME. To look "
      "for the words as they stand, put them in quotes.";
  return pass(std::move(error));
}

Result<void> check_line(const SplitLine& line, Timestamp now) {
  if (!line.filter.empty()) ATOLL_TRY(filter::parse(line.filter_in_place, now));
  if (!line.words.empty()) ATOLL_TRY(parse_words(line.words_in_place, text::Match::any, now));
  return {};
}

}  // namespace atl::search
