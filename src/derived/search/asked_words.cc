#include "derived/search/asked_words.h"

#include <algorithm>
#include <utility>

namespace atl::search {
namespace {

constexpr std::size_t kSubstringBytesMin = 3;

}  // namespace

text::Query value_query(FieldNumber field, std::string text) {
  text::Query query;
  query.kind = text::Query::Kind::value;
  query.field = number(field);
  query.text = std::move(text);
  return query;
}

text::Query everything() {
  text::Query query;
  query.kind = text::Query::Kind::everything;
  return query;
}

void collect_words(const text::Query& query, std::vector<std::string>& words) {
  if (query.kind == text::Query::Kind::word && query.field == text::kAnyTextField) words.push_back(query.text);
  for (const auto& one : query.must) collect_words(one, words);
  for (const auto& one : query.should) collect_words(one, words);
}

bool has_words(const text::Query& query) {
  switch (query.kind) {
    case text::Query::Kind::word:
    case text::Query::Kind::phrase:
    case text::Query::Kind::prefix:
    case text::Query::Kind::fuzzy: return true;
    default: break;
  }
  return std::ranges::any_of(query.must, has_words) || std::ranges::any_of(query.should, has_words);
}

text::Query with_parts_of_names(const text::Query& query) {
  text::Query out = query;
  if (query.kind == text::Query::Kind::word && query.field == text::kAnyTextField &&
      query.text.size() >= kSubstringBytesMin) {
    text::Query either;
    either.kind = text::Query::Kind::boolean;
    either.should = {query, value_query(FieldNumber::name, query.text)};
    return either;
  }
  for (auto& one : out.must) one = with_parts_of_names(one);
  for (auto& one : out.should) one = with_parts_of_names(one);
  return out;
}

bool has_phrase(const text::Query& query) {
  return query.kind == text::Query::Kind::phrase || std::ranges::any_of(query.must, has_phrase) ||
         std::ranges::any_of(query.should, has_phrase);
}

void collect_of_field(const text::Query& query, int field, std::vector<text::Query>& out) {
  for (const auto& one : query.must) collect_of_field(one, field, out);
  for (const auto& one : query.should) collect_of_field(one, field, out);
  const bool is_of_words = query.kind != text::Query::Kind::boolean && has_words(query);
  if (!is_of_words || (query.field != text::kAnyTextField && query.field != field)) return;
  out.push_back(query);
  out.back().field = field;
}

}  // namespace atl::search
