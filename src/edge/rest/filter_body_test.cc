#include "edge/rest/filter_body.h"

#include <gtest/gtest.h>

#include "catalog/filter/filter.h"

namespace atl::rest {
namespace {

// The canonical text of a filter given as JSON.
std::string understood(std::string_view text) {
  const auto value = json::Value::parse(text);
  if (!value) return "no JSON";
  const auto filter = filter_text(*value);
  if (!filter) return filter.error().id;
  const auto parsed = filter::parse(*filter, {});
  return parsed ? parsed->text() : parsed.error().id + ": " + *filter;
}

std::string canonical(std::string_view text) { return filter::parse(text, {}).value().text(); }

TEST(FilterBody, ListsMeanWhatTheTextFormMeans) {
  EXPECT_EQ(understood(R"({"must": ["name:*.jpg", "size>2MB"], "must_not": ["tag:private"]})"),
            canonical("name:*.jpg size>2MB not tag:private"));
  EXPECT_EQ(understood(R"({"must": ["a"], "should": ["b", "c"]})"), canonical("a and (b or c)"));
  EXPECT_EQ(understood("{}"), "");
  EXPECT_EQ(understood(R"({"should": []})"), "");
  EXPECT_EQ(understood(R"({"should": ["a", {}]})"), "");
  EXPECT_EQ(understood(R"("name:*.jpg")"), canonical("name:*.jpg"));
  EXPECT_EQ(understood(R"({"must_not": [{"must": ["a", "b"]}]})"), canonical("not (a and b)"));
}

TEST(FilterBody, TermsKeepNumbersAndTextApart) {
  EXPECT_EQ(understood(R"({"field": "meta.temperature", "op": ">=", "value": 20.5})"), canonical("meta.temperature>=20.5"));
  EXPECT_EQ(understood(R"({"field": "meta.id", "op": "=", "value": "007"})"), canonical(R"(meta.id="007")"));
  EXPECT_EQ(understood(R"({"field": "name", "op": ":", "value": "my file*.txt"})"), canonical(R"(name:my\ file*.txt)"));
  EXPECT_EQ(understood(R"({"field": "name", "op": "=", "value": "a*b"})"), canonical(R"(name="a*b")"));
  EXPECT_EQ(understood(R"({"field": "modified", "op": ":", "from": "2024-01", "to": "2024-06"})"),
            canonical("modified:2024-01..2024-06"));
  EXPECT_EQ(understood(R"({"field": "meta.sample id", "op": ":", "value": 7})"), canonical(R"(meta."sample id":7)"));
}

TEST(FilterBody, WhatIsNoFilterIsNamed) {
  for (const char* text : {R"({"might": []})", R"({"must": "a"})", "7", R"({"field": "nmae", "value": "x"})",
                           R"({"field": "name"})", R"({"field": "name", "op": "~", "value": "x"})",
                           R"({"field": "name", "value": "x", "from": "y"})", R"({"must_not": [{}]})",
                           R"({"field": "size", "op": ">", "value": [1]})"}) {
    EXPECT_EQ(understood(text), "filter.bad_json") << text;
  }
}

// Whatever stands in a value stays in its term.
TEST(FilterBody, AValueCannotLeaveItsTerm) {
  EXPECT_EQ(understood(R"({"field": "meta.a", "op": "=", "value": "x\" or name:*"})"),
            canonical(R"(meta.a="x\" or name:*")"));
  EXPECT_EQ(understood(R"({"must": [{"field": "name", "op": ":", "value": "x) or (name:y"}]})"),
            canonical(R"(name:"x) or (name:y")"));
}

}  // namespace
}  // namespace atl::rest
