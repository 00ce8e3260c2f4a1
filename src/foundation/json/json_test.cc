#include "foundation/json/json.h"

#include <gtest/gtest.h>

namespace atl::json {
namespace {

std::string round_trip(std::string_view text) {
  const auto value = Value::parse(text);
  return value ? value->text() : value.error().id;
}

TEST(Json, ComesBackAsItWas) {
  for (const char* text :
       {"null", "true", "[]", "{}", "\"\"", "0", "-1", "18446744073709551615", "-9223372036854775808",
        R"({"b":1,"a":[true,null,"x"]})", "\"\xC3\xA4 \xF0\x9F\x90\x9A\"", R"("\"\\\u0001")", "0.5"})
    EXPECT_EQ(round_trip(text), text);
}

TEST(Json, WhatIsNoJsonIsRefused) {
  for (const char* text : {"", "{", "[1,]", "{\"a\":1,}", "NaN", "// x\n1", "1 2", "\"\xFF\"", "'a'", "01", "[1}"})
    EXPECT_EQ(round_trip(text), "json.malformed") << text;
}

TEST(Json, DepthAndSizeAreLimited) {
  EXPECT_EQ(round_trip(std::string(40, '[') + std::string(40, ']')), "json.too_deep");
  EXPECT_EQ(Value::parse("[1,2,3]", {.bytes_max = 6}).error().id, "json.too_large");
  EXPECT_TRUE(Value::parse(std::string(30, '[') + std::string(30, ']')));
}

TEST(Json, MembersAreAskedForByNameAndType) {
  const Value value =
      Value::parse(R"({"name":"n","count":3,"is":true,"tags":{"a":"b"},"list":["x","y"],"bad":-1})").value();
  EXPECT_EQ(value.text_of("name").value(), "n");
  EXPECT_EQ(value.text_of("missing", "else").value(), "else");
  EXPECT_EQ(value.number_of("count").value(), 3U);
  EXPECT_TRUE(value.flag_of("is").value());
  EXPECT_EQ(value.texts_of("tags").value().at("a"), "b");
  EXPECT_EQ(value.list_of("list").value().size(), 2U);
  EXPECT_EQ(value.number_of("bad").error().id, "json.wrong_type");
  EXPECT_EQ(value.text_of("count").error().id, "json.wrong_type");
  EXPECT_EQ(value.list_of("tags").error().id, "json.wrong_type");
  EXPECT_EQ(value.only({"name", "count"}).error().id, "json.unknown_member");
  EXPECT_TRUE(value.only({"name", "count", "is", "tags", "list", "bad"}));
  EXPECT_FALSE(Value("x").only({}));
}

TEST(Json, BytesThatAreNoUtf8AreReplacedWhenWritten) {
  EXPECT_EQ(Value(std::string("a\xFFz\xC3")).text(), "\"a\xEF\xBF\xBDz\xEF\xBF\xBD\"");
}

TEST(Json, OfMembersOfOneNameTheLastCounts) { EXPECT_EQ(round_trip(R"({"a":1,"b":2,"a":3})"), R"({"b":2,"a":3})"); }

TEST(Json, MembersOfOneNameAreRefusedWhereItIsAskedFor) {
  const auto told = [](std::string_view text) {
    const auto value = Value::parse(text, {.repeats = Repeats::refused});
    return value ? value->text() : value.error().id;
  };
  for (const char* text : {R"({"a":1,"a":2})", R"({"a":1,"b":{"c":1,"c":1}})", R"([{"x":[{"y":0,"z":0,"y":0}]}])",
                           "{\"a\":1,\"\\u0061\":2}", R"({"":1,"":1})"})
    EXPECT_EQ(told(text), "json.repeated_member") << text;
  for (const char* text : {R"({"a":1,"A":2})", R"([{"a":1},{"a":1}])", R"({"a":{"a":{"a":1}}})"})
    EXPECT_EQ(told(text), text);
}

TEST(Json, LongNamesAndTextsComeWhole) {
  const std::string name(10'000, 'n');
  const std::string words = std::string(9'000, 'w') + "\\n" + std::string(9'000, 'v');
  const std::string text = "{\"" + name + "\":\"" + words + "\"}";
  EXPECT_EQ(round_trip(text), text);
}

TEST(Json, IsBuiltInOrder) {
  Value value;
  value.set("b", 1).set("a", Value().push("x").push(nullptr));
  EXPECT_EQ(value.text(), R"({"b":1,"a":["x",null]})");
}

}  // namespace
}  // namespace atl::json
