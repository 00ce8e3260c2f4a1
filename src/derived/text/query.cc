#include "derived/text/query.h"

#include <algorithm>

namespace atl::text {
namespace {

constexpr float kBoostMax = 16;
constexpr unsigned kSlopMax = 100;

struct Counted {
  std::size_t terms_max = 0;
  std::size_t terms = 0;
};

Result<void> check(const Query& query, const Schema& schema, std::size_t depth, Counted& counted) {
  using Kind = Query::Kind;
  const auto bad = [](std::string_view id, std::string what) {
    return fail(ErrorKind::usage, std::string("query.") + std::string(id), std::move(what));
  };
  if (depth > kDepthMax)
    return fail(ErrorKind::limit, "query.depth", "the query has more than 32 brackets in brackets");
  const bool is_any = query.field == kAnyTextField;
  if (!is_any && (query.field < 0 || static_cast<std::size_t>(query.field) >= schema.size())) {
    return bad("field", "the query names a field that the index does not have");
  }
  if (!(query.boost > 0 && query.boost <= kBoostMax)) return bad("boost", "a boost is above 0 and at most 16");
  const auto kind = is_any ? FieldKind::text : schema[static_cast<std::size_t>(query.field)].kind;
  switch (query.kind) {
    case Kind::nothing:
    case Kind::everything: return {};
    case Kind::word:
    case Kind::phrase:
    case Kind::fuzzy:
      if (kind != FieldKind::text) return bad("kind", "words, phrases and fuzzy words need a text field");
      if (query.kind == Kind::fuzzy && (query.distance < 1 || query.distance > 2)) {
        return bad("distance", "a fuzzy word is 1 or 2 letters away");
      }
      if (query.slop > kSlopMax) return bad("slop", "at most 100 words may stand within a phrase");
      break;
    case Kind::prefix:
      if (kind != FieldKind::text && kind != FieldKind::keyword) {
        return bad("kind", "a beginning of words needs a text or keyword field");
      }
      break;
    case Kind::value:
      if (kind != FieldKind::keyword && kind != FieldKind::substring) {
        return bad("kind", "a value needs a keyword or substring field");
      }
      break;
    case Kind::range:
      if (kind != FieldKind::number) return bad("kind", "a range needs a number field");
      break;
    case Kind::boolean:
      for (const auto* parts : {&query.must, &query.should, &query.must_not}) {
        for (const Query& part : *parts) ATOLL_TRY(check(part, schema, depth + 1, counted));
      }
      return {};
  }
  if (++counted.terms > counted.terms_max) {
    return fail(ErrorKind::limit, "query.terms",
                "the query has more than " + std::to_string(counted.terms_max) + " words", "ask for fewer words");
  }
  return {};
}

}  // namespace

Result<void> check_query(const Query& query, const Schema& schema, std::size_t terms_max) {
  Counted counted{terms_max, 0};
  return check(query, schema, 0, counted);
}

}  // namespace atl::text
