#include "foundation/net/conditions.h"

#include <gtest/gtest.h>

namespace atl::net {
namespace {

constexpr std::int64_t kModified = 784'111'777;
constexpr std::int64_t kNow = 1'795'000'000;
const char* const kSame = "Sun, 06 Nov 1994 08:49:37 GMT";
const char* const kBefore = "Sun, 06 Nov 1994 08:49:36 GMT";
const char* const kAfter = "Sun, 06 Nov 1994 08:49:38 GMT";

Representation present() {
  return {.exists = true, .tag = EntityTag{"abc", false}, .modified_unix_seconds = kModified};
}
Representation absent() { return {.exists = false, .tag = std::nullopt, .modified_unix_seconds = std::nullopt}; }

TEST(ConditionsTest, ReadsEntityTags) {
  EXPECT_EQ(parse_entity_tag("\"abc\""), (EntityTag{"abc", false}));
  EXPECT_EQ(parse_entity_tag("W/\"a,b\""), (EntityTag{"a,b", true}));
  EXPECT_EQ(parse_entity_tag("\"\""), (EntityTag{"", false}));
  for (const auto* bad : {"", "abc", "\"", "\"a\"b\"", "w/\"a\"", "\"a b\"", "W/", "\"a\tb\""}) {
    EXPECT_FALSE(parse_entity_tag(bad)) << bad;
  }
  EXPECT_EQ(format(EntityTag{"a", true}), "W/\"a\"");
}

TEST(ConditionsTest, ReadsLists) {
  EXPECT_TRUE(parse_entity_tag_list("*")->is_any);
  EXPECT_EQ(parse_entity_tag_list(" \"a\" , W/\"b\",,\"c,d\"")->tags,
            (std::vector<EntityTag>{{"a", false}, {"b", true}, {"c,d", false}}));
  for (const auto* bad : {"", ",", "a", "\"a\" \"b\"", "\"a", "*, \"a\"", "\"a\"x"}) {
    EXPECT_FALSE(parse_entity_tag_list(bad)) << bad;
  }
  EXPECT_EQ(parse_entity_tag_list("a, \"b\"", true)->tags, (std::vector<EntityTag>{{"a", false}, {"b", false}}));
}

struct Case {
  const char* what;
  Headers headers;
  Representation representation;
  Outcome get;
  Outcome put;
};

TEST(ConditionsTest, EvaluatesInTheOrderOfTheStandard) {
  constexpr auto kGo = Outcome::proceed;
  constexpr auto kNot = Outcome::not_modified;
  constexpr auto kFail = Outcome::precondition_failed;
  const std::vector<Case> cases = {
      {"none", {}, present(), kGo, kGo},
      {"match", {{"If-Match", "\"x\", \"abc\""}}, present(), kGo, kGo},
      {"match in two fields", {{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}, present(), kGo, kGo},
      {"match other", {{"If-Match", "\"x\""}}, present(), kFail, kFail},
      {"match weakly", {{"If-Match", "W/\"abc\""}}, present(), kFail, kFail},
      {"match any", {{"If-Match", "*"}}, present(), kGo, kGo},
      {"match any of nothing", {{"If-Match", "*"}}, absent(), kFail, kFail},
      {"match malformed", {{"If-Match", "abc"}}, present(), kFail, kFail},
      {"none-match", {{"If-None-Match", "\"abc\""}}, present(), kNot, kFail},
      {"none-match weakly", {{"If-None-Match", "W/\"abc\""}}, present(), kNot, kFail},
      {"none-match other", {{"If-None-Match", "\"x\""}}, present(), kGo, kGo},
      {"none-match any", {{"If-None-Match", "*"}}, present(), kNot, kFail},
      {"none-match any of nothing", {{"If-None-Match", "*"}}, absent(), kGo, kGo},
      {"none-match malformed", {{"If-None-Match", "abc"}}, present(), kGo, kFail},
      {"modified since before", {{"If-Modified-Since", kBefore}}, present(), kGo, kGo},
      {"modified since then", {{"If-Modified-Since", kSame}}, present(), kNot, kGo},
      {"modified since after", {{"If-Modified-Since", kAfter}}, present(), kNot, kGo},
      {"modified since no date", {{"If-Modified-Since", "soon"}}, present(), kGo, kGo},
      {"unmodified since before", {{"If-Unmodified-Since", kBefore}}, present(), kFail, kFail},
      {"unmodified since then", {{"If-Unmodified-Since", kSame}}, present(), kGo, kGo},
      {"unmodified since no date", {{"If-Unmodified-Since", "soon"}}, present(), kGo, kGo},
      {"none-match before modified", {{"If-None-Match", "\"x\""}, {"If-Modified-Since", kAfter}}, present(), kGo, kGo},
      {"match before unmodified", {{"If-Match", "\"abc\""}, {"If-Unmodified-Since", kBefore}}, present(), kGo, kGo},
      {"match fails before none-match", {{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}}, present(), kFail, kFail},
      {"match and modified", {{"If-Match", "\"abc\""}, {"If-Modified-Since", kSame}}, present(), kNot, kGo},
  };
  for (const auto& each : cases) {
    EXPECT_EQ(evaluate_conditions(each.headers, "GET", each.representation, kNow), each.get) << each.what;
    EXPECT_EQ(evaluate_conditions(each.headers, "HEAD", each.representation, kNow), each.get) << each.what;
    EXPECT_EQ(evaluate_conditions(each.headers, "PUT", each.representation, kNow), each.put) << each.what;
    EXPECT_EQ(has_conditions(each.headers), !each.headers.empty()) << each.what;
  }
  const Headers bare{{"If-Match", "abc"}};
  EXPECT_EQ(evaluate_conditions(bare, "PUT", present(), kNow, {.takes_bare_tags = true}), kGo);
}

TEST(ConditionsTest, RangesApplyToExactlyTheStateThatIsNamed) {
  EXPECT_TRUE(range_applies({}, present(), kNow));
  EXPECT_TRUE(range_applies({{"If-Range", "\"abc\""}}, present(), kNow));
  EXPECT_FALSE(range_applies({{"If-Range", "W/\"abc\""}}, present(), kNow));
  EXPECT_FALSE(range_applies({{"If-Range", "\"x\""}}, present(), kNow));
  EXPECT_TRUE(range_applies({{"If-Range", kSame}}, present(), kNow));
  EXPECT_FALSE(range_applies({{"If-Range", kSame}}, present(), kModified));
  EXPECT_FALSE(range_applies({{"If-Range", kAfter}}, present(), kNow));
  EXPECT_FALSE(range_applies({{"If-Range", "soon"}}, present(), kNow));
}

}  // namespace
}  // namespace atl::net
