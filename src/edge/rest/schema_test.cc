#include "edge/rest/schema.h"

#include <gtest/gtest.h>

namespace atl::rest::schema {
namespace {

std::string told(const json::Value& wanted, std::string_view text) {
  const auto value = json::Value::parse(text);
  if (!value) return "no JSON";
  const auto checked = check(wanted, *value);
  return checked ? "ok" : checked.error().id + " " + checked.error().message;
}

TEST(Schema, WhatIsWrongIsToldWithItsPlace) {
  const auto wanted = object("", {required("name", text("", 5)), optional("size", number("", 1, 10)),
                                  optional("list", list(object("", {required("flag", flag(""))}))),
                                  optional("map", map_of_texts_or_null("")), optional("kind", choice("", {"a", "b"}))});
  EXPECT_EQ(told(wanted, R"({"name": "abcde", "size": 10, "list": [{"flag": true}], "map": {"x": "y", "z": null}})"), "ok");
  EXPECT_EQ(told(wanted, "{}"), "json.missing_member \"name\" is missing");
  EXPECT_EQ(told(wanted, "[]"), "json.wrong_type the body has to be an object");
  EXPECT_EQ(told(wanted, R"({"name": "abcdef"})"), "json.out_of_range \"name\" is longer than 5 characters");
  EXPECT_EQ(told(wanted, R"({"name": "\u00e4\u00f6\u00fc\u00df\u20ac"})"), "ok");
  EXPECT_EQ(told(wanted, R"({"name": "a", "size": 11})"), "json.out_of_range \"size\" has to be from 1 to 10");
  EXPECT_EQ(told(wanted, R"({"name": "a", "size": -1})"),
            "json.wrong_type \"size\" has to be a whole number that is not negative");
  EXPECT_EQ(told(wanted, R"({"name": "a", "list": [{"flag": true}, {"flag": 1}]})"),
            "json.wrong_type \"list[1].flag\" has to be true or false");
  EXPECT_EQ(told(wanted, R"({"name": "a", "map": {"x": 1}})"), "json.wrong_type \"map.x\" has to be a text");
  EXPECT_EQ(told(wanted, R"({"name": "a", "kind": "c"})"), "json.out_of_range \"kind\" has to be one of: a, b");
  EXPECT_EQ(told(wanted, R"({"name": "a", "nmae": "b"})"), "json.unknown_member nothing here is named \"nmae\"");
}

}  // namespace
}  // namespace atl::rest::schema
