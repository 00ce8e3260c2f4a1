#include "edge/s3/post_policy.h"

#include <gtest/gtest.h>

#include "edge/s3/errors.h"

namespace atl::s3 {
namespace {

const Timestamp kNow{1'780'000'000LL * 1'000'000};

Result<PostPolicy> read(std::string_view json) { return read_post_policy(to_base64(as_bytes(json))); }

// "": allowed; else the code.
std::string ask(std::string_view conditions, const std::vector<std::pair<std::string, std::string>>& fields) {
  const auto policy =
      read(R"({"expiration":"2030-01-01T00:00:00.000Z","conditions":[)" + std::string(conditions) + "]}");
  if (!policy) return std::string(facts_of(code_of(policy.error())).name);
  FormFields form;
  form.fields = fields;
  const auto checked = check_post_policy(*policy, form, "photos", kNow);
  return checked ? "" : std::string(facts_of(code_of(checked.error())).name);
}

TEST(PostPolicy, EveryConditionHasToHoldAndEveryFieldToBeNamed) {
  const std::string rule = R"({"bucket":"photos"},["starts-with","$key","mia/"],{"ACL":"private"})";
  EXPECT_EQ(ask(rule, {{"key", "mia/a.jpg"}, {"acl", "private"}}), "");
  EXPECT_EQ(
      ask(rule,
          {{"key", "mia/a.jpg"}, {"acl", "private"}, {"policy", "x"}, {"x-amz-signature", "y"}, {"x-ignore-me", "z"}}),
      "");
  EXPECT_EQ(ask(rule, {{"key", "max/a.jpg"}, {"acl", "private"}}), "AccessDenied");
  EXPECT_EQ(ask(rule, {{"key", "mia/a.jpg"}, {"acl", "public-read"}}), "AccessDenied");
  EXPECT_EQ(ask(rule, {{"key", "mia/a.jpg"}}), "AccessDenied") << "a field that a condition names is missing";
  EXPECT_EQ(ask(rule, {{"key", "mia/a.jpg"}, {"acl", "private"}, {"x-amz-meta-note", "1"}}), "AccessDenied");
  EXPECT_EQ(ask(R"({"bucket":"others"},{"key":"a"})", {{"key", "a"}, {"bucket", "others"}}), "AccessDenied")
      << "the address says which bucket, not the form";
  EXPECT_EQ(ask(R"(["eq","$key","a"])", {{"key", "a"}}), "");
  EXPECT_EQ(ask(R"(["eq","$key","a"])", {{"key", "ab"}}), "AccessDenied");
  EXPECT_EQ(ask(R"(["starts-with","$key",""])", {{"key", "anything"}}), "");
  EXPECT_EQ(ask(R"(["starts-with","$x-amz-meta-a",""],{"key":"k"})", {{"key", "k"}}), "");
}

TEST(PostPolicy, OfSeveralContentTypesEachHasToBeginSo) {
  const std::string rule = R"(["starts-with","$Content-Type","image/"])";
  EXPECT_EQ(ask(rule, {{"content-type", "image/jpeg, image/png"}}), "");
  EXPECT_EQ(ask(rule, {{"content-type", "image/jpeg,text/html"}}), "AccessDenied");
}

TEST(PostPolicy, LengthsAreTheStrictestOfAll) {
  const auto policy = read(R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["content-length-range",1,100],)"
                           R"(["content-length-range","10",1000]]})");
  ASSERT_TRUE(policy);
  EXPECT_EQ(policy->bytes_min, 10U);
  EXPECT_EQ(policy->bytes_max, 100U);
}

TEST(PostPolicy, ItEnds) {
  FormFields form;
  const auto policy = read(R"({"expiration":"2020-01-01T00:00:00Z","conditions":[]})");
  ASSERT_TRUE(policy);
  EXPECT_FALSE(check_post_policy(*policy, form, "photos", kNow));
}

TEST(PostPolicy, WhatCannotBeReadWholeIsRefused) {
  for (const char* bad :
       {"", "[]", "{}", R"({"expiration":"2030-01-01T00:00:00Z"})", R"({"conditions":[]})",
        R"({"expiration":1,"conditions":[]})", R"({"expiration":"soon","conditions":[]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":{}})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[],"more":1})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[1]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["eq","$key"]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["eq","key","a"]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["ends-with","$key","a"]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["content-length-range",-1,2]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[["content-length-range","x",2]]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[{"key":1}]})",
        R"({"expiration":"2030-01-01T00:00:00Z","conditions":[{"key":"a","key":"b"}]})",
        R"({"expiration":"2030-01-01T00:00:00Z","expiration":"2031-01-01T00:00:00Z","conditions":[]})"}) {
    const auto policy = read(bad);
    ASSERT_FALSE(policy) << bad;
    EXPECT_EQ(code_of(policy.error()), Code::InvalidPolicyDocument) << bad;
  }
  EXPECT_FALSE(read_post_policy("not base64!"));
}

}  // namespace
}  // namespace atl::s3
