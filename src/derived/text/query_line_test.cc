#include <gtest/gtest.h>

#include "derived/text/testing/test_index.h"

namespace atl::text {
namespace {

using Kind = Query::Kind;

const Schema kSchema{{"title", FieldKind::text, 2.0F, false},
                     {"type", FieldKind::keyword, 1.0F, false},
                     {"name", FieldKind::substring, 1.0F, false},
                     {"year", FieldKind::number, 1.0F, false},
                     {"modified", FieldKind::number, 1.0F, true}};
constexpr Timestamp kNow{1'767'225'600'000'000};  // 2026-01-01

// A query as text, for comparing.
std::string show(const Query& query) {
  const std::string in = query.field < 0 ? "" : kSchema[static_cast<std::size_t>(query.field)].name + ":";
  switch (query.kind) {
    case Kind::nothing: return "nothing";
    case Kind::everything: return "everything";
    case Kind::word: return in + query.text;
    case Kind::phrase: return in + "'" + query.text + "'" + (query.slop > 0 ? "~" + std::to_string(query.slop) : "");
    case Kind::prefix: return in + query.text + "*";
    case Kind::fuzzy: return in + query.text + "~" + std::to_string(query.distance);
    case Kind::value: return in + "=" + query.text;
    case Kind::range:
      return in + (query.from == INT64_MIN ? "" : std::to_string(query.from)) + ".." +
             (query.to == INT64_MAX ? "" : std::to_string(query.to));
    case Kind::boolean: break;
  }
  std::string out = "{";
  for (const Query& part : query.must) out += " +" + show(part);
  for (const Query& part : query.should) out += " " + show(part);
  for (const Query& part : query.must_not) out += " -" + show(part);
  return out + " }";
}

std::string parsed(std::string_view line, Match match = Match::any) {
  const auto query = parse_query_line(line, kSchema, match, kNow);
  return query ? show(*query) : query.error().id;
}

TEST(QueryLine, IsReadAsItIsDescribed) {
  EXPECT_EQ(parsed(""), "nothing");
  EXPECT_EQ(parsed("boiler"), "boiler");
  EXPECT_EQ(parsed("boiler invoice"), "{ boiler invoice }");
  EXPECT_EQ(parsed("boiler invoice", Match::all), "{ +boiler +invoice }");
  EXPECT_EQ(parsed("+boiler -draft x"), "{ +boiler x -draft }");
  EXPECT_EQ(parsed("a AND b OR NOT (c d)"), "{ { +a +b } { -{ c d } } }");
  EXPECT_EQ(parsed("\"boiler invoice\"~3 boil* boiler~ boiler~2"), "{ 'boiler invoice'~3 boil* boiler~1 boiler~2 }");
  EXPECT_EQ(parsed("title:boiler"), "title:boiler");
  EXPECT_EQ(parsed("title:(a OR b) c"), "{ { title:a title:b } c }");
  EXPECT_EQ(parsed("title:\"a b\""), "title:'a b'");
  EXPECT_EQ(parsed("type:pdf boiler"), "{ +type:=pdf +{ boiler } }");
  EXPECT_EQ(parsed("type:pdf|\"o dt\" boiler"), "{ +{ type:=pdf type:=o dt } +{ boiler } }");
  EXPECT_EQ(parsed("type:pd*"), "type:pd*");
  EXPECT_EQ(parsed("name:a*b"), "name:=a*b");
  EXPECT_EQ(parsed("year:2019"), "year:2019..2019");
  EXPECT_EQ(parsed("year:2019..2021"), "year:2019..2021");
  EXPECT_EQ(parsed("year:..2021"), "year:..2021");
  EXPECT_EQ(parsed("year>2019"), "year:2020..");
  EXPECT_EQ(parsed("year<=-5"), "year:..-5");
  EXPECT_EQ(parsed("modified:2024-05"), "modified:1714521600000000..1717199999999999");
  EXPECT_EQ(parsed("modified>2024"), "modified:1735689600000000..");
  EXPECT_EQ(parsed("modified:2024-05-01"), "modified:1714521600000000..1714607999999999");
  EXPECT_EQ(parsed("modified:-30d.."), "modified:1764633600000000..");
  EXPECT_EQ(parsed("12:30 http://x note: a-b c++"), "{ 12:30 http://x note: a-b c++ }");
  EXPECT_EQ(parsed("a - b"), "{ a b }");
  EXPECT_EQ(parsed("\\\"x \\OR y\\*"), "{ \"x OR y* }");
}

TEST(QueryLine, SaysWhatIsWrong) {
  EXPECT_EQ(parsed("titel:boiler"), "query.field");
  EXPECT_EQ(parsed("(a b"), "query.bracket");
  EXPECT_EQ(parsed("a b)"), "query.bracket");
  EXPECT_EQ(parsed("\"a b"), "query.quote");
  EXPECT_EQ(parsed("a OR"), "query.or");
  EXPECT_EQ(parsed("OR a"), "query.or");
  EXPECT_EQ(parsed("AND a"), "query.and");
  EXPECT_EQ(parsed("a AND"), "query.and");
  EXPECT_EQ(parsed("NOT"), "query.not");
  EXPECT_EQ(parsed("*x"), "query.prefix");
  EXPECT_EQ(parsed("a*b"), "query.word");
  EXPECT_EQ(parsed("a~9"), "query.tilde");
  EXPECT_EQ(parsed("year:x"), "query.number");
  EXPECT_EQ(parsed("year:5..3"), "query.range");
  EXPECT_EQ(parsed("year:"), "query.value");
  EXPECT_EQ(parsed("modified:yesterday"), "query.time");
  EXPECT_EQ(parsed("title>3"), "query.comparison");
  EXPECT_EQ(parsed(std::string(40, '(') + "a" + std::string(40, ')')), "query.depth");
  EXPECT_EQ(parsed(std::string(9000, 'a')), "query.length");
  std::string many;
  for (int i = 0; i < 200; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(parsed(many), "query.terms");
}

}  // namespace
}  // namespace atl::text
