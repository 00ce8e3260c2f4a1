#include "foundation/net/conditions.h"

#include <algorithm>

#include "foundation/net/http_date.h"

namespace atl::net {

namespace {

// etagc of section 8.8.3: no quotation mark, no control characters, no blank.
bool is_tag_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == 0x21 || (byte >= 0x23 && byte != 0x7f);
}

bool matches(const EntityTagList& list, const Representation& representation,
             bool (*are_equal)(const EntityTag&, const EntityTag&)) {
  if (list.is_any) return representation.exists;
  if (!representation.exists || !representation.tag) return false;
  return std::any_of(list.tags.begin(), list.tags.end(),
                     [&](const EntityTag& tag) { return are_equal(tag, *representation.tag); });
}

std::optional<std::int64_t> date_field(const Headers& headers, std::string_view name, std::int64_t now) {
  const auto text = headers.get(name);
  return text ? parse_http_date(trim_blanks(*text), now) : std::nullopt;
}

}  // namespace

std::string format(const EntityTag& tag) { return (tag.is_weak ? "W/\"" : "\"") + tag.opaque + "\""; }

std::optional<EntityTag> parse_entity_tag(std::string_view text) {
  EntityTag tag;
  if (text.starts_with("W/")) {
    tag.is_weak = true;
    text.remove_prefix(2);
  }
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return std::nullopt;
  text = text.substr(1, text.size() - 2);
  if (!std::all_of(text.begin(), text.end(), is_tag_char)) return std::nullopt;
  tag.opaque = text;
  return tag;
}

bool equal_strongly(const EntityTag& a, const EntityTag& b) { return !a.is_weak && !b.is_weak && a.opaque == b.opaque; }
bool equal_weakly(const EntityTag& a, const EntityTag& b) { return a.opaque == b.opaque; }

std::optional<EntityTagList> parse_entity_tag_list(std::string_view text, bool takes_bare) {
  EntityTagList list;
  text = trim_blanks(text);
  if (text == "*") {
    list.is_any = true;
    return list;
  }
  while (!text.empty()) {
    if (text.front() == ',') {
      text = trim_blanks(text.substr(1));
      continue;
    }
    // A tag may hold commas, so that its quotation marks say where it ends.
    const std::size_t open = text.starts_with("W/") ? 2 : 0;
    std::size_t end = 0;
    std::optional<EntityTag> tag;
    if (open < text.size() && text[open] == '"') {
      const auto close = text.find('"', open + 1);
      if (close == std::string_view::npos) return std::nullopt;
      end = close + 1;
      tag = parse_entity_tag(text.substr(0, end));
    } else if (takes_bare) {
      end = std::min(text.find(','), text.size());
      const auto bare = trim_blanks(text.substr(0, end));
      if (std::all_of(bare.begin(), bare.end(), is_tag_char)) tag = EntityTag{std::string(bare), false};
    }
    if (!tag) return std::nullopt;
    list.tags.push_back(std::move(*tag));
    text = trim_blanks(text.substr(end));
    if (!text.empty() && text.front() != ',') return std::nullopt;
  }
  if (list.tags.empty()) return std::nullopt;
  return list;
}

bool has_conditions(const Headers& headers) {
  return headers.has("If-Match") || headers.has("If-None-Match") || headers.has("If-Modified-Since") ||
         headers.has("If-Unmodified-Since");
}

Outcome evaluate_conditions(const Headers& headers, std::string_view method, const Representation& representation,
                            std::int64_t now_unix_seconds, const ConditionOptions& options) {
  const bool is_read = method == "GET" || method == "HEAD";
  if (const auto field = headers.joined("If-Match")) {
    const auto list = parse_entity_tag_list(*field, options.takes_bare_tags);
    if (!list || !matches(*list, representation, equal_strongly)) return Outcome::precondition_failed;
  } else if (const auto since = date_field(headers, "If-Unmodified-Since", now_unix_seconds)) {
    // Without a modification date the field is ignored (section 13.1.4).
    if (representation.modified_unix_seconds && *representation.modified_unix_seconds > *since) {
      return Outcome::precondition_failed;
    }
  }
  if (const auto field = headers.joined("If-None-Match")) {
    const auto list = parse_entity_tag_list(*field, options.takes_bare_tags);
    if (!list && !is_read) return Outcome::precondition_failed;
    if (list && matches(*list, representation, equal_weakly)) {
      return is_read ? Outcome::not_modified : Outcome::precondition_failed;
    }
  } else if (is_read) {
    const auto since = date_field(headers, "If-Modified-Since", now_unix_seconds);
    if (since && representation.exists && representation.modified_unix_seconds &&
        *representation.modified_unix_seconds <= *since) {
      return Outcome::not_modified;
    }
  }
  return Outcome::proceed;
}

bool range_applies(const Headers& headers, const Representation& representation, std::int64_t now_unix_seconds) {
  const auto field = headers.get("If-Range");
  if (!field) return true;
  const auto text = trim_blanks(*field);
  if (text.starts_with('"') || text.starts_with("W/")) {
    const auto tag = parse_entity_tag(text);
    return tag && representation.tag && equal_strongly(*tag, *representation.tag);
  }
  const auto date = parse_http_date(text, now_unix_seconds);
  // A date is a strong validator only if nothing can have changed within its second (section 8.8.2.2).
  return date && representation.modified_unix_seconds && *representation.modified_unix_seconds == *date &&
         now_unix_seconds - *date >= 1;
}

}  // namespace atl::net
